//! The practice cluster, read as nodes.

use std::process::Command;

use kubenet::collect::lab::read_lab;
use kubenet::model::NetnsName;

use super::support::allowed;

/// A lab that goes when it goes.
struct Lab(String);

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args(["lab", "down", "--name", &self.0])
            .output();
    }
}

#[test]
fn a_lab_is_a_cluster_with_its_objects() {
    if !allowed() {
        return;
    }
    let lab = Lab(format!("live-test-{}", std::process::id()));
    let made = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .args(["lab", "up", "--name", &lab.0])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let cluster = read_lab(Some(&lab.0)).unwrap();
    assert_eq!(cluster.gaps, []);
    assert_eq!(cluster.nodes.len(), cluster.objects.nodes.len());
    for node in &cluster.objects.nodes {
        let host = cluster.netns(cluster.host(&node.name).unwrap());
        assert!(
            node.addresses.iter().all(|ip| host.has_address(*ip)),
            "{}",
            node.name
        );
        assert!(
            host.iptables.iter().any(|ruleset| ruleset.has_rules()),
            "{} has no Service rules",
            node.name
        );
    }
    assert!(!cluster.objects.pods.is_empty());
    for pod in cluster.objects.pods.iter().filter(|pod| !pod.host_network) {
        let name = NetnsName::Pod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
        };
        let (id, netns) = cluster
            .all_netns()
            .find(|(_, netns)| netns.name == name)
            .unwrap();
        assert_eq!(Some(cluster.node_name(id)), pod.node.as_deref());
        assert!(pod.ips.iter().all(|ip| netns.has_address(*ip)), "{name}");
        // The other end of its veth is in the node's own namespace.
        assert!(
            netns
                .peers_by_nsid
                .iter()
                .any(|(_, peer)| *peer == NetnsName::Host),
            "{name}"
        );
    }
    assert!(read_lab(Some("no-such-lab")).is_err());
}
