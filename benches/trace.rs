//! How fast a bundle with a node of 160,000 rules is loaded, and a packet traced through it.
//!
//! The bundle is the captured cluster of three nodes in which node1's ruleset is the one that kube-proxy wrote for 5,000
//! Services of 10 endpoints each; the packet goes from a pod on node1 to the last Service of KUBE-SERVICES.

#![allow(missing_docs, reason = "criterion writes functions")]

#[path = "../tests/captured/mod.rs"]
mod captured;

use std::hint::black_box;

use captured::{Folder, archive, files, five_thousand_services, last_service};
use criterion::{Criterion, criterion_group, criterion_main};
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::walk;

fn trace(criterion: &mut Criterion) {
    let rules = five_thousand_services();
    let mut bundle = files(&archive("iptables-nft-vxlan"));
    bundle.insert(
        "nodes/node1/host/iptables-save.txt".to_owned(),
        rules.clone().into_bytes(),
    );
    let folder = Folder::new("bench", &bundle);
    let mut group = criterion.benchmark_group("160,000 rules");
    group.sample_size(20);
    group.bench_function("load the bundle", |bench| {
        bench.iter(|| bundle::load(std::slice::from_ref(&folder.0)).expect("the bundle"));
    });
    let cluster = bundle::load(std::slice::from_ref(&folder.0)).expect("the bundle");
    let question = Question::new(
        endpoint::parse("client-1").expect("FROM"),
        endpoint::parse(&last_service(&rules)).expect("TO"),
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

criterion_group!(benches, trace);
criterion_main!(benches);
