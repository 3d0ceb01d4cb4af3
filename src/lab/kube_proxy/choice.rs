//! The choice of one endpoint out of several, and what it does to a packet.

use std::net::IpAddr;

use ipnet::IpNet;

use super::service::PortRules;
use super::text::{comment, probability};
use crate::lab::rules::{Rules, Table};
use crate::model::kube_proxy::Target;

impl PortRules<'_> {
    /// The choice of one endpoint out of several: those a client is bound to first, then by chance.
    pub(super) fn write_choice(&self, rules: &mut Rules, chain: &str, targets: &[Target]) {
        let whole = self.whole_address();
        if let Some(seconds) = self.service.affinity_seconds {
            for target in targets {
                let endpoint = self.endpoint_chain(target);
                rules.append(
                    Table::Nat,
                    chain,
                    format!(
                        "{}-m recent --rcheck --seconds {seconds} --reap --name {endpoint} --mask {whole} \
                         --rsource -j {endpoint}",
                        self.choice_comment(target)
                    ),
                );
            }
        }
        for (index, target) in targets.iter().enumerate() {
            let chance = match targets.len() - index {
                1 => String::new(),
                left => format!(
                    "-m statistic --mode random --probability {} ",
                    probability(left)
                ),
            };
            let endpoint = self.endpoint_chain(target);
            rules.append(
                Table::Nat,
                chain,
                format!("{}{chance}-j {endpoint}", self.choice_comment(target)),
            );
        }
    }

    /// What becomes of traffic for one endpoint.
    pub(super) fn write_endpoint(&self, rules: &mut Rules, target: &Target) {
        let chain = self.endpoint_chain(target);
        let why = if self.with_comments {
            format!("{} ", comment(&self.name))
        } else {
            String::new()
        };
        // A pod that reaches itself through the Service must not see itself as the client.
        rules.append(
            Table::Nat,
            &chain,
            format!(
                "-s {} {why}-j KUBE-MARK-MASQ",
                IpNet::from(target.address.ip())
            ),
        );
        let bind = match self.service.affinity_seconds {
            Some(_) => format!(
                "-m recent --set --name {chain} --mask {} --rsource ",
                self.whole_address()
            ),
            None => String::new(),
        };
        let protocol = self.protocol;
        rules.append(
            Table::Nat,
            &chain,
            format!(
                "-p {protocol} {why}{bind}-m {protocol} -j DNAT --to-destination {}",
                target.address
            ),
        );
    }

    /// The mask that compares all of an address.
    fn whole_address(&self) -> IpAddr {
        IpNet::from(self.cluster_ip).netmask()
    }

    fn choice_comment(&self, target: &Target) -> String {
        if self.with_comments {
            format!(
                "{} ",
                comment(&format!("{} -> {}", self.name, target.address))
            )
        } else {
            String::new()
        }
    }
}
