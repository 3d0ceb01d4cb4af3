//! What the things are for that a node holds: whose a chain is, what its rules do and why somebody wrote them.
//!
//! Pure functions of the [`Cluster`](crate::model::Cluster); what they say is data, and shown elsewhere.

pub mod article;
pub mod backends;
pub mod balance;
pub mod chain;
pub mod chains;
pub mod device;
pub mod find;
pub mod flannel;
pub mod ip;
pub mod ipset;
pub mod kinds;
mod line;
pub mod mac;
pub mod mark;
mod matches;
pub mod modes;
pub mod native;
pub mod nft_line;
pub mod node_port;
pub mod owner;
pub mod route;
pub mod rule;
pub mod service;
pub mod step;
pub mod stop;
pub mod sweep;
pub mod virtual_server;
pub mod who;
mod why;
pub mod words;

/// The name of the serialised form of everything that is explained.
pub const SCHEMA: &str = "kubenet.explain/v1";
