//! `nft list ruleset`: the text form (nft(8), nftables src/rule.c), read into the same objects that `nft -j` prints.
//!
//! A line that makes no sense costs only itself: a rule of which a part is not understood keeps the rest.

mod element;
mod expression;
mod statement;
mod words;

use serde_json::{Map, Value, json};

use words::{Word, Words, words};

/// An object as `nft -j` prints it, with the line that it begins at.
pub type Object = (usize, Map<String, Value>);

/// The objects of a ruleset, in the order of the text. What makes no sense is reported with its line.
pub fn objects(text: &str, mut report: impl FnMut(usize, String)) -> Vec<Object> {
    let mut lines = Lines {
        lines: text.lines().enumerate().peekable(),
        objects: Vec::new(),
    };
    while let Some((number, line)) = lines.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["table", family, name, "{", ..] => {
                let head = json!({"family": family, "name": name, "handle": handle(line)});
                let at = lines.objects.len();
                lines.put(number, "table", head);
                lines.table(family, name, at, &mut report);
            }
            _ => report(number, format!("begins no table: {line:?}")),
        }
    }
    lines.objects
}

struct Lines<'t> {
    lines: std::iter::Peekable<std::iter::Enumerate<std::str::Lines<'t>>>,
    objects: Vec<Object>,
}

impl<'t> Lines<'t> {
    /// The next line that says something, with its number, from 1.
    fn next(&mut self) -> Option<(usize, &'t str)> {
        loop {
            let (at, line) = self.lines.next()?;
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Some((at + 1, line));
            }
        }
    }

    fn put(&mut self, line: usize, kind: &str, content: Value) {
        let mut object = Map::new();
        object.insert(kind.to_owned(), content);
        self.objects.push((line, object));
    }

    /// Adds a key to the object that was put there.
    fn add(&mut self, at: usize, key: &str, value: Value) {
        let content = self
            .objects
            .get_mut(at)
            .and_then(|(_, object)| object.values_mut().next());
        if let Some(Value::Object(fields)) = content {
            fields.insert(key.to_owned(), value);
        }
    }

    fn table(
        &mut self,
        family: &str,
        table: &str,
        head: usize,
        report: &mut impl FnMut(usize, String),
    ) {
        loop {
            let Some((number, line)) = self.next() else {
                return report(
                    number_after(self),
                    "the text ends within a table".to_owned(),
                );
            };
            if line == "}" {
                return;
            }
            let before = line.split('#').next().unwrap_or(line).trim();
            let opens: Vec<&str> = before.split_whitespace().collect();
            match opens.as_slice() {
                ["chain", name, "{"] => {
                    let chain = json!({"family": family, "table": table, "name": name, "handle": handle(line)});
                    self.put(number, "chain", chain);
                    self.chain((family, table, name), report);
                }
                [kind @ ("set" | "map"), name, "{"] => {
                    let set = json!({"family": family, "table": table, "name": name, "handle": handle(line)});
                    self.put(number, kind, set);
                    self.set(report);
                }
                [kind @ .., name, "{"] if !kind.is_empty() => {
                    let object = json!({"family": family, "table": table, "name": name, "handle": handle(line)});
                    self.put(number, &kind.join(" "), object);
                    self.object(report);
                }
                ["flags", flags] => {
                    let flags: Vec<&str> = flags.split(',').collect();
                    self.add(head, "flags", json!(flags));
                }
                ["comment", ..] => {}
                _ => report(number, format!("is nothing of a table: {line:?}")),
            }
        }
    }

    fn chain(
        &mut self,
        (family, table, chain): (&str, &str, &str),
        report: &mut impl FnMut(usize, String),
    ) {
        let head = self.objects.len() - 1;
        loop {
            let Some((number, line)) = self.next() else {
                return report(
                    number_after(self),
                    "the text ends within a chain".to_owned(),
                );
            };
            if line == "}" {
                return;
            }
            if line.starts_with("type ") && line.contains(" hook ") {
                match base(line) {
                    Some(fields) => {
                        for (key, value) in fields {
                            self.add(head, key, value);
                        }
                    }
                    None => report(number, format!("is no hook of a chain: {line:?}")),
                }
                continue;
            }
            let found = words(without_handle(line));
            if matches!(found.as_slice(), [Word::Plain("comment"), Word::Quoted(_)]) {
                continue;
            }
            let mut rest = Words::of(&found);
            let (statements, comment) = statement::statements(&mut rest);
            let mut rule =
                json!({"family": family, "table": table, "chain": chain, "expr": statements});
            if let Some(number) = handle(line) {
                rule["handle"] = json!(number);
            }
            if let Some(comment) = comment {
                rule["comment"] = json!(comment);
            }
            self.put(number, "rule", rule);
        }
    }

    fn set(&mut self, report: &mut impl FnMut(usize, String)) {
        let head = self.objects.len() - 1;
        let mut is_map = false;
        loop {
            let Some((number, line)) = self.next() else {
                return report(number_after(self), "the text ends within a set".to_owned());
            };
            if line == "}" {
                return;
            }
            let found = words(line);
            match found.as_slice() {
                [Word::Plain(kind @ ("type" | "typeof")), rest @ ..] => {
                    let colon = rest.iter().position(|word| *word == Word::Plain(":"));
                    let (key, data) = match colon {
                        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
                        None => (rest, None),
                    };
                    self.add(head, "type", element::types(kind, key));
                    if let Some(data) = data {
                        is_map = true;
                        let types = element::types(kind, data);
                        // A map to one type names it alone.
                        self.add(head, "map", types);
                    }
                }
                [Word::Plain("flags"), rest @ ..] => {
                    let flags: Vec<&str> = rest
                        .iter()
                        .filter_map(|word| match word {
                            Word::Plain(flag) => Some(*flag),
                            _ => None,
                        })
                        .collect();
                    self.add(head, "flags", json!(flags));
                }
                [Word::Plain("timeout"), Word::Plain(time)] => {
                    self.add(head, "timeout", json!(element::seconds(time)));
                }
                [Word::Plain("size"), Word::Plain(size), ..] => {
                    self.add(head, "size", json!(size.parse::<u64>().ok()));
                }
                [Word::Plain("comment"), Word::Quoted(comment)] => {
                    self.add(head, "comment", json!(comment));
                }
                [Word::Plain("elements"), Word::Plain("="), ..] => {
                    let mut text = line.to_owned();
                    while !closed(&text) {
                        match self.next() {
                            Some((_, more)) => {
                                text.push(' ');
                                text.push_str(more);
                            }
                            None => {
                                report(number, "the elements of a set are cut short".to_owned());
                                break;
                            }
                        }
                    }
                    let found = words(&text);
                    let mut rest = Words::of(found.get(2..).unwrap_or_default());
                    match element::elements(&mut rest, is_map) {
                        Some(list) => self.add(head, "elem", json!(list)),
                        None => report(number, "elements that make no sense".to_owned()),
                    }
                }
                // gc-interval, policy, auto-merge, statements of elements.
                _ => {}
            }
        }
    }

    /// A counter, a quota, ...: of these only what decides over packets is kept.
    fn object(&mut self, report: &mut impl FnMut(usize, String)) {
        let head = self.objects.len() - 1;
        let mut depth = 1;
        loop {
            let Some((_, line)) = self.next() else {
                return report(
                    number_after(self),
                    "the text ends within an object".to_owned(),
                );
            };
            depth += line.matches('{').count();
            depth = depth.saturating_sub(line.matches('}').count());
            if depth == 0 {
                return;
            }
            let found = words(line);
            let mut rest = Words::of(&found);
            for (key, value) in statement::quota(&mut rest).into_iter().flatten() {
                self.add(head, key, value);
            }
        }
    }
}

