//! IPVS against the kernel: a director with real servers behind it, real connections through its virtual servers, and the
//! trace of the same question, read live a moment before.
//!
//! Needs root and a kernel with ip_vs: `make test-vm` runs it in one.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

#[path = "../judge/mod.rs"]
mod judge;

mod dial;
mod reading;
mod scene;
mod schedulers;
mod tunnels;
mod ways;
