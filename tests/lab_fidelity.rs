//! A lab built from the objects of a real cluster, held against that cluster: links, addresses, routes, neighbours, fdb entries
//! and settings in every namespace; and the kernel's rules against what was written for them.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::{BTreeMap, BTreeSet};

use kubenet::lab::{demo, node_rules};
use kubenet::model::Family;
use lab_support::bench::{Lab, Scratch, turn};
use lab_support::fixture::Fixture;
use lab_support::save::chains_of;
use lab_support::shape;

/// Settings in which the lab need not be the real cluster.
fn may_differ(setting: &str) -> bool {
    [
        // How many connections there are just now.
        "net.netfilter.nf_conntrack_count ",
        // These follow from the machine's memory.
        "net.netfilter.nf_conntrack_max ",
        "net.netfilter.nf_conntrack_buckets ",
        "net.netfilter.nf_conntrack_expect_max ",
        "net.netfilter.nf_conntrack_frag6_high_thresh ",
        "net.netfilter.nf_conntrack_frag6_low_thresh ",
        // The lab waits for no address to be proved free.
        ".accept_dad ",
    ]
    .iter()
    .any(|key| setting.contains(key))
}

#[test]
fn every_namespace_is_as_in_the_real_cluster() {
    let Some(_turn) = turn() else { return };
    let real = Fixture::read("iptables-nft-vxlan");
    let scratch = Scratch::new("fidelity-spec");
    let spec = scratch.write("spec.json", &serde_json::to_string(&real.spec()).unwrap());
    let lab = Lab::up("fidelity", &["--spec", spec.to_str().unwrap()]);
    let capture = lab.capture();
    let ours = Fixture::read_directory(&capture.path);

    let real = shape::of(&real);
    let mut ours = shape::of(&ours);
    shape::known_to(&mut ours, &real);
    assert_eq!(
        ours.keys()
            .filter(|name| !name.contains("/pods/"))
            .collect::<Vec<_>>(),
        real.keys()
            .filter(|name| !name.contains("/pods/"))
            .collect::<Vec<_>>()
    );
    let mut compared = BTreeMap::new();
    for (file, rows) in &real {
        let kind = file.rsplit('/').next().unwrap();
        *compared.entry(kind).or_insert(0) += rows.len();
        if kind == "sysctl.txt" {
            // The capture reads more settings than the real cluster's did.
            let mine: BTreeSet<_> = ours[file].iter().collect();
            for row in rows.iter().filter(|row| !may_differ(row)) {
                assert!(
                    mine.contains(row),
                    "{file}: only the real cluster has {row}"
                );
            }
        } else {
            assert_eq!(&ours[file], rows, "{file}");
        }
    }
    // Thirty-one namespaces; none of these tables was empty by mistake.
    let counts = [
        "links",
        "bridge-links",
        "addrs",
        "routes4",
        "routes6",
        "neigh",
        "fdb",
    ]
    .map(|kind| compared[format!("{kind}.json").as_str()]);
    assert_eq!(counts, [99, 28, 136, 507, 244, 12, 43]);
}

#[test]
fn the_kernel_holds_the_rules_that_were_written() {
    let Some(_turn) = turn() else { return };
    for (backend, infix) in [("nft", ""), ("legacy", "-legacy")] {
        let lab = Lab::up("rules", &["--iptables", backend, "--ip-family", "dual"]);
        let capture = lab.capture();
        let ours = Fixture::read_directory(&capture.path);
        let spec = lab.state().spec;
        for node in spec.nodes().unwrap() {
            for (family, tool) in [(Family::V4, "iptables"), (Family::V6, "ip6tables")] {
                let name = node.name();
                let kernel = ours.text(&format!("nodes/{name}/host/{tool}{infix}-save.txt"));
                let nfacct = kernel.contains("nfacct");
                let written = node_rules::of(&spec, &node, family, nfacct).unwrap();
                assert_eq!(
                    chains_of(&kernel),
                    chains_of(&written.to_restore()),
                    "{backend} {name} {family}"
                );
            }
        }
    }
}

#[test]
fn the_default_lab_is_the_documented_one() {
    let spec = demo::spec(&demo::Choice::default());
    let nodes: Vec<_> = spec
        .nodes()
        .unwrap()
        .iter()
        .map(|node| {
            let stack = node.stack(Family::V4).unwrap();
            format!("{} {} {}", node.name(), stack.address, stack.pod_cidr)
        })
        .collect();
    assert_eq!(
        nodes,
        [
            "master 192.168.205.4 10.42.0.0/24",
            "node1 192.168.205.3 10.42.1.0/24",
            "node2 192.168.205.5 10.42.2.0/24"
        ]
    );
    let pods = spec.pods().unwrap();
    let client = pods.iter().find(|pod| pod.object.name == "client").unwrap();
    assert_eq!(
        (client.node, client.object.ips[0].to_string()),
        ("master", "10.42.0.65".to_owned())
    );
    let slice = spec
        .objects
        .endpoint_slices
        .iter()
        .find(|slice| slice.service == "nginx-test")
        .unwrap();
    let endpoints: Vec<_> = slice
        .endpoints
        .iter()
        .map(|endpoint| endpoint.addresses[0].to_string())
        .collect();
    assert_eq!(endpoints, ["10.42.1.6", "10.42.2.6"]);
    let service = spec
        .objects
        .services
        .iter()
        .find(|service| service.name == "nginx-test")
        .unwrap();
    assert_eq!(
        (service.cluster_ips[0].to_string(), service.ports[0].port),
        ("10.43.6.58".to_owned(), 80)
    );
    assert_eq!((spec.vni, spec.vxlan_port), (1, 8472));
}