fn number_after(lines: &mut Lines<'_>) -> usize {
    lines.objects.last().map_or(1, |(line, _)| *line)
}

/// The number in `# handle 7` at the end of a line.
fn handle(line: &str) -> Option<u64> {
    line.rsplit_once("# handle ")?.1.trim().parse().ok()
}

fn without_handle(line: &str) -> &str {
    match line.rsplit_once(" # handle ") {
        Some((before, number)) if number.trim().parse::<u64>().is_ok() => before,
        _ => line,
    }
}

/// Whether every bracket outside quotes is closed.
fn closed(text: &str) -> bool {
    let mut depth = 0i64;
    for word in words(text) {
        match word {
            Word::Plain("{") => depth += 1,
            Word::Plain("}") => depth -= 1,
            _ => {}
        }
    }
    depth <= 0 && text.contains('{')
}

/// `type filter hook prerouting device "lo" priority mangle + 5; policy drop;`
fn base(line: &str) -> Option<Vec<(&'static str, Value)>> {
    let (hang, rest) = line.split_once(';')?;
    let (before, priority) = hang.split_once(" priority ")?;
    let found = words(before);
    let [
        Word::Plain("type"),
        Word::Plain(kind),
        Word::Plain("hook"),
        Word::Plain(hook),
        devices @ ..,
    ] = found.as_slice()
    else {
        return None;
    };
    let devices: Vec<&str> = devices
        .iter()
        .filter_map(|word| match word {
            Word::Quoted(name) => Some(*name),
            Word::Plain(name) if !["device", "devices", "=", "{", "}", ","].contains(name) => {
                Some(*name)
            }
            Word::Plain(_) => None,
        })
        .collect();
    let policy = rest
        .trim()
        .strip_prefix("policy ")
        .and_then(|rest| rest.split(';').next());
    Some(vec![
        ("type", json!(kind)),
        ("hook", json!(hook)),
        ("prio", json!(priority.trim())),
        ("policy", json!(policy.unwrap_or("accept").trim())),
        ("dev", json!(devices)),
    ])
}
