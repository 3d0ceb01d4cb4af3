//! The practice cluster: a small real cluster out of network namespaces on this machine.
//!
//! What it shall be is data ([`spec`]). What each namespace shall hold follows from that by pure functions, one for each
//! program of a real node ([`kube_proxy`], [`kube_proxy_ipvs`] or [`kube_proxy_nftables`], [`flannel`], [`kubelet`], [`portmap`], and [`wiring`]
//! for the CNI plugin `bridge` and the wires).
//!
//! Every namespace is held open by one process of our own, which also runs the servers of the pod that lives in
//! it: end those processes, and nothing is left. The machine's own namespace is never touched.

pub mod build;
pub mod capture;
pub mod demo;
pub mod error;
pub mod faults;
pub mod files;
pub mod flannel;
pub mod holder;
pub mod iptables;
pub mod kube_proxy;
pub mod kube_proxy_ipvs;
pub mod kube_proxy_nftables;
pub mod kubectl;
pub mod kubelet;
pub mod link_local;
pub mod namespace;
pub mod netlink;
pub mod nfacct;
pub mod nft_table;
pub mod node_rules;
pub mod plan;
pub mod portmap;
pub mod preflight;
pub mod process;
pub mod registry;
pub mod rules;
pub mod server;
pub mod shell;
pub mod spec;
pub mod state;
pub mod tool;
pub mod wiring;

pub use error::LabError;
