//! What the tests of the lab share.

pub mod fixture;
