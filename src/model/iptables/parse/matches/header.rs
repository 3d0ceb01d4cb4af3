//! Matches on what stands in the IP header: `-m addrtype`, `iprange`, `length`, `ttl`, `hl`, `tos`, `dscp`.

use super::super::tos;
use super::super::values::{address_range, bits, number8, range};
use super::super::words::{Fault, Parsed, Words};
use super::{NO_OPTION, negatable, no_such};
use crate::model::iptables::{AddrType, Match};

pub(super) fn addrtype<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let (mut source, mut destination) = (None, None);
    let (mut limit_iface_in, mut limit_iface_out) = (false, false);
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--src-type" => {
                let types = bits(words.value(&mut flag)?, &AddrType::NAMES)?;
                source = negatable(flag, AddrType(types));
            }
            "--dst-type" => {
                let types = bits(words.value(&mut flag)?, &AddrType::NAMES)?;
                destination = negatable(flag, AddrType(types));
            }
            "--limit-iface-in" => limit_iface_in = true,
            "--limit-iface-out" => limit_iface_out = true,
            _ => return Err(no_such(flag)),
        }
    }
    if source.is_none() && destination.is_none() {
        return Err(Fault {
            word: "addrtype",
            why: NO_OPTION,
        });
    }
    found.push(Match::Addrtype {
        source,
        destination,
        limit_iface_in,
        limit_iface_out,
    });
    Ok(())
}

pub(super) fn iprange<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let (mut source, mut destination) = (None, None);
    while let Some(mut flag) = words.option() {
        let side = match flag.name {
            "--src-range" => &mut source,
            "--dst-range" => &mut destination,
            _ => return Err(no_such(flag)),
        };
        let word = words.value(&mut flag)?;
        *side = negatable(
            flag,
            address_range(word.raw).ok_or(word.fault("a value is not a range of addresses"))?,
        );
    }
    if source.is_none() && destination.is_none() {
        return Err(Fault {
            word: "iprange",
            why: NO_OPTION,
        });
    }
    found.push(Match::Iprange {
        source,
        destination,
    });
    Ok(())
}

pub(super) fn length<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "length",
            why: NO_OPTION,
        });
    };
    let "--length" = flag.name else {
        return Err(no_such(flag));
    };
    let word = words.value(&mut flag)?;
    let (first, last) = range(word.raw, ':', u16::MAX.into())
        .ok_or(word.fault("a value is not a range of lengths"))?;
    found.push(Match::Length {
        negate: flag.negate,
        first,
        last,
    });
    Ok(())
}

pub(super) fn ttl<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "ttl",
            why: NO_OPTION,
        });
    };
    let name = flag.name;
    let value = |words: &mut Words<'a>, flag: &mut _| number8(words.value(flag)?);
    let (first, last) = match name {
        "--ttl-eq" | "--ttl" | "--hl-eq" | "--hl" => {
            let value = value(words, &mut flag)?;
            (value, value)
        }
        // Less than 0 and more than 255 hold for no packet: ranges that end before they begin.
        "--ttl-lt" | "--hl-lt" => value(words, &mut flag)?
            .checked_sub(1)
            .map_or((1, 0), |last| (0, last)),
        "--ttl-gt" | "--hl-gt" => value(words, &mut flag)?
            .checked_add(1)
            .map_or((1, 0), |first| (first, 255)),
        _ => return Err(no_such(flag)),
    };
    found.push(Match::Ttl {
        negate: flag.negate,
        first,
        last,
    });
    Ok(())
}

pub(super) fn tos<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "tos",
            why: NO_OPTION,
        });
    };
    let (value, mask) = match flag.name {
        "--tos" => tos::tos(words.value(&mut flag)?)?,
        "--dscp" => (tos::code_point(words.value(&mut flag)?)?, tos::DSCP_MASK),
        "--dscp-class" => (tos::class(words.value(&mut flag)?)?, tos::DSCP_MASK),
        _ => return Err(no_such(flag)),
    };
    found.push(Match::Tos {
        negate: flag.negate,
        value,
        mask,
    });
    Ok(())
}
