//! The process that holds a namespace open: it makes it (unshare(2)), says so, and serves in it until it is ended.
//!
//! Builder and holder talk in lines over the holder's standard input and output:
//! the holder says `ready`; the builder sends the servers as JSON; the holder says `bound`; the builder says `go`.
//! When the builder ends before that, so does the holder: nothing half-built stays behind.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::sched::{CloneFlags, unshare};

use super::process::Process;
use super::registry::{Holder, Place};
use super::server::{self, Server};
use super::{LabError, namespace, preflight};

/// A holder as its builder sees it.
#[derive(Debug)]
pub struct Held {
    /// What it holds.
    pub holder: Holder,
    /// Its namespace.
    pub namespace: File,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// Starts a holder and waits until its namespace is there.
pub fn start(program: &Path, lab: &str, place: Place) -> Result<Held, LabError> {
    let step = || format!("start the holder of {}", place.label());
    let mut child = Command::new(program)
        .args(["lab", "hold", lab, &place.label()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| LabError::step(step(), error))?;
    let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(LabError::step(step(), "its pipes are missing"));
    };
    let mut from = BufReader::new(from);
    let ready = expect(&mut from, "ready").and_then(|()| {
        let pid = i32::try_from(child.id()).map_err(|error| error.to_string())?;
        let process = Process::of(pid).map_err(|error| error.to_string())?;
        let holder = Holder {
            place: place.clone(),
            process,
        };
        let namespace = namespace::open(&holder.netns_path()).map_err(|error| error.to_string())?;
        Ok((holder, namespace))
    });
    match ready {
        Ok((holder, namespace)) => Ok(Held {
            holder,
            namespace,
            child,
            to,
            from,
        }),
        Err(why) => {
            end(&mut child);
            Err(match why.strip_prefix(DENIED) {
                Some(errno) => preflight::namespace_denied(errno),
                None => LabError::step(step(), why),
            })
        }
    }
}

/// How a holder says that it may not make a namespace.
const DENIED: &str = "denied: ";

impl Held {
    /// Lets it open its servers' sockets.
    pub fn bind(&mut self, servers: &[Server]) -> Result<(), LabError> {
        // Servers hold strings and addresses only, which always have a JSON form.
        let line = serde_json::to_string(servers).unwrap_or_default();
        let asked = writeln!(self.to, "{line}").map_err(|error| error.to_string());
        asked
            .and_then(|()| expect(&mut self.from, "bound"))
            .map_err(|why| {
                LabError::step(
                    format!("start the servers of {}", self.holder.place.label()),
                    why,
                )
            })
    }

    /// Lets it go on without its builder.
    pub fn release(mut self) -> Result<Holder, LabError> {
        match writeln!(self.to, "go") {
            Ok(()) => Ok(self.holder),
            Err(error) => {
                let step = format!("release the holder of {}", self.holder.place.label());
                self.end();
                Err(LabError::step(step, error))
            }
        }
    }

    /// Ends it.
    pub fn end(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // One that has ended by itself needs no more; either way it is waited for.
    let _ = child.kill();
    let _ = child.wait();
}

fn expect(from: &mut impl io::BufRead, word: &str) -> Result<(), String> {
    let mut line = String::new();
    match from.read_line(&mut line) {
        Ok(0) => Err("it ended".to_owned()),
        Ok(_) if line.trim_end() == word => Ok(()),
        Ok(_) => Err(line.trim_end().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The holder itself: what `kubenet lab hold` does. Returns only on failure, or when its builder ends early.
pub fn hold() -> io::Result<()> {
    // A signal meant for the builder's terminal is not meant for us.
    nix::unistd::setsid()?;
    std::env::set_current_dir("/")?;
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        return say(&format!("{DENIED}{}", errno.desc()));
    }
    say("ready")?;
    let mut lines = io::stdin().lock().lines();
    let Some(servers) = lines.next().transpose()? else {
        return Ok(());
    };
    let servers: Vec<Server> = serde_json::from_str(&servers)?;
    let mut bound = Vec::new();
    for server in &servers {
        match server::bind(server) {
            Ok(socket) => bound.extend(socket),
            Err(error) => return say(&format!("{}: {error}", server.address)),
        }
    }
    say("bound")?;
    match lines.next().transpose()? {
        Some(_) => server::serve(bound),
        None => Ok(()),
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
