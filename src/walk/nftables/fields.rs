//! Fields of headers, and what the kernel keeps beside a packet (net/netfilter/nft_payload.c, nft_meta.c).

use super::chain::Meeting;
use super::value::Value;
use crate::model::nftables::Interval;
use crate::model::{Family, LinkKind, Protocol};
use crate::walk::netfilter::{Hook, Place};
use crate::walk::packet::Packet;
use crate::walk::walker::Walk;

impl Walk<'_> {
    /// A field of a header by its protocol and name. A packet of another protocol has none: nft asks for the protocol
    /// first, and does not print that.
    pub(super) fn payload(
        &self,
        meeting: &Meeting<'_, '_, '_>,
        protocol: &str,
        field: &str,
    ) -> Value {
        let packet = &*meeting.packet;
        let family = packet.family();
        let unread = || Value::unknown(format!("the packet's {protocol} {field} is not known"));
        match protocol {
            "ip" | "ip6" if family != family_of(protocol) => Value::Missing,
            "ip" => match field {
                "version" => Value::exact(4u8),
                "hdrlength" => Value::exact(5u8),
                "protocol" => Value::exact(packet.protocol.number(family)),
                "length" => Value::exact(packet.size),
                "ttl" => Value::exact(packet.ttl),
                "frag-off" => Value::exact(if packet.dont_fragment { 0x4000u16 } else { 0 }),
                field => shared(packet, field).unwrap_or_else(unread),
            },
            "ip6" => match field {
                "version" => Value::exact(6u8),
                "nexthdr" => Value::exact(packet.protocol.number(family)),
                "length" => Value::exact(packet.size.saturating_sub(40)),
                "hoplimit" => Value::exact(packet.ttl),
                field => shared(packet, field).unwrap_or_else(unread),
            },
            "icmp" | "icmpv6" => {
                let its = match protocol {
                    "icmp" => Family::V4,
                    _ => Family::V6,
                };
                match field {
                    _ if packet.protocol != Protocol::Icmp || family != its => Value::Missing,
                    "type" => Value::exact(packet.icmp.0),
                    "code" => Value::exact(packet.icmp.1),
                    _ => unread(),
                }
            }
            "tcp" | "udp" | "udplite" | "sctp" | "dccp" | "th" => {
                transport(meeting, protocol, field).unwrap_or_else(unread)
            }
            "ether" => {
                let mac = match field {
                    "saddr" => packet.source_mac,
                    "daddr" => packet.destination_mac,
                    _ if packet.source_mac.is_none() => None,
                    "type" => {
                        return Value::exact(match family {
                            Family::V4 => 0x0800u16,
                            Family::V6 => 0x86dd,
                        });
                    }
                    _ => return unread(),
                };
                match mac {
                    Some(mac) if packet.source_mac.is_some() => {
                        let bytes = mac.0;
                        Value::exact(
                            bytes
                                .iter()
                                .fold(0u128, |all, byte| all << 8 | u128::from(*byte)),
                        )
                    }
                    // Without a header of the link layer nothing is compared.
                    _ => Value::Missing,
                }
            }
            "arp" | "ah" | "esp" | "comp" | "igmp" => Value::Missing,
            _ => unread(),
        }
    }

    /// `meta KEY`.
    pub(super) fn meta(&self, meeting: &Meeting<'_, '_, '_>, key: &str) -> Value {
        let packet = &*meeting.packet;
        let place = meeting.place;
        let family = packet.family();
        let user = |what: &str| match packet.socket {
            Some(_) => Value::unknown(format!("the {what} whose program sends is not known")),
            None => Value::Missing,
        };
        match key {
            "length" => Value::exact(packet.size),
            "protocol" => Value::exact(match family {
                Family::V4 => 0x0800u16,
                Family::V6 => 0x86dd,
            }),
            "nfproto" => Value::exact(match family {
                Family::V4 => 2u8,
                Family::V6 => 10,
            }),
            "l4proto" => Value::exact(packet.protocol.number(family)),
            "mark" => Value::exact(packet.mark),
            "iif" | "iifname" => Value::name(place.in_device.unwrap_or_default()),
            "oif" | "oifname" => Value::name(place.out_device.unwrap_or_default()),
            "iiftype" => {
                let of = self.device_type(place, place.in_device);
                // Newer kernels ask the device that the packet is at.
                let at = self.device_type(place, place.out_device);
                match place.hook {
                    Hook::Postrouting if of != at => Value::unknown(
                        "of a packet that leaves, older kernels tell the type of the device that it came in by, newer \
                         ones that of the device it leaves by",
                    ),
                    _ => of,
                }
            }
            "oiftype" => self.device_type(place, place.out_device),
            "pkttype" => Value::exact(if packet.destination.is_multicast() {
                2u8
            } else {
                0
            }),
            "skuid" => user("user"),
            "skgid" => user("group"),
            "ipsec" | "secpath" => Value::exact(0u8),
            "random" => Value::Dice(
                Interval {
                    first: 0,
                    last: u128::from(u32::MAX),
                },
                "at random",
            ),
            "cpu" => Value::unknown("which processor handles the packet is not known"),
            "time" | "day" | "hour" => Value::unknown("it depends on when the packet is sent"),
            _ => Value::unknown(format!("the packet's {key} is not known")),
        }
    }

    /// ARPHRD_* of a device; nothing is compared where there is none.
    fn device_type(&self, place: Place<'_>, device: Option<&str>) -> Value {
        let Some(device) = device else {
            return Value::Missing;
        };
        match self
            .cluster
            .netns(place.netns)
            .link(device)
            .map(|link| &link.kind)
        {
            Some(LinkKind::Loopback) => Value::exact(772u16),
            Some(LinkKind::Ipip(_)) => Value::exact(768u16),
            Some(
                LinkKind::Physical
                | LinkKind::Veth
                | LinkKind::Bridge { .. }
                | LinkKind::Vxlan(_)
                | LinkKind::VlanDevice { .. }
                | LinkKind::Dummy,
            ) => Value::exact(1u16),
            _ => Value::unknown(format!("the hardware type of {device} is not known")),
        }
    }
}

