//! The kernel as judge: in a practice cluster, real connections are made and what became of them is held against the
//! trace of the same question: outcome and what the client sees, who answers and how often, the source seen, and the
//! devices crossed on every node in order. Then things are broken, one at a time, and the same is asked again.
//!
//! Needs root; without it every test says so on stderr.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

#[path = "../lab_support/mod.rs"]
mod lab_support;

mod bench;
mod broken;
mod question;

mod bridges;
mod hosts;
mod ipvs;
mod rules;
mod sizes;
mod tunnels;

use bench::Bench;
use kubenet::collect;
use lab_support::bench::can_build;
use lab_support::sniff::Sniffer;
use question::Asked;
use rstest::rstest;

/// Connections for each question that counts frequencies.
const CONNECTIONS: u32 = 200;

#[rstest]
fn healthy(#[values("vxlan", "host-gw")] backend: &str, #[values("nft", "legacy")] iptables: &str) {
    whole_lab(&format!("--backend {backend} --iptables {iptables}"));
}

/// kube-proxy's native table in both layouts.
#[rstest]
fn nftables(#[values("1.30", "1.36")] version: &str) {
    whole_lab(&format!("--proxy nftables --proxy-version {version}"));
}

/// Every question that a lab has, in one that was built with these arguments.
fn whole_lab(arguments: &str) {
    if !can_build() {
        return;
    }
    let words: Vec<&str> = arguments.split(' ').collect();
    let name: Vec<&str> = words.iter().skip(1).step_by(2).copied().collect();
    let bench = Bench::up(&name.join("-").replace('.', ""), &words);
    let cluster = collect::lab::read_lab(Some(&bench.lab.name)).expect("the lab can be read");
    assert_eq!(cluster.gaps, [], "everything is read");
    let asked = question::all(bench.state.objects());
    let sniffer = Sniffer::new(&bench.state);
    let mut wrong = Vec::new();
    for one in &asked {
        wrong.extend(bench.outcome(&cluster, one, CONNECTIONS));
        wrong.extend(bench.devices(&sniffer, &cluster, one));
    }
    eprintln!("{arguments}: {} questions", asked.len());
    assert!(asked.len() >= 60, "only {} questions", asked.len());
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
}

/// Labs have the same addresses and names; what is broken in one is whole in the other.
#[test]
fn labs_side_by_side() {
    if !can_build() {
        return;
    }
    let [broken, whole] = ["side-a", "side-b"].map(|name| Bench::up(name, &[]));
    let break_it = ["ip", "route", "replace", "blackhole", "10.42.1.0/24"];
    assert!(broken.lab.run("node/master", &break_it).status.success());
    let asked = Asked::read("client tcp 10.42.1.7:8080");
    let mut verdicts = Vec::new();
    for bench in [&broken, &whole] {
        let cluster = collect::lab::read_lab(Some(&bench.lab.name)).expect("the lab can be read");
        assert_eq!(bench.outcome(&cluster, &asked, 1), [""; 0]);
        verdicts.push(asked.trace(&cluster).verdict);
    }
    assert_ne!(verdicts[0], verdicts[1]);
}
