//! Devices: rows of `ip -j -d link` → [`Link`] (iproute2's `ip/ipaddress.c`, `ip/iplink_*.c`).

use super::ports::port;
use super::rows::{FieldResult, Fields, Row};
use crate::collect::report::Report;
use crate::model::{Ipip, Link, LinkKind, Vxlan};

/// The devices of a file.
pub fn links(rows: &[Row], report: &mut Report) -> Vec<Link> {
    // `-d` prints the promiscuity of every device; without it nothing says what a device is.
    let detailed = rows
        .iter()
        .any(|row| row.fields().value("promiscuity").is_some());
    if !detailed && !rows.is_empty() {
        report.note(
            None,
            "made without -d: what kind of devices these are is unknown",
        );
    }
    let mut links = Vec::new();
    // A peer in the same namespace is printed by name: to be found when all are known.
    let mut named_peers = Vec::new();
    for row in rows.iter().filter(|row| !row.fields.is_empty()) {
        let Some(link) = report.keep(row.line, link(row.fields(), detailed)) else {
            continue;
        };
        if let Ok(Some(peer)) = row.fields().text("link") {
            named_peers.push((links.len(), row.line, peer));
        }
        links.push(link);
    }
    for (at, line, peer) in named_peers {
        let index = index_of(peer, &links);
        if index.is_none() {
            report.note(
                line,
                format!("the peer {peer:?} is no device of this namespace"),
            );
        }
        if let Some(link) = links.get_mut(at) {
            link.peer_index = index;
        }
    }
    links
}

/// The index of the device of that name; iproute2 writes `if7` for index 7 when it knows no name.
fn index_of(name: &str, links: &[Link]) -> Option<u32> {
    let found = links
        .iter()
        .find(|link| link.name == name)
        .map(|link| link.index);
    found.or_else(|| name.strip_prefix("if")?.parse().ok())
}

fn link(row: Fields, detailed: bool) -> FieldResult<Link> {
    let flags = row.words("flags")?;
    let name = row.required("ifname")?.to_owned();
    let kind = kind(row, detailed)?;
    Ok(Link {
        index: row.number("ifindex")?.ok_or("has no `ifindex`")?,
        up: flags.contains(&"UP"),
        carrier: flags.contains(&"LOWER_UP"),
        noarp: flags.contains(&"NOARP"),
        mtu: row
            .number("mtu")?
            .ok_or_else(|| format!("{name}: has no `mtu`"))?,
        mac: row
            .text("address")?
            .and_then(|address| address.parse().ok()),
        master: row.text("master")?.map(str::to_owned),
        peer_index: row.number("link_index")?,
        peer_nsid: row.number("link_netnsid")?,
        port: slave_port(row)?,
        name,
        kind,
    })
}

/// The settings of a bridge's port, which `ip -d link` prints too.
fn slave_port(row: Fields) -> FieldResult<Option<crate::model::BridgePort>> {
    let Some(info) = row.object("linkinfo") else {
        return Ok(None);
    };
    match (
        info.text("info_slave_kind")?,
        info.object("info_slave_data"),
    ) {
        (Some("bridge"), Some(data)) => port(data).map(Some),
        _ => Ok(None),
    }
}

fn kind(row: Fields, detailed: bool) -> FieldResult<LinkKind> {
    let link_type = row.text("link_type")?;
    if link_type == Some("loopback") {
        return Ok(LinkKind::Loopback);
    }
    let info = row.object("linkinfo");
    let data = info.and_then(|info| info.object("info_data"));
    let name = match info {
        Some(info) => info.text("info_kind")?,
        None => None,
    };
    let kind = match (name, data) {
        (Some("veth"), _) => LinkKind::Veth,
        (Some("dummy"), _) => LinkKind::Dummy,
        (Some("bridge"), Some(data)) => LinkKind::Bridge {
            vlan_filtering: data.switch("vlan_filtering").unwrap_or(false),
            nf_call_iptables: data.switch("nf_call_iptables").unwrap_or(false),
            nf_call_ip6tables: data.switch("nf_call_ip6tables").unwrap_or(false),
        },
        (Some("vxlan"), Some(data)) => LinkKind::Vxlan(vxlan(data)?),
        (Some("ipip"), Some(data)) => LinkKind::Ipip(ipip(data)?),
        (Some("vlan"), Some(data)) => LinkKind::VlanDevice {
            id: data.number("id")?.ok_or("a vlan device without `id`")?,
        },
        (Some(other), _) => LinkKind::Other(other.to_owned()),
        (None, _) if !detailed => LinkKind::Other("unknown".to_owned()),
        (None, _) => match link_type {
            None | Some("ether" | "infiniband") => LinkKind::Physical,
            Some(other) => LinkKind::Other(other.to_owned()),
        },
    };
    Ok(kind)
}

fn ipip(data: Fields) -> FieldResult<Ipip> {
    // iproute2 writes `any` for no address.
    let end = |key| match data.text(key)? {
        None | Some("any") => Ok(None),
        Some(_) => data.parse(key),
    };
    let protocol = match data.text("proto")? {
        Some("ipip") => 4,
        Some("mplsip") => 137,
        _ => 0,
    };
    Ok(Ipip {
        protocol,
        local: end("local")?,
        remote: end("remote")?,
        lower: data.text("link")?.map(str::to_owned),
        ttl: data.number("ttl")?.unwrap_or(0),
        path_mtu: data.switch("pmtudisc").unwrap_or(true),
        mark: data.hex("fwmark")?.unwrap_or(0),
        encap: data.object("encap").is_some(),
        external: data.flag("external"),
    })
}

fn vxlan(data: Fields) -> FieldResult<Vxlan> {
    let either = |keys: &[&str]| -> FieldResult<Option<std::net::IpAddr>> {
        for key in keys {
            if let Some(address) = data.parse(key)? {
                return Ok(Some(address));
            }
        }
        Ok(None)
    };
    let ports = match data.object("port_range") {
        Some(range) => range.number("low")?.zip(range.number("high")?),
        None => None,
    };
    Ok(Vxlan {
        vni: data.number("id")?.ok_or("a vxlan device without `id`")?,
        port: data
            .number("port")?
            .ok_or("a vxlan device without `port`")?,
        local: either(&["local", "local6"])?,
        group: either(&["group", "group6", "remote", "remote6"])?,
        lower: data.text("link")?.map(str::to_owned),
        learning: data.switch("learning").unwrap_or(true),
        ttl: data.number("ttl")?.unwrap_or(0),
        port_range: ports.filter(|range| *range != (0, 0)),
        external: data.flag("external"),
    })
}
