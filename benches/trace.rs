//! How fast a bundle with a node of 160,000 rules is loaded, and a packet traced through it.
//!
//! The bundle is the captured cluster of three nodes in which node1's ruleset is the one that kube-proxy wrote for 5,000
//! Services of 10 endpoints each; the packet goes from a pod on node1 to the last Service of KUBE-SERVICES.

#![allow(missing_docs, reason = "criterion writes functions")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::walk;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A folder that is removed when the benchmark ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bundle_of_160_000_rules() -> (Folder, String) {
    let folder = Folder(std::env::temp_dir().join(format!("kubenet-bench-{}", std::process::id())));
    let packed =
        File::open(fixtures().join("clusters/iptables-nft-vxlan.tar.zst")).expect("the fixture");
    let tar = zstd::decode_all(packed).expect("zstd");
    tar::Archive::new(tar.as_slice())
        .unpack(&folder.0)
        .expect("tar");
    let mut rules = String::new();
    let packed = File::open(fixtures().join("scale/iptables-5000x10.txt.gz")).expect("the fixture");
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut rules)
        .expect("gzip");
    let node = ["nodes/node1/host", "bundle/nodes/node1/host"]
        .map(|place| folder.0.join(place))
        .into_iter()
        .find(|place| place.is_dir())
        .expect("node1 is in the fixture");
    fs::write(node.join("iptables-save.txt"), &rules).expect("a file");
    (folder, rules)
}

/// The ClusterIP of the last rule of KUBE-SERVICES that leads to a Service.
fn last_service(rules: &str) -> String {
    let rule = rules
        .lines()
        .rfind(|line| {
            line.contains("-A KUBE-SERVICES -d ") && line.contains("--dport 80 -j KUBE-SVC-")
        })
        .expect("a Service");
    let ip = rule
        .split(" -d ")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .expect("its address");
    format!("{ip}:80")
}

fn trace(criterion: &mut Criterion) {
    let (folder, rules) = bundle_of_160_000_rules();
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
