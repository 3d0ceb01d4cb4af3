//! Lists of addresses that rules keep (net/netfilter/xt_recent.c).
//!
//! A list remembers when each address was seen, in ticks of the kernel; how long ago that is can be told only where the
//! tick counter was read as well. What this walk's own packets add or take away is known for certain.

use std::net::IpAddr;

use super::matching::Answer;
use crate::model::iptables::RecentAction;
use crate::model::trace::StepKind;
use crate::model::{Jiffies, NetnsId, Part, RecentEntry};
use crate::walk::journey::proven;
use crate::walk::nftables::ChangedElement;
use crate::walk::walker::Walk;

/// One `-m recent`, asked about an address.
#[derive(Debug)]
pub(super) struct Recent<'a> {
    pub netns: NetnsId,
    pub negate: bool,
    pub name: &'a str,
    pub action: RecentAction,
    pub ip: IpAddr,
    pub seconds: Option<u32>,
    pub hitcount: Option<u32>,
}

/// What a list has of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Memory {
    Nothing,
    /// How often this walk has met it, and when it was there before.
    Seen {
        now: u32,
        before: Past,
    },
    /// The list was not read, or in part only.
    NotRead,
    /// It may have been changed by this walk.
    Doubtful,
}

/// When an address was seen before this walk.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Past {
    Never,
    /// It was, but the time by the list's clock was not read.
    Sometime,
    /// So many ticks ago.
    Ago {
        ticks: Vec<u64>,
        per_second: u32,
    },
}

impl Past {
    fn of(entry: &RecentEntry, now: Option<Jiffies>) -> Self {
        match now {
            Some(now) if !entry.seen.is_empty() => Self::Ago {
                ticks: entry.seen.iter().map(|stamp| now.since(*stamp)).collect(),
                per_second: now.per_second,
            },
            _ => Self::Sometime,
        }
    }

    /// How often it was seen within the last `seconds`, at the least and at the most.
    fn times(&self, seconds: Option<u32>) -> (u32, u32) {
        match (self, seconds) {
            (Self::Never, _) => (0, 0),
            (Self::Sometime, None) => (1, u32::MAX),
            (Self::Sometime, Some(_)) => (0, u32::MAX),
            (Self::Ago { ticks, per_second }, seconds) => {
                let reach = seconds.map(|seconds| u64::from(seconds) * u64::from(*per_second));
                let within = |ago: &&u64| reach.is_none_or(|reach| **ago <= reach);
                let count = u32::try_from(ticks.iter().filter(within).count()).unwrap_or(u32::MAX);
                (count, count)
            }
        }
    }
}

/// What became of the lists in this walk, and which sets its rules changed.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::walk) struct Lists {
    addresses: Vec<(NetnsId, Box<str>, IpAddr, Memory)>,
    /// Where what is in them is not known any more.
    pub(super) changed_sets: Vec<(NetnsId, Box<str>)>,
    /// Elements of nftables sets that rules put in or took out.
    pub(in crate::walk) nftables: Vec<ChangedElement>,
}

