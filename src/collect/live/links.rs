//! Network devices (`RTM_GETLINK`): what `ip -d link` and `bridge vlan` show.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use netlink_packet_route::link::{
    AfSpecBridge, BridgeVlanInfoFlags, InfoBridge, InfoBridgePort, InfoData, InfoIpTunnel,
    InfoKind, InfoPortData, InfoVlan, InfoVxlan, LinkAttribute, LinkExtentMask, LinkFlags,
    LinkInfo, LinkMessage, TunnelEncapType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::{Client, Dump};
use crate::model::{BridgePort, Ipip, Link, LinkKind, Mac, Vlan, Vxlan};

/// Device names by index, as messages of other tables need them.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<u32, String>);

impl Names {
    /// The names of these devices.
    pub fn of(links: &[Link]) -> Self {
        Self(
            links
                .iter()
                .map(|link| (link.index, link.name.clone()))
                .collect(),
        )
    }

    /// The device's name, or `if7` for one that came or went meanwhile, as iproute2 has it.
    pub fn get(&self, index: u32) -> String {
        self.0
            .get(&index)
            .cloned()
            .unwrap_or_else(|| format!("if{index}"))
    }
}

/// Every device of the namespace.
pub(super) fn read(client: &mut Client) -> io::Result<Dump<Link>> {
    let (messages, mut holes) = dump(client, AddressFamily::Unspec, LinkExtentMask::SkipStats)?;
    let names = Names(
        messages
            .iter()
            .map(|message| (message.header.index, name(message)))
            .collect(),
    );
    let mut links: Vec<Link> = messages
        .iter()
        .map(|message| link(message, &names))
        .collect();
    if links.iter().any(|link| link.port.is_some()) {
        let (messages, more) = dump(
            client,
            AddressFamily::Bridge,
            LinkExtentMask::BrvlanCompressed,
        )?;
        holes.extend(
            more.into_iter()
                .map(|hole| format!("VLANs of bridge ports: {hole}")),
        );
        for message in &messages {
            let port = links
                .iter_mut()
                .find(|link| link.index == message.header.index);
            if let Some(port) = port.and_then(|link| link.port.as_mut()) {
                port.vlans = vlans(message);
            }
        }
    }
    Ok(Dump {
        entries: links,
        holes,
        ..Dump::default()
    })
}

fn dump(
    client: &mut Client,
    family: AddressFamily,
    mask: LinkExtentMask,
) -> io::Result<(Vec<LinkMessage>, Vec<String>)> {
    let mut request = LinkMessage::default();
    request.header.interface_family = family;
    request.attributes = vec![LinkAttribute::ExtMask(vec![mask])];
    let dump = client.dump(RouteNetlinkMessage::GetLink(request))?;
    let messages = dump
        .entries
        .into_iter()
        .filter_map(|message| match message {
            RouteNetlinkMessage::NewLink(message) => Some(message),
            _ => None,
        });
    Ok((messages.collect(), dump.holes))
}

fn name(message: &LinkMessage) -> String {
    let name = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.clone()),
            _ => None,
        });
    name.unwrap_or_else(|| format!("if{}", message.header.index))
}

fn link(message: &LinkMessage, names: &Names) -> Link {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: name(message),
        kind: if flags.contains(LinkFlags::Loopback) {
            LinkKind::Loopback
        } else {
            LinkKind::Physical
        },
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        noarp: flags.contains(LinkFlags::Noarp),
        mtu: 0,
        mac: None,
        master: None,
        peer_index: None,
        peer_nsid: None,
        port: None,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
            LinkAttribute::Address(bytes) => link.mac = bytes.as_slice().try_into().ok().map(Mac),
            LinkAttribute::Controller(index) => link.master = Some(names.get(*index)),
            LinkAttribute::Link(index) => {
                link.peer_index = Some(*index).filter(|&index| index != 0)
            }
            LinkAttribute::LinkNetNsId(nsid) => link.peer_nsid = Some(*nsid),
            LinkAttribute::LinkInfo(info) => {
                if let Some(kind) = kind(info, names) {
                    link.kind = kind;
                }
                link.port = port(info);
            }
            _ => {}
        }
    }
    link
}

