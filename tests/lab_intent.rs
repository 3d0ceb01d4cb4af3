//! Rules that differ from what the API says, made in a practice cluster by the commands with which a person would make
//! them: each is named, and nothing else is. Before, nothing is wrong.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::BTreeSet;

use kubenet::check;
use kubenet::collect::live::read_namespaces;
use kubenet::lab::registry::LabState;
use kubenet::lab::spec::IptablesBackend;
use kubenet::model::{Family, Finding, NetnsName};
use lab_support::bench::{Lab, Scratch, kubenet, turn};
use lab_support::fixture::Fixture;
use rstest::rstest;

/// A difference, made on node1.
struct Difference {
    /// Commands of sh.
    made_by: &'static str,
    /// The checks that find something.
    found: &'static [&'static str],
    /// What somebody on node1 asks for who is told so by a trace.
    asked: Option<&'static str>,
}

/// `$ipt` is iptables; `rule TEXT` prints the number of the nat rule whose line has that text, and `of TEXT` its chain.
const FUNCTIONS: &str = r#"
set -e
line() { $ipt -t nat -S | grep -F -- "$1" | head -1; }
of() { line "$1" | cut -d' ' -f2; }
to() { line "$1" | sed 's/.* -j \([^ ]*\).*/\1/'; }
rule() { $ipt -t nat -S "$(of "$1")" | grep '^-A' | grep -nF -- "$1" | head -1 | cut -d: -f1; }
delete() { $ipt -t nat -D "$(of "$1")" "$(rule "$1")"; }
replace() { chain=$(of "$1"); number=$(rule "$1"); shift; $ipt -t nat -R "$chain" "$number" "$@"; }
"#;

