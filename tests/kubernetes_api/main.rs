//! The Kubernetes API beside a live machine: recorded answers of a real API server, served on loopback. Expected values
//! are those that a bundle with the same objects gives, or follow from the objects themselves.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "cluster")]

#[path = "../captured/mod.rs"]
mod captured;
mod configs;
mod lists;
mod live;
mod program;
mod recorded;
mod refusals;
mod same_as_bundle;
mod server;
mod tls;
