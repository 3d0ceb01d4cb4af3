//! The rules of a base chain and of the chains it jumps to, one by one (net/netfilter/nf_tables_core.c).
//!
//! What is written down are the rules that did something: those that end the chain, change the packet or its connection,
//! or throw dice; each with the chains through which it was reached.

use super::kube_proxy;
use super::rule::Effect;
use crate::model::nftables::{BaseChain, Chain, Declared, Policy, Rule, Ruleset, Table};
use crate::model::trace::{Evidence, Step, StepKind};
use crate::walk::journey::{proven, step};
use crate::walk::netfilter::{Place, dropped, share_text};
use crate::walk::packet::Packet;
use crate::walk::walker::{Stopped, Walk};

/// A base chain of a native table.
#[derive(Debug, Clone, Copy)]
pub(in crate::walk) struct NativeChain<'c> {
    pub ruleset: &'c Ruleset,
    pub table: &'c Table,
    pub chain: &'c Chain,
    pub base: &'c BaseChain,
}

/// Where the walk is in one chain.
pub(super) struct Frame<'c> {
    chain: &'c Chain,
    next: usize,
    /// The rule that led here, with the element that named the chain.
    led_by: Option<Led<'c>>,
    /// A goto leads from a frame that is not come back to.
    goto: bool,
}

/// A rule that led into another chain.
struct Led<'c> {
    rule: &'c Rule,
    elements: Vec<String>,
    /// What the element's or the rule's comment says.
    comment: Option<&'c str>,
}

/// A packet at a rule.
pub(super) struct Meeting<'m, 's, 'c> {
    pub place: Place<'m>,
    pub base: NativeChain<'c>,
    stack: &'s [Frame<'c>],
    pub rule: &'c Rule,
    pub packet: &'m mut Packet,
    /// How many frames of the way here have been written down.
    written: &'m mut usize,
    /// Elements that were found, as nft prints them.
    pub elements: Vec<String>,
    /// What the comment of the last of them says.
    pub comment: Option<&'c str>,
    /// The rule has asked for one of several protocols: ports are looked at whichever it is.
    pub any_transport: bool,
}

/// The kernel jumps no deeper (NFT_JUMP_STACK_SIZE, 16); gotos leave nothing behind.
const DEEPEST: usize = 512;
/// More rules than any packet meets in one hook.
const MOST_RULES: usize = 4_000_000;

impl NativeChain<'_> {
    /// Whether it can make a difference to any packet.
    pub fn matters(&self) -> bool {
        self.chain.declared != Declared::Whole
            || self.base.policy == Policy::Drop
            || !self.chain.rules.is_empty()
    }

    /// `ip kube-proxy filter-forward`.
    pub fn name(&self) -> String {
        let family = self.table.family.name();
        format!("{family} {} {}", self.table.name, self.chain.name)
    }
}

