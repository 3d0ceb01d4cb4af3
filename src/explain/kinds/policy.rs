//! The chains of network policies, and of the networks that bring their own (kube-router: pkg/controllers/netpol;
//! Calico: felix/rules; Cilium: pkg/datapath/iptables; Weave Net: npc).

use super::{Makes, begins, is};

/// Who they are, and what they make.
pub(super) const MAKERS: &[Makes] = &[KUBE_ROUTER, CALICO, CILIUM, WEAVE];

const KUBE_ROUTER: Makes = Makes {
    made_by: "kube-router's network policies",
    kinds: &[
        is(
            "KUBE-ROUTER-INPUT",
            "network-policy-dispatch",
            "Leads packets that pods send to this node to the policies of their pods.",
        ),
        is(
            "KUBE-ROUTER-FORWARD",
            "network-policy-dispatch",
            "Leads forwarded packets to the policies of the pods at both ends.",
        ),
        is(
            "KUBE-ROUTER-OUTPUT",
            "network-policy-dispatch",
            "Leads what this node sends to pods to the policies of those pods.",
        ),
        begins(
            "KUBE-POD-FW-",
            "network-policy-pod",
            "All network policies of one pod, one after another: what none of them marks as allowed is rejected.",
        ),
        begins(
            "KUBE-NWPLCY-",
            "network-policy",
            "One NetworkPolicy: marks what it allows. Its comments name it.",
        ),
        begins(
            "KUBE-ROUTER-",
            "network-policy-dispatch",
            "A part of the network policies.",
        ),
    ],
};

const CALICO: Makes = Makes {
    made_by: "Calico",
    kinds: &[
        begins(
            "cali-tw-",
            "calico-to-workload",
            "Policies on what is sent to one pod, by its interface.",
        ),
        begins(
            "cali-fw-",
            "calico-from-workload",
            "Policies on what one pod sends, by its interface.",
        ),
        begins(
            "cali-pi-",
            "calico-policy-in",
            "One policy on what comes in.",
        ),
        begins(
            "cali-po-",
            "calico-policy-out",
            "One policy on what goes out.",
        ),
        begins(
            "cali-pri-",
            "calico-profile-in",
            "A profile (of a namespace or service account) on what comes in.",
        ),
        begins(
            "cali-pro-",
            "calico-profile-out",
            "A profile (of a namespace or service account) on what goes out.",
        ),
        begins(
            "cali-from-wl-dispatch",
            "calico-dispatch",
            "Leads what pods send to the rules of their interface; an unknown one is dropped.",
        ),
        begins(
            "cali-to-wl-dispatch",
            "calico-dispatch",
            "Leads what is sent to pods to the rules of their interface; an unknown one is dropped.",
        ),
        is(
            "cali-wl-to-host",
            "calico-to-host",
            "Decides what pods may send to this node itself.",
        ),
        is(
            "cali-nat-outgoing",
            "calico-masquerade",
            "Masquerades what pods send out of Calico's pools.",
        ),
        is(
            "cali-FORWARD",
            "calico-forward",
            "Applies policies to forwarded packets.",
        ),
        is(
            "cali-INPUT",
            "calico-input",
            "Applies policies to packets for this node.",
        ),
        is(
            "cali-OUTPUT",
            "calico-output",
            "Applies policies to what this node sends.",
        ),
        begins("cali-", "calico", "A part of Calico's rules."),
    ],
};

const CILIUM: Makes = Makes {
    made_by: "Cilium",
    kinds: &[
        begins(
            "OLD_CILIUM_",
            "cilium-old",
            "Rules of a Cilium that is being replaced: it should be gone soon.",
        ),
        begins(
            "CILIUM_",
            "cilium",
            "The few things that Cilium leaves to iptables: marks of its proxy, masquerading where eBPF does not \
             do it, and exceptions from other rules.",
        ),
    ],
};

const WEAVE: Makes = Makes {
    made_by: "Weave Net",
    kinds: &[begins(
        "WEAVE",
        "weave",
        "Weave's policies and masquerading; where Weave is no longer in use, a remainder that may drop \
             packets.",
    )],
};
