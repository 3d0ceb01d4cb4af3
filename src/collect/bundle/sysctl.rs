//! Files of `key = value` lines: `sysctl -a` (sysctl(8)) and flannel's `subnet.env`.

use std::collections::BTreeMap;

use super::files::is_garbled;
use crate::collect::report::{Report, excerpt};
use crate::model::Sysctls;

/// The settings under `net.`; others have no place in a network namespace.
pub fn sysctls(text: &str, report: &mut Report) -> Sysctls {
    let mut settings = BTreeMap::new();
    for (line, text) in lines(text) {
        let Some((key, value)) = text.split_once('=') else {
            report.gap(line, format!("no `key = value`: {}", excerpt(text)));
            continue;
        };
        let key = dotted(key.trim());
        if key.starts_with("net.") {
            settings.insert(key, value.trim().to_owned());
        }
    }
    Sysctls(settings)
}

/// Keys may also be written as the path under /proc/sys; then dots are dots.
fn dotted(key: &str) -> String {
    if !key.starts_with("net/") {
        return key.to_owned();
    }
    let swap = |c| match c {
        '/' => '.',
        '.' => '/',
        other => other,
    };
    key.chars().map(swap).collect()
}

/// The keys and values of `subnet.env`.
pub fn environment(text: &str, report: &mut Report) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (line, text) in lines(text) {
        match text.split_once('=') {
            Some((key, value)) => pairs.push((key.trim().to_owned(), value.trim().to_owned())),
            None => report.gap(line, format!("no `KEY=value`: {}", excerpt(text))),
        }
    }
    pairs
}

/// Lines that say something, with their numbers. Garbled ones do not.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#') && !is_garbled(line))
}
