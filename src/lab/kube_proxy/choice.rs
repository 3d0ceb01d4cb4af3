//! The choice of one endpoint out of several, and what it does to a packet.

use super::service::PortRules;
use super::text::{comment, probability};
use crate::lab::rules::{Rules, Table};
use crate::model::kube_proxy::Target;

impl PortRules<'_> {
    /// The choice of one endpoint out of several: those a client is bound to first, then by chance.
    pub(super) fn write_choice(&self, rules: &mut Rules, chain: &str, targets: &[Target]) {
        if let Some(seconds) = self.service.affinity_seconds {
            for target in targets {
                let endpoint = self.endpoint_chain(target);
                rules.append(
                    Table::Nat,
                    chain,
                    format!(
                        "{}-m recent --rcheck --seconds {seconds} --reap --name {endpoint} --mask 255.255.255.255 \
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
            format!("-s {}/32 {why}-j KUBE-MARK-MASQ", target.address.ip()),
        );
        let bind = match self.service.affinity_seconds {
            Some(_) => format!("-m recent --set --name {chain} --mask 255.255.255.255 --rsource "),
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
