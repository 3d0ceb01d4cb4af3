//! Results as JSON documents; a trace's is `kubenet.trace/v1`.

use std::io::{self, Write};

use serde::Serialize;

/// Writes one document, indented, with a newline at its end.
pub fn document(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
