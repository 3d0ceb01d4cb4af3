//! A line of `iptables-save` → a [`Rule`].
//!
//! A strange word spoils nothing else: the match it belongs to becomes [`Match::Unknowable`], the target
//! [`Target::Unknown`], and the rest of the rule is read as ever.

mod matches;
mod targets;
mod tos;
mod values;
mod words;

use std::borrow::Cow;

use super::condition::Match;
use super::index;
use super::rule::{Negatable, Rule};
use super::ruleset::TableRules;
use super::target::Target;
use crate::model::Family;
use words::{Fault, Flag, Parsed, Word, Words};

/// What a rule's meaning needs besides its own line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The family of the ruleset.
    pub family: Family,
    /// The rule's table: names of chains differ from those of targets only in being declared there.
    pub table: Option<&'a TableRules>,
    /// Whether the dump breaks off in this line.
    pub broken: bool,
}

/// A rule's text without the `[packets:bytes]` before it.
pub(super) fn without_counters(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest.trim_start(),
        None => line,
    }
}

/// The text of the comments in a rule's line; `None` when it has none.
pub(super) fn comment(line: &str) -> Option<Cow<'_, str>> {
    let mut words = Words::of(line);
    words.find(|word| !word.quoted && word.raw == "--comment")?;
    words.next().map(Word::text)
}

/// Parses the line of a rule; its number and line are left 0. What could not be understood goes to `problems`.
pub(super) fn rule(
    line: &str,
    surroundings: Surroundings<'_>,
    scratch: &mut Vec<Match>,
    problems: Option<&mut Vec<String>>,
) -> Rule {
    scratch.clear();
    let command = without_counters(line);
    let counters = index::counters(
        line.get(..line.len() - command.len())
            .unwrap_or("")
            .trim_end(),
    );
    let mut words = Words::of(command);
    // `-A CHAIN`.
    words.nth(1);
    let mut parser = Parser {
        words,
        surroundings,
        rule: Rule {
            number: 0,
            line: 0,
            counters,
            source: None,
            destination: None,
            in_interface: None,
            out_interface: None,
            protocol: None,
            fragment: None,
            matches: Vec::new(),
            target: Target::None,
            goto: false,
        },
        matches: scratch,
        problems,
        last: Part::General,
        strays: false,
    };
    parser.all();
    let mut rule = parser.rule;
    // Of the exact size, where pushing one by one would leave room for more; and `scratch` keeps its own.
    rule.matches.reserve_exact(scratch.len());
    rule.matches.append(scratch);
    rule
}

