//! The kernel as judge of native nftables: rulesets by hand and at random are loaded into network namespaces made for
//! it, real packets are sent through them, and what became of each is held against its trace: who received it, with
//! which addresses and ports, what the sender's program saw, and which rules' counters moved.
//!
//! Needs root; without it every test says so. The scene, the packets and the judge are those of `rules_kernel`.

// A test that meets what it does not expect is to fail there.
#![allow(clippy::unwrap_used)]

#[path = "../rules_kernel/compare.rs"]
mod compare;
#[path = "../rules_kernel/judge.rs"]
#[allow(dead_code)]
mod judge;
#[path = "../rules_kernel/packets.rs"]
mod packets;
#[path = "../rules_kernel/question.rs"]
mod question;
#[path = "../rules_kernel/scene.rs"]
#[allow(dead_code)]
mod scene;

mod rules;

mod by_hand;
mod flowtables;
mod random;