const DIFFERENCES: &[Difference] = &[
    Difference {
        made_by: r#"delete "default/three -> 10.42.1.8:80""#,
        found: &["endpoint-missing"],
        asked: Some("three"),
    },
    Difference {
        made_by: r#"delete "default/three -> 10.42.2.7:80""#,
        found: &["endpoint-missing"],
        asked: None,
    },
    Difference {
        made_by: r#"$ipt -t nat -F "$(to "default/three cluster IP\" -m tcp --dport 80 -j KUBE-SVC")""#,
        found: &["endpoint-missing"],
        asked: None,
    },
    // A chain whose name is that of an endpoint, and which leads elsewhere.
    Difference {
        made_by: r#"sep=$(to "default/three -> 10.42.1.8:80")
            $ipt -t nat -R $sep 2 -p tcp -j DNAT --to-destination 10.42.9.9:80"#,
        found: &["endpoint-target-wrong"],
        asked: None,
    },
    Difference {
        made_by: r#"sep=$(to "default/three -> 10.42.1.8:80")
            $ipt -t nat -R $sep 2 -p tcp -j DNAT --to-destination 10.42.1.8:8080"#,
        found: &["endpoint-port-wrong"],
        asked: None,
    },
    Difference {
        made_by: r#"$ipt -t nat -F "$(to "default/three -> 10.42.1.8:80")""#,
        found: &["endpoint-chain-empty"],
        asked: None,
    },
    // What a proxy leaves that does not hear of a pod's end.
    Difference {
        made_by: r#"$ipt -t nat -N KUBE-SEP-AAAAAAAAAAAAAAAA
            $ipt -t nat -A KUBE-SEP-AAAAAAAAAAAAAAAA -p tcp -j DNAT --to-destination 10.42.1.200:80
            svc=$(of "default/three -> 10.42.0.4:80")
            $ipt -t nat -I $svc 2 -m statistic --mode random --probability 0.25 -j KUBE-SEP-AAAAAAAAAAAAAAAA"#,
        found: &["endpoint-stale"],
        asked: None,
    },
    Difference {
        made_by: r#"delete "default/three cluster IP""#,
        found: &["service-not-programmed"],
        asked: None,
    },
    Difference {
        made_by: r#"delete "default/three cluster IP"
            $ipt -A KUBE-SERVICES -d 10.43.10.3/32 -p tcp -m tcp --dport 80 -j REJECT"#,
        found: &["service-refused"],
        asked: None,
    },
    // Each port's rule leads to the other's chain.
    Difference {
        made_by: r#"tcp=$(to "kube-system/kube-dns:dns-tcp cluster IP\" -m tcp --dport 53 -j KUBE-SVC")
            metrics=$(to "kube-system/kube-dns:metrics cluster IP\" -m tcp --dport 9153 -j KUBE-SVC")
            replace "kube-dns:dns-tcp cluster IP\" -m tcp --dport 53 -j KUBE-SVC" -d 10.43.0.10 -p tcp -m tcp --dport 53 -j $metrics
            replace "kube-dns:metrics cluster IP\" -m tcp --dport 9153 -j KUBE-SVC" -d 10.43.0.10 -p tcp -m tcp --dport 9153 -j $tcp"#,
        found: &["service-chain-foreign"],
        asked: None,
    },
    // The pods' ports are exchanged.
    Difference {
        made_by: r#"for ip in 10.42.1.2 10.42.2.2; do
                sep=$(to "kube-system/kube-dns:metrics -> $ip:9153")
                $ipt -t nat -R $sep 2 -p tcp -j DNAT --to-destination $ip:53
            done"#,
        found: &["service-ports-swapped"],
        asked: None,
    },
    Difference {
        made_by: r#"sep=$(to "default/three -> 10.42.0.4:80")
            replace "default/three -> 10.42.0.4:80" -m statistic --mode random --probability 0.9 -j $sep"#,
        found: &["endpoint-share-uneven"],
        asked: None,
    },
    Difference {
        made_by: r#"sep=$(to "default/three -> 10.42.2.7:80")
            replace "default/three -> 10.42.2.7:80" -m statistic --mode random --probability 0.5 -j $sep"#,
        found: &["endpoint-share-lost"],
        asked: Some("three"),
    },
    Difference {
        made_by: r#"while line "default/aff:http ->" | grep -q rcheck; do delete "default/aff:http ->"; done"#,
        found: &["affinity-differs"],
        asked: None,
    },
    Difference {
        made_by: r#"sep=$(to "default/aff:http -> 10.42.2.9:80\" -m recent")
            replace "default/aff:http -> 10.42.2.9:80\" -m recent" -m recent --rcheck --seconds 60 --reap --name $sep --rsource -j $sep"#,
        found: &["affinity-differs"],
        asked: None,
    },
    Difference {
        made_by: r#"sep=$(to "default/three -> 10.42.0.4:80")
            svc=$(of "default/three -> 10.42.0.4:80")
            $ipt -t nat -I $svc 2 -m recent --rcheck --seconds 60 --reap --name $sep --rsource -j $sep"#,
        found: &["affinity-differs"],
        asked: None,
    },
    Difference {
        made_by: r#"port=30080
            while line "--dport $port" | grep -q np-cluster; do delete "--dport $port"; done"#,
        found: &["node-port-missing"],
        asked: None,
    },
    Difference {
        made_by: r#"delete "default/extip:http external IP""#,
        found: &["service-address-missing"],
        asked: None,
    },
    Difference {
        made_by: r#"delete "shop/lb:http loadbalancer IP\" -j KUBE-EXT""#,
        found: &["source-ranges-differ"],
        asked: Some("svc/shop/lb:http"),
    },
    Difference {
        made_by: r#"ext=$(to "shop/lb:http loadbalancer IP\" -j KUBE-EXT")
            replace "shop/lb:http loadbalancer IP\" -m tcp" -d 192.168.205.240 -p tcp -m tcp --dport 80 -j $ext"#,
        found: &["source-ranges-differ"],
        asked: None,
    },
    Difference {
        made_by: r#"ext=$(of "route LOCAL traffic for shop/lb-local:http")
            svc=$(to "route LOCAL traffic for shop/lb-local:http")
            $ipt -t nat -D $ext 4
            $ipt -t nat -A $ext -j $svc"#,
        found: &["traffic-policy-differs"],
        asked: None,
    },
    Difference {
        made_by: r#"ext=$(to "default/extip:http external IP")
            $ipt -t nat -I KUBE-SERVICES -d 192.168.205.231 -p tcp -m tcp --dport 8000 -j $ext"#,
        found: &["service-rule-stale"],
        asked: None,
    },
    Difference {
        made_by: "$ipt -t nat -D OUTPUT -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES",
        found: &["kube-services-unreached"],
        asked: None,
    },
    Difference {
        made_by: "$ipt -t nat -F; $ipt -t nat -X",
        found: &["kube-proxy-rules-absent"],
        asked: None,
    },
];

