//! A rule in the making, such that iptables takes it: nothing is asked twice, and ports are asked of a protocol that has
//! them.

use super::dice::Dice;
use super::ground::Ground;

/// Where a rule is to stand.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    pub ground: Ground,
    pub table: &'static str,
    pub chain: &'a str,
    /// The hooks from which packets may come to it.
    pub hooks: &'static [&'static str],
    /// The chains that it may lead to.
    pub chains: &'a [&'static str],
}

impl Spot<'_> {
    /// Whether packets come from these hooks only.
    pub fn only(&self, hooks: &[&str]) -> bool {
        self.hooks.iter().all(|hook| hooks.contains(hook))
    }
}

#[derive(Debug, Default)]
pub struct Draft {
    protocol: Option<&'static str>,
    words: String,
    asked: Vec<&'static str>,
}

impl Draft {
    /// Adds words, unless something of that name has been asked already.
    pub fn ask(&mut self, what: &'static str, words: String) {
        if !self.asked.contains(&what) {
            self.asked.push(what);
            self.words.push(' ');
            self.words.push_str(&words);
        }
    }

    /// Asks for the protocol, if none is asked for yet.
    pub fn of_protocol(&mut self, protocol: &'static str) {
        self.protocol.get_or_insert(protocol);
    }

    /// The protocol with ports that is asked for, now if not before; `None` when one without ports is.
    pub fn with_ports(&mut self, dice: &mut Dice) -> Option<&'static str> {
        self.of_protocol(dice.one(&["udp", "udp", "tcp"]));
        self.ports()
    }

    /// The protocol with ports that is asked for.
    pub fn ports(&self) -> Option<&'static str> {
        self.protocol
            .filter(|protocol| matches!(*protocol, "udp" | "tcp"))
    }

    /// The whole line.
    pub fn line(&self, spot: &Spot<'_>, target: &str) -> String {
        let protocol = self
            .protocol
            .map(|protocol| format!(" -p {protocol}"))
            .unwrap_or_default();
        format!("-A {}{protocol}{} {target}", spot.chain, self.words)
            .trim_end()
            .to_owned()
    }
}
