//! `-m conntrack`, `state`, `mark`, `connmark` (libxt_conntrack.c, libxt_mark.c of iptables; xt_conntrack.c of Linux).

use super::super::values::{bits, marked, network, port_range, protocol};
use super::super::words::{Fault, Flag, Parsed, Words};
use super::{NO_OPTION, negatable, no_such};
use crate::model::iptables::{ConntrackMatch, Match, Negatable, PortRange};

/// `-m state --state` is `-m conntrack --ctstate` without SNAT and DNAT.
pub(super) fn conntrack<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let mut asked = ConntrackMatch::default();
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--ctstate" | "--state" => {
                let states = bits(words.value(&mut flag)?, &ConntrackMatch::STATES)?;
                asked.states = Some((flag.negate, states));
            }
            "--ctstatus" => {
                let status = bits(words.value(&mut flag)?, &ConntrackMatch::STATUS)?;
                // The kernel has no bit for NONE: beside another it says nothing.
                let others = status & !STATUS_NONE;
                asked.status = Some((flag.negate, if others == 0 { status } else { others }));
            }
            "--ctproto" => {
                let value = protocol(words.value(&mut flag)?)?;
                asked.protocol = negatable(flag, value);
            }
            "--ctorigsrc" => asked.original_source = addresses(words, flag)?,
            "--ctorigdst" => asked.original_destination = addresses(words, flag)?,
            "--ctreplsrc" => asked.reply_source = addresses(words, flag)?,
            "--ctrepldst" => asked.reply_destination = addresses(words, flag)?,
            "--ctorigsrcport" => asked.original_source_port = ports(words, flag)?,
            "--ctorigdstport" => asked.original_destination_port = ports(words, flag)?,
            "--ctreplsrcport" => asked.reply_source_port = ports(words, flag)?,
            "--ctrepldstport" => asked.reply_destination_port = ports(words, flag)?,
            "--ctdir" => {
                let word = words.value(&mut flag)?;
                let original =
                    super::super::values::named(word.raw, &[("ORIGINAL", true), ("REPLY", false)]);
                asked.original_direction =
                    Some(original.ok_or(word.fault("a value is not a direction"))?);
            }
            "--ctexpire" => {
                words.value(&mut flag)?;
                asked.expire = true;
            }
            _ => return Err(no_such(flag)),
        }
    }
    if asked == ConntrackMatch::default() {
        return Err(Fault {
            word: "conntrack",
            why: NO_OPTION,
        });
    }
    found.push(Match::Conntrack(Box::new(asked)));
    Ok(())
}

/// NONE among [`ConntrackMatch::STATUS`].
const STATUS_NONE: u8 = ConntrackMatch::STATUS[0].1;

fn addresses<'a>(
    words: &mut Words<'a>,
    mut flag: Flag<'a>,
) -> Parsed<'a, Option<Negatable<ipnet::IpNet>>> {
    let value = network(words.value(&mut flag)?)?;
    Ok(negatable(flag, value))
}

fn ports<'a>(
    words: &mut Words<'a>,
    mut flag: Flag<'a>,
) -> Parsed<'a, Option<Negatable<PortRange>>> {
    let word = words.value(&mut flag)?;
    let value = port_range(word.raw, ':').ok_or(word.fault("a value is not a port"))?;
    Ok(negatable(flag, value))
}

/// The packet's mark or the connection's.
pub(super) fn mark<'a>(
    module: &'a str,
    words: &mut Words<'a>,
    found: &mut Vec<Match>,
) -> Parsed<'a, ()> {
    let before = found.len();
    while let Some(mut flag) = words.option() {
        let "--mark" = flag.name else {
            return Err(no_such(flag));
        };
        let (value, mask) = marked(words.value(&mut flag)?)?;
        let negate = flag.negate;
        found.push(match module {
            "mark" => Match::Mark {
                negate,
                value,
                mask,
            },
            _ => Match::Connmark {
                negate,
                value,
                mask,
            },
        });
    }
    if found.len() == before {
        return Err(Fault {
            word: module,
            why: NO_OPTION,
        });
    }
    Ok(())
}
