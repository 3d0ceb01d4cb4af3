//! Addresses, devices, routes, Services, ports, sets, virtual servers, rules and marks explained, in clusters that the
//! real kube-proxy and flannel served. What is expected is taken from the API's objects and the tools' own output, by
//! other code than the program's.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use bundle_support::{Files, fixture, load};
use kubenet::explain::article::Article;
use kubenet::explain::find::{self, Scope};
use kubenet::explain::{
    backends, device, ip, ipset, mac, mark, modes, node_port, route, rule, service, virtual_server,
};
use kubenet::model::{Cluster, Family, Protocol};
use kubenet::render::{Layout, explain as render};
use serde_json::Value;

const MODES: [&str; 3] = ["iptables-nft-vxlan", "nftables-vxlan", "ipvs-rr-vxlan"];
const NODES: [&str; 3] = ["master", "node1", "node2"];

fn json(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap()
}

fn items(files: &Files, kind: &str) -> Vec<Value> {
    let list = json(files, &format!("k8s/{kind}.json"));
    list["items"].as_array().unwrap().clone()
}

fn text(files: &Files, path: &str) -> String {
    String::from_utf8(files[path].clone()).unwrap()
}

fn name_of(object: &Value) -> String {
    let meta = &object["metadata"];
    format!(
        "{}/{}",
        meta["namespace"].as_str().unwrap(),
        meta["name"].as_str().unwrap()
    )
}

/// Every line fits the screen, and nothing but plain text is on it.
fn is_fit(article: &Article) {
    for evidence in [false, true] {
        let mut out = Vec::new();
        let options = render::Options {
            layout: Layout::PLAIN,
            evidence,
        };
        render::article(article, &options, &mut out).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        for line in text.lines() {
            assert!(line.len() <= 80, "{line}");
            assert!(
                line.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
                "{line}"
            );
        }
    }
}

/// The lines of a section whose heading begins so.
fn section<'a>(article: &'a Article, begins: &str) -> Vec<(&'a str, &'a str)> {
    let sections = article.sections.iter();
    let found = sections.filter(|section| section.title.starts_with(begins));
    found
        .flat_map(|section| &section.items)
        .map(|item| {
            (
                item.label.as_deref().unwrap_or_default(),
                item.text.as_str(),
            )
        })
        .collect()
}

#[test]
fn addresses_are_those_that_the_api_says() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    let mut seen = 0;
    for pod in items(&files, "pods") {
        if pod["spec"]["hostNetwork"] == true || pod["status"]["phase"] != "Running" {
            continue;
        }
        for own in pod["status"]["podIPs"].as_array().unwrap() {
            let article = ip::explain(&cluster, own["ip"].as_str().unwrap().parse().unwrap());
            assert_eq!(article.facts["pod"], name_of(&pod));
            assert_eq!(article.facts["node"], pod["spec"]["nodeName"]);
            is_fit(&article);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} pods");
    for service in items(&files, "services") {
        let own = service["spec"]["clusterIPs"]
            .as_array()
            .into_iter()
            .flatten();
        for own in own.filter(|own| **own != "None") {
            let article = ip::explain(&cluster, own.as_str().unwrap().parse().unwrap());
            assert_eq!(article.facts["service"], name_of(&service));
            assert_eq!(article.facts["service_address"], "cluster IP");
            is_fit(&article);
        }
    }
    for node in items(&files, "nodes") {
        let public = &node["metadata"]["annotations"]["flannel.alpha.coreos.com/public-ip"];
        let article = ip::explain(&cluster, public.as_str().unwrap().parse().unwrap());
        assert_eq!(article.facts["vtep_of"], node["metadata"]["name"]);
        let cidr: ipnet::IpNet = node["spec"]["podCIDR"].as_str().unwrap().parse().unwrap();
        // Its last host is no pod's here.
        let last = cidr.hosts().last().unwrap();
        let article = ip::explain(&cluster, last);
        assert_eq!(article.facts["pod_cidr_of"], node["metadata"]["name"]);
    }
    let outside = ip::explain(&cluster, IpAddr::from([8, 8, 8, 8]));
    assert!(outside.facts.is_empty());
    for strange in [
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "::",
        "::1",
        "fe80::1",
        "ff02::1",
    ] {
        is_fit(&ip::explain(&cluster, strange.parse().unwrap()));
    }
}

