//! Text forms of devices and addresses, which stand in blocks of several lines: `ip -d link` and `ip addr`, brought into
//! the rows that `-j` prints.

use serde_json::{Map, Value, json};

use super::files::is_garbled;
use super::rows::Row;
use crate::collect::report::{Report, excerpt};

/// A line that begins with the index of a device, and those indented below it.
struct Block<'a> {
    line: usize,
    head: &'a str,
    body: Vec<&'a str>,
}

fn blocks<'a>(text: &'a str, report: &mut Report) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.starts_with(|first: char| first.is_ascii_digit()) {
            blocks.push(Block {
                line: at + 1,
                head: line,
                body: Vec::new(),
            });
        } else if line.starts_with(char::is_whitespace) {
            match blocks.last_mut() {
                Some(block) => block.body.push(line),
                None => report.gap(at + 1, format!("belongs to no device: {}", excerpt(line))),
            }
        } else if !line.is_empty() {
            report.gap(at + 1, format!("no line about a device: {}", excerpt(line)));
        }
    }
    // What a device is stands in all of its lines.
    blocks
        .retain(|block| !is_garbled(block.head) && !block.body.iter().any(|line| is_garbled(line)));
    blocks
}

/// Values by the words before them: `mtu 1450 master cni0`.
pub(super) fn pairs(words: &[&str], names: &[(&str, &str)], into: &mut Map<String, Value>) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some((_, key)) = names.iter().find(|(name, _)| name == word)
            && let Some(value) = words.next()
        {
            into.insert((*key).to_owned(), Value::from(*value));
        }
    }
}

/// `4: v0@if2: <BROADCAST,UP> mtu 1500 qdisc noqueue master br0 state UP ...`.
fn head(text: &str) -> Result<Map<String, Value>, String> {
    let mut parts = text.splitn(3, ": ");
    let (Some(index), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("no line about a device: {}", excerpt(text)));
    };
    let mut fields = Map::new();
    fields.insert("ifindex".to_owned(), Value::from(index));
    let (name, peer) = name
        .split_once('@')
        .map_or((name, None), |(name, peer)| (name, Some(peer)));
    fields.insert("ifname".to_owned(), Value::from(name));
    if let Some(peer) = peer.filter(|peer| *peer != "NONE") {
        fields.insert("link".to_owned(), Value::from(peer));
    }
    let (flags, rest) = rest
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .ok_or("has no flags")?;
    let flags: Vec<&str> = flags.split(',').filter(|flag| !flag.is_empty()).collect();
    fields.insert("flags".to_owned(), json!(flags));
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    pairs(
        &words,
        &[("mtu", "mtu"), ("master", "master"), ("state", "state")],
        &mut fields,
    );
    Ok(fields)
}

/// Reads each block's head, and has `body` add what the lines below it say.
pub(super) fn read(
    text: &str,
    report: &mut Report,
    body: impl Fn(&str, &mut Map<String, Value>),
) -> Vec<Row> {
    let mut rows = Vec::new();
    for block in blocks(text, report) {
        if let Some(mut fields) = report.keep(block.line, head(block.head)) {
            for line in &block.body {
                body(line.trim(), &mut fields);
            }
            rows.push(Row {
                line: block.line,
                raw: None,
                fields,
            });
        }
    }
    rows
}

/// `ip -d link`.
pub fn links(text: &str, report: &mut Report) -> Vec<Row> {
    let mut rows = read(text, report, link_line);
    let mut named = Vec::new();
    for row in &mut rows {
        // That is the operational state here, and in `bridge link` that of the port.
        row.fields.remove("state");
        if let Some(name) = row.fields.remove("link_netns") {
            row.fields.insert(
                "link_netnsid".to_owned(),
                Value::from(stand_in(&name, &mut named)),
            );
        }
        if row
            .fields
            .get("link_netnsid")
            .is_some_and(|id| id == "unknown")
        {
            row.fields
                .insert("link_netnsid".to_owned(), Value::from(UNKNOWN_NAMESPACE));
        }
        // `v0@if2` and a namespace: the index there. Without one it is a name of this namespace.
        if row.fields.contains_key("link_netnsid")
            && let Some(peer) = row.fields.remove("link")
        {
            let index = peer
                .as_str()
                .and_then(|name| name.strip_prefix("if"))
                .unwrap_or_default();
            row.fields
                .insert("link_index".to_owned(), Value::from(index));
        }
    }
    rows
}

/// What the kernel gives for the id of a namespace that has none (NETNSA_NSID_NOT_ASSIGNED).
const UNKNOWN_NAMESPACE: i64 = -1;

/// `ip` prints the name of a namespace that has one, and its id is not to be had: ids below those the kernel gives tell
/// such namespaces apart.
fn stand_in(name: &Value, named: &mut Vec<Value>) -> i64 {
    let at = named
        .iter()
        .position(|known| known == name)
        .unwrap_or_else(|| {
            named.push(name.clone());
            named.len() - 1
        });
    UNKNOWN_NAMESPACE - 1 - i64::try_from(at).unwrap_or(0)
}

