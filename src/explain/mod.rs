//! What the things are for that a node holds: whose a chain is, what its rules do and why somebody wrote them.
//!
//! Pure functions of the [`Cluster`](crate::model::Cluster); what they say is data, and shown elsewhere.

pub mod balance;
pub mod chain;
pub mod chains;
pub mod find;
pub mod kinds;
mod matches;
mod native;
pub mod owner;
pub mod who;
mod why;
pub mod words;

/// The name of the serialised form of everything that is explained.
pub const SCHEMA: &str = "kubenet.explain/v1";