#[test]
fn tunnels_are_set_as_their_links_say_and_fit_together() {
    for mode in MODES {
        let files = fixture(mode);
        let cluster = load(&files);
        for node in NODES {
            let links = json(&files, &format!("nodes/{node}/host/links.json"));
            let links = links.as_array().unwrap();
            let link = links
                .iter()
                .find(|link| link["ifname"] == "flannel.1")
                .unwrap();
            let host = cluster.host(node).unwrap();
            let article = device::explain(&cluster, host, "flannel.1").unwrap();
            assert_eq!(article.facts["mtu"], link["mtu"]);
            assert_eq!(article.facts["mac"], link["address"]);
            assert_eq!(article.facts["vni"], link["linkinfo"]["info_data"]["id"]);
            assert_eq!(article.facts["port"], link["linkinfo"]["info_data"]["port"]);
            // The API's objects of the IPVS set are copies of another's: its devices were announced with other addresses.
            let (copied, rest): (Vec<_>, Vec<_>) = article
                .odd
                .iter()
                .partition(|odd| odd.starts_with("flannel announced"));
            assert_eq!(copied.len(), if mode == "ipvs-rr-vxlan" { 2 } else { 0 });
            assert!(rest.is_empty(), "{mode} {node} {rest:?}");
            let far = section(&article, "Its far ends");
            let others: BTreeSet<&str> = NODES.into_iter().filter(|other| *other != node).collect();
            assert_eq!(
                far.iter().map(|(label, _)| *label).collect::<BTreeSet<_>>(),
                others
            );
        }
    }
}

/// What `04-...` to `34-...` broke of node's tunnels, by the ground truth's own words: `C08` is a neighbour that was
/// renewed beside a forwarding entry that was not.
#[test]
fn a_tunnel_whose_entries_do_not_fit_is_odd() {
    let files = bundle_support::captured::files(&bundle_support::captured::archive(
        "faults/13-C08-neigh-new-fdb-old-master",
    ));
    let cluster = load(&files);
    let article = device::explain(&cluster, cluster.host("master").unwrap(), "flannel.1").unwrap();
    assert_eq!(article.odd.len(), 1, "{:?}", article.odd);
    assert!(article.odd[0].starts_with("no forwarding entry for ee:ee:0a:2a:02:0e of node2"));
    let healthy = device::explain(&cluster, cluster.host("node1").unwrap(), "flannel.1").unwrap();
    assert_eq!(healthy.facts["vni"], 1);
}

#[test]
fn every_device_is_explained() {
    for mode in MODES {
        let cluster = load(&fixture(mode));
        let mut seen = 0;
        for (id, netns) in cluster.all_netns() {
            for link in netns.links.as_ref().unwrap() {
                let article = device::explain(&cluster, id, &link.name).unwrap();
                let odd = article
                    .odd
                    .iter()
                    .filter(|odd| !odd.starts_with("flannel announced"));
                assert_eq!(odd.count(), 0, "{} {:?}", link.name, article.odd);
                is_fit(&article);
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen} devices");
    }
}

/// A veth's other end is in the pod whose namespace has the device of that index.
#[test]
fn ports_of_bridges_lead_to_pods() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    for node in NODES {
        let links = json(&files, &format!("nodes/{node}/host/links.json"));
        let ports = links.as_array().unwrap().iter();
        let ports = ports.filter(|link| link["master"] == "cni0").count();
        let article = device::explain(&cluster, cluster.host(node).unwrap(), "cni0").unwrap();
        let shown = section(&article, "Its ports");
        assert_eq!(shown.len(), ports);
        let pods = files.keys().filter(|path| {
            path.starts_with(&format!("nodes/{node}/pods/")) && path.ends_with("/links.json")
        });
        let named: BTreeSet<&str> = shown.iter().map(|(_, text)| *text).collect();
        for path in pods {
            let pod = path.split('/').nth(3).unwrap().replacen('_', "/", 1);
            let expected = format!("eth0 of pod {pod} on {node}");
            assert!(named.contains(expected.as_str()), "{expected}: {named:?}");
        }
    }
}

