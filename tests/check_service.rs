//! What the API says beside what the kernel holds: on clusters as the real kube-proxy left them nothing is found, and
//! where one was broken on purpose, that is found and nothing else.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeSet;

use bundle_support::captured::archive;
use bundle_support::{Files, fixture};
use kubenet::check::{self, Report};
use kubenet::collect::bundle;
use kubenet::model::kube_proxy::is_served;
use kubenet::model::{Cluster, Family, NetnsName, Service};
use rstest::rstest;
use serde_json::{Value, json};

/// Every report on every port of every Service from every node in both families, and how many there were.
fn reports(cluster: &Cluster) -> Vec<Report> {
    let hosts = cluster.all_netns();
    let hosts = hosts.filter(|(_, netns)| netns.name == NetnsName::Host);
    hosts
        .flat_map(|(host, _)| {
            let services = cluster.objects.services.iter();
            services.flat_map(move |service| {
                let asked = service
                    .ports
                    .iter()
                    .flat_map(|port| families(service).map(move |family| (port, family)));
                asked.map(move |(port, family)| {
                    check::service::on_node(cluster, host, service, port, family)
                })
            })
        })
        .collect()
}

fn families(service: &Service) -> impl Iterator<Item = Family> {
    let of: BTreeSet<Family> = service
        .cluster_ips
        .iter()
        .map(|ip| Family::of(*ip))
        .collect();
    of.into_iter()
}

/// `ID on NODE: TITLE` of everything that is found.
fn found(cluster: &Cluster) -> BTreeSet<String> {
    let findings = reports(cluster)
        .into_iter()
        .flat_map(|report| report.findings);
    findings
        .map(|finding| {
            let node = finding.place.node.unwrap_or_default();
            format!("{} on {node}: {}", finding.id, finding.title)
        })
        .collect()
}

/// In each of kube-proxy's modes.
#[rstest]
#[case::iptables("iptables-nft-vxlan", 25)]
#[case::nftables("nftables-vxlan", 25)]
#[case::ipvs("ipvs-rr-vxlan", 20)]
fn nothing_is_wrong_with_healthy_clusters(#[case] name: &str, #[case] least: usize) {
    let cluster = bundle::load(&[archive(name)]).unwrap();
    let reports = reports(&cluster);
    let served = cluster
        .objects
        .services
        .iter()
        .filter(|service| is_served(service));
    let ports: usize = served
        .map(|service| service.ports.len() * families(service).count())
        .sum();
    assert!(reports.len() >= 3 * ports && ports > least, "{ports} ports");
    for report in reports {
        assert_eq!(report.findings, [], "nothing is wrong");
        assert_eq!(report.skipped, [], "everything is judged");
        assert!(report.wishes.is_empty(), "everything was read");
    }
}

/// Clusters in which the real programs ran and one thing was broken; all but two have rules as they should be.
#[test]
fn faults_are_named() {
    for (name, expected) in [
        ("04-00-asymmetric-route-no-rp-filter", &[][..]),
        ("05-A04-bridge-nf-call-0-node1", &[]),
        ("13-C08-neigh-new-fdb-old-master", &[]),
        ("20-C12-udp-port-mismatch-node2", &[]),
        (
            "28-F03-stale-sep-dead-pod-node1",
            &["endpoint-missing on node1", "endpoint-stale on node1"],
        ),
        ("34-F16-stale-udp-conntrack-node1", &[]),
        ("45-B11-legacy-drop-node1", &[]),
        (
            "49-F01-kube-services-jumps-gone-node1",
            &["kube-services-unreached on node1"],
        ),
    ] {
        let cluster = bundle::load(&[archive(&format!("faults/{name}"))]).unwrap();
        let found = found(&cluster);
        let ids: BTreeSet<&str> = found
            .iter()
            .filter_map(|one| Some(one.split_once(": ")?.0))
            .collect();
        assert_eq!(
            ids,
            BTreeSet::from_iter(expected.iter().copied()),
            "{name}: {found:#?}"
        );
    }
}

