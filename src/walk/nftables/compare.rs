//! Whether a comparison holds (net/netfilter/nft_cmp.c, nft_range.c, nft_lookup.c).

use super::chain::Meeting;
use super::lookup::Membership;
use super::value::Value;
use crate::model::nftables::{Comparison, Datatype, Expression, Interval, Operand};
use crate::walk::netfilter::Answer;
use crate::walk::walker::Walk;

impl<'c> Walk<'c> {
    /// Whether the comparison holds for the packet.
    pub(super) fn holds(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        comparison: Comparison,
        left: &'c Expression,
        right: &'c Operand,
    ) -> Answer {
        let values = self.values(meeting, left);
        if values.contains(&Value::Missing) {
            return Answer::No;
        }
        let negate = comparison == Comparison::NotEqual;
        let (types, wanted) = match right {
            Operand::Set(set) => {
                return match self.is_in(meeting, &values, set) {
                    Membership::Yes => Answer::Yes,
                    Membership::No => Answer::No,
                    Membership::Chance(share) => Answer::Chance(share).settled(),
                    Membership::Unknown(why) => Answer::Unknown(why),
                }
                .inverted(negate);
            }
            Operand::Constant(types, wanted) => (types, wanted),
            Operand::Unknown(text) => {
                let why = match values.first() {
                    Some(Value::Unknown(why)) => why.clone(),
                    _ => format!("what {text} stands for is not known"),
                };
                return Answer::Unknown(why);
            }
        };
        // Of a status only some bits are known.
        let bits_only = matches!(left, Expression::Ct { key, .. } if &**key == "status");
        if bits_only && !matches!(comparison, Comparison::AnyBit | Comparison::NoBit) {
            return Answer::Unknown("not all of the connection's status is known".to_owned());
        }
        if values.len() != wanted.len() {
            return Answer::Unknown("it is compared with something else".to_owned());
        }
        // All parts of a concatenation must be equal.
        let mut answer = Answer::Yes;
        for ((value, wanted), at) in values.iter().zip(wanted).zip(0..) {
            let presence = types.get(at) == Some(&Datatype::Presence);
            answer = answer.and(compared(value, comparison, *wanted, presence));
        }
        answer.inverted(negate)
    }
}

/// One comparison; of `!=` its opposite.
fn compared(value: &Value, comparison: Comparison, wanted: Interval, presence: bool) -> Answer {
    match value {
        Value::Within(known) if presence => {
            let known = Interval {
                first: known.first.min(1),
                last: known.last.min(1),
            };
            ordered(known, comparison, wanted)
        }
        Value::Within(known) => ordered(*known, comparison, wanted),
        Value::Dice(range, _) => by_chance(*range, comparison, wanted),
        Value::Unknown(why) => Answer::Unknown(why.clone()),
        Value::Missing => Answer::No,
    }
}

fn ordered(known: Interval, comparison: Comparison, wanted: Interval) -> Answer {
    let unless = |never: bool, always: bool| match (never, always) {
        (true, _) => Answer::No,
        (_, true) => Answer::Yes,
        _ => Answer::Unknown("the source port is not known".to_owned()),
    };
    match comparison {
        Comparison::Equal | Comparison::NotEqual => {
            unless(!wanted.meets(known), wanted.contains(known))
        }
        Comparison::Less => unless(known.first >= wanted.first, known.last < wanted.first),
        Comparison::AtMost => unless(known.first > wanted.first, known.last <= wanted.first),
        Comparison::Greater => unless(known.last <= wanted.first, known.first > wanted.first),
        Comparison::AtLeast => unless(known.last < wanted.first, known.first >= wanted.first),
        Comparison::AnyBit | Comparison::NoBit => match known.value() {
            Some(value) => {
                Answer::of(value & wanted.first != 0).inverted(comparison == Comparison::NoBit)
            }
            None => Answer::Unknown("which bits are set is not known".to_owned()),
        },
    }
}

/// The share of the numbers for which it holds.
fn by_chance(range: Interval, comparison: Comparison, wanted: Interval) -> Answer {
    let (low, high) = match comparison {
        Comparison::Equal | Comparison::NotEqual => (wanted.first, wanted.last.saturating_add(1)),
        Comparison::Less => (0, wanted.first),
        Comparison::AtMost => (0, wanted.first.saturating_add(1)),
        Comparison::Greater => (wanted.first.saturating_add(1), u128::MAX),
        Comparison::AtLeast => (wanted.first, u128::MAX),
        Comparison::AnyBit | Comparison::NoBit => {
            return Answer::Unknown("which bits the dice show is not known".to_owned());
        }
    };
    let all = range.last - range.first + 1;
    let inside = high
        .min(range.last + 1)
        .saturating_sub(low.max(range.first));
    Answer::Chance(inside as f64 / all as f64).settled()
}
