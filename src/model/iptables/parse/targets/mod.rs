//! Targets: what stands after `-j` and the options that follow.

mod marks;
mod nat;

use super::tos;
use super::values::{named, number8};
use super::words::{Fault, Flag, Parsed, Words};
use crate::model::iptables::{LogKind, Target, Zone, ZoneDirections};
use crate::model::{Family, RejectWith};

/// A target without the option that says what it does.
const NO_OPTION: &str = "it does not say what it does";

/// Parses a target's options. `None` when iptables has no target of that name that we know: mostly a chain.
pub(super) fn target<'a>(
    name: &'a str,
    words: &mut Words<'a>,
    family: Family,
) -> Option<Parsed<'a, Target>> {
    Some(match name {
        "ACCEPT" => Ok(Target::Accept),
        "DROP" => Ok(Target::Drop),
        "RETURN" => Ok(Target::Return),
        "REJECT" => reject(words),
        "MARK" => marks::mark(words),
        "CONNMARK" => marks::connmark(words),
        "TPROXY" => marks::tproxy(words),
        "DNAT" => nat::range(words, family, "--to-destination").map(Target::Dnat),
        "SNAT" => nat::range(words, family, "--to-source").map(Target::Snat),
        "MASQUERADE" => {
            nat::to_ports(words).map(|(ports, random)| Target::Masquerade { ports, random })
        }
        "REDIRECT" => {
            nat::to_ports(words).map(|(ports, random)| Target::Redirect { ports, random })
        }
        "NETMAP" => nat::netmap(words),
        "CT" => ct(words),
        "NOTRACK" => Ok(Target::Notrack),
        "TOS" | "DSCP" => type_of_service(words),
        "TTL" | "HL" => ttl(words),
        "SET" => set(words),
        "TCPMSS" => ignoring_options(words, Target::Tcpmss),
        "NFQUEUE" | "QUEUE" => ignoring_options(words, Target::Queue),
        "LOG" => ignoring_options(words, Target::Log(LogKind::Log)),
        "NFLOG" | "ULOG" => ignoring_options(words, Target::Log(LogKind::Nflog)),
        "TRACE" => ignoring_options(words, Target::Log(LogKind::Trace)),
        "AUDIT" | "CHECKSUM" | "CLASSIFY" | "CONNSECMARK" | "ECN" | "IDLETIMER" | "LED"
        | "RATEEST" | "SECMARK" | "TCPOPTSTRIP" | "TEE" => {
            ignoring_options(words, Target::Log(LogKind::Other))
        }
        // Known, but what they do depends on more than is read: a hash, prefixes' checksums, a proxied handshake.
        "CLUSTERIP" | "DNPT" | "HMARK" | "SNPT" | "SYNPROXY" => {
            ignoring_options(words, Target::Unknown(name.into()))
        }
        _ => return None,
    })
}

fn no_such(flag: Flag<'_>) -> Fault<'_> {
    Fault {
        word: flag.name,
        why: "an option of it is not known",
    }
}

/// For targets whose options do not change what becomes of the packet.
fn ignoring_options<'a>(words: &mut Words<'a>, target: Target) -> Parsed<'a, Target> {
    words.skip_options();
    Ok(target)
}

