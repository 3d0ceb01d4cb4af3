//! Doing something inside another network namespace (setns(2)), in a thread that ends afterwards: no thread of ours ever comes
//! back from a foreign namespace.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use nix::sched::{CloneFlags, setns};

use super::LabError;

/// Opens a namespace, so that it can be entered later even if its name comes to mean another.
pub fn open(path: &Path) -> Result<File, LabError> {
    File::open(path).map_err(|error| LabError::file(path, error))
}

/// Runs `work` in a thread of its own inside the namespace.
pub fn run_in<T: Send>(
    namespace: &impl AsFd,
    label: &str,
    work: impl FnOnce() -> Result<T, LabError> + Send,
) -> Result<T, LabError> {
    let namespace = namespace.as_fd();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|errno| entering(label, errno))?;
            work()
        });
        thread.join().unwrap_or_else(|_| {
            Err(LabError::step(
                label,
                "the thread inside the namespace ended unexpectedly",
            ))
        })
    })
}

/// Takes this very process into the namespace, for a program that is to replace it. Only for processes of one thread.
pub fn enter(namespace: &impl AsFd, label: &str) -> Result<(), LabError> {
    setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).map_err(|errno| entering(label, errno))
}

fn entering(label: &str, errno: nix::errno::Errno) -> LabError {
    let step = format!("enter the network namespace of {label}");
    match errno {
        nix::errno::Errno::EPERM => LabError::hinted(
            step,
            errno.desc(),
            "run as the user who made the lab: root, or inside its `kubenet lab shell`",
        ),
        other => LabError::step(step, other.desc()),
    }
}