impl<'c> Walk<'c> {
    /// Takes the packet through a base chain and what it jumps to. An error is the packet's end.
    pub(in crate::walk) fn native_chain(
        &mut self,
        place: Place<'_>,
        base: NativeChain<'c>,
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
            if frame.chain.declared == Declared::ByName {
                return Err(self.chain_not_read(place, base, frame.chain, packet));
            }
            let Some(rule) = frame.chain.rules.get(frame.next) else {
                if frame.chain.declared == Declared::Partly {
                    let why = format!(
                        "{}: rules of the chain {} were lost",
                        base.ruleset.origin, frame.chain.name
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
            let mut meeting = Meeting {
                place,
                base,
                stack: &stack,
                rule,
                packet,
                written: &mut written,
                elements: Vec::new(),
                comment: None,
                any_transport: false,
            };
            match self.rule(&mut meeting) {
                Effect::Next => {}
                Effect::Enter { chain, goto } => {
                    let led = Led {
                        rule,
                        elements: std::mem::take(&mut meeting.elements),
                        comment: meeting.comment.or(rule.comment.as_deref()),
                    };
                    if stack.len() >= DEEPEST {
                        return Err(self.undecided(place, packet, "the chains loop".to_owned()));
                    }
                    let Some(chain) = base.table.chain(chain) else {
                        let why = format!("the chain {chain} was not read");
                        return Err(self.undecided(place, packet, why));
                    };
                    stack.push(Frame {
                        chain,
                        next: 0,
                        led_by: Some(led),
                        goto,
                    });
                }
                Effect::Return => {
                    while stack.pop().is_some_and(|left| left.goto) {}
                    written = written.min(stack.len());
                }
                Effect::Accept(kind, text) => {
                    let text = format!("{}: {text}", meeting.path_from());
                    let noted = proven(kind, text, meeting.source(), &meeting.raw());
                    self.journey.step(noted);
                    return Ok(());
                }
                Effect::End(stop) => {
                    let mut stop = *stop;
                    stop.evidence = Some(Evidence {
                        source: meeting.source(),
                        raw: meeting.raw(),
                    });
                    if self.is_supposed_gone(&stop) {
                        continue;
                    }
                    self.write_native_path(&mut meeting);
                    return Err(self.stop(packet, stop));
                }
            }
        }
        if base.base.policy == Policy::Accept {
            return Ok(());
        }
        let name = base.name();
        let why = format!("no rule of {name} accepts it, and the chain's policy is drop");
        let mut stop = dropped(place, why);
        let priority = base.base.priority;
        stop.evidence = Some(Evidence {
            source: format!("nft {name}"),
            raw: format!(
                "type filter hook {} priority {priority}; policy drop;",
                base.base.hook
            ),
        });
        if self.is_supposed_gone(&stop) {
            return Ok(());
        }
        Err(self.stop(packet, stop))
    }

    /// Nobody knows what a chain does which was not read.
    fn chain_not_read(
        &mut self,
        place: Place<'_>,
        base: NativeChain<'c>,
        chain: &Chain,
        packet: &Packet,
    ) -> Stopped {
        let family = base.table.family.name();
        let why = format!(
            "nft {family} {} {} was not read",
            base.table.name, chain.name
        );
        self.undecided(place, packet, why)
    }

    /// Writes down how the walk came to the rule, as far as that has not been written yet.
    pub(super) fn write_native_path(&mut self, meeting: &mut Meeting<'_, '_, 'c>) {
        let stack = meeting.stack;
        let unwritten = &stack[(*meeting.written).min(stack.len())..];
        let led = unwritten.iter().any(|frame| frame.led_by.is_some());
        *meeting.written = stack.len();
        if led {
            self.journey.step(meeting.path_step());
        }
    }

    /// Writes a step of the rule down, with the way to it.
    pub(super) fn note(&mut self, meeting: &mut Meeting<'_, '_, 'c>, kind: StepKind, text: String) {
        self.write_native_path(meeting);
        self.journey
            .step(proven(kind, text, meeting.source(), &meeting.raw()));
    }

    /// Writes down which way the dice took.
    pub(super) fn note_balance(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        share: f64,
        how: &str,
        gets: &str,
    ) {
        let number = meeting.rule.number;
        let text = format!(
            "rule {number}, {how}: {} of what reaches it gets {gets}",
            share_text(share)
        );
        self.note(meeting, StepKind::Balance, text);
    }
}

impl<'c> Meeting<'_, '_, 'c> {
    fn chain(&self) -> &'c Chain {
        self.stack
            .last()
            .map_or(self.base.chain, |frame| frame.chain)
    }

    /// `nft ip kube-proxy services rule 2 (handle 52)`: by its handle nft names it too.
    pub fn source(&self) -> String {
        let handle = match self.rule.handle {
            Some(handle) => format!(" (handle {handle})"),
            None => String::new(),
        };
        format!(
            "nft {} {} {} rule {}{handle}",
            self.base.table.family.name(),
            self.base.table.name,
            self.chain().name,
            self.rule.number
        )
    }

    /// The rule as nft prints it, and the elements that it found.
    pub fn raw(&self) -> String {
        with_elements(self.rule, &self.elements)
    }

    /// `nft kube-proxy nat-prerouting rule 1 > services rule 2 > service-X rule 1`; what was written is left out.
    fn path_from(&self) -> String {
        let written = *self.written;
        let mut text = match written {
            0 => format!("nft {} ", self.base.table.name),
            _ => String::new(),
        };
        let told = written
            .saturating_sub(1)
            .min(self.stack.len().saturating_sub(1));
        for (at, frame) in self.stack.iter().enumerate().skip(told) {
            if let Some(led) = frame.led_by.as_ref().filter(|_| at > told) {
                text.push_str(&format!(" rule {} > ", led.rule.number));
            }
            text.push_str(&frame.chain.name);
        }
        text.push_str(&format!(" rule {}", self.rule.number));
        text
    }

    /// The step that says through which chains the rule was reached; its evidence are the rules that jumped.
    fn path_step(&self) -> Step {
        let table = self.base.table;
        let mut text = format!("nft {}", table.name);
        let mut raw = Vec::new();
        let mut comment = None;
        for frame in self.stack {
            if let Some(led) = &frame.led_by {
                comment = led.comment.map(str::to_owned).or(comment);
                raw.push(with_elements(led.rule, &led.elements));
                text.push_str(&format!(" rule {} >", led.rule.number));
            }
            comment = kube_proxy::purpose(&table.name, &frame.chain.name).or(comment);
            text.push_str(&format!(" {}", frame.chain.name));
        }
        if let Some(comment) = comment {
            text.push_str(&format!(": {comment}"));
        }
        let mut path = step(StepKind::Rule, text);
        path.evidence = Some(Evidence {
            source: format!("nft {} {}", table.family.name(), table.name),
            raw: raw.join("\n"),
        });
        path
    }
}

fn with_elements(rule: &Rule, elements: &[String]) -> String {
    let mut text = rule.to_string();
    for element in elements {
        text.push_str(&format!("\n  element {{ {element} }}"));
    }
    text
}
