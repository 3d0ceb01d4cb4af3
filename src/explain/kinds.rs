//! What chains are for, by their names: who makes such a chain, and why.
//!
//! Sources: pkg/proxy/iptables, pkg/proxy/ipvs and pkg/kubelet of Kubernetes, pkg/trafficmngr of flannel, plugins/meta/portmap
//! and pkg/ip of the CNI plugins, and the documents of the other programs.

use crate::model::iptables::TableKind;

/// What a kind of chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name in JSON: `service-cluster`.
    pub id: &'static str,
    /// Who makes it.
    pub made_by: &'static str,
    /// What it does, as a sentence.
    pub purpose: &'static str,
}

/// How a name is recognised.
enum Name {
    /// It is this.
    Is(&'static str),
    /// It begins so.
    Begins(&'static str),
}
use Name::{Begins, Is};

const KUBE_PROXY: &str = "kube-proxy";
const KUBELET: &str = "kubelet";
const FLANNEL: &str = "flannel";
const BRIDGE: &str = "the CNI bridge plugin";
const PORTMAP: &str = "the CNI portmap plugin";
const DOCKER: &str = "docker";
const KUBE_ROUTER: &str = "kube-router's network policies";
const CALICO: &str = "Calico";
const CILIUM: &str = "Cilium";
const FIREWALLD: &str = "firewalld";
const UFW: &str = "ufw";
const THE_KERNEL: &str = "the kernel";
const WEAVE: &str = "Weave Net";

/// The kinds that are known: the first that fits counts. A table is named where the name alone does not tell.
const KINDS: &[(Name, Option<TableKind>, &str, &str, &str)] = &[
    (
        Begins("KUBE-SVC-"),
        None,
        "service-cluster",
        KUBE_PROXY,
        "Chooses one of all endpoints of a Service's port, by chance.",
    ),
    (
        Begins("KUBE-SVL-"),
        None,
        "service-local",
        KUBE_PROXY,
        "Chooses one of the endpoints on this node of a Service's port whose traffic policy is Local.",
    ),
    (
        Begins("KUBE-EXT-"),
        None,
        "service-external",
        KUBE_PROXY,
        "Takes what comes to a Service from outside (NodePort, external IP, load balancer's IP) and decides whether it is masqueraded and which endpoints it may use.",
    ),
    (
        Begins("KUBE-FW-"),
        None,
        "service-firewall",
        KUBE_PROXY,
        "Lets on the clients that the source ranges of a load balancer's IP name; the others come out of it as they went in, and KUBE-PROXY-FIREWALL drops them.",
    ),
    (
        Begins("KUBE-XLB-"),
        None,
        "service-external-local",
        KUBE_PROXY,
        "Chooses among the endpoints on this node for traffic from outside with policy Local (up to Kubernetes 1.23; later KUBE-EXT- and KUBE-SVL- do this).",
    ),
    (
        Begins("KUBE-SEP-"),
        None,
        "endpoint",
        KUBE_PROXY,
        "Translates the destination to one endpoint of a Service's port.",
    ),
    (
        Is("KUBE-SERVICES"),
        Some(TableKind::Nat),
        "services",
        KUBE_PROXY,
        "Finds the Service that a packet is for by its destination address and port. Only the first packet of a connection comes here; conntrack translates the others.",
    ),
    (
        Is("KUBE-SERVICES"),
        Some(TableKind::Filter),
        "services-without-endpoints",
        KUBE_PROXY,
        "Refuses packets for cluster IPs of Services that have no endpoint. What was translated no longer has a Service's address and passes.",
    ),
    (
        Is("KUBE-NODEPORTS"),
        Some(TableKind::Nat),
        "node-ports",
        KUBE_PROXY,
        "Finds the Service of a NodePort, for packets to addresses of this node.",
    ),
    (
        Is("KUBE-NODEPORTS"),
        Some(TableKind::Filter),
        "health-check-node-ports",
        KUBE_PROXY,
        "Lets load balancers ask whether this node has endpoints (healthCheckNodePort).",
    ),
    (
        Is("KUBE-EXTERNAL-SERVICES"),
        None,
        "external-services",
        KUBE_PROXY,
        "Refuses or drops packets from outside for Services that have no endpoint here: NodePorts, external IPs, load balancers' IPs.",
    ),
    (
        Is("KUBE-PROXY-FIREWALL"),
        None,
        "proxy-firewall",
        KUBE_PROXY,
        "Drops packets to load balancers' IPs from clients outside the Services' source ranges: they still have that address because no KUBE-FW- chain sent them on.",
    ),
    (
        Is("KUBE-FORWARD"),
        None,
        "forward",
        KUBE_PROXY,
        "Lets forwarded packets of Services pass, whatever the policy of FORWARD, and drops those that conntrack cannot place.",
    ),
    (
        Is("KUBE-MARK-MASQ"),
        None,
        "mark-masquerade",
        KUBE_PROXY,
        "Marks packets whose source has to become this node's, so that their answers come back here. KUBE-POSTROUTING looks at the mark.",
    ),
    (
        Is("KUBE-MARK-DROP"),
        None,
        "mark-drop",
        KUBE_PROXY,
        "Marks packets that KUBE-FIREWALL then drops (up to Kubernetes 1.24).",
    ),
    (
        Is("KUBE-POSTROUTING"),
        None,
        "postrouting",
        KUBE_PROXY,
        "Gives the packets that KUBE-MARK-MASQ marked this node's address as their source, when they leave.",
    ),
    (
        Is("KUBE-FIREWALL"),
        None,
        "kubelet-firewall",
        KUBELET,
        "Drops packets from elsewhere to 127.0.0.0/8, which NodePorts on loopback would otherwise let in (CVE-2020-8558), and in old versions what KUBE-MARK-DROP marked.",
    ),
    (
        Is("KUBE-PROXY-CANARY"),
        None,
        "canary",
        KUBE_PROXY,
        "Holds nothing: when it is gone, something flushed the rules, and kube-proxy writes all of them again.",
    ),
    (
        Is("KUBE-KUBELET-CANARY"),
        None,
        "canary",
        KUBELET,
        "Holds nothing: when it is gone, something flushed the rules, and the kubelet writes its own again.",
    ),
    (
        Is("KUBE-IPTABLES-HINT"),
        None,
        "hint",
        KUBELET,
        "Holds nothing: it shows containers which of the two iptables backends this host uses.",
    ),
    (
        Is("KUBE-LOAD-BALANCER"),
        None,
        "ipvs-load-balancer",
        KUBE_PROXY,
        "In IPVS mode: marks packets to load balancers' IPs for masquerading.",
    ),
    (
        Is("KUBE-NODE-PORT"),
        None,
        "ipvs-node-port",
        KUBE_PROXY,
        "In IPVS mode: marks packets to NodePorts for masquerading, those of policy Local excepted; in the filter table it lets health checks in.",
    ),
    (
        Is("KUBE-SOURCE-RANGES-FIREWALL"),
        None,
        "ipvs-source-ranges",
        KUBE_PROXY,
        "In IPVS mode: drops packets to load balancers' IPs from clients outside their source ranges.",
    ),
    (
        Is("KUBE-IPVS-FILTER"),
        None,
        "ipvs-filter",
        KUBE_PROXY,
        "In IPVS mode: refuses ports that no Service has on the addresses of kube-ipvs0, which are local there.",
    ),
    (
        Is("KUBE-IPVS-OUT-FILTER"),
        None,
        "ipvs-out-filter",
        KUBE_PROXY,
        "In IPVS mode: the same for what this node itself sends.",
    ),
    (
        Is("KUBE-ROUTER-INPUT"),
        None,
        "network-policy-dispatch",
        KUBE_ROUTER,
        "Leads packets that pods send to this node to the policies of their pods.",
    ),
    (
        Is("KUBE-ROUTER-FORWARD"),
        None,
        "network-policy-dispatch",
        KUBE_ROUTER,
        "Leads forwarded packets to the policies of the pods at both ends.",
    ),
    (
        Is("KUBE-ROUTER-OUTPUT"),
        None,
        "network-policy-dispatch",
        KUBE_ROUTER,
        "Leads what this node sends to pods to the policies of those pods.",
    ),
    (
        Begins("KUBE-POD-FW-"),
        None,
        "network-policy-pod",
        KUBE_ROUTER,
        "All network policies of one pod, one after another: what none of them marks as allowed is rejected.",
    ),
    (
        Begins("KUBE-NWPLCY-"),
        None,
        "network-policy",
        KUBE_ROUTER,
        "One NetworkPolicy: marks what it allows. Its comments name it.",
    ),
    (
        Begins("KUBE-ROUTER-"),
        None,
        "network-policy-dispatch",
        KUBE_ROUTER,
        "A part of the network policies.",
    ),
    (
        Is("FLANNEL-FWD"),
        None,
        "flannel-forward",
        FLANNEL,
        "Lets pods' packets be forwarded whatever the policy of FORWARD is (docker sets it to DROP).",
    ),
    (
        Is("FLANNEL-POSTRTG"),
        None,
        "flannel-masquerade",
        FLANNEL,
        "Masquerades what leaves the pod network, and leaves alone what stays in it.",
    ),
    (
        Is("CNI-HOSTPORT-DNAT"),
        None,
        "hostport-dispatch",
        PORTMAP,
        "Finds the pod that has a host port.",
    ),
    (
        Begins("CNI-DN-"),
        None,
        "hostport",
        PORTMAP,
        "Translates the host ports of one pod to it.",
    ),
    (
        Is("CNI-HOSTPORT-SETMARK"),
        None,
        "hostport-mark",
        PORTMAP,
        "Marks packets to host ports that have to be masqueraded: from the pod's own network, and from loopback.",
    ),
    (
        Is("CNI-HOSTPORT-MASQ"),
        None,
        "hostport-masquerade",
        PORTMAP,
        "Masquerades what CNI-HOSTPORT-SETMARK marked.",
    ),
    (
        Begins("CNI-SN-"),
        None,
        "hostport-source",
        PORTMAP,
        "Masquerades connections to host ports of one pod (old versions).",
    ),
    (
        Is("CNI-FORWARD"),
        None,
        "cni-forward",
        "the CNI firewall plugin",
        "Lets packets of pods be forwarded; CNI-ADMIN comes first.",
    ),
    (
        Is("CNI-ADMIN"),
        None,
        "cni-admin",
        "the CNI firewall plugin",
        "Is for the administrator's own rules on pods.",
    ),
    (
        Begins("CNI-ISOLATION-"),
        None,
        "cni-isolation",
        "the CNI firewall plugin",
        "Keeps bridges apart from each other.",
    ),
    (
        Begins("CNI-"),
        None,
        "cni-masquerade",
        BRIDGE,
        "Masquerades what one pod sends out of its network (ipMasq).",
    ),
    (
        Is("IP-MASQ-AGENT"),
        None,
        "ip-masq-agent",
        "ip-masq-agent",
        "Masquerades what pods send, unless it goes to a network that the agent's configuration names.",
    ),
    (
        Is("IP-MASQ"),
        None,
        "ip-masq-agent",
        "ip-masq-agent",
        "Masquerades what pods send, unless it goes to a network that the agent's configuration names.",
    ),
    (
        Is("KIND-MASQ-AGENT"),
        None,
        "kind-masquerade",
        "kind",
        "Masquerades what pods send out of the cluster.",
    ),
    (
        Is("DOCKER-USER"),
        None,
        "docker-user",
        DOCKER,
        "Is for the administrator's own rules, before all of docker's.",
    ),
    (
        Begins("DOCKER-ISOLATION-STAGE-"),
        None,
        "docker-isolation",
        DOCKER,
        "Keeps docker's networks apart: stage 1 finds what leaves one, stage 2 drops what enters another.",
    ),
    (
        Is("DOCKER-FORWARD"),
        None,
        "docker-forward",
        DOCKER,
        "Holds what docker does with forwarded packets.",
    ),
    (
        Is("DOCKER-CT"),
        None,
        "docker-conntrack",
        DOCKER,
        "Lets answers to containers' connections pass.",
    ),
    (
        Is("DOCKER-BRIDGE"),
        None,
        "docker-bridge",
        DOCKER,
        "Leads packets into docker's bridges to their rules.",
    ),
    (
        Is("DOCKER-INTERNAL"),
        None,
        "docker-internal",
        DOCKER,
        "Keeps internal networks from the rest.",
    ),
    (
        Is("DOCKER-INGRESS"),
        None,
        "docker-ingress",
        DOCKER,
        "Takes published ports of swarm services.",
    ),
    (
        Is("DOCKER"),
        Some(TableKind::Nat),
        "docker-ports",
        DOCKER,
        "Translates published ports to containers.",
    ),
    (
        Is("DOCKER"),
        Some(TableKind::Filter),
        "docker-accept",
        DOCKER,
        "Lets packets for published ports reach containers.",
    ),
    (
        Begins("DOCKER"),
        None,
        "docker",
        DOCKER,
        "A part of docker's rules.",
    ),
    (
        Begins("cali-tw-"),
        None,
        "calico-to-workload",
        CALICO,
        "Policies on what is sent to one pod, by its interface.",
    ),
    (
        Begins("cali-fw-"),
        None,
        "calico-from-workload",
        CALICO,
        "Policies on what one pod sends, by its interface.",
    ),
    (
        Begins("cali-pi-"),
        None,
        "calico-policy-in",
        CALICO,
        "One policy on what comes in.",
    ),
    (
        Begins("cali-po-"),
        None,
        "calico-policy-out",
        CALICO,
        "One policy on what goes out.",
    ),
    (
        Begins("cali-pri-"),
        None,
        "calico-profile-in",
        CALICO,
        "A profile (of a namespace or service account) on what comes in.",
    ),
    (
        Begins("cali-pro-"),
        None,
        "calico-profile-out",
        CALICO,
        "A profile (of a namespace or service account) on what goes out.",
    ),
    (
        Begins("cali-from-wl-dispatch"),
        None,
        "calico-dispatch",
        CALICO,
        "Leads what pods send to the rules of their interface; an unknown one is dropped.",
    ),
    (
        Begins("cali-to-wl-dispatch"),
        None,
        "calico-dispatch",
        CALICO,
        "Leads what is sent to pods to the rules of their interface; an unknown one is dropped.",
    ),
    (
        Is("cali-wl-to-host"),
        None,
        "calico-to-host",
        CALICO,
        "Decides what pods may send to this node itself.",
    ),
    (
        Is("cali-nat-outgoing"),
        None,
        "calico-masquerade",
        CALICO,
        "Masquerades what pods send out of Calico's pools.",
    ),
    (
        Is("cali-FORWARD"),
        None,
        "calico-forward",
        CALICO,
        "Applies policies to forwarded packets.",
    ),
    (
        Is("cali-INPUT"),
        None,
        "calico-input",
        CALICO,
        "Applies policies to packets for this node.",
    ),
    (
        Is("cali-OUTPUT"),
        None,
        "calico-output",
        CALICO,
        "Applies policies to what this node sends.",
    ),
    (
        Begins("cali-"),
        None,
        "calico",
        CALICO,
        "A part of Calico's rules.",
    ),
    (
        Begins("OLD_CILIUM_"),
        None,
        "cilium-old",
        CILIUM,
        "Rules of a Cilium that is being replaced: it should be gone soon.",
    ),
    (
        Begins("CILIUM_"),
        None,
        "cilium",
        CILIUM,
        "The few things that Cilium leaves to iptables: marks of its proxy, masquerading where eBPF does not do it, and exceptions from other rules.",
    ),
    (
        Begins("WEAVE"),
        None,
        "weave",
        WEAVE,
        "Weave's policies and masquerading; where Weave is no longer in use, a remainder that may drop packets.",
    ),
    (
        Begins("ufw-user-"),
        None,
        "ufw-user",
        UFW,
        "The administrator's own rules, as given to ufw.",
    ),
    (
        Begins("ufw-before-"),
        None,
        "ufw-before",
        UFW,
        "What ufw does before the administrator's rules: loopback, answers, ICMP.",
    ),
    (
        Begins("ufw-after-"),
        None,
        "ufw-after",
        UFW,
        "What ufw does after the administrator's rules, mostly not to log noise.",
    ),
    (
        Begins("ufw-reject-"),
        None,
        "ufw-reject",
        UFW,
        "Rejects what nothing accepted, where the default is to reject.",
    ),
    (
        Begins("ufw-skip-to-policy-"),
        None,
        "ufw-policy",
        UFW,
        "Ends with the default policy.",
    ),
    (Begins("ufw"), None, "ufw", UFW, "A part of ufw's rules."),
    (
        Begins("FWDI_"),
        None,
        "firewalld-zone",
        FIREWALLD,
        "What a zone does with packets forwarded from it.",
    ),
    (
        Begins("FWDO_"),
        None,
        "firewalld-zone",
        FIREWALLD,
        "What a zone does with packets forwarded to it.",
    ),
    (
        Begins("IN_"),
        None,
        "firewalld-zone",
        FIREWALLD,
        "What a zone does with packets for this host.",
    ),
    (
        Begins("INPUT_"),
        None,
        "firewalld",
        FIREWALLD,
        "A part of firewalld's rules for packets to this host.",
    ),
    (
        Begins("FORWARD_"),
        None,
        "firewalld",
        FIREWALLD,
        "A part of firewalld's rules for forwarded packets.",
    ),
    (
        Begins("OUTPUT_"),
        None,
        "firewalld",
        FIREWALLD,
        "A part of firewalld's rules for what this host sends.",
    ),
    (
        Begins("POSTROUTING_"),
        None,
        "firewalld",
        FIREWALLD,
        "A part of firewalld's rules for packets that leave.",
    ),
    (
        Begins("PREROUTING_"),
        None,
        "firewalld",
        FIREWALLD,
        "A part of firewalld's rules for packets that arrive.",
    ),
    (
        Begins("POST_"),
        None,
        "firewalld-zone",
        FIREWALLD,
        "What a zone does with packets that leave.",
    ),
    (
        Begins("PRE_"),
        None,
        "firewalld-zone",
        FIREWALLD,
        "What a zone does with packets that arrive.",
    ),
    (
        Is("PREROUTING"),
        Some(TableKind::Nat),
        "base",
        THE_KERNEL,
        "Is asked about the first packet of each connection that arrives, before it is routed: here destinations are translated.",
    ),
    (
        Is("PREROUTING"),
        None,
        "base",
        THE_KERNEL,
        "Is asked about every packet that arrives, before it is routed.",
    ),
    (
        Is("INPUT"),
        Some(TableKind::Nat),
        "base",
        THE_KERNEL,
        "Is asked about the first packet of each connection to this host itself: here its source may be translated.",
    ),
    (
        Is("INPUT"),
        None,
        "base",
        THE_KERNEL,
        "Is asked about every packet for this host itself, after it was routed.",
    ),
    (
        Is("FORWARD"),
        None,
        "base",
        THE_KERNEL,
        "Is asked about every packet that is routed through this host, and with br_netfilter about those that are bridged.",
    ),
    (
        Is("OUTPUT"),
        Some(TableKind::Nat),
        "base",
        THE_KERNEL,
        "Is asked about the first packet of each connection that this host makes: here destinations are translated.",
    ),
    (
        Is("OUTPUT"),
        None,
        "base",
        THE_KERNEL,
        "Is asked about every packet that this host sends, after it was routed for the first time.",
    ),
    (
        Is("POSTROUTING"),
        Some(TableKind::Nat),
        "base",
        THE_KERNEL,
        "Is asked about the first packet of each connection when it leaves: here sources are translated (masqueraded).",
    ),
    (
        Is("POSTROUTING"),
        None,
        "base",
        THE_KERNEL,
        "Is asked about every packet that leaves, whether forwarded or sent by this host.",
    ),
];

/// The kind of a chain, by its name and table; `None` when nobody is known who would make it.
pub fn kind_of(chain: &str, table: TableKind) -> Option<Kind> {
    let fits = |name: &Name| match name {
        Is(whole) => chain == *whole,
        Begins(prefix) => chain.starts_with(prefix),
    };
    let mut kinds = KINDS.iter();
    let found = kinds.find(|(name, of, ..)| fits(name) && of.is_none_or(|of| of == table));
    found.map(|&(_, _, id, made_by, purpose)| Kind {
        id,
        made_by,
        purpose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row that an earlier one hides would never be told.
    #[test]
    fn every_kind_is_the_first_that_fits_its_own_name() {
        for (name, table, id, ..) in KINDS {
            let (Is(name) | Begins(name)) = name;
            let table = table.unwrap_or(TableKind::Mangle);
            assert_eq!(
                kind_of(name, table).map(|kind| kind.id),
                Some(*id),
                "{name}"
            );
        }
        assert_eq!(kind_of("MY-OWN", TableKind::Filter), None);
    }
}
