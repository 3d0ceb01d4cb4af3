//! `reject` (net/netfilter/nft_reject_inet.c and its sisters).

use super::chain::Meeting;
use super::rule::{Outcome, end};
use crate::model::nftables::TableFamily;
use crate::model::{Family, Protocol, RejectWith};
use crate::walk::walker::{Stop, Walk};

impl<'c> Walk<'c> {
    pub(super) fn reject(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        kind: &str,
        code: &str,
    ) -> Outcome<'c> {
        let packet = &*meeting.packet;
        // nft asks for the protocol before, and does not print that.
        let fits = match kind {
            "tcp reset" => packet.protocol == Protocol::Tcp,
            "icmp" => packet.family() == Family::V4,
            "icmpv6" => packet.family() == Family::V6,
            _ => true,
        };
        if !fits {
            return Outcome::Breaks;
        }
        if matches!(
            meeting.base.table.family,
            TableFamily::Bridge | TableFamily::Netdev
        ) {
            let why = format!(
                "{} refuses it below IP, and what the client sees of that is not followed",
                meeting.source()
            );
            return end(Stop::unknown(meeting.place.netns, why));
        }
        let Some(with) = reject_with(kind, code) else {
            let why = format!("what {} answers with is not known", meeting.source());
            return end(Stop::unknown(meeting.place.netns, why));
        };
        let stop = self.refuse(meeting.place, &meeting.source(), with, packet);
        end(stop)
    }
}

/// The codes of `icmp` and `icmpv6`, and of `icmpx`, which are both.
fn reject_with(kind: &str, code: &str) -> Option<RejectWith> {
    Some(match (kind, code) {
        ("tcp reset", _) => RejectWith::TcpReset,
        (_, "" | "port-unreachable") => RejectWith::PortUnreachable,
        ("icmpx" | "icmpv6", "no-route") | ("icmp", "net-unreachable") => {
            RejectWith::NetUnreachable
        }
        ("icmpx" | "icmp", "host-unreachable") | ("icmpv6", "addr-unreachable") => {
            RejectWith::HostUnreachable
        }
        (_, "admin-prohibited") => RejectWith::AdminProhibited,
        ("icmp", "prot-unreachable") => RejectWith::ProtoUnreachable,
        ("icmp", "net-prohibited") => RejectWith::NetProhibited,
        ("icmp", "host-prohibited") => RejectWith::HostProhibited,
        ("icmpv6", "policy-fail") => RejectWith::PolicyFail,
        ("icmpv6", "reject-route") => RejectWith::RejectRoute,
        _ => return None,
    })
}
