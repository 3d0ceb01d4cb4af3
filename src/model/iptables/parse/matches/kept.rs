//! Matches that draw lots, count, or look something up: `-m statistic`, `nfacct`, `recent`, `set`.

use super::super::values::{address, number32};
use super::super::words::{Fault, Parsed, Words};
use super::{NO_OPTION, no_such};
use crate::model::iptables::{Match, RecentAction, SetDirection};

/// libxt_statistic.c: the kernel compares 31 random bits with the probability times 2^31, rounded.
pub(super) fn statistic<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let (mut probability, mut every, mut packet) = (None, None, 0);
    let mut negate = false;
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--mode" => {
                words.value(&mut flag)?;
            }
            "--probability" => {
                let word = words.value(&mut flag)?;
                let share: Option<f64> = word
                    .raw
                    .parse()
                    .ok()
                    .filter(|share| (0.0..=1.0).contains(share));
                let share = share.ok_or(word.fault("a value is not a probability"))?;
                probability = Some((share * f64::from(1_u32 << 31)).round() as u32);
            }
            "--every" => {
                let word = words.value(&mut flag)?;
                every = Some(number32(word)?).filter(|&every| every > 0);
                every.ok_or(word.fault("a value is not a number from 1"))?;
            }
            "--packet" => packet = number32(words.value(&mut flag)?)?,
            _ => return Err(no_such(flag)),
        }
        negate |= flag.negate;
    }
    found.push(match (probability, every) {
        (Some(probability), None) => Match::Random {
            negate,
            probability,
        },
        (None, Some(every)) => Match::Nth {
            negate,
            every,
            packet,
        },
        _ => {
            return Err(Fault {
                word: "statistic",
                why: NO_OPTION,
            });
        }
    });
    Ok(())
}

/// An accounting object without a quota counts and holds always.
pub(super) fn nfacct<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--nfacct-name" => words.value(&mut flag)?,
            _ => return Err(no_such(flag)),
        };
    }
    found.push(Match::Counting);
    Ok(())
}

/// libxt_recent.c.
pub(super) fn recent<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let mut action = None;
    let mut negate = false;
    let mut name = Box::from("DEFAULT");
    let mut by_source = true;
    let (mut seconds, mut hitcount) = (None, None);
    let mut beyond_us = None;
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--set" | "--rcheck" | "--update" | "--remove" => {
                action = Some(match flag.name {
                    "--set" => RecentAction::Set,
                    "--rcheck" => RecentAction::Check,
                    "--update" => RecentAction::Update,
                    _ => RecentAction::Remove,
                });
                negate = flag.negate;
            }
            "--seconds" => seconds = Some(number32(words.value(&mut flag)?)?),
            "--hitcount" => hitcount = Some(number32(words.value(&mut flag)?)?),
            "--reap" => {}
            "--rttl" => beyond_us = Some("it depends on the TTL of earlier packets"),
            "--name" => name = words.value(&mut flag)?.text().into(),
            "--rsource" => by_source = true,
            "--rdest" => by_source = false,
            "--mask" => {
                let word = words.value(&mut flag)?;
                let length = address(word.raw).and_then(|mask| ipnet::ip_mask_to_prefix(mask).ok());
                if !matches!(length, Some(32 | 128))
                    || (length == Some(32) && word.raw.contains(':'))
                {
                    beyond_us = Some("its list holds networks and not addresses");
                }
            }
            _ => return Err(no_such(flag)),
        }
    }
    let action = action.ok_or(Fault {
        word: "recent",
        why: NO_OPTION,
    })?;
    found.push(match beyond_us {
        // `--set` holds whatever the list has.
        Some(why) if action != RecentAction::Set => Match::Unknowable {
            module: "recent".into(),
            why,
        },
        _ => Match::Recent {
            negate,
            name,
            action,
            by_source,
            seconds,
            hitcount,
        },
    });
    Ok(())
}

/// libxt_set.c.
pub(super) fn set<'a>(words: &mut Words<'a>, found: &mut Vec<Match>) -> Parsed<'a, ()> {
    let mut asked = None;
    let mut extra = false;
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--match-set" | "--set" => {
                let name = words.value(&mut flag)?.text().into();
                let word = words.value(&mut flag)?;
                let directions: Option<Box<[SetDirection]>> =
                    word.raw.split(',').map(direction).collect();
                let directions = directions.ok_or(word.fault("a value is not src or dst"))?;
                asked = Some((flag.negate, name, directions));
            }
            // These change what is counted, not whether it matches.
            "--update-counters" | "--update-subcounters" => {}
            "--return-nomatch" => extra = true,
            "--packets-eq" | "--packets-lt" | "--packets-gt" | "--bytes-eq" | "--bytes-lt"
            | "--bytes-gt" => {
                words.value(&mut flag)?;
                extra = true;
            }
            _ => return Err(no_such(flag)),
        }
    }
    let (negate, name, directions) = asked.ok_or(Fault {
        word: "set",
        why: NO_OPTION,
    })?;
    found.push(Match::Set {
        negate,
        name,
        directions,
        extra,
    });
    Ok(())
}

fn direction(text: &str) -> Option<SetDirection> {
    match text {
        "src" => Some(SetDirection::Source),
        "dst" => Some(SetDirection::Destination),
        _ => None,
    }
}
