//! The statements of a rule, from left to right (net/netfilter/nf_tables_core.c and the files of each statement).

use super::chain::Meeting;
use super::lookup::LookedUp;
use crate::model::Family;
use crate::model::nftables::{
    Data, DynamicUpdate, ObjectName, Quota, Statement, TableFamily, Verdict,
};
use crate::model::trace::StepKind;
use crate::model::{Protocol, RejectWith};
use crate::walk::explore::Question;
use crate::walk::netfilter::{Answer, dropped};
use crate::walk::packet::{Packet, Tracking};
use crate::walk::walker::{Stop, Walk};

/// What came of a rule.
pub(super) enum Effect<'c> {
    /// On with the next rule.
    Next,
    /// Into another chain.
    Enter { chain: &'c str, goto: bool },
    /// Back to the last jump.
    Return,
    /// The base chain ends and lets the packet go on; the kind of step it is written down as, and its text.
    Accept(StepKind, String),
    /// The packet's end.
    End(Box<Stop>),
}

/// What came of a statement.
pub(super) enum Outcome<'c> {
    /// On with the next statement.
    Holds,
    /// The rule ends (`NFT_BREAK`).
    Breaks,
    /// The rule ends, and more.
    Ends(Effect<'c>),
}

impl<'c> Walk<'c> {
    /// Takes the packet through the statements of a rule.
    pub(super) fn rule(&mut self, meeting: &mut Meeting<'_, '_, 'c>) -> Effect<'c> {
        let rule = meeting.rule;
        for (at, statement) in rule.statements.iter().enumerate() {
            let rest = &rule.statements[at + 1..];
            let answer = match statement {
                Statement::Match {
                    comparison,
                    left,
                    right,
                } => {
                    let answer = self.holds(meeting, *comparison, left, right);
                    meeting.any_transport |=
                        super::assign::asks_for_several(left, right, *comparison);
                    answer
                }
                Statement::Limit(_) => {
                    Answer::Unknown("limit: it depends on how many packets came before".to_owned())
                }
                Statement::Connlimit { .. } => Answer::Unknown(
                    "ct count: it depends on how many connections there are".to_owned(),
                ),
                Statement::Quota(quota) => quota_left(quota, meeting.packet),
                Statement::Offload(table) => self.offload(meeting, table),
                Statement::Xt(name) => {
                    Answer::Unknown(format!("nft does not show what the xt {name} says"))
                }
                other => match self.statement(meeting, other, rest) {
                    Outcome::Holds => continue,
                    Outcome::Breaks => return Effect::Next,
                    Outcome::Ends(effect) => return effect,
                },
            };
            if !self.taken(meeting, answer, rest) {
                return Effect::Next;
            }
        }
        Effect::Next
    }

    /// Whether the rule goes on after an answer; throws dice, or supposes, where the answer does not tell.
    fn taken(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        answer: Answer,
        rest: &'c [Statement],
    ) -> bool {
        match answer {
            Answer::Yes => true,
            Answer::No => false,
            // Taken or not, the packet goes on unchanged.
            _ if rest.iter().all(Statement::has_no_effect) => false,
            Answer::Chance(share) => {
                self.write_native_path(meeting);
                let shares = vec![share, 1.0 - share];
                let taken = self.choices.choose(Question::Balance(shares)) == 0;
                if taken {
                    self.note_balance(meeting, share, "by chance", "the rest of the rule");
                }
                taken
            }
            Answer::Unknown(why) => {
                // A later comparison may settle it.
                for statement in rest
                    .iter()
                    .take_while(|one| one.only_asks() || one.has_no_effect())
                {
                    if let Statement::Match {
                        comparison,
                        left,
                        right,
                    } = statement
                        && self.holds(meeting, *comparison, left, right) == Answer::No
                    {
                        return false;
                    }
                }
                let what = format!("whether {} matches: {why}", meeting.source());
                let (netns, left) = (meeting.place.netns, rest.len());
                let key = format!("{netns:?} {} {left}", meeting.source());
                let options = vec!["it does not match".to_owned(), "it matches".to_owned()];
                let taken = self.choices.suppose(&key, what, options) == 1;
                if taken {
                    self.note(
                        meeting,
                        StepKind::Unknown,
                        format!("supposed to match, as {why}"),
                    );
                }
                taken
            }
        }
    }

    fn statement(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        statement: &'c Statement,
        rest: &'c [Statement],
    ) -> Outcome<'c> {
        match statement {
            Statement::Counter(..) | Statement::Log(_) | Statement::NoEffect(_) => Outcome::Holds,
            Statement::Verdict(verdict) => self.verdict(meeting, verdict),
            Statement::Vmap { key, set } => match self.find_element(meeting, key, set) {
                LookedUp::Found(element, set) => {
                    let print = set.print(element);
                    meeting.elements.push(print);
                    match element.verdict() {
                        Some(verdict) => self.verdict(meeting, verdict),
                        None => unknown(meeting, "the element has no verdict".to_owned()),
                    }
                }
                LookedUp::Nothing => Outcome::Breaks,
                LookedUp::Unknown(why) => unknown(meeting, why),
            },
            Statement::Assign { target, value } => self.assign(meeting, target, value),
            Statement::Object { kind, name } => self.object(meeting, kind, name, rest),
            Statement::Notrack => {
                let packet = &mut *meeting.packet;
                // A packet that is in by lo may have a connection already.
                if packet.is_unattached() {
                    packet.tracking = Tracking::Untracked;
                    let text = "not tracked: translation does not see it".to_owned();
                    self.note(meeting, StepKind::Conntrack, text);
                }
                Outcome::Holds
            }
            Statement::Nat(nat) => self.nat_statement(meeting, nat),
            Statement::Reject { kind, code } => self.reject(meeting, kind, code),
            Statement::Dynamic(update) => self.dynamic(meeting, update, rest),
            Statement::Queue(_) => end(Stop::unknown(
                meeting.place.netns,
                format!("{} hands it to a program to decide", meeting.source()),
            )),
            Statement::Other { name, .. } => {
                let why = format!("what {name} of {} does is not known", meeting.source());
                end(Stop::unknown(meeting.place.netns, why))
            }
            Statement::Match { .. }
            | Statement::Limit(_)
            | Statement::Connlimit { .. }
            | Statement::Quota(_)
            | Statement::Offload(_)
            | Statement::Xt(_) => Outcome::Holds,
        }
    }

