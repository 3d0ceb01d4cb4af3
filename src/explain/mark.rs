//! What a packet's mark means: whose bits it has, which rules set and ask them, and what routing and IPVS make of it.

use super::article::{Article, Item};
use super::{native, sweep, who, words};
use crate::model::iptables::{Match, Target};
use crate::model::nftables::{BinaryOperation, Expression, Operand, Statement};
use crate::model::{Cluster, Takes};

/// Bits that programs take for themselves, as their documents and sources say: kube-proxy's by
/// `--iptables-masquerade-bit` (14) and, up to 1.24, `--iptables-drop-bit` of the kubelet (15).
const KNOWN: &[(u32, &str)] = &[
    (
        0x4000,
        "kube-proxy: the source has to become this node's address (KUBE-MARK-MASQ; bit 14, --masquerade-bit)",
    ),
    (
        0x8000,
        "kubelet and kube-proxy up to Kubernetes 1.24: the packet is to be dropped (KUBE-MARK-DROP; bit 15)",
    ),
    (
        0x2000,
        "the CNI portmap plugin: a host port's connection has to be masqueraded (CNI-HOSTPORT-SETMARK; bit 13)",
    ),
    (
        0x1_0000,
        "kube-router's network policies: a policy allows the packet",
    ),
    (
        0x2_0000,
        "kube-router's network policies: the packet passed the policies of its pod",
    ),
    (
        0x4_0000,
        "Tailscale: the packet came in by its tunnel, and is masqueraded",
    ),
    (
        0x8_0000,
        "Tailscale: its own packets, which do not go into the tunnel again",
    ),
];

/// Explains a mark.
pub fn explain(cluster: &Cluster, mark: u32) -> Article {
    let mut article = Article::new("mark", format!("{mark:#x}"));
    article.fact("mark", mark);
    if mark == 0 {
        article.say("No mark: what every packet has until something sets one.");
    }
    let known: Vec<Item> = KNOWN
        .iter()
        .filter(|(bits, _)| mark & bits != 0)
        .map(|(bits, what)| Item::of(format!("{bits:#x}"), *what))
        .collect();
    let left = KNOWN.iter().fold(mark, |left, (bits, _)| left & !bits);
    if left != 0 && !known.is_empty() {
        article.say(format!(
            "Of its bits {left:#x} are no program's that is known here."
        ));
    } else if left != 0 {
        article.say(
            "No program is known here that uses these bits: the rules below are all there is.",
        );
    }
    article.section("Whose bits they are by convention", known);
    rules(cluster, mark, &mut article);
    article.not_seen.extend(sweep::unread(cluster));
    article
}

fn rules(cluster: &Cluster, mark: u32, article: &mut Article) {
    let (mut set, mut asked) = (Vec::new(), Vec::new());
    for found in sweep::rules(cluster) {
        let node = cluster.node_name(found.netns);
        let item = || {
            let text = format!("{}: {}", found.place(), words::rule(found.rule));
            Item::of(node, text).seen("iptables", found.line())
        };
        match found.rule.target {
            Target::Mark { value, mask } if touches(mark, value, mask) => set.push(item()),
            _ => {}
        }
        let asks = |one: &Match| match one {
            Match::Mark { value, mask, .. } => touches(mark, *value, *mask),
            _ => false,
        };
        if found.rule.matches.iter().any(asks) {
            asked.push(item());
        }
    }
    for found in sweep::native(cluster) {
        let node = cluster.node_name(found.netns);
        let item = || {
            let text = format!("{}: {}", found.place(), native::words::rule(found.rule));
            Item::of(node, text).seen("nft list", found.rule.to_string())
        };
        for statement in &found.rule.statements {
            match statement {
                Statement::Assign { target, value }
                    if is_mark(target) && bits(value) & mark != 0 =>
                {
                    set.push(item());
                }
                Statement::Match { left, right, .. } if asks(left, right) & mark != 0 => {
                    asked.push(item());
                }
                _ => {}
            }
        }
    }
    article.section("Rules that set it", set);
    article.section("Rules that ask for it", asked);
    let mut other = Vec::new();
    for host in who::hosts(cluster) {
        let netns = cluster.netns(host);
        let node = cluster.node_name(host);
        let rules = netns.rules4.iter().chain(&netns.rules6).flatten();
        for rule in rules {
            if let Some((value, mask)) = rule.fwmark
                && touches(mark, value, mask)
            {
                other.push(
                    Item::of(node, format!("ip rule {}", rule.raw))
                        .seen("ip rule", rule.raw.as_str()),
                );
            }
        }
        for server in netns.virtual_servers.iter().flatten() {
            if matches!(server.takes, Takes::Mark { mark: its, .. } if its == mark) {
                let text = "a virtual server of IPVS takes what carries it";
                other.push(Item::of(node, text).seen("ipvsadm -Sn", server.raw.as_str()));
            }
        }
    }
    article.section("Routing and virtual servers by it", other);
}

/// Whether a rule with that value and mask has to do with any bit of the mark.
fn touches(mark: u32, value: u32, mask: u32) -> bool {
    (value | mask_of(value, mask)) & mark != 0
}

/// The bits that are looked at; of a whole mark those that are set.
fn mask_of(value: u32, mask: u32) -> u32 {
    if mask == u32::MAX { value } else { mask }
}

fn is_mark(target: &Expression) -> bool {
    matches!(target, Expression::Meta(key) if &**key == "mark")
}

/// The bits that an expression over the mark has to do with.
fn bits(of: &Expression) -> u32 {
    match of {
        Expression::Constant(_, value) => value
            .value()
            .and_then(|bits| u32::try_from(bits).ok())
            .unwrap_or(0),
        Expression::Binary {
            operation: BinaryOperation::Or | BinaryOperation::Xor | BinaryOperation::And,
            left,
            right,
        } => bits(left) | bits(right),
        _ => 0,
    }
}

fn asks(left: &Expression, right: &Operand) -> u32 {
    match (left, right) {
        (Expression::Binary { left, right, .. }, _) if is_mark(left) => bits(right),
        (left, Operand::Constant(types, values)) if is_mark(left) => {
            let constants = types.iter().zip(values);
            constants.fold(0, |all, (datatype, value)| {
                all | bits(&Expression::Constant(*datatype, *value))
            })
        }
        _ => 0,
    }
}
