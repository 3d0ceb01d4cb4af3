//! Tables of iptables' legacy backend as the kernel hands them out, put into words: the words of `iptables-legacy-save`.

use std::collections::BTreeSet;

use kubenet::collect::live::Machine;
use kubenet::model::iptables::{Backend, Rule, Ruleset, TableKind, Wish};
use kubenet::model::{Family, NetnsId, NetnsName, Objects};

use super::many_chains::{restore, rules};
use super::support::{Namespaces, allowed};

/// Every match and target that is put into words, with every option of theirs.
const RULES: &str = "\
-A SOME -s 10.1.0.0/16 -d 10.2.3.4 -i eth0 -o veth+ -p tcp -j RETURN
-A SOME ! -s 10.1.0.0/16 ! -d 10.2.3.4 ! -i eth+ ! -o lo ! -p udp -g OTHER
-A SOME -s 10.0.0.1/255.0.255.0 -p 253
-A SOME -f -j DROP
-A SOME ! -f
-A SOME -m comment --comment plain
-A SOME -m comment --comment \"two words, it's \\\"quoted\\\" \\\\ \"
-A SOME -p tcp -m tcp --sport 80 --dport 1:1024 -j ACCEPT
-A SOME -p tcp -m tcp ! --sport 80:90 ! --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN
-A SOME -p tcp -m tcp ! --tcp-flags ALL NONE
-A SOME -p tcp -m tcp --tcp-option 8
-A SOME -p tcp -m tcp ! --tcp-option 8
-A SOME -p udp -m udp --sport 53 ! --dport 1024:65535
-A SOME -p sctp -m sctp --sport 1:5 ! --dport 7
-A SOME -m addrtype --src-type LOCAL,MULTICAST ! --dst-type LOCAL
-A SOME -m addrtype ! --src-type UNICAST --limit-iface-in
-A SOME -m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT
-A SOME -m conntrack ! --ctstate NEW --ctstatus SEEN_REPLY,ASSURED
-A SOME -m conntrack ! --ctstatus NONE
-A SOME -m state --state RELATED,ESTABLISHED
-A SOME -m mark --mark 0x4000/0x4000
-A SOME -m mark ! --mark 0x1
-A SOME -m statistic --mode random --probability 0.33333333349
-A SOME -m statistic --mode random ! --probability 0.5
-A SOME -m statistic --mode nth --every 3 --packet 2
-A SOME -p tcp -m multiport --dports 80,443,1000:2000
-A SOME -p udp -m multiport ! --sports 53
-A SOME -p tcp -m multiport --ports 1,2:3,4
-A SOME -m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource
-A SOME -m recent ! --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.0 --rdest
-A SOME -m recent --update --hitcount 3 --rttl --name B --mask 255.255.255.255 --rsource
-A SOME -m recent --remove --name B --mask 255.255.255.255 --rsource
-A SOME -m physdev --physdev-in veth+ --physdev-is-bridged
-A SOME -m physdev ! --physdev-is-in
-A SOME -p icmp -m icmp --icmp-type 8
-A SOME -p icmp -m icmp ! --icmp-type 3/4
-A SOME -p icmp -m icmp --icmp-type any
-A SOME -j MARK --set-xmark 0x4000/0x4000
-A SOME -j MARK --set-mark 0x1
-A SOME -j MARK --or-mark 0x8000
";

/// The same for what only table nat has.
const TRANSLATIONS: &str = "\
-A HERE -p tcp -j DNAT --to-destination 10.0.0.1:8080
-A HERE -p udp -j DNAT --to-destination 10.0.0.1-10.0.0.9:1-5 --random --persistent
-A HERE -j DNAT --to-destination 10.0.0.1
-A HERE -p tcp -j DNAT --to-destination :80
-A HERE -p tcp -j REDIRECT --to-ports 8080
-A HERE -p tcp -j REDIRECT --to-ports 1-9 --random
-A THERE -j SNAT --to-source 10.0.0.1-10.0.0.2
-A THERE -p tcp -j SNAT --to-source 10.0.0.1:1024-2048 --random-fully
-A THERE -j MASQUERADE
-A THERE -p tcp -j MASQUERADE --to-ports 1024-2048 --random-fully
-A PREROUTING -j HERE
-A OUTPUT -j HERE
-A POSTROUTING -j THERE
";

const REFUSALS: [&str; 8] = [
    "icmp-net-unreachable",
    "icmp-host-unreachable",
    "icmp-proto-unreachable",
    "icmp-port-unreachable",
    "icmp-net-prohibited",
    "icmp-host-prohibited",
    "icmp-admin-prohibited",
    "tcp-reset",
];
const REFUSALS_IPV6: [&str; 7] = [
    "icmp6-no-route",
    "icmp6-adm-prohibited",
    "icmp6-addr-unreachable",
    "icmp6-port-unreachable",
    "tcp-reset",
    "icmp6-policy-fail",
    "icmp6-reject-route",
];

fn refusals(names: &[&str]) -> String {
    let rule = |name: &&str| match *name {
        "tcp-reset" => "-A INPUT -p tcp -j REJECT --reject-with tcp-reset\n".to_owned(),
        name => format!("-A INPUT -j REJECT --reject-with {name}\n"),
    };
    names.iter().map(rule).collect()
}

