//! The TOS byte: names and values of `-m tos`, `-m dscp`, TOS and DSCP (tos_values.c and dscp_helper.c of iptables;
//! RFC 2474, RFC 2597, RFC 3246).

use super::values::{named, number};
use super::words::{Parsed, Word};

/// DSCP are the upper six bits.
pub(super) const DSCP_MASK: u8 = 0xfc;

const TOS: [(&str, u8); 5] = [
    ("Minimize-Delay", 0x10),
    ("Maximize-Throughput", 0x08),
    ("Maximize-Reliability", 0x04),
    ("Minimize-Cost", 0x02),
    ("Normal-Service", 0x00),
];

const CLASSES: [(&str, u8); 22] = [
    ("CS0", 0x00),
    ("CS1", 0x08),
    ("CS2", 0x10),
    ("CS3", 0x18),
    ("CS4", 0x20),
    ("CS5", 0x28),
    ("CS6", 0x30),
    ("CS7", 0x38),
    ("BE", 0x00),
    ("AF11", 0x0a),
    ("AF12", 0x0c),
    ("AF13", 0x0e),
    ("AF21", 0x12),
    ("AF22", 0x14),
    ("AF23", 0x16),
    ("AF31", 0x1a),
    ("AF32", 0x1c),
    ("AF33", 0x1e),
    ("AF41", 0x22),
    ("AF42", 0x24),
    ("AF43", 0x26),
    ("EF", 0x2e),
];

/// `VALUE[/MASK]` or a name: value and mask. A number without a mask means all eight bits, a name the lower six.
pub(super) fn tos(word: Word<'_>) -> Parsed<'_, (u8, u8)> {
    let byte = |text: &str| number(text).and_then(|value| u8::try_from(value).ok());
    let found = match word.raw.split_once('/') {
        Some((value, mask)) => byte(value).zip(byte(mask)),
        None => byte(word.raw)
            .map(|value| (value, 0xff))
            .or_else(|| named(word.raw, &TOS).map(|value| (value, 0x3f))),
    };
    found.ok_or(word.fault("a value is not a type of service"))
}

/// A code point by number, as it stands in the TOS byte.
pub(super) fn code_point(word: Word<'_>) -> Parsed<'_, u8> {
    let found = number(word.raw).filter(|&value| value < 64);
    found
        .map(|value| (value << 2) as u8)
        .ok_or(word.fault("a value is not a code point"))
}

/// A code point by its class, as it stands in the TOS byte.
pub(super) fn class(word: Word<'_>) -> Parsed<'_, u8> {
    named(word.raw, &CLASSES)
        .map(|value| value << 2)
        .ok_or(word.fault("a value is not a class"))
}
