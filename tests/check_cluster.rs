//! `kubenet check` on clusters as the real programs left them: nothing is found where nothing is wrong, and where one
//! thing was broken on purpose, that is the first error, by the catalogue's own name for it.

#![allow(clippy::unwrap_used)]

mod captured;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use captured::{archive, archives};
use kubenet::check::{self, Verdict};
use kubenet::collect::bundle;
use kubenet::model::Severity;
use serde_json::Value;

fn kubenet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .args(arguments)
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> (Value, i32) {
    let output = kubenet(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout).expect(&stderr);
    (document, output.status.code().unwrap())
}

/// The captured clusters in which nothing is broken.
const HEALTHY: [&str; 3] = ["iptables-nft-vxlan", "nftables-vxlan", "ipvs-rr-vxlan"];

/// What those clusters have on purpose: a Service without endpoints, to see what becomes of connections to it.
const ON_PURPOSE: [&str; 1] = ["no pod has the labels that Service default/noep asks for"];

#[test]
fn nothing_is_found_in_healthy_clusters() {
    for name in HEALTHY {
        let path = archive(name);
        let (document, status) = json(&["--bundle", path.to_str().unwrap(), "check", "-o", "json"]);
        assert_eq!(document["schema"], "kubenet.check/v1");
        let titles: Vec<&Value> = document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| &finding["title"])
            .collect();
        assert_eq!(titles, ON_PURPOSE, "{name}");
        assert_eq!(status, 0, "{name}");
    }
    let (document, status) = json(&["--demo", "check", "-o", "json"]);
    assert_eq!(document["findings"], Value::Array(Vec::new()), "the demo");
    assert_eq!(status, 0, "the demo");
}

/// The folder names say what was broken; their `ground_truth.json` says it by the catalogue's ids.
fn faults() -> Vec<(PathBuf, Vec<String>)> {
    let broken = archives()
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("/clusters/faults/"));
    broken
        .map(|path| {
            let truth = path
                .to_string_lossy()
                .replace(".tar.zst", ".ground_truth.json.zst");
            let text = zstd::decode_all(std::fs::File::open(truth).unwrap()).unwrap();
            let truth: Value = serde_json::from_slice(&text).unwrap();
            let ids = truth["fault"]
                .as_str()
                .unwrap()
                .split(',')
                .map(str::to_owned);
            (path, ids.collect())
        })
        .collect()
}

