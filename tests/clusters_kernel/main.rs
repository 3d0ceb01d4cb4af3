//! The kernel as judge, cluster by cluster: random clusters are built as labs, random packets are sent in them, and what
//! became of these is held against the trace of the same question: outcome and what the client sees, who answers and how
//! often, the source seen, and the devices crossed on every node in order.
//!
//! `KUBENET_CASES` says how many clusters, `KUBENET_SEED` with which number they begin. A cluster where something differs
//! is made smaller as long as it differs, and printed as the JSON of a [`case::Case`]: `regressions/` holds such files, one
//! for each thing that once was wrong. Needs root; without it every test says so on stderr.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

#[path = "../lab_support/mod.rs"]
mod lab_support;

#[path = "../routing_kernel/chance.rs"]
mod chance;

mod bench;
mod breakage;
mod case;
mod cluster;
mod flows;
mod run;
mod services;
mod shrink;

use cluster::Mode;
use run::Wish;

/// Healthy clusters of all kinds.
#[test]
fn clusters() {
    run::all(&Wish {
        name: "clusters",
        cases: 100,
        broken: false,
        mode: Mode::Iptables,
    });
}

/// Clusters in which one thing was broken.
#[test]
fn broken_clusters() {
    run::all(&Wish {
        name: "broken clusters",
        cases: 60,
        broken: true,
        mode: Mode::Iptables,
    });
}

/// Those whose kube-proxy has a native nftables table.
#[test]
fn nftables_clusters() {
    run::all(&Wish {
        name: "nftables clusters",
        cases: 50,
        broken: false,
        mode: Mode::Nftables,
    });
}

/// The same, in which one thing was broken.
#[test]
fn broken_nftables_clusters() {
    run::all(&Wish {
        name: "broken nftables clusters",
        cases: 40,
        broken: true,
        mode: Mode::Nftables,
    });
}

/// Those whose kube-proxy has virtual servers.
#[test]
fn ipvs_clusters() {
    run::all(&Wish {
        name: "ipvs clusters",
        cases: 50,
        broken: false,
        mode: Mode::Ipvs,
    });
}

/// The same, in which one thing was broken.
#[test]
fn broken_ipvs_clusters() {
    run::all(&Wish {
        name: "broken ipvs clusters",
        cases: 40,
        broken: true,
        mode: Mode::Ipvs,
    });
}

/// What once was wrong.
#[test]
fn regressions() {
    run::regressions();
}