#[test]
fn hardware_addresses_are_those_that_flannel_announced() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    for node in items(&files, "nodes") {
        let name = node["metadata"]["name"].as_str().unwrap();
        let data = &node["metadata"]["annotations"]["flannel.alpha.coreos.com/backend-data"];
        let data: Value = serde_json::from_str(data.as_str().unwrap()).unwrap();
        let article = mac::explain(&cluster, data["VtepMAC"].as_str().unwrap().parse().unwrap());
        assert_eq!(article.facts["vtep_of"], name);
        assert_eq!(article.facts["node"], name);
        assert_eq!(article.facts["device"], "flannel.1");
        assert_eq!(article.odd, Vec::<String>::new());
        // The other two nodes know it, as neighbour and as forwarding entry.
        assert_eq!(section(&article, "Whose it is").len(), 2);
        assert_eq!(section(&article, "Where frames").len(), 2);
        is_fit(&article);
    }
}

#[test]
fn routes_lead_to_pods_by_their_node() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    for pod in items(&files, "pods") {
        if pod["spec"]["hostNetwork"] == true || pod["status"]["phase"] != "Running" {
            continue;
        }
        let to: IpAddr = pod["status"]["podIP"].as_str().unwrap().parse().unwrap();
        for node in NODES {
            let host = cluster.host(node).unwrap();
            let article = route::explain(&cluster, &[host], to);
            let lines = section(&article, "From");
            let device = match pod["spec"]["nodeName"] == node {
                true => "on the link of cni0",
                false => "on flannel.1",
            };
            assert!(lines[0].1.contains(device), "{node} to {to}: {lines:?}");
            is_fit(&article);
        }
    }
}

/// Lines of `conntrack -L` to an address and port, the second of each pair being the answers'.
fn tracked(files: &Files, node: &str, to: &str, port: u64) -> usize {
    let lines = text(files, &format!("nodes/{node}/host/conntrack.txt"));
    let lines = lines.lines().filter(|line| {
        let first = |key: &str| {
            line.split(' ')
                .find_map(|word| word.strip_prefix(key))
                .unwrap_or_default()
                .to_owned()
        };
        first("dst=") == to && first("dport=") == port.to_string()
    });
    lines.count()
}

#[test]
fn services_are_held_whole_in_every_mode() {
    for mode in MODES {
        let files = fixture(mode);
        let cluster = load(&files);
        let mut seen = 0;
        for object in items(&files, "services") {
            let name = name_of(&object);
            let services = cluster.objects.services.iter();
            let mut its = services.filter(|one| format!("{}/{}", one.namespace, one.name) == name);
            let found = its.next().unwrap();
            for node in NODES {
                let host = cluster.host(node).unwrap();
                let (article, wishes) = service::explain(&cluster, host, found);
                assert!(wishes.is_empty());
                assert_eq!(article.odd, Vec::<String>::new(), "{mode} {name} on {node}");
                let expected = mode.split('-').next().unwrap();
                assert_eq!(article.facts["mode"], expected);
                is_fit(&article);
                seen += 1;
                let ports = object["spec"]["ports"].as_array();
                let (Some([port]), Some(own)) = (
                    ports.map(Vec::as_slice),
                    object["spec"]["clusterIP"].as_str(),
                ) else {
                    continue;
                };
                // Services with other addresses and NodePorts have connections by these too.
                if own == "None"
                    || object["spec"]["type"] != "ClusterIP"
                    || object["spec"]["externalIPs"].is_array()
                {
                    continue;
                }
                let lines = section(&article, "Connections tracked");
                let counted: usize = lines
                    .iter()
                    .map(|(_, text)| text.split(' ').next().unwrap().parse::<usize>().unwrap())
                    .sum();
                let v6 = object["spec"]["clusterIPs"].as_array().unwrap().len() > 1;
                let expected = tracked(&files, node, own, port["port"].as_u64().unwrap());
                assert!(
                    v6 || counted == expected,
                    "{mode} {name} on {node}: {counted}, {expected}"
                );
            }
        }
        assert!(seen > 60, "{seen} Services");
    }
}

