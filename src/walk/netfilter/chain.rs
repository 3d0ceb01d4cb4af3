//! Walks the rules of a chain and of the chains it jumps to (net/ipv4/netfilter/ip_tables.c, `ipt_do_table`).
//!
//! A jump remembers where to come back to, a goto does not; RETURN and the end of a user's chain go back to the last
//! jump, and from a base chain to its policy. What is written down are the rules that did something: those that end the
//! chain, change the packet or its connection, or throw dice; each with the chains through which it was reached.
//! Chains that were entered and left without effect are counted, not listed.

use super::matching::Answer;
use super::target::{Effect, dropped};
use super::{BaseChain, Place};
use crate::model::iptables::{Backend, Chain, Policy, Rule, TableKind, Target, Wish};
use crate::model::trace::{Evidence, Step, StepKind};
use crate::walk::explore::Question;
use crate::walk::journey::{proven, step};
use crate::walk::packet::Packet;
use crate::walk::walker::{Stopped, Walk};

/// Where the walk is in one chain.
struct Frame<'c> {
    chain: &'c Chain,
    next: usize,
    /// The rules that led here since the last step was written: they belong to the next one.
    led_by: Option<&'c Rule>,
    /// A goto leads from a frame that is not come back to.
    goto: bool,
}

/// Longer jump paths than the kernel would load (it refuses loops).
const DEEPEST: usize = 512;
/// More rules than any packet meets in one hook.
const MOST_RULES: usize = 4_000_000;

impl<'c> Walk<'c> {
    /// Takes the packet through a base chain and what it jumps to. An error is the packet's end.
    pub(super) fn base_chain(
        &mut self,
        place: Place<'_>,
        base: BaseChain<'c>,
        packet: &mut Packet,
    ) -> Result<(), Stopped> {
        let mut stack = vec![Frame {
            chain: base.chain,
            next: 0,
            led_by: None,
            goto: false,
        }];
        let mut written = 0;
        let mut looked_at = 0;
        while let Some(frame) = stack.last_mut() {
            if !frame.chain.is_read() {
                return Err(self.wish_for(place, base, frame.chain, packet));
            }
            let rules = base.ruleset.rules(frame.chain);
            let Some(rule) = rules.get(frame.next) else {
                if base.table.may_lack_rules_of(frame.chain) {
                    let why = format!(
                        "{} breaks off before the end of {} {}: rules of it may be missing",
                        base.ruleset.origin,
                        base.table.kind.name(),
                        frame.chain.name
                    );
                    return Err(self.undecided(place, packet, why));
                }
                // The end of this chain. What a goto left behind is not come back to.
                while stack.pop().is_some_and(|left| left.goto) {}
                written = written.min(stack.len());
                continue;
            };
            frame.next += 1;
            looked_at += 1;
            if looked_at > MOST_RULES {
                return Err(self.undecided(place, packet, "the chains loop".to_owned()));
            }
            if !self.takes(place, base, &stack, &mut written, rule, packet)? {
                continue;
            }
            let origin = Origin {
                base,
                stack: &stack,
                rule,
            };
            match self.apply(place, &origin, packet)? {
                Effect::Nothing => {}
                Effect::Noted(kind, text, before) => {
                    self.write_path(&origin, &mut written);
                    let noted = proven(kind, text, origin.source(), origin.raw());
                    let noted = match before {
                        Some((before, after)) => {
                            crate::walk::journey::changed(noted, before, after)
                        }
                        None => noted,
                    };
                    self.journey.step(noted);
                }
                Effect::Enter(chain) => {
                    if stack.len() >= DEEPEST {
                        return Err(self.undecided(place, packet, "the chains loop".to_owned()));
                    }
                    let goto = rule.goto;
                    stack.push(Frame {
                        chain,
                        next: 0,
                        led_by: Some(rule),
                        goto,
                    });
                }
                Effect::Return => {
                    while stack.pop().is_some_and(|left| left.goto) {}
                    written = written.min(stack.len());
                }
                Effect::Accept(kind, text) => {
                    let text = format!("{}: {text}", origin.path_from(written));
                    self.journey
                        .step(proven(kind, text, origin.source(), origin.raw()));
                    return Ok(());
                }
                Effect::End(stop) => {
                    let mut stop = *stop;
                    stop.evidence = Some(Evidence {
                        source: origin.source(),
                        raw: origin.raw().to_owned(),
                    });
                    if self.is_supposed_gone(&stop) {
                        continue;
                    }
                    self.write_path(&origin, &mut written);
                    return Err(self.stop(packet, stop));
                }
            }
        }
        self.policy(place, base, packet)
    }

