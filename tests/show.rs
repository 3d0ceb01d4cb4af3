//! `kubenet show`: every row that the standard tools printed is there, under the names that the Kubernetes objects give.
//! Expected values come from the tools' own outputs in the fixtures, read here independently.
#![allow(clippy::unwrap_used)]

mod captured;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use captured::Files;
use serde_json::Value;

const CLUSTERS: [&str; 3] = ["iptables-nft-vxlan", "ipvs-rr-vxlan", "nftables-vxlan"];
const NODES: [&str; 3] = ["master", "node1", "node2"];
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

fn run(cluster: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .arg("--bundle")
        .arg(captured::archive(cluster))
        .arg("show")
        .args(arguments)
        .output()
        .unwrap()
}

fn rows(cluster: &str, arguments: &[&str]) -> Vec<Value> {
    let output = run(cluster, &[arguments, &["-o", "json"]].concat());
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(document["schema"], "kubenet.show/v1");
    document["rows"].as_array().unwrap().clone()
}

fn text(row: &Value, key: &str) -> String {
    match &row[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How often each combination of these keys stands in the rows.
fn counted(rows: &[Value], keys: &[&str]) -> BTreeMap<Vec<String>, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let key = keys.iter().map(|key| text(row, key)).collect();
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn tallied(all: impl IntoIterator<Item = Vec<String>>) -> BTreeMap<Vec<String>, usize> {
    let mut counts = BTreeMap::new();
    for key in all {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

struct Bundle {
    files: Files,
    node: &'static str,
}

impl Bundle {
    fn text(&self, name: &str) -> String {
        let path = format!("nodes/{}/host/{name}", self.node);
        let bytes = self.files.get(&path).cloned().unwrap_or_default();
        String::from_utf8(bytes).unwrap()
    }

    fn json(&self, name: &str) -> Vec<Value> {
        let text = self.text(name);
        serde_json::from_str::<Vec<Value>>(&text).unwrap_or_default()
    }
}

/// Calls `check` with what was printed on each node of each cluster, and the rows that each of these commands shows of it.
fn on_every_node(commands: &[&[&str]], check: impl Fn(&Bundle, &[Vec<Value>])) {
    for cluster in CLUSTERS {
        let files = captured::files(&captured::archive(cluster));
        let mut bundle = Bundle { files, node: "" };
        let shown: Vec<Vec<Value>> = commands.iter().map(|one| rows(cluster, one)).collect();
        for node in NODES {
            bundle.node = node;
            let of_node = |rows: &Vec<Value>| -> Vec<Value> {
                let its = rows.iter().filter(|row| row["node"] == node);
                its.cloned().collect()
            };
            check(&bundle, &shown.iter().map(of_node).collect::<Vec<_>>());
        }
    }
}

#[test]
fn links_and_addresses_are_those_that_ip_printed() {
    on_every_node(&[&["links"], &["addresses"]], |bundle, shown| {
        // What a tunnel has in place of an Ethernet address is an IP address.
        let links = bundle.json("links.json").into_iter();
        let links = links.filter(|link| link["link_type"] == "ether");
        let ether = shown[0]
            .iter()
            .filter(|row| !row["mac"].is_null() && row["kind"] != "loopback");
        let ether: Vec<Value> = ether.cloned().collect();
        let printed = links.map(|link| {
            ["ifname", "mtu", "address"]
                .map(|key| text(&link, key))
                .to_vec()
        });
        assert_eq!(counted(&ether, &["name", "mtu", "mac"]), tallied(printed));

        let printed = bundle.json("addrs.json").into_iter().flat_map(|link| {
            let device = text(&link, "ifname");
            let addresses = link["addr_info"].as_array().unwrap().clone();
            addresses.into_iter().map(move |one| {
                let length = &one["prefixlen"];
                vec![device.clone(), format!("{}/{length}", text(&one, "local"))]
            })
        });
        assert_eq!(counted(&shown[1], &["device", "address"]), tallied(printed));
    });
}

#[test]
fn all_routes_are_there_and_without_all_the_kernels_own_are_not() {
    on_every_node(&[&["routes", "--all"], &["routes"]], |bundle, shown| {
        // `ip route show table all` prints those of IPv6 too, unless it is told -4.
        let is_v6 = |route: &Value| {
            text(route, "dst").contains(':') || text(route, "gateway").contains(':')
        };
        let printed = bundle
            .json("routes4.json")
            .into_iter()
            .filter(|route| !is_v6(route));
        let printed: Vec<Value> = printed.chain(bundle.json("routes6.json")).collect();
        let next_hops = |route: &Value| route["nexthops"].as_array().map_or(1, Vec::len);
        let expected: usize = printed.iter().map(next_hops).sum();
        assert_eq!(shown[0].len(), expected);

        let main = |route: &&Value| {
            let destination = text(route, "dst");
            let own = destination.starts_with("fe80:") || destination.starts_with("ff00:");
            route.get("table").is_none_or(|table| table != "local") && !own
        };
        let printed = printed.iter().filter(main).map(|route| {
            let or_null = |key| {
                route
                    .get(key)
                    .map_or("null".to_owned(), |_| text(route, key))
            };
            vec![text(route, "dst"), or_null("gateway"), text(route, "dev")]
        });
        assert_eq!(
            counted(&shown[1], &["destination", "via", "device"]),
            tallied(printed)
        );
    });
}

#[test]
fn neighbors_and_fdb_are_those_that_were_printed() {
    on_every_node(&[&["neighbors"], &["fdb", "--all"]], |bundle, shown| {
        let printed = bundle.json("neigh.json").into_iter().map(|entry| {
            let mac = entry
                .get("lladdr")
                .map_or("null".to_owned(), |_| text(&entry, "lladdr"));
            vec![text(&entry, "dev"), text(&entry, "dst"), mac]
        });
        assert_eq!(
            counted(&shown[0], &["device", "address", "mac"]),
            tallied(printed)
        );

        let printed = bundle.json("fdb.json").into_iter().map(|entry| {
            let to = entry
                .get("dst")
                .map_or("null".to_owned(), |_| text(&entry, "dst"));
            vec![text(&entry, "ifname"), text(&entry, "mac"), to]
        });
        assert_eq!(
            counted(&shown[1], &["device", "mac", "destination"]),
            tallied(printed)
        );
    });
}

/// Chains of a dump by table: how many rules each has.
fn chains_of(dump: &str) -> BTreeMap<(String, String), u64> {
    let (mut table, mut chains) = (String::new(), BTreeMap::new());
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table = name.to_owned();
        } else if let Some(chain) = line.strip_prefix(':') {
            let name = chain.split(' ').next().unwrap().to_owned();
            chains.insert((table.clone(), name), 0);
        } else if let Some(at) = line.find("-A ") {
            let name = line[at + 3..].split(' ').next().unwrap().to_owned();
            *chains.get_mut(&(table.clone(), name)).unwrap() += 1;
        }
    }
    chains
}

#[test]
fn chains_have_their_rules_and_the_services_that_comments_name() {
    on_every_node(&[&["chains"]], |bundle, shown| {
        for (file, family) in [
            ("iptables-save.txt", "IPv4"),
            ("ip6tables-save.txt", "IPv6"),
        ] {
            let dump = bundle.text(file);
            let expected = chains_of(&dump);
            let its = shown[0].iter().filter(|row| row["family"] == family);
            let here: BTreeMap<_, _> = its
                .clone()
                .map(|row| {
                    let key = (text(row, "table"), text(row, "chain"));
                    (key, row["rules"].as_u64().unwrap())
                })
                .collect();
            assert_eq!(here, expected, "{} {file}", bundle.node);
            // kube-proxy writes `NS/NAME:PORT cluster IP` at the jump to each KUBE-SVC chain.
            for line in dump.lines().filter(|line| line.contains(" cluster IP\" -")) {
                let Some((_, chain)) = line.split_once("-j KUBE-SVC-") else {
                    continue;
                };
                let chain = format!("KUBE-SVC-{}", chain.trim());
                let comment = line.split('"').nth(1).unwrap();
                let service = comment.strip_suffix(" cluster IP").unwrap();
                let mut its = its.clone().filter(|row| text(row, "chain") == chain);
                assert_eq!(text(its.next().unwrap(), "service"), service);
            }
        }
    });
}

#[test]
fn sets_servers_connections_sockets_and_settings_are_all_there() {
    let lines = |text: &str, begins: &str| {
        text.lines()
            .filter(|line| line.trim_start().starts_with(begins))
            .count()
    };
    let commands: [&[&str]; 5] = [
        &["ipsets"],
        &["ipvs"],
        &["conntrack"],
        &["sysctls"],
        &["nft"],
    ];
    on_every_node(&commands, |bundle, shown| {
        let count = |subject: &str, key: &str| {
            let at = commands
                .iter()
                .position(|command| command[0] == subject)
                .unwrap();
            shown[at].iter().filter(|row| !row[key].is_null()).count()
        };
        assert_eq!(
            count("ipsets", "element"),
            lines(&bundle.text("ipset.txt"), "add ")
        );
        assert_eq!(
            count("ipvs", "real_server"),
            lines(&bundle.text("ipvs.txt"), "-a ")
        );
        // `conntrack -L` prints both families, and with -f ipv6 that one again.
        let connections = ["conntrack.txt", "conntrack6.txt"].map(|name| bundle.text(name));
        // The two may differ in what moved between them: timeouts, states.
        let tuple = |line: &&str| {
            let fields = [
                "tcp", "udp", "icmp", "icmpv6", "sctp", "src=", "dst=", "sport=", "dport=", "id=",
                "zone=",
            ];
            let named = |word: &&str| fields.iter().any(|field| word.starts_with(field));
            line.split_whitespace()
                .filter(named)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let connections = connections.iter().flat_map(|text| text.lines());
        let connections: BTreeSet<String> = connections
            .filter(|line| line.starts_with("ipv"))
            .map(|line| tuple(&line))
            .collect();
        let connections = connections.len();
        assert_eq!(count("conntrack", "client"), connections);
        let settings: BTreeSet<String> = bundle
            .text("sysctl.txt")
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
            .filter(|key| key.starts_with("net."))
            .collect();
        assert_eq!(count("sysctls", "setting"), settings.len());
        let nft: Value = serde_json::from_str(&bundle.text("nft.json")).unwrap();
        let native = |one: &&Value| {
            let named = ["chain", "set", "map"]
                .iter()
                .find_map(|kind| one.get(kind));
            named.is_some_and(|named| {
                matches!(
                    named["table"].as_str(),
                    Some("kube-proxy" | "flannel-ipv4" | "flannel-ipv6")
                )
            })
        };
        let expected = nft["nftables"]
            .as_array()
            .unwrap()
            .iter()
            .filter(native)
            .count();
        assert_eq!(count("nft", "name"), expected, "{}", bundle.node);
    });
}

#[test]
fn addresses_of_pods_have_the_names_of_the_api() {
    for cluster in CLUSTERS {
        let files = captured::files(&captured::archive(cluster));
        let pods: Value = serde_json::from_slice(&files["k8s/pods.json"]).unwrap();
        let mut names = BTreeMap::new();
        for pod in pods["items"].as_array().unwrap() {
            if pod["spec"]["hostNetwork"] != true {
                let name = format!(
                    "pod {}/{}",
                    text(&pod["metadata"], "namespace"),
                    text(&pod["metadata"], "name")
                );
                for ip in pod["status"]["podIPs"].as_array().unwrap() {
                    names.insert(text(ip, "ip"), name.clone());
                }
            }
        }
        let mut seen = 0;
        for row in rows(cluster, &["neighbors"]) {
            if let Some(name) = names.get(&text(&row, "address")) {
                assert_eq!(&text(&row, "owner"), name);
                seen += 1;
            }
        }
        assert!(seen > 10, "{cluster}: {seen}");
    }
}

#[test]
fn a_tunnel_fits_together_unless_something_is_wrong_with_it() {
    let shown = rows(CLUSTERS[0], &["fdb", "--device", "flannel.1"]);
    // Each of three nodes has two others.
    assert_eq!(shown.len(), 6);
    for row in shown {
        assert_eq!(row["fits"], "yes", "{row}");
        assert_eq!(row["neighbor"], row["node_mac"], "{row}");
    }
    // The objects of this one are another cluster's of the same names: its devices have other addresses.
    for row in rows(CLUSTERS[1], &["fdb", "--device", "flannel.1"]) {
        assert_eq!(row["fits"][0], "neighbour's MAC is not the Node's", "{row}");
    }
    // On master, the neighbour table has node2's new MAC, and the fdb its old one.
    let shown = rows(
        "faults/13-C08-neigh-new-fdb-old-master",
        &["fdb", "--device", "flannel.1"],
    );
    let wrong = |row: &&Value| row["node"] == "master" && row["remote_node"] == "node2";
    assert!(
        shown.iter().filter(wrong).all(|row| row["fits"] != "yes"),
        "{shown:?}"
    );
    let said = shown
        .iter()
        .find(|row| wrong(row) && row["pod_cidr"] != Value::Null)
        .unwrap();
    assert!(
        text(said, "fits").contains("fdb lacks ee:ee:0a:2a:02:0e"),
        "{said}"
    );
}

#[test]
fn a_service_has_the_connections_to_its_addresses() {
    let cluster = CLUSTERS[0];
    let shown = rows(cluster, &["conntrack", "--service", "five"]);
    assert!(!shown.is_empty());
    // `five` has one address: see tests/fixtures' services.json.
    for row in &shown {
        assert!(text(row, "to").starts_with("10.43.10.5:"), "{row}");
    }
    let all = rows(cluster, &["conntrack", "10.43.10.5:80"]);
    assert_eq!(all.len(), shown.len());
}

#[test]
fn patterns_keep_what_they_match() {
    let cluster = CLUSTERS[0];
    for (pattern, wanted) in [
        ("KUBE-SEP-*", true),
        ("kube-sep", true),
        ("KUBE-SEP", true),
        ("SEP-*", false),
    ] {
        let shown = rows(cluster, &["chains", pattern]);
        assert_eq!(!shown.is_empty(), wanted, "{pattern}");
        for row in shown {
            assert!(text(&row, "chain").starts_with("KUBE-SEP-"), "{row}");
        }
    }
}

#[test]
fn tables_fit_80_columns() {
    for cluster in CLUSTERS {
        for subject in SUBJECTS {
            for place in [&["--node", "node1"][..], &["--pod", "client-m"], &["--all"]] {
                let output = run(cluster, &[&[subject], place].concat());
                assert!(output.status.success(), "{subject}");
                let text = String::from_utf8(output.stdout).unwrap();
                let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(
                    longest <= 80,
                    "{cluster} {subject} {place:?}: {longest}\n{text}"
                );
            }
        }
    }
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let cases: [(&[&str], &str); 7] = [
        (
            &["links", "--pod", "cleint-m"],
            "did you mean default/client-m",
        ),
        (&["links", "--node", "node9"], "node1"),
        (&["links", "--netns", "nowhere"], "kubenet netns"),
        (&["conntrack", "--service", "fife"], "default/five"),
        (
            &["links", "--service", "five"],
            "--service is for conntrack",
        ),
        (&["routes", "--device", "eth0"], "--device is for fdb"),
        (&["fdb", "--device", "cni0"], "no vxlan device cni0"),
    ];
    for (arguments, said) in cases {
        let output = run(CLUSTERS[0], arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}