#[test]
fn node_ports_are_their_services() {
    for mode in MODES {
        let files = fixture(mode);
        let cluster = load(&files);
        let mut seen = 0;
        for object in items(&files, "services") {
            for port in object["spec"]["ports"].as_array().into_iter().flatten() {
                let Some(number) = port["nodePort"].as_u64() else {
                    continue;
                };
                let protocol: Protocol =
                    port["protocol"].as_str().unwrap_or("TCP").parse().unwrap();
                let article = node_port::explain(&cluster, number as u16, Some(protocol));
                assert_eq!(article.facts["service"], name_of(&object), "{mode}");
                assert_eq!(article.facts["service_port"], port["port"]);
                is_fit(&article);
                seen += 1;
            }
        }
        assert!(seen > 5, "{seen} NodePorts");
        let nothing = node_port::explain(&cluster, 1, None);
        assert!(!nothing.facts.contains_key("service"));
    }
}

#[test]
fn sets_have_the_elements_that_ipset_saved() {
    let files = fixture("ipvs-rr-vxlan");
    let cluster = load(&files);
    let saved = text(&files, "nodes/node1/host/ipset.txt");
    let host = cluster.host("node1").unwrap();
    let mut seen = 0;
    for name in saved
        .lines()
        .filter_map(|line| line.strip_prefix("create "))
    {
        let name = name.split(' ').next().unwrap();
        let added = format!("add {name} ");
        let expected = saved
            .lines()
            .filter(|line| line.starts_with(&added))
            .count();
        let article = ipset::explain(&cluster, host, name).unwrap();
        assert_eq!(article.facts["elements"], expected, "{name}");
        assert!(
            article.summary[0].contains("by kube-proxy in IPVS mode"),
            "{name}"
        );
        // Rules that name it in the dumps of either family.
        let rules: usize = ["iptables-save.txt", "ip6tables-save.txt"]
            .iter()
            .map(|file| {
                let dump = text(&files, &format!("nodes/node1/host/{file}"));
                let word = format!("--match-set {name} ");
                dump.lines().filter(|line| line.contains(&word)).count()
            })
            .sum();
        assert_eq!(section(&article, "Rules that look").len(), rules, "{name}");
        is_fit(&article);
        seen += 1;
    }
    assert!(seen > 15, "{seen} sets");
}

#[test]
fn virtual_servers_are_those_that_ipvsadm_saved() {
    let files = fixture("ipvs-rr-vxlan");
    let cluster = load(&files);
    let saved = text(&files, "nodes/node1/host/ipvs.txt");
    let host = cluster.host("node1").unwrap();
    let mut seen = 0;
    for line in saved.lines().filter(|line| line.starts_with("-A ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let protocol = match words[1] {
            "-t" => Protocol::Tcp,
            "-u" => Protocol::Udp,
            _ => Protocol::Sctp,
        };
        let address: SocketAddr = words[2].parse().unwrap();
        let found = virtual_server::at(&cluster, address, Some(protocol));
        let (netns, server) = found.iter().find(|(netns, _)| *netns == host).unwrap();
        let article = virtual_server::explain(&cluster, *netns, server);
        let real = format!("-a {} {} ", words[1], words[2]);
        let expected = saved.lines().filter(|line| line.starts_with(&real)).count();
        assert_eq!(section(&article, "Its servers").len(), expected);
        assert!(article.facts.contains_key("service"), "{line}");
        // A Service without endpoints has no server, which is worth a word and no more.
        assert_eq!(
            article.odd.len(),
            usize::from(expected == 0),
            "{line} {:?}",
            article.odd
        );
        is_fit(&article);
        seen += 1;
    }
    assert!(seen > 50, "{seen} virtual servers");
}

