//! Collects what could not be read of one file, and keeps a garbled one from drowning all else.

use crate::model::Gap;

/// Most gaps that one file reports one by one.
const LIMIT: usize = 12;

/// Gaps of one file. Those beyond a dozen are only counted.
pub struct Report<'a> {
    place: &'a str,
    gaps: &'a mut Vec<Gap>,
    count: usize,
    lost: bool,
}

impl<'a> Report<'a> {
    /// A report on the file at `place`, which a user knows by that name.
    pub fn new(place: &'a str, gaps: &'a mut Vec<Gap>) -> Self {
        Self {
            place,
            gaps,
            count: 0,
            lost: false,
        }
    }

    /// Something in that file, at that line, could not be read: a row is lost.
    pub fn gap(&mut self, line: impl Into<Option<usize>>, what: impl Into<String>) {
        self.lost = true;
        self.note(line, what);
    }

    /// Something about that line is to be known, which was read all the same.
    pub fn note(&mut self, line: impl Into<Option<usize>>, what: impl Into<String>) {
        self.count += 1;
        if self.count <= LIMIT {
            let (place, line, what) = (self.place.to_owned(), line.into(), what.into());
            self.gaps.push(Gap { place, line, what });
        }
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.count == 0
    }

    /// Whether something of the file was lost: what is not in the rest may have been in that.
    pub fn has_lost(&self) -> bool {
        self.lost
    }

    /// What was read of a list: nothing at all when all of it made no sense, which is not an empty list.
    pub fn settle<T>(&self, read: Vec<T>) -> Option<Vec<T>> {
        (!read.is_empty() || self.is_clean()).then_some(read)
    }

    /// Keeps what could be read; an error becomes a gap of that line.
    pub fn keep<T>(&mut self, line: usize, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(what) => {
                self.gap(line, what);
                None
            }
        }
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if self.count > LIMIT {
            let what = format!("and {} more of its lines make no sense", self.count - LIMIT);
            self.gaps.push(Gap {
                place: self.place.to_owned(),
                line: None,
                what,
            });
        }
    }
}

/// Text quoted in a message: short, on one line, without control characters.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push_str("...");
    }
    format!("{short:?}")
}
