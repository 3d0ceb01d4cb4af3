//! Where a vxlan device's fdb says that addresses are, and what the device learns of that by itself
//! (drivers/net/vxlan/vxlan_core.c `vxlan_find_mac`, `vxlan_snoop`).

use std::net::IpAddr;

use super::packet::Packet;
use super::segment::Reached;
use super::walker::{Stop, Stopped, Walk};
use crate::model::{FdbEntry, LinkKind, Mac, NetnsId, Vxlan};

impl Walk<'_> {
    /// `vxlan_snoop`: a device that learns notes where an address is; what was set by hand must not be contradicted.
    pub fn snoop(
        &mut self,
        netns: NetnsId,
        device: &str,
        mac: Mac,
        outer: &Packet,
    ) -> Result<(), Stopped> {
        let fdb = self.cluster.netns(netns).fdb.as_deref().unwrap_or_default();
        let known = fdb.iter().find(|entry| is_remote(entry, device, mac));
        match known {
            Some(entry) if entry.destination == Some(outer.source) => Ok(()),
            Some(entry) if entry.permanent => {
                let why = format!(
                    "{device} knows {mac} elsewhere than at {}, for good: dropped",
                    outer.source
                );
                let stop = Stop::dropped(netns, why).at(device);
                Err(self.stop(outer, stop.because("bridge fdb", &entry.raw)))
            }
            _ => {
                self.learned.learn_tunnel(netns, device, mac, outer.source);
                Ok(())
            }
        }
    }

    /// The fdb's entry for an address. Of several, which all get a copy, the one that leads to the frame's destination;
    /// else one of which it is not known where it leads.
    pub fn remote<'f>(
        &self,
        fdb: &'f [FdbEntry],
        device: &str,
        vxlan: &Vxlan,
        wanted: Mac,
        destination: Mac,
    ) -> Option<&'f FdbEntry> {
        let leads_there = |entry: &FdbEntry| {
            let Some(ip) = entry.destination else {
                return 2;
            };
            match self.tunnel_end(vxlan, ip) {
                Some(Some((at, name))) => {
                    let end = self.cluster.netns(at).link(&name);
                    if end.is_some_and(|end| end.mac == Some(destination)) {
                        0
                    } else {
                        2
                    }
                }
                Some(None) => 2,
                None => 1,
            }
        };
        fdb.iter()
            .filter(|entry| is_remote(entry, device, wanted))
            .min_by_key(|entry| leads_there(entry))
    }

    /// The device at the other end of a tunnel, by the address of its host: `None` when that was not captured.
    fn tunnel_end(&self, vxlan: &Vxlan, remote: IpAddr) -> Option<Option<(NetnsId, String)>> {
        let (at, there) = self
            .cluster
            .all_netns()
            .find(|(_, netns)| netns.has_address(remote))?;
        let end = there.links.iter().flatten().find(|link| {
            matches!(&link.kind, LinkKind::Vxlan(end) if end.vni == vxlan.vni && end.port == vxlan.port)
        });
        Some(end.map(|link| (at, link.name.clone())))
    }

    /// The devices that a broadcast by a tunnel comes to, and whether those are all.
    pub fn tunnel_ends(&self, netns: NetnsId, device: &str, vxlan: &Vxlan) -> Reached {
        let mut reached = Reached {
            ends: Vec::new(),
            bridges: Vec::new(),
            complete: vxlan.group.is_none(),
            lost: None,
        };
        let Some(fdb) = self.cluster.netns(netns).fdb.as_deref() else {
            reached.complete = false;
            return reached;
        };
        let remotes = fdb
            .iter()
            .filter(|entry| is_remote(entry, device, Mac::ZERO));
        for ip in remotes.filter_map(|entry| entry.destination) {
            match self.tunnel_end(vxlan, ip) {
                Some(end) => reached.ends.extend(end),
                None => reached.complete = false,
            }
        }
        reached
    }
}

/// Whether an entry of a vxlan device's own fdb says where an address is.
pub(super) fn is_remote(entry: &FdbEntry, device: &str, mac: Mac) -> bool {
    entry.device == device
        && entry.master.is_none()
        && entry.mac == mac
        && entry.destination.is_some()
}
