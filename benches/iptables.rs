//! How fast a ruleset of 160,000 rules is read.

#![allow(missing_docs, reason = "criterion writes functions")]

#[path = "../tests/captured/mod.rs"]
mod captured;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kubenet::model::Family;
use kubenet::model::iptables::{Backend, Ruleset, TableKind};

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
    let text = captured::five_thousand_services();
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