#[test]
fn rules_are_found_by_number_and_by_line() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    let dump = text(&files, "nodes/node1/host/iptables-save.txt");
    let scope = Scope {
        node: Some("node1".to_owned()),
        family: Some(Family::V4),
        ..Scope::default()
    };
    let sites = find::sites(&cluster, &scope);
    let mut table = "";
    let mut last = ("", 0);
    let mut seen = 0;
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table = name;
            last = ("", 0);
        }
        let Some((_, line)) = line
            .split_once("] ")
            .filter(|(_, line)| line.starts_with("-A"))
        else {
            continue;
        };
        let chain = line.split(' ').nth(1).unwrap();
        last = match last {
            (known, number) if known == chain => (chain, number + 1),
            _ => (chain, 1),
        };
        let its: Vec<_> = sites
            .iter()
            .filter(|site| site.home.name() == table)
            .copied()
            .collect();
        let (site, number) = rule::with_line(&its, line).unwrap();
        assert_eq!((site.chain, number), last, "{line}");
        let article = rule::numbered(&cluster, &site, number).unwrap();
        assert_eq!(article.facts["chain"], chain);
        is_fit(&article);
        seen += 1;
    }
    assert!(seen > 150, "{seen} rules");
    let last = sites.first().unwrap();
    assert!(rule::numbered(&cluster, last, 9999).is_none());
    assert!(rule::numbered(&cluster, last, 0).is_none());
}

/// Whatever is typed as a rule is explained or refused in a sentence.
#[test]
fn rules_alone_are_read_as_they_are_typed() {
    let article = rule::alone(
        "iptables -t nat -I POSTROUTING -s 10.0.0.0/8 -j MASQUERADE",
        Family::V4,
    )
    .unwrap();
    assert_eq!(article.facts["table"], "nat");
    let lines = section(&article, "What it does");
    assert_eq!(lines[0], ("packets", "from 10.0.0.0/8"));
    for typed in [
        "",
        "-A",
        "-A ",
        "drop everything",
        "-t moon -A X -j ACCEPT",
        "\u{1b}[31m-A X",
    ] {
        match rule::alone(typed, Family::V4) {
            Ok(article) => is_fit(&article),
            Err(why) => assert!(!why.is_empty()),
        }
    }
}

#[test]
fn marks_are_found_in_the_rules_that_name_them() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    let article = mark::explain(&cluster, 0x4000);
    let (mut set, mut asked) = (0, 0);
    for node in NODES {
        for file in ["iptables-save.txt", "ip6tables-save.txt"] {
            let dump = text(&files, &format!("nodes/{node}/host/{file}"));
            set += dump
                .lines()
                .filter(|line| line.contains("--set-xmark 0x4000/"))
                .count();
            asked += dump
                .lines()
                .filter(|line| line.contains("--mark 0x4000/0x4000"))
                .count();
        }
    }
    assert!(set > 0 && asked > 0);
    assert_eq!(section(&article, "Rules that set").len(), set);
    assert_eq!(section(&article, "Rules that ask").len(), asked);
    is_fit(&article);
    // POSTROUTING's test of 0 bits has to do with no other mark.
    assert!(section(&mark::explain(&cluster, 0x1), "Rules that").is_empty());
}

