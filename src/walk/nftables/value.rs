//! The value of an expression for a packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::chain::Meeting;
use super::hash;
use super::lookup::LookedUp;
use crate::model::nftables::{BinaryOperation, Data, Expression, Interval};
use crate::walk::packet::Port;
use crate::walk::walker::Walk;

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// It is this, or lies between these.
    Within(Interval),
    /// Each of these is as likely as the others.
    Dice(Interval, &'static str),
    /// Why it is not known.
    Unknown(String),
    /// The packet has none: the rule ends (`NFT_BREAK`).
    Missing,
}

impl Value {
    /// This number.
    pub fn exact(number: impl Into<u128>) -> Self {
        Self::Within(Interval::single(number.into()))
    }

    /// Why it is not known.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    /// A name of a device; the empty name where there is none.
    pub fn name(name: &str) -> Self {
        let mut bytes = [0; 16];
        match bytes.get_mut(..name.len()) {
            Some(place) => place.copy_from_slice(name.as_bytes()),
            None => return Self::unknown(format!("the name {name} is longer than the kernel's")),
        }
        Self::exact(u128::from_be_bytes(bytes))
    }
}

impl From<IpAddr> for Value {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::exact(ip.to_bits()),
            IpAddr::V6(ip) => Self::exact(ip.to_bits()),
        }
    }
}

impl From<Port> for Value {
    fn from(port: Port) -> Self {
        Self::Within(Interval {
            first: port.first.into(),
            last: port.last.into(),
        })
    }
}

/// The address that a number is, of the family of `like`.
pub(super) fn address(number: u128, like: IpAddr) -> Option<IpAddr> {
    Some(match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).ok()?)),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(number)),
    })
}

/// A number as nft writes it where it belongs to an expression.
pub(super) fn shown(of: &Expression, number: u128) -> String {
    of.datatype().print(number)
}

impl<'c> Walk<'c> {
    /// The values of an expression: one, or one for each part of a concatenation.
    pub(super) fn values(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        expression: &'c Expression,
    ) -> Vec<Value> {
        match expression {
            Expression::Concat(parts) => parts
                .iter()
                .flat_map(|part| self.values(meeting, part))
                .collect(),
            Expression::Map { key, set } => match self.find_element(meeting, key, set) {
                LookedUp::Found(element, set) => match &element.data {
                    Some(Data::Values(values)) => {
                        let print = set.print(element);
                        meeting.elements.push(print);
                        values.iter().copied().map(Value::Within).collect()
                    }
                    _ => vec![Value::unknown(format!(
                        "the map {} has no values",
                        set.name
                    ))],
                },
                LookedUp::Nothing => vec![Value::Missing],
                LookedUp::Unknown(why) => vec![Value::Unknown(why)],
            },
            other => vec![self.value(meeting, other)],
        }
    }

    /// The value of an expression that has one.
    pub(super) fn value(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        expression: &'c Expression,
    ) -> Value {
        match expression {
            Expression::Constant(_, interval) => Value::Within(*interval),
            Expression::Payload { protocol, field } => self.payload(meeting, protocol, field),
            Expression::Meta(key) => self.meta(meeting, key),
            Expression::Ct {
                key,
                direction,
                family,
            } => self.connection_value(meeting, key, direction.as_deref(), family.as_deref()),
            Expression::Fib { result, flags } => self.fib(meeting, result, flags),
            Expression::Numgen {
                random,
                modulus,
                offset,
            } => dice(
                *modulus,
                *offset,
                if *random { "at random" } else { "in turn" },
            ),
            Expression::Symhash { modulus, offset } => {
                dice(*modulus, *offset, "by a hash with a secret")
            }
            Expression::Jhash {
                key,
                modulus,
                seed,
                offset,
            } => {
                let types = key.datatypes(&|_| Vec::new());
                let values = self.values(meeting, key);
                if values.contains(&Value::Missing) {
                    return Value::Missing;
                }
                let known: Option<Vec<u128>> = values
                    .iter()
                    .map(|value| match value {
                        Value::Within(known) => known.value(),
                        _ => None,
                    })
                    .collect();
                match (seed, known) {
                    (Some(seed), Some(known)) => {
                        let hash = hash::jhash(&hash::registers(&types, &known), *seed);
                        let share = (u64::from(hash) * u64::from(*modulus)) >> 32;
                        Value::exact(share + u64::from(*offset))
                    }
                    (None, _) => dice(*modulus, *offset, "by a hash with a secret"),
                    (_, None) => dice(*modulus, *offset, "by a hash of the source port"),
                }
            }
            Expression::Binary {
                operation,
                left,
                right,
            } => {
                let (left, right) = (self.value(meeting, left), self.value(meeting, right));
                binary(*operation, left, right)
            }
            Expression::Concat(_) | Expression::Map { .. } => {
                let mut values = self.values(meeting, expression);
                match values.len() {
                    1 => values.remove(0),
                    _ => Value::unknown("several values stand where one is wanted"),
                }
            }
            Expression::Other { name, text, .. } => self.other(name, text),
        }
    }

    fn other(&self, name: &str, text: &str) -> Value {
        match name {
            // The packets of this walk have no extension headers.
            "exthdr" if !text.contains("field") => Value::exact(0u8),
            "exthdr" => Value::Missing,
            name => Value::unknown(format!("what {name} says is not known")),
        }
    }
}

/// One of `modulus` numbers from `offset` on.
fn dice(modulus: u32, offset: u32, how: &'static str) -> Value {
    let first = u128::from(offset);
    match modulus {
        0 | 1 => Value::exact(first),
        modulus => Value::Dice(
            Interval {
                first,
                last: first + u128::from(modulus) - 1,
            },
            how,
        ),
    }
}

fn binary(operation: BinaryOperation, left: Value, right: Value) -> Value {
    let number = |value: &Value| match value {
        Value::Within(known) => known.value(),
        _ => None,
    };
    match (number(&left), number(&right)) {
        (Some(left), Some(right)) => Value::exact(operation.apply(left, right)),
        _ => match [left, right]
            .into_iter()
            .find(|value| matches!(value, Value::Missing | Value::Unknown(_)))
        {
            Some(value) => value,
            None => Value::unknown("it is computed of what is not known"),
        },
    }
}
