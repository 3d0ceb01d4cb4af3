//! The checks of this family.

use crate::check::Check;
use crate::model::Severity;

pub(super) const CHECKS: &[Check] = &[
    LEGACY,
    TUNNEL,
    FIREWALLD,
    UFW,
    CALICO,
    CILIUM,
    WEAVE,
    KUBE_ROUTER,
    RAW,
    POLICY,
    FORWARD,
    INPUT,
    OUTPUT,
    NFT,
    REVERSE_PATH,
    KUBE_FIREWALL,
    SOURCE,
];

pub(super) const LEGACY: Check = Check {
    id: "legacy-rules-drop",
    catalogue: &["B11"],
    severity: Severity::Error,
    docs: "A rule of iptables-legacy stops pods' packets on a node whose other rules are in iptables-nft (or the other way \
           round): the kernel asks both, and a drop in either is final, but `iptables -S` shows only one. Use one of them \
           (`update-alternatives --set iptables ...`), and flush the other.",
};

pub(super) const TUNNEL: Check = Check {
    id: "tunnel-packets-filtered",
    catalogue: &["B07", "B09"],
    severity: Severity::Error,
    docs: "A rule of the node stops the outer packets of the tunnel (UDP, port 8472 of flannel's vxlan): those that arrive \
           pass INPUT, those that are sent OUTPUT, as any other packet of the node itself. All traffic between pods of \
           this node and others dies, while the nodes reach each other. Open the port between the nodes.",
};

pub(super) const FIREWALLD: Check = Check {
    id: "firewalld-stops-pods",
    catalogue: &["B04"],
    severity: Severity::Error,
    docs: "firewalld stops pods' packets. It has chains of its own behind those of iptables, so that an ACCEPT in iptables \
           does not help, and rejects what is forwarded between zones that are not trusted. Stop it, or put cni0, \
           flannel.1 and the networks of pods and Services into the zone trusted and open 8472/udp.",
};

pub(super) const UFW: Check = Check {
    id: "ufw-stops-pods",
    catalogue: &["B05"],
    severity: Severity::Error,
    docs: "ufw stops pods' packets: it denies what is routed (DEFAULT_FORWARD_POLICY=\"DROP\") and what comes in, unless it is \
           told otherwise. `ufw default allow routed`, `ufw allow in on cni0`, `ufw allow 8472/udp`; or disable it.",
};

pub(super) const CALICO: Check = Check {
    id: "calico-rules-left",
    catalogue: &["B13", "B17"],
    severity: Severity::Error,
    docs: "A rule of Calico's stops pods' packets on a node whose network is flannel's: Calico was removed and its chains \
           stayed, or it runs for its policies only (Canal), and a policy says so.",
};

pub(super) const CILIUM: Check = Check {
    id: "cilium-rules-left",
    catalogue: &["B14"],
    severity: Severity::Error,
    docs: "A rule of Cilium's stops pods' packets on a node whose network is flannel's: Cilium was removed and its chains \
           stayed. Its eBPF programs may have stayed too; a reboot removes them.",
};

pub(super) const WEAVE: Check = Check {
    id: "weave-rules-left",
    catalogue: &["B15"],
    severity: Severity::Error,
    docs: "A rule of Weave's stops pods' packets on a node whose network is flannel's: Weave was removed and its chains \
           stayed (`weave reset` removes them).",
};

pub(super) const KUBE_ROUTER: Check = Check {
    id: "network-policy-stops-pods",
    catalogue: &["B16", "B17"],
    severity: Severity::Warning,
    docs: "A rule of kube-router's network policies (k3s has them built in) stops packets between pods. That may be what a \
           NetworkPolicy says; or the chains stayed when the controller was switched off, and the pod's address is \
           another pod's now.",
};

pub(super) const RAW: Check = Check {
    id: "raw-rule-stops-pods",
    catalogue: &["B10"],
    severity: Severity::Error,
    docs: "A rule in the table raw or mangle stops pods' packets, before connection tracking and any rule of the table filter. \
           docker 28 and newer drops there what is routed to its containers' addresses from elsewhere: where those \
           overlap with pods' or Services' networks, pods are hit.",
};

pub(super) const POLICY: Check = Check {
    id: "forward-policy-drop",
    catalogue: &["B01", "B02", "A05"],
    severity: Severity::Error,
    docs: "The policy of the chain FORWARD is DROP, and no rule accepts pods' packets. docker sets it when it switches \
           forwarding on; flannel's chain FLANNEL-FWD, which accepts the pods' network, is missing or empty (flannel \
           puts it back within seconds where it runs). Packets between pods of one node meet the chain too, as bridges \
           show their frames to iptables.",
};

pub(super) const FORWARD: Check = Check {
    id: "forward-rule-stops-pods",
    catalogue: &["B03", "A05"],
    severity: Severity::Error,
    docs: "A rule in FORWARD stops pods' packets before flannel's chain, which accepts them, is asked: flannel appends its \
           jump, and what stands before it wins. The final REJECT of RHEL's default rules, docker's isolation chains and \
           rules of administrators do that.",
};

pub(super) const INPUT: Check = Check {
    id: "input-rule-stops-pods",
    catalogue: &["B06", "I13"],
    severity: Severity::Error,
    docs: "A rule in INPUT, or its policy, stops what pods send to the node itself: the kubelet, pods in the host's network, \
           an API server there, a DNS cache on the node. Traffic between pods is not affected.",
};

pub(super) const OUTPUT: Check = Check {
    id: "output-rule-stops-node",
    catalogue: &["B09"],
    severity: Severity::Error,
    docs: "A rule in OUTPUT, or its policy, stops what the node itself sends to pods: probes of the kubelet fail, and the \
           node's programs reach no pod.",
};

pub(super) const NFT: Check = Check {
    id: "nft-rule-stops-pods",
    catalogue: &["B19", "B20", "H03"],
    severity: Severity::Error,
    docs: "A rule of a native nftables table stops pods' packets. Every base chain of a hook is asked, in the order of their \
           priorities, and a drop in any of them is final, whatever iptables accepted before; `iptables -S` does not show \
           them.",
};

pub(super) const REVERSE_PATH: Check = Check {
    id: "rp-filter-drops",
    catalogue: &["A03"],
    severity: Severity::Error,
    docs: "The reverse path filter drops pods' packets: they come in by another device than the one by which the node would \
           answer their source (rp_filter = 1), or there is no way back at all (2). The larger of the settings for `all` \
           and for the device counts. Either make the route back the same, or set rp_filter to 2 on both.",
};

pub(super) const KUBE_FIREWALL: Check = Check {
    id: "kube-firewall-stops-pods",
    catalogue: &["B12"],
    severity: Severity::Error,
    docs: "A rule of the kubelet's chain KUBE-FIREWALL stops pods' packets. It is to drop what carries the mark 0x8000, and what \
           comes to 127.0.0.0/8 from elsewhere. Where iptables of the host and of a container are of different versions \
           (1.8.8 among them), one writes the rule back without its mask, and it drops everything. Use one version, and \
           delete the rule: the kubelet writes it anew.",
};

pub(super) const SOURCE: Check = Check {
    id: "pod-source-changed",
    catalogue: &["E19", "E17"],
    severity: Severity::Warning,
    docs: "What pods send to pods arrives with another source than the pod's address: a rule masquerades it that stands before \
           flannel's, which leaves pods' traffic alone; the CNI plugin bridge does so by its option ipMasq, which flannel \
           sets where it does not masquerade itself. Policies by pods' addresses do not match, and logs show the node.",
};
