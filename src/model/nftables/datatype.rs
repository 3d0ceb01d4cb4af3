//! What a value is, and the words that stand for numbers (nftables, src/datatype.c, src/meta.c, src/ct.c, src/fib.c).

use std::net::{Ipv4Addr, Ipv6Addr};

/// The type of a value. Values of every type are unsigned numbers in network byte order: that of a device's name is its
/// sixteen bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datatype {
    /// A plain number.
    Integer,
    /// ipv4_addr.
    Ipv4,
    /// ipv6_addr.
    Ipv6,
    /// ether_addr.
    Ether,
    /// inet_proto.
    Protocol,
    /// inet_service.
    Service,
    /// mark, realm and other numbers that are written in hexadecimal.
    Mark,
    /// ct_state.
    CtState,
    /// ct_status.
    CtStatus,
    /// ct_dir.
    CtDirection,
    /// A device by its name.
    Device,
    /// ifname: a name, or the beginning of one.
    DeviceName,
    /// iface_type.
    DeviceType,
    /// pkt_type.
    PacketType,
    /// fib_addrtype.
    AddressType,
    /// icmp_type.
    IcmpType,
    /// icmpv6_type.
    Icmpv6Type,
    /// icmp_code.
    IcmpCode,
    /// icmpv6_code.
    Icmpv6Code,
    /// dscp.
    Dscp,
    /// ecn.
    Ecn,
    /// tcp_flag.
    TcpFlags,
    /// nf_proto.
    Family,
    /// ether_type.
    EtherType,
    /// Whether something is there: `exists` or `missing`.
    Presence,
    /// A name of something else.
    Text,
    /// A type that is not known here.
    Unknown,
}

/// A value as it was written.
pub type ParsedValue = Result<u128, String>;

type Words = &'static [(&'static str, u128)];

