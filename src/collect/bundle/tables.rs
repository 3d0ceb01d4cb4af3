//! Names that iproute2 prints for numbers: routing tables, TOS values, IP protocols.

use crate::model::Table;
use crate::model::text::{IP_PROTOCOL_NAMES, TOS_NAMES};

/// The table of that name or number, and the name where it is none of the kernel's own.
///
/// Which number a node's `rt_tables` gives a name is in no dump. What matters is that routes and rules which name the
/// same table meet, so such a name is given a number of its own, far above those in use.
pub fn table(name: &str) -> (Table, Option<String>) {
    match name {
        "local" => (Table::LOCAL, None),
        "main" => (Table::MAIN, None),
        "default" => (Table::DEFAULT, None),
        "unspec" => (Table(0), None),
        other => match other.parse() {
            Ok(number) => (Table(number), None),
            Err(_) => (Table(stand_in(other)), Some(other.to_owned())),
        },
    }
}

/// The FNV-1a hash of a name, in the upper half of the numbers.
fn stand_in(name: &str) -> u32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash | 0x8000_0000
}

/// What a reader says about a table that only has a name.
pub fn unknown_table(name: &str) -> String {
    format!(
        "table {name:?} is named by the node's rt_tables, which is not here: its number is unknown"
    )
}

/// A TOS value by number or name (`rt_dsfield`, old and new).
pub fn tos(text: &str) -> Option<u8> {
    let named = TOS_NAMES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value);
    named.or(match text {
        "default" => Some(0),
        "lowdelay" => Some(0x10),
        "throughput" => Some(0x08),
        "reliability" => Some(0x04),
        "mincost" => Some(0x02),
        other => super::rows::hex(other).and_then(|number| u8::try_from(number).ok()),
    })
}

/// An IP protocol by name or number.
pub fn ip_protocol(text: &str) -> Option<u8> {
    let text = text.strip_prefix("ipproto-").unwrap_or(text);
    let named = IP_PROTOCOL_NAMES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, number)| *number);
    named.or_else(|| text.parse().ok())
}
