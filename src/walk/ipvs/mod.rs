//! IPVS at its hooks (net/netfilter/ipvs/ip_vs_core.c).
//!
//! Behind the filter of INPUT (priority 99), and in OUTPUT between destination translation and filter (-98), what is
//! sent to a virtual server ([`take`]) is given to one of its real servers ([`schedule`]) and sent there ([`transmit`]): by
//! way of OUTPUT and POSTROUTING, never FORWARD. What a real server answers gets the virtual server's address as its source at
//! INPUT (98), OUTPUT (-99) and FORWARD (100). A packet that IPVS had in its hands is not looked at again on that host
//! (`skb->ipvs_property`).
//!
//! Not followed are ICMP errors about answers, and connections that real servers begin.

mod hashing;
mod locality;
mod schedule;
mod service;
mod take;
mod transmit;
mod twos;

use std::net::IpAddr;

use super::conntrack::Direction;
use super::netfilter::{Hook, Place};
use super::packet::{Packet, Port, Tracking};
use super::walker::Walk;
use crate::model::{Forwarding, NetnsId, Protocol, RealServer, VirtualServer};

/// A connection that a virtual server took in this walk (`struct ip_vs_conn`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'c> {
    netns: NetnsId,
    protocol: Protocol,
    client: (IpAddr, Port),
    to: (IpAddr, Port),
    server: (IpAddr, Port),
    /// What took it, and what it was given to.
    chosen: (&'c VirtualServer, &'c RealServer),
    /// IP_VS_CONN_F_NFCT: connection tracking keeps its entry.
    tracked: bool,
}

impl Connection<'_> {
    /// Whether a packet is the client's, and sent to its server in this way.
    pub fn carries(&self, packet: &Packet, forwarding: Forwarding) -> bool {
        self.chosen.1.forwarding == forwarding
            && self.protocol == packet.protocol
            && self.client == (packet.source, packet.source_port)
            && self.to == (packet.destination, packet.destination_port)
    }

    /// The real server's address.
    pub fn server_address(&self) -> IpAddr {
        self.server.0
    }
}

impl Walk<'_> {
    /// `ip_vs_out_hook`: what a real server answers comes from the virtual server from here on. Tells whether it is to be
    /// routed anew.
    pub fn answer_of_virtual_server(&mut self, place: Place<'_>, packet: &mut Packet) -> bool {
        if packet.ipvs_property {
            return false;
        }
        let answered = match &packet.about {
            Some(about) => about.clone(),
            None => Direction::of(packet).inverse(),
        };
        let Some(connection) = self
            .virtual_connections
            .iter()
            .find(|known| {
                known.netns == place.netns
                    && known.protocol == answered.protocol
                    && known.client == (answered.source, answered.source_port)
                    && known.server == (answered.destination, answered.destination_port)
            })
            .copied()
        else {
            return false;
        };
        packet.ipvs_property = true;
        if !connection.tracked {
            packet.tracking = Tracking::Untracked;
        }
        if connection.chosen.1.forwarding != Forwarding::Masquerading {
            return false;
        }
        let before = packet.to_string();
        packet.source = connection.to.0;
        match &mut packet.about {
            // ip_vs_nat_icmp: so does what the error is about.
            Some(about) => (about.destination, about.destination_port) = connection.to,
            None => packet.source_port = connection.to.1,
        }
        self.write_answer(before, packet);
        // ip_vs_route_me_harder
        let reroutes = self.sysctl(place.netns, "net.ipv4.vs.snat_reroute") != Some(0);
        reroutes && place.hook != Hook::Input && place.out_device != Some("lo")
    }
}
