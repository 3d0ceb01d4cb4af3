//! ipsets (ipset(8)), through `ipset save`.

use super::command;
use super::kernel::Part;
use super::read::Report;
use crate::collect::bundle::ipset::ipsets;
use crate::model::{self, IpSet};

/// The sets of this thread's namespace.
pub(super) fn read(report: &mut Report) -> Result<Vec<IpSet>, String> {
    match Part::IpSet.is_there() {
        Some(true) => {}
        // What is not loaded holds no sets.
        Some(false) => return Ok(Vec::new()),
        None => {
            return Err(
                "ipset: it cannot be told whether the kernel has it, and asking might load it: sets were not read \
                 (hint: run as root)"
                    .to_owned(),
            );
        }
    }
    let Some(program) = command::find("ipset") else {
        return Err(
            "there is no ipset program: rules that ask a set cannot be decided (hint: install ipset)".to_owned(),
        );
    };
    let text = command::run(&program, &["save"])?;
    Ok(report.listed(model::Part::Ipsets, "ipset save", &text, ipsets))
}