    fn verdict(&mut self, meeting: &Meeting<'_, '_, 'c>, verdict: &'c Verdict) -> Outcome<'c> {
        Outcome::Ends(match verdict {
            Verdict::Continue => return Outcome::Holds,
            Verdict::Accept => Effect::Accept(StepKind::Rule, "accept".to_owned()),
            Verdict::Return => Effect::Return,
            Verdict::Jump(chain) => Effect::Enter { chain, goto: false },
            Verdict::Goto(chain) => Effect::Enter { chain, goto: true },
            Verdict::Drop => {
                let comment = meeting.comment.map(|comment| format!(": {comment}"));
                let comment = comment.unwrap_or_default();
                let why = format!("{} drops it{comment}", meeting.source());
                return end(dropped(meeting.place, why));
            }
            Verdict::Queue => {
                return end(Stop::unknown(
                    meeting.place.netns,
                    format!("{} hands it to a program to decide", meeting.source()),
                ));
            }
        })
    }

    /// A named counter, quota, limit or helper.
    fn object(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        kind: &'c str,
        name: &'c ObjectName,
        rest: &'c [Statement],
    ) -> Outcome<'c> {
        let name: &str = match name {
            ObjectName::Name(name) => name,
            ObjectName::Map(key, set) => match self.find_element(meeting, key, set) {
                LookedUp::Found(element, _) => match &element.data {
                    Some(Data::Object(name)) => name,
                    _ => return unknown(meeting, "the element names no object".to_owned()),
                },
                LookedUp::Nothing => return Outcome::Breaks,
                LookedUp::Unknown(why) => return unknown(meeting, why),
            },
        };
        let answer = match kind {
            "counter" | "ct helper" | "ct timeout" | "ct expectation" | "secmark" => {
                return Outcome::Holds;
            }
            "quota" => match meeting
                .base
                .table
                .object(kind, name)
                .map(|found| &found.content)
            {
                Some(Some(Statement::Quota(quota))) => quota_left(quota, meeting.packet),
                _ => Answer::Unknown(format!("the quota {name} was not read")),
            },
            "limit" => Answer::Unknown(format!(
                "the limit {name} depends on how many packets came before"
            )),
            _ => {
                let why = format!("what {kind} of {} does is not known", meeting.source());
                return end(Stop::unknown(meeting.place.netns, why));
            }
        };
        match self.taken(meeting, answer, rest) {
            true => Outcome::Holds,
            false => Outcome::Breaks,
        }
    }

    /// `add @set { ... }`: the statements of the element may end the rule.
    fn dynamic(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        update: &'c DynamicUpdate,
        rest: &'c [Statement],
    ) -> Outcome<'c> {
        let Some(key) = self.update(meeting, update) else {
            return Outcome::Breaks;
        };
        let asks = update
            .statements
            .iter()
            .any(|one| !matches!(one, Statement::Counter(..)));
        if asks {
            let why = format!("the elements of {} count what came before", update.set);
            return match self.taken(meeting, Answer::Unknown(why), rest) {
                true => Outcome::Holds,
                false => Outcome::Breaks,
            };
        }
        if key.iter().all(|part| part.value().is_some()) {
            let types = update.key.datatypes(&|_| Vec::new());
            let words: Vec<String> = key
                .iter()
                .zip(types)
                .map(|(part, datatype)| datatype.print(part.first))
                .collect();
            let text = format!("{} remembers {}", update.set, words.join(" . "));
            self.note(meeting, StepKind::Rule, text);
        }
        Outcome::Holds
    }

    fn reject(&mut self, meeting: &mut Meeting<'_, '_, 'c>, kind: &str, code: &str) -> Outcome<'c> {
        let packet = &*meeting.packet;
        // nft asks for the protocol before, and does not print that.
        let fits = match kind {
            "tcp reset" => packet.protocol == Protocol::Tcp,
            "icmp" => packet.family() == Family::V4,
            "icmpv6" => packet.family() == Family::V6,
            _ => true,
        };
        if !fits {
            return Outcome::Breaks;
        }
        if matches!(
            meeting.base.table.family,
            TableFamily::Bridge | TableFamily::Netdev
        ) {
            let why = format!(
                "{} refuses it below IP, and what the client sees of that is not followed",
                meeting.source()
            );
            return end(Stop::unknown(meeting.place.netns, why));
        }
        let Some(with) = reject_with(kind, code) else {
            let why = format!("what {} answers with is not known", meeting.source());
            return end(Stop::unknown(meeting.place.netns, why));
        };
        let stop = self.refuse(meeting.place, &meeting.source(), with, packet);
        end(stop)
    }
}

