//! IPVS virtual servers (ipvsadm(8)), through `ipvsadm -Sn`.

use std::path::Path;

use super::command;
use crate::collect::bundle::ipvs::virtual_servers;
use crate::collect::report::Report;
use crate::model::{Gap, VirtualServer};

/// Those of this thread's namespace. Lines that make no sense go into `gaps`, under that place.
pub(super) fn read(place: &str, gaps: &mut Vec<Gap>) -> Result<Vec<VirtualServer>, String> {
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
    Ok(virtual_servers(
        &text,
        &mut Report::new(&format!("{place}: ipvsadm -Sn"), gaps),
    ))
}
