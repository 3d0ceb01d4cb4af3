//! How fast a ruleset of 160,000 rules is read.

#![allow(missing_docs, reason = "criterion writes functions")]

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kubenet::model::Family;
use kubenet::model::iptables::{Backend, Ruleset, TableKind};

fn text() -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scale/iptables-5000x10.txt.gz");
    let file = File::open(path).expect("the fixture is part of the project");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip");
    text
}

fn read(text: String) -> Ruleset {
    Ruleset::read(
        text,
        Family::V4,
        Backend::Nft,
        "iptables-save",
        &mut Vec::new(),
    )
}

fn rulesets(criterion: &mut Criterion) {
    let text = text();
    let mut group = criterion.benchmark_group("iptables");
    group.sample_size(10);

    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("index", |bench| {
        bench.iter_batched(|| text.clone(), read, BatchSize::PerIteration);
    });

    let rules = read(text.clone())
        .chains()
        .map(|(_, chain)| chain.len() as u64)
        .sum();
    group.throughput(Throughput::Elements(rules));
    group.bench_function("parse every rule", |bench| {
        bench.iter_batched(
            || read(text.clone()),
            |ruleset| {
                for (_, chain) in ruleset.chains() {
                    black_box(ruleset.rules(chain));
                }
                ruleset
            },
            BatchSize::PerIteration,
        );
    });

    group.throughput(Throughput::Elements(1));
    group.bench_function("one chain", |bench| {
        bench.iter_batched(
            || read(text.clone()),
            |ruleset| {
                let chain = ruleset
                    .table(TableKind::Nat)
                    .and_then(|nat| nat.chain("KUBE-SERVICES"));
                black_box(chain.map(|chain| ruleset.rules(chain).len()));
                ruleset
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, rulesets);
criterion_main!(benches);
