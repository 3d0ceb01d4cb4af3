//! Named objects that rules use, and sets that they write (net/netfilter/nft_objref.c, nft_dynset.c).

use super::chain::Meeting;
use super::lookup::LookedUp;
use super::rule::{Outcome, end, unknown};
use crate::model::nftables::{Data, DynamicUpdate, ObjectName, Quota, Statement};
use crate::model::trace::StepKind;
use crate::walk::netfilter::Answer;
use crate::walk::packet::Packet;
use crate::walk::walker::{Stop, Walk};

impl<'c> Walk<'c> {
    /// A named counter, quota, limit or helper.
    pub(super) fn object(
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
    pub(super) fn dynamic(
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
}

/// `quota 10 mbytes` holds until it is used up, `quota over` from then on.
pub(super) fn quota_left(quota: &Quota, packet: &Packet) -> Answer {
    let used = quota.used.saturating_add(packet.size.into());
    Answer::of((used >= quota.bytes) == quota.over)
}
