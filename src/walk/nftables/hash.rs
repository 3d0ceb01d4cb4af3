//! Jenkins' hash as the kernel computes it (include/linux/jhash.h, net/netfilter/nft_hash.c).

use crate::model::nftables::Datatype;

const INITIAL: u32 = 0xdead_beef;

/// The bytes that the values take in nf_tables' registers: each part is filled up to a multiple of four bytes.
pub(super) fn registers(types: &[Datatype], values: &[u128]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let datatype = types.get(at).copied().unwrap_or(Datatype::Integer);
        let length = (datatype.bits() as usize).div_ceil(8).clamp(1, 16);
        let all = value.to_be_bytes();
        let mut part = all[16 - length..].to_vec();
        // Numbers of the kernel's own, as marks are, lie there in the order of its processor.
        if datatype.is_host_order() {
            part.reverse();
        }
        bytes.extend(part);
        // A part that stands alone has its own length.
        if values.len() > 1 {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    bytes
}

/// `jhash()`, on a processor with the low byte first.
pub(super) fn jhash(key: &[u8], seed: u32) -> u32 {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let start = INITIAL.wrapping_add(length).wrapping_add(seed);
    let (mut a, mut b, mut c) = (start, start, start);
    let word = |bytes: &[u8], at: usize| {
        let mut four = [0; 4];
        let part = bytes.get(at..).unwrap_or_default();
        let length = part.len().min(4);
        four[..length].copy_from_slice(&part[..length]);
        u32::from_le_bytes(four)
    };
    let mut rest = key;
    while rest.len() > 12 {
        a = a.wrapping_add(word(rest, 0));
        b = b.wrapping_add(word(rest, 4));
        c = c.wrapping_add(word(rest, 8));
        mix(&mut a, &mut b, &mut c);
        rest = &rest[12..];
    }
    if rest.is_empty() {
        return c;
    }
    a = a.wrapping_add(word(rest, 0));
    b = b.wrapping_add(word(rest, 4));
    c = c.wrapping_add(word(rest, 8));
    finish(&mut a, &mut b, &mut c);
    c
}

/// `__jhash_mix`.
fn mix(a: &mut u32, b: &mut u32, c: &mut u32) {
    let step = |x: &mut u32, y: u32, z: &mut u32, w: u32, turn: u32| {
        *x = x.wrapping_sub(y);
        *x ^= y.rotate_left(turn);
        *z = w.wrapping_add(*z);
    };
    step(a, *c, c, *b, 4);
    step(b, *a, a, *c, 6);
    step(c, *b, b, *a, 8);
    step(a, *c, c, *b, 16);
    step(b, *a, a, *c, 19);
    step(c, *b, b, *a, 4);
}

/// `__jhash_final`.
fn finish(a: &mut u32, b: &mut u32, c: &mut u32) {
    let step = |x: &mut u32, y: u32, turn: u32| {
        *x ^= y;
        *x = x.wrapping_sub(y.rotate_left(turn));
    };
    step(c, *b, 14);
    step(a, *c, 11);
    step(b, *a, 25);
    step(c, *b, 16);
    step(a, *c, 4);
    step(b, *a, 14);
    step(c, *b, 24);
}
