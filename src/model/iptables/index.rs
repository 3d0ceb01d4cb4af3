//! Finds tables, chains and the lines of their rules in the text of `iptables-save` (the format that
//! iptables-restore(8) reads), in one pass and without looking into the rules.

use std::collections::HashMap;
use std::sync::OnceLock;

use memchr::{memchr, memchr2};

use super::rule::Counters;
use super::ruleset::{Chain, Line, Policy, TableKind, TableRules};
use crate::model::Gap;

/// So many faulty lines are reported one by one; of the others only how many there are.
const FAULTS_REPORTED: usize = 20;

/// What a dump holds.
pub(super) struct Found {
    /// The tables, in the order of the dump.
    pub tables: Vec<TableRules>,
    /// The line in the middle of which the dump breaks off.
    pub broken_line: Option<u32>,
}

/// Finds the chains of a dump and reports what makes no sense.
pub(super) fn chains_of(text: &str, origin: &str, gaps: &mut Vec<Gap>) -> Found {
    // Places in the text are kept in 32 bits.
    let readable = (0..4)
        .find_map(|back| text.get(..text.len().min(u32::MAX as usize - back)))
        .unwrap_or("");
    let mut indexer = Indexer {
        origin,
        gaps,
        faults: 0,
        tables: Vec::new(),
        current: None,
        chain: 0,
        number: 0,
    };
    let mut rest = readable;
    let mut broken_line = None;
    while !rest.is_empty() {
        let (line, ended) = match memchr(b'\n', rest.as_bytes()) {
            Some(at) => (&rest[..at], at + 1),
            None => (rest, rest.len()),
        };
        let offset = (readable.len() - rest.len()) as u32;
        indexer.number += 1;
        let broken =
            ended == line.len() && indexer.current.is_some() && line.trim_end() != "COMMIT";
        if broken {
            broken_line = Some(indexer.number);
        }
        indexer.line(line.strip_suffix('\r').unwrap_or(line), offset);
        rest = &rest[ended..];
    }
    if readable.len() < text.len() {
        indexer.fault("what follows the first 4 GiB of a dump is not read");
    }
    indexer.end(broken_line.is_some());
    Found {
        tables: indexer.tables,
        broken_line,
    }
}

/// State between lines.
struct Indexer<'a> {
    origin: &'a str,
    gaps: &'a mut Vec<Gap>,
    faults: usize,
    tables: Vec<TableRules>,
    /// Index of the table which is open.
    current: Option<usize>,
    /// Index, in that table, of the chain which the last rule was for.
    chain: usize,
    number: u32,
}