fn in_ipv6(rules: &str) -> String {
    let has_fragments = |line: &&str| line.contains(" -f");
    let kept = rules.lines().filter(|line| !has_fragments(line));
    kept.map(|line| {
        line.replace("10.0.0.1-10.0.0.9:1-5", "[fd00::1-fd00::9]:1-5")
            .replace("10.0.0.1:", "[fd00::1]:")
            .replace("10.0.0.1/255.0.255.0", "fd00::1/ffff:0:ffff::")
            .replace("10.1.0.0/16", "fd00:1::/64")
            .replace("10.2.3.4", "fd00:2::4")
            .replace("10.0.0.", "fd00::")
            .replace("255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
            .replace("255.255.255.0", "ffff:ffff::")
            .replace("-p icmp -m icmp", "-p ipv6-icmp -m icmp6")
            .replace("--icmp-type any", "--icmpv6-type 1")
            .replace("--icmp-type", "--icmpv6-type")
            .replace("3/4", "1/3")
            + "\n"
    })
    .collect()
}

/// Chains that nobody jumps to, as many as make a ruleset one that is read chain by chain.
fn padding() -> String {
    (0..600)
        .map(|number| format!(":UNUSED-{number} - [0:0]\n"))
        .collect()
}

fn machine(made: &Namespaces) -> Machine {
    let namespaces = vec![(NetnsName::Host, made.path(0))];
    Machine::of_namespaces(&[("node1".to_owned(), namespaces)], Objects::default())
}

fn legacy(machine: &Machine, family: Family) -> &Ruleset {
    let rulesets = &machine.cluster().nodes[0].netns[0].iptables;
    let is_it = |ruleset: &&Ruleset| (ruleset.family, ruleset.backend) == (family, Backend::Legacy);
    rulesets.iter().find(is_it).unwrap()
}

/// The ruleset as the program tells it, and chain by chain, a few hundred at a time.
fn both(made: &Namespaces) -> (Machine, Machine) {
    let mut all = machine(made);
    all.complete_all();
    let mut some = machine(made).on_demand();
    some.complete_all();
    let mut wishes: Vec<Wish> = Vec::new();
    for family in [Family::V4, Family::V6] {
        wishes.extend(legacy(&some, family).chains().map(|(table, chain)| Wish {
            netns: NetnsId { node: 0, netns: 0 },
            family,
            table,
            chain: chain.name.to_string(),
        }));
    }
    for part in wishes.chunks(300) {
        some.supply(&part.iter().cloned().collect());
    }
    (all, some)
}

fn same(expected: &Ruleset, found: &Ruleset) -> usize {
    let tables = |ruleset: &Ruleset| -> BTreeSet<TableKind> {
        ruleset.tables().iter().map(|table| table.kind).collect()
    };
    assert_eq!(tables(found), tables(expected));
    let mut rules = 0;
    for table in expected.tables() {
        let its = found.table(table.kind).unwrap();
        assert_eq!(its.chains().len(), table.chains().len());
        for chain in table.chains() {
            let other = its.chain(&chain.name).unwrap();
            assert!(other.is_read(), "{}", chain.name);
            assert_eq!(
                (other.policy, other.counters),
                (chain.policy, chain.counters)
            );
            assert_eq!(other.len(), chain.len(), "{}", chain.name);
            for (rule, expected_rule) in found.rules(other).iter().zip(expected.rules(chain)) {
                let text = expected.line(chain, expected_rule);
                assert_eq!(found.line(other, rule), text);
                let rule = Rule {
                    line: expected_rule.line,
                    ..rule.clone()
                };
                assert_eq!(rule, *expected_rule, "{text}");
                rules += 1;
            }
        }
    }
    rules
}

#[test]
fn rules_in_the_words_of_the_program() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let text = |rules: &str, translations: &str, refusals: &str| {
        format!(
            "*filter\n:SOME - [0:0]\n:OTHER - [0:0]\n{}:INPUT DROP [3:4]\n{rules}{refusals}-A FORWARD -j SOME\nCOMMIT\n\
             *nat\n:HERE - [0:0]\n:THERE - [0:0]\n{translations}COMMIT\n",
            padding()
        )
    };
    let four = text(RULES, TRANSLATIONS, &refusals(&REFUSALS));
    let six = text(
        &in_ipv6(RULES),
        &in_ipv6(TRANSLATIONS),
        &refusals(&REFUSALS_IPV6),
    );
    restore(&made, "iptables-legacy-restore", &four);
    restore(&made, "ip6tables-legacy-restore", &six);
    let (all, some) = both(&made);
    for family in [Family::V4, Family::V6] {
        let found = legacy(&some, family);
        assert!(found.origin.ends_with("-legacy -S"), "{}", found.origin);
        let rules = same(legacy(&all, family), found);
        assert!(rules > 50, "{rules}");
    }
    assert_eq!(some.cluster().gaps, all.cluster().gaps);
}

#[test]
fn the_rules_of_kube_proxy_in_the_words_of_the_program() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let (text, _) = rules();
    restore(&made, "iptables-legacy-restore", &text);
    let (all, some) = both(&made);
    let rules = same(legacy(&all, Family::V4), legacy(&some, Family::V4));
    println!("{rules} rules");
    assert!(rules > 10_000, "{rules}");
}

#[test]
fn what_only_the_program_knows_it_tells() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let unknown = "-A INPUT -m limit --limit 5/min -j LOG --log-prefix \"seen \"\n";
    let text = format!("*filter\n{}{unknown}COMMIT\n", padding());
    restore(&made, "iptables-legacy-restore", &text);
    let (all, some) = both(&made);
    let found = legacy(&some, Family::V4);
    assert_eq!(found.origin, "iptables-legacy-save");
    assert_eq!(same(legacy(&all, Family::V4), found), 1);
}
