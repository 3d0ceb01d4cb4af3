//! ipsets (ipset(8)), through `ipset save`.
//!
//! Most namespaces have none. The kernel is asked for their names before
//! (`include/uapi/linux/netfilter/ipset/ip_set.h`), as a question is cheaper than a program.

use super::command;
use super::kernel::Part;
use super::netlink::Client;
use super::nft_chains::NETLINK_NETFILTER;
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
    if has_none() {
        return Ok(Vec::new());
    }
    let Some(program) = command::find("ipset") else {
        return Err(
            "there is no ipset program: rules that ask a set cannot be decided (hint: install ipset)".to_owned(),
        );
    };
    let text = command::run(&program, &["save"])?;
    Ok(report.listed(model::Part::Ipsets, "ipset save", &text, ipsets))
}

/// Whether the kernel surely has no set in this thread's namespace.
fn has_none() -> bool {
    /// `NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST`.
    const LIST: u16 = 6 << 8 | 7;
    /// `struct nfgenmsg`; `IPSET_ATTR_PROTOCOL` 6; `IPSET_ATTR_FLAGS` with `IPSET_FLAG_LIST_SETNAME`, in network byte order.
    const REQUEST: [[u8; 4]; 5] = [
        [2, 0, 0, 0],
        attribute(5, 1),
        [6, 0, 0, 0],
        attribute(8, 0x4000 | 6),
        [0, 0, 0, 2],
    ];
    let Ok(mut client) = Client::open(NETLINK_NETFILTER) else {
        return false;
    };
    let sets = client.dump_raw(LIST, REQUEST.as_flattened(), |_, _| Ok(()));
    sets.is_ok_and(|sets| sets.entries.is_empty() && sets.holes.is_empty())
}

/// The head of an attribute (`struct nlattr`): length and type.
const fn attribute(length: u16, kind: u16) -> [u8; 4] {
    let ([low, high], [kind_low, kind_high]) = (length.to_ne_bytes(), kind.to_ne_bytes());
    [low, high, kind_low, kind_high]
}