impl Indexer<'_> {
    fn line(&mut self, line: &str, offset: u32) {
        match line.as_bytes() {
            [] => {}
            [b'#', ..] => self.comment(line),
            [b'*', ..] => self.table(line[1..].trim_end()),
            [b':', ..] => self.chain(&line[1..]),
            [b'[' | b'-', ..] => self.command(line, offset),
            _ if line.trim() == "COMMIT" => {
                if self.current.take().is_none() {
                    self.fault("a COMMIT where no table was begun");
                }
            }
            _ if line.trim().is_empty() => {}
            _ => self.fault("not a line of iptables-save"),
        }
    }

    /// iptables-nft-save tells in a comment which tables it cannot show.
    fn comment(&mut self, line: &str) {
        if line.starts_with("# Table `") && line.contains("incompatible") {
            let table = line.split(['`', '\'']).nth(1).unwrap_or_default();
            self.fault(&format!("table {table} holds rules which iptables cannot show; see them with `nft list ruleset`"));
        }
    }

    fn table(&mut self, name: &str) {
        if let Some(open) = self.current.take().and_then(|at| self.tables.get(at)) {
            let open = open.kind.name();
            self.fault(&format!(
                "table {open} has no COMMIT before this line: some of its rules may be missing"
            ));
        }
        let Some(kind) = TableKind::from_name(name) else {
            self.fault(&format!(
                "no table of iptables is called {name:?}; its rules are left out"
            ));
            return;
        };
        self.chain = 0;
        if let Some(again) = self.tables.iter().position(|table| table.kind == kind) {
            self.fault(&format!(
                "table {name} appears again: these rules are added to those above"
            ));
            self.current = Some(again);
            return;
        }
        self.current = Some(self.tables.len());
        self.tables.push(TableRules {
            kind,
            chains: Vec::new(),
            index: HashMap::new(),
        });
    }

    /// `NAME POLICY [packets:bytes]`.
    fn chain(&mut self, declaration: &str) {
        let mut words = declaration.split_ascii_whitespace();
        let (Some(name), policy) = (words.next(), words.next()) else {
            return self.fault("a chain without a name");
        };
        let policy = match policy {
            Some("ACCEPT") => Some(Policy::Accept),
            Some("DROP") => Some(Policy::Drop),
            Some("-") => None,
            _ => {
                self.fault("a chain's policy is ACCEPT, DROP or - (none)");
                None
            }
        };
        let counters = policy.and(words.next()).and_then(counters);
        let Some(at) = self.declare(name) else { return };
        if let Some(chain) = self.chain_at(at) {
            chain.policy = policy;
            chain.counters = counters;
        }
    }

    /// A rule, or one of the other commands that `iptables -S` prints.
    fn command(&mut self, line: &str, offset: u32) {
        let command = super::parse::without_counters(line);
        let mut words = command.split([' ', '\t']).filter(|word| !word.is_empty());
        match (words.next(), words.next()) {
            (Some("-A" | "--append"), Some(name)) => {
                if !closes_its_quotes(command.as_bytes()) {
                    self.fault("a quote is opened and not closed: what the rule does is not known");
                }
                self.rule(
                    name,
                    Line {
                        number: self.number,
                        offset,
                        length: line.len() as u32,
                    },
                );
            }
            (Some("-N"), Some(name)) => {
                self.declare(name);
            }
            (Some("-P"), Some(_)) => self.chain(command.trim_start_matches("-P")),
            _ => self.fault("not a line of iptables-save"),
        }
    }

    fn rule(&mut self, name: &str, line: Line) {
        let Some(table) = self.current.and_then(|at| self.tables.get_mut(at)) else {
            return self.fault("a rule outside any table");
        };
        // Rules of a chain mostly stand together, and the chains in the order of their declarations.
        let is_named = |at: &usize| {
            table
                .chains
                .get(*at)
                .is_some_and(|chain| *chain.name == *name)
        };
        let near = [self.chain, self.chain + 1].into_iter().find(is_named);
        let at = match near.or_else(|| table.index.get(name).map(|&at| at as usize)) {
            Some(at) => at,
            None => {
                self.fault(&format!(
                    "a rule for chain {name}, which the dump does not declare"
                ));
                match self.declare(name) {
                    Some(at) => at,
                    None => return,
                }
            }
        };
        self.chain = at;
        if let Some(chain) = self.chain_at(at) {
            chain.lines.push(line);
        }
    }

    /// Makes the chain, unless it is there; its index. `None` outside any table.
    fn declare(&mut self, name: &str) -> Option<usize> {
        let Some(at) = self.current else {
            self.fault("a chain outside any table");
            return None;
        };
        let table = self.tables.get_mut(at)?;
        if let Some(&known) = table.index.get(name) {
            return Some(known as usize);
        }
        let index = table.chains.len();
        table.index.insert(name.into(), index as u32);
        table.chains.push(Chain {
            name: name.into(),
            policy: None,
            counters: None,
            table: at,
            lines: Vec::new(),
            rules: OnceLock::new(),
        });
        Some(index)
    }

    fn chain_at(&mut self, at: usize) -> Option<&mut Chain> {
        self.tables.get_mut(self.current?)?.chains.get_mut(at)
    }

    fn end(&mut self, broken: bool) {
        if let Some(open) = self.current.and_then(|at| self.tables.get(at)) {
            let open = open.kind.name();
            let how = if broken {
                "in the middle of a line"
            } else {
                "without COMMIT"
            };
            self.report(
                Some(self.number),
                format!(
                    "the dump ends {how}: rules of table {open} may be missing, and whole tables"
                ),
            );
        }
        if let Some(more) = self
            .faults
            .checked_sub(FAULTS_REPORTED)
            .filter(|&more| more > 0)
        {
            self.report(None, format!("{more} more lines make no sense"));
        }
    }

    fn fault(&mut self, what: &str) {
        self.faults += 1;
        if self.faults <= FAULTS_REPORTED {
            self.report(Some(self.number), what.to_owned());
        }
    }

    fn report(&mut self, line: Option<u32>, what: String) {
        self.gaps.push(Gap {
            place: self.origin.to_owned(),
            line: line.map(|line| line as usize),
            what,
        });
    }
}

/// Reads `[packets:bytes]`.
pub(super) fn counters(text: &str) -> Option<Counters> {
    let (packets, bytes) = text.strip_prefix('[')?.strip_suffix(']')?.split_once(':')?;
    Some(Counters {
        packets: packets.parse().ok()?,
        bytes: bytes.parse().ok()?,
    })
}

/// Whether each quote that is opened is closed; a backslash takes the meaning from the character after it.
fn closes_its_quotes(mut rest: &[u8]) -> bool {
    while let Some(open) = memchr(b'"', rest) {
        rest = &rest[open + 1..];
        loop {
            match memchr2(b'"', b'\\', rest) {
                None => return false,
                Some(at) if rest[at] == b'"' => {
                    rest = &rest[at + 1..];
                    break;
                }
                Some(at) => rest = rest.get(at + 2..).unwrap_or_default(),
            }
        }
    }
    true
}