impl Walk<'_> {
    /// Asks a list, and changes it; `sure` when the kernel gets as far as asking.
    pub(super) fn recent(&mut self, asked: &Recent<'_>, sure: bool) -> Answer {
        let memory = self.memory(asked);
        let answer = asked.answer(&memory);
        if asked.action != RecentAction::Set && !asked.negate && answer == Answer::Yes {
            self.write_age(asked, &memory);
        }
        let after = match (asked.action, memory.clone()) {
            (RecentAction::Check, memory) => memory,
            (RecentAction::Set, Memory::Nothing) => Memory::Seen {
                now: 1,
                before: Past::Never,
            },
            (RecentAction::Set, Memory::Seen { now, before }) => Memory::Seen {
                now: now + 1,
                before,
            },
            (RecentAction::Set, Memory::NotRead | Memory::Doubtful) => Memory::Seen {
                now: 1,
                before: Past::Sometime,
            },
            (RecentAction::Remove, _) => Memory::Nothing,
            (RecentAction::Update, Memory::Seen { now, before }) => match answer {
                Answer::Yes => Memory::Seen {
                    now: now + 1,
                    before,
                },
                Answer::No => Memory::Seen { now, before },
                _ => Memory::Doubtful,
            },
            (RecentAction::Update, memory) => memory,
        };
        if after != memory {
            let after = if sure { after } else { Memory::Doubtful };
            self.lists.remember(asked, after);
        }
        answer
    }

    fn memory(&self, asked: &Recent<'_>) -> Memory {
        let own = self.lists.addresses.iter().find(|(netns, name, ip, _)| {
            (*netns, &**name, *ip) == (asked.netns, asked.name, asked.ip)
        });
        if let Some((.., memory)) = own {
            return memory.clone();
        }
        if self.cluster.netns(asked.netns).recent.is_none() {
            return Memory::NotRead;
        }
        match self.entry(asked) {
            Some((entry, now)) => Memory::Seen {
                now: 0,
                before: Past::of(entry, now),
            },
            None if self.only_in_part(asked.netns, Part::Recent).is_some() => Memory::NotRead,
            None => Memory::Nothing,
        }
    }

    /// The entry of a list that was read, and the time then.
    fn entry(&self, asked: &Recent<'_>) -> Option<(&RecentEntry, Option<Jiffies>)> {
        let lists = self.cluster.netns(asked.netns).recent.as_ref()?;
        let list = lists.iter().find(|list| list.name == asked.name)?;
        let entry = list
            .entries
            .iter()
            .find(|entry| entry.address == asked.ip)?;
        Some((entry, list.now))
    }

    /// Writes down how long ago an address was seen.
    fn write_age(&mut self, asked: &Recent<'_>, memory: &Memory) {
        let Memory::Seen {
            before: Past::Ago { ticks, per_second },
            ..
        } = memory
        else {
            return;
        };
        let (Some(last), Some((entry, _))) = (ticks.iter().min(), self.entry(asked)) else {
            return;
        };
        let within = asked
            .seconds
            .map(|seconds| format!(", within {seconds} s"))
            .unwrap_or_default();
        let age = last / u64::from((*per_second).max(1));
        let text = format!(
            "{} remembers {}: seen {age} s ago{within}",
            asked.name, asked.ip
        );
        let source = format!("/proc/net/xt_recent/{}", asked.name);
        let step = proven(StepKind::Rule, text, source, &entry.raw);
        self.journey.step(step);
    }
}

impl Lists {
    fn remember(&mut self, asked: &Recent<'_>, memory: Memory) {
        let key = (asked.netns, asked.name, asked.ip);
        self.addresses
            .retain(|(netns, name, ip, _)| (*netns, &**name, *ip) != key);
        self.addresses
            .push((asked.netns, asked.name.into(), asked.ip, memory));
    }
}

impl Recent<'_> {
    /// `recent_mt`.
    fn answer(&self, memory: &Memory) -> Answer {
        let (list, ip) = (self.name, self.ip);
        let answer = match (self.action, memory) {
            (RecentAction::Set, _) => Answer::Yes,
            (_, Memory::Nothing) => Answer::No,
            (_, Memory::NotRead) => Answer::Unknown(format!(
                "whether the list {list} remembers {ip} was not read"
            )),
            (_, Memory::Doubtful) => Answer::Unknown(format!(
                "whether the list {list} remembers {ip} depends on a rule before"
            )),
            (RecentAction::Remove, Memory::Seen { .. }) => Answer::Yes,
            (RecentAction::Check | RecentAction::Update, Memory::Seen { now, before }) => {
                let wanted = self.hitcount.unwrap_or(1).max(1);
                let (least, most) = before.times(self.seconds);
                if now + least >= wanted {
                    Answer::Yes
                } else if now.saturating_add(most) >= wanted {
                    Answer::Unknown(format!(
                        "the list {list} remembers {ip}, but since when was not read"
                    ))
                } else {
                    Answer::No
                }
            }
        };
        answer.inverted(self.negate)
    }
}
