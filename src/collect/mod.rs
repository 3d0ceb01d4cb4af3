//! Everything that reads: bundles of the standard tools' outputs, and the live machine. All of it fills [`crate::model`].

pub mod bundle;
pub mod kubernetes;
pub mod lab;
pub mod live;
pub mod objects;
pub mod report;
