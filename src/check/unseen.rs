//! The entries of the catalogue of failures which no check looks for, and why.

/// Entry and reason.
pub const UNSEEN: &[(&str, &str)] = &[];
