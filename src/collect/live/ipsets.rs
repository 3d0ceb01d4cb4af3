//! ipsets (ipset(8)), through `ipset save`.

use super::command;
use super::kernel::Part;
use crate::collect::bundle::ipset::ipsets;
use crate::collect::report::Report;
use crate::model::{Gap, IpSet};

/// The sets of this thread's namespace. Lines that make no sense go into `gaps`, under that place.
pub(super) fn read(place: &str, gaps: &mut Vec<Gap>) -> Result<Vec<IpSet>, String> {
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
    Ok(ipsets(
        &text,
        &mut Report::new(&format!("{place}: ipset save"), gaps),
    ))
}
