//! Lists of the `recent` match (`/proc/net/xt_recent`, iptables-extensions(8)), and the clock of their stamps.

use std::fs;
use std::io;

use crate::model::{Jiffies, RecentEntry, RecentList};

/// Jiffies of a 64-bit kernel start at the 32-bit counter's end, less five minutes (`INITIAL_JIFFIES`).
const FIVE_MINUTES: f64 = 300.0;
/// The values that CONFIG_HZ can have on the machines that clusters run on.
const FREQUENCIES: [u32; 4] = [100, 250, 300, 1000];

/// The lists of this thread's namespace; none when the match was never used.
pub(super) fn read() -> io::Result<Vec<RecentList>> {
    let folder = match fs::read_dir("/proc/thread-self/net/xt_recent") {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut lists = Vec::new();
    for entry in folder {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        lists.push(RecentList {
            name: entry.file_name().to_string_lossy().into_owned(),
            entries: text.lines().filter_map(RecentEntry::read).collect(),
            now: None,
        });
    }
    if lists.iter().any(|list| !list.entries.is_empty()) {
        let now = now();
        lists.iter_mut().for_each(|list| list.now = now);
    }
    lists.sort();
    Ok(lists)
}

/// What time it is, by /proc/timer_list, which only root may read.
fn now() -> Option<Jiffies> {
    clock(&fs::read_to_string("/proc/timer_list").ok()?)
}

/// `now at 12671330763631 nsecs` since the machine started, and `jiffies: 4298079668`: together they tell how many make
/// a second.
fn clock(text: &str) -> Option<Jiffies> {
    let number = |key: &str| -> Option<u64> {
        let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
        rest.split_ascii_whitespace().next()?.parse().ok()
    };
    let running = number("now at ")? as f64 / 1e9;
    let ticks = number("jiffies: ")?;
    let counted = ticks as f64 - f64::from(u32::MAX) - 1.0;
    let off = |hz: u32| (counted - (running - FIVE_MINUTES) * f64::from(hz)).abs() / f64::from(hz);
    let nearest = FREQUENCIES
        .into_iter()
        .min_by(|a, b| off(*a).total_cmp(&off(*b)))?;
    (off(nearest) < 2.0).then_some(Jiffies {
        ticks,
        per_second: nearest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_kernel_with_250_ticks_a_second() {
        let text =
            "Timer List Version: v0.10\nnow at 12671330763631 nsecs\n\njiffies: 4298060129\n";
        let read = clock(text);
        assert_eq!(
            read,
            Some(Jiffies {
                ticks: 4298060129,
                per_second: 250
            })
        );
        assert_eq!(clock("jiffies: 12\nnow at 12671330763631 nsecs"), None);
        assert_eq!(clock(""), None);
    }
}
