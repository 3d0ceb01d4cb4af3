//! DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP (libxt_NAT.c, libipt_NETMAP.c of iptables).

use super::super::values::{address_range, network, port_range};
use super::super::words::{Fault, Parsed, Word, Words};
use super::{NO_OPTION, no_such};
use crate::model::Family;
use crate::model::iptables::{NatRange, PortRange, Target};

/// DNAT or SNAT, whose address is given by the option `to`.
pub(super) fn range<'a>(
    words: &mut Words<'a>,
    family: Family,
    to: &'static str,
) -> Parsed<'a, NatRange> {
    let mut range = None;
    let (mut random, mut persistent) = (false, false);
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--random" | "--random-fully" => random = true,
            "--persistent" => persistent = true,
            name if name == to => {
                let word = words.value(&mut flag)?;
                if range.is_some() {
                    return Err(word.fault("it has more than one range"));
                }
                range = Some(
                    translation(word, family)
                        .ok_or(word.fault("a value is not addresses and ports"))?,
                );
            }
            _ => return Err(no_such(flag)),
        }
    }
    let mut range: NatRange = range.ok_or(Fault {
        word: to,
        why: NO_OPTION,
    })?;
    range.random = random;
    range.persistent = persistent;
    Ok(range)
}

/// `ADDRESS[-ADDRESS][:PORT[-PORT]]`, `:PORT`, and `[ADDRESS[-ADDRESS]]:PORT` in IPv6, where a colon alone says little.
fn translation(word: Word<'_>, family: Family) -> Option<NatRange> {
    let text = word.raw;
    let (addresses, ports) = if let Some((inner, after)) =
        text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
    {
        (
            inner,
            if after.is_empty() {
                None
            } else {
                Some(after.strip_prefix(':')?)
            },
        )
    } else {
        match text.split_once(':') {
            Some((addresses, ports)) if family == Family::V4 || !ports.contains(':') => {
                (addresses, Some(ports))
            }
            _ => (text, None),
        }
    };
    Some(NatRange {
        addresses: if addresses.is_empty() && ports.is_some() {
            None
        } else {
            Some(address_range(addresses)?)
        },
        // `FIRST-LAST/BASE`, ports shifted as a block, is not among what this can say.
        ports: match ports {
            Some(ports) => Some(port_range(ports, '-')?),
            None => None,
        },
        random: false,
        persistent: false,
    })
}

/// MASQUERADE or REDIRECT: the ports, and whether they are drawn at random.
pub(super) fn to_ports<'a>(words: &mut Words<'a>) -> Parsed<'a, (Option<PortRange>, bool)> {
    let (mut ports, mut random) = (None, false);
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--random" | "--random-fully" => random = true,
            "--to-ports" => {
                let word = words.value(&mut flag)?;
                ports = Some(port_range(word.raw, '-').ok_or(word.fault("a value is not ports"))?);
            }
            _ => return Err(no_such(flag)),
        }
    }
    Ok((ports, random))
}

pub(super) fn netmap<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let Some(mut flag) = words.option() else {
        return Err(Fault {
            word: "NETMAP",
            why: NO_OPTION,
        });
    };
    let "--to" = flag.name else {
        return Err(no_such(flag));
    };
    network(words.value(&mut flag)?).map(Target::Netmap)
}
