//! The words of a line: quoted ones, brackets, commas, and what lies between blanks.

/// A word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'t> {
    /// Without quotes; brackets and commas stand alone.
    Plain(&'t str),
    /// What stands between quotes.
    Quoted(&'t str),
}

/// The words of a line.
pub(super) fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let end = rest[1..].find('"').map_or(rest.len(), |end| end + 1);
                words.push(Word::Quoted(rest.get(1..end).unwrap_or_default()));
                (end + 1).min(rest.len())
            }
            '{' | '}' | ',' | ';' | '(' | ')' => {
                words.push(Word::Plain(&rest[..1]));
                1
            }
            _ => {
                let ends = |c: char| {
                    c.is_whitespace() || matches!(c, '"' | '{' | '}' | ',' | ';' | '(' | ')')
                };
                let end = rest.find(ends).unwrap_or(rest.len());
                words.push(Word::Plain(&rest[..end]));
                end
            }
        };
        rest = rest[length..].trim_start();
    }
    words
}

/// More signs and words that lead deeper than anybody writes into one rule.
const DEEPEST: usize = 64;

/// Whether a line could lead deeper than it is read: words that have others of their kind within them.
fn is_too_deep(words: &[Word<'_>]) -> bool {
    let leads_deeper = |word: &&Word<'_>| {
        let deeper = [
            "jhash", "add", "update", "delete", "&", "|", "^", "<<", ">>", "and", "or", "xor",
        ];
        matches!(word, Word::Plain(word) if deeper.contains(word))
    };
    words.iter().filter(leads_deeper).count() > DEEPEST
}

/// Words that are read one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'w, 't> {
    left: &'w [Word<'t>],
}

impl<'w, 't> Words<'w, 't> {
    pub fn of(words: &'w [Word<'t>]) -> Self {
        Self { left: words }
    }

    /// Whether they could lead deeper than they are read.
    pub fn are_too_deep(&self) -> bool {
        is_too_deep(self.left)
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub fn peek(&self) -> Option<Word<'t>> {
        self.left.first().copied()
    }

    /// The next one, if it is plain.
    pub fn plain(&self) -> Option<&'t str> {
        match self.peek() {
            Some(Word::Plain(word)) => Some(word),
            _ => None,
        }
    }

    pub fn next(&mut self) -> Option<Word<'t>> {
        let (first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(*first)
    }

    /// The next one, which must be plain.
    pub fn take(&mut self) -> Option<&'t str> {
        let word = self.plain()?;
        self.next();
        Some(word)
    }

    /// Whether the next one is this; then it is read.
    pub fn skip(&mut self, word: &str) -> bool {
        let is_it = self.plain() == Some(word);
        if is_it {
            self.next();
        }
        is_it
    }

    /// The text of all that is left.
    pub fn rest(&mut self) -> String {
        let words: Vec<String> = self
            .left
            .iter()
            .map(|word| match word {
                Word::Plain(word) => (*word).to_owned(),
                Word::Quoted(word) => format!("\"{word}\""),
            })
            .collect();
        self.left = &[];
        words.join(" ")
    }
}
