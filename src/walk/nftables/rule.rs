//! The statements of a rule, from left to right (net/netfilter/nf_tables_core.c and the files of each statement).

use super::chain::Meeting;
use super::lookup::LookedUp;
use super::object::quota_left;
use crate::model::nftables::{Statement, Verdict};
use crate::model::trace::StepKind;
use crate::walk::explore::Question;
use crate::walk::netfilter::{Answer, dropped};
use crate::walk::packet::Tracking;
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
    pub(super) fn taken(
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
}

/// A statement whose effect on the packet is not known.
pub(super) fn unknown<'c>(meeting: &Meeting<'_, '_, '_>, why: String) -> Outcome<'c> {
    end(Stop::unknown(
        meeting.place.netns,
        format!("what {} does is not known: {why}", meeting.source()),
    ))
}

pub(super) fn end<'c>(stop: Stop) -> Outcome<'c> {
    Outcome::Ends(Effect::End(Box::new(stop)))
}
