//! Bridges and br_netfilter (net/bridge/br_input.c, br_device.c, br_fdb.c, br_netfilter_hooks.c).
//!
//! A frame that comes in by a port is for the bridge's host (its own addresses), for the port its fdb names, or for all
//! of them. With `bridge-nf-call-iptables` IP frames pass PREROUTING first, where a Service's address may become a
//! pod's: if that pod is on the same bridge, the frame stays on it with a new destination, and passes FORWARD and
//! POSTROUTING there; its TTL is not touched and routing never sees it leave.

use super::bridge_forward::Known;
use super::bridge_port::state_word;
use super::netfilter::{Hook, Place, is_registered};
use super::packet::Packet;
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::Direction;
use crate::model::{Family, LinkKind, NetnsId, Part};

/// Where a bridge sends a frame.
enum Forwarding {
    /// Up to its host.
    Up,
    /// An address of the bridge or of a port: up to the host from outside, out by the port from the host itself.
    Own(String),
    /// Out by a port, and why.
    Port(String, Known),
    /// Out by every port: the fdb does not know the address.
    Flood,
}

impl Walk<'_> {
    /// `br_handle_frame`: a frame comes in by a port.
    pub fn bridge_receive(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        port: &str,
        mut packet: Packet,
    ) -> Fate {
        self.need_whole(netns, Part::BridgePorts, &packet)?;
        let state = self.port(netns, port).state;
        if !matches!(state, 2 | 3) {
            let state = state_word(state);
            let why = format!("port {port} of {bridge} is {state}: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(port)));
        }
        packet.bridge_port_in = Some(port.to_owned());
        self.bridge_chains(netns, Hook::Prerouting, (Some(port), None), &mut packet)?;
        let filtered = self.passes_iptables(netns, bridge, &packet)?;
        let mut redirected = false;
        if filtered {
            let destination = packet.destination;
            let place = Place {
                netns,
                hook: Hook::Prerouting,
                in_device: Some(bridge),
                out_device: None,
                next_hop: None,
            };
            self.hook(place, &mut packet)?;
            if packet.destination != destination {
                match self.find_input_route(netns, bridge, &packet)? {
                    Ok(chosen) if self.would_leave_by(&chosen, bridge) => {
                        // bridged_dnat: the frame stays on the bridge, for its new destination's address.
                        redirected = true;
                        self.write_route(&chosen, &packet);
                        let next_hop = chosen.next_hop(&packet);
                        packet.destination_mac = self.resolve(netns, bridge, next_hop, &packet)?;
                        self.journey
                            .cross(self.cluster, netns, bridge, Direction::Out);
                    }
                    Err(refused) if packet.family() == Family::V6 => {
                        let why = format!("{}: the bridge drops it, silently", refused.why);
                        let evidence = refused.evidence;
                        let silent = Stop {
                            evidence,
                            ..Stop::dropped(netns, why).at(port)
                        };
                        return Err(self.stop(&packet, silent));
                    }
                    // Over IPv4 a refusal is a route as any other: the host meets it (br_nf_pre_routing_finish).
                    _ => {
                        let link = self.cluster.netns(netns).link(bridge);
                        packet.destination_mac = link.and_then(|link| link.mac);
                    }
                }
            }
        }
        self.learn_port(netns, bridge, port, packet.source_mac);
        if let Some(why) = self.refuses(netns, bridge, port) {
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(port)));
        }
        let vlan = self.ingress_vlan(netns, bridge, port).ok().flatten();
        match self.look_up(netns, bridge, vlan, &packet)? {
            // eth_type_trans at the port told whose frame it is by the port's own address.
            Forwarding::Own(at)
                if !(redirected || at == port && self.has_mac(netns, port, &packet)) =>
            {
                let why = format!(
                    "{bridge} has its address as {at}'s own and keeps it, but it did not come in by a device with that address: dropped"
                );
                Err(self.stop(&packet, Stop::dropped(netns, why).at(bridge)))
            }
            Forwarding::Own(_) | Forwarding::Up => {
                self.journey
                    .cross(self.cluster, netns, bridge, Direction::In);
                self.pass_up(netns, bridge, packet, filtered)
            }
            Forwarding::Port(out, known) => {
                self.bridge_forward(netns, bridge, Some(port), (&out, known), packet, filtered)
            }
            Forwarding::Flood => self.flood(netns, bridge, Some(port), packet, filtered),
        }
    }

    /// `br_pass_frame_up`.
    pub fn pass_up(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        mut packet: Packet,
        prerouted: bool,
    ) -> Fate {
        let port = packet.bridge_port_in.clone();
        self.bridge_chains(netns, Hook::Input, (port.as_deref(), None), &mut packet)?;
        let here = self.cluster.netns(netns);
        if here.link(bridge).is_some_and(|link| !link.up) {
            let why = format!("{bridge} is down: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(bridge)));
        }
        self.write_up(bridge);
        // Translation brings nf_defrag_ipv6, which sets `ignore_df`; ipv6_rcv then forgets `frag_max_size`.
        let tracks = is_registered(here, packet.family());
        packet.reassembled = prerouted && tracks && !packet.dont_fragment;
        self.ip_receive(netns, bridge, packet, prerouted)
    }

    /// `br_dev_xmit`: the host itself sends by the bridge.
    pub fn bridge_transmit(&mut self, netns: NetnsId, bridge: &str, packet: Packet) -> Fate {
        self.need_whole(netns, Part::BridgePorts, &packet)?;
        let vlan = self.own_vlan(netns, bridge);
        match self.look_up(netns, bridge, vlan, &packet)? {
            Forwarding::Up => {
                let why = format!("the frame is for {bridge} itself, which sends it: dropped");
                Err(self.stop(&packet, Stop::dropped(netns, why).at(bridge)))
            }
            Forwarding::Own(out) => {
                let known = (out.as_str(), Known::Own);
                self.bridge_forward(netns, bridge, None, known, packet, false)
            }
            Forwarding::Port(out, known) => {
                self.bridge_forward(netns, bridge, None, (&out, known), packet, false)
            }
            Forwarding::Flood => self.flood(netns, bridge, None, packet, false),
        }
    }

    /// Asks the forwarding database.
    fn look_up(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        vlan: Option<u16>,
        packet: &Packet,
    ) -> Result<Forwarding, Stopped> {
        let here = self.cluster.netns(netns);
        let Some(mac) = packet.destination_mac else {
            let why = "the frame's destination address is not known".to_owned();
            return Err(self.stop(packet, Stop::unknown(netns, why).at(bridge)));
        };
        let own = here.link(bridge).and_then(|link| link.mac) == Some(mac);
        let entry = here.fdb.iter().flatten().find(|entry| {
            entry.mac == mac
                && entry.master.as_deref() == Some(bridge)
                && (vlan.is_none() || entry.vlan == vlan)
        });
        let news = self.learned.port(netns, bridge, mac).map(str::to_owned);
        if here.fdb.is_none() {
            if own {
                return Ok(Forwarding::Up);
            }
            self.not_seen(format!(
                "{}: the fdb of {bridge} was not captured",
                self.place_name(netns)
            ));
        }
        if entry.is_none() && news.is_none() {
            self.need_whole(netns, Part::Fdb, packet)?;
        }
        Ok(match (entry, news.as_deref()) {
            // A permanent entry is an address of the bridge or of one of its ports: local.
            (Some(entry), _) if entry.permanent && own => Forwarding::Up,
            (Some(entry), _) if entry.permanent => Forwarding::Own(entry.device.clone()),
            (Some(entry), news) if news.is_none_or(|port| port == entry.device) => {
                Forwarding::Port(entry.device.clone(), Known::Entry(entry.raw.clone()))
            }
            (_, Some(port)) => Forwarding::Port(port.to_owned(), Known::News),
            (_, None) => Forwarding::Flood,
        })
    }

    /// Whether frames for a device's own address come to its host: a bridge needs a local entry in its fdb for that.
    pub fn takes_its_own(&self, netns: NetnsId, device: &str) -> bool {
        let here = self.cluster.netns(netns);
        let Some(link) = here.link(device) else {
            return true;
        };
        let (LinkKind::Bridge { .. }, Some(fdb)) = (&link.kind, here.fdb.as_deref()) else {
            return true;
        };
        if self.only_in_part(netns, Part::Fdb).is_some() {
            return true;
        }
        fdb.iter().any(|entry| {
            entry.permanent
                && Some(entry.mac) == link.mac
                && entry.master.as_deref() == Some(device)
        })
    }

    /// Whether a frame goes to a device's own address.
    fn has_mac(&self, netns: NetnsId, device: &str, packet: &Packet) -> bool {
        let link = self.cluster.netns(netns).link(device);
        link.is_some_and(|link| link.mac.is_some() && link.mac == packet.destination_mac)
    }

    /// Whether br_netfilter shows this bridge's frames to iptables.
    fn passes_iptables(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        packet: &Packet,
    ) -> Result<bool, Stopped> {
        let here = self.cluster.netns(netns);
        let Some(LinkKind::Bridge {
            nf_call_iptables,
            nf_call_ip6tables,
            ..
        }) = here.link(bridge).map(|link| &link.kind)
        else {
            return Ok(false);
        };
        let (own, key) = match packet.family() {
            Family::V4 => (*nf_call_iptables, "net.bridge.bridge-nf-call-iptables"),
            Family::V6 => (*nf_call_ip6tables, "net.bridge.bridge-nf-call-ip6tables"),
        };
        match here.sysctls.as_ref() {
            _ if own => Ok(true),
            // The setting is there only while br_netfilter is.
            Some(sysctls) => {
                self.need_settings(netns, &[key.to_owned()], packet)?;
                Ok(sysctls.number(key).unwrap_or(0) != 0)
            }
            None => {
                let why = format!("whether {bridge} shows frames to iptables was not read ({key})");
                Err(self.stop(packet, Stop::unknown(netns, why).at(bridge)))
            }
        }
    }
}
