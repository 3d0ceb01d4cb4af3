//! Text forms of routes, rules, neighbours and forwarding entries, one a line: brought into the rows that `-j` prints.

use serde_json::{Map, Value, json};

use super::rows::{Row, hex};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::RouteType;

/// The words of a line, taken one by one, and the fields they amount to.
struct Words<'a> {
    rest: std::str::SplitAsciiWhitespace<'a>,
    fields: Map<String, Value>,
}

impl<'a> Words<'a> {
    fn new(line: &'a str) -> Self {
        Self {
            rest: line.split_ascii_whitespace(),
            fields: Map::new(),
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        self.fields.insert(key.to_owned(), Value::from(value));
    }

    /// A word that `-j` prints as a key without a value.
    fn flag(&mut self, key: &str) {
        self.fields.insert(key.to_owned(), Value::Null);
    }

    /// Adds a word to the list under `key`.
    fn push(&mut self, key: &str, value: Value) {
        if let Value::Array(list) = self.fields.entry(key).or_insert_with(|| json!([])) {
            list.push(value);
        }
    }

    fn next(&mut self) -> Result<&'a str, String> {
        self.rest
            .next()
            .ok_or_else(|| "the line is cut short".to_owned())
    }

    /// The next word is the value of `key`.
    fn take(&mut self, key: &str) -> Result<(), String> {
        let value = self.next()?;
        self.set(key, value);
        Ok(())
    }
}

/// A line's blanks made single: as evidence has it.
fn tidy(line: &str) -> String {
    line.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads a file of one entry a line.
fn read(
    text: &str,
    report: &mut Report,
    fields: impl Fn(&str) -> Result<Map<String, Value>, String>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (line, text) in lines(text) {
        let read = fields(text).map_err(|what| format!("{what}: {}", excerpt(text)));
        if let Some(fields) = report.keep(line, read) {
            rows.push(Row {
                line,
                raw: Some(tidy(text)),
                fields,
            });
        }
    }
    rows
}

/// `ip route show table all`. Next hops of a multipath route stand on lines of their own, or after a backslash.
pub fn routes(text: &str, report: &mut Report) -> Vec<Row> {
    let mut joined = String::with_capacity(text.len());
    let mut first_lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("nexthop ") {
            joined.push(' ');
        } else {
            if at > 0 {
                joined.push('\n');
            }
            first_lines.push(at + 1);
        }
        joined.push_str(&line.replace('\\', " "));
    }
    let mut rows = read(&joined, report, route);
    for row in &mut rows {
        row.line = first_lines.get(row.line - 1).copied().unwrap_or(row.line);
    }
    rows
}

const ROUTE_FLAGS: [&str; 11] = [
    "dead",
    "onlink",
    "pervasive",
    "offload",
    "trap",
    "notify",
    "linkdown",
    "unresolved",
    "rt_offload",
    "rt_trap",
    "rt_offload_failed",
];

fn route(line: &str) -> Result<Map<String, Value>, String> {
    let line = tidy(line);
    let mut parts = line.split(" nexthop ");
    let mut words = Words::new(parts.next().unwrap_or_default());
    let mut destination = words.next()?;
    if RouteType::from_name(destination).is_some() {
        words.set("type", destination);
        destination = words.next()?;
    }
    let looks_right = destination == "default" || destination.contains(['.', ':']);
    if !looks_right {
        return Err("no route".to_owned());
    }
    words.set("dst", destination);
    route_words(&mut words)?;
    for hop in parts {
        let mut hop = Words::new(hop);
        route_words(&mut hop)?;
        words.push("nexthops", Value::Object(hop.fields));
    }
    Ok(words.fields)
}

/// What follows a route's destination, or the word `nexthop`.
fn route_words(words: &mut Words) -> Result<(), String> {
    while let Some(word) = words.rest.next() {
        match word {
            "via" => match words.next()? {
                family @ ("inet" | "inet6") => {
                    let host = words.next()?;
                    let via = json!({ "family": family, "host": host });
                    words.fields.insert("via".to_owned(), via);
                }
                gateway => words.set("gateway", gateway),
            },
            "proto" => words.take("protocol")?,
            "src" => words.take("prefsrc")?,
            "from" | "nhid" | "tos" | "dev" | "table" | "scope" | "metric" | "pref" | "encap"
            | "weight" | "expires" => words.take(word)?,
            "as" => {
                words.next()?;
                words.take("to")?;
            }
            "mtu" => {
                let mut value = words.next()?;
                if value == "lock" {
                    value = words.next()?;
                }
                words.push("metrics", json!({ "mtu": value }));
            }
            flag if ROUTE_FLAGS.contains(&flag) => words.push("flags", Value::from(flag)),
            // Metrics of TCP, realms, counters: no packet's way depends on them.
            _ => {}
        }
    }
    Ok(())
}