/// What IFLA_LINKINFO says the device is; `None` when it does not say (a NIC).
fn kind(info: &[LinkInfo], names: &Names) -> Option<LinkKind> {
    let kind = info.iter().find_map(|info| match info {
        LinkInfo::Kind(kind) => Some(kind),
        _ => None,
    })?;
    let data = info.iter().find_map(|info| match info {
        LinkInfo::Data(data) => Some(data),
        _ => None,
    });
    Some(match (kind, data) {
        (InfoKind::Veth, _) => LinkKind::Veth,
        (InfoKind::Dummy, _) => LinkKind::Dummy,
        (InfoKind::Bridge, Some(InfoData::Bridge(data))) => bridge(data),
        (InfoKind::IpIp, Some(InfoData::IpTunnel(data))) => LinkKind::Ipip(ipip(data, names)),
        (InfoKind::Vxlan, Some(InfoData::Vxlan(data))) => LinkKind::Vxlan(vxlan(data, names)),
        (InfoKind::Vlan, Some(InfoData::Vlan(data))) => {
            let id = data.iter().find_map(|data| match data {
                InfoVlan::Id(id) => Some(*id),
                _ => None,
            });
            LinkKind::VlanDevice { id: id? }
        }
        _ => LinkKind::Other(kind.to_string()),
    })
}

fn bridge(data: &[InfoBridge]) -> LinkKind {
    let is = |wanted: InfoBridge| data.contains(&wanted);
    LinkKind::Bridge {
        vlan_filtering: is(InfoBridge::VlanFiltering(true)),
        nf_call_iptables: is(InfoBridge::NfCallIpTables(true)),
        nf_call_ip6tables: is(InfoBridge::NfCallIp6Tables(true)),
    }
}

fn vxlan(data: &[InfoVxlan], names: &Names) -> Vxlan {
    let mut vxlan = Vxlan {
        vni: 0,
        port: 0,
        local: None,
        group: None,
        lower: None,
        learning: false,
        ttl: 0,
        port_range: None,
        external: false,
    };
    for attribute in data {
        match attribute {
            InfoVxlan::Id(vni) => vxlan.vni = *vni,
            InfoVxlan::Port(port) => vxlan.port = *port,
            InfoVxlan::Local(ip) => vxlan.local = Some((*ip).into()),
            InfoVxlan::Local6(ip) => vxlan.local = Some((*ip).into()),
            InfoVxlan::Group(ip) => vxlan.group = Some((*ip).into()),
            InfoVxlan::Group6(ip) => vxlan.group = Some((*ip).into()),
            InfoVxlan::Link(index) => vxlan.lower = (*index != 0).then(|| names.get(*index)),
            InfoVxlan::Learning(on) => vxlan.learning = *on,
            InfoVxlan::Ttl(ttl) => vxlan.ttl = *ttl,
            InfoVxlan::PortRange(range) => {
                vxlan.port_range = Some(*range).filter(|&range| range != (0, 0))
            }
            InfoVxlan::CollectMetadata(on) => vxlan.external = *on,
            _ => {}
        }
    }
    vxlan
}

