//! `kubenet exec`: a program of this machine in a pod's network, as `ip netns exec` does it (ip-netns(8)).
//!
//! Only the network namespace is the pod's: programs, files and processes stay this machine's, so that `tcpdump` or `ss`
//! need not be in the pod's image. /sys is mounted anew for the program alone, as it shows the devices of the namespace
//! that it was mounted in; and, where that is asked for, the pod's `resolv.conf` over this machine's.
//!
//! The program takes the place of this process: it has its terminal, and the shell gets its exit status and signals.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};

use super::place::{self, Wanted};
use super::reading::Reading;
use super::{Failure, Global, Outcome, candidates, output};

/// Arguments of `exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet exec client -- ss -tln
  sudo kubenet exec shop/cart -- tcpdump -ni eth0 -c 10
  sudo kubenet --lab exec client -- ip route
  sudo kubenet exec client --resolv-conf -- getent hosts nginx-test
  sudo kubenet exec --netns cni-3f0c -- ip addr

The exit status is the program's; 127 when there is no such program.")]
pub struct ExecArgs {
    /// The pod: NAME, NS/NAME or docker:NAME
    #[arg(value_name = "POD", required_unless_present_any = ["node", "netns"], conflicts_with_all = ["node", "netns"], add = ArgValueCompleter::new(candidates::pods))]
    pub pod: Option<String>,
    /// In a node's own namespace, or with --netns in another one there
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub node: Option<String>,
    /// In the namespace that `kubenet netns` calls so
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(candidates::spaces))]
    pub netns: Option<String>,
    /// Mount its resolv.conf over /etc/resolv.conf, for this program alone
    #[arg(long)]
    pub resolv_conf: bool,
    /// The program and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub command: Vec<OsString>,
}

/// Exit status of shells when there is no such program.
const NOT_FOUND: u8 = 127;

/// Runs it. Returns only when that fails.
pub fn run(args: &ExecArgs, global: &Global) -> Result<Outcome, Failure> {
    let mut reading = Reading::survey(global)?;
    reading.read_names(global);
    let wanted = Wanted {
        pod: args.pod.as_deref(),
        node: args.node.as_deref(),
        netns: args.netns.as_deref(),
    };
    let found = place::find(reading.cluster(), wanted, global)?;
    let [id] = found.as_slice() else {
        return Err(
            Failure::new(format!("{} namespaces are meant by that", found.len()))
                .hint("add --node to say on which node"),
        );
    };
    let resolv_conf = match args.resolv_conf {
        true => Some(resolv_conf(&mut reading, *id)?),
        false => None,
    };
    let Some(namespace) = reading.namespace(*id) else {
        return Err(
            Failure::new("what was captured is no namespace that a program could run in")
                .hint("run it on the node itself, without --bundle and --demo, or with --lab"),
        );
    };
    enter(namespace)?;
    mount_own_files(resolv_conf.as_deref(), global)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::new("there is no program to run"));
    };
    let error = Command::new(program).args(arguments).exec();
    let failure = Failure::because(format!("cannot run {}", program.display()), &error)
        .hint("the program has to be on this machine: nothing of the pod but its network is used");
    output::failure(&failure, global);
    Ok(Outcome::Program(NOT_FOUND))
}

fn resolv_conf(reading: &mut Reading, id: crate::model::NetnsId) -> Result<String, Failure> {
    reading.read(&[id]);
    let text = reading.cluster().netns(id).resolv_conf.clone();
    text.ok_or_else(|| {
        Failure::new("its resolv.conf was not read: no process of its own is known")
            .hint("leave --resolv-conf out to use this machine's")
    })
}

/// Takes this process into the network namespace: the thread that goes on to start the program.
fn enter(namespace: &File) -> Result<(), Failure> {
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|errno| {
        Failure::because("cannot enter the network namespace", &errno)
            .hint("that needs CAP_SYS_ADMIN: use sudo")
    })
}

/// Gives the program mounts of its own: /sys of its namespace, and perhaps a resolv.conf.
fn mount_own_files(resolv_conf: Option<&str>, global: &Global) -> Result<(), Failure> {
    match (own_mounts(), resolv_conf) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(text)) => {
            let mounted = mount_resolv_conf(text);
            mounted.map_err(|error| Failure::because("cannot mount its resolv.conf", &error))
        }
        (Err(error), Some(_)) => Err(Failure::because("cannot mount its resolv.conf", &error)),
        (Err(error), None) => {
            output::note(
                global,
                &format!("/sys still shows this machine's devices: {error}"),
            );
            Ok(())
        }
    }
}

fn own_mounts() -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_SLAVE | MsFlags::MS_REC, none)?;
    // What is mounted below it (cgroups, bpf) goes with it, for this program alone.
    match umount2("/sys", MntFlags::MNT_DETACH) {
        Ok(()) | Err(nix::errno::Errno::EINVAL) => {}
        Err(errno) => return Err(errno),
    }
    mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), none)
}

/// The text is kept in a tmpfs that only this process's mounts show: it goes when the program ends.
fn mount_resolv_conf(text: &str) -> std::io::Result<()> {
    let none: Option<&str> = None;
    // A link leads to where the file is to be seen.
    let target = fs::canonicalize("/etc/resolv.conf")?;
    let store = Path::new("/tmp");
    mount(Some("tmpfs"), store, Some("tmpfs"), MsFlags::empty(), none)?;
    let file = store.join("resolv.conf");
    fs::write(&file, text)?;
    mount(Some(&file), &target, none, MsFlags::MS_BIND, none)?;
    Ok(umount2(store, MntFlags::MNT_DETACH)?)
}
