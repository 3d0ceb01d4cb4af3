//! What a command says does not depend on the form: YAML is the value that JSON is, a wide table has what the narrow one
//! has, and no table is wider than its terminal.
#![allow(clippy::unwrap_used)]

mod captured;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use nix::pty::{Winsize, openpty};
use serde_json::Value;

const CLUSTERS: [&str; 3] = ["iptables-nft-vxlan", "ipvs-rr-vxlan", "nftables-vxlan"];
const SUBJECTS: [&str; 13] = [
    "links",
    "addresses",
    "routes",
    "rules",
    "neighbors",
    "fdb",
    "chains",
    "ipsets",
    "ipvs",
    "nft",
    "conntrack",
    "sockets",
    "sysctls",
];
const LISTS: [&str; 4] = ["pods", "services", "nodes", "netns"];

fn program(source: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubenet"));
    match source {
        "demo" | "demo=broken" => command.arg(format!("--{source}")),
        cluster => command.arg("--bundle").arg(captured::archive(cluster)),
    };
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(source: &str, arguments: &[&str]) -> Output {
    program(source, arguments).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Every command that has a form for programs, and some that fail.
fn commands() -> Vec<Vec<&'static str>> {
    let shown = SUBJECTS
        .iter()
        .map(|subject| vec!["show", subject, "--all"]);
    let lists = LISTS.iter().map(|list| vec![*list]);
    let others: [&[&str]; 17] = [
        &["show", "fdb", "--device", "flannel.1"],
        &["check"],
        &["check", "--list"],
        &["check", "--explain", "vxlan-fdb-missing"],
        &["trace", "external", "10.43.0.10:53", "--via", "node1"],
        &[
            "trace",
            "node/master",
            "node/node2",
            "--proto",
            "icmp",
            "--branch",
            "1",
        ],
        &["trace", "nobody", "nothing"],
        &["explain", "service", "kube-system/kube-dns"],
        &["explain", "chain", "KUBE-SERVICES"],
        &["explain", "chain", "POSTROUTING"],
        &["explain", "ip", "10.42.1.6"],
        &["explain", "device", "flannel.1"],
        &["explain", "route", "10.42.1.6"],
        &["explain", "mark", "0x4000"],
        &["explain", "modes"],
        &["explain", "backends"],
        &["show", "everything"],
    ];
    let others = others.iter().map(|command| command.to_vec());
    shown.chain(lists).chain(others).collect()
}

#[test]
fn yaml_is_the_value_that_json_is() {
    let mut documents = Vec::new();
    for source in CLUSTERS.into_iter().chain(["demo=broken"]) {
        for command in commands() {
            let [json, yaml] =
                ["json", "yaml"].map(|form| run(source, &[&command[..], &["-o", form]].concat()));
            let place = format!("{source}: {command:?}");
            assert_eq!(json.status, yaml.status, "{place}");
            let expected: Value = serde_json::from_slice(&json.stdout).expect(&place);
            let yaml = text(yaml.stdout);
            let read: Value = serde_saphyr::from_str(&yaml).expect(&place);
            assert_eq!(read, expected, "{place}");
            documents.push((place, yaml, expected));
        }
    }
    as_read_by_python(&documents);
}

/// A reader of YAML 1.1, in which `no` is false and `12:30` is 750, where there is one.
fn as_read_by_python(documents: &[(String, String, Value)]) {
    const READ: &str = "import json, sys, yaml\n\
        for text in json.load(sys.stdin): print(json.dumps(yaml.load(text, yaml.CSafeLoader)))";
    let asked = Command::new("python3")
        .args(["-c", "import yaml; yaml.CSafeLoader"])
        .output();
    if !asked.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 with PyYAML is not installed");
        return;
    }
    let mut python = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let texts: Vec<&str> = documents.iter().map(|(_, yaml, _)| yaml.as_str()).collect();
    let input = serde_json::to_vec(&texts).unwrap();
    python.stdin.take().unwrap().write_all(&input).unwrap();
    let output = text(python.wait_with_output().unwrap().stdout);
    assert_eq!(output.lines().count(), documents.len());
    for (line, (place, _, expected)) in output.lines().zip(documents) {
        let read: Value = serde_json::from_str(line).unwrap();
        assert_eq!(read, *expected, "{place}");
    }
}

/// The words of a table's headings. One of several words may go on in a further line.
fn headings(table: &str) -> BTreeSet<&str> {
    table
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect()
}

fn tables() -> Vec<Vec<&'static str>> {
    let shown = SUBJECTS.iter().map(|subject| vec!["show", subject]);
    let lists = LISTS.iter().map(|list| vec![*list]);
    let tunnel = vec!["show", "fdb", "--device", "flannel.1", "--node", "node1"];
    shown
        .chain(lists)
        .chain([tunnel, vec!["check", "--list"]])
        .collect()
}

#[test]
fn wide_tables_have_all_columns_and_narrow_ones_fit() {
    for source in CLUSTERS {
        for command in tables() {
            let narrow = text(run(source, &command).stdout);
            let wide = text(run(source, &[&command[..], &["-o", "wide"]].concat()).stdout);
            let place = format!("{source}: {command:?}");
            let widest = narrow.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{place}: {widest:?}\n{narrow}");
            let (few, all) = (headings(&narrow), headings(&wide));
            assert!(few.is_subset(&all), "{place}: {few:?} {all:?}");
            if narrow.lines().count() > 1 {
                assert!(
                    few.len() < all.len() || command[1..] == ["sysctls"],
                    "{place}"
                );
                // No cell goes on in a further line.
                let json = run(source, &[&command[..], &["-o", "json"]].concat()).stdout;
                let document: Value = serde_json::from_slice(&json).unwrap();
                let mut lists = document.as_object().unwrap().values();
                let rows = lists.find_map(Value::as_array).unwrap().len();
                assert_eq!(wide.lines().count(), rows + 1, "{place}");
            }
        }
    }
}

/// What is shown on a terminal of so many columns.
fn on_terminal(columns: u16, arguments: &[&str]) -> String {
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pty = openpty(&size, None).unwrap();
    let mut command = program("iptables-nft-vxlan", arguments);
    command.env("LC_ALL", "C").args(["--color", "never"]);
    let mut child = command
        .stdout(Stdio::from(pty.slave))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(command);
    let mut shown = Vec::new();
    // When the last writer is gone, reading from a terminal fails (EIO).
    let _ = File::from(pty.master).read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    text(shown)
}

#[test]
fn tables_are_as_wide_as_the_terminal_lets_them() {
    let widest = |shown: &str| {
        shown
            .lines()
            .map(|line| line.trim_end().chars().count())
            .max()
    };
    for columns in [60, 80, 132] {
        for command in [vec!["netns"], vec!["services"], vec!["show", "routes"]] {
            let shown = on_terminal(columns, &command);
            assert!(
                widest(&shown) <= Some(columns.into()),
                "{columns}: {command:?}\n{shown}"
            );
        }
    }
    let netns = |columns| on_terminal(columns, &["netns"]).lines().count();
    assert!(netns(60) > netns(132), "a wider terminal needs fewer lines");
    assert!(widest(&on_terminal(60, &["netns", "-o", "wide"])) > Some(132));
}
