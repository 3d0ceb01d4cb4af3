//! The practice cluster, read as nodes.

use kubenet::collect::lab::read_lab;
use kubenet::model::NetnsName;

use super::lab_support::bench::{Lab, turn};

#[test]
fn a_lab_is_a_cluster_with_its_objects() {
    let Some(_turn) = turn() else { return };
    let lab = Lab::up("live", &[]);
    let cluster = read_lab(Some(&lab.name)).unwrap();
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
