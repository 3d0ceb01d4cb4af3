//! How fast a bundle with a node of 160,000 rules is loaded, and a packet traced through it; and the same in nftables mode.
//!
//! The bundle is the captured cluster of three nodes in which node1's ruleset is the one that kube-proxy wrote for 5,000
//! Services of 10 endpoints each; the packet goes from a pod on node1 to the last Service of KUBE-SERVICES, or of the map
//! `service-ips`.

#![allow(missing_docs, reason = "criterion writes functions")]

#[path = "../tests/captured/mod.rs"]
mod captured;

use std::hint::black_box;

use captured::{
    Folder, archive, files, five_thousand_services, five_thousand_services_in_nftables,
    last_service,
};
use criterion::{Criterion, criterion_group, criterion_main};
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::walk;

/// One node's rules, in the cluster of that name.
fn measure(
    criterion: &mut Criterion,
    title: &str,
    cluster: &str,
    file: &str,
    rules: &str,
    to: &str,
) {
    let mut bundle = files(&archive(cluster));
    bundle.insert(
        format!("nodes/node1/host/{file}"),
        rules.as_bytes().to_vec(),
    );
    let folder = Folder::new("bench", &bundle);
    let mut group = criterion.benchmark_group(title);
    group.sample_size(20);
    group.bench_function("load the bundle", |bench| {
        bench.iter(|| bundle::load(std::slice::from_ref(&folder.0)).expect("the bundle"));
    });
    let cluster = bundle::load(std::slice::from_ref(&folder.0)).expect("the bundle");
    let question = Question::new(
        endpoint::parse("client-1").expect("FROM"),
        endpoint::parse(to).expect("TO"),
    );
    let flow = endpoint::resolve(&cluster, &question).expect("both ends");
    assert_eq!(
        walk::trace(&cluster, &flow).paths.len(),
        10,
        "one path an endpoint"
    );
    group.bench_function("trace to the last Service", |bench| {
        bench.iter(|| black_box(walk::trace(&cluster, &flow)));
    });
    group.finish();
}

fn trace(criterion: &mut Criterion) {
    let rules = five_thousand_services();
    let to = last_service(&rules);
    let (cluster, file) = ("iptables-nft-vxlan", "iptables-save.txt");
    measure(criterion, "160,000 rules", cluster, file, &rules, &to);
    let rules = five_thousand_services_in_nftables();
    let ip = rules
        .rsplit("{\"concat\": [\"10.43.")
        .find_map(|rest| rest.split_once("\", \"tcp\", 80]}, {\"goto\": {\"target\": \"service-"))
        .map(|(ip, _)| format!("10.43.{ip}"))
        .expect("a Service's address");
    let (cluster, file) = ("nftables-vxlan", "nft.json");
    let to = format!("{ip}:80");
    measure(
        criterion,
        "nftables, 5,000 Services",
        cluster,
        file,
        &rules,
        &to,
    );
}

criterion_group!(benches, trace);
criterion_main!(benches);
