//! Words of a rule's line, split as iptables-restore splits them: at blanks, unless they are quoted.

use std::borrow::Cow;

use memchr::memchr2;

/// One word as it is written, quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// The text in the line.
    pub raw: &'a str,
    /// Whether it has a quote anywhere, so that it is no option whatever it looks like.
    pub quoted: bool,
}

/// An option of a match or target, and whether `!` stood before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flag<'a> {
    /// With its dashes.
    pub name: &'a str,
    pub negate: bool,
}

/// Why an option could not be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault<'a> {
    /// The word that is to blame.
    pub word: &'a str,
    /// As the end of "cannot be known: ...".
    pub why: &'static str,
}

pub(super) type Parsed<'a, T> = Result<T, Fault<'a>>;

/// The rest of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    rest: &'a str,
    /// Whether a quote was opened and not closed in the words given so far.
    pub unclosed: bool,
}

impl<'a> Words<'a> {
    pub fn of(line: &'a str) -> Self {
        Self {
            rest: line,
            unclosed: false,
        }
    }

    /// The next option of a match or target, with its `!`; `None`, and nothing is consumed, before anything else.
    pub fn option(&mut self) -> Option<Flag<'a>> {
        let mut ahead = *self;
        let mut word = ahead.next()?;
        let negate = word.raw == "!";
        if negate {
            word = ahead.next()?;
        }
        if word.quoted || !word.raw.starts_with("--") || is_general(word.raw) {
            return None;
        }
        *self = ahead;
        Some(Flag {
            name: word.raw,
            negate,
        })
    }

    /// The value of an option. Old iptables wrote `!` here and not before the option.
    pub fn value(&mut self, option: &mut Flag<'a>) -> Parsed<'a, Word<'a>> {
        let mut word = self.next();
        if word.is_some_and(|word| word.raw == "!") {
            option.negate = !option.negate;
            word = self.next();
        }
        word.ok_or(Fault {
            word: option.name,
            why: "an option lacks its value",
        })
    }

    /// Goes to the next option that belongs to every rule (`-m`, `-j`, ...) or the end.
    pub fn skip_options(&mut self) {
        loop {
            let mut ahead = *self;
            let Some(mut word) = ahead.next() else { break };
            if word.raw == "!" {
                let Some(after) = ahead.next() else { break };
                word = after;
            }
            if !word.quoted && is_general(word.raw) {
                return;
            }
            // The values of these are free text that may look like anything.
            if matches!(
                word.raw,
                "--string" | "--hex-string" | "--comment" | "--log-prefix" | "--nflog-prefix"
            ) {
                ahead.next();
            }
            *self = ahead;
        }
        self.rest = "";
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.rest.bytes().position(|byte| !is_blank(byte))?;
        let text = &self.rest[start..];
        let bytes = text.as_bytes();
        let mut quoted = false;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if is_blank(byte) {
                break;
            }
            at += 1;
            if byte == b'"' {
                quoted = true;
                let (length, closed) = quoted_length(bytes.get(at..).unwrap_or_default());
                at += length;
                self.unclosed |= !closed;
            }
        }
        self.rest = text.get(at..).unwrap_or("");
        Some(Word {
            raw: text.get(..at)?,
            quoted,
        })
    }
}

impl<'a> Word<'a> {
    /// What iptables would see: quotes gone, and a backslash within them makes the next character plain.
    pub fn text(self) -> Cow<'a, str> {
        if !self.quoted {
            return Cow::Borrowed(self.raw);
        }
        if let Some(inner) = self
            .raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            && memchr2(b'"', b'\\', inner.as_bytes()).is_none()
        {
            return Cow::Borrowed(inner);
        }
        let mut text = String::with_capacity(self.raw.len());
        let mut open = false;
        let mut characters = self.raw.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => open = !open,
                '\\' if open => text.extend(characters.next()),
                other => text.push(other),
            }
        }
        Cow::Owned(text)
    }

    /// A fault that blames this word.
    pub fn fault(self, why: &'static str) -> Fault<'a> {
        Fault {
            word: self.raw,
            why,
        }
    }
}

/// Bytes up to and with the quote that closes, or all of them; and whether there was one.
fn quoted_length(bytes: &[u8]) -> (usize, bool) {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return (at, true);
        }
        at += 1;
    }
    (bytes.len(), false)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether an option belongs to iptables itself and not to a match or target.
pub(super) fn is_general(word: &str) -> bool {
    match word.as_bytes() {
        [b'-', b'-', ..] => matches!(
            word,
            "--match"
                | "--jump"
                | "--goto"
                | "--protocol"
                | "--source"
                | "--src"
                | "--destination"
                | "--dst"
                | "--in-interface"
                | "--out-interface"
                | "--fragments"
                | "--fragment"
                | "--set-counters"
        ),
        [b'-', letter] => letter.is_ascii_alphanumeric(),
        _ => false,
    }
}
