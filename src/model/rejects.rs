//! What a REJECT target answers with (iptables-extensions(8), REJECT).

use serde::{Deserialize, Serialize};

/// `--reject-with`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RejectWith {
    /// icmp-net-unreachable, icmp6-no-route.
    NetUnreachable,
    /// icmp-host-unreachable, icmp6-addr-unreachable.
    HostUnreachable,
    /// icmp-port-unreachable, icmp6-port-unreachable: the default.
    PortUnreachable,
    /// icmp-proto-unreachable.
    ProtoUnreachable,
    /// icmp-net-prohibited (code 9).
    NetProhibited,
    /// icmp-host-prohibited (code 10).
    HostProhibited,
    /// icmp-admin-prohibited (code 13), icmp6-adm-prohibited.
    AdminProhibited,
    /// icmp6-policy-fail (code 5).
    PolicyFail,
    /// icmp6-reject-route (code 6).
    RejectRoute,
    /// tcp-reset.
    TcpReset,
}
