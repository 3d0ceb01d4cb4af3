//! Against iptables-nft in namespaces made for it, and against bytes that no kernel sends.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use nix::sched::{CloneFlags, unshare};

use super::rule::{in_words, question};
use super::{HEADER, NFT_MSG_GETRULE, Rules};
use crate::collect::live::iptables::nft_tool;
use crate::collect::live::netlink::Client;
use crate::collect::live::nft_chains::{self, NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES};
use crate::model::Family;
use crate::model::iptables::TableKind;

#[path = "../../../../tests/live_reader/words.rs"]
mod words;

/// Does something in a new namespace; not where none can be made.
fn in_namespace(work: impl FnOnce() + Send) {
    let enter = || match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => work(),
        Err(why) => println!("skipped: network namespaces cannot be made here: {why}"),
    };
    thread::scope(|scope| scope.spawn(enter).join()).unwrap();
}

fn feed(program: &str, text: &str) {
    let mut child = Command::new(program).stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success(), "{program}");
}

fn program(family: Family, table: TableKind, chain: &str) -> Result<String, String> {
    let tool = nft_tool(family, "").unwrap();
    tool.run(&["-t", table.name(), "-S", chain, "-v"])
}

fn chains(family: Family) -> Vec<(TableKind, String)> {
    let tables = nft_chains::iptables_chains(family).unwrap().unwrap();
    let chains = tables.into_iter().flat_map(|table| {
        let of_table = move |(name, _)| (table.kind, name);
        table.chains.into_iter().map(of_table)
    });
    chains.collect()
}

/// What the kernel tells of a chain's rules.
fn raw(family: Family, table: TableKind, chain: &str) -> Vec<Vec<u8>> {
    let mut client = Client::open(NETLINK_NETFILTER).unwrap();
    let question = question(family, table, chain);
    let kind = NFNL_SUBSYS_NFTABLES | NFT_MSG_GETRULE;
    let rules = client.dump_raw(kind, &question, |_, body| Ok(body[HEADER..].to_vec()));
    rules.unwrap().entries
}

#[test]
fn rules_in_the_words_of_the_program() {
    in_namespace(|| {
        let nameless =
            "-A OTHER ! -i +\n-A OTHER -p tcp -m tcp --sport 5 --dport 6\n-A OTHER -p tcp -m tcp\n";
        for (family, restore, text) in [
            (Family::V4, "iptables-nft-restore", words::of_ipv4("")),
            (Family::V6, "ip6tables-nft-restore", words::of_ipv6("")),
        ] {
            feed(restore, &text);
            let mut rules = Rules::open().unwrap();
            let mut lines = 0;
            for (table, chain) in chains(family) {
                let expected = program(family, table, &chain).unwrap();
                let found = rules.list(family, table, &chain);
                assert_eq!(found.as_deref(), Some(expected.as_str()), "{chain}");
                lines += expected.lines().count();
            }
            assert!(lines > 60, "{lines}");
            // One of them is left to the program.
            feed(
                restore,
                &format!("*filter\n:OTHER - [0:0]\n{nameless}COMMIT\n"),
            );
            assert_eq!(rules.list(family, TableKind::Filter, "OTHER"), None);
            assert_eq!(rules.list(family, TableKind::Filter, "NOWHERE"), None);
            assert_eq!(rules.list(family, TableKind::Security, "INPUT"), None);
        }
    });
}

/// Rules as nft writes them, each in a chain of its own: those that iptables-nft can print, and others.
const OF_NFT: [&str; 24] = [
    "ip saddr 10.0.0.1 counter accept",
    "counter ip saddr 10.0.0.1 accept",
    "ip saddr 10.0.0.1 accept",
    "ip daddr 10.0.0.0/8 ip saddr 10.0.0.1 counter",
    "ip saddr 10.0.0.1 ip saddr 10.0.0.2 counter",
    "ip saddr { 10.0.0.1, 10.0.0.2 } counter accept",
    "ip saddr 10.0.0.1-10.0.0.9 counter accept",
    "tcp dport 80 counter drop comment \"what nft keeps\"",
    "tcp dport { 80, 443 } counter drop",
    "tcp dport 80-90 counter drop",
    "tcp dport > 90 counter drop",
    "tcp flags & (syn | ack) == syn counter drop",
    "udp sport 53 udp dport 53 counter return",
    "th dport 53 counter return",
    "ip dscp 3 counter accept",
    "ip ttl 3 counter accept",
    "iifname \"eth*\" oifname != \"lo\" counter accept",
    "iif lo counter accept",
    "meta mark 5 counter accept",
    "meta mark & 4 != 0 counter accept",
    "meta mark set 5 counter accept",
    "ct state new counter accept",
    "counter log prefix \"seen\" drop",
    "icmp type echo-request counter accept",
];

