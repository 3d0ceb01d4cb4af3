//! Policy routing rules: rows of `ip -j rule` → [`RoutingRule`] (iproute2's `ip/iprule.c`).

use ipnet::IpNet;

use super::routes::prefix;
use super::rows::{FieldResult, Fields, Row, bare};
use super::tables;
use crate::collect::report::Report;
use crate::model::text::{RuleDetails, rule_text};
use crate::model::{Family, RoutingRule, RuleAction, Table};

/// Selectors which a kernel may know and the model does not.
const NOT_MODELLED: [&str; 4] = ["tun_id", "dscp", "flowlabel", "suppress_ifgroup"];

/// The rules of a file, which holds those of one family.
pub fn rules(rows: &[Row], family: Family, report: &mut Report) -> Vec<RoutingRule> {
    let mut rules = Vec::new();
    for row in rows {
        let Some((rule, details)) = report.keep(row.line, rule(row, family)) else {
            continue;
        };
        if let Some(name) = &details.table_name {
            report.note(row.line, tables::unknown_table(name));
        }
        for selector in &rule.not_understood {
            let what = format!(
                "whether rule {} holds depends on `{selector}`, which is not modelled",
                rule.priority
            );
            report.note(row.line, what);
        }
        rules.push(rule);
    }
    rules
}

fn rule(row: &Row, family: Family) -> FieldResult<(RoutingRule, RuleDetails)> {
    let fields = row.fields();
    let mut not_understood = Vec::new();
    for key in NOT_MODELLED {
        if let Some(value) = fields.value(key) {
            not_understood.push(format!("{key} {}", bare(value)));
        }
    }
    for key in ["sport", "dport"] {
        if let Some(mask) = fields
            .hex(&format!("{key}_mask"))?
            .filter(|mask| *mask != 0xffff)
        {
            not_understood.push(format!("{key} with mask {mask:#x}"));
        }
    }
    let ip_protocol = match fields.value("ipproto").map(bare) {
        None => None,
        Some(name) => {
            let number = tables::ip_protocol(&name);
            if number.is_none() {
                not_understood.push(format!("ipproto {name}"));
            }
            number
        }
    };
    let tos = match fields.value("tos").map(bare) {
        None => 0,
        Some(text) => tables::tos(&text).ok_or_else(|| format!("unknown tos {text:?}"))?,
    };
    let l3mdev = fields.flag("l3mdev");
    let (action, table_name) = action(fields, l3mdev)?;
    let mut suppressed = fields.number("suppress_prefixlen")?;
    if suppressed.is_none() {
        suppressed = fields.number("suppress_prefixlength")?;
    }
    let mask = fields.hex("fwmask")?.unwrap_or(u32::MAX);
    let mut rule = RoutingRule {
        priority: fields.number("priority")?.ok_or("has no `priority`")?,
        not: fields.flag("not"),
        from: selector(fields, "src", "srclen", family)?,
        to: selector(fields, "dst", "dstlen", family)?,
        iif: fields.text("iif")?.map(str::to_owned),
        oif: fields.text("oif")?.map(str::to_owned),
        fwmark: fields.hex("fwmark")?.map(|mark| (mark, mask)),
        tos,
        ip_protocol,
        source_port: range(fields, "sport", "sport_start", "sport_end")?,
        destination_port: range(fields, "dport", "dport_start", "dport_end")?,
        uid_range: range(fields, "uid", "uid_start", "uid_end")?,
        l3mdev,
        suppress_prefix_length: suppressed,
        action,
        not_understood,
        raw: String::new(),
    };
    let details = RuleDetails {
        iif_detached: fields.flag("iif_detached"),
        oif_detached: fields.flag("oif_detached"),
        table_name,
        unresolved: fields.flag("unresolved"),
        after_table: realms(fields),
        tail: protocol(fields),
    };
    rule.raw = row
        .raw
        .clone()
        .unwrap_or_else(|| rule_text(&rule, &details));
    Ok((rule, details))
}

/// A prefix whose length, unless it is that of a single address, stands apart.
fn selector(rule: Fields, key: &str, length: &str, family: Family) -> FieldResult<Option<IpNet>> {
    let Some(text) = rule.text(key)? else {
        return Ok(None);
    };
    if text == "all" {
        return Ok(None);
    }
    let Some(length) = rule.number::<u8>(length)? else {
        return prefix(text, family).map(Some);
    };
    let address = match (text, family) {
        ("0", Family::V4) => "0.0.0.0",
        ("0", Family::V6) => "::",
        _ => text,
    };
    prefix(&format!("{address}/{length}"), family).map(Some)
}

fn range<T: TryFrom<i64> + Copy>(
    rule: Fields,
    one: &str,
    first: &str,
    last: &str,
) -> FieldResult<Option<(T, T)>> {
    if let Some(only) = rule.number(one)? {
        return Ok(Some((only, only)));
    }
    match (rule.number(first)?, rule.number(last)?) {
        (Some(first), Some(last)) => Ok(Some((first, last))),
        (None, None) => Ok(None),
        _ => Err(format!("has only one of `{first}` and `{last}`")),
    }
}

fn action(rule: Fields, l3mdev: bool) -> FieldResult<(RuleAction, Option<String>)> {
    if l3mdev {
        return Ok((RuleAction::Lookup(Table(0)), None));
    }
    if let Some(priority) = rule.number("goto")? {
        return Ok((RuleAction::Goto(priority), None));
    }
    if rule.flag("nop") {
        return Ok((RuleAction::Nop, None));
    }
    match rule.text("action")? {
        Some("blackhole") => return Ok((RuleAction::Blackhole, None)),
        Some("unreachable") => return Ok((RuleAction::Unreachable, None)),
        Some("prohibit") => return Ok((RuleAction::Prohibit, None)),
        Some(other) => return Err(format!("unknown action {other:?}")),
        None => {}
    }
    let name = rule
        .value("table")
        .map(bare)
        .ok_or("has neither a table nor an action")?;
    let (table, name) = tables::table(&name);
    Ok((RuleAction::Lookup(table), name))
}

/// RTA_FLOW: a tag for accounting, without which the packet goes the same way.
fn realms(rule: Fields) -> Vec<String> {
    let to = rule.value("flow_to").map(bare);
    let from = rule
        .value("flow_from")
        .map(|from| format!("{}/", bare(from)))
        .unwrap_or_default();
    to.into_iter()
        .map(|to| format!("realms {from}{to}"))
        .collect()
}

/// FRA_PROTOCOL, which is only printed when it says something.
fn protocol(rule: Fields) -> Vec<String> {
    let name = rule
        .value("protocol")
        .map(bare)
        .filter(|name| name != "kernel" && name != "unspec");
    name.into_iter()
        .map(|name| format!("proto {name}"))
        .collect()
}
