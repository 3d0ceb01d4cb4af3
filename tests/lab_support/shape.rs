//! A bundle reduced to what two captures of equal clusters have in common: without indexes, chance addresses, counters and
//! what was learned from traffic.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fixture::Fixture;

/// Rows of one file, sorted.
pub type Rows = Vec<String>;

/// The shape of a whole bundle: file name → rows. Link-local addresses of IPv6 follow from hardware addresses, and are
/// those of chance.
pub fn of(bundle: &Fixture) -> BTreeMap<String, Rows> {
    let macs = macs(bundle);
    let mut shape = BTreeMap::new();
    for name in bundle.names().filter(|name| name.starts_with("nodes/")) {
        let rows = match name.rsplit('/').next().unwrap() {
            "links.json" => links(&bundle.json(name)),
            "addrs.json" => addresses(&bundle.json(name)),
            "routes4.json" | "routes6.json" => routes(&bundle.json(name)),
            "rules4.json" | "rules6.json" => rows(&bundle.json(name))
                .map(|row| row.to_string())
                .collect(),
            "neigh.json" => neighbors(&bundle.json(name), &macs),
            "fdb.json" => fdb(&bundle.json(name), &macs),
            "bridge-links.json" => bridge_links(&bundle.json(name)),
            "sysctl.txt" => sysctls(&bundle.text(name)),
            _ => continue,
        };
        shape.insert(name.to_owned(), sorted(rows));
    }
    shape
}

