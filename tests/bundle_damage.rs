//! Files that are empty, cut short, garbled or no text at all: each is reported by name, with the line where there is
//! one, and all others read as if nothing had happened.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeMap;

use bundle_support::{Files, fixture, load, namespace};
use kubenet::model::{Cluster, Netns};
use proptest::prelude::*;

/// One node with one pod, and the objects.
fn small() -> Files {
    let mut files = fixture("ipvs-rr-vxlan");
    files.retain(|path, _| {
        path.starts_with("nodes/node1/host/")
            || path.starts_with("nodes/node1/pods/default_client-1/")
            || path.starts_with("k8s/")
    });
    files.insert(
        "nodes/node1/host/xt_recent.txt".to_owned(),
        b"# KUBE-SEP-A\nsrc=10.42.0.2 ttl: 64 last_seen: 4297 oldest_pkt: 1 4297\n".to_vec(),
    );
    files.insert(
        "nodes/node1/host/resolv.conf".to_owned(),
        b"nameserver 10.43.0.10\n".to_vec(),
    );
    let legacy = fixture("faults/45-B11-legacy-drop-node1");
    {
        let file = "nodes/node1/host/iptables-legacy-save.txt";
        files.insert(file.to_owned(), legacy[file].clone());
    }
    files
}

/// Everything read of a cluster, by the part of the model, as text.
fn parts(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let mut add = |place: &str, part: &str, value: &dyn std::fmt::Debug| {
        parts.insert(format!("{place} {part}"), format!("{value:?}"));
    };
    add("k8s", "pods", &cluster.objects.pods);
    add("k8s", "services", &cluster.objects.services);
    add("k8s", "endpointslices", &cluster.objects.endpoint_slices);
    add("k8s", "nodes", &cluster.objects.nodes);
    for folder in ["nodes/node1/host", "nodes/node1/pods/default_client-1"] {
        let netns: &Netns = namespace(cluster, folder);
        add(folder, "links", &netns.links);
        add(folder, "addrs", &netns.addresses);
        add(folder, "routes4", &netns.routes4);
        add(folder, "routes6", &netns.routes6);
        add(folder, "rules4", &netns.rules4);
        add(folder, "rules6", &netns.rules6);
        add(folder, "neigh", &netns.neighbors);
        add(folder, "fdb", &netns.fdb);
        add(folder, "sysctl", &netns.sysctls);
        add(folder, "nft", &netns.nftables);
        add(folder, "ipset", &netns.ipsets);
        add(folder, "ipvs", &netns.virtual_servers);
        add(folder, "ipvs-conns", &netns.ipvs_connections);
        add(folder, "conntrack", &netns.conntrack);
        add(folder, "sockets", &netns.sockets);
        add(folder, "xt_recent", &netns.recent);
        add(folder, "flannel-subnet", &netns.flannel.subnet_env);
        add(folder, "flannel-net-conf", &netns.flannel.net_conf);
        add(folder, "resolv", &netns.resolv_conf);
        for ruleset in &netns.iptables {
            let mut lines = vec![format!("{:?} {:?}", ruleset.family, ruleset.backend)];
            for table in ruleset.tables() {
                for chain in table.chains() {
                    lines.push(format!(
                        "{:?} {} {:?}",
                        table.kind, chain.name, chain.policy
                    ));
                    let rules = ruleset.rules(chain).iter();
                    lines.extend(rules.map(|rule| ruleset.line(chain, rule).to_owned()));
                }
            }
            add(folder, ruleset.origin.rsplit('/').next().unwrap(), &lines);
        }
    }
    parts
}

/// Whether a part of the model may change with a file.
fn depends(part: &str, path: &str) -> bool {
    let (folder, file) = path.rsplit_once('/').unwrap();
    let stem = file.split('.').next().unwrap();
    let Some(part) = part
        .strip_prefix(folder)
        .and_then(|part| part.strip_prefix(' '))
    else {
        return false;
    };
    match part {
        "links" => matches!(stem, "links" | "bridge-links" | "bridge-vlans" | "addrs"),
        "routes6" => matches!(stem, "routes6" | "routes4"),
        "conntrack" => stem.starts_with("conntrack"),
        "nft" => matches!(stem, "nft" | "iptables-save" | "ip6tables-save"),
        // Where iptables-save was not captured, nft tells that iptables-nft holds nothing.
        "nft.json" => matches!(stem, "nft" | "iptables-save" | "ip6tables-save"),
        part if part.ends_with("save.txt") => part == file || stem == "nft",
        part => stem == part,
    }
}