/// `ip rule`.
pub fn rules(text: &str, report: &mut Report) -> Vec<Row> {
    read(text, report, rule)
}

fn rule(line: &str) -> Result<Map<String, Value>, String> {
    let (priority, rest) = line.split_once(':').ok_or("no rule")?;
    let mut words = Words::new(rest);
    words.set("priority", priority.trim());
    let mut device = "iif_detached";
    while let Some(word) = words.rest.next() {
        match word {
            "from" => pair(&mut words, "src", "srclen")?,
            "to" => pair(&mut words, "dst", "dstlen")?,
            "fwmark" => pair(&mut words, "fwmark", "fwmask")?,
            "iif" | "oif" => {
                words.take(word)?;
                device = if word == "iif" {
                    "iif_detached"
                } else {
                    "oif_detached"
                };
            }
            "[detached]" => words.flag(device),
            "lookup" | "table" => match words.next()? {
                "[l3mdev-table]" => words.flag("l3mdev"),
                table => words.set("table", table),
            },
            "uidrange" => range(&mut words, "uid")?,
            "sport" | "dport" => range(&mut words, word)?,
            "suppress_prefixlength" => words.take("suppress_prefixlen")?,
            "tos" | "ipproto" | "goto" | "tun_id" | "dscp" | "flowlabel" | "suppress_ifgroup" => {
                words.take(word)?
            }
            "proto" => words.take("protocol")?,
            "realms" => words.take("flow_to")?,
            "not" | "nop" => words.flag(word),
            "[unresolved]" => words.flag("unresolved"),
            "blackhole" | "unreachable" | "prohibit" => words.set("action", word),
            other => return Err(format!("unknown word {other:?}")),
        }
    }
    Ok(words.fields)
}

/// `VALUE` or `VALUE/SECOND`.
fn pair(words: &mut Words, key: &str, second: &str) -> Result<(), String> {
    let word = words.next()?;
    let (value, after) = word
        .split_once('/')
        .map_or((word, None), |(value, after)| (value, Some(after)));
    words.set(key, value);
    if let Some(after) = after {
        words.set(second, after);
    }
    Ok(())
}

fn range(words: &mut Words, key: &str) -> Result<(), String> {
    let value = words.next()?;
    match (value.split_once('-'), value.split_once('/')) {
        (Some((first, last)), _) => {
            words.set(&format!("{key}_start"), first);
            words.set(&format!("{key}_end"), last);
        }
        (None, Some((port, mask))) => {
            // With a mask both are printed in hexadecimal.
            let port = hex(port).ok_or("a port makes no sense")?;
            words.fields.insert(key.to_owned(), Value::from(port));
            words.set(&format!("{key}_mask"), mask);
        }
        (None, None) => words.set(key, value),
    }
    Ok(())
}

/// `ip neigh`.
pub fn neighbors(text: &str, report: &mut Report) -> Vec<Row> {
    read(text, report, |line| {
        let mut words = Words::new(line);
        words.take("dst")?;
        while let Some(word) = words.rest.next() {
            match word {
                "dev" | "lladdr" => words.take(word)?,
                "proto" => words.take("protocol")?,
                "probes" => drop(words.next()?),
                "router" | "proxy" | "managed" | "extern_learn" | "offload" | "extern_valid" => {
                    words.flag(word)
                }
                state if state.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                    words.push("state", Value::from(state));
                }
                // Reference counts and ages of `-s`.
                _ => {}
            }
        }
        Ok(words.fields)
    })
}

/// `bridge fdb`.
pub fn fdb(text: &str, report: &mut Report) -> Vec<Row> {
    read(text, report, |line| {
        let mut words = Words::new(line);
        words.take("mac")?;
        while let Some(word) = words.rest.next() {
            match word {
                "dev" => words.take("ifname")?,
                "dst" | "vlan" | "port" | "vni" | "src_vni" | "nhid" | "master" => {
                    words.take(word)?
                }
                "link-netnsid" => words.take("linkNetNsId")?,
                "via" => match words.next()? {
                    "ifindex" => words.take("viaIfIndex")?,
                    device => words.set("viaIf", device),
                },
                "permanent" | "static" | "stale" => words.set("state", word),
                "self" | "router" | "extern_learn" | "offload" | "sticky" | "locked" => {
                    words.push("flags", Value::from(word));
                }
                // Ages of `-s`.
                _ => {}
            }
        }
        Ok(words.fields)
    })
}