fn family_of(protocol: &str) -> Family {
    match protocol {
        "ip" => Family::V4,
        _ => Family::V6,
    }
}

/// Fields that IPv4 and IPv6 both have.
fn shared(packet: &Packet, field: &str) -> Option<Value> {
    Some(match field {
        "saddr" => packet.source.into(),
        "daddr" => packet.destination.into(),
        "dscp" => Value::exact(packet.tos >> 2),
        "ecn" => Value::exact(packet.tos & 3),
        _ => return None,
    })
}

/// Fields of transport headers; `None` where the value is not known.
fn transport(meeting: &Meeting<'_, '_, '_>, protocol: &str, field: &str) -> Option<Value> {
    let packet = &*meeting.packet;
    let its = match protocol {
        "tcp" => packet.protocol == Protocol::Tcp,
        "udp" => packet.protocol == Protocol::Udp,
        "sctp" => packet.protocol == Protocol::Sctp,
        "dccp" => packet.protocol == Protocol::Other(33),
        "udplite" => packet.protocol == Protocol::Other(136),
        _ => true,
    };
    // After a rule has asked for one of several protocols itself, a field is what lies at its place.
    let by_place = meeting.any_transport && matches!(field, "sport" | "dport");
    if !its && !by_place {
        return Some(Value::Missing);
    }
    let ports = packet.protocol.has_ports();
    match field {
        "sport" if ports => Some(packet.source_port.into()),
        "dport" if ports => Some(packet.destination_port.into()),
        // An ICMP header has its type and code there, and then its checksum.
        "sport" if packet.protocol == Protocol::Icmp => {
            let (kind, code) = packet.icmp;
            Some(Value::exact(u16::from(kind) << 8 | u16::from(code)))
        }
        "flags" if protocol == "tcp" => Some(Value::exact(packet.tcp_flags)),
        "length" if protocol == "udp" => {
            let header = match packet.family() {
                Family::V4 => 20,
                Family::V6 => 40,
            };
            Some(Value::exact(packet.size.saturating_sub(header)))
        }
        _ => None,
    }
}
