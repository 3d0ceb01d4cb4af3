//! What kube-proxy's IPVS and nftables modes lose, and what one mode leaves for another.

use super::{Fault, Need};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "kube-proxy-mode-remains",
        life: "kube-proxy was changed from ipvs to iptables mode, and nobody cleaned up on node1",
        steps: &[(
            "node/node1",
            // A bridge without ports, where the kernel has no dummy devices.
            "$ip link add kube-ipvs0 type bridge; $ip address add 10.43.6.58/32 dev kube-ipvs0",
        )],
        changes: &[],
        needs: &[Need::KubeProxyChains, Need::V4],
        victim: None,
    },
    Fault {
        id: "ipvs-address-missing",
        life: "NetworkManager removes an address which it does not know from node1's kube-ipvs0",
        steps: &[("node/node1", "$ip address del 10.43.10.1/32 dev kube-ipvs0")],
        changes: &[],
        needs: &[Need::Ipvs, Need::V4],
        victim: Some(("client-1", "single:80")),
    },
    Fault {
        id: "ipvs-conntrack-off",
        life: "a hardening tool writes net.ipv4.vs.conntrack = 0 on node1",
        steps: &[("node/node1", "sysctl -qw net.ipv4.vs.conntrack=0")],
        changes: &[],
        needs: &[Need::Ipvs],
        victim: None,
    },
    Fault {
        id: "ipvs-expire-nodest-conn-off",
        life: "a hardening tool writes net.ipv4.vs.expire_nodest_conn = 0 on node1",
        steps: &[("node/node1", "sysctl -qw net.ipv4.vs.expire_nodest_conn=0")],
        changes: &[],
        needs: &[Need::Ipvs],
        victim: None,
    },
    Fault {
        id: "ipvs-server-stale",
        life: "a Service is deleted while kube-proxy on node1 hangs",
        steps: &[(
            "node/node1",
            "$ip address add 10.43.99.99/32 dev kube-ipvs0",
        )],
        changes: &[],
        needs: &[Need::Ipvs, Need::V4],
        victim: None,
    },
    Fault {
        id: "ipvs-set-lacks-service",
        life: "a firewall's reload on node1 fills ipsets anew from an old file",
        steps: &[("node/node1", "ipset del KUBE-CLUSTER-IP 10.43.10.1,tcp:80")],
        changes: &[],
        needs: &[Need::Ipvs, Need::V4],
        victim: Some(("client-1", "single:80")),
    },
    Fault {
        id: "ipvs-loop-back-set-lacks",
        life: "a firewall's reload on node1 flushes the ipset of endpoints",
        steps: &[(
            "node/node1",
            "ipset del KUBE-LOOP-BACK ${pod_single_a%/*},tcp:8080,${pod_single_a%/*}",
        )],
        changes: &[],
        needs: &[Need::Ipvs, Need::V4],
        victim: Some(("single-a", "single:80")),
    },
    Fault {
        id: "endpoint-weight-zero",
        life: "an endpoint on node1 comes back while its old connections last, and keeps weight 0",
        steps: &[(
            "node/node1",
            "ipvsadm -e -t 10.43.10.1:80 -r ${pod_single_a%/*}:8080 -m -w 0",
        )],
        changes: &[],
        needs: &[Need::Ipvs, Need::V4],
        victim: Some(("client-1", "single:80")),
    },
    Fault {
        id: "nftables-masquerade-missing",
        life: "a script on node1 flushes every chain called postrouting",
        steps: &[(
            "node/node1",
            "nft flush chain ip kube-proxy nat-postrouting",
        )],
        changes: &[],
        needs: &[Need::Nftables, Need::V4],
        victim: Some(("single-a", "single:80")),
    },
    Fault {
        id: "nftables-cluster-ips-lack",
        life: "somebody takes a Service's address out of a set of kube-proxy's on node1",
        steps: &[(
            "node/node1",
            "nft delete element ip kube-proxy cluster-ips '{ 10.43.10.1 }'",
        )],
        changes: &[],
        needs: &[Need::Nftables, Need::V4],
        victim: None,
    },
    Fault {
        id: "nftables-hairpin-lacks",
        life: "somebody takes an endpoint out of a set of kube-proxy's on node1",
        steps: &[(
            "node/node1",
            "nft delete element ip kube-proxy hairpin-connections \
             \"{ ${pod_single_a%/*} . ${pod_single_a%/*} . tcp . 8080 }\"",
        )],
        changes: &[],
        needs: &[Need::HairpinSet, Need::V4],
        victim: Some(("single-a", "single:80")),
    },
];
