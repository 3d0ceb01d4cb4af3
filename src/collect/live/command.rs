//! Runs a tool with a bound on its time and its output.
//!
//! A tool started from a thread that entered a namespace runs in that namespace too.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A ruleset of 160,000 rules takes up to 24 s.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same ruleset is 25 MB.
const LIMIT: u64 = 256 << 20;
const ERRORS: u64 = 64 << 10;
/// Where administrators' tools are, even when PATH has only a user's.
const ALSO: &str = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";

/// Where a tool is.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path)
        .chain(env::split_paths(&OsString::from(ALSO)))
        .collect();
    folders
        .into_iter()
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| {
            file.metadata()
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
}

/// What a tool printed; an error when it failed, in words.
pub(super) fn run(program: &PathBuf, arguments: &[&str]) -> Result<String, String> {
    let name = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let shown = std::iter::once(name.as_str())
        .chain(arguments.iter().copied())
        .collect::<Vec<_>>()
        .join(" ");
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{shown}` cannot be run: {error}"))?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let deadline = Instant::now() + PATIENCE;
    let (sender, receiver) = mpsc::channel();
    let errors = thread::spawn(move || read(errors, ERRORS));
    thread::spawn(move || sender.send(read(output, LIMIT)));
    let Ok(output) = receiver.recv_timeout(PATIENCE) else {
        end(&mut child);
        return Err(format!(
            "`{shown}` did not end within {} s",
            PATIENCE.as_secs()
        ));
    };
    if output.len() as u64 > LIMIT {
        end(&mut child);
        return Err(format!("`{shown}` printed more than {} MiB", LIMIT >> 20));
    }
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => {
                return Ok(String::from_utf8_lossy(&output).into_owned());
            }
            Ok(Some(status)) => {
                let said = errors.join().unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                return Err(format!("`{shown}` failed ({status}): {}", said.trim()));
            }
            Ok(None) => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(format!("`{shown}`: {error}")),
        }
    }
    end(&mut child);
    Err(format!(
        "`{shown}` did not end within {} s",
        PATIENCE.as_secs()
    ))
}

/// Everything up to one byte more than the limit.
fn read(from: Option<impl Read>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What came before an error is used: the tool's exit status tells whether it is whole.
        let _ = from.take(limit + 1).read_to_end(&mut bytes);
    }
    bytes
}

fn end(child: &mut Child) {
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_the_tool_said() {
        let shell = find("sh").unwrap();
        assert_eq!(run(&shell, &["-c", "echo out"]), Ok("out\n".to_owned()));
        let error = run(&shell, &["-c", "echo why >&2; exit 3"]).unwrap_err();
        assert!(error.contains("why") && error.contains('3'), "{error}");
        assert_eq!(find("kubenet-has-no-such-tool"), None);
    }
}
