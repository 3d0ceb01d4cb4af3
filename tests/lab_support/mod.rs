//! What the tests of the lab share.

// Each test program uses its own part of this.
#![allow(dead_code)]

pub mod bench;
pub mod client;
pub mod fixture;
pub mod raw;
pub mod save;
pub mod shape;
pub mod shares;
pub mod sniff;
pub mod verdict;