fn link_line(line: &str, fields: &mut Map<String, Value>) {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [first, rest @ ..] = words.as_slice() else {
        return;
    };
    if let Some(link_type) = first.strip_prefix("link/") {
        fields.insert("link_type".to_owned(), Value::from(link_type));
        if let Some(address) = rest.first() {
            fields.insert("address".to_owned(), Value::from(*address));
        }
        let names = [
            ("link-netnsid", "link_netnsid"),
            ("promiscuity", "promiscuity"),
            ("link-netns", "link_netns"),
        ];
        pairs(rest, &names, fields);
        return;
    }
    let data = match *first {
        "vxlan" => vxlan(rest),
        "bridge" | "vlan" => {
            let names = [
                ("vlan_filtering", "vlan_filtering"),
                ("nf_call_iptables", "nf_call_iptables"),
                ("nf_call_ip6tables", "nf_call_ip6tables"),
                ("id", "id"),
            ];
            let mut data = Map::new();
            pairs(rest, &names, &mut data);
            data
        }
        "bridge_slave" => {
            let mut data = Map::new();
            pairs(rest, &PORT, &mut data);
            slave(data, fields);
            return;
        }
        // Names and statistics, and what a device is to its bond or vrf.
        "alias" | "altname" | "vf" => return,
        other
            if other.ends_with("_slave")
                || !other.starts_with(is_lower)
                || !other.chars().all(is_of_kind) =>
        {
            return;
        }
        _ => Map::new(),
    };
    let info = fields.entry("linkinfo").or_insert_with(|| json!({}));
    if let Value::Object(info) = info
        && !info.contains_key("info_kind")
    {
        info.insert("info_kind".to_owned(), Value::from(*first));
        info.insert("info_data".to_owned(), Value::Object(data));
    }
}

fn is_lower(letter: char) -> bool {
    letter.is_ascii_lowercase()
}

/// Kinds of devices: `veth`, `ip6tnl`, `ipip`.
fn is_of_kind(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' || letter == '-'
}

fn slave(data: Map<String, Value>, fields: &mut Map<String, Value>) {
    if let Value::Object(info) = fields.entry("linkinfo").or_insert_with(|| json!({})) {
        info.insert("info_slave_kind".to_owned(), Value::from("bridge"));
        info.insert("info_slave_data".to_owned(), Value::Object(data));
    }
}

/// Settings of a bridge's port, under the same names in both tools.
pub(super) const PORT: [(&str, &str); 5] = [
    ("state", "state"),
    ("hairpin", "hairpin"),
    ("isolated", "isolated"),
    ("flood", "flood"),
    ("learning", "learning"),
];

/// `id 1 local 192.168.205.4 dev enp0s1 srcport 0 0 dstport 8472 nolearning ttl auto ...`.
fn vxlan(words: &[&str]) -> Map<String, Value> {
    let names = [
        ("id", "id"),
        ("local", "local"),
        ("group", "group"),
        ("remote", "remote"),
        ("dev", "link"),
        ("dstport", "port"),
        ("ttl", "ttl"),
    ];
    let mut data = Map::new();
    pairs(words, &names, &mut data);
    // Inherited, or left to the system.
    if data
        .get("ttl")
        .and_then(Value::as_str)
        .is_some_and(|ttl| ttl.parse::<u8>().is_err())
    {
        data.remove("ttl");
    }
    if let Some(at) = words.iter().position(|word| *word == "srcport")
        && let Some([low, high]) = words.get(at + 1..at + 3)
    {
        data.insert("port_range".to_owned(), json!({ "low": low, "high": high }));
    }
    data.insert(
        "learning".to_owned(),
        Value::from(!words.contains(&"nolearning")),
    );
    if words.contains(&"external") {
        data.insert("external".to_owned(), Value::Null);
    }
    data
}

/// `ip addr`.
pub fn addresses(text: &str, report: &mut Report) -> Vec<Row> {
    read(text, report, |line, fields| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [family @ ("inet" | "inet6"), address, rest @ ..] = words.as_slice() else {
            return;
        };
        let mut info = Map::new();
        let (mut local, mut prefix) = (*address, *address);
        if let ["peer", peer, ..] = rest {
            prefix = peer;
            info.insert("address".to_owned(), Value::from(peer.split('/').next()));
        }
        local = local.split('/').next().unwrap_or(local);
        let length = prefix.split_once('/').map_or("", |(_, length)| length);
        info.insert("family".to_owned(), Value::from(*family));
        info.insert("local".to_owned(), Value::from(local));
        info.insert("prefixlen".to_owned(), Value::from(length));
        pairs(
            rest,
            &[("brd", "broadcast"), ("scope", "scope"), ("peer", "peer")],
            &mut info,
        );
        for flag in ["secondary", "tentative", "dadfailed", "deprecated"] {
            if rest.contains(&flag) {
                info.insert(flag.to_owned(), Value::from(true));
            }
        }
        let all = fields.entry("addr_info").or_insert_with(|| json!([]));
        if let Value::Array(all) = all {
            all.push(Value::Object(info));
        }
    })
}
