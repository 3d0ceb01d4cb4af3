//! Programs that administer the kernel, which read what they shall do.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::LabError;

/// A command looked for where administration tools are, too: users' PATH often lacks them.
pub fn tool(program: impl AsRef<OsStr>) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin:/usr/bin:/bin"));
    command
}

/// Runs a program that reads what it shall do; `package` is the one it is in.
pub fn feed(mut command: Command, text: &str, package: &str) -> Result<(), LabError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => LabError::hinted(
            format!("run {name}"),
            "it is not installed",
            format!("`apt install {package}`"),
        ),
        _ => LabError::step(format!("run {name}"), error),
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    // A program that stops reading says why on its standard error, which is read below.
    let written = child
        .stdin
        .take()
        .map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(cannot)?;
    if output.status.success() && matches!(written, Some(Ok(()))) {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(LabError::step(format!("restore with {name}"), why.trim()))
}
