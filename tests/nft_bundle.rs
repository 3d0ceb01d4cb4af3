//! `nft.json` and `nft.txt` that are cut short, garbled, or of a newer nft: what is wrong is named, and the rest serves.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use bundle_support::{gaps, host, load_host};
use kubenet::model::nftables::{Rule, Ruleset, TableFamily};

const TABLE: &str = r#"{"table": {"family": "ip", "name": "t", "handle": 1}}"#;
const CHAIN: &str = r#"{"chain": {"family": "ip", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}}"#;

fn rule(expr: &str) -> String {
    format!(
        r#"{{"rule": {{"family": "ip", "table": "t", "chain": "c", "handle": 2, "expr": [{expr}]}}}}"#
    )
}

fn ruleset(objects: &[&str]) -> String {
    format!(r#"{{"nftables": [{}]}}"#, objects.join(",\n"))
}

fn read(text: &str) -> (Ruleset, Vec<String>) {
    let cluster = load_host(&[("nft.json", text), ("iptables-save.txt", "")]);
    let mut found = gaps(&cluster);
    found.retain(|gap| gap.contains("nft.json"));
    (host(&cluster).nftables.clone().unwrap_or_default(), found)
}

fn rules(ruleset: &Ruleset) -> Vec<String> {
    let chain = ruleset
        .table(TableFamily::Ip, "t")
        .and_then(|table| table.chain("c"));
    let rules = chain.map_or(&[][..], |chain| &chain.rules);
    rules.iter().map(Rule::to_string).collect()
}

#[test]
fn a_garbled_rule_costs_only_itself() {
    let (accept, drop) = (rule(r#"{"accept": null}"#), rule(r#"{"drop": null}"#));
    let garbled = accept.replace("\"accept\": null", "\"acc\u{1}ept\" null");
    let (read, gaps) = read(&ruleset(&[TABLE, CHAIN, &accept, &garbled, &drop]));
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].contains("nft.json:4"), "{gaps:?}");
    // In its place stands a rule whose meaning is not known.
    let rules = rules(&read);
    assert_eq!((rules.len(), &*rules[0], &*rules[2]), (3, "accept", "drop"));
}

#[test]
fn a_file_that_is_cut_short() {
    let whole = ruleset(&[
        TABLE,
        CHAIN,
        &rule(r#"{"accept": null}"#),
        &rule(r#"{"drop": null}"#),
    ]);
    let cut = &whole[..whole.len() - 20];
    let (read, gaps) = read(cut);
    assert_eq!(rules(&read), ["accept"]);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].contains("cut short"), "{gaps:?}");
    let cluster = load_host(&[("nft.json", cut)]);
    let incomplete = &host(&cluster).incomplete;
    assert!(incomplete.contains(&kubenet::model::Part::NativeNft));
}

/// Keys, objects, statements and expressions that a later nft may print.
#[test]
fn what_a_newer_version_prints_is_named() {
    let objects = [
        r#"{"metainfo": {"version": "9.9", "json_schema_version": 2}}"#,
        r#"{"table": {"family": "ip", "name": "t", "handle": 1, "colour": "red"}}"#,
        CHAIN,
        r#"{"gadget": {"family": "ip", "table": "t", "name": "g"}}"#,
        &rule(r#"{"frobnicate": {"x": 1}}"#),
        &rule(
            r#"{"match": {"op": "==", "left": {"meta": {"key": "smell"}}, "right": 3}}, {"drop": null}"#,
        ),
        &rule(r#"{"dnat": {"addr": "10.0.0.1", "mood": "good"}}"#),
        &rule(r#"{"accept": null}"#),
    ];
    let (read, gaps) = read(&ruleset(&objects));
    let all = gaps.join("\n");
    for word in [
        "schema version 2",
        "\"colour\"",
        "\"gadget\"",
        "\"frobnicate\"",
        "\"mood\"",
    ] {
        assert!(all.contains(word), "{word} is not named: {all}");
    }
    let rules = rules(&read);
    assert_eq!(rules.len(), 4);
    assert_eq!(rules[1], "meta smell 3 drop");
    assert_eq!(rules[3], "accept");
}

/// Sets whose elements make no sense know that they are not whole.
#[test]
fn elements_that_make_no_sense() {
    let set = r#"{"set": {"family": "ip", "table": "t", "name": "s", "type": "ipv4_addr", "handle": 3,
        "elem": ["10.0.0.1", {"what": 1}, "10.0.0.999", "10.0.0.3"]}}"#;
    let (read, gaps) = read(&ruleset(&[TABLE, set]));
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    let set = read.table(TableFamily::Ip, "t").unwrap().set("s").unwrap();
    assert!(set.incomplete);
    let printed: Vec<String> = set.elements.iter().map(|one| set.print(one)).collect();
    assert_eq!(printed, ["10.0.0.1", "10.0.0.3"]);
}

/// As nft 1.0.6 prints it.
const LISTED: &str = r#"table ip t { # handle 1
	set s { # handle 3
		type ipv4_addr . inet_service
		flags interval
		elements = { 10.0.0.0/8 . 80-90 comment "a, } b",
			     1.1.1.1 . 443 }
	}

	chain c { # handle 1
		type filter hook input priority filter; policy accept;
		ip saddr . tcp dport @s drop comment "no } entry" # handle 4
		tproxy to 127.0.0.1:5000 # handle 5
		accept # handle 6
	}
}
"#;

fn read_text(text: &str) -> (Ruleset, Vec<String>) {
    let cluster = load_host(&[("nft.txt", text)]);
    (
        host(&cluster).nftables.clone().unwrap_or_default(),
        gaps(&cluster),
    )
}

#[test]
fn the_text_form() {
    let (read, gaps) = read_text(LISTED);
    assert_eq!(
        rules(&read),
        [
            "ip saddr . tcp dport @s drop comment \"no } entry\"",
            "tproxy to 127.0.0.1:5000",
            "accept"
        ]
    );
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(
        gaps[0].contains("nft.txt:12") && gaps[0].contains("tproxy"),
        "{gaps:?}"
    );
    let set = read.table(TableFamily::Ip, "t").unwrap().set("s").unwrap();
    let printed: Vec<String> = set.elements.iter().map(|one| set.print(one)).collect();
    assert_eq!(
        printed,
        ["10.0.0.0/8 . 80-90 comment \"a, } b\"", "1.1.1.1 . 443"]
    );
}

/// Cut anywhere, and with any byte another one: what is lost is known to be lost.
#[test]
fn damaged_text() {
    let (whole, _) = read_text(LISTED);
    for at in 1..LISTED.len() {
        let (read, gaps) = read_text(&LISTED[..at]);
        let closed = LISTED[at..].trim().is_empty();
        assert!(closed || !gaps.is_empty(), "cut at {at}, and nothing said");
        assert!(rules(&read).len() <= 3);
        for byte in ['{', '"', '\u{1}'] {
            let mut damaged = LISTED.to_owned();
            damaged.replace_range(at..=at, &byte.to_string());
            let (read, _) = read_text(&damaged);
            assert!(read.tables.len() <= whole.tables.len() + 1);
        }
    }
}

/// Rules that lead deeper than anybody writes are not followed, and harm nobody.
#[test]
fn rules_that_are_too_deep() {
    let deep = [
        "jhash ".repeat(100_000),
        format!("meta mark {}drop", "& 0x1 ".repeat(100_000)),
        "update @s { ".repeat(100_000),
    ];
    for rule in &deep {
        let (read, gaps) = read_text(&LISTED.replace("accept # handle 6", rule));
        assert_eq!(rules(&read).len(), 3);
        assert_eq!(gaps.len(), 2, "{:.80}", &rule);
    }
    let (found, gaps) = read_text(&LISTED.replace(
        "type ipv4_addr . inet_service",
        &format!("typeof {}", deep[0]),
    ));
    assert_eq!(rules(&found).len(), 3);
    assert!(!gaps.is_empty());
    let long = format!(
        "{{\"match\": {{\"op\": \"==\", \"left\": {{\"|\": [{}1]}}, \"right\": 1}}}}",
        "1, ".repeat(100_000)
    );
    let (found, _) = read(&ruleset(&[TABLE, CHAIN, &rule(&long)]));
    assert_eq!(rules(&found).len(), 1);
}
