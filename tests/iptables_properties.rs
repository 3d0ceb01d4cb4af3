//! Whatever a dump holds, reading it never panics, and what is wrong in one rule stays there.

mod captured;

use std::sync::LazyLock;

use kubenet::model::Family;
use kubenet::model::iptables::{Backend, Rule, Ruleset};
use proptest::prelude::*;

static DUMPS: LazyLock<Vec<String>> = LazyLock::new(|| {
    captured::real_dumps()
        .into_iter()
        .map(|(_, text)| text)
        .collect()
});

/// Reads a dump and looks at all of it.
fn read_all(text: String) -> Ruleset {
    let lines = text.split('\n').count();
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(text, Family::V4, Backend::Nft, "dump", &mut gaps);
    for gap in gaps.iter().chain(&ruleset.problems()) {
        assert!(
            gap.line.is_none_or(|line| (1..=lines).contains(&line)),
            "{gap}"
        );
    }
    for (_, chain) in ruleset.chains() {
        let rules = ruleset.rules(chain);
        assert_eq!(rules.len(), chain.len());
        for rule in rules {
            assert!(ruleset.line(chain, rule).starts_with("-"));
        }
    }
    ruleset
}

fn rules(ruleset: &Ruleset) -> Vec<Rule> {
    let mut rules: Vec<Rule> = ruleset
        .chains()
        .flat_map(|(_, chain)| ruleset.rules(chain).to_vec())
        .collect();
    rules.sort_by_key(|rule| rule.line);
    rules
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        read_all(String::from_utf8_lossy(&bytes).into_owned());
    }

    /// Words of the format in any order reach deeper than any bytes do.
    #[test]
    fn any_words(
        words in proptest::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "*nat\n", "*filter\n", "COMMIT\n", ":IN - [0:0]\n", "\n", "\n-A IN ", "[1:2] -A IN ", " ", "!", "\"",
                    "\\", "-m", "-j", "-g", "-s", "-d", "-p", "-i", "-o", "-c", "tcp", "udp", "icmp", "comment",
                    "conntrack", "mark", "set", "statistic", "recent", "addrtype", "multiport", "physdev", "nfacct",
                    "owner", "iprange", "length", "ttl", "tos", "dscp", "mac", "rpfilter", "limit", "DNAT", "SNAT",
                    "MARK", "CONNMARK", "REJECT", "TPROXY", "CT", "NETMAP", "TTL", "SET", "IN", "ACCEPT", "--dport",
                    "--tcp-flags", "--ctstate", "--mark", "--comment", "--match-set", "--probability", "--every",
                    "--to-destination", "--set-xmark", "--zone", "--to", "10.0.0.1", "fd00::1", "[fd00::1]:80", "0x",
                    "0", "4294967296", "80:", ":", "-", "/", ",", "+", "src,dst", "NEW", "255", "10.0.0.0/8", "é",
                ]).prop_map(str::to_owned),
                "[ -~]{0,6}",
            ],
            0..60,
        )
    ) {
        read_all(format!("*nat\n:IN - [0:0]\n-A IN {}\nCOMMIT\n", words.join(" ")));
    }

    #[test]
    fn damaged_dumps(
        dump in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        end in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = dump.get(&DUMPS).as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        read_all(String::from_utf8_lossy(&bytes).into_owned());
    }

    #[test]
    fn damage_to_one_rule_leaves_the_others(
        dump in any::<prop::sample::Index>(),
        line in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), " \"!\\-a1:/,".prop_map(String::from)), 1..5),
    ) {
        let mut lines: Vec<String> = dump.get(&DUMPS).lines().map(str::to_owned).collect();
        let candidates: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].contains("-A ")).collect();
        prop_assume!(!candidates.is_empty());
        let at = *line.get(&candidates);
        let whole = rules(&read_all(lines.join("\n") + "\n"));
        // Whatever comes after `-A CHAIN`.
        let start = lines[at].match_indices(' ').nth(2).map_or(lines[at].len(), |(start, _)| start);
        for (place, text) in damage {
            let place = start + place.index(lines[at].len() - start + 1);
            lines[at].insert_str(place, &text);
        }
        let damaged = rules(&read_all(lines.join("\n") + "\n"));
        prop_assert_eq!(whole.len(), damaged.len());
        for (before, after) in whole.iter().zip(&damaged) {
            prop_assert!(before == after || before.line as usize == at + 1);
        }
    }
}