const PROTOCOLS: Words = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("ospf", 89),
    ("pim", 103),
    ("ipcomp", 108),
    ("comp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
    ("mptcp", 262),
];
const CT_STATES: Words = &[
    ("invalid", 1),
    ("established", 2),
    ("related", 4),
    ("new", 8),
    ("untracked", 64),
];
const CT_STATUS: Words = &[
    ("expected", 1),
    ("seen-reply", 2),
    ("assured", 4),
    ("confirmed", 8),
    ("snat", 16),
    ("dnat", 32),
    ("dying", 512),
];
const CT_DIRECTIONS: Words = &[("original", 0), ("reply", 1)];
const DEVICE_TYPES: Words = &[
    ("ether", 1),
    ("ppp", 512),
    ("ipip", 768),
    ("ipip6", 769),
    ("loopback", 772),
    ("sit", 776),
    ("ipgre", 778),
];
const PACKET_TYPES: Words = &[
    ("host", 0),
    ("unicast", 0),
    ("broadcast", 1),
    ("multicast", 2),
    ("other", 3),
];
const ADDRESS_TYPES: Words = &[
    ("unspec", 0),
    ("unicast", 1),
    ("local", 2),
    ("broadcast", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("blackhole", 6),
    ("unreachable", 7),
    ("prohibit", 8),
];
const ICMP_TYPES: Words = &[
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];
const ICMPV6_TYPES: Words = &[
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];
const ICMP_CODES: Words = &[
    ("net-unreachable", 0),
    ("host-unreachable", 1),
    ("prot-unreachable", 2),
    ("port-unreachable", 3),
    ("frag-needed", 4),
    ("net-prohibited", 9),
    ("host-prohibited", 10),
    ("admin-prohibited", 13),
];
const ICMPV6_CODES: Words = &[
    ("no-route", 0),
    ("admin-prohibited", 1),
    ("addr-unreachable", 3),
    ("port-unreachable", 4),
    ("policy-fail", 5),
    ("reject-route", 6),
];
const DSCPS: Words = &[
    ("cs0", 0x00),
    ("cs1", 0x08),
    ("cs2", 0x10),
    ("cs3", 0x18),
    ("cs4", 0x20),
    ("cs5", 0x28),
    ("cs6", 0x30),
    ("cs7", 0x38),
    ("df", 0x00),
    ("be", 0x00),
    ("lephb", 0x01),
    ("af11", 0x0a),
    ("af12", 0x0c),
    ("af13", 0x0e),
    ("af21", 0x12),
    ("af22", 0x14),
    ("af23", 0x16),
    ("af31", 0x1a),
    ("af32", 0x1c),
    ("af33", 0x1e),
    ("af41", 0x22),
    ("af42", 0x24),
    ("af43", 0x26),
    ("va", 0x2c),
    ("ef", 0x2e),
];
const ECNS: Words = &[("not-ect", 0), ("ect1", 1), ("ect0", 2), ("ce", 3)];
const TCP_FLAGS: Words = &[
    ("fin", 1),
    ("syn", 2),
    ("rst", 4),
    ("psh", 8),
    ("ack", 16),
    ("urg", 32),
    ("ecn", 64),
    ("cwr", 128),
];
const FAMILIES: Words = &[("ipv4", 2), ("ipv6", 10)];
const ETHER_TYPES: Words = &[
    ("ip", 0x0800),
    ("arp", 0x0806),
    ("vlan", 0x8100),
    ("8021q", 0x8100),
    ("8021ad", 0x88a8),
    ("ip6", 0x86dd),
];
const PRESENCE: Words = &[("missing", 0), ("exists", 1)];

impl Datatype {
    /// The type of that name in the declaration of a set.
    pub fn named(name: &str) -> Self {
        match name {
            "ipv4_addr" => Self::Ipv4,
            "ipv6_addr" => Self::Ipv6,
            "ether_addr" => Self::Ether,
            "inet_proto" => Self::Protocol,
            "inet_service" => Self::Service,
            "mark" | "realm" | "classid" => Self::Mark,
            "ct_state" => Self::CtState,
            "ct_status" => Self::CtStatus,
            "ct_dir" => Self::CtDirection,
            "iface_index" => Self::Device,
            "ifname" => Self::DeviceName,
            "iface_type" => Self::DeviceType,
            "pkt_type" => Self::PacketType,
            "fib_addrtype" => Self::AddressType,
            "icmp_type" => Self::IcmpType,
            "icmpv6_type" => Self::Icmpv6Type,
            "icmp_code" => Self::IcmpCode,
            "icmpv6_code" => Self::Icmpv6Code,
            "dscp" => Self::Dscp,
            "ecn" => Self::Ecn,
            "tcp_flag" => Self::TcpFlags,
            "nf_proto" => Self::Family,
            "ether_type" => Self::EtherType,
            "integer" | "uid" | "gid" | "day" | "hour" | "time" | "devgroup" => Self::Integer,
            _ => Self::Unknown,
        }
    }

    fn words(self) -> Words {
        match self {
            Self::Protocol => PROTOCOLS,
            Self::CtState => CT_STATES,
            Self::CtStatus => CT_STATUS,
            Self::CtDirection => CT_DIRECTIONS,
            Self::DeviceType => DEVICE_TYPES,
            Self::PacketType => PACKET_TYPES,
            Self::AddressType => ADDRESS_TYPES,
            Self::IcmpType => ICMP_TYPES,
            Self::Icmpv6Type => ICMPV6_TYPES,
            Self::IcmpCode => ICMP_CODES,
            Self::Icmpv6Code => ICMPV6_CODES,
            Self::Dscp => DSCPS,
            Self::Ecn => ECNS,
            Self::TcpFlags => TCP_FLAGS,
            Self::Family => FAMILIES,
            Self::EtherType => ETHER_TYPES,
            Self::Presence => PRESENCE,
            _ => &[],
        }
    }

    /// Whether a value is several bits, each with a word of its own.
    pub fn is_flags(self) -> bool {
        matches!(self, Self::CtState | Self::CtStatus | Self::TcpFlags)
    }

    /// Whether the kernel keeps it in the order of the processor's bytes.
    pub fn is_host_order(self) -> bool {
        matches!(
            self,
            Self::Integer
                | Self::Mark
                | Self::CtState
                | Self::CtStatus
                | Self::DeviceType
                | Self::AddressType
        )
    }

    /// Bits of a value.
    pub fn bits(self) -> u32 {
        match self {
            Self::Ipv6 | Self::DeviceName | Self::Device | Self::Text | Self::Unknown => 128,
            Self::Ether => 48,
            Self::Service | Self::EtherType | Self::DeviceType => 16,
            Self::Protocol
            | Self::IcmpType
            | Self::Icmpv6Type
            | Self::IcmpCode
            | Self::Icmpv6Code
            | Self::TcpFlags
            | Self::Family
            | Self::PacketType
            | Self::CtDirection
            | Self::Presence => 8,
            Self::Dscp => 6,
            Self::Ecn => 2,
            _ => 32,
        }
    }

    /// Whether a range that is a network is written as one.
    pub fn has_prefixes(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6)
    }

    /// The number that a word or a number stands for.
    pub fn parse(self, text: &str) -> ParsedValue {
        // nft 1.0.6 prints ports of connections so.
        let text = text.strip_suffix(" [invalid type]").unwrap_or(text);
        if let Some((_, value)) = self.words().iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let wrong = || format!("{text:?} is no value of type {self:?}");
        match self {
            Self::Ipv4 => return four(text).ok_or_else(wrong),
            Self::Ipv6 => return six(text).ok_or_else(wrong),
            Self::Ether => return ether(text).ok_or_else(wrong),
            Self::Device | Self::DeviceName | Self::Text => {
                return name(text).ok_or_else(wrong);
            }
            Self::Unknown => {
                if let Some(value) = four(text).or_else(|| six(text)).or_else(|| ether(text)) {
                    return Ok(value);
                }
            }
            _ => {}
        }
        number(text).ok_or_else(wrong)
    }

    /// The value as nft writes it.
    pub fn print(self, value: u128) -> String {
        if self.is_flags() {
            return self.print_flags(value);
        }
        if let Some((word, _)) = self.words().iter().find(|(_, known)| *known == value) {
            return (*word).to_owned();
        }
        match self {
            Self::Ipv4 => u32::try_from(value).map_or_else(
                |_| value.to_string(),
                |bits| Ipv4Addr::from(bits).to_string(),
            ),
            Self::Ipv6 => Ipv6Addr::from(value).to_string(),
            Self::Ether => {
                let bytes = value.to_be_bytes();
                let pairs: Vec<String> = bytes[10..].iter().map(|b| format!("{b:02x}")).collect();
                pairs.join(":")
            }
            Self::Mark => format!("{value:#010x}"),
            Self::Dscp => format!("{value:#04x}"),
            Self::Device | Self::DeviceName | Self::Text => format!("\"{}\"", text_of(value)),
            _ => value.to_string(),
        }
    }

    fn print_flags(self, value: u128) -> String {
        let mut left = value;
        let mut words = Vec::new();
        for (word, bit) in self.words() {
            if left & bit != 0 {
                words.push((*word).to_owned());
                left &= !bit;
            }
        }
        if left != 0 || words.is_empty() {
            words.push(format!("{left:#x}"));
        }
        words.join(",")
    }
}

/// A name of up to sixteen bytes, as a number: its bytes with zeros behind them.
fn name(text: &str) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes
        .get_mut(..text.len())?
        .copy_from_slice(text.as_bytes());
    Some(u128::from_be_bytes(bytes))
}

/// The name that [`name`] made a number of.
pub(super) fn text_of(value: u128) -> String {
    let bytes = value.to_be_bytes();
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(16);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn four(text: &str) -> Option<u128> {
    Some(text.parse::<Ipv4Addr>().ok()?.to_bits().into())
}

fn six(text: &str) -> Option<u128> {
    Some(text.parse::<Ipv6Addr>().ok()?.to_bits())
}

fn ether(text: &str) -> Option<u128> {
    let mut value = 0;
    let mut count = 0;
    for pair in text.split(':') {
        value = value << 8 | u128::from(u8::from_str_radix(pair, 16).ok()?);
        count += 1;
    }
    (count == 6).then_some(value)
}

/// A number in decimal or, after `0x`, in hexadecimal.
pub(super) fn number(text: &str) -> Option<u128> {
    match text.strip_prefix("0x") {
        Some(digits) => u128::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
