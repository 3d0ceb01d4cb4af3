//! IPVS virtual servers (ipvsadm(8)), through `ipvsadm -Sn`.

use std::path::Path;

use super::command;
use super::read::Report;
use crate::collect::bundle::ipvs::virtual_servers;
use crate::model::{Part, VirtualServer};

/// Those of this thread's namespace.
pub(super) fn read(report: &mut Report) -> Result<Vec<VirtualServer>, String> {
    // Without ip_vs there are none, and ipvsadm would load it.
    if !Path::new("/proc/thread-self/net/ip_vs").exists() {
        return Ok(Vec::new());
    }
    let Some(program) = command::find("ipvsadm") else {
        return Err(
            "the kernel has IPVS, and there is no ipvsadm program: Services may be balanced by it, unseen \
             (hint: install ipvsadm)"
                .to_owned(),
        );
    };
    let text = command::run(&program, &["-Sn"])?;
    Ok(report.listed(Part::VirtualServers, "ipvsadm -Sn", &text, virtual_servers))
}