fn damaged(files: &Files, path: &str, bytes: Vec<u8>) -> Cluster {
    let mut files = files.clone();
    files.insert(path.to_owned(), bytes);
    load(&files)
}

/// All but the damaged file reads as before, and gaps are of that file alone.
fn check_others(path: &str, whole: &BTreeMap<String, String>, cluster: &Cluster, how: &str) {
    let read = parts(cluster);
    for (part, value) in whole {
        if !depends(part, path) {
            assert!(
                read.get(part) == Some(value),
                "{part} changed with {path}, {how}"
            );
        }
    }
    for gap in &cluster.gaps {
        // Without IPv4's, connections of IPv6 alone are a part of the whole, and that is said there.
        let about = gap.place == path
            || (path.ends_with("/conntrack.txt") && gap.place.ends_with("/conntrack6.txt"));
        assert!(about, "{gap} with {path}, {how}");
    }
}

#[test]
fn each_file_alone() {
    let files = small();
    let cluster = load(&files);
    assert_eq!(bundle_support::gaps(&cluster), Vec::<String>::new());
    let whole = parts(&cluster);
    let unread = ["networkpolicies.json"];
    // Free text, of which nothing can be wrong but its absence.
    let free = ["resolv.conf", "flannel-net-conf.json"];
    let mut count = 0;
    for (path, bytes) in &files {
        let name = path.rsplit('/').next().unwrap();
        if unread.contains(&name) {
            continue;
        }
        let reported = |cluster: &Cluster| cluster.gaps.iter().any(|gap| gap.place == *path);
        let with_line = |cluster: &Cluster| {
            cluster
                .gaps
                .iter()
                .any(|gap| gap.place == *path && gap.line.is_some())
        };

        let empty = damaged(&files, path, Vec::new());
        check_others(path, &whole, &empty, "empty");
        assert!(reported(&empty), "{path} is empty");

        let binary: Vec<u8> = (0..4096_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let no_text = damaged(&files, path, binary);
        check_others(path, &whole, &no_text, "binary");
        assert!(with_line(&no_text), "{path} is no text: {:?}", no_text.gaps);

        let garbage = damaged(&files, path, b"this is not\nwhat a tool prints\n".to_vec());
        check_others(path, &whole, &garbage, "garbage");
        assert!(
            free.contains(&name) || with_line(&garbage),
            "{path} is garbage: {:?}",
            garbage.gaps
        );

        // Within the first entry, and in the middle of some other.
        for cut in [
            bytes.len().min(7),
            bytes.len() / 2,
            bytes.len().saturating_sub(2),
        ] {
            let short = damaged(&files, path, bytes[..cut].to_vec());
            check_others(path, &whole, &short, "cut short");
            if name.ends_with(".json") && !free.contains(&name) && bytes.len() > 8 {
                assert!(
                    with_line(&short),
                    "{path} is cut at {cut}: {:?}",
                    short.gaps
                );
            }
        }
        count += 1;
    }
    assert!(count > 30, "{count}");
}

/// What stands before a cut is used.
#[test]
fn entries_before_a_cut_are_kept() {
    let files = small();
    let path = "nodes/node1/host/routes4.json";
    let text = String::from_utf8(files[path].clone()).unwrap();
    let cut = text.match_indices("},{").nth(3).unwrap().0 + 10;
    let cluster = damaged(&files, path, text[..cut].into());
    let whole = load(&files);
    let of = |cluster: &Cluster| {
        namespace(cluster, "nodes/node1/host")
            .routes4
            .clone()
            .unwrap()
    };
    assert_eq!(of(&cluster), of(&whole)[..4]);

    // A garbled entry costs itself.
    let garbled = text
        .replacen("\"dev\":\"cni0\"", "\"dev\":\u{1}cni0\"", 1)
        .replacen("},{", "},\n{", 1);
    let cluster = damaged(&files, path, garbled.into());
    assert!(
        cluster
            .gaps
            .iter()
            .any(|gap| gap.place == path && gap.line == Some(2)),
        "{:?}",
        cluster.gaps
    );

    // A list of objects keeps the whole ones.
    let path = "k8s/pods.json";
    let text = String::from_utf8(files[path].clone()).unwrap();
    let cluster = damaged(&files, path, text[..text.len() / 2].into());
    let pods = &cluster.objects.pods;
    assert!(pods.len() > 3, "{}", pods.len());
    assert_eq!(pods[..], whole.objects.pods[..pods.len()]);
    assert!(
        cluster
            .gaps
            .iter()
            .any(|gap| gap.place == path && gap.line.is_some())
    );

    // Lines of text, too: the one that is cut is named.
    let path = "nodes/node1/host/conntrack.txt";
    let text = String::from_utf8(files[path].clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let cut = format!("{}\n{}", lines[..5].join("\n"), &lines[5][..40]);
    let cluster = damaged(&files, path, cut.into());
    assert!(
        cluster
            .gaps
            .iter()
            .any(|gap| gap.place == path && gap.line == Some(6)),
        "{:?}",
        cluster.gaps
    );
}

/// A file of nothing but nonsense says so a dozen times and then counts.
#[test]
fn nonsense_does_not_drown_the_rest() {
    let files = small();
    let path = "nodes/node1/host/ipset.txt";
    let cluster = damaged(&files, path, "nonsense\n".repeat(5_000).into());
    assert_eq!(cluster.gaps.len(), 13);
    assert!(
        cluster.gaps[12].what.contains("4988 more"),
        "{}",
        cluster.gaps[12]
    );
    assert_eq!(
        namespace(&cluster, "nodes/node1/host").ipsets,
        None,
        "nothing read is not an empty list"
    );
}

#[derive(Debug, Clone)]
enum Mutation {
    Replace(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Insert(usize, String),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let token = prop::sample::select(vec![
        "",
        "\0",
        "\n",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "-1",
        "99999999999999999999",
        "null",
        "true",
        "::",
        "0.0.0.0/33",
        "-A",
        "*nat",
        "COMMIT",
        "src=",
        "add",
        "create",
        "via",
        "dev",
        "nexthop",
        "\u{fffd}",
        "é",
    ]);
    let one = prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<usize>(), 0..200_usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (any::<usize>(), 0..200_usize).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        (any::<usize>(), token).prop_map(|(at, text)| Mutation::Insert(at, text.to_owned())),
    ];
    prop::collection::vec(one, 1..12)
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let length = bytes.len().max(1);
    match mutation {
        Mutation::Replace(at, byte) => {
            if let Some(old) = bytes.get_mut(at % length) {
                *old = *byte;
            }
        }
        Mutation::Remove(at, count) => {
            let at = at % length;
            bytes.drain(at.min(bytes.len())..(at + count).min(bytes.len()));
        }
        Mutation::Repeat(at, count) => {
            let at = (at % length).min(bytes.len());
            let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        Mutation::Insert(at, text) => {
            let at = (at % length).min(bytes.len());
            bytes.splice(at..at, text.bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic_nor_touch_others(at in any::<prop::sample::Index>(), mutations in mutations()) {
        thread_local! {
            static WHOLE: (Files, BTreeMap<String, String>) = {
                let files = small();
                let parts = parts(&load(&files));
                (files, parts)
            };
        }
        WHOLE.with(|(files, whole)| {
            let paths: Vec<&String> = files.keys().collect();
            let path = paths[at.index(paths.len())];
            let mut bytes = files[path].clone();
            for mutation in &mutations {
                mutate(&mut bytes, mutation);
            }
            let cluster = damaged(files, path, bytes);
            check_others(path, whole, &cluster, "mutated");
            // Parsing on demand must stand it too.
            for (_, netns) in cluster.all_netns() {
                for ruleset in &netns.iptables {
                    for table in ruleset.tables() {
                        for chain in table.chains() {
                            let _ = ruleset.rules(chain).len();
                        }
                    }
                }
            }
        });
    }
}
