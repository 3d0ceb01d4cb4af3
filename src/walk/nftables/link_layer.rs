//! Chains below IP: at devices (family netdev, and the ingress hook of inet) and on bridges (family bridge)
//! (net/netfilter/nft_chain_filter.c, net/bridge/br_netfilter_hooks.c).

use super::chain::NativeChain;
use crate::model::NetnsId;
use crate::model::nftables::TableFamily;
use crate::walk::netfilter::{Hook, Place};
use crate::walk::packet::Packet;
use crate::walk::walker::{Stopped, Walk};

impl<'c> Walk<'c> {
    /// `ingress` as a packet comes in by a device, `egress` as it leaves.
    pub(in crate::walk) fn device_chains(
        &mut self,
        netns: NetnsId,
        device: &str,
        hook: &str,
        packet: &mut Packet,
    ) -> Result<(), Stopped> {
        let chains = self.chains_below(netns, hook, |native| {
            let devices = &native.base.devices;
            matches!(native.table.family, TableFamily::Netdev | TableFamily::Inet)
                && (devices.is_empty() || devices.iter().any(|name| covers(name, device)))
        });
        let place = match hook {
            "ingress" => Place {
                netns,
                hook: Hook::Prerouting,
                in_device: Some(device),
                out_device: None,
                next_hop: None,
            },
            _ => Place {
                netns,
                hook: Hook::Postrouting,
                in_device: None,
                out_device: Some(device),
                next_hop: None,
            },
        };
        for chain in chains {
            if chain.base.devices.is_empty() && !self.hangs_at(netns, chain, device) {
                continue;
            }
            self.native_chain(place, chain, packet)?;
        }
        Ok(())
    }

    /// nft 1.0.6 does not say in JSON at which devices a chain hangs: both is supposed.
    fn hangs_at(&mut self, netns: NetnsId, chain: NativeChain<'c>, device: &str) -> bool {
        let name = chain.name();
        let what = format!("whether the chain {name} is at {device} was not read");
        let options = vec![
            format!("it is not at {device}"),
            format!("it is at {device}"),
        ];
        let key = format!("{netns:?} {name} {device}");
        self.choices.suppose(&key, what, options) == 1
    }

    /// The hooks of a bridge; devices are its ports.
    pub(in crate::walk) fn bridge_chains(
        &mut self,
        netns: NetnsId,
        hook: Hook,
        (input, output): (Option<&str>, Option<&str>),
        packet: &mut Packet,
    ) -> Result<(), Stopped> {
        let chains = self.chains_below(netns, hook.chain(), |native| {
            native.table.family == TableFamily::Bridge
        });
        let place = Place {
            netns,
            hook,
            in_device: input,
            out_device: output,
            next_hop: None,
        };
        for chain in chains {
            self.native_chain(place, chain, packet)?;
        }
        Ok(())
    }

    /// Chains that this walk does not ask: ARP is supposed to pass.
    pub(in crate::walk) fn mind_arp_chains(&mut self, netns: NetnsId) {
        let chains = self.chains_below(netns, "", |native| native.table.family == TableFamily::Arp);
        for chain in chains {
            let place = self.place_name(netns);
            self.not_seen(format!(
                "{place}: the chain {} may stop ARP, which is supposed to pass",
                chain.name()
            ));
        }
    }

    /// Chains by priority. No dump tells the order of those that have the same.
    fn chains_below(
        &self,
        netns: NetnsId,
        hook: &str,
        is_asked: impl Fn(&NativeChain<'c>) -> bool,
    ) -> Vec<NativeChain<'c>> {
        let Some(ruleset) = &self.cluster.netns(netns).nftables else {
            return Vec::new();
        };
        let mut chains: Vec<NativeChain<'c>> = ruleset
            .base_chains()
            .filter(|(.., base)| hook.is_empty() || base.hook.eq_ignore_ascii_case(hook))
            .map(|(table, chain, base)| NativeChain {
                ruleset,
                table,
                chain,
                base,
            })
            .filter(|native| native.matters() && is_asked(native))
            .collect();
        chains.sort_by_key(|native| native.base.priority);
        chains
    }
}

/// A device of a chain may be the beginning of a name.
fn covers(name: &str, device: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => device.starts_with(beginning),
        None => name == device,
    }
}
