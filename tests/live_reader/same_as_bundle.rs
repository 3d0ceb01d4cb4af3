//! Live and bundle readings of the same namespace give the same model.

use std::fs;
use std::path::{Path, PathBuf};

use kubenet::collect::bundle;
use kubenet::model::iptables::Ruleset;
use kubenet::model::{Cluster, NeighborState, Netns};

use super::scene::{FDB, IPTABLES, NEIGHBORS, RULES, filter_vlans, listen, routes};
use super::support::{Namespaces, allowed, host};

/// The files of a namespace, and the commands that print them.
const FILES: [(&str, &str); 16] = [
    ("links.json", "ip -j -d link"),
    ("addrs.json", "ip -j -d addr"),
    ("neigh.json", "ip -j neigh"),
    ("routes4.json", "ip -j route show table all"),
    ("routes6.json", "ip -j -6 route show table all"),
    ("rules4.json", "ip -j rule"),
    ("rules6.json", "ip -j -6 rule"),
    ("fdb.json", "bridge -j fdb"),
    ("bridge-links.json", "bridge -j -d link"),
    ("bridge-vlans.json", "bridge -j vlan"),
    ("iptables-save.txt", "iptables-nft-save -c"),
    ("ip6tables-save.txt", "ip6tables-nft-save -c"),
    ("iptables-legacy-save.txt", "iptables-legacy-save -c"),
    ("ip6tables-legacy-save.txt", "ip6tables-legacy-save -c"),
    ("nft.json", "nft -j list ruleset"),
    ("ipset.txt", "ipset save"),
];

/// A folder that goes when it goes.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn write(made: &Namespaces, at: usize, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (file, command) in FILES {
        fs::write(folder.join(file), made.tool(at, command)).unwrap();
    }
    fs::write(folder.join("sockets.txt"), made.tool(at, "ss -H -lntu")).unwrap();
    fs::write(folder.join("sysctl.txt"), made.tool(at, "sysctl -a -e")).unwrap();
}

fn bundle(made: &Namespaces) -> Cluster {
    let folder = Folder(std::env::temp_dir().join(made.name(0)));
    write(made, 0, &folder.0.join("nodes/node1/host"));
    write(
        made,
        1,
        &folder.0.join("nodes/node1/netns").join(made.name(1)),
    );
    bundle::load(std::slice::from_ref(&folder.0)).unwrap()
}

/// The lines of a ruleset, by table and chain.
fn rules(ruleset: &Ruleset) -> Vec<String> {
    let chains = ruleset.chains();
    chains
        .flat_map(|(table, chain)| {
            let head = format!("{table:?} {} {:?}", chain.name, chain.policy);
            let lines = ruleset
                .rules(chain)
                .iter()
                .map(|rule| ruleset.line(chain, rule).to_owned());
            std::iter::once(head).chain(lines).collect::<Vec<_>>()
        })
        .collect()
}

/// Two lists that must be the same; only what differs is shown.
fn same<T: std::fmt::Debug + PartialEq>(what: &str, live: &Option<Vec<T>>, read: &Option<Vec<T>>) {
    let (live, read) = (
        live.as_deref().unwrap_or_default(),
        read.as_deref().unwrap_or_default(),
    );
    for (one, other) in live.iter().zip(read) {
        assert_eq!(one, other, "{what}");
    }
    assert_eq!(live.len(), read.len(), "{what}");
}

fn compare(live: &Netns, read: &Netns) {
    assert_eq!(live.name, read.name);
    same("links", &live.links, &read.links);
    same("addresses", &live.addresses, &read.addresses);
    same("routes4", &live.routes4, &read.routes4);
    same("routes6", &live.routes6, &read.routes6);
    same("rules4", &live.rules4, &read.rules4);
    same("rules6", &live.rules6, &read.rules6);
    same("fdb", &live.fdb, &read.fdb);
    let tables = |netns: &Netns| netns.nftables.as_ref().map(|one| one.tables.clone());
    same("nftables", &tables(live), &tables(read));
    same("ipsets", &live.ipsets, &read.ipsets);
    // `ip neigh` leaves out NOARP and proxies unless asked for them.
    let mut neighbors = live.neighbors.clone().unwrap();
    neighbors.retain(|one| one.state != NeighborState::Noarp && !one.proxy);
    let mut others = read.neighbors.clone().unwrap();
    neighbors.sort_by_key(|one| (one.ip, one.device.clone()));
    others.sort_by_key(|one| (one.ip, one.device.clone()));
    assert_eq!(neighbors, others);
    let sockets = |netns: &Netns| {
        let mut all: Vec<_> = netns.sockets.clone().unwrap_or_default();
        // ss fills up its columns with blanks.
        all.iter_mut()
            .for_each(|one| one.raw = one.raw.split_whitespace().collect::<Vec<_>>().join(" "));
        all.sort_by_key(|one| one.raw.clone());
        all
    };
    assert_eq!(sockets(live), sockets(read));
    for ruleset in &live.iptables {
        let its = |one: &&Ruleset| (one.family, one.backend) == (ruleset.family, ruleset.backend);
        assert_eq!(
            rules(ruleset),
            read.iptables
                .iter()
                .find(its)
                .map(rules)
                .unwrap_or_default()
        );
    }
    let (settings, others) = (
        live.sysctls.as_ref().unwrap(),
        read.sysctls.as_ref().unwrap(),
    );
    for (key, value) in &settings.0 {
        let steady = key.starts_with("net.ipv4.conf.") || key.starts_with("net.ipv6.conf.");
        if steady && let Some(other) = others.get(key) {
            assert_eq!(value.trim(), other.trim(), "{key}");
        }
    }
}

#[test]
fn live_and_bundle_readings_are_the_same() {
    if !allowed() {
        return;
    }
    let made = routes();
    filter_vlans(&made);
    made.script(0, RULES);
    made.script(0, NEIGHBORS);
    made.script(0, FDB);
    made.script(0, IPTABLES);
    made.script(
        0,
        "ipset create KUBE-CLUSTER-IP hash:ip,port
         ipset add KUBE-CLUSTER-IP 10.43.0.1,tcp:443
         nft add table inet own
         nft add chain inet own inbound { type filter hook input priority 10 ; policy drop ; }",
    );
    let sockets = listen(&made);
    let live = made.read();
    let read = bundle(&made);
    assert_eq!(live.gaps, []);
    drop(sockets);
    assert_eq!(host(&live).iptables.len(), 4);
    assert!(host(&live).sockets.iter().flatten().count() >= 5);
    for (one, other) in live.nodes[0].netns.iter().zip(&read.nodes[0].netns) {
        compare(one, other);
    }
    assert_eq!(live.nodes[0].netns.len(), read.nodes[0].netns.len());
}
