//! A trace over an iptables-save file of 100 MB works within 1 GB of memory.
//!
//! The file is what kube-proxy wrote for 5,000 Services, six times over under other chain names, in place of node1's in
//! the captured cluster.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};

const MEGABYTE: u64 = 1_000_000;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[test]
fn a_hundred_megabytes_of_rules_need_less_than_a_gigabyte() {
    let folder = Folder(std::env::temp_dir().join(format!("kubenet-large-{}", std::process::id())));
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
    let service = rules
        .lines()
        .rfind(|line| {
            line.contains("-A KUBE-SERVICES -d ") && line.contains("--dport 80 -j KUBE-SVC-")
        })
        .and_then(|rule| rule.split(" -d ").nth(1)?.split('/').next())
        .expect("a Service's address")
        .to_owned();

    let node = ["nodes/node1/host", "bundle/nodes/node1/host"]
        .map(|place| folder.0.join(place))
        .into_iter()
        .find(|place| place.is_dir())
        .expect("node1 is in the fixture");
    let file = node.join("iptables-save.txt");
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
        .args(["-o", "json", "trace", "client-1", &format!("{service}:80")])
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
