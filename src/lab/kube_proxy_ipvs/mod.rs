//! What kube-proxy 1.36 writes in its ipvs mode (pkg/proxy/ipvs/proxier.go): virtual servers, the addresses of Services on
//! `kube-ipvs0`, ipsets of them, and the few iptables rules that go by these sets.

mod apply;
mod rules;
mod services;
mod sets;

pub use apply::{apply_services, apply_sets, check_kernel};
pub use rules::write;
pub use services::Services;
pub use sets::Sets;

/// The device that holds the addresses of Services. It is never up: its addresses are in table local all the same.
pub const DEVICE: &str = "kube-ipvs0";

/// Settings that kube-proxy makes: path below /proc/sys, and value.
pub const SYSCTLS: [(&str, &str); 3] = [
    ("net/ipv4/vs/conntrack", "1"),
    ("net/ipv4/vs/expire_nodest_conn", "1"),
    ("net/ipv4/vs/expire_quiescent_template", "1"),
];

/// The schedulers of the kernel.
pub const SCHEDULERS: [&str; 13] = [
    "rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "mh", "lblc", "lblcr", "fo", "ovf",
];
