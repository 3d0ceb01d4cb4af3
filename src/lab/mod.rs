//! The practice cluster: a small real cluster out of network namespaces on this machine.
//!
//! Every namespace is held open by one process of our own, which also runs the servers of the pod that lives in
//! it: end those processes, and nothing is left. The machine's own namespace is never touched.

pub mod error;
pub mod process;
pub mod registry;
pub mod spec;

pub use error::LabError;
