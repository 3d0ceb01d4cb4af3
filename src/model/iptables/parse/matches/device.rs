//! Matches on where a packet comes from: `-m physdev`, `mac`, `pkttype`, `owner`, `rpfilter`.

use super::super::values::{interface, named, number};
use super::super::words::{Fault, Flag, Parsed, Words};
use super::{NO_OPTION, negatable, no_such};
use crate::model::Mac;
use crate::model::iptables::Match;

pub(super) fn physdev<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let (mut in_device, mut out_device) = (None, None);
    let (mut is_in, mut is_out, mut is_bridged) = (None, None, None);
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--physdev-in" => {
                let device = interface(words.value(&mut flag)?);
                in_device = negatable(flag, device);
            }
            "--physdev-out" => {
                let device = interface(words.value(&mut flag)?);
                out_device = negatable(flag, device);
            }
            "--physdev-is-in" => is_in = Some(flag.negate),
            "--physdev-is-out" => is_out = Some(flag.negate),
            "--physdev-is-bridged" => is_bridged = Some(flag.negate),
            _ => return Err(no_such(flag)),
        }
    }
    found.push(Match::Physdev {
        in_device,
        out_device,
        is_in,
        is_out,
        is_bridged,
    });
    Ok(())
}

pub(super) fn mac<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "mac",
            why: NO_OPTION,
        });
    };
    let "--mac-source" = flag.name else {
        return Err(no_such(flag));
    };
    let word = words.value(&mut flag)?;
    let value: Mac = word
        .raw
        .parse()
        .map_err(|_| word.fault("a value is not an Ethernet address"))?;
    found.extend(negatable(flag, value).map(Match::MacSource));
    Ok(())
}

/// PACKET_HOST and so on of if_packet.h.
const PACKET_TYPES: [(&str, u8); 8] = [
    ("unicast", 0),
    ("host", 0),
    ("broadcast", 1),
    ("bcast", 1),
    ("multicast", 2),
    ("mcast", 2),
    ("otherhost", 3),
    ("outgoing", 4),
];

pub(super) fn pkttype<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "pkttype",
            why: NO_OPTION,
        });
    };
    let "--pkt-type" = flag.name else {
        return Err(no_such(flag));
    };
    let word = words.value(&mut flag)?;
    let kind =
        named(word.raw, &PACKET_TYPES).ok_or(word.fault("a value is not a type of packet"))?;
    found.push(Match::Pkttype {
        negate: flag.negate,
        kind,
    });
    Ok(())
}

pub(super) fn owner<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let (mut uid, mut gid, mut socket_exists) = (None, None, None);
    let mut all_groups = false;
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--uid-owner" => uid = Some(ids(words, &mut flag)?),
            "--gid-owner" => gid = Some(ids(words, &mut flag)?),
            "--socket-exists" => socket_exists = Some(flag.negate),
            "--suppl-groups" => all_groups = true,
            _ => return Err(no_such(flag)),
        }
    }
    if uid.is_none() && gid.is_none() && socket_exists.is_none() {
        return Err(Fault {
            word: "owner",
            why: NO_OPTION,
        });
    }
    found.push(if all_groups {
        let why = "it depends on all groups of the process that sends";
        Match::Unknowable {
            module: "owner".into(),
            why,
        }
    } else {
        Match::Owner {
            uid,
            gid,
            socket_exists,
        }
    });
    Ok(())
}

/// `ID`, `FIRST-LAST` or root; other names mean something on the machine they were written on only.
fn ids<'a>(words: &mut Words<'a>, flag: &mut Flag<'a>) -> Parsed<'a, (bool, u32, u32)> {
    let word = words.value(flag)?;
    if word.raw == "root" {
        return Ok((flag.negate, 0, 0));
    }
    let (first, last) = word.raw.split_once('-').unwrap_or((word.raw, word.raw));
    match (number(first), number(last)) {
        (Some(first), Some(last)) => Ok((flag.negate, first, last)),
        _ => Err(word.fault("a value is not a user's or group's number")),
    }
}

pub(super) fn rpfilter<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let (mut invert, mut loose, mut valid_mark, mut accept_local) = (false, false, false, false);
    while let Some(flag) = words.option() {
        match flag.name {
            "--invert" => invert = true,
            "--loose" => loose = true,
            "--validmark" => valid_mark = true,
            "--accept-local" => accept_local = true,
            _ => return Err(no_such(flag)),
        }
    }
    found.push(Match::Rpfilter {
        invert,
        loose,
        valid_mark,
        accept_local,
    });
    Ok(())
}
