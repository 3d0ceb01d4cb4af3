//! kubenet predicts what the Linux kernel does with a packet in a Kubernetes cluster, and shows why.
//!
//! The layers, each of which imports only from those after it:
//!
//! - [`cli`]: arguments, subcommands, exit codes;
//! - [`render`]: traces and tables as text and JSON;
//! - [`check`]: what is read against what should be: findings;
//! - [`show`]: tables of what namespaces hold, joined with names;
//! - [`explain`]: what chains, rules and other things are for;
//! - [`walk`]: the packet walk, a pure function of a [`model::Cluster`] and a [`model::Flow`];
//! - [`collect`]: everything that reads: bundles, the live machine, the practice cluster;
//! - [`lab`]: builds a small real cluster out of network namespaces;
//! - [`model`]: plain data, known to all.

pub mod check;
pub mod cli;
pub mod collect;
pub mod explain;
pub mod lab;
pub mod model;
pub mod render;
pub mod show;
pub mod walk;
