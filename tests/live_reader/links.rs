//! Devices and addresses.

use std::collections::{BTreeMap, BTreeSet};

use kubenet::model::{LinkKind, NetnsName};
use serde_json::Value;

use super::scene::{filter_vlans, node};
use super::support::{allowed, host, text};

#[test]
fn links() {
    if !allowed() {
        return;
    }
    let made = node();
    let filters = filter_vlans(&made);
    let cluster = made.read();
    let read = host(&cluster).links.as_ref().unwrap();
    let printed = made.json(0, "ip -j -d link");
    assert_eq!(read.len(), printed.len());
    let vlans: BTreeMap<String, Value> = made
        .json(0, "bridge -j vlan")
        .into_iter()
        .map(|port| {
            (
                text(&port, "ifname").unwrap().to_owned(),
                port["vlans"].clone(),
            )
        })
        .collect();
    for (link, printed) in read.iter().zip(&printed) {
        let has = |flag: &str| {
            printed["flags"]
                .as_array()
                .unwrap()
                .iter()
                .any(|found| found == flag)
        };
        assert_eq!(Some(link.name.as_str()), text(printed, "ifname"));
        assert_eq!(u64::from(link.index), printed["ifindex"].as_u64().unwrap());
        assert_eq!(u64::from(link.mtu), printed["mtu"].as_u64().unwrap());
        assert_eq!(
            (link.up, link.carrier, link.noarp),
            (has("UP"), has("LOWER_UP"), has("NOARP"))
        );
        assert_eq!(
            link.mac.map(|mac| mac.to_string()).as_deref(),
            text(printed, "address")
        );
        assert_eq!(link.master.as_deref(), text(printed, "master"));
        assert_eq!(
            link.peer_nsid.map(i64::from),
            printed["link_netnsid"].as_i64()
        );
        if link.peer_nsid.is_some() {
            assert_eq!(
                link.peer_index.map(u64::from),
                printed["link_index"].as_u64()
            );
        } else {
            let peer = link
                .peer_index
                .map(|index| host(&cluster).link_by_index(index).unwrap().name.clone());
            assert_eq!(peer.as_deref(), text(printed, "link"), "{}", link.name);
        }
        let info = &printed["linkinfo"];
        let data = &info["info_data"];
        match &link.kind {
            LinkKind::Loopback => assert_eq!(text(printed, "link_type"), Some("loopback")),
            LinkKind::Physical => assert!(info.get("info_kind").is_none(), "{printed}"),
            LinkKind::Veth => assert_eq!(text(info, "info_kind"), Some("veth")),
            LinkKind::Bridge {
                vlan_filtering,
                nf_call_iptables,
                nf_call_ip6tables,
            } => {
                let number = |key: &str| data[key].as_u64() == Some(1);
                assert_eq!(*vlan_filtering, number("vlan_filtering"));
                assert_eq!(*nf_call_iptables, number("nf_call_iptables"));
                assert_eq!(*nf_call_ip6tables, number("nf_call_ip6tables"));
            }
            LinkKind::Vxlan(vxlan) => {
                let ip = |key: &str| text(data, key).map(|ip| ip.parse().unwrap());
                assert_eq!(
                    u64::from(vxlan.vni),
                    data["id"].as_u64().unwrap_or_default()
                );
                assert_eq!(u64::from(vxlan.port), data["port"].as_u64().unwrap());
                assert_eq!(
                    (vxlan.local, vxlan.group),
                    (ip("local"), ip("remote").or(ip("group")))
                );
                assert_eq!(vxlan.lower.as_deref(), text(data, "link"));
                assert_eq!(vxlan.learning, data["learning"].as_bool().unwrap());
                assert_eq!(
                    u64::from(vxlan.ttl),
                    data["ttl"].as_u64().unwrap_or_default()
                );
                assert_eq!(
                    vxlan.external,
                    data["external"].as_bool().unwrap_or_default()
                );
                let range = &data["port_range"];
                let range = (
                    range["low"].as_u64().unwrap() as u16,
                    range["high"].as_u64().unwrap() as u16,
                );
                assert_eq!(vxlan.port_range.unwrap_or_default(), range);
            }
            LinkKind::Other(kind) => assert_eq!(Some(kind.as_str()), text(info, "info_kind")),
            other => panic!("{} is no {other:?}", link.name),
        }
        let port = &info["info_slave_data"];
        assert_eq!(link.port.is_some(), port.is_object(), "{}", link.name);
        if let Some(found) = link.port.as_ref() {
            assert_eq!(text(port, "state"), Some("forwarding"));
            assert_eq!(found.state, 3);
            let flags = [
                port["hairpin"].as_bool(),
                port["isolated"].as_bool(),
                port["flood"].as_bool(),
            ];
            assert_eq!(
                [Some(found.hairpin), Some(found.isolated), Some(found.flood)],
                flags
            );
            assert_eq!(Some(found.learning), port["learning"].as_bool());
            assert_eq!(vlans.contains_key(&link.name), filters);
            let mut printed = BTreeSet::new();
            for vlan in vlans
                .get(&link.name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let flag = |name: &str| {
                    vlan["flags"]
                        .as_array()
                        .is_some_and(|all| all.iter().any(|one| one == name))
                };
                let first = vlan["vlan"].as_u64().unwrap();
                for id in first..=vlan["vlanEnd"].as_u64().unwrap_or(first) {
                    printed.insert((id as u16, flag("PVID"), flag("Egress Untagged")));
                }
            }
            let read: BTreeSet<_> = found
                .vlans
                .iter()
                .map(|vlan| (vlan.id, vlan.pvid, vlan.untagged))
                .collect();
            assert_eq!(read, printed);
        }
    }
    let hairpin = |name: &str| {
        host(&cluster)
            .link(name)
            .unwrap()
            .port
            .as_ref()
            .unwrap()
            .hairpin
    };
    assert!(hairpin("pod0") && !hairpin("port1"));
    assert_eq!(cluster.gaps, []);
}

