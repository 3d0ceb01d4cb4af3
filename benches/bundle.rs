//! How long it takes to read a cluster from an archive, and one node's nftables ruleset of many rules.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use kubenet::collect::bundle::load_bytes;

fn cluster(criterion: &mut Criterion) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/clusters/iptables-nft-vxlan.tar.zst"
    );
    let packed = std::fs::read(path).unwrap();
    let unpacked = zstd::decode_all(packed.as_slice()).unwrap();
    criterion.bench_function("three nodes, packed", |bencher| {
        bencher.iter(|| load_bytes("cluster", black_box(&packed)).unwrap());
    });
    criterion.bench_function("three nodes, unpacked", |bencher| {
        bencher.iter(|| load_bytes("cluster", black_box(&unpacked)).unwrap());
    });
}

fn nftables(criterion: &mut Criterion) {
    let rule = r#"{"rule": {"family": "ip", "table": "nat", "chain": "KUBE-SERVICES", "handle": 7,
        "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}},
        "right": "10.43.0.1"}}, {"counter": {"packets": 0, "bytes": 0}}, {"jump": {"target": "KUBE-SVC-X"}}]}}"#;
    let rules = vec![rule; 100_000].join(", ");
    let text = format!(r#"{{"nftables": [{{"metainfo": {{"version": "1.0.6"}}}}, {rules}]}}"#);
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_data(&mut header, "nodes/n/host/nft.json", text.as_bytes())
        .unwrap();
    let archive = builder.into_inner().unwrap();
    criterion.bench_function("nft.json of 100,000 rules", |bencher| {
        bencher.iter(|| load_bytes("cluster", black_box(&archive)).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = cluster, nftables
}
criterion_main!(benches);
