//! `-m tcp`, `udp`, `sctp`, `dccp`, `udplite`, `multiport`, `icmp`, `icmp6`
//! (libxt_tcp.c, libxt_udp.c, libxt_multiport.c, libxt_icmp.h of iptables).

use super::super::values::{number8, port_range, range};
use super::super::words::{Fault, Flag, Parsed, Word, Words};
use super::{NO_OPTION, negatable, no_such};
use crate::model::iptables::{Match, MultiportSide, Negatable, PortRange};

const ALL_PORTS: PortRange = PortRange {
    first: 0,
    last: u16::MAX,
};
const NO_PORT: &str = "a value is not a port";

/// Bits of the TCP header's flags.
const FLAGS: [(&str, u8); 8] = [
    ("FIN", 1),
    ("SYN", 2),
    ("RST", 4),
    ("PSH", 8),
    ("ACK", 16),
    ("URG", 32),
    ("ALL", 63),
    ("NONE", 0),
];
/// `--syn`: of FIN, SYN, RST and ACK only SYN.
const SYN: (u8, u8) = (1 | 2 | 4 | 16, 2);

/// Ports and flags. That the protocol is this one is already asked by `-p`.
pub(super) fn transport<'a>(
    module: &str,
    words: &mut Words<'a>,
    found: &mut Vec<Match>,
) -> Parsed<'a, ()> {
    let mut source = None;
    let mut destination = None;
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--sport" | "--source-port" => source = one(words, &mut flag)?,
            "--dport" | "--destination-port" => destination = one(words, &mut flag)?,
            "--syn" => found.push(Match::TcpFlags {
                negate: flag.negate,
                mask: SYN.0,
                set: SYN.1,
            }),
            "--tcp-flags" => {
                let mask = super::super::values::bits(words.value(&mut flag)?, &FLAGS)?;
                let set = super::super::values::bits(words.value(&mut flag)?, &FLAGS)?;
                found.push(Match::TcpFlags {
                    negate: flag.negate,
                    mask,
                    set,
                });
            }
            "--tcp-option" | "--chunk-types" | "--dccp-types" | "--dccp-option" => {
                words.value(&mut flag)?;
                if flag.name == "--chunk-types" {
                    words.value(&mut flag)?;
                }
                let why = "it looks at parts of the header which are not traced";
                found.push(Match::Unknowable {
                    module: module.into(),
                    why,
                });
            }
            _ => return Err(no_such(flag)),
        }
    }
    if source.is_some() || destination.is_some() {
        found.push(Match::Ports {
            source,
            destination,
        });
    }
    Ok(())
}

/// One range; all ports are as good as none, unless inverted.
fn one<'a>(words: &mut Words<'a>, flag: &mut Flag<'a>) -> Parsed<'a, Option<Negatable<PortRange>>> {
    let word = words.value(flag)?;
    let ports = port_range(word.raw, ':').ok_or(word.fault(NO_PORT))?;
    Ok(negatable(*flag, ports).filter(|asked| asked.negate || asked.value != ALL_PORTS))
}

pub(super) fn multiport<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let before = found.len();
    while let Some(mut flag) = words.option() {
        let side = match flag.name {
            "--sports" | "--source-ports" => MultiportSide::Source,
            "--dports" | "--destination-ports" => MultiportSide::Destination,
            "--ports" => MultiportSide::Either,
            _ => return Err(no_such(flag)),
        };
        let word = words.value(&mut flag)?;
        let ranges: Option<Box<[PortRange]>> = word
            .raw
            .split(',')
            .map(|part| port_range(part, ':'))
            .collect();
        let ranges = ranges.ok_or(word.fault(NO_PORT))?;
        found.push(Match::Multiport {
            negate: flag.negate,
            side,
            ranges,
        });
    }
    if found.len() == before {
        return Err(Fault {
            word: "multiport",
            why: NO_OPTION,
        });
    }
    Ok(())
}

/// A name of an ICMP type: type and codes.
pub(super) type IcmpName = (&'static str, (u8, u8, u8));

pub(super) fn icmp<'a>(
    words: &mut Words<'a>,
    found: &mut Vec<Match>,
    names: &[IcmpName],
) -> Parsed<'a, ()> {
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--icmp-type" | "--icmpv6-type" => {
                let (kind, first, last) = icmp_type(words.value(&mut flag)?, names)?;
                found.push(Match::IcmpType {
                    negate: flag.negate,
                    kind,
                    codes: (first, last),
                });
            }
            _ => return Err(no_such(flag)),
        }
    }
    Ok(())
}

