//! Whether a part of the kernel is there, without asking for it: a request to a part that is not may load it.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use memchr::memmem;
use nix::sys::utsname;

/// A kernel's configuration is 300 KB of text.
const MOST: u64 = 8 << 20;

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

    /// The option that it is configured by.
    fn option(self) -> &'static str {
        match self {
            Self::NfTables => "CONFIG_NF_TABLES",
            Self::IpSet => "CONFIG_IP_SET",
            Self::TcpDiag => "CONFIG_INET_TCP_DIAG",
            Self::UdpDiag => "CONFIG_INET_UDP_DIAG",
            Self::Conntrack => "CONFIG_NF_CONNTRACK",
            Self::ConntrackNetlink => "CONFIG_NF_CT_NETLINK",
        }
    }

    /// Whether the kernel has it now; `None` when that cannot be told.
    pub fn is_there(self) -> Option<bool> {
        let (module, _) = self.signs();
        if Path::new("/sys/module").join(module).exists() {
            return Some(true);
        }
        // What is built in need not be listed under /sys/module: kernels come with a list of it or with how they were
        // configured, and else their functions have names, which it takes a while to go through.
        static BUILT_IN: OnceLock<Option<Vec<Part>>> = OnceLock::new();
        BUILT_IN
            .get_or_init(|| {
                listed(&utsname::uname().ok()?.release().to_string_lossy())
                    .or_else(|| configured(Path::new("/proc/config.gz")))
                    .or_else(|| built_in(Path::new("/proc/kallsyms")))
            })
            .as_ref()
            .map(|parts| parts.contains(&self))
    }
}

/// The parts in the list of modules that a kernel was built with (`modules.builtin`, Documentation/kbuild/kbuild.rst).
fn listed(release: &str) -> Option<Vec<Part>> {
    let path = Path::new("/lib/modules")
        .join(release)
        .join("modules.builtin");
    let list = fs::read_to_string(path).ok()?;
    let names = |part: &Part| {
        let file = format!("/{}.ko", part.signs().0);
        list.lines().any(|line| line.ends_with(&file))
    };
    Some(Part::ALL.into_iter().filter(names).collect())
}

/// The parts that a kernel was configured to have built in (`CONFIG_IKCONFIG_PROC`).
fn configured(config: &Path) -> Option<Vec<Part>> {
    let mut text = String::new();
    let file = fs::File::open(config).ok()?;
    GzDecoder::new(file)
        .take(MOST)
        .read_to_string(&mut text)
        .ok()?;
    let is_set = |part: &Part| {
        let set = format!("{}=y", part.option());
        text.lines().any(|line| line == set)
    };
    Some(Part::ALL.into_iter().filter(is_set).collect())
}

/// The parts whose functions the kernel has names for (proc(5), /proc/kallsyms).
fn built_in(symbols: &Path) -> Option<Vec<Part>> {
    let names = fs::read(symbols).ok().filter(|names| !names.is_empty())?;
    let has = |part: &Part| {
        // A line ends with the name, or with that of its module after it.
        let function = format!(" {}", part.signs().1);
        memmem::find_iter(&names, function.as_bytes())
            .any(|at| matches!(names.get(at + function.len()), None | Some(b'\n' | b'\t')))
    };
    Some(Part::ALL.into_iter().filter(has).collect())
}
