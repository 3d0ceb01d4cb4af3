//! Which devices of the nodes a connection's first packet crosses, seen by packet sockets (packet(7)).
//!
//! One socket in each node's namespace sees every device of it, in the order the kernel handles the packet; what several
//! nodes saw is ordered by time.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use kubenet::lab::namespace;
use kubenet::lab::registry::{LabState, Place};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType,
    recvmsg, setsockopt, socket, sockopt,
};

use super::client::QUESTION;
use kubenet::model::Protocol;

/// A packet at a device: node, device, `in` or `out`.
pub type Sighting = (String, String, &'static str);

/// Sockets that watch the nodes.
pub struct Sniffer {
    nodes: Vec<(String, OwnedFd, HashMap<usize, String>)>,
}

/// PACKET_OUTGOING of linux/if_packet.h.
const OUTGOING: u8 = 4;

impl Sniffer {
    /// Starts watching the nodes of a lab.
    pub fn new(lab: &LabState) -> Self {
        let nodes = lab.holders.iter().filter_map(|holder| {
            let Place::Node { node: name } = &holder.place else {
                return None;
            };
            let namespace = File::open(holder.netns_path()).expect("its namespace");
            let (socket, devices) = namespace::run_in(&namespace, name, || {
                let socket = socket(
                    AddressFamily::Packet,
                    SockType::Datagram,
                    SockFlag::SOCK_CLOEXEC,
                    SockProtocol::EthAll,
                )
                .expect("a packet socket needs CAP_NET_RAW");
                setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("timestamps");
                let names = nix::net::if_::if_nameindex().expect("the devices");
                let devices = names
                    .iter()
                    .map(|device| {
                        (
                            device.index() as usize,
                            device.name().to_string_lossy().into_owned(),
                        )
                    })
                    .collect();
                Ok((socket, devices))
            })
            .expect("the node's namespace can be entered");
            Some((name.clone(), socket, devices))
        });
        let nodes = nodes.collect();
        // The kernel begins to stamp packets a moment after it is asked to (net_enable_timestamp); one that was not
        // stamped gets the time at which it is read.
        std::thread::sleep(Duration::from_millis(100));
        Self { nodes }
    }

    /// Forgets what was seen until now.
    pub fn forget(&self) {
        self.drain(|_| false);
    }

    /// Everything seen since the last call, of packets that `wanted` accepts, in order.
    pub fn drain(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<Sighting> {
        let mut nodes = Vec::new();
        for (node, socket, devices) in &self.nodes {
            let mut seen: VecDeque<(Duration, Sighting)> = VecDeque::new();
            let mut buffer = [0; 2048];
            loop {
                let mut parts = [IoSliceMut::new(&mut buffer)];
                let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
                let Ok(message) = recvmsg::<LinkAddr>(
                    socket.as_raw_fd(),
                    &mut parts,
                    Some(&mut control),
                    MsgFlags::MSG_DONTWAIT,
                ) else {
                    break;
                };
                let length = message.bytes;
                let at =
                    message
                        .cmsgs()
                        .ok()
                        .into_iter()
                        .flatten()
                        .find_map(|control| match control {
                            ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
                            _ => None,
                        });
                let address = message.address;
                let Some(address) = address.filter(|_| wanted(&buffer[..length])) else {
                    continue;
                };
                let Some(device) = devices.get(&address.ifindex()) else {
                    continue;
                };
                if device == "lo" {
                    continue;
                }
                let dir = if address.pkttype() == OUTGOING {
                    "out"
                } else {
                    "in"
                };
                let last = seen.back().map(|(last, _)| *last);
                let at = at.or(last).unwrap_or_default();
                seen.push_back((at, (node.clone(), device.clone(), dir)));
            }
            nodes.push(seen);
        }
        in_order(nodes)
    }
}

/// What was seen on several nodes, by time; what one node saw stays in its order.
fn in_order(mut nodes: Vec<VecDeque<(Duration, Sighting)>>) -> Vec<Sighting> {
    let mut all = Vec::new();
    while let Some((_, sighting)) = nodes
        .iter_mut()
        .filter(|seen| !seen.is_empty())
        .min_by_key(|seen| seen.front().map(|(at, _)| *at))
        .and_then(VecDeque::pop_front)
    {
        all.push(sighting);
    }
    all
}

/// The innermost packet's protocol and payload: of what a vxlan packet carries, or of the packet itself.
fn innermost(packet: &[u8]) -> Option<(u8, &[u8])> {
    let (protocol, header) = match packet.first()? >> 4 {
        4 => (*packet.get(9)?, usize::from(packet.first()? & 0x0f) * 4),
        6 => (*packet.get(6)?, 40),
        _ => return None,
    };
    let payload = packet.get(header..)?;
    if protocol == 17 && payload.get(2..4)? == 8472_u16.to_be_bytes() {
        // UDP and vxlan headers, then the inner frame's Ethernet header.
        return innermost(payload.get(8 + 8 + 14..)?);
    }
    Some((protocol, payload))
}

/// How to know the first packet of a connection.
pub fn first_packet(protocol: Protocol) -> fn(&[u8]) -> bool {
    match protocol {
        Protocol::Tcp => is_syn,
        Protocol::Udp => is_question,
        Protocol::Sctp => is_init,
        _ => is_echo,
    }
}

/// The first packet of a TCP connection: SYN without ACK.
fn is_syn(packet: &[u8]) -> bool {
    innermost(packet).is_some_and(|(protocol, segment)| {
        protocol == 6 && segment.get(13).is_some_and(|flags| flags & 0x12 == 0x02)
    })
}

/// The datagram that a client sends: it begins with the client's word.
fn is_question(packet: &[u8]) -> bool {
    innermost(packet).is_some_and(|(protocol, datagram)| {
        protocol == 17
            && datagram
                .get(8..)
                .is_some_and(|said| said.starts_with(QUESTION))
    })
}

/// An SCTP packet whose first chunk is INIT.
fn is_init(packet: &[u8]) -> bool {
    innermost(packet)
        .is_some_and(|(protocol, payload)| protocol == 132 && payload.get(12) == Some(&1))
}

/// An echo request.
fn is_echo(packet: &[u8]) -> bool {
    innermost(packet).is_some_and(|(protocol, message)| {
        matches!((protocol, message.first()), (1, Some(8)) | (58, Some(128)))
    })
}
