//! Masquerading, and what kube-proxy wrote for Services.

use super::{Fault, Need};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "kube-postrouting-unreached",
        life: "a firewall's reload removes kube-proxy's jump from nat POSTROUTING of node1",
        steps: &[(
            "node/node1",
            "delete_rules nat POSTROUTING '-j KUBE-POSTROUTING'",
        )],
        changes: &["nat POSTROUTING of node1"],
        needs: &[Need::KubeProxyChains],
        victim: Some(("single-a", "single:80")),
    },
    Fault {
        id: "kube-mark-masq-broken",
        life: "an old kubelet on node1 flushes KUBE-MARK-MASQ",
        steps: &[("node/node1", "$iptables -t nat -F KUBE-MARK-MASQ")],
        changes: &[],
        needs: &[Need::KubeProxyChains],
        victim: Some(("single-a", "single:80")),
    },
    Fault {
        id: "kube-postrouting-keeps-mark",
        life: "node1 still has a kube-proxy of before Kubernetes 1.19",
        steps: &[("node/node1", "delete_rules nat KUBE-POSTROUTING '-j MARK'")],
        changes: &[],
        needs: &[Need::KubeProxyChains, Need::Tunnel],
        victim: None,
    },
    Fault {
        id: "kube-proxy-cluster-cidr-wrong",
        life: "kube-proxy on node1 is configured with another clusterCIDR than the cluster has",
        steps: &[(
            "node/node1",
            "$iptables-save -t nat | sed \"s# ! -s $cluster # ! -s $foreign #\" | $iptables-restore -T nat",
        )],
        changes: &[],
        needs: &[Need::KubeProxyChains],
        victim: None,
    },
    Fault {
        id: "services-untracked",
        life: "somebody spares the connection table of node1 what pods send by TCP",
        steps: &[(
            "node/node1",
            "$iptables -t raw -I PREROUTING -s $cluster -p tcp -j CT --notrack",
        )],
        changes: &[],
        needs: &[Need::KubeProxyChains],
        victim: Some(("client-1", "single:80")),
    },
    Fault {
        id: "flannel-masquerade-missing",
        life: "somebody flushes FLANNEL-POSTRTG on node1 while flannel does not run",
        steps: &[("node/node1", "$iptables -t nat -F FLANNEL-POSTRTG")],
        changes: &[],
        needs: &[Need::FlannelChains],
        victim: None,
    },
    Fault {
        id: "kube-services-unreached",
        life: "a firewall's reload removes kube-proxy's jumps from master",
        steps: &[(
            "node/master",
            "delete_rules nat PREROUTING '-j KUBE-SERVICES'; delete_rules nat OUTPUT '-j KUBE-SERVICES'",
        )],
        changes: &[],
        needs: &[Need::KubeProxyChains],
        victim: Some(("client", "nginx-test:80")),
    },
    Fault {
        id: "service-not-programmed",
        life: "kube-proxy on master hung when the Service was made",
        steps: &[(
            "node/master",
            "delete_rules nat KUBE-SERVICES 'default/single:http cluster IP'",
        )],
        changes: &[],
        needs: &[Need::KubeProxyChains],
        victim: Some(("client", "single:80")),
    },
    Fault {
        id: "endpoint-chain-empty",
        life: "somebody flushes the chain of an endpoint on master",
        steps: &[(
            "node/master",
            "$iptables -t nat -F $(chain_of \"--to-destination $server_single_a\")",
        )],
        changes: &[],
        needs: &[Need::KubeProxyChains],
        victim: Some(("client", "single:80")),
    },
];