#[test]
fn what_nft_wrote_is_never_told_otherwise_than_by_the_program() {
    in_namespace(|| {
        let mut text = "table ip filter {\n".to_owned();
        for (number, rule) in OF_NFT.iter().enumerate() {
            text.push_str(&format!("chain C{number} {{\n{rule}\n}}\n"));
        }
        feed_nft(&(text + "}\n"));
        let mut rules = Rules::open().unwrap();
        let (mut same, mut left) = (Vec::new(), Vec::new());
        for (number, rule) in OF_NFT.iter().enumerate() {
            let chain = format!("C{number}");
            let printed = program(Family::V4, TableKind::Filter, &chain);
            match rules.list(Family::V4, TableKind::Filter, &chain) {
                Some(found) => {
                    assert_eq!(Ok(found), printed, "{rule}");
                    same.push(rule);
                }
                None => left.push(rule),
            }
        }
        println!("the same: {same:#?}\nleft to the program: {left:#?}");
        assert!(same.len() >= 5 && left.len() >= 10);
    });
}

fn feed_nft(text: &str) {
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn broken_bytes_are_no_rule_and_no_panic() {
    in_namespace(|| {
        for (family, restore, text) in [
            (Family::V4, "iptables-nft-restore", words::of_ipv4("")),
            (Family::V6, "ip6tables-nft-restore", words::of_ipv6("")),
        ] {
            feed(restore, &text);
            let mut rules = 0;
            for (table, chain) in chains(family) {
                for bytes in raw(family, table, &chain) {
                    rules += 1;
                    let whole = in_words(family, &chain, &bytes).unwrap();
                    assert_eq!(in_words(family, "ANOTHER", &bytes), None);
                    for length in 0..bytes.len() {
                        assert_eq!(in_words(family, &chain, &bytes[..length]), None, "{whole}");
                    }
                    for at in 0..bytes.len() {
                        for byte in [0, 1, 0x7f, 0xff, bytes[at] ^ 0x04] {
                            let mut broken = bytes.clone();
                            broken[at] = byte;
                            // It may mean another rule.
                            in_words(family, &chain, &broken);
                        }
                    }
                }
            }
            assert!(rules > 50, "{rules}");
        }
    });
}

/// One chain in so many of those of Services and endpoints, which are alike; all others.
const SAMPLE: usize = 40;

#[test]
fn the_rules_of_five_thousand_services() {
    in_namespace(|| {
        let path = "tests/fixtures/scale/iptables-5000x10.txt.gz";
        let mut text = String::new();
        let packed = std::fs::File::open(path).unwrap();
        flate2::read::GzDecoder::new(packed)
            .read_to_string(&mut text)
            .unwrap();
        feed("iptables-nft-restore", &text);
        let tool = nft_tool(Family::V4, "").unwrap();
        let mut rules = Rules::open().unwrap();
        let mut all: Vec<(TableKind, String)> = chains(Family::V4);
        all.sort();
        let mut lines = 0;
        for table in [TableKind::Nat, TableKind::Filter, TableKind::Mangle] {
            let text = tool.run(&["-t", table.name(), "-S", "-v"]).unwrap();
            let mut expected: HashMap<&str, Vec<&str>> = HashMap::new();
            for line in text.lines() {
                let chain = line.split(' ').nth(1).unwrap();
                expected.entry(chain).or_default().push(line);
            }
            let of_table = all.iter().filter(|(its, _)| *its == table);
            for (at, (_, chain)) in of_table.enumerate() {
                if at % SAMPLE != 0 && chain.starts_with("KUBE-S") && chain != "KUBE-SERVICES" {
                    continue;
                }
                let found = rules.list(Family::V4, table, chain).unwrap();
                let found: Vec<&str> = found.lines().collect();
                assert!(found == expected[chain.as_str()], "{table:?} {chain}");
                lines += found.len();
            }
        }
        println!("{lines} lines");
        assert!(lines > 8_000, "{lines}");
    });
}