    /// Ends this run, as nobody knows what a chain does which was not read, and remembers that it is needed.
    fn wish_for(
        &mut self,
        place: Place<'_>,
        base: BaseChain<'c>,
        chain: &Chain,
        packet: &Packet,
    ) -> Stopped {
        self.wishes.chains.insert(Wish {
            netns: place.netns,
            family: base.ruleset.family,
            table: base.table.kind,
            chain: chain.name.to_string(),
        });
        let table = base.table.kind.name();
        let why = format!("{} {table} {} was not read", tool(base), chain.name);
        self.undecided(place, packet, why)
    }

    /// Whether the packet meets the rule; asks the dice, or supposes, where the rule does not tell.
    fn takes(
        &mut self,
        place: Place<'_>,
        base: BaseChain<'c>,
        stack: &[Frame<'c>],
        written: &mut usize,
        rule: &'c Rule,
        packet: &Packet,
    ) -> Result<bool, Stopped> {
        let answer = self.meets(place, rule, packet);
        if matches!(rule.target, Target::None | Target::Log(_)) {
            // Taken or not, the packet goes on unchanged.
            return Ok(false);
        }
        match answer {
            Answer::No => Ok(false),
            Answer::Yes => Ok(true),
            Answer::Chance(share) => {
                // Taken or not, this is where the ways part: how the dice were reached is common to them.
                let origin = Origin { base, stack, rule };
                self.write_path(&origin, written);
                let shares = vec![share, 1.0 - share];
                let taken = self.choices.choose(Question::Balance(shares)) == 0;
                if taken {
                    let text = format!(
                        "rule {} takes {} of what reaches it: {}",
                        rule.number,
                        share_text(share),
                        origin.target()
                    );
                    let kind = StepKind::Balance;
                    self.journey
                        .step(proven(kind, text, origin.source(), origin.raw()));
                }
                Ok(taken)
            }
            Answer::Unknown(why) => {
                let origin = Origin { base, stack, rule };
                let what = format!("whether {} matches: {why}", origin.source());
                let key = format!("{:?} {}", place.netns, origin.source());
                let options = vec!["it does not match".to_owned(), "it matches".to_owned()];
                let taken = self.choices.suppose(&key, what, options) == 1;
                if taken {
                    self.write_path(&origin, written);
                    let text = format!("supposed to match, as {why}");
                    self.journey.step(proven(
                        StepKind::Unknown,
                        text,
                        origin.source(),
                        origin.raw(),
                    ));
                }
                Ok(taken)
            }
        }
    }

    /// What happens to a packet that no rule of a base chain stopped.
    fn policy(
        &mut self,
        place: Place<'_>,
        base: BaseChain<'c>,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        if base.chain.policy != Some(Policy::Drop) {
            return Ok(());
        }
        let table = table_name(base.table.kind);
        let chain = &base.chain.name;
        let why = format!("no rule of {table} {chain} accepts it, and the chain's policy is DROP");
        let mut stop = dropped(place, why);
        stop.evidence = Some(Evidence {
            source: tool(base),
            raw: format!("*{table} :{chain} DROP"),
        });
        if self.is_supposed_gone(&stop) {
            return Ok(());
        }
        Err(self.stop(packet, stop))
    }

    /// Writes down how the walk came to the rule of `origin`, as far as that has not been written yet.
    fn write_path(&mut self, origin: &Origin<'_, 'c>, written: &mut usize) {
        let unwritten = &origin.stack[(*written).min(origin.stack.len())..];
        let led: Vec<&Rule> = unwritten.iter().filter_map(|frame| frame.led_by).collect();
        *written = origin.stack.len();
        if led.is_empty() {
            return;
        }
        self.journey.step(origin.path_step());
    }
}

/// A rule, and how it was reached.
pub(super) struct Origin<'s, 'c> {
    pub base: BaseChain<'c>,
    stack: &'s [Frame<'c>],
    pub rule: &'c Rule,
}

