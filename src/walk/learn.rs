//! What bridges and hosts learn while the packet travels (net/bridge/br_fdb.c `br_fdb_update`, net/ipv4/arp.c
//! `arp_process`, drivers/net/vxlan/vxlan_core.c `vxlan_snoop`): frames show where their senders are, and whoever asks
//! for a neighbour tells the whole link its own address. The answer to a packet profits from what the packet taught.

use std::net::IpAddr;

use super::packet::Packet;
use super::routing::is_local;
use super::source_address::select_address;
use super::walker::Walk;
use crate::model::{Family, Mac, NeighborState, NetnsId, RouteScope};

/// What was learned on the way, on top of what the tables held when they were read.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// Bridge, address, and the port it is behind.
    ports: Vec<((NetnsId, String, Mac), String)>,
    /// Device, address, and the hardware address that has it.
    neighbors: Vec<((NetnsId, String, IpAddr), Mac)>,
    /// vxlan device, address, and the tunnel's end it is behind.
    tunnels: Vec<((NetnsId, String, Mac), IpAddr)>,
}

fn find<'l, K: PartialEq, V>(known: &'l [(K, V)], key: &K) -> Option<&'l V> {
    known
        .iter()
        .rfind(|(k, _)| k == key)
        .map(|(_, value)| value)
}

impl Learned {
    /// The port of a bridge that an address turned out to be behind.
    pub fn port(&self, netns: NetnsId, bridge: &str, mac: Mac) -> Option<&str> {
        find(&self.ports, &(netns, bridge.to_owned(), mac)).map(String::as_str)
    }

    /// The hardware address that a neighbour turned out to have.
    pub fn neighbor(&self, netns: NetnsId, device: &str, ip: IpAddr) -> Option<Mac> {
        find(&self.neighbors, &(netns, device.to_owned(), ip)).copied()
    }

    /// The tunnel endpoint that an address turned out to be behind.
    pub fn tunnel(&self, netns: NetnsId, device: &str, mac: Mac) -> Option<IpAddr> {
        find(&self.tunnels, &(netns, device.to_owned(), mac)).copied()
    }

    /// A vxlan device that learns received a frame from an endpoint.
    pub fn learn_tunnel(&mut self, netns: NetnsId, device: &str, mac: Mac, remote: IpAddr) {
        self.tunnels.push(((netns, device.to_owned(), mac), remote));
    }
}

impl Walk<'_> {
    /// A frame from `mac` came in by a port. Addresses of the bridge's own do not move; all others do, even those that
    /// were set by hand.
    pub fn learn_port(&mut self, netns: NetnsId, bridge: &str, port: &str, mac: Option<Mac>) {
        let settings = self.port(netns, port);
        let Some(mac) = mac.filter(|mac| !mac.is_multicast()) else {
            return;
        };
        if !settings.learning || !matches!(settings.state, 2 | 3) {
            return;
        }
        let own = |entry: &&crate::model::FdbEntry| {
            entry.permanent && entry.mac == mac && entry.master.as_deref() == Some(bridge)
        };
        if self
            .cluster
            .netns(netns)
            .fdb
            .iter()
            .flatten()
            .any(|entry| own(&entry))
        {
            return;
        }
        let key = (netns, bridge.to_owned(), mac);
        self.learned.ports.push((key, port.to_owned()));
    }

    /// A host asked for a neighbour, who answered: both know each other now, bridges know where both are, and whoever
    /// heard the question and knew the asker already knows its address anew.
    pub fn learn_from_question(
        &mut self,
        asker: (NetnsId, &str),
        packet: &Packet,
        asked: IpAddr,
        answerer: (NetnsId, &str, Mac),
    ) {
        let (netns, device) = asker;
        let here = self.cluster.netns(netns);
        let Some(own) = here.link(device).and_then(|link| link.mac) else {
            return;
        };
        let key = (netns, device.to_owned(), asked);
        self.learned.neighbors.push((key, answerer.2));
        let question = self.broadcast_domain(netns, device);
        let answer = self.broadcast_domain(answerer.0, answerer.1);
        for (mac, passed) in [(own, &question.bridges), (answerer.2, &answer.bridges)] {
            for (at, bridge, port) in passed {
                self.learn_port(*at, bridge, port, Some(mac));
            }
        }
        // arp_announce = 0: the packet's own source where it is this host's, else the device's address.
        let source = if is_local(here, packet.source) {
            Some(packet.source)
        } else {
            select_address(here, device, Some(asked), asked, RouteScope::Link)
        };
        let Some(source) = source else {
            return;
        };
        for (at, name) in question.ends {
            let is_answerer = (at, name.as_str()) == (answerer.0, answerer.1);
            // A question over IPv6 goes to the multicast group of the one who is asked.
            let listens = packet.family() == Family::V4 && self.knows(at, &name, source);
            if is_answerer || listens {
                self.learned.neighbors.push(((at, name, source), own));
            }
        }
    }

    /// Whether a neighbour table has an entry, which news may change.
    fn knows(&self, netns: NetnsId, device: &str, ip: IpAddr) -> bool {
        let known = self
            .cluster
            .netns(netns)
            .neighbors
            .iter()
            .flatten()
            .any(|entry| {
                entry.device == device && entry.ip == ip && !entry.proxy && !is_fixed(entry.state)
            });
        known || self.learned.neighbor(netns, device, ip).is_some()
    }
}

/// States that no message from the network changes (`neigh_update`).
pub(super) fn is_fixed(state: NeighborState) -> bool {
    matches!(state, NeighborState::Permanent | NeighborState::Noarp)
}
