//! A trace over an iptables-save file of 100 MB works within 1 GB of memory.
//!
//! The file is what kube-proxy wrote for 5,000 Services, six times over under other chain names, in place of node1's in
//! the captured cluster.

mod captured;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::process::Command;

use captured::{Folder, archive, files, five_thousand_services, last_service};
use nix::sys::resource::{UsageWho, getrusage};

const MEGABYTE: u64 = 1_000_000;

#[test]
fn a_hundred_megabytes_of_rules_need_less_than_a_gigabyte() {
    let folder = Folder::new("large", &files(&archive("iptables-nft-vxlan")));
    let rules = five_thousand_services();
    let service = last_service(&rules);
    let file = folder.0.join("nodes/node1/host/iptables-save.txt");
    let mut out = BufWriter::new(File::create(&file).expect("a file"));
    out.write_all(rules.as_bytes()).expect("written");
    for copy in ["KUBF-", "KUBG-", "KUBH-", "KUBI-", "KUBJ-"] {
        out.write_all(rules.replace("KUBE-", copy).as_bytes())
            .expect("written");
    }
    out.into_inner().expect("flushed");
    let size = fs::metadata(&file).expect("the file").len();
    assert!(size > 100 * MEGABYTE, "{size} bytes");

    let traced = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .arg("--bundle")
        .arg(&folder.0)
        .args(["-o", "json", "trace", "client-1", &service])
        .output()
        .expect("kubenet runs");
    let trace: serde_json::Value =
        serde_json::from_slice(&traced.stdout).expect("one JSON document");
    assert_eq!(
        trace["paths"].as_array().map(Vec::len),
        Some(10),
        "a path for each endpoint"
    );
    // ru_maxrss is in kilobytes.
    let peak = u64::try_from(
        getrusage(UsageWho::RUSAGE_CHILDREN)
            .expect("usage")
            .max_rss(),
    )
    .expect("a size")
        * 1024;
    eprintln!(
        "{} MB of rules: peak {} MB",
        size / MEGABYTE,
        peak / MEGABYTE
    );
    assert!(peak < 1000 * MEGABYTE, "peak {} MB", peak / MEGABYTE);
}
