//! iptables, nftables and ipsets.

use std::collections::BTreeSet;

use kubenet::model::iptables::{Backend, Policy, Ruleset};
use kubenet::model::{Family, nftables};

use super::scene::{IPTABLES, node};
use super::support::{allowed, host, run};

/// (table, line) of every chain and rule that a save program prints, without counters.
fn saved(text: &str) -> Vec<(String, String)> {
    let mut table = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table = name;
        } else if let Some(chain) = line.strip_prefix(':') {
            let words: Vec<&str> = chain.split(' ').collect();
            found.push((table.to_owned(), format!("chain {} {}", words[0], words[1])));
        } else if line.starts_with("-A ") {
            found.push((table.to_owned(), line.to_owned()));
        }
    }
    found.sort();
    found
}

/// The same as it was read.
fn read_rules(ruleset: &Ruleset) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for table in ruleset.tables() {
        let name = format!("{:?}", table.kind).to_lowercase();
        for chain in table.chains() {
            let policy = match chain.policy {
                Some(Policy::Accept) => "ACCEPT",
                Some(Policy::Drop) => "DROP",
                None => "-",
            };
            found.push((name.clone(), format!("chain {} {policy}", chain.name)));
            let rules = ruleset.rules(chain).iter();
            found.extend(rules.map(|rule| (name.clone(), ruleset.line(chain, rule).to_owned())));
        }
    }
    found.sort();
    found
}

#[test]
fn iptables_of_both_backends_and_families() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(0, IPTABLES);
    let cluster = made.read();
    let programs = [
        (Family::V4, Backend::Nft, "iptables-nft-save"),
        (Family::V4, Backend::Legacy, "iptables-legacy-save"),
        (Family::V6, Backend::Nft, "ip6tables-nft-save"),
        (Family::V6, Backend::Legacy, "ip6tables-legacy-save"),
    ];
    for (family, backend, program) in programs {
        let mut found = host(&cluster)
            .iptables
            .iter()
            .filter(|one| (one.family, one.backend) == (family, backend));
        let ruleset = found.next().unwrap();
        assert!(found.next().is_none());
        assert_eq!(ruleset.origin, program);
        let printed = saved(&made.tool(0, program));
        assert_eq!(read_rules(ruleset), printed);
        assert!(
            printed.iter().any(|(_, line)| line.starts_with("-A ")),
            "{program}: {printed:?}"
        );
    }
    let pod = &cluster.nodes[0].netns[1];
    assert_eq!(
        pod.iptables
            .iter()
            .map(|one| one.tables().len())
            .collect::<Vec<_>>(),
        [0, 0, 0, 0]
    );
    assert_eq!(
        host(&cluster)
            .nftables
            .as_ref()
            .map(|ruleset| ruleset.tables.len()),
        Some(0),
        "tables of iptables-nft are no native ones"
    );
}

#[test]
fn base_chains_of_native_nftables() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "iptables-nft -A FORWARD -j ACCEPT
         nft add table inet own
         nft add chain inet own inbound { type filter hook input priority 10 ; policy drop ; }
         nft add chain inet own passing { type filter hook forward priority -5 ; }
         nft add chain inet own empty { type filter hook output priority 0 ; }
         nft add chain inet own plain
         nft add rule inet own plain accept
         nft add rule inet own passing ip daddr 10.0.0.1 drop
         nft add rule inet own passing jump plain
         nft add table ip nat2
         nft add chain ip nat2 post { type nat hook postrouting priority 100 ; }
         nft add rule ip nat2 post masquerade
         nft add table netdev dev
         nft add chain netdev dev arrival { type filter hook ingress device up0 priority 0 ; }
         nft add rule netdev dev arrival accept",
    );
    let cluster = made.read();
    let read: BTreeSet<String> = host(&cluster)
        .nftables
        .iter()
        .flat_map(nftables::Ruleset::base_chains)
        .filter(|(_, chain, base)| !chain.rules.is_empty() || base.policy == nftables::Policy::Drop)
        .map(|(table, chain, base)| {
            format!(
                "{} {} {} {:?} {} {} {:?} {}",
                table.family.name(),
                table.name,
                chain.name,
                base.kind,
                base.hook,
                base.priority,
                base.policy,
                chain.rules.len()
            )
            .to_lowercase()
        })
        .collect();
    let wanted = [
        "inet own inbound filter input 10 drop 0",
        "inet own passing filter forward -5 accept 2",
        "ip nat2 post nat postrouting 100 accept 1",
        "netdev dev arrival filter ingress 0 accept 1",
    ];
    assert_eq!(read, wanted.iter().map(|line| (*line).to_owned()).collect());
    assert_eq!(cluster.gaps, []);
}

#[test]
fn ipsets() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "ipset create KUBE-CLUSTER-IP hash:ip,port
         ipset add KUBE-CLUSTER-IP 10.43.0.1,tcp:443
         ipset add KUBE-CLUSTER-IP 10.43.0.10,udp:53
         ipset create six hash:net family inet6
         ipset add six fd07::/64",
    );
    let cluster = made.read();
    let sets = host(&cluster).ipsets.as_ref().unwrap();
    let mut read = Vec::new();
    for set in sets {
        read.push(format!("create {} {} {}", set.name, set.kind, set.ipv6));
        read.extend(set.elements.iter().map(|element| element.raw.clone()));
    }
    let mut printed: Vec<String> = made
        .tool(0, "ipset save")
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            match words[0] {
                "create" => format!(
                    "create {} {} {}",
                    words[1],
                    words[2],
                    line.contains("family inet6")
                ),
                _ => line.to_owned(),
            }
        })
        .collect();
    read.sort();
    printed.sort();
    assert_eq!(read, printed);
    assert_eq!(read.len(), 5);
    assert_eq!(cluster.nodes[0].netns[1].ipsets, Some(Vec::new()));
}

#[test]
fn lists_of_the_recent_match() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(0, "iptables-nft -A INPUT -m recent --name affinity --set");
    let fill = "echo +10.0.0.7 > /proc/net/xt_recent/affinity; echo +10.0.0.8 > /proc/net/xt_recent/affinity";
    run("ip", &["netns", "exec", made.name(0), "sh", "-c", fill]);
    let cluster = made.read();
    let [list] = host(&cluster).recent.as_deref().unwrap() else {
        panic!("one list: {:?}", host(&cluster).recent)
    };
    assert_eq!(list.name, "affinity");
    let mut addresses: Vec<String> = list
        .entries
        .iter()
        .map(|one| one.address.to_string())
        .collect();
    addresses.sort();
    assert_eq!(addresses, ["10.0.0.7", "10.0.0.8"]);
    // Written just now: by the right clock that is a moment ago.
    let now = list.now.expect("root reads the clock");
    for entry in &list.entries {
        let ago = now.since(entry.seen[0]) / u64::from(now.per_second);
        assert!(ago < 60, "{ago} s: {entry:?} {now:?}");
    }
    assert_eq!(cluster.nodes[0].netns[1].recent, Some(Vec::new()));
}
