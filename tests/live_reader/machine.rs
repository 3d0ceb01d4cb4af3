//! A machine as a whole: its namespaces and their names.

use std::collections::BTreeSet;

use kubenet::collect::live::Machine;
use kubenet::model::{NetnsName, Objects, Pod};
use serde_json::Value;

use super::scene::node;
use super::support::{allowed, run, text};

#[test]
fn a_machine_is_its_host_and_its_named_namespaces() {
    if !allowed() {
        return;
    }
    let made = node();
    let machine = Machine::survey(&Default::default()).unwrap();
    let node = &machine.cluster().nodes[0];
    assert_eq!(node.name, run("hostname", &[]).trim());
    assert_eq!(node.netns[0].name, NetnsName::Host);
    let own: BTreeSet<String> = node.netns[0]
        .links
        .iter()
        .flatten()
        .map(|link| link.name.clone())
        .collect();
    let printed: Value = serde_json::from_str(&run("ip", &["-j", "link"])).unwrap();
    let printed: BTreeSet<String> = printed
        .as_array()
        .unwrap()
        .iter()
        .map(|link| text(link, "ifname").unwrap().to_owned())
        .collect();
    assert_eq!(own, printed);
    let pod = node
        .netns
        .iter()
        .find(|netns| netns.name == NetnsName::Named(made.name(1).to_owned()))
        .unwrap();
    assert!(pod.has_address("10.42.0.5".parse().unwrap()));
    // The survey is cheap: the rest is read when asked for.
    assert!(pod.routes4.is_none() && pod.iptables.is_empty());
}

#[test]
fn namespaces_of_pods_are_named_by_their_addresses() {
    if !allowed() {
        return;
    }
    let made = node();
    let namespaces = vec![
        (NetnsName::Host, made.path(0)),
        (NetnsName::Named("cni-1".to_owned()), made.path(1)),
    ];
    let mut machine =
        Machine::of_namespaces(&[("node1".to_owned(), namespaces)], Objects::default());
    let pod = |name: &str, ip: &str, host_network| Pod {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        node: Some("node1".to_owned()),
        ips: vec![ip.parse().unwrap()],
        host_network,
        ..Pod::default()
    };
    let pods = vec![
        pod("proxy", "192.168.7.1", true),
        pod("web", "10.42.0.5", false),
        pod("gone", "10.42.0.6", false),
    ];
    machine.take_objects(Objects {
        pods,
        ..Objects::default()
    });
    let names: Vec<String> = machine.cluster().nodes[0]
        .netns
        .iter()
        .map(|netns| netns.name.to_string())
        .collect();
    assert_eq!(names, ["host", "pod:default/web"]);
    let host = machine.cluster().host("node1").unwrap();
    machine.complete(&[host]);
    let peers = &machine.cluster().netns(host).peers_by_nsid;
    assert_eq!(peers.len(), 1);
    assert_eq!(peers[0].1.to_string(), "pod:default/web");
}