fn sorted(mut rows: Rows) -> Rows {
    rows.sort();
    rows
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

/// Ports of pods have names by chance.
fn device(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    if name.starts_with("veth") {
        "veth".to_owned()
    } else {
        name.to_owned()
    }
}

fn without(row: &Value, keys: &[&str]) -> Value {
    let mut row = row.clone();
    if let Some(object) = row.as_object_mut() {
        for key in keys {
            object.shift_remove(*key);
        }
        for value in object.values_mut() {
            *value = without(value, keys);
        }
    }
    row
}

/// Indexes and hardware addresses; what depends on the machine's processors and kernel; a bridge's timers and identities;
/// what devices without IPv6 addresses lack.
const OF_CHANCE: &[&str] = &[
    "ifindex",
    "link_index",
    "address",
    "num_tx_queues",
    "num_rx_queues",
    "gso_max_size",
    "gso_max_segs",
    "tso_max_size",
    "tso_max_segs",
    "gro_max_size",
    "gso_ipv4_max_size",
    "gro_ipv4_max_size",
    "bridge_id",
    "root_id",
    "gc_timer",
    "hello_timer",
    "tcn_timer",
    "topology_change_timer",
    "hold_timer",
    "message_age_timer",
    "forward_delay_timer",
    "id",
    "no",
    "designated_bridge",
    "designated_port",
];

fn links(value: &Value) -> Rows {
    rows(value)
        .map(|row| {
            // A VXLAN's id is its network identifier, not an identity by chance.
            let vni = row["linkinfo"]["info_data"]["id"].clone();
            let mut row = without(row, OF_CHANCE);
            row["ifname"] = device(&row["ifname"]).into();
            row["vni"] = vni;
            // Which number the other namespace has here is chance; that there is one is not.
            if !row["link_netnsid"].is_null() {
                row["link_netnsid"] = true.into();
            }
            row.to_string()
        })
        .collect()
}

fn bridge_links(value: &Value) -> Rows {
    rows(value)
        .map(|row| {
            // `bridge` looks the peer's index up in the wrong namespace, so `link` is chance too.
            let mut row = without(row, &["ifindex", "link"]);
            row["ifname"] = device(&row["ifname"]).into();
            row.to_string()
        })
        .collect()
}

fn addresses(value: &Value) -> Rows {
    rows(value)
        .flat_map(|link| {
            rows(&link["addr_info"])
                .filter(|row| row["scope"] != "link")
                .map(move |row| (link, row))
        })
        // The lab proves no address free, and so need not mark one as not to be proved.
        .map(|(link, row)| {
            let row = without(row, &["nodad"]);
            format!("{} {row}", device(&link["ifname"]))
        })
        .collect()
}

fn routes(value: &Value) -> Rows {
    // `ip -j route show table all` of some versions lists both families.
    let of_chance = |row: &&Value| row["dst"].as_str().unwrap_or_default().starts_with("fe80:");
    rows(value)
        .filter(|row| !of_chance(row))
        .map(|row| {
            let mut row = row.clone();
            row["dev"] = device(&row["dev"]).into();
            row.to_string()
        })
        .collect()
}

/// What every hardware address in a bundle belongs to.
fn macs(bundle: &Fixture) -> BTreeMap<String, String> {
    let mut macs = BTreeMap::new();
    for name in bundle.names().filter(|name| name.ends_with("/links.json")) {
        for row in rows(&bundle.json(name)) {
            let owner = format!(
                "{} {}",
                name.trim_end_matches("/links.json"),
                device(&row["ifname"])
            );
            macs.insert(
                row["address"].as_str().unwrap_or_default().to_owned(),
                owner,
            );
        }
    }
    macs
}

/// Neighbours that were set, not learned, by whom their hardware address belongs to.
fn neighbors(value: &Value, macs: &BTreeMap<String, String>) -> Rows {
    rows(value)
        .filter(|row| row["state"][0] == "PERMANENT")
        .map(|row| {
            let owner = macs.get(row["lladdr"].as_str().unwrap()).cloned();
            format!("{} {} {owner:?}", row["dst"], row["dev"])
        })
        .collect()
}

/// Entries that were set, not learned; those of multicast groups of IPv6 and of the bridge's own queries aside.
fn fdb(value: &Value, macs: &BTreeMap<String, String>) -> Rows {
    rows(value)
        .filter(|row| row["state"] == "permanent")
        .filter(|row| {
            !["33:33:", "01:00:5e:"]
                .iter()
                .any(|group| row["mac"].as_str().unwrap().starts_with(group))
        })
        .map(|row| {
            let owner = macs.get(row["mac"].as_str().unwrap()).cloned();
            let mut row = row.clone();
            row["mac"] = owner.into();
            row["ifname"] = device(&row["ifname"]).into();
            row.to_string()
        })
        .collect()
}

/// Drops what rows of devices say in one bundle but never in another: keys that a newer kernel or tool adds.
pub fn known_to(shape: &mut BTreeMap<String, Rows>, other: &BTreeMap<String, Rows>) {
    let mut known = BTreeSet::new();
    let is_of_devices = |name: &str| name.ends_with("links.json");
    for row in other
        .iter()
        .filter(|(name, _)| is_of_devices(name))
        .flat_map(|(_, rows)| rows)
    {
        collect_keys(&serde_json::from_str(row).unwrap(), &mut known);
    }
    for rows in shape
        .iter_mut()
        .filter(|(name, _)| is_of_devices(name))
        .map(|(_, rows)| rows)
    {
        for row in rows.iter_mut() {
            let mut value: Value = serde_json::from_str(row).unwrap();
            keep_keys(&mut value, &known);
            *row = value.to_string();
        }
        rows.sort();
    }
}

fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        keys.insert(key.clone());
        collect_keys(value, keys);
    }
}

fn keep_keys(value: &mut Value, keys: &BTreeSet<String>) {
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| keys.contains(key));
        object.values_mut().for_each(|value| keep_keys(value, keys));
    }
}

/// Settings; those of pods' ports are the same for each, and so counted once.
fn sysctls(text: &str) -> Rows {
    let mut rows = BTreeSet::new();
    for line in text.lines() {
        let (key, value) = line.split_once('=').unwrap();
        let mut parts: Vec<_> = key.trim().split('.').collect();
        if let Some(part) = parts.iter_mut().find(|part| part.starts_with("veth")) {
            *part = "veth";
        }
        rows.insert(format!("{} = {}", parts.join("."), value.trim()));
    }
    rows.into_iter().collect()
}
