//! A trace as text.

use std::io::{self, Write};

use super::Layout;
use crate::model::trace::Trace;

/// How much to show.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the screen can show.
    pub layout: Layout,
    /// Raw evidence and source for every step.
    pub evidence: bool,
    /// Every branch in full, however alike.
    pub all_branches: bool,
    /// Only this one, counted from 0.
    pub branch: Option<usize>,
}

/// Writes a trace.
pub fn trace(trace: &Trace, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{trace:#?} {options:?}")
}
