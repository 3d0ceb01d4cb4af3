//! Lists of addresses that rules keep (`-m recent`, /proc/net/xt_recent).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A list, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecentList {
    /// Its name in the rules.
    pub name: String,
    /// The addresses that it remembers.
    pub entries: Vec<RecentEntry>,
    /// What time it was by the clock of its stamps; `None` when that was not read.
    pub now: Option<Jiffies>,
}

/// An address in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecentEntry {
    /// The address.
    pub address: IpAddr,
    /// When it was seen, in jiffies; in no order.
    pub seen: Vec<u64>,
    /// The line as it was read.
    pub raw: String,
}

/// A time by the kernel's tick counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Jiffies {
    /// Ticks.
    pub ticks: u64,
    /// Ticks a second (CONFIG_HZ).
    pub per_second: u32,
}

impl RecentEntry {
    /// A line of the kernel's: `src=10.0.0.1 ttl: 64 last_seen: 4294938210 oldest_pkt: 1 4294938210, ...`.
    pub fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let mut words = line.strip_prefix("src=")?.split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        // Behind `oldest_pkt: N`, which is where the next stamp will be written, all stamps follow.
        let stamps = words.skip_while(|word| *word != "oldest_pkt:").skip(2);
        Some(Self {
            address,
            seen: stamps
                .map_while(|stamp| stamp.trim_end_matches(',').parse().ok())
                .collect(),
            raw: line.to_owned(),
        })
    }
}

impl Jiffies {
    /// Ticks since a stamp. The counter wraps around.
    pub fn since(self, stamp: u64) -> u64 {
        self.ticks.wrapping_sub(stamp)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::RecentEntry;

    #[test]
    fn a_line_of_the_kernels() {
        let line =
            "src=10.0.0.1 ttl: 64 last_seen: 4294938210 oldest_pkt: 2 4294938200, 4294938210";
        let entry = RecentEntry::read(line).unwrap();
        assert_eq!(
            entry.address,
            "10.0.0.1".parse::<std::net::IpAddr>().unwrap()
        );
        assert_eq!(entry.seen, [4294938200, 4294938210]);
        assert_eq!(RecentEntry::read(""), None);
    }
}
