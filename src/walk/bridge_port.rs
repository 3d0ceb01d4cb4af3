//! What ports of bridges let pass (net/bridge/br_forward.c `should_deliver`, br_input.c, br_vlan.c).

use super::walker::Walk;
use crate::model::{BridgePort, LinkKind, NetnsId, Vlan};

impl Walk<'_> {
    /// Why a port takes no frame, if it takes none.
    pub fn refuses(&self, netns: NetnsId, bridge: &str, port: &str) -> Option<String> {
        let settings = self.port(netns, port);
        if settings.state != 3 {
            let state = state_word(settings.state);
            return Some(format!("port {port} of {bridge} is {state}: dropped"));
        }
        self.ingress_vlan(netns, bridge, port).err()
    }

    /// Whether the host is in the VLAN of what comes in by a port.
    pub fn host_hears(&self, netns: NetnsId, bridge: &str, port: &str) -> bool {
        if !self.filters_vlans(netns, bridge) {
            return true;
        }
        let vlan = self.ingress_vlan(netns, bridge, port);
        let members = self.own_vlans(netns, bridge);
        vlan.is_ok_and(|vlan| members.iter().any(|member| Some(member.id) == vlan))
    }

    /// `should_deliver`: why a port may not send the frame, if it may not.
    pub fn forbids(
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
                Some(from) => self.ingress_vlan(netns, bridge, from).ok().flatten(),
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
    pub fn port(&self, netns: NetnsId, name: &str) -> BridgePort {
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
    pub fn ingress_vlan(
        &self,
        netns: NetnsId,
        bridge: &str,
        port: &str,
    ) -> Result<Option<u16>, String> {
        if !self.filters_vlans(netns, bridge) {
            return Ok(None);
        }
        match self.port(netns, port).vlans.iter().find(|vlan| vlan.pvid) {
            Some(vlan) => Ok(Some(vlan.id)),
            None => Err(format!(
                "port {port} of {bridge} takes no untagged frames: dropped"
            )),
        }
    }

    /// The VLAN of what the host itself sends by the bridge.
    pub fn own_vlan(&self, netns: NetnsId, bridge: &str) -> Option<u16> {
        if !self.filters_vlans(netns, bridge) {
            return None;
        }
        let vlans = self.own_vlans(netns, bridge);
        vlans.iter().find(|vlan| vlan.pvid).map(|vlan| vlan.id)
    }

    /// The VLANs that the host itself is in; where they were not read, the one that it is in unless it is told otherwise.
    fn own_vlans(&self, netns: NetnsId, bridge: &str) -> Vec<Vlan> {
        let link = self.cluster.netns(netns).link(bridge);
        let usual = Vlan {
            id: 1,
            pvid: true,
            untagged: true,
        };
        link.and_then(|link| link.port.as_ref())
            .map_or(vec![usual], |port| port.vlans.clone())
    }
}

pub(super) fn state_word(state: u8) -> &'static str {
    match state {
        0 => "disabled",
        1 => "listening",
        2 => "learning",
        3 => "forwarding",
        4 => "blocking",
        _ => "in an unknown state",
    }
}
