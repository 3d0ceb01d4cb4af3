//! The one gate that text from a cluster passes on its way to a terminal.
//!
//! Names, comments and rules are written by others: an escape sequence in one could rewrite the screen, a bidirectional
//! override (Unicode UAX #9) could turn an address around. Whatever does not print as itself is spelled out.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// The text with everything spelled out that a screen would not show as it is: `\x1b`, `\n`, `\u{202e}`.
pub fn sanitize(text: &str, unicode: bool) -> Cow<'_, str> {
    if text.chars().all(|c| is_plain(c, unicode)) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_plain(c, unicode) {
            clean.push(c);
        } else {
            spell_out(c, &mut clean);
        }
    }
    Cow::Owned(clean)
}

/// Columns that a character takes which [`sanitize`] lets through.
pub fn width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Whether a character prints as itself.
pub fn is_plain(c: char, unicode: bool) -> bool {
    match c {
        ' '..='~' => true,
        _ if !unicode || c.is_control() || c.is_whitespace() => false,
        // Fillers which take columns and show nothing.
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => false,
        // Bidirectional controls, joiners, variation selectors and combining marks all have no width.
        _ => width(c) > 0,
    }
}

fn spell_out(c: char, clean: &mut String) {
    match c {
        '\n' => clean.push_str("\\n"),
        '\r' => clean.push_str("\\r"),
        '\t' => clean.push_str("\\t"),
        // Writing to a String cannot fail.
        c if u32::from(c) < 0x80 => {
            let _ = write!(clean, "\\x{:02x}", u32::from(c));
        }
        c => {
            let _ = write!(clean, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sanitize;

    #[test]
    fn spells_out_what_could_change_the_screen() {
        assert_eq!(sanitize("a\x1b[31mb", true), "a\\x1b[31mb");
        assert_eq!(sanitize("a\u{202e}b\u{2066}", true), "a\\u{202e}b\\u{2066}");
        assert_eq!(
            sanitize("a\r\n\tb\u{9b}2J\u{7f}", true),
            "a\\r\\n\\tb\\u{9b}2J\\x7f"
        );
        assert_eq!(
            sanitize("e\u{301}\u{200d}\u{2028}", true),
            "e\\u{301}\\u{200d}\\u{2028}"
        );
    }

    #[test]
    fn leaves_letters_alone_where_the_screen_can_show_them() {
        assert_eq!(sanitize("für 東京", true), "für 東京");
        assert_eq!(sanitize("für", false), "f\\u{fc}r");
    }
}