/// What was not read is no difference: dumps that break off anywhere, lines that make no sense, files that are missing.
#[rstest]
#[case::iptables("iptables-nft-vxlan", &["iptables-save.txt"])]
#[case::nftables("nftables-vxlan", &["nft.json"])]
#[case::ipvs("ipvs-rr-vxlan", &["ipvs.txt", "ipset.txt"])]
fn nothing_is_found_in_what_was_not_read(#[case] cluster: &str, #[case] dumps: &[&str]) {
    let whole = fixture(cluster);
    let mut damaged: Vec<(String, Files)> = Vec::new();
    let mut with = |what: String, path: &str, bytes: Option<Vec<u8>>| {
        let mut files = whole.clone();
        match bytes {
            Some(bytes) => drop(files.insert(path.to_owned(), bytes)),
            None => drop(files.remove(path)),
        }
        damaged.push((what, files));
    };
    for dump in dumps {
        let path = format!("nodes/node1/host/{dump}");
        let rules = &whole[&path];
        for part in 0..20 {
            // Of a list of lines that breaks off between two, nobody can know.
            let between = |at: &usize| rules[..*at].ends_with(b"\n");
            let mut ends = rules.len() * part / 20..rules.len();
            let at = ends.find(|at| !between(at)).unwrap();
            let cut = Some(rules[..at].to_vec());
            with(format!("{dump} cut at {at}"), &path, cut);
        }
        let lines: Vec<&[u8]> = rules.split(|byte| *byte == b'\n').collect();
        for at in (0..lines.len()).step_by(1 + lines.len() / 20) {
            let mut lines = lines.clone();
            lines[at] = b"%garbage%";
            let line = format!("{dump} line {} garbled", at + 1);
            with(line, &path, Some(lines.join(&b'\n')));
        }
        with(format!("no {dump}"), &path, None);
    }
    for kind in ["services", "endpointslices", "pods", "nodes"] {
        let path = format!("k8s/{kind}.json");
        with(format!("{path} missing"), &path, None);
        for part in 0..4 {
            let bytes = &whole[&path];
            let at = bytes.len() * part / 4;
            with(
                format!("{path} cut at {at}"),
                &path,
                Some(bytes[..at].to_vec()),
            );
        }
    }
    assert!(damaged.len() > 40, "{}", damaged.len());
    for (what, files) in damaged {
        assert_eq!(
            found(&bundle_support::load(&files)),
            BTreeSet::new(),
            "{what}"
        );
    }
}

/// What kube-proxy would have to do about a change of the API, which it has not done.
#[rstest]
#[case::not_ready("endpointslices", "/endpoints/0/conditions/ready", json!(false), &["endpoint-stale"])]
#[case::ended("endpointslices", "/endpoints", json!([]), &["endpoint-stale"])]
#[case::more("endpointslices", "/endpoints/0/addresses", json!(["10.42.9.9"]), &["endpoint-missing", "endpoint-stale"])]
#[case::port("endpointslices", "/ports/0/port", json!(8123), &["endpoint-port-wrong"])]
#[case::node_port("services", "/spec/ports/0/nodePort", json!(30999), &["node-port-missing"])]
#[case::cluster_ip("services", "/spec/clusterIPs", json!(["10.43.77.77"]), &["service-not-programmed", "service-rule-stale"])]
#[case::external_ip("services", "/spec/externalIPs", json!(["192.168.205.99"]), &["service-address-missing"])]
#[case::affinity("services", "/spec/sessionAffinity", json!("ClientIP"), &["affinity-differs"])]
#[case::another_proxy(
    "services", "/metadata/labels", json!({"service.kubernetes.io/service-proxy-name": "mine"}), &[]
)]
#[case::deleted("services", "/metadata/name", json!("nginx-test-renamed"), &["service-chain-foreign"])]
fn changes_of_the_api_are_missed_by_the_rules(
    #[case] kind: &str,
    #[case] field: &str,
    #[case] value: Value,
    #[case] expected: &[&str],
) {
    missed("iptables-nft-vxlan", (kind, field, value.clone()), expected);
    missed("nftables-vxlan", (kind, field, value.clone()), expected);
    // IPVS has no chains that a Service could be known by.
    let ipvs: Vec<&str> = expected
        .iter()
        .map(|id| match *id {
            "service-chain-foreign" => "endpoint-stale",
            other => other,
        })
        .filter(|id| *id != "service-rule-stale")
        .collect();
    missed("ipvs-rr-vxlan", (kind, field, value), &ipvs);
}

/// Makes a change of the Service nginx-test, and asks what is found of it in that cluster.
fn missed(cluster: &str, (kind, field, value): (&str, &str, Value), expected: &[&str]) {
    let mut files = fixture(cluster);
    let path = format!("k8s/{kind}.json");
    let mut list: Value = serde_json::from_slice(&files[&path]).unwrap();
    let items = list["items"].as_array_mut().unwrap();
    let of_nginx = |item: &&mut Value| {
        let metadata = &item["metadata"];
        metadata["name"] == "nginx-test"
            || metadata["labels"]["kubernetes.io/service-name"] == "nginx-test"
    };
    let object = items
        .iter_mut()
        .filter(of_nginx)
        .find(|item| item["addressType"] != "IPv6")
        .unwrap();
    let (parent, key) = field.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[key] = value;
    files.insert(path, serde_json::to_vec(&list).unwrap());

    let found = found(&bundle_support::load(&files));
    for node in ["master", "node1", "node2"] {
        let on = format!(" on {node}: ");
        let ids: BTreeSet<&str> = found
            .iter()
            .filter_map(|one| Some(one.split_once(&on)?.0))
            .collect();
        assert_eq!(
            ids,
            BTreeSet::from_iter(expected.iter().copied()),
            "{cluster}: {found:#?}"
        );
    }
    assert!(
        found.iter().all(|one| one.contains("nginx-test")),
        "{cluster}: {found:#?}"
    );
}

/// The registry: ids are stable, and each says what it means.
#[test]
fn every_check_has_a_name_of_its_own_and_says_what_it_means() {
    let mut ids = BTreeSet::new();
    for one in check::all() {
        assert!(ids.insert(one.id), "{} twice", one.id);
        assert!(one.docs.ends_with('.') && one.docs.len() > 60, "{}", one.id);
        assert!(!one.catalogue.is_empty(), "{}", one.id);
    }
    assert!(ids.contains("endpoint-stale"));
}
