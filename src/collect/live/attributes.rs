//! Attributes of netlink messages (`include/uapi/linux/netlink.h`, `struct nlattr`), taken apart so that nothing is
//! overlooked: what is told and not asked for may change what the rest means.

/// `NLA_TYPE_MASK`.
const TYPE: u16 = 0x3fff;
/// `struct nlattr`: length with itself, and type.
const HEADER: usize = 4;

/// The values of these attributes, each where it is told of. `None` when one is told twice or broken off, or when another
/// is there that is not one of those `beside`, which do not matter.
pub(super) fn pick<'a, const N: usize>(
    mut bytes: &'a [u8],
    wanted: [u16; N],
    beside: &[u16],
) -> Option<[Option<&'a [u8]>; N]> {
    let mut found = [None; N];
    while !bytes.is_empty() {
        let (kind, value) = first(&mut bytes)?;
        match wanted.iter().position(|one| *one == kind) {
            Some(at) if found[at].is_none() => found[at] = Some(value),
            None if beside.contains(&kind) => {}
            _ => return None,
        }
    }
    Some(found)
}

/// The first attribute, which is taken away; `None` when it is broken off.
pub(super) fn first<'a>(bytes: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let length = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
    let kind = u16::from_ne_bytes(*bytes.get(2..)?.first_chunk()?);
    let value = bytes.get(HEADER..length)?;
    // The last one perhaps has no padding.
    *bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind & TYPE, value))
}

/// A number, in network byte order.
pub(super) fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

/// A text that ends with its only zero.
pub(super) fn text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value.strip_suffix(&[0])?).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// The same, of a name that iptables prints as one word.
pub(super) fn name(value: &[u8]) -> Option<&str> {
    let is_word = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"')
    };
    text(value).filter(is_word)
}
