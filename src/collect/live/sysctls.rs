//! Kernel settings (`/proc/sys/net`, sysctl(8)).
//!
//! /proc/sys/net shows the namespace of the thread that looks.

use std::fs;
use std::io;
use std::path::Path;

use crate::model::Sysctls;

/// The folders under /proc/sys/net, and whether those in them are read too.
const FOLDERS: [(&str, bool); 8] = [
    ("ipv4", false),
    ("ipv4/conf", true),
    ("ipv4/vs", false),
    ("ipv6", false),
    ("ipv6/conf", true),
    ("ipv6/icmp", false),
    ("netfilter", false),
    ("bridge", false),
];

/// Every setting that has a part in a packet's way.
pub(super) fn read() -> io::Result<Sysctls> {
    let mut sysctls = Sysctls::default();
    for (folder, deeper) in FOLDERS {
        let path = Path::new("/proc/sys/net").join(folder);
        match fs::read_dir(&path) {
            Ok(_) => read_folder(
                &path,
                &format!("net.{}", folder.replace('/', ".")),
                deeper,
                &mut sysctls,
            )?,
            // br_netfilter is not loaded, IPv6 is off.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sysctls)
}

fn read_folder(folder: &Path, key: &str, deeper: bool, sysctls: &mut Sysctls) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().replace('.', "/");
        let key = format!("{key}.{name}");
        if !entry.file_type()?.is_dir() {
            // Some can only be written, some have no value yet (stable_secret): those are not in the map.
            if let Ok(value) = fs::read_to_string(entry.path()) {
                sysctls
                    .0
                    .insert(key, value.trim_end_matches('\n').to_owned());
            }
        } else if deeper {
            match read_folder(&entry.path(), &key, false, sysctls) {
                // The device went meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    Ok(())
}
