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

#[test]
fn nothing_is_wrong_with_healthy_clusters() {
    let cluster = bundle::load(&[archive("iptables-nft-vxlan")]).unwrap();
    let reports = reports(&cluster);
    let served = cluster
        .objects
        .services
        .iter()
        .filter(|service| is_served(service));
    let ports: usize = served
        .map(|service| service.ports.len() * families(service).count())
        .sum();
    assert!(reports.len() >= 3 * ports && ports > 25, "{ports} ports");
    for report in reports {
        assert_eq!(report.findings, [], "nothing is wrong");
        assert_eq!(report.skipped, [], "everything is judged");
        assert!(report.wishes.is_empty(), "everything was read");
    }
}

/// Other modes are not judged by the rules of this one.
#[test]
fn other_modes_are_left_alone() {
    for name in ["ipvs-rr-vxlan", "nftables-vxlan"] {
        let cluster = bundle::load(&[archive(name)]).unwrap();
        for report in reports(&cluster) {
            assert_eq!(report.findings, [], "{name}");
        }
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
#[test]
fn nothing_is_found_in_what_was_not_read() {
    const RULES: &str = "nodes/node1/host/iptables-save.txt";
    let whole = fixture("iptables-nft-vxlan");
    let mut damaged: Vec<(String, Files)> = Vec::new();
    let mut with = |what: String, path: &str, bytes: Option<Vec<u8>>| {
        let mut files = whole.clone();
        match bytes {
            Some(bytes) => drop(files.insert(path.to_owned(), bytes)),
            None => drop(files.remove(path)),
        }
        damaged.push((what, files));
    };
    let rules = &whole[RULES];
    for part in 0..20 {
        let at = rules.len() * part / 20;
        with(
            format!("rules cut at {at}"),
            RULES,
            Some(rules[..at].to_vec()),
        );
    }
    let lines: Vec<&[u8]> = rules.split(|byte| *byte == b'\n').collect();
    for at in (0..lines.len())
        .step_by(19)
        .filter(|at| lines[*at].starts_with(b"["))
    {
        let mut lines = lines.clone();
        lines[at] = b"%garbage%";
        with(
            format!("line {} garbled", at + 1),
            RULES,
            Some(lines.join(&b'\n')),
        );
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
    with("no rules at all".to_owned(), RULES, None);
    assert!(damaged.len() > 50);
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
    let mut files = fixture("iptables-nft-vxlan");
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
            "{found:#?}"
        );
    }
    assert!(
        found.iter().all(|one| one.contains("nginx-test")),
        "{found:#?}"
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
