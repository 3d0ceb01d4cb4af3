//! Lists of addresses that rules keep (net/netfilter/xt_recent.c).
//!
//! A list remembers when each address was seen. Which addresses it has was read, but not since when; what this walk's own
//! packets add or take away is known for certain.

use std::net::IpAddr;

use super::matching::Answer;
use crate::model::iptables::RecentAction;
use crate::model::{NetnsId, Part};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Nothing,
    /// How often this walk has met it, and whether it was there before.
    Seen {
        now: u32,
        before: bool,
    },
    /// The list was not read, or in part only.
    NotRead,
    /// It may have been changed by this walk.
    Doubtful,
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
        let answer = asked.answer(memory);
        let after = match (asked.action, memory) {
            (RecentAction::Check, memory) => memory,
            (RecentAction::Set, Memory::Nothing) => Memory::Seen {
                now: 1,
                before: false,
            },
            (RecentAction::Set, Memory::Seen { now, before }) => Memory::Seen {
                now: now + 1,
                before,
            },
            (RecentAction::Set, Memory::NotRead | Memory::Doubtful) => Memory::Seen {
                now: 1,
                before: true,
            },
            (RecentAction::Remove, _) => Memory::Nothing,
            (RecentAction::Update, Memory::Seen { now, before }) => match answer {
                Answer::Yes => Memory::Seen {
                    now: now + 1,
                    before,
                },
                Answer::No => memory,
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
            return *memory;
        }
        match self.cluster.netns(asked.netns).recent.as_ref() {
            None => Memory::NotRead,
            Some(lists) => {
                let has = lists
                    .iter()
                    .any(|(list, addresses)| list == asked.name && addresses.contains(&asked.ip));
                match has {
                    true => Memory::Seen {
                        now: 0,
                        before: true,
                    },
                    false if self.only_in_part(asked.netns, Part::Recent).is_some() => {
                        Memory::NotRead
                    }
                    false => Memory::Nothing,
                }
            }
        }
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
    fn answer(&self, memory: Memory) -> Answer {
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
                let at_least = now + u32::from(before && self.seconds.is_none());
                if at_least >= wanted {
                    Answer::Yes
                } else if before {
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
