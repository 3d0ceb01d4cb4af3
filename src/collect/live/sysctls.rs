//! Kernel settings (`/proc/sys/net`, sysctl(8)).
//!
//! /proc/sys/net shows the namespace of the thread that looks. Its files are opened from their folder: on the way from
//! the root the kernel passes the like of every other namespace that was looked at, which costs more than the file.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use crate::model::{OF_DEVICES, Sysctls};

/// The folders under /proc/sys/net whose files are settings.
const FOLDERS: [&str; 8] = [
    "ipv4",
    "ipv4/neigh/default",
    "ipv4/vs",
    "ipv6",
    "ipv6/icmp",
    "ipv6/neigh/default",
    "netfilter",
    "bridge",
];
/// Those which have a folder for each device.
const OF_EACH_DEVICE: [&str; 2] = ["ipv4/conf", "ipv6/conf"];

/// The settings that may have a part in a packet's way; with `all`, also those of devices that have none.
pub(super) fn read(all: bool) -> io::Result<Sysctls> {
    let root = Path::new("/proc/sys/net");
    let mut sysctls = Sysctls::default();
    for folder in FOLDERS {
        let key = format!("net.{}", folder.replace('/', "."));
        there(read_folder(&root.join(folder), &key, &mut sysctls))?;
    }
    for folder in OF_EACH_DEVICE {
        let key = format!("net.{}", folder.replace('/', "."));
        there(read_devices(&root.join(folder), &key, all, &mut sysctls))?;
    }
    Ok(sysctls)
}

/// What is not there has no settings: br_netfilter is not loaded, IPv6 is off, a device went meanwhile.
fn there(read: io::Result<()>) -> io::Result<()> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        read => read,
    }
}

fn read_devices(folder: &Path, key: &str, all: bool, sysctls: &mut Sysctls) -> io::Result<()> {
    let folder_itself = File::open(folder)?;
    for device in fs::read_dir(folder)? {
        let device = device?;
        let name = device.file_name().to_string_lossy().replace('.', "/");
        let key = format!("{key}.{name}");
        if all {
            there(read_folder(&device.path(), &key, sysctls))?;
        } else if let Ok(device) = open(folder_itself.as_fd(), &device.file_name()) {
            for setting in OF_DEVICES {
                let key = format!("{key}.{setting}");
                read_one(device.as_fd(), OsStr::new(setting), key, sysctls);
            }
        }
    }
    Ok(())
}

fn read_folder(folder: &Path, key: &str, sysctls: &mut Sysctls) -> io::Result<()> {
    let folder_itself = File::open(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            let name = entry.file_name();
            let key = format!("{key}.{}", name.to_string_lossy().replace('.', "/"));
            read_one(folder_itself.as_fd(), &name, key, sysctls);
        }
    }
    Ok(())
}

/// Some can only be written, some have no value yet (stable_secret), and not every kernel has each: those are not in the
/// map.
fn read_one(folder: BorrowedFd<'_>, name: &OsStr, key: String, sysctls: &mut Sysctls) {
    let mut value = String::new();
    let read = open(folder, name).and_then(|mut file| file.read_to_string(&mut value));
    if read.is_ok() {
        let value = value.trim_end_matches('\n').to_owned();
        sysctls.0.insert(key, value);
    }
}

fn open(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?.into())
}
