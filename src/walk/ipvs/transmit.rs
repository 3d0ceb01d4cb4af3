//! Sends a packet to a real server (net/netfilter/ipvs/ip_vs_xmit.c, ip_vs_nfct.c).

use std::net::IpAddr;

use super::Connection;
use crate::model::trace::{Assumption, StepKind};
use crate::model::{Family, Forwarding, NetnsId, Protocol, RealServer, VirtualServer};
use crate::walk::icmp::IcmpError;
use crate::walk::ipip;
use crate::walk::journey::{changed, proven, step};
use crate::walk::netfilter::{Hook, Place};
use crate::walk::packet::{Packet, Port, Tracking};
use crate::walk::refusal::Denial;
use crate::walk::routing::Lookup;
use crate::walk::send::Chosen;
use crate::walk::source_address::source_for;
use crate::walk::walker::{Stop, Stopped, Walk};

/// What prints virtual servers.
pub(super) const SOURCE: &str = "ipvsadm -Sn";

impl<'c> Walk<'c> {
    /// `ip_vs_nat_xmit`, `ip_vs_dr_xmit`, `ip_vs_tunnel_xmit`.
    pub(super) fn give(
        &mut self,
        place: Place<'_>,
        service: &'c VirtualServer,
        server: &'c RealServer,
        packet: &mut Packet,
    ) -> Result<Option<Chosen<'c>>, Stopped> {
        let netns = place.netns;
        let to = server.address.ip();
        self.mind_tunnel(netns, server, packet)?;
        let port = match server.address.port() {
            0 => packet.destination_port,
            port => Port::known(port),
        };
        let route = self.route_to_server(place, server, packet)?;
        let tracked = self.keeps_tracking(netns);
        let connection = Connection {
            netns,
            protocol: packet.protocol,
            client: (packet.source, packet.source_port),
            to: (packet.destination, packet.destination_port),
            server: (to, port),
            chosen: (service, server),
            tracked,
        };
        // Entries of one-packet services are for no answer to find (`ip_vs_conn_hash`).
        if !(service.one_packet && packet.protocol == Protocol::Udp) {
            self.virtual_connections.push(connection);
        }
        packet.ipvs_property = true;
        let before = packet.to_string();
        match server.forwarding {
            Forwarding::Masquerading => {
                packet.destination = to;
                packet.destination_port = port;
                let text = format!("destination becomes {}", socket(to, port));
                let dnat = proven(StepKind::Dnat, text, SOURCE, &server.raw);
                self.journey.step(changed(dnat, before, packet.to_string()));
            }
            Forwarding::Tunnel if !route.is_local() => {
                let text = format!("wrapped for {to}");
                self.journey
                    .step(proven(StepKind::Ipvs, text, SOURCE, &server.raw));
                *packet = self.outer(netns, to, &route, packet);
                self.write_wrapped(packet);
                self.write_route(&route, packet);
                return Ok(Some(route));
            }
            _ => {
                let text = format!("to {to} as it is");
                self.journey
                    .step(proven(StepKind::Ipvs, text, SOURCE, &server.raw));
            }
        }
        match packet.tracking {
            _ if !tracked => packet.tracking = Tracking::Untracked,
            // ip_vs_update_conntrack
            Tracking::Tracked(entry) if server.forwarding == Forwarding::Masquerading => {
                self.connections.answered_by(entry, to, port);
            }
            _ => {}
        }
        if route.is_local() {
            return Ok(None);
        }
        self.write_route(&route, packet);
        Ok(Some(route))
    }

    /// Tunnels that are not followed, and a dump that does not say which it is.
    fn mind_tunnel(
        &mut self,
        netns: NetnsId,
        server: &RealServer,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        let to = server.address;
        let over_ipv6 = to.is_ipv6() || packet.family() == Family::V6;
        let kind = match server.forwarding {
            Forwarding::Tunnel if over_ipv6 => "tunnels of IPv6 are",
            Forwarding::Gue => "GUE is",
            Forwarding::Gre => "GRE is",
            Forwarding::Tunnel if !server.raw.starts_with("-a") => {
                self.supposed.push(Assumption {
                    unknown: format!("into what IPVS wraps packets to {to}, which was not read"),
                    supposed: "an IPIP packet".to_owned(),
                    otherwise: vec!["if it is GUE or GRE: it needs such a tunnel there".to_owned()],
                });
                return Ok(());
            }
            _ => return Ok(()),
        };
        let why = format!("IPVS wraps it for {}, and {kind} not followed", to.ip());
        let stop = Stop::unknown(netns, why).because(SOURCE, &server.raw);
        Err(self.stop(packet, stop))
    }

    /// The packet that carries one to a server, as `ip_vs_tunnel_xmit` makes it: with the TTL and TOS of the one inside.
    fn outer(&self, netns: NetnsId, to: IpAddr, route: &Chosen<'c>, inner: &Packet) -> Packet {
        let here = self.cluster.netns(netns);
        let source = source_for(here, route.route, route.hop, to);
        Packet {
            tos: inner.tos,
            // It is cut all the same where it leaves (`ignore_df`).
            dont_fragment: inner.dont_fragment && self.keeps_path_mtu(netns),
            ..ipip::wrapped(inner.clone(), source, to)
        }
    }

    /// `sysctl_pmtu_disc`: whether what may not be cut and does not fit a tunnel is refused.
    fn keeps_path_mtu(&self, netns: NetnsId) -> bool {
        self.sysctl(netns, "net.ipv4.vs.pmtu_disc") != Some(0)
    }

    /// `ensure_mtu_is_adequate` of what is to be wrapped.
    fn fit_tunnel(
        &mut self,
        netns: NetnsId,
        packet: &Packet,
        chosen: &Chosen<'_>,
    ) -> Result<(), Stopped> {
        /// The least that IPv4 has to pass, RFC 791.
        const LEAST: u32 = 68;
        let device = &chosen.device;
        let link = self.cluster.netns(netns).link(device);
        let Some(whole) = chosen.route.mtu.or(link.map(|link| link.mtu)) else {
            return Ok(());
        };
        let mtu = whole.saturating_sub(ipip::HEADER);
        let why = format!(
            "{} bytes and an IPIP header do not fit the {whole} of {device} and may not be fragmented: ICMP too big",
            packet.size
        );
        let stop = match packet.size > mtu {
            _ if mtu < LEAST => Stop::dropped(
                netns,
                format!("{device} is too small for a tunnel: dropped"),
            ),
            true if packet.dont_fragment && self.keeps_path_mtu(netns) => {
                Stop::rejected(netns, Denial::Error(IcmpError::TooBig { mtu }), why)
            }
            _ => return Ok(()),
        };
        Err(self.stop(packet, stop.at(device)))
    }

    /// `__ip_vs_get_out_rt`: by the server's address alone.
    fn route_to_server(
        &mut self,
        place: Place<'_>,
        server: &RealServer,
        packet: &mut Packet,
    ) -> Result<Chosen<'c>, Stopped> {
        let netns = place.netns;
        let to = server.address.ip();
        let query = Lookup {
            destination: to,
            source: None,
            iif: "lo",
            oif: None,
            mark: 0,
            tos: 0,
            protocol: Protocol::Other(0),
            ports: (Port::NONE, Port::NONE),
            uid: Some(0),
        };
        let Ok(mut chosen) = self.decide(netns, &query, packet)? else {
            let why = format!("there is no route to the server {to}");
            let stop = Stop::answered(netns, IcmpError::HostUnreachable, why);
            return Err(self.stop(packet, stop.because(SOURCE, &server.raw)));
        };
        let direct = server.forwarding != Forwarding::Masquerading;
        let was_local = place.hook == Hook::Input || place.out_device == Some("lo");
        let crosses = match chosen.is_local() {
            true if direct && !was_local => Some("is this host, and the virtual server is not"),
            true if to.is_loopback() && place.hook == Hook::Input => {
                Some("is a loopback address: nothing from outside is sent there")
            }
            false if packet.source.is_loopback() => {
                Some("is another host: nothing from a loopback address is sent there")
            }
            _ => None,
        };
        if let Some(crosses) = crosses {
            let why = format!("the server {to} {crosses}");
            let stop = Stop::dropped(netns, why).because(SOURCE, &server.raw);
            return Err(self.stop(packet, stop));
        }
        if chosen.is_local() {
            return Ok(chosen);
        }
        if packet.ttl <= 1 {
            let stop = Stop::answered(netns, IcmpError::TimeExceeded, "its TTL is used up");
            return Err(self.stop(packet, stop));
        }
        packet.ttl -= 1;
        if server.forwarding == Forwarding::Tunnel {
            self.fit_tunnel(netns, packet, &chosen)?;
            return Ok(chosen);
        }
        // What is too long and may not be cut is refused; else it is cut on its way out, as if it were made here.
        if packet.dont_fragment
            && let Some(device) = place.in_device.or(self.uncut_by(place, packet))
        {
            self.fit(netns, packet, &chosen, Some(device))?;
        }
        if direct {
            chosen.gateway = chosen.gateway.or(Some(to));
        }
        Ok(chosen)
    }

    /// The device by which a datagram of this host was to leave whole, which is `lo` where it has the service's address: its
    /// socket had no reason to cut it. TCP's segments are cut where they leave.
    fn uncut_by<'p>(&self, place: Place<'p>, packet: &Packet) -> Option<&'p str> {
        let device = place
            .out_device
            .filter(|_| packet.protocol != Protocol::Tcp)?;
        let link = self.cluster.netns(place.netns).link(device)?;
        (packet.size <= link.mtu).then_some(device)
    }

    /// Whether packets of IPVS stay with their tracked connection (`net.ipv4.vs.conntrack`): without, no rule of the nat
    /// table sees them again.
    fn keeps_tracking(&mut self, netns: NetnsId) -> bool {
        if let Some(value) = self.sysctl(netns, "net.ipv4.vs.conntrack") {
            return value != 0;
        }
        let what = format!(
            "whether IPVS tracks connections in {} (net.ipv4.vs.conntrack was not read)",
            self.place_name(netns)
        );
        let options = vec![
            "it does, as kube-proxy sets it".to_owned(),
            "it does not, as the kernel has it by default".to_owned(),
        ];
        self.choices
            .suppose(&format!("vs.conntrack {netns:?}"), what, options)
            == 0
    }

    /// Writes down what an answer has become.
    pub(super) fn write_answer(&mut self, before: String, packet: &Packet) {
        let text = format!("source becomes that of the virtual server: {packet}");
        let kind = StepKind::Ipvs;
        self.journey
            .step(changed(step(kind, text), before, packet.to_string()));
    }
}

fn socket(ip: IpAddr, port: Port) -> String {
    match port.number() {
        Some(port) => std::net::SocketAddr::new(ip, port).to_string(),
        None => ip.to_string(),
    }
}
