//! How a chain of kube-proxy's spreads connections over endpoints: by `-m statistic`, each rule taking its part of what
//! the rules before it left (net/netfilter/xt_statistic.c), after `-m recent` has sent clients to where they were before
//! (net/netfilter/xt_recent.c).

use std::net::SocketAddr;

use crate::model::iptables::{Match, RecentAction, Rule, Target};

/// What the names of endpoints' chains begin with.
const ENDPOINT: &str = "KUBE-SEP-";

/// The shares of a chain's endpoints.
#[derive(Debug, Default)]
pub struct Balance<'r> {
    /// Rules that take a part of new clients.
    pub shares: Vec<Share<'r>>,
    /// Rules that keep a client where it was.
    pub remembered: Vec<Remembered<'r>>,
    /// The part of new clients which no rule takes.
    pub left: f64,
    /// Rules whose part cannot be told, so that the shares after them cannot either.
    pub unclear: Vec<u32>,
}

/// A rule that takes a part.
#[derive(Debug, Clone, Copy)]
pub struct Share<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The chain of the endpoint.
    pub chain: &'r str,
    /// The part of all new clients, from 0 to 1.
    pub probability: f64,
}

/// A rule that keeps clients.
#[derive(Debug, Clone, Copy)]
pub struct Remembered<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The chain of the endpoint.
    pub chain: &'r str,
    /// For how long.
    pub seconds: Option<u32>,
}

impl<'r> Balance<'r> {
    /// That of a chain's rules.
    pub fn of(rules: &'r [Rule]) -> Self {
        let mut balance = Self {
            left: 1.0,
            ..Self::default()
        };
        for rule in rules {
            balance.add(rule);
        }
        balance
    }

    fn add(&mut self, rule: &'r Rule) {
        let Target::Jump(chain) = &rule.target else {
            if !matches!(rule.target, Target::None | Target::Log(_)) {
                self.unclear.push(rule.number);
            }
            return;
        };
        if !chain.starts_with(ENDPOINT) {
            // KUBE-MARK-MASQ comes back.
            return;
        }
        match rule.matches.as_slice() {
            [] if is_unconditional(rule) => self.take(rule, chain, 1.0),
            [
                Match::Random {
                    negate: false,
                    probability,
                },
            ] if is_unconditional(rule) => {
                self.take(
                    rule,
                    chain,
                    f64::from(*probability) / f64::from(1_u32 << 31),
                );
            }
            [
                Match::Recent {
                    negate: false,
                    action: RecentAction::Check | RecentAction::Update,
                    seconds,
                    ..
                },
            ] => self.remembered.push(Remembered {
                rule,
                chain,
                seconds: *seconds,
            }),
            _ => self.unclear.push(rule.number),
        }
    }

    fn take(&mut self, rule: &'r Rule, chain: &'r str, part: f64) {
        let probability = self.left * part;
        self.left -= probability;
        self.shares.push(Share {
            rule,
            chain,
            probability,
        });
    }
}

/// Whether the rule asks nothing of addresses, devices and protocols.
pub fn is_unconditional(rule: &Rule) -> bool {
    rule.source.is_none()
        && rule.destination.is_none()
        && rule.in_interface.is_none()
        && rule.out_interface.is_none()
        && rule.protocol.is_none()
        && rule.fragment.is_none()
}

/// Where an endpoint's chain sends packets: the rule, and the one address and port that it translates to.
pub fn destination(rules: &[Rule]) -> Option<(&Rule, SocketAddr)> {
    rules.iter().find_map(|rule| {
        let Target::Dnat(range) = &rule.target else {
            return None;
        };
        let (first, last) = range.addresses?;
        let ports = range.ports?;
        (first == last && ports.first == ports.last)
            .then(|| (rule, SocketAddr::new(first, ports.first)))
    })
}

/// Whether an endpoint's chain notes its clients (`-m recent --set`).
pub fn notes_clients(rules: &[Rule]) -> bool {
    let mut matches = rules.iter().flat_map(|rule| &rule.matches);
    matches.any(|one| {
        matches!(
            one,
            Match::Recent {
                action: RecentAction::Set,
                ..
            }
        )
    })
}
