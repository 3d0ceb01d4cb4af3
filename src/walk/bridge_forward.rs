//! How bridges send frames out by their ports (net/bridge/br_forward.c, and br_netfilter_hooks.c on the way out).

use super::journey::{proven, step};
use super::netfilter::{Hook, Place};
use super::packet::Packet;
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{Direction, StepKind};
use crate::model::{Link, Mac, NetnsId, Part};

/// How a bridge knows the port that an address is behind.
pub(super) enum Known {
    /// By an entry of its fdb: what `bridge fdb` prints.
    Entry(String),
    /// By a frame that came from there a moment ago.
    News,
    /// As that port's own address.
    Own,
    /// Not at all: every port gets a copy.
    Flooded,
}

impl Walk<'_> {
    /// `br_forward` and the hooks on the way out.
    pub fn bridge_forward(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        from: Option<&str>,
        (out, known): (&str, Known),
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
        let more = match &known {
            Known::Entry(_) | Known::Own => String::new(),
            Known::News => format!(", where {mac} was heard from a moment ago"),
            Known::Flooded => format!(", flooded: the fdb does not know {mac}"),
        };
        let text = format!("{text}{more}");
        self.journey.step(match known {
            Known::Entry(raw) => proven(StepKind::Bridge, text, "bridge fdb", &raw),
            _ => step(StepKind::Bridge, text),
        });
        let hook = match from {
            Some(_) => Hook::Forward,
            None => Hook::Output,
        };
        for hook in [hook, Hook::Postrouting] {
            self.bridge_chains(netns, hook, (from, Some(out)), &mut packet)?;
        }
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
            self.fit_port(netns, bridge, out, &packet)?;
        }
        if let Some(why) = self.too_long(netns, out, &packet) {
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(out)));
        }
        self.transmit(netns, out, packet)
    }

    /// `br_nf_dev_queue_xmit`: what conntrack put together is cut up again, unless that is forbidden.
    fn fit_port(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        out: &str,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        let mtu = |name| self.cluster.netns(netns).link(name).map(|link| link.mtu);
        let (Some(port), Some(whole)) = (mtu(out), mtu(bridge)) else {
            return Ok(());
        };
        let size = packet.size;
        let why = if packet.dont_fragment && size > port {
            format!("{size} bytes do not fit the {port} of {out} and may not be fragmented")
        } else if !packet.dont_fragment && size > whole {
            format!("it came in pieces of {size} bytes, which do not fit the {whole} of {bridge}")
        } else {
            return Ok(());
        };
        let stop = Stop::dropped(netns, format!("{why}: dropped silently, as bridges do"));
        Err(self.stop(packet, stop.at(out)))
    }

    /// `br_flood`: every port gets a copy. The one that is followed leads to the frame's destination.
    pub fn flood(
        &mut self,
        netns: NetnsId,
        bridge: &str,
        from: Option<&str>,
        packet: Packet,
        filtered: bool,
    ) -> Fate {
        if let Some(port) = from
            && self.is_sought(netns, bridge, &packet)
            && self.host_hears(netns, bridge, port)
        {
            self.journey
                .cross(self.cluster, netns, bridge, Direction::In);
            return self.pass_up(netns, bridge, packet, filtered);
        }
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
            let owner = reached
                .ends
                .iter()
                .any(|(id, name)| self.is_for(*id, name, &packet));
            if owner {
                takes = Some(link.name.clone());
                break;
            }
        }
        match takes {
            Some(out) => {
                let known = (out.as_str(), Known::Flooded);
                self.bridge_forward(netns, bridge, from, known, packet, filtered)
            }
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
}
