//! Switches of the kernel.

use super::{Fault, Need};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "ipv4-forwarding-off",
        life: "a hardening tool writes net.ipv4.ip_forward = 0 on node1",
        steps: &[("node/node1", "sysctl -qw net.ipv4.ip_forward=0")],
        changes: &["forwarding on node1"],
        needs: &[Need::V4],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "device-forwarding-off",
        life: "systemd-networkd switches forwarding off for node1's tunnel",
        steps: &[(
            "node/node1",
            "sysctl -qw net.ipv4.conf.$tunnel_key.forwarding=0",
        )],
        changes: &["forwarding on node1", "tunnel of node1"],
        needs: &[Need::V4],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "bridge-nf-call-off",
        life: "sysctl.d on node1 switches off what docker's manual calls a security risk",
        steps: &[(
            "node/node1",
            "sysctl -qw net.bridge.bridge-nf-call-$bridged=0",
        )],
        changes: &["br_netfilter on node1"],
        needs: &[],
        victim: Some(("client-1", "single:80")),
    },
];