#[rstest]
#[case::nft(IptablesBackend::Nft, "iptables-nft")]
#[case::legacy(IptablesBackend::Legacy, "iptables-legacy")]
fn every_difference_is_named_and_nothing_else(
    #[case] backend: IptablesBackend,
    #[case] iptables: &str,
) {
    let Some(_turn) = turn() else { return };
    let scratch = Scratch::new("intent");
    let mut spec = Fixture::read("iptables-nft-vxlan").spec();
    spec.iptables = backend;
    let spec = scratch.write("spec.json", &serde_json::to_string(&spec).unwrap());
    let lab = Lab::up("intent", &["--spec", spec.to_str().unwrap()]);
    let state = lab.state();
    let saved = scratch.path.join("saved");
    let saved = saved.to_str().unwrap();
    sh(&lab, &format!("{iptables}-save > {saved}"));

    let mut wrong = Vec::new();
    let mut judge = |what: &str, expected: &[&str]| {
        let found = all_findings(&state);
        let elsewhere = found
            .iter()
            .any(|finding| finding.place.node.as_deref() != Some("node1"));
        if ids(&found) != BTreeSet::from_iter(expected.iter().copied()) || elsewhere {
            wrong.push(format!("{what}: {found:#?}"));
        }
    };
    judge("healthy", &[]);
    for difference in DIFFERENCES {
        sh(
            &lab,
            &format!("ipt={iptables}\n{FUNCTIONS}\n{}", difference.made_by),
        );
        judge(difference.made_by, difference.found);
        if let Some(to) = difference.asked {
            let expected = difference.found.iter().map(ToString::to_string);
            assert_eq!(
                told(&lab.name, to),
                BTreeSet::from_iter(expected),
                "{}",
                difference.made_by
            );
        }
        sh(&lab, &format!("{iptables}-restore < {saved}"));
    }
    judge("mended", &[]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sh(lab: &Lab, script: &str) {
    let output = lab.run("node/node1", &["sh", "-c", script]);
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What is found on the nodes, whose own namespaces are all that is looked at.
fn all_findings(lab: &LabState) -> Vec<Finding> {
    let nodes: Vec<_> = lab
        .nodes()
        .into_iter()
        .map(|node| {
            let mut namespaces = node.namespaces;
            namespaces.retain(|(name, _)| *name == NetnsName::Host);
            (node.name, namespaces)
        })
        .filter(|(_, namespaces)| !namespaces.is_empty())
        .collect();
    let cluster = read_namespaces(&nodes, lab.objects().clone());
    let mut findings = Vec::new();
    for (host, _) in cluster.all_netns() {
        for service in &cluster.objects.services {
            for port in &service.ports {
                for family in [Family::V4, Family::V6] {
                    let report = check::service::on_node(&cluster, host, service, port, family);
                    findings.extend(report.findings);
                }
            }
        }
    }
    findings
}

fn ids(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|finding| finding.id.as_str()).collect()
}

/// What a trace from node1 tells.
fn told(lab: &str, to: &str) -> BTreeSet<String> {
    let output = kubenet(&[
        &format!("--lab={lab}"),
        "trace",
        "node/node1",
        to,
        "--ipv4",
        "-o",
        "json",
    ]);
    let document: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{to}: {error}: {}", String::from_utf8_lossy(&output.stderr))
        });
    let findings = document["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}