impl<'c> Origin<'_, 'c> {
    fn chain(&self) -> &'c Chain {
        self.stack
            .last()
            .map_or(self.base.chain, |frame| frame.chain)
    }

    /// `iptables nat KUBE-SERVICES rule 12`, with the backend where both are in use.
    pub fn source(&self) -> String {
        let line = match self.rule.line {
            0 => String::new(),
            line => format!(" ({}:{line})", self.base.ruleset.origin),
        };
        format!(
            "{} {} {} rule {}{line}",
            tool(self.base),
            table_name(self.base.table.kind),
            self.chain().name,
            self.rule.number
        )
    }

    /// The rule's own line.
    pub fn raw(&self) -> &'c str {
        self.base.ruleset.line(self.chain(), self.rule)
    }

    /// The chain that the rule jumps to, or what else it does, in a word.
    fn target(&self) -> &'c str {
        match &self.rule.target {
            Target::Jump(chain) => chain,
            _ => "this rule's target",
        }
    }

    /// `nat PREROUTING rule 1 > KUBE-SERVICES rule 4 > KUBE-SVC-X rule 2`: how the rule was reached, from the chain at
    /// `written` on; what lies before it has been told.
    fn path_from(&self, written: usize) -> String {
        let mut text = match written {
            0 => format!("{} ", table_name(self.base.table.kind)),
            _ => String::new(),
        };
        let told = written
            .saturating_sub(1)
            .min(self.stack.len().saturating_sub(1));
        for (at, frame) in self.stack.iter().enumerate().skip(told) {
            if let Some(rule) = frame.led_by.filter(|_| at > told) {
                text.push_str(&format!(" rule {} > ", rule.number));
            }
            text.push_str(&frame.chain.name);
        }
        text.push_str(&format!(" rule {}", self.rule.number));
        text
    }

    /// The step that says through which chains the rule was reached; its evidence are the rules that jumped.
    fn path_step(&self) -> Step {
        let mut text = table_name(self.base.table.kind).to_owned();
        let mut raw = Vec::new();
        let mut comment = None;
        let mut from: Option<&Frame<'c>> = None;
        for frame in self.stack {
            if let (Some(rule), Some(from)) = (frame.led_by, from) {
                let line = self.base.ruleset.line(from.chain, rule);
                comment = comment_of(line).or(comment);
                raw.push(line);
                text.push_str(&format!(" rule {} >", rule.number));
            }
            text.push_str(&format!(" {}", frame.chain.name));
            from = Some(frame);
        }
        if let Some(comment) = comment {
            text.push_str(&format!(": {comment}"));
        }
        let mut path = step(StepKind::Rule, text);
        path.evidence = Some(Evidence {
            source: tool(self.base),
            raw: raw.join("\n"),
        });
        path
    }
}

/// The text of a rule's comment, as kube-proxy and flannel write them to say what the rule is for.
fn comment_of(line: &str) -> Option<String> {
    let rest = line.split_once("--comment ")?.1;
    match rest.strip_prefix('"') {
        None => rest.split_whitespace().next().map(str::to_owned),
        Some(quoted) => {
            let mut comment = String::new();
            let mut characters = quoted.chars();
            while let Some(character) = characters.next() {
                match character {
                    '"' => return Some(comment),
                    '\\' => comment.extend(characters.next()),
                    other => comment.push(other),
                }
            }
            Some(comment)
        }
    }
}

/// A share as people say it: `1/3` where it is one over a whole number, else a decimal.
pub(in crate::walk) fn share_text(share: f64) -> String {
    let parts = (1.0 / share).round();
    if share > 0.0 && parts <= 10_000.0 && (share * parts - 1.0).abs() < 1e-6 {
        format!("1/{parts}")
    } else {
        format!("{share:.6}")
    }
}

pub(super) fn tool(base: BaseChain<'_>) -> String {
    let family = match base.ruleset.family {
        crate::model::Family::V4 => "iptables",
        crate::model::Family::V6 => "ip6tables",
    };
    match base.ruleset.backend {
        Backend::Nft => family.to_owned(),
        Backend::Legacy => format!("{family}-legacy"),
    }
}

pub(super) fn table_name(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Raw => "raw",
        TableKind::Mangle => "mangle",
        TableKind::Nat => "nat",
        TableKind::Filter => "filter",
        TableKind::Security => "security",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_comments_with_escapes() {
        let line = r#"-A X -m comment --comment "dnat name: \"cbr0\" id: \"a\"" -j Y"#;
        assert_eq!(
            comment_of(line).as_deref(),
            Some("dnat name: \"cbr0\" id: \"a\"")
        );
        assert_eq!(
            comment_of("-A X -m comment --comment word -j Y").as_deref(),
            Some("word")
        );
        assert_eq!(comment_of("-A X -j Y"), None);
    }

    #[test]
    fn shares_read_as_fractions() {
        // 0.33333333349 is what iptables prints for a third: 715827883 of 2^31.
        assert_eq!(share_text(715_827_883.0 / 2_147_483_648.0), "1/3");
        assert_eq!(share_text(1.0), "1/1");
        assert_eq!(share_text(0.7), "0.700000");
    }
}
