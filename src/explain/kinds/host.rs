//! The chains of what else runs on a host: docker (docs.docker.com, "Packet filtering and firewalls"), ufw
//! (ufw-framework(8)), firewalld (firewalld.direct(5)), and those which the kernel has by itself (iptables(8)).

use super::{Makes, begins, is};
use crate::model::iptables::TableKind;

/// Who they are, and what they make.
pub(super) const MAKERS: &[Makes] = &[DOCKER, UFW, FIREWALLD, THE_KERNEL];

const DOCKER: Makes = Makes {
    made_by: "docker",
    kinds: &[
        is(
            "DOCKER-USER",
            "docker-user",
            "Is for the administrator's own rules, before all of docker's.",
        ),
        begins(
            "DOCKER-ISOLATION-STAGE-",
            "docker-isolation",
            "Keeps docker's networks apart: stage 1 finds what leaves one, stage 2 drops what enters another.",
        ),
        is(
            "DOCKER-FORWARD",
            "docker-forward",
            "Holds what docker does with forwarded packets.",
        ),
        is(
            "DOCKER-CT",
            "docker-conntrack",
            "Lets answers to containers' connections pass.",
        ),
        is(
            "DOCKER-BRIDGE",
            "docker-bridge",
            "Leads packets into docker's bridges to their rules.",
        ),
        is(
            "DOCKER-INTERNAL",
            "docker-internal",
            "Keeps internal networks from the rest.",
        ),
        is(
            "DOCKER-INGRESS",
            "docker-ingress",
            "Takes published ports of swarm services.",
        ),
        is(
            "DOCKER",
            "docker-ports",
            "Translates published ports to containers.",
        )
        .only_in(TableKind::Nat),
        is(
            "DOCKER",
            "docker-accept",
            "Lets packets for published ports reach containers.",
        )
        .only_in(TableKind::Filter),
        begins("DOCKER", "docker", "A part of docker's rules."),
    ],
};

const UFW: Makes = Makes {
    made_by: "ufw",
    kinds: &[
        begins(
            "ufw-user-",
            "ufw-user",
            "The administrator's own rules, as given to ufw.",
        ),
        begins(
            "ufw-before-",
            "ufw-before",
            "What ufw does before the administrator's rules: loopback, answers, ICMP.",
        ),
        begins(
            "ufw-after-",
            "ufw-after",
            "What ufw does after the administrator's rules, mostly not to log noise.",
        ),
        begins(
            "ufw-reject-",
            "ufw-reject",
            "Rejects what nothing accepted, where the default is to reject.",
        ),
        begins(
            "ufw-skip-to-policy-",
            "ufw-policy",
            "Ends with the default policy.",
        ),
        begins("ufw", "ufw", "A part of ufw's rules."),
    ],
};

const FIREWALLD: Makes = Makes {
    made_by: "firewalld",
    kinds: &[
        begins(
            "FWDI_",
            "firewalld-zone",
            "What a zone does with packets forwarded from it.",
        ),
        begins(
            "FWDO_",
            "firewalld-zone",
            "What a zone does with packets forwarded to it.",
        ),
        begins(
            "IN_",
            "firewalld-zone",
            "What a zone does with packets for this host.",
        ),
        begins(
            "INPUT_",
            "firewalld",
            "A part of firewalld's rules for packets to this host.",
        ),
        begins(
            "FORWARD_",
            "firewalld",
            "A part of firewalld's rules for forwarded packets.",
        ),
        begins(
            "OUTPUT_",
            "firewalld",
            "A part of firewalld's rules for what this host sends.",
        ),
        begins(
            "POSTROUTING_",
            "firewalld",
            "A part of firewalld's rules for packets that leave.",
        ),
        begins(
            "PREROUTING_",
            "firewalld",
            "A part of firewalld's rules for packets that arrive.",
        ),
        begins(
            "POST_",
            "firewalld-zone",
            "What a zone does with packets that leave.",
        ),
        begins(
            "PRE_",
            "firewalld-zone",
            "What a zone does with packets that arrive.",
        ),
    ],
};

const THE_KERNEL: Makes = Makes {
    made_by: "the kernel",
    kinds: &[
        is(
            "PREROUTING",
            "base",
            "Is asked about the first packet of each connection that arrives, before it is routed: here \
             destinations are translated.",
        ).only_in(TableKind::Nat),
        is(
            "PREROUTING",
            "base",
            "Is asked about every packet that arrives, before it is routed.",
        ),
        is(
            "INPUT",
            "base",
            "Is asked about the first packet of each connection to this host itself: here its source may be \
             translated.",
        ).only_in(TableKind::Nat),
        is(
            "INPUT",
            "base",
            "Is asked about every packet for this host itself, after it was routed.",
        ),
        is(
            "FORWARD",
            "base",
            "Is asked about every packet that is routed through this host, and with br_netfilter about those that \
             are bridged.",
        ),
        is(
            "OUTPUT",
            "base",
            "Is asked about the first packet of each connection that this host makes: here destinations are \
             translated.",
        ).only_in(TableKind::Nat),
        is(
            "OUTPUT",
            "base",
            "Is asked about every packet that this host sends, after it was routed for the first time.",
        ),
        is(
            "POSTROUTING",
            "base",
            "Is asked about the first packet of each connection when it leaves: here sources are translated \
             (masqueraded).",
        ).only_in(TableKind::Nat),
        is(
            "POSTROUTING",
            "base",
            "Is asked about every packet that leaves, whether forwarded or sent by this host.",
        ),
    ],
};
