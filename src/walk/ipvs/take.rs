//! Which packets IPVS takes at its hook, and which real server of the virtual one (net/netfilter/ipvs/ip_vs_core.c
//! `ip_vs_in_hook`, `ip_vs_schedule`, `ip_vs_leave`).

use super::hashing::Client;
use super::schedule::{Pick, pick};
use super::service::{self, Had, Settings};
use super::transmit::SOURCE;
use crate::model::kube_proxy::IPVS_DEVICE;
use crate::model::trace::{Assumption, StepKind};
use crate::model::{NetnsId, Part, Protocol, RealServer, VirtualServer};
use crate::walk::explore::Question;
use crate::walk::icmp::IcmpError;
use crate::walk::journey::{proven, step};
use crate::walk::netfilter::Place;
use crate::walk::packet::Packet;
use crate::walk::refusal::Denial;
use crate::walk::routing::is_local;
use crate::walk::send::Chosen;
use crate::walk::walker::{Stop, Stopped, Walk};

/// What prints connections.
const CONNECTIONS: &str = "ipvsadm -Lnc";

impl<'c> Walk<'c> {
    /// `ip_vs_in_hook`. A route is where IPVS sends the packet itself; without one it goes on as it is now.
    pub fn ask_virtual_servers(
        &mut self,
        place: Place<'_>,
        packet: &mut Packet,
    ) -> Result<Option<Chosen<'c>>, Stopped> {
        let netns = place.netns;
        let takes_part = matches!(
            packet.protocol,
            Protocol::Tcp | Protocol::Udp | Protocol::Sctp
        );
        if packet.ipvs_property || !takes_part {
            return Ok(None);
        }
        let here = self.cluster.netns(netns);
        let Some(servers) = here.virtual_servers.as_deref() else {
            return self.mind_unread(netns, packet).map(|()| None);
        };
        // ip_vs_conn_in_get: a connection that stands.
        let stands = self.virtual_connections.iter().find(|known| {
            known.netns == netns
                && known.protocol == packet.protocol
                && known.client == (packet.source, packet.source_port)
                && known.to == (packet.destination, packet.destination_port)
        });
        if let Some((service, server)) = stands.map(|known| known.chosen) {
            return self.give(place, service, server, packet);
        }
        let Some(service) = service::find(servers, packet) else {
            return self.mind_lost(netns, packet).map(|()| None);
        };
        // tcp_conn_schedule: what does not begin a connection is none of its business.
        let begins = packet.tcp_flags & 0x06 == 0x02;
        if packet.protocol == Protocol::Tcp && !begins {
            return Ok(None);
        }
        self.mind_backup(netns);
        self.need_whole(netns, Part::VirtualServers, packet)?;
        let server = self.real_server(netns, service, packet)?;
        self.give(place, service, server, packet)
    }

    /// Services that were not read, where kube-proxy's device says that there are some.
    fn mind_unread(&mut self, netns: NetnsId, packet: &Packet) -> Result<(), Stopped> {
        let here = self.cluster.netns(netns);
        let mut addresses = here.addresses_of(IPVS_DEVICE).peekable();
        if addresses.peek().is_none() || !is_local(here, packet.destination) {
            return Ok(());
        }
        if !addresses.any(|address| address.ip == packet.destination) {
            // NodePorts are on the node's other addresses.
            self.supposed.push(Assumption {
                unknown: format!(
                    "whether IPVS takes {packet}: kube-ipvs0 says that there are virtual servers, which were not read"
                ),
                supposed: "it does not".to_owned(),
                otherwise: vec!["if it does: it goes to a server of that service".to_owned()],
            });
            return Ok(());
        }
        let why = format!(
            "{} is on kube-ipvs0, so IPVS takes it; its services were not read",
            packet.destination
        );
        Err(self.stop(packet, Stop::unknown(netns, why)))
    }

    /// Services that a cut dump may have lost. They are on addresses of their host, all but always.
    fn mind_lost(&mut self, netns: NetnsId, packet: &Packet) -> Result<(), Stopped> {
        if is_local(self.cluster.netns(netns), packet.destination) {
            return self.need_whole(netns, Part::VirtualServers, packet);
        }
        if let Some(lost) = self.only_in_part(netns, Part::VirtualServers) {
            self.supposed.push(Assumption {
                unknown: format!("whether IPVS takes {packet}: {lost}"),
                supposed: "it does not".to_owned(),
                otherwise: vec!["if it does: it goes to a server of that service".to_owned()],
            });
        }
        Ok(())
    }

    /// With `backup_only`, a director that takes connections over from another one schedules none itself
    /// (`sysctl_backup_only`). Whether it is such a one, that is runs a synchronisation daemon as backup, is not read.
    fn mind_backup(&mut self, netns: NetnsId) {
        if self.sysctl(netns, "net.ipv4.vs.backup_only") != Some(1) {
            return;
        }
        self.supposed.push(Assumption {
            unknown:
                "whether IPVS's synchronisation daemon runs as backup here, where backup_only is on"
                    .to_owned(),
            supposed: "it does not".to_owned(),
            otherwise: vec!["if it does: IPVS takes no packets".to_owned()],
        });
    }

    /// The server that takes the packet.
    fn real_server(
        &mut self,
        netns: NetnsId,
        service: &'c VirtualServer,
        packet: &Packet,
    ) -> Result<&'c RealServer, Stopped> {
        let here = self.cluster.netns(netns);
        let on = |key: &str| self.sysctl(netns, &format!("net.ipv4.vs.{key}"));
        let settings = Settings {
            conn_reuse_mode: on("conn_reuse_mode").unwrap_or(1),
            expire_nodest_conn: on("expire_nodest_conn") == Some(1),
            expire_quiescent_template: on("expire_quiescent_template") == Some(1),
        };
        let text = format!(
            "virtual server {}, scheduler {}",
            service.takes, service.scheduler
        );
        self.journey
            .step(proven(StepKind::Ipvs, text, SOURCE, &service.raw));
        match service::had(here, service, &settings, packet) {
            Had::Nothing => {}
            Had::Server { server, entry } => {
                let text = match entry.is_template() {
                    true => "the client stays with its server",
                    false => "this connection has its server already",
                };
                self.journey
                    .step(proven(StepKind::Ipvs, text, CONNECTIONS, &entry.raw));
                return Ok(&service.servers[server]);
            }
            Had::Gone { entry } => {
                let why = format!(
                    "this connection's server {} is gone, and expire_nodest_conn is off",
                    entry.server
                );
                let stop = Stop {
                    at_output: true,
                    ..Stop::dropped(netns, why).because(CONNECTIONS, &entry.raw)
                };
                return Err(self.stop(packet, stop));
            }
        }
        let client = Client {
            source: packet.source,
            source_port: packet.source_port,
            destination: packet.destination,
        };
        let connections = service::connections(here, service);
        let picked = match pick(service, &connections, client) {
            Pick::One { server, because } => {
                self.journey.step(step(StepKind::Balance, because));
                Some(server)
            }
            Pick::Shared { shares, because } => {
                let taken = self.choices.choose(Question::Balance(shares.clone()));
                let share = shares.get(taken).copied().unwrap_or_default() * 100.0;
                let stays = match service.persistence {
                    Some(kept) => match kept.timeout {
                        Some(seconds) => format!("; the first choice stays for {seconds} s"),
                        None => "; the first choice stays".to_owned(),
                    },
                    None => String::new(),
                };
                let text = format!("{because}: {share:.0} % in the long run{stays}");
                self.journey.step(step(StepKind::Balance, text));
                Some(taken)
            }
            Pick::Drawn { shares, because } => {
                let taken = self.choices.choose(Question::Balance(shares.clone()));
                let share = shares.get(taken).copied().unwrap_or_default() * 100.0;
                let text = format!("{because}: {share:.0} % for this one now");
                self.journey.step(step(StepKind::Balance, text));
                Some(taken)
            }
            Pick::Unknown { among, because } => {
                let options = among
                    .iter()
                    .map(|at| format!("it is {}", service.servers[*at].address))
                    .collect();
                let what = format!("which server {} gives it to: {because}", service.takes);
                let key = format!("ipvs {netns:?} {}", service.takes);
                let taken = self.choices.suppose(&key, what, options);
                among.get(taken).copied()
            }
            Pick::Nobody { because } => {
                return Err(self.leave(netns, service, packet, &because));
            }
        };
        match picked.and_then(|at| service.servers.get(at)) {
            // A hash leads to servers of weight 0 as well.
            Some(server) if server.weight > 0 => Ok(server),
            _ => Err(self.leave(netns, service, packet, "that server takes no connections")),
        }
    }

    /// `ip_vs_leave`, which answers, and drops what it answers: a program that sends from here is told so at once, before
    /// the answer comes. Packets have their socket on the way out only.
    fn leave(
        &mut self,
        netns: NetnsId,
        service: &VirtualServer,
        packet: &Packet,
        because: &str,
    ) -> Stopped {
        let why = format!(
            "virtual server {}: {because}; ICMP port unreachable",
            service.takes
        );
        let denial = Denial::Error(IcmpError::PortUnreachable);
        let stop = Stop {
            at_output: true,
            ..Stop::rejected(netns, denial, why).because(SOURCE, &service.raw)
        };
        self.stop(packet, stop)
    }
}
