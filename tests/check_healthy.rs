//! Where nothing is wrong, nothing is found: practice clusters in every mode of kube-proxy, with every backend of flannel
//! and every choice of address families, and Services with all that they can have. What could not be judged is named.
//!
//! Needs root; without it every test says so. That of IPVS runs in the virtual machine.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::BTreeMap;
use std::net::IpAddr;

use kubenet::check::{self, Verdict};
use kubenet::collect;
use kubenet::lab::demo::{self, Choice};
use kubenet::lab::kube_proxy_nftables::Layout;
use kubenet::lab::spec::{Backend, IptablesBackend, Proxy, Spec};
use kubenet::model::{Family, Service};
use lab_support::bench::{Lab, Scratch, has_ipvs, turn};
use rstest::rstest;

const BACKENDS: [Backend; 3] = [Backend::Vxlan, Backend::HostGw, Backend::DirectRouting];

/// Two nodes with few pods: what is asked is not how many there are.
fn spec(choice: &Choice) -> Spec {
    let mut spec = demo::spec(choice);
    let objects = &mut spec.objects;
    let asked = |name: &str| ["client", "nginx-test", "single", "three"].contains(&name);
    objects.pods.retain(|pod| {
        let mut of = ["client", "nginx-test", "single", "three"].into_iter();
        of.any(|name| pod.name.starts_with(name))
    });
    objects
        .services
        .retain(|service| asked(&service.name) || service.name == "kubernetes");
    objects
        .endpoint_slices
        .retain(|slice| asked(&slice.service) || slice.service == "kubernetes");
    for service in &mut objects.services {
        match service.name.as_str() {
            "nginx-test" => of_load_balancer(service, &choice.families),
            "single" => service.internal_local = true,
            "three" => service.affinity_seconds = Some(3600),
            _ => {}
        }
    }
    spec
}

/// With NodePorts, an external IP, a load balancer with source ranges, and a policy of Local.
fn of_load_balancer(service: &mut Service, families: &[Family]) {
    let address = |last: u16, family: &Family| -> IpAddr {
        match family {
            Family::V4 => format!("192.168.205.{last}").parse().unwrap(),
            Family::V6 => format!("fd00:205::{last}").parse().unwrap(),
        }
    };
    service.kind = "LoadBalancer".to_owned();
    service.external_local = true;
    for family in families {
        service.external_ips.push(address(230, family));
        service.load_balancer_ips.push(address(240, family));
        let ranges: &[&str] = match family {
            Family::V4 => &["192.168.205.0/24", "203.0.113.0/24"],
            Family::V6 => &["fd00:205::/64"],
        };
        let ranges = ranges
            .iter()
            .map(|range| range.parse::<ipnet::IpNet>().unwrap());
        service.source_ranges.extend(ranges);
    }
    for (port, number) in service.ports.iter_mut().zip(30080..) {
        port.node_port = Some(number);
    }
}

/// What is wrong with a healthy cluster, and what could not be judged, by reason.
fn judge(choice: &Choice) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
    let scratch = Scratch::new("healthy");
    let spec = scratch.write("spec.json", &serde_json::to_string(&spec(choice)).unwrap());
    let lab = Lab::up("healthy", &["--spec", spec.to_str().unwrap()]);
    let cluster = collect::lab::read_lab(Some(&lab.name)).unwrap();
    let report = check::everything(&cluster);
    let wrong: Vec<String> = report
        .findings
        .iter()
        .map(|one| format!("{} ({})", one.id, one.title))
        .collect();
    let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, verdict, _) in report.verdicts() {
        if let Verdict::Skipped(why) = verdict {
            open.entry(why.clone()).or_default().push(id.to_owned());
        }
    }
    (wrong, open)
}

fn nothing_is_found(proxy: &Proxy, iptables: IptablesBackend, families: &[Family]) {
    let mut wrong = Vec::new();
    let mut not_judged = BTreeMap::new();
    for backend in BACKENDS {
        let choice = Choice {
            backend,
            iptables,
            proxy: proxy.clone(),
            families: families.to_vec(),
            nodes: 2,
        };
        let (found, open) = judge(&choice);
        wrong.extend(found.into_iter().map(|one| format!("{backend:?}: {one}")));
        not_judged.extend(open);
    }
    for (why, ids) in not_judged {
        eprintln!("not judged, as {why}: {}", ids.join(", "));
        // The thresholds of the neighbour table are there in the first namespace alone.
        wrong.extend(
            ids.into_iter()
                .filter(|id| id != "neighbor-table-full")
                .map(|id| format!("{id} was not judged")),
        );
    }
    assert!(wrong.is_empty(), "{proxy:?} {iptables:?}: {wrong:#?}");
}

#[rstest]
fn nothing_is_found_in_healthy_clusters(
    #[values(
        (Proxy::Iptables, IptablesBackend::Nft),
        (Proxy::Iptables, IptablesBackend::Legacy),
        (Proxy::Nftables(Layout::V1_30), IptablesBackend::Nft),
        (Proxy::Nftables(Layout::V1_36), IptablesBackend::Nft)
    )]
    mode: (Proxy, IptablesBackend),
    #[values(&[Family::V4][..], &[Family::V6], &[Family::V4, Family::V6])] families: &[Family],
) {
    let Some(_turn) = turn() else { return };
    nothing_is_found(&mode.0, mode.1, families);
}

#[rstest]
#[case::ipv4(&[Family::V4])]
#[case::ipv6(&[Family::V6])]
#[case::dual(&[Family::V4, Family::V6])]
fn nothing_is_found_in_ipvs_mode(#[case] families: &[Family]) {
    let Some(_turn) = turn().filter(|_| has_ipvs()) else {
        return;
    };
    let proxy = Proxy::Ipvs("rr".to_owned());
    nothing_is_found(&proxy, IptablesBackend::Nft, families);
}
