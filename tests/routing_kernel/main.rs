//! The kernel as judge of routing: in namespaces of the test's own, routes and rules of every kind are set up, by hand
//! and at random, and every lookup is asked of the kernel (`RTM_GETROUTE`, what `ip route get` does) and of the walk.
//! Then packets are really sent between such namespaces, past every check of the input path, and what the client sees
//! is held against the trace.
//!
//! Needs root; without it every test says so.

// A test that meets what it does not expect is to fail there.
#![allow(clippy::unwrap_used)]

mod asking;
mod chance;
mod dial;
mod lookups;
mod packets;
mod reverse_paths;
mod scenes;
mod setups;
mod space;
