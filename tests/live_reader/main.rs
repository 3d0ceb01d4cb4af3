//! The live reader against the kernel: what it reads of namespaces made for it, compared with what the standard tools
//! print there.

// A test that meets what it does not expect is to fail there.
#![allow(clippy::unwrap_used)]

#[path = "../lab_support/mod.rs"]
mod lab_support;

mod changing;
mod demand;
mod explain;
mod lab;
mod legacy_tables;
mod links;
mod machine;
mod many_chains;
mod neighbors;
mod netfilter;
mod nft_changes;
mod routes;
mod rules;
mod same_as_bundle;
mod scene;
mod sockets;
mod support;
mod sysctls;
mod unchanged;
mod words;
