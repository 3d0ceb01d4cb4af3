//! Bridges and br_netfilter (net/bridge/br_input.c, br_forward.c, br_fdb.c, br_vlan.c, br_netfilter_hooks.c).
//!
//! A frame that comes in by a port is for the bridge's host (its own addresses), for the port its fdb names, or for all
//! of them. With `bridge-nf-call-iptables` IP frames pass PREROUTING first, where a Service's address may become a
//! pod's: if that pod is on the same bridge, the frame stays on it with a new destination, and passes FORWARD and
//! POSTROUTING there; its TTL is not touched and routing never sees it leave.

use super::journey::{proven, step};
use super::netfilter::{Hook, Place};
use super::packet::Packet;
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{Direction, StepKind};
use crate::model::{BridgePort, Family, Link, LinkKind, Mac, NetnsId, Part};

/// Where a bridge sends a frame.
enum Forwarding {
    /// Up to its host.
    Up,
    /// Out by a port that its fdb names; the entry as evidence.
    Port(String, Option<String>),
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
        let settings = self.port(netns, port);
        if !matches!(settings.state, 2 | 3) {
            let why = format!(
                "port {port} of {bridge} is {}: dropped",
                state_word(settings.state)
            );
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(port)));
        }
        packet.bridge_port_in = Some(port.to_owned());
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
                let chosen = self.route_input(netns, bridge, &packet)?;
                if self.would_leave_by(&chosen, bridge) {
                    // bridged_dnat: the frame stays on the bridge, for its new destination's address.
                    redirected = true;
                    self.write_route(&chosen, &packet);
                    let next_hop = chosen.next_hop(&packet);
                    packet.destination_mac = self.resolve(netns, bridge, next_hop, &packet)?;
                    self.journey
                        .cross(self.cluster, netns, bridge, Direction::Out);
                } else {
                    packet.destination_mac = self
                        .cluster
                        .netns(netns)
                        .link(bridge)
                        .and_then(|link| link.mac);
                }
            }
        }
        let settings = self.port(netns, port);
        if settings.state != 3 {
            let why = format!(
                "port {port} of {bridge} is {}: dropped",
                state_word(settings.state)
            );
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(port)));
        }
        let vlan = match self.ingress_vlan(netns, bridge, &settings) {
            Ok(vlan) => vlan,
            Err(why) => return Err(self.stop(&packet, Stop::dropped(netns, why).at(port))),
        };
        match self.look_up(netns, bridge, vlan, &packet)? {
            Forwarding::Up if redirected => {
                let why = format!("{bridge} has the address of the new destination as its own");
                Err(self.stop(&packet, Stop::dropped(netns, why).at(bridge)))
            }
            Forwarding::Up => {
                self.journey
                    .cross(self.cluster, netns, bridge, Direction::In);
                self.pass_up(netns, bridge, packet, filtered)
            }
            Forwarding::Port(out, evidence) => {
                self.bridge_forward(netns, bridge, Some(port), &out, evidence, packet, filtered)
            }
            Forwarding::Flood => self.flood(netns, bridge, Some(port), packet, filtered),
        }
    }

    /// `br_pass_frame_up`.
    fn pass_up(&mut self, netns: NetnsId, bridge: &str, packet: Packet, prerouted: bool) -> Fate {
        let here = self.cluster.netns(netns);
        if here.link(bridge).is_some_and(|link| !link.up) {
            let why = format!("{bridge} is down: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(bridge)));
        }
        self.write_up(bridge);
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
            Forwarding::Port(out, evidence) => {
                self.bridge_forward(netns, bridge, None, &out, evidence, packet, false)
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
        if here.link(bridge).and_then(|link| link.mac) == Some(mac) {
            return Ok(Forwarding::Up);
        }
        let known = here.fdb.iter().flatten().find(|entry| {
            entry.mac == mac
                && entry.master.as_deref() == Some(bridge)
                && (vlan.is_none() || entry.vlan == vlan)
        });
        if known.is_none() {
            self.need_whole(netns, Part::Fdb, packet)?;
        }
        if here.fdb.is_none() {
            self.not_seen(format!(
                "{}: the fdb of {bridge} was not captured",
                self.place_name(netns)
            ));
        }
        Ok(match known {
            // A permanent entry is an address of the bridge or of one of its ports: local.
            Some(entry) if entry.permanent => Forwarding::Up,
            Some(entry) => Forwarding::Port(entry.device.clone(), Some(entry.raw.clone())),
            None => Forwarding::Flood,
        })
    }

    /// `br_forward` and the hooks on the way out.
    #[allow(clippy::too_many_arguments)] // They are the frame's whole situation; a struct would be used once.
    fn bridge_forward(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        from: Option<&str>,
        out: &str,
        evidence: Option<String>,
        mut packet: Packet,
        filtered: bool,
    ) -> Fate {
        if let Some(why) = self.forbids(netns, bridge, from, out) {
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(out)));
        }
        let mac = packet.destination_mac.unwrap_or(Mac::ZERO);
        let text = match from {
            Some(from) => format!("{bridge}: {from} -> {out}"),
            None => format!("{bridge} -> {out}"),
        };
        self.journey.step(match evidence {
            Some(raw) => proven(StepKind::Bridge, text, "bridge fdb", &raw),
            None => step(
                StepKind::Bridge,
                format!("{text}, flooded: the fdb does not know {mac}"),
            ),
        });
        if filtered {
            packet.bridge_port_out = Some(out.to_owned());
            for hook in [Hook::Forward, Hook::Postrouting] {
                let in_device = (hook == Hook::Forward).then_some(bridge);
                let place = Place {
                    netns,
                    hook,
                    in_device,
                    out_device: Some(bridge),
                    next_hop: None,
                };
                self.hook(place, &mut packet)?;
            }
        }
        self.transmit(netns, out, packet)
    }

    /// `br_flood`: every port gets a copy. The one that is followed leads to the frame's destination.
    fn flood(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        from: Option<&str>,
        packet: Packet,
        filtered: bool,
    ) -> Fate {
        let here = self.cluster.netns(netns);
        let ports: Vec<&Link> = here
            .links
            .iter()
            .flatten()
            .filter(|link| link.master.as_deref() == Some(bridge))
            .collect();
        let mut unseen = here.links.is_none();
        let mut lost = self.only_in_part(netns, Part::Links);
        let mut takes = None;
        for link in ports {
            let floods = link.port.as_ref().is_none_or(|port| port.flood);
            if !floods || self.forbids(netns, bridge, from, &link.name).is_some() {
                continue;
            }
            let reached = self.broadcast_domain(netns, &link.name);
            unseen |= !reached.complete;
            lost = lost.or(reached.lost);
            let owner = reached.ends.iter().any(|(id, name)| {
                self.cluster.netns(*id).link(name).and_then(|end| end.mac) == packet.destination_mac
            });
            if owner {
                takes = Some(link.name.clone());
                break;
            }
        }
        match takes {
            Some(out) => self.bridge_forward(netns, bridge, from, &out, None, packet, filtered),
            None => {
                let mac = packet.destination_mac.unwrap_or(Mac::ZERO);
                let stop = if let Some(lost) = lost {
                    Stop::unknown(netns, format!("{bridge} floods it, and {lost}"))
                } else if unseen {
                    Stop::unknown(
                        netns,
                        format!(
                            "{bridge} floods it, as its fdb does not know {mac}; not all of its ports lead to what was captured"
                        ),
                    )
                } else {
                    Stop::dropped(
                        netns,
                        format!(
                            "{bridge} floods it, as its fdb does not know {mac}; nobody behind its ports has that address"
                        ),
                    )
                };
                Err(self.stop(&packet, stop.at(bridge)))
            }
        }
    }

    /// `should_deliver`: why a port may not send the frame, if it may not.
    fn forbids(
        &self,
        netns: NetnsId,
        bridge: &str,
        from: Option<&str>,
        out: &str,
    ) -> Option<String> {
        let out_port = self.port(netns, out);
        if out_port.state != 3 {
            return Some(format!(
                "port {out} of {bridge} is {}: dropped",
                state_word(out_port.state)
            ));
        }
        if self.filters_vlans(netns, bridge) {
            let vlan = match from {
                Some(from) => self
                    .ingress_vlan(netns, bridge, &self.port(netns, from))
                    .ok()
                    .flatten(),
                None => self.own_vlan(netns, bridge),
            };
            if !out_port.vlans.iter().any(|member| Some(member.id) == vlan) {
                let vlan = vlan.map_or("none".to_owned(), |vlan| vlan.to_string());
                return Some(format!(
                    "port {out} of {bridge} is not in VLAN {vlan}: dropped"
                ));
            }
        }
        let from = from?;
        if from == out && !out_port.hairpin {
            return Some(format!(
                "it would go back by {out}, and the port's hairpin mode is off: dropped"
            ));
        }
        if out_port.isolated && self.port(netns, from).isolated {
            return Some(format!(
                "the ports {from} and {out} are isolated from each other: dropped"
            ));
        }
        None
    }

    /// A port's settings; the kernel's defaults where only the device was read.
    fn port(&self, netns: NetnsId, name: &str) -> BridgePort {
        let link = self.cluster.netns(netns).link(name);
        link.and_then(|link| link.port.clone()).unwrap_or_default()
    }

    fn filters_vlans(&self, netns: NetnsId, bridge: &str) -> bool {
        let kind = self
            .cluster
            .netns(netns)
            .link(bridge)
            .map(|link| &link.kind);
        matches!(
            kind,
            Some(LinkKind::Bridge {
                vlan_filtering: true,
                ..
            })
        )
    }

    /// The VLAN of an untagged frame that comes in by a port; an error when the port takes none.
    fn ingress_vlan(
        &self,
        netns: NetnsId,
        bridge: &str,
        port: &BridgePort,
    ) -> Result<Option<u16>, String> {
        if !self.filters_vlans(netns, bridge) {
            return Ok(None);
        }
        match port.vlans.iter().find(|vlan| vlan.pvid) {
            Some(vlan) => Ok(Some(vlan.id)),
            None => Err(format!(
                "the port of {bridge} takes no untagged frames: dropped"
            )),
        }
    }

    /// The VLAN of what the host itself sends by the bridge.
    fn own_vlan(&self, netns: NetnsId, bridge: &str) -> Option<u16> {
        if !self.filters_vlans(netns, bridge) {
            return None;
        }
        self.port(netns, bridge)
            .vlans
            .iter()
            .find(|vlan| vlan.pvid)
            .map(|vlan| vlan.id)
            .or(Some(1))
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

fn state_word(state: u8) -> &'static str {
    match state {
        0 => "disabled",
        1 => "listening",
        2 => "learning",
        3 => "forwarding",
        4 => "blocking",
        _ => "in an unknown state",
    }
}