/// `TYPE`, `TYPE/CODE`, `TYPE/FIRST:LAST` or a name.
fn icmp_type<'a>(word: Word<'a>, names: &[IcmpName]) -> Parsed<'a, (u8, u8, u8)> {
    if let Some(found) = super::super::values::named(word.raw, names) {
        return Ok(found);
    }
    let Some((kind, codes)) = word.raw.split_once('/') else {
        return Ok((number8(word)?, 0, 255));
    };
    let kind = number8(Word {
        raw: kind,
        quoted: false,
    })?;
    let (first, last) = range(codes, ':', 255).ok_or(word.fault("a value is not an ICMP code"))?;
    Ok((kind, first as u8, last as u8))
}

/// Types of ICMP (RFC 792 and its successors), as iptables names them.
pub(super) const ICMP_TYPES: [IcmpName; 40] = [
    ("any", (255, 0, 255)),
    ("echo-reply", (0, 0, 255)),
    ("pong", (0, 0, 255)),
    ("destination-unreachable", (3, 0, 255)),
    ("network-unreachable", (3, 0, 0)),
    ("host-unreachable", (3, 1, 1)),
    ("protocol-unreachable", (3, 2, 2)),
    ("port-unreachable", (3, 3, 3)),
    ("fragmentation-needed", (3, 4, 4)),
    ("source-route-failed", (3, 5, 5)),
    ("network-unknown", (3, 6, 6)),
    ("host-unknown", (3, 7, 7)),
    ("network-prohibited", (3, 9, 9)),
    ("host-prohibited", (3, 10, 10)),
    ("TOS-network-unreachable", (3, 11, 11)),
    ("TOS-host-unreachable", (3, 12, 12)),
    ("communication-prohibited", (3, 13, 13)),
    ("host-precedence-violation", (3, 14, 14)),
    ("precedence-cutoff", (3, 15, 15)),
    ("source-quench", (4, 0, 255)),
    ("redirect", (5, 0, 255)),
    ("network-redirect", (5, 0, 0)),
    ("host-redirect", (5, 1, 1)),
    ("TOS-network-redirect", (5, 2, 2)),
    ("TOS-host-redirect", (5, 3, 3)),
    ("echo-request", (8, 0, 255)),
    ("ping", (8, 0, 255)),
    ("router-advertisement", (9, 0, 255)),
    ("router-solicitation", (10, 0, 255)),
    ("time-exceeded", (11, 0, 255)),
    ("ttl-exceeded", (11, 0, 255)),
    ("ttl-zero-during-transit", (11, 0, 0)),
    ("ttl-zero-during-reassembly", (11, 1, 1)),
    ("parameter-problem", (12, 0, 255)),
    ("ip-header-bad", (12, 0, 0)),
    ("required-option-missing", (12, 1, 1)),
    ("timestamp-request", (13, 0, 255)),
    ("timestamp-reply", (14, 0, 255)),
    ("address-mask-request", (17, 0, 255)),
    ("address-mask-reply", (18, 0, 255)),
];

/// Types of ICMPv6 (RFC 4443, RFC 4861), as ip6tables names them.
pub(super) const ICMPV6_TYPES: [IcmpName; 32] = [
    ("destination-unreachable", (1, 0, 255)),
    ("no-route", (1, 0, 0)),
    ("communication-prohibited", (1, 1, 1)),
    ("beyond-scope", (1, 2, 2)),
    ("address-unreachable", (1, 3, 3)),
    ("port-unreachable", (1, 4, 4)),
    ("failed-policy", (1, 5, 5)),
    ("reject-route", (1, 6, 6)),
    ("packet-too-big", (2, 0, 255)),
    ("time-exceeded", (3, 0, 255)),
    ("ttl-exceeded", (3, 0, 255)),
    ("ttl-zero-during-transit", (3, 0, 0)),
    ("ttl-zero-during-reassembly", (3, 1, 1)),
    ("parameter-problem", (4, 0, 255)),
    ("bad-header", (4, 0, 0)),
    ("unknown-header-type", (4, 1, 1)),
    ("unknown-option", (4, 2, 2)),
    ("echo-request", (128, 0, 255)),
    ("ping", (128, 0, 255)),
    ("echo-reply", (129, 0, 255)),
    ("pong", (129, 0, 255)),
    ("mld-listener-query", (130, 0, 255)),
    ("mld-listener-report", (131, 0, 255)),
    ("mld-listener-done", (132, 0, 255)),
    ("mld-listener-reduction", (132, 0, 255)),
    ("router-solicitation", (133, 0, 255)),
    ("router-advertisement", (134, 0, 255)),
    ("neighbour-solicitation", (135, 0, 255)),
    ("neighbor-solicitation", (135, 0, 255)),
    ("neighbour-advertisement", (136, 0, 255)),
    ("neighbor-advertisement", (136, 0, 255)),
    ("redirect", (137, 0, 255)),
];