#[test]
fn each_fault_is_the_first_error() {
    let faults = faults();
    assert!(faults.len() >= 8);
    for (path, ids) in faults {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (document, status) = json(&["--bundle", path.to_str().unwrap(), "check", "-o", "json"]);
        let findings = document["findings"].as_array().unwrap();
        if ids.iter().any(|id| id.ends_with("control")) {
            assert!(
                findings
                    .iter()
                    .all(|finding| finding["severity"] != "error"),
                "{name}"
            );
            assert_eq!(status, 0, "{name}");
            continue;
        }
        let first = findings
            .first()
            .unwrap_or_else(|| panic!("{name}: nothing was found"));
        assert_eq!(first["severity"], "error", "{name}");
        let catalogue: Vec<&str> = first["catalogue"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(
            ids.iter().any(|id| catalogue.contains(&id.as_str())),
            "{name}: {ids:?} is not {catalogue:?}: {}",
            first["title"]
        );
        assert!(
            !first["evidence"].as_array().unwrap().is_empty(),
            "{name}: evidence"
        );
        assert!(
            !first["impact"].as_str().unwrap().is_empty(),
            "{name}: impact"
        );
        assert_eq!(status, 1, "{name}");
    }
}

/// Every check says of every node what came of it, or why it could not look.
#[test]
fn every_check_says_what_came_of_it() {
    let cluster = bundle::load(&[archive("iptables-nft-vxlan")]).unwrap();
    let report = check::everything(&cluster);
    let said: BTreeSet<&str> = report.verdicts().into_iter().map(|(id, ..)| id).collect();
    let silent: Vec<&str> = check::all()
        .map(|check| check.id)
        .filter(|id| !said.contains(id))
        .collect();
    assert_eq!(silent, Vec::<&str>::new());
}

/// With half of everything missing nothing is found, and what could not be looked at is told.
#[test]
fn nothing_is_found_where_nothing_was_read() {
    let (nodes, text) = (["node1"], "");
    let dir = std::env::temp_dir().join(format!("kubenet-check-{}", std::process::id()));
    for node in nodes {
        std::fs::create_dir_all(dir.join(format!("nodes/{node}/host"))).unwrap();
        std::fs::write(dir.join(format!("nodes/{node}/host/links.json")), text).unwrap();
    }
    let cluster = bundle::load(std::slice::from_ref(&dir)).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let report = check::everything(&cluster);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let skipped =
        |(_, verdict, _): &(&str, &Verdict, Vec<&str>)| matches!(verdict, Verdict::Skipped(_));
    assert!(report.verdicts().iter().filter(|one| skipped(one)).count() > 20);
}

#[test]
fn ids_are_names_and_each_is_documented() {
    let mut ids = BTreeSet::new();
    for check in check::all() {
        assert!(ids.insert(check.id), "{} is there twice", check.id);
        assert!(
            check
                .id
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
            "{}",
            check.id
        );
        assert!(
            check.docs.len() > 80 && check.docs.ends_with(['.', ')']),
            "{}",
            check.id
        );
        assert!(!check.catalogue.is_empty(), "{}", check.id);
    }
}

#[test]
fn findings_are_chosen_by_node_severity_and_id() {
    let path = archive("faults/13-C08-neigh-new-fdb-old-master");
    let bundle = path.to_str().unwrap();
    let count = |more: &[&str]| {
        let (document, status) =
            json(&[&["--bundle", bundle, "check", "-o", "json"], more].concat());
        (document["findings"].as_array().unwrap().len(), status)
    };
    let (all, status) = count(&[]);
    assert!(all > 2 && status == 1);
    // What is wrong with an object of the API is on no node.
    let all = all - ON_PURPOSE.len();
    assert_eq!(count(&["--on", "master"]), (all, 1));
    assert_eq!(count(&["--on", "node1"]), (0, 0));
    assert_eq!(count(&["--severity", "error"]), (all, 1));
    assert_eq!(count(&["vxlan-fdb-missing"]), (1, 1));
    let unknown = kubenet(&["--bundle", bundle, "check", "--on", "nobody"]);
    assert_eq!(unknown.status.code(), Some(2));
    let unknown = kubenet(&["check", "--explain", "vxlan-fdb-mising"]);
    assert_eq!(unknown.status.code(), Some(2));
    let hint = String::from_utf8(unknown.stderr).unwrap();
    assert!(hint.contains("vxlan-fdb-missing"), "{hint}");
}

#[test]
fn lines_fit_a_terminal() {
    for path in archives() {
        let output = kubenet(&["--bundle", path.to_str().unwrap(), "check", "-v"]);
        let text = String::from_utf8(output.stdout).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", path.display());
        }
    }
}

#[test]
fn a_check_is_explained_by_its_id_or_the_catalogues() {
    for id in ["vxlan-fdb-missing", "C05"] {
        let output = kubenet(&["check", "--explain", id]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("vxlan-fdb-missing"), "{text}");
        assert_eq!(output.status.code(), Some(0));
    }
    let output = kubenet(&["check", "--explain", "b08"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        "B08  found by no check\n\nthe network between the nodes is not seen\n"
    );
    let listed = check::all()
        .filter(|check| check.severity == Severity::Error)
        .count();
    let output = kubenet(&["check", "--list", "--severity", "error"]);
    let lines = String::from_utf8(output.stdout).unwrap().lines().count();
    assert_eq!(lines, listed + 1);
}