#[test]
fn the_other_end_of_a_veth_is_known_by_its_namespace() {
    if !allowed() {
        return;
    }
    let made = node();
    let cluster = made.read();
    let nsid = host(&cluster).link("pod0").unwrap().peer_nsid.unwrap();
    let pod = NetnsName::Named(made.name(1).to_owned());
    assert_eq!(host(&cluster).peers_by_nsid, [(nsid, pod)]);
    let back = cluster.nodes[0].netns[1]
        .link("eth0")
        .unwrap()
        .peer_nsid
        .unwrap();
    assert_eq!(
        cluster.nodes[0].netns[1].peers_by_nsid,
        [(back, NetnsName::Host)]
    );
}

#[test]
fn addresses() {
    if !allowed() {
        return;
    }
    let made = node();
    let cluster = made.read();
    let read: BTreeSet<String> = host(&cluster)
        .addresses
        .iter()
        .flatten()
        .map(|address| {
            let peer = address.peer.map(|peer| peer.to_string());
            let broadcast = address.broadcast.map(|ip| ip.to_string());
            let scope = format!("{:?}", address.scope).to_lowercase();
            format!(
                "{} {} {} {peer:?} {broadcast:?} {scope} {} {} {}",
                address.device,
                address.ip,
                address.prefix_length,
                address.secondary,
                address.tentative,
                address.deprecated
            )
        })
        .collect();
    let mut printed = BTreeSet::new();
    for link in made.json(0, "ip -j addr") {
        for address in link["addr_info"].as_array().unwrap() {
            let flag = |name: &str| address[name].as_bool().unwrap_or_default();
            printed.insert(format!(
                "{} {} {} {:?} {:?} {} {} {} {}",
                text(&link, "ifname").unwrap(),
                text(address, "local").unwrap(),
                address["prefixlen"],
                text(address, "address").map(str::to_owned),
                text(address, "broadcast").map(str::to_owned),
                text(address, "scope").unwrap(),
                flag("secondary"),
                flag("tentative") || flag("dadfailed"),
                flag("deprecated")
            ));
        }
    }
    assert_eq!(read, printed);
    assert!(
        read.iter().any(|line| line.contains("10.9.0.2")),
        "{read:?}"
    );
}