fn ipip(data: &[InfoIpTunnel], names: &Names) -> Ipip {
    let mut tunnel = Ipip::default();
    let end = |ip: &IpAddr| Some(*ip).filter(|ip| !ip.is_unspecified());
    for attribute in data {
        match attribute {
            InfoIpTunnel::Protocol(protocol) => tunnel.protocol = u8::from(*protocol),
            InfoIpTunnel::Local(ip) => tunnel.local = end(ip),
            InfoIpTunnel::Remote(ip) => tunnel.remote = end(ip),
            InfoIpTunnel::Link(index) => tunnel.lower = (*index != 0).then(|| names.get(*index)),
            InfoIpTunnel::Ttl(ttl) => tunnel.ttl = *ttl,
            InfoIpTunnel::PMtuDisc(on) => tunnel.path_mtu = *on,
            InfoIpTunnel::FwMark(mark) => tunnel.mark = *mark,
            InfoIpTunnel::EncapType(kind) => tunnel.encap = *kind != TunnelEncapType::None,
            InfoIpTunnel::CollectMetadata => tunnel.external = true,
            _ => {}
        }
    }
    tunnel
}

/// IFLA_INFO_SLAVE_DATA of a bridge's port.
fn port(info: &[LinkInfo]) -> Option<BridgePort> {
    let data = info.iter().find_map(|info| match info {
        LinkInfo::PortData(InfoPortData::BridgePort(data)) => Some(data),
        _ => None,
    })?;
    let mut port = BridgePort::default();
    for attribute in data {
        match attribute {
            InfoBridgePort::State(state) => port.state = (*state).into(),
            InfoBridgePort::HairpinMode(on) => port.hairpin = *on,
            InfoBridgePort::Isolated(on) => port.isolated = *on,
            InfoBridgePort::UnicastFlood(on) => port.flood = *on,
            InfoBridgePort::Learning(on) => port.learning = *on,
            _ => {}
        }
    }
    Some(port)
}

/// IFLA_BRIDGE_VLAN_INFO: single VLANs, and the first and last of a range.
fn vlans(message: &LinkMessage) -> Vec<Vlan> {
    let infos = message
        .attributes
        .iter()
        .filter_map(|attribute| match attribute {
            LinkAttribute::AfSpecBridge(spec) => Some(spec),
            _ => None,
        });
    let mut vlans = Vec::new();
    let mut first = None;
    for info in infos.flatten() {
        let AfSpecBridge::VlanInfo(info) = info else {
            continue;
        };
        if info.flags.contains(BridgeVlanInfoFlags::RangeBegin) {
            first = Some(info.vid);
            continue;
        }
        for id in first.take().unwrap_or(info.vid)..=info.vid {
            vlans.push(Vlan {
                id,
                pvid: info.flags.contains(BridgeVlanInfoFlags::Pvid),
                untagged: info.flags.contains(BridgeVlanInfoFlags::Untagged),
            });
        }
    }
    vlans
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::link::BridgeVlanInfo;

    use super::*;

    /// As the kernel answers with RTEXT_FILTER_BRVLAN_COMPRESSED (net/bridge/br_netlink.c, `br_fill_ifvlaninfo_compressed`).
    #[test]
    fn a_range_of_vlans_is_told_by_its_ends() {
        let info = |vid, flags| AfSpecBridge::VlanInfo(BridgeVlanInfo { flags, vid });
        let mut message = LinkMessage::default();
        message.attributes = vec![LinkAttribute::AfSpecBridge(vec![
            info(1, BridgeVlanInfoFlags::Pvid | BridgeVlanInfoFlags::Untagged),
            info(
                20,
                BridgeVlanInfoFlags::RangeBegin | BridgeVlanInfoFlags::Untagged,
            ),
            info(
                22,
                BridgeVlanInfoFlags::RangeEnd | BridgeVlanInfoFlags::Untagged,
            ),
            info(30, BridgeVlanInfoFlags::empty()),
        ])];
        let found: Vec<_> = vlans(&message)
            .iter()
            .map(|vlan| (vlan.id, vlan.pvid, vlan.untagged))
            .collect();
        let untagged = |id| (id, false, true);
        assert_eq!(
            found,
            [
                (1, true, true),
                untagged(20),
                untagged(21),
                untagged(22),
                (30, false, false)
            ]
        );
    }

    #[test]
    fn a_device_that_went_meanwhile_is_named_by_its_index() {
        assert_eq!(Names::default().get(7), "if7");
    }
}
