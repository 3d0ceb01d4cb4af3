//! The chains of Kubernetes itself (kube-proxy: pkg/proxy/iptables and pkg/proxy/ipvs; kubelet:
//! pkg/kubelet/kubelet_network_linux.go).

use super::{Makes, begins, is};
use crate::model::iptables::TableKind;

/// Who they are, and what they make.
pub(super) const MAKERS: &[Makes] = &[KUBE_PROXY, KUBELET];

const KUBE_PROXY: Makes = Makes {
    made_by: "kube-proxy",
    kinds: &[
        begins(
            "KUBE-SVC-",
            "service-cluster",
            "Chooses one of all endpoints of a Service's port, by chance.",
        ),
        begins(
            "KUBE-SVL-",
            "service-local",
            "Chooses one of the endpoints on this node of a Service's port whose traffic policy is Local.",
        ),
        begins(
            "KUBE-EXT-",
            "service-external",
            "Takes what comes to a Service from outside (NodePort, external IP, load balancer's IP) and decides \
             whether it is masqueraded and which endpoints it may use.",
        ),
        begins(
            "KUBE-FW-",
            "service-firewall",
            "Lets on the clients that the source ranges of a load balancer's IP name; the others come out of it \
             as they went in, and KUBE-PROXY-FIREWALL drops them.",
        ),
        begins(
            "KUBE-XLB-",
            "service-external-local",
            "Chooses among the endpoints on this node for traffic from outside with policy Local (up to \
             Kubernetes 1.23; later KUBE-EXT- and KUBE-SVL- do this).",
        ),
        begins(
            "KUBE-SEP-",
            "endpoint",
            "Translates the destination to one endpoint of a Service's port.",
        ),
        is(
            "KUBE-SERVICES",
            "services",
            "Finds the Service that a packet is for by its destination address and port. Only the first packet of \
             a connection comes here; conntrack translates the others.",
        ).only_in(TableKind::Nat),
        is(
            "KUBE-SERVICES",
            "services-without-endpoints",
            "Refuses packets for cluster IPs of Services that have no endpoint. What was translated no longer has \
             a Service's address and passes.",
        ).only_in(TableKind::Filter),
        is(
            "KUBE-NODEPORTS",
            "node-ports",
            "Finds the Service of a NodePort, for packets to addresses of this node.",
        ).only_in(TableKind::Nat),
        is(
            "KUBE-NODEPORTS",
            "health-check-node-ports",
            "Lets load balancers ask whether this node has endpoints (healthCheckNodePort).",
        ).only_in(TableKind::Filter),
        is(
            "KUBE-EXTERNAL-SERVICES",
            "external-services",
            "Refuses or drops packets from outside for Services that have no endpoint here: NodePorts, external \
             IPs, load balancers' IPs.",
        ),
        is(
            "KUBE-PROXY-FIREWALL",
            "proxy-firewall",
            "Drops packets to load balancers' IPs from clients outside the Services' source ranges: they still \
             have that address because no KUBE-FW- chain sent them on.",
        ),
        is(
            "KUBE-FORWARD",
            "forward",
            "Lets forwarded packets of Services pass, whatever the policy of FORWARD, and drops those that \
             conntrack cannot place.",
        ),
        is(
            "KUBE-MARK-MASQ",
            "mark-masquerade",
            "Marks packets whose source has to become this node's, so that their answers come back here. \
             KUBE-POSTROUTING looks at the mark.",
        ),
        is(
            "KUBE-MARK-DROP",
            "mark-drop",
            "Marks packets that KUBE-FIREWALL then drops (up to Kubernetes 1.24).",
        ),
        is(
            "KUBE-POSTROUTING",
            "postrouting",
            "Gives the packets that KUBE-MARK-MASQ marked this node's address as their source, when they leave.",
        ),
        is(
            "KUBE-PROXY-CANARY",
            "canary",
            "Holds nothing: when it is gone, something flushed the rules, and kube-proxy writes all of them \
             again.",
        ),
        is(
            "KUBE-LOAD-BALANCER",
            "ipvs-load-balancer",
            "In IPVS mode: marks packets to load balancers' IPs for masquerading.",
        ),
        is(
            "KUBE-NODE-PORT",
            "ipvs-node-port",
            "In IPVS mode: marks packets to NodePorts for masquerading, those of policy Local excepted; in the \
             filter table it lets health checks in.",
        ),
        is(
            "KUBE-SOURCE-RANGES-FIREWALL",
            "ipvs-source-ranges",
            "In IPVS mode: drops packets to load balancers' IPs from clients outside their source ranges.",
        ),
        is(
            "KUBE-IPVS-FILTER",
            "ipvs-filter",
            "In IPVS mode: refuses ports that no Service has on the addresses of kube-ipvs0, which are local \
             there.",
        ),
        is(
            "KUBE-IPVS-OUT-FILTER",
            "ipvs-out-filter",
            "In IPVS mode: the same for what this node itself sends.",
        ),
    ],
};

const KUBELET: Makes = Makes {
    made_by: "kubelet",
    kinds: &[
        is(
            "KUBE-FIREWALL",
            "kubelet-firewall",
            "Drops packets from elsewhere to 127.0.0.0/8, which NodePorts on loopback would otherwise let in \
             (CVE-2020-8558), and in old versions what KUBE-MARK-DROP marked.",
        ),
        is(
            "KUBE-KUBELET-CANARY",
            "canary",
            "Holds nothing: when it is gone, something flushed the rules, and the kubelet writes its own again.",
        ),
        is(
            "KUBE-IPTABLES-HINT",
            "hint",
            "Holds nothing: it shows containers which of the two iptables backends this host uses.",
        ),
    ],
};
