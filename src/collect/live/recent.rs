//! Lists of the `recent` match (`/proc/net/xt_recent`, iptables-extensions(8)).

use std::fs;
use std::io;
use std::net::IpAddr;

/// The lists of this thread's namespace; none when the match was never used.
pub(super) fn read() -> io::Result<Vec<(String, Vec<IpAddr>)>> {
    let folder = match fs::read_dir("/proc/thread-self/net/xt_recent") {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut lists = Vec::new();
    for entry in folder {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        let addresses = text.lines().filter_map(address).collect();
        lists.push((entry.file_name().to_string_lossy().into_owned(), addresses));
    }
    lists.sort();
    Ok(lists)
}

/// `src=10.0.0.1 ttl: 64 last_seen: ...`
fn address(line: &str) -> Option<IpAddr> {
    line.strip_prefix("src=")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels() {
        let line = "src=10.0.0.1 ttl: 64 last_seen: 4294938210 oldest_pkt: 1 4294938210";
        assert_eq!(address(line), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(address(""), None);
    }
}
