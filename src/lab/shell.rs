//! A place where labs can be built without root: user, mount, network and process namespaces of our own
//! (user_namespaces(7), pid_namespaces(7)). When the program in it ends, the kernel ends everything that was started there.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::LabError;
use super::preflight;

/// Opens the place, runs a program in it (or the user's shell) and returns its exit status. Only for processes of one thread.
pub fn open(program: &Path, command: &[OsString]) -> Result<u8, LabError> {
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let own = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID;
    if user.is_root() {
        unshare(own).map_err(|errno| preflight::namespace_denied(errno.desc()))?;
    } else {
        unshare(own | CloneFlags::CLONE_NEWUSER).map_err(|errno| {
            preflight::user_namespace_denied("open a user namespace", errno.desc())
        })?;
        // Whoever may not set groups may map one (user_namespaces(7)).
        for (file, text) in [
            ("setgroups", "deny".to_owned()),
            ("uid_map", format!("0 {user} 1")),
            ("gid_map", format!("0 {group} 1")),
        ] {
            fs::write(format!("/proc/self/{file}"), text).map_err(|error| {
                preflight::user_namespace_denied(
                    &format!("write {file} of the user namespace"),
                    &error.to_string(),
                )
            })?;
        }
    }
    let status = Command::new(program)
        .args(["lab", "init", "--"])
        .args(command)
        .status()
        .map_err(|error| LabError::step("start the first process of the new namespaces", error))?;
    Ok(exit_status(
        status.code(),
        std::os::unix::process::ExitStatusExt::signal(&status),
    ))
}

/// The first process inside: what `kubenet lab init` does. Gives the place its own /proc and /run, and waits for the program.
pub fn init(command: &[OsString]) -> Result<u8, LabError> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|errno| LabError::step("be ended together with the shell", errno))?;
    let none: Option<&str> = None;
    let mounts = [
        (
            "make mounts private",
            none,
            "/",
            none,
            MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        ),
        (
            "mount a /proc of its own",
            Some("proc"),
            "/proc",
            Some("proc"),
            MsFlags::empty(),
        ),
        (
            "mount a /run of its own",
            Some("tmpfs"),
            "/run",
            Some("tmpfs"),
            MsFlags::empty(),
        ),
    ];
    for (step, source, target, kind, flags) in mounts {
        mount(source, target, kind, flags, none)
            .map_err(|errno| preflight::user_namespace_denied(step, errno.desc()))?;
    }
    let default = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
    let (program, arguments) = match command.split_first() {
        Some((program, arguments)) => (program, arguments),
        None => (&default, [].as_slice()),
    };
    let child = Command::new(program)
        .args(arguments)
        .spawn()
        .map_err(|error| LabError::step(format!("run {}", program.display()), error))?;
    let child = i32::try_from(child.id())
        .map_err(|error| LabError::step("read the program's id", error))?;
    // As the first process here, this one also inherits and reaps those that others leave.
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == Pid::from_raw(child) => {
                return Ok(exit_status(Some(code), None));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == Pid::from_raw(child) => {
                return Ok(exit_status(None, Some(signal as i32)));
            }
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(LabError::step("wait for the program", errno)),
        }
    }
}

/// The status that a shell would report: the program's own, or 128 and the signal that ended it.
fn exit_status(code: Option<i32>, signal: Option<i32>) -> u8 {
    let status = code.unwrap_or_else(|| 128 + signal.unwrap_or(0));
    u8::try_from(status & 0xff).unwrap_or(u8::MAX)
}