/// The ground truth of that cluster: half of the connections time out, as master's entry for node2 is out of date.
#[test]
fn where_packets_stop_is_told_by_the_program() {
    let kubenet = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text)
    };
    let bundle = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/clusters/faults/13-C08-neigh-new-fdb-old-master.tar.zst"
    );
    let asked = [
        "--bundle",
        bundle,
        "explain",
        "drop",
        "client-m",
        "nginx-test",
        "-o",
        "json",
    ];
    let (status, out) = kubenet(&asked);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (status, &document["schema"]),
        (0, &Value::from("kubenet.explain/v1"))
    );
    assert!((document["facts"]["lost"].as_f64().unwrap() - 0.5).abs() < 1e-6);
    assert_eq!(
        document["sections"][0]["items"][0]["text"],
        "master, flannel.1"
    );
    // Options stand behind the rule as well as before it.
    for asked in [
        vec![
            "--demo",
            "explain",
            "rule",
            "nat",
            "KUBE-SERVICES",
            "4",
            "-o",
            "json",
        ],
        vec!["--demo", "-o", "json", "explain", "rule", "-A X -j DROP"],
        vec!["--demo", "explain", "rule", "-A X -j DROP", "-o", "json"],
    ] {
        let (status, out) = kubenet(&asked);
        let document: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((status, &document["thing"]), (0, &Value::from("rule")));
    }
    let (status, out) = kubenet(&[
        "--demo",
        "explain",
        "drop",
        "client",
        "nginx-test",
        "-o",
        "json",
    ]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (status, document["facts"]["lost"].to_string().as_str()),
        (0, "0.0")
    );
}

/// What kube-proxy's IPVS mode would hold is what it does hold, by `ipvsadm -Sn`.
#[test]
fn modes_are_counted_as_kube_proxy_fills_them() {
    let files = fixture("ipvs-rr-vxlan");
    let cluster = load(&files);
    for node in NODES {
        let article = modes::explain(&cluster, cluster.host(node).unwrap());
        assert_eq!(article.facts["mode"], "ipvs");
        let saved = text(&files, &format!("nodes/{node}/host/ipvs.txt"));
        let count = |begins: &str| {
            let lines = saved.lines().filter(|line| line.starts_with(begins));
            lines.filter(|line| !line.contains('[')).count()
        };
        assert_eq!(article.facts["virtual_servers"], count("-A "), "{node}");
        assert_eq!(article.facts["real_servers"], count("-a "), "{node}");
        is_fit(&article);
    }
    for mode in ["iptables-nft-vxlan", "nftables-vxlan"] {
        let cluster = load(&fixture(mode));
        let article = modes::explain(&cluster, cluster.host("node1").unwrap());
        assert_eq!(article.facts["mode"], mode.split('-').next().unwrap());
        is_fit(&article);
    }
}

/// The three nodes have 192.168.205.3 to .5, each with a prefix of 24 bits; then one of them with 32.
#[test]
fn nodes_share_a_link_when_their_prefixes_say_so() {
    let mut files = fixture("iptables-nft-vxlan");
    let article = backends::explain(&load(&files));
    assert_eq!(article.facts["announced"], "vxlan");
    assert_eq!(article.facts["host_gw_possible"], true);
    assert_eq!(section(&article, "What is in use").len(), NODES.len());
    is_fit(&article);
    let path = "nodes/node1/host/addrs.json";
    let mut addresses = json(&files, path);
    for link in addresses.as_array_mut().unwrap() {
        for address in link["addr_info"].as_array_mut().unwrap() {
            if address["local"] == "192.168.205.3" {
                address["prefixlen"] = 32.into();
            }
        }
    }
    files.insert(path.to_owned(), serde_json::to_vec(&addresses).unwrap());
    let article = backends::explain(&load(&files));
    assert_eq!(article.facts["host_gw_possible"], false);
}

/// Whoever chose a name cannot write to the reader's terminal with it.
#[test]
fn control_characters_are_shown_harmless() {
    let mut files = fixture("iptables-nft-vxlan");
    let path = "k8s/pods.json";
    let changed = text(&files, path).replace("\"nginx-test-1\"", "\"x\\u001b[31mred\"");
    files.insert(path.to_owned(), changed.into_bytes());
    let cluster: Cluster = load(&files);
    let article = ip::explain(&cluster, IpAddr::from([10, 42, 1, 6]));
    assert!(article.facts["pod"].as_str().unwrap().contains('\u{1b}'));
    is_fit(&article);
}
