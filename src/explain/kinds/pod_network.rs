//! The chains of those who connect pods (flannel: pkg/trafficmngr; the CNI plugins: plugins/meta/portmap,
//! plugins/meta/firewall, pkg/ip) and masquerade what they send.

use super::{Makes, begins, is};

/// Who they are, and what they make.
pub(super) const MAKERS: &[Makes] = &[
    FLANNEL,
    PORTMAP,
    FIREWALL_PLUGIN,
    BRIDGE,
    IP_MASQ_AGENT,
    KIND,
];

const FLANNEL: Makes = Makes {
    made_by: "flannel",
    kinds: &[
        is(
            "FLANNEL-FWD",
            "flannel-forward",
            "Lets pods' packets be forwarded whatever the policy of FORWARD is (docker sets it to DROP).",
        ),
        is(
            "FLANNEL-POSTRTG",
            "flannel-masquerade",
            "Masquerades what leaves the pod network, and leaves alone what stays in it.",
        ),
    ],
};

const PORTMAP: Makes = Makes {
    made_by: "the CNI portmap plugin",
    kinds: &[
        is(
            "CNI-HOSTPORT-DNAT",
            "hostport-dispatch",
            "Finds the pod that has a host port.",
        ),
        begins(
            "CNI-DN-",
            "hostport",
            "Translates the host ports of one pod to it.",
        ),
        is(
            "CNI-HOSTPORT-SETMARK",
            "hostport-mark",
            "Marks packets to host ports that have to be masqueraded: from the pod's own network, and from \
             loopback.",
        ),
        is(
            "CNI-HOSTPORT-MASQ",
            "hostport-masquerade",
            "Masquerades what CNI-HOSTPORT-SETMARK marked.",
        ),
        begins(
            "CNI-SN-",
            "hostport-source",
            "Masquerades connections to host ports of one pod (old versions).",
        ),
    ],
};

const FIREWALL_PLUGIN: Makes = Makes {
    made_by: "the CNI firewall plugin",
    kinds: &[
        is(
            "CNI-FORWARD",
            "cni-forward",
            "Lets packets of pods be forwarded; CNI-ADMIN comes first.",
        ),
        is(
            "CNI-ADMIN",
            "cni-admin",
            "Is for the administrator's own rules on pods.",
        ),
        begins(
            "CNI-ISOLATION-",
            "cni-isolation",
            "Keeps bridges apart from each other.",
        ),
    ],
};

const BRIDGE: Makes = Makes {
    made_by: "the CNI bridge plugin",
    kinds: &[begins(
        "CNI-",
        "cni-masquerade",
        "Masquerades what one pod sends out of its network (ipMasq).",
    )],
};

const IP_MASQ_AGENT: Makes = Makes {
    made_by: "ip-masq-agent",
    kinds: &[
        is(
            "IP-MASQ-AGENT",
            "ip-masq-agent",
            "Masquerades what pods send, unless it goes to a network that the agent's configuration names.",
        ),
        is(
            "IP-MASQ",
            "ip-masq-agent",
            "Masquerades what pods send, unless it goes to a network that the agent's configuration names.",
        ),
    ],
};

const KIND: Makes = Makes {
    made_by: "kind",
    kinds: &[is(
        "KIND-MASQ-AGENT",
        "kind-masquerade",
        "Masquerades what pods send out of the cluster.",
    )],
};