/// What the words before belong to.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    General,
    Match(&'a str),
    Target(&'a str),
}

struct Parser<'a, 'b> {
    words: Words<'a>,
    surroundings: Surroundings<'b>,
    rule: Rule,
    matches: &'b mut Vec<Match>,
    problems: Option<&'b mut Vec<String>>,
    last: Part<'a>,
    /// Whether a word belonged to nothing.
    strays: bool,
}

impl<'a> Parser<'a, '_> {
    fn all(&mut self) {
        loop {
            let before = self.words;
            let Some(mut word) = self.words.next() else {
                break;
            };
            let mut flag = Flag {
                name: word.raw,
                negate: false,
            };
            if word.raw == "!" {
                let Some(after) = self.words.next() else {
                    self.stray("!");
                    break;
                };
                word = after;
                flag = Flag {
                    name: word.raw,
                    negate: true,
                };
            }
            if word.quoted {
                self.stray(word.raw);
            } else if word.raw.starts_with("--") && !words::is_general(word.raw) {
                self.implied(before, word.raw);
            } else if let Err(fault) = self.general(flag) {
                self.misunderstood(flag.name, fault);
            }
        }
        if self.words.unclosed {
            self.cut("a quote in its line is not closed");
        } else if self.surroundings.broken {
            self.cut("the dump breaks off in its line");
        } else if self.strays && matches!(self.rule.target, Target::None) {
            self.cut("its target may be among words that are not known");
        }
    }

    /// An option that every rule may have.
    fn general(&mut self, mut flag: Flag<'a>) -> Parsed<'a, ()> {
        match flag.name {
            "-m" | "--match" => {
                let module = self.words.value(&mut flag)?;
                self.module(module.raw);
            }
            "-j" | "--jump" | "-g" | "--goto" => {
                let Some(name) = self.words.next() else {
                    self.cut("its target is missing");
                    return Ok(());
                };
                self.target(name.raw, matches!(flag.name, "-g" | "--goto"));
            }
            "-p" | "--protocol" => {
                let value = values::protocol(self.words.value(&mut flag)?)?;
                self.rule.protocol = (value != 0).then_some(Negatable {
                    negate: flag.negate,
                    value,
                });
            }
            "-s" | "--source" | "--src" => self.rule.source = self.network(flag)?,
            "-d" | "--destination" | "--dst" => self.rule.destination = self.network(flag)?,
            "-i" | "--in-interface" => self.rule.in_interface = self.interface(flag)?,
            "-o" | "--out-interface" => self.rule.out_interface = self.interface(flag)?,
            "-f" | "--fragments" | "--fragment" => self.rule.fragment = Some(!flag.negate),
            "-4" | "-6" => {}
            "-c" | "--set-counters" => {
                let packets = self.words.value(&mut flag)?;
                // `-c PACKETS,BYTES` is one word.
                let text = match packets.raw.split_once(',') {
                    Some((packets, bytes)) => (packets, bytes),
                    None => (packets.raw, self.words.value(&mut flag)?.raw),
                };
                self.rule.counters = index::counters(&format!("[{}:{}]", text.0, text.1));
            }
            other => self.stray(other),
        }
        Ok(())
    }

    /// `0.0.0.0/0` and `::/0` hold for every packet; inverted they hold for none.
    fn network(&mut self, mut flag: Flag<'a>) -> Parsed<'a, Option<Negatable<ipnet::IpNet>>> {
        let value = values::network(self.words.value(&mut flag)?)?;
        Ok(
            (value.prefix_len() > 0 || flag.negate).then_some(Negatable {
                negate: flag.negate,
                value,
            }),
        )
    }

    /// `+` alone holds for every device, and for none.
    fn interface(
        &mut self,
        mut flag: Flag<'a>,
    ) -> Parsed<'a, Option<Negatable<super::rule::Interface>>> {
        let value = values::interface(self.words.value(&mut flag)?);
        let any = value.prefix && value.name.is_empty();
        Ok((!any || flag.negate).then_some(Negatable {
            negate: flag.negate,
            value,
        }))
    }

    fn module(&mut self, module: &'a str) {
        self.last = Part::Match(module);
        let complete = self.matches.len();
        if let Err(fault) = matches::module(module, &mut self.words, self.matches) {
            self.matches.truncate(complete);
            self.misunderstood(module, fault);
        }
    }

    /// An option without its `-m`: one of the protocol's own match.
    fn implied(&mut self, before: Words<'a>, option: &'a str) {
        let module = match self.rule.protocol {
            Some(Negatable {
                negate: false,
                value,
            }) => matches::of_protocol(value),
            _ => None,
        };
        match module {
            Some(module) => {
                self.words = before;
                self.module(module);
            }
            None => self.stray(option),
        }
    }

    fn target(&mut self, name: &'a str, goto: bool) {
        if !matches!(self.rule.target, Target::None) {
            return self.cut("a rule has one target, and its line has two");
        }
        self.last = Part::Target(name);
        self.rule.goto = goto;
        let declared = self
            .surroundings
            .table
            .is_some_and(|table| table.index.contains_key(name));
        let known = if goto {
            None
        } else {
            targets::target(name, &mut self.words, self.surroundings.family)
        };
        self.rule.target = match known {
            Some(Ok(target)) => target,
            Some(Err(fault)) => {
                self.problem(|| format!("target {name}: {}: {}", fault.why, fault.word));
                self.words.skip_options();
                Target::Unknown(name.into())
            }
            None if declared => Target::Jump(name.into()),
            None => {
                self.problem(|| {
                    format!("no chain of this table and no known target is called {name}")
                });
                self.words.skip_options();
                Target::Unknown(name.into())
            }
        };
    }

    /// A word that belongs to nothing: what came before it is not what it seemed.
    fn stray(&mut self, word: &'a str) {
        self.strays = true;
        let fault = Fault {
            word,
            why: "a word in its line is not known",
        };
        match self.last {
            Part::General => self.misunderstood("-A", fault),
            Part::Match(module) => self.misunderstood(module, fault),
            Part::Target(name) => {
                self.rule.target = Target::Unknown(name.into());
                self.problem(|| format!("target {name}: {}: {word}", fault.why));
                self.words.skip_options();
            }
        }
    }

    /// A condition is there of which we cannot tell whether it holds.
    fn misunderstood(&mut self, module: &str, fault: Fault<'a>) {
        self.matches.push(Match::Unknowable {
            module: module.into(),
            why: fault.why,
        });
        self.problem(|| format!("match {module}: {}: {}", fault.why, fault.word));
        self.words.skip_options();
    }

    /// What the line says is not all, or not so: other conditions and another target may have been meant.
    fn cut(&mut self, why: &'static str) {
        self.matches.push(Match::Unknowable {
            module: "?".into(),
            why,
        });
        self.rule.target = Target::Unknown("?".into());
        self.problem(|| why.to_owned());
    }

    fn problem(&mut self, what: impl FnOnce() -> String) {
        if let Some(problems) = self.problems.as_deref_mut() {
            problems.push(what());
        }
    }
}