/// Names of libipt_REJECT.c and libip6t_REJECT.c, short ones too.
const ANSWERS: [(&str, RejectWith); 27] = [
    ("icmp-port-unreachable", RejectWith::PortUnreachable),
    ("icmp6-port-unreachable", RejectWith::PortUnreachable),
    ("port-unreach", RejectWith::PortUnreachable),
    ("tcp-reset", RejectWith::TcpReset),
    ("tcp-rst", RejectWith::TcpReset),
    ("icmp-host-prohibited", RejectWith::HostProhibited),
    ("host-prohib", RejectWith::HostProhibited),
    ("icmp-admin-prohibited", RejectWith::AdminProhibited),
    ("admin-prohib", RejectWith::AdminProhibited),
    ("icmp6-adm-prohibited", RejectWith::AdminProhibited),
    ("adm-prohibited", RejectWith::AdminProhibited),
    ("icmp-net-prohibited", RejectWith::NetProhibited),
    ("net-prohib", RejectWith::NetProhibited),
    ("icmp-net-unreachable", RejectWith::NetUnreachable),
    ("net-unreach", RejectWith::NetUnreachable),
    ("icmp6-no-route", RejectWith::NetUnreachable),
    ("no-route", RejectWith::NetUnreachable),
    ("icmp-host-unreachable", RejectWith::HostUnreachable),
    ("host-unreach", RejectWith::HostUnreachable),
    ("icmp6-addr-unreachable", RejectWith::HostUnreachable),
    ("addr-unreach", RejectWith::HostUnreachable),
    ("icmp-proto-unreachable", RejectWith::ProtoUnreachable),
    ("proto-unreach", RejectWith::ProtoUnreachable),
    ("icmp6-policy-fail", RejectWith::PolicyFail),
    ("policy-fail", RejectWith::PolicyFail),
    ("icmp6-reject-route", RejectWith::RejectRoute),
    ("reject-route", RejectWith::RejectRoute),
];

fn reject<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let mut answer = RejectWith::PortUnreachable;
    while let Some(mut flag) = words.option() {
        let "--reject-with" = flag.name else {
            return Err(no_such(flag));
        };
        let word = words.value(&mut flag)?;
        answer = named(word.raw, &ANSWERS).ok_or(word.fault("a value is not an answer"))?;
    }
    Ok(Target::Reject(answer))
}

/// libxt_CT.c. A zone taken from the mark is not known here.
fn ct<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let mut zone = None;
    let mut notrack = false;
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--notrack" => notrack = true,
            "--zone" | "--zone-orig" | "--zone-reply" => {
                let word = words.value(&mut flag)?;
                let number =
                    super::values::number(word.raw).and_then(|value| u16::try_from(value).ok());
                zone = Some(Zone {
                    id: number.ok_or(word.fault("a value is not a zone's number"))?,
                    of: match flag.name {
                        "--zone" => ZoneDirections::Both,
                        "--zone-orig" => ZoneDirections::Original,
                        _ => ZoneDirections::Reply,
                    },
                });
            }
            "--helper" | "--timeout" | "--ctevents" | "--expevents" => {
                words.value(&mut flag)?;
            }
            _ => return Err(no_such(flag)),
        }
    }
    Ok(if notrack {
        Target::Notrack
    } else {
        Target::Ct { zone }
    })
}

/// libxt_TOS.c, libxt_DSCP.c.
fn type_of_service<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "TOS",
            why: NO_OPTION,
        });
    };
    let word = words.value(&mut flag)?;
    let (value, mask) = match flag.name {
        "--set-tos" => tos::tos(word)?,
        "--and-tos" => (0, !number8(word)?),
        "--or-tos" => (number8(word)?, number8(word)?),
        "--xor-tos" => (number8(word)?, 0),
        "--set-dscp" => (tos::code_point(word)?, tos::DSCP_MASK),
        "--set-dscp-class" => (tos::class(word)?, tos::DSCP_MASK),
        _ => return Err(no_such(flag)),
    };
    Ok(Target::Tos { value, mask })
}

/// libipt_TTL.c, libip6t_HL.c.
fn ttl<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "TTL",
            why: NO_OPTION,
        });
    };
    let value = number8(words.value(&mut flag)?)?;
    Ok(match flag.name {
        "--ttl-set" | "--hl-set" => Target::Ttl {
            set: Some(value),
            change: 0,
        },
        "--ttl-inc" | "--hl-inc" => Target::Ttl {
            set: None,
            change: value.into(),
        },
        "--ttl-dec" | "--hl-dec" => Target::Ttl {
            set: None,
            change: -i16::from(value),
        },
        _ => return Err(no_such(flag)),
    })
}

/// libxt_SET.c. `--map-set` takes a mark out of the set, which is more than to go on.
fn set<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let mut names = Vec::new();
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--add-set" | "--del-set" => {
                names.push(words.value(&mut flag)?.text().into());
                words.value(&mut flag)?;
            }
            "--exist" => {}
            "--timeout" => {
                words.value(&mut flag)?;
            }
            _ => return Err(no_such(flag)),
        }
    }
    Ok(Target::Set(names.into()))
}
