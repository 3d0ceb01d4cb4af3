//! IPVS: virtual servers through generic netlink, else through `ipvsadm -Sn` (ipvsadm(8)), else as /proc/net/ip_vs has
//! them; and its connections.

use std::fs;
use std::io;
use std::path::Path;

use super::command;
use super::ipvs_netlink;
use super::read::Report;
use crate::collect::bundle::ipvs::virtual_servers;
use crate::collect::bundle::ipvs_connections::connections;
use crate::collect::bundle::ipvs_proc;
use crate::model::{IpvsConnection, Part, VirtualServer};

/// What the kernel lists, and of whom.
const SERVERS: &str = "/proc/thread-self/net/ip_vs";
const CONNECTIONS: &str = "/proc/thread-self/net/ip_vs_conn";
/// Of longer lists of connections, the rest is not read.
const MOST: u64 = 64 << 20;

/// Those of this thread's namespace.
pub(super) fn read(report: &mut Report) -> Result<Vec<VirtualServer>, String> {
    // Without ip_vs there are none, and asking would load it.
    if !Path::new(SERVERS).exists() {
        return Ok(Vec::new());
    }
    let refused = match ipvs_netlink::read() {
        Ok((servers, holes)) => {
            for hole in holes {
                report.lost(Part::VirtualServers, format!("IPVS services: {hole}"));
            }
            return Ok(servers);
        }
        Err(refused) => refused,
    };
    if let Some(program) = command::find("ipvsadm")
        && let Ok(text) = command::run(&program, &["-Sn"])
    {
        return Ok(report.listed(Part::VirtualServers, "ipvsadm -Sn", &text, virtual_servers));
    }
    match fs::read_to_string(SERVERS) {
        Ok(text) => Ok(report.listed(
            Part::VirtualServers,
            "/proc/net/ip_vs",
            &text,
            ipvs_proc::virtual_servers,
        )),
        Err(error) => Err(format!(
            "the kernel has IPVS, and its services cannot be read: {refused}; {error}"
        )),
    }
}

/// The connections of this thread's namespace.
pub(super) fn read_connections(report: &mut Report) -> io::Result<Option<Vec<IpvsConnection>>> {
    use std::io::Read as _;

    if !Path::new(CONNECTIONS).exists() {
        return Ok(None);
    }
    let mut text = String::new();
    fs::File::open(CONNECTIONS)?
        .take(MOST)
        .read_to_string(&mut text)?;
    if text.len() as u64 == MOST {
        let what = "IPVS connections: there are more than are read".to_owned();
        report.lost(Part::IpvsConnections, what);
    }
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    Ok(Some(report.listed(
        Part::IpvsConnections,
        "/proc/net/ip_vs_conn",
        whole,
        connections,
    )))
}
