//! Protocol Buffers as they are on the wire (protobuf.dev/programming-guides/encoding), as much of it as CRI's messages need:
//! a message is a row of fields, each a number, a type, and a value; fields that nobody asks for are passed over.

/// What a message said is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message that is not of Protocol Buffers")]
pub(super) struct Malformed;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'m> {
    /// Numbers, truth values and enumerations.
    Number(u64),
    /// Texts, bytes, and messages within messages.
    Bytes(&'m [u8]),
    /// Numbers of fixed width, which are not needed here.
    Fixed,
}

impl<'m> Value<'m> {
    /// The bytes of a message within this one.
    pub fn message(self) -> Result<&'m [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) | Self::Fixed => Err(Malformed),
        }
    }

    /// Text, which is UTF-8.
    pub fn text(self) -> Result<&'m str, Malformed> {
        std::str::from_utf8(self.message()?).map_err(|_| Malformed)
    }

    /// A number.
    pub fn number(self) -> Result<u64, Malformed> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) | Self::Fixed => Err(Malformed),
        }
    }
}

/// Reads the fields of a message in their order, each with its number.
pub(super) fn fields<'m>(
    message: &'m [u8],
) -> impl Iterator<Item = Result<(u64, Value<'m>), Malformed>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let read = (!rest.is_empty()).then(|| field(&mut rest))?;
        if read.is_err() {
            rest = &[];
        }
        Some(read)
    })
}

fn field<'m>(rest: &mut &'m [u8]) -> Result<(u64, Value<'m>), Malformed> {
    let tag = varint(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(varint(rest)?),
        1 => take(rest, 8).map(|_| Value::Fixed)?,
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
            Value::Bytes(take(rest, length)?)
        }
        5 => take(rest, 4).map(|_| Value::Fixed)?,
        // Groups, which CRI has none of, and what is not defined.
        _ => return Err(Malformed),
    };
    Ok((tag >> 3, value))
}

fn take<'m>(rest: &mut &'m [u8], length: usize) -> Result<&'m [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = left;
    Ok(taken)
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for place in 0..10 {
        let byte = take(rest, 1)?[0];
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

/// Writes a field of text, or of a message within a message.
pub(super) fn write_bytes(message: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    write_varint(message, u64::from(number) << 3 | 2);
    write_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// Writes a field that is true.
pub(super) fn write_true(message: &mut Vec<u8>, number: u32) {
    write_varint(message, u64::from(number) << 3);
    write_varint(message, 1);
}

fn write_varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // "Protocol Buffers Documentation: Encoding": Test1 with a = 150, Test2 with b = "testing", Test3 with c = {a: 150}.
        let read = |bytes| fields(bytes).collect::<Vec<_>>();
        assert_eq!(read(&[0x08, 0x96, 0x01]), [Ok((1, Value::Number(150)))]);
        let testing = b"\x12\x07testing";
        assert_eq!(read(testing), [Ok((2, Value::Bytes(b"testing")))]);
        assert_eq!(
            read(b"\x1a\x03\x08\x96\x01"),
            [Ok((3, Value::Bytes(&[0x08, 0x96, 0x01])))]
        );
        let mut written = Vec::new();
        write_bytes(&mut written, 2, b"testing");
        assert_eq!(written, testing);
    }

    #[test]
    fn what_ends_early_or_never_is_malformed() {
        let cases: [&[u8]; 6] = [
            b"\x08",
            b"\x12\x07test",
            b"\x09\x01\x02",
            b"\x0b",
            &[0xff; 11],
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ];
        for bytes in cases {
            assert_eq!(fields(bytes).last(), Some(Err(Malformed)), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes: Vec<u8>) {
            prop_assert!(fields(&bytes).count() <= bytes.len());
        }

        #[test]
        fn what_is_written_is_read(number in 1..100_u32, bytes: Vec<u8>) {
            let mut message = Vec::new();
            write_bytes(&mut message, number, &bytes);
            write_true(&mut message, number);
            let read: Vec<_> = fields(&message).collect();
            let number = u64::from(number);
            prop_assert_eq!(read, [Ok((number, Value::Bytes(&bytes))), Ok((number, Value::Number(1)))]);
        }
    }
}
