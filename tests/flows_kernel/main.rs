//! The kernel as judge of flows that depend on more than rules: connections that stand while rules change, sockets that
//! listen for some only, and lists of clients that rules keep.
//!
//! Needs root; without it every test says so.

// A test that meets what it does not expect is to fail there.
#![allow(clippy::unwrap_used)]

mod asking;
#[path = "../rules_kernel/scene.rs"]
#[allow(dead_code)]
mod scene;

mod affinity;
mod connections;
mod conntrack;
mod sockets;