/// A statement whose effect on the packet is not known.
fn unknown<'c>(meeting: &Meeting<'_, '_, '_>, why: String) -> Outcome<'c> {
    end(Stop::unknown(
        meeting.place.netns,
        format!("what {} does is not known: {why}", meeting.source()),
    ))
}

pub(super) fn end<'c>(stop: Stop) -> Outcome<'c> {
    Outcome::Ends(Effect::End(Box::new(stop)))
}

/// `quota 10 mbytes` holds until it is used up, `quota over` from then on.
fn quota_left(quota: &Quota, packet: &Packet) -> Answer {
    let used = quota.used.saturating_add(packet.size.into());
    Answer::of((used >= quota.bytes) == quota.over)
}

/// The codes of `icmp` and `icmpv6`, and of `icmpx`, which are both.
fn reject_with(kind: &str, code: &str) -> Option<RejectWith> {
    Some(match (kind, code) {
        ("tcp reset", _) => RejectWith::TcpReset,
        (_, "" | "port-unreachable") => RejectWith::PortUnreachable,
        ("icmpx" | "icmpv6", "no-route") | ("icmp", "net-unreachable") => {
            RejectWith::NetUnreachable
        }
        ("icmpx" | "icmp", "host-unreachable") | ("icmpv6", "addr-unreachable") => {
            RejectWith::HostUnreachable
        }
        (_, "admin-prohibited") => RejectWith::AdminProhibited,
        ("icmp", "prot-unreachable") => RejectWith::ProtoUnreachable,
        ("icmp", "net-prohibited") => RejectWith::NetProhibited,
        ("icmp", "host-prohibited") => RejectWith::HostProhibited,
        ("icmpv6", "policy-fail") => RejectWith::PolicyFail,
        ("icmpv6", "reject-route") => RejectWith::RejectRoute,
        _ => return None,
    })
}
