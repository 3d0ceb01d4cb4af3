//! Whether a part of the kernel is there, without asking for it: a request to a part that is not may load it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::OnceLock;

/// A part of the kernel that may be a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    NfTables,
    IpSet,
    TcpDiag,
    UdpDiag,
    Conntrack,
    ConntrackNetlink,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::NfTables,
        Self::IpSet,
        Self::TcpDiag,
        Self::UdpDiag,
        Self::Conntrack,
        Self::ConntrackNetlink,
    ];

    /// The module, and a function that only this part has.
    fn signs(self) -> (&'static str, &'static str) {
        match self {
            Self::NfTables => ("nf_tables", "nft_do_chain"),
            Self::IpSet => ("ip_set", "ip_set_add"),
            Self::TcpDiag => ("tcp_diag", "tcp_diag_dump"),
            Self::UdpDiag => ("udp_diag", "udp_diag_dump"),
            Self::Conntrack => ("nf_conntrack", "nf_conntrack_in"),
            Self::ConntrackNetlink => ("nf_conntrack_netlink", "ctnetlink_dump_table"),
        }
    }

    /// Whether the kernel has it now; `None` when that cannot be told.
    pub fn is_there(self) -> Option<bool> {
        let (module, _) = self.signs();
        if Path::new("/sys/module").join(module).exists() {
            return Some(true);
        }
        // What is built in need not be listed under /sys/module, but its functions have names.
        static BUILT_IN: OnceLock<Option<Vec<Part>>> = OnceLock::new();
        BUILT_IN
            .get_or_init(|| built_in(Path::new("/proc/kallsyms")))
            .as_ref()
            .map(|parts| parts.contains(&self))
    }
}

/// The parts whose functions the kernel has names for (proc(5), /proc/kallsyms).
fn built_in(symbols: &Path) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut lines = 0;
    for line in BufReader::new(File::open(symbols).ok()?).lines() {
        let line = line.ok()?;
        lines += 1;
        let name = line.split_whitespace().nth(2);
        parts.extend(
            Part::ALL
                .into_iter()
                .filter(|part| name == Some(part.signs().1)),
        );
    }
    (lines > 0).then_some(parts)
}
