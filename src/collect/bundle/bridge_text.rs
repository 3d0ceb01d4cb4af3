//! Text forms of bridge ports and their VLANs: `bridge -d link` and `bridge vlan`, brought into the rows that `-j` prints.

use serde_json::{Map, Value, json};

use super::blocks::{PORT, pairs, read};
use super::files::is_garbled;
use super::rows::Row;
use crate::collect::report::{Report, excerpt};

/// `bridge -d link`.
pub fn ports(text: &str, report: &mut Report) -> Vec<Row> {
    read(text, report, |line, fields| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        pairs(&words, &PORT, fields);
    })
}

/// `bridge vlan`: a port's name stands before the first of its VLANs.
pub fn vlans(text: &str, report: &mut Report) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut words: Vec<&str> = line.split_ascii_whitespace().collect();
        if words.is_empty() || line.starts_with("port") || is_garbled(line) {
            continue;
        }
        if !line.starts_with(char::is_whitespace) {
            let name = words.remove(0);
            rows.push(Row {
                line: at + 1,
                raw: None,
                fields: Map::new(),
            });
            if let Some(row) = rows.last_mut() {
                row.fields.insert("ifname".to_owned(), Value::from(name));
            }
        }
        let Some(row) = rows.last_mut() else {
            report.gap(at + 1, format!("VLANs of no port: {}", excerpt(line)));
            continue;
        };
        let Some(id) = words.first() else { continue };
        let (first, last) = id.split_once('-').unwrap_or((id, id));
        let mut flags = Vec::new();
        if words.contains(&"PVID") {
            flags.push("PVID");
        }
        if words.contains(&"Untagged") {
            flags.push("Egress Untagged");
        }
        let entry = json!({ "vlan": first, "vlanEnd": last, "flags": flags });
        if let Value::Array(all) = row.fields.entry("vlans").or_insert_with(|| json!([])) {
            all.push(entry);
        }
    }
    rows
}
