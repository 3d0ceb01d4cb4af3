//! The kernel as judge of single rules: rulesets are loaded into network namespaces made for it, real packets are sent
//! through them, and what became of each is held against its trace: who received it, with which addresses and ports,
//! what the sender's program saw, and which rules' counters moved.
//!
//! Needs root; without it every test says so.

// A test that meets what it does not expect is to fail there.
#![allow(clippy::unwrap_used)]

mod compare;
mod judge;
mod packets;
mod question;
mod rules;
mod scene;

mod backends;
mod bridged;
mod chains;
mod found;
mod later;
mod matches;
mod random;
mod refusing_routes;
mod rejects;
mod sets;
mod targets;
