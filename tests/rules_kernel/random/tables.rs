//! Whole rulesets at random.

use kubenet::model::iptables::Backend;

use super::conditions::condition;
use super::dice::Dice;
use super::draft::{Draft, Spot};
use super::ground::Ground;
use super::targets::{target, witness};
use crate::rules::Ruleset;

struct Table {
    name: &'static str,
    hooks: &'static [&'static str],
    /// Hooks whose packets may share chains: a translation fits some hooks only.
    kin: &'static [&'static [&'static str]],
    /// Of a hundred rulesets, how many have it.
    share: usize,
}

const EVERYWHERE: &[&str] = &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
const FILTER: &[&str] = &["INPUT", "FORWARD", "OUTPUT"];

const TABLES: [Table; 5] = [
    Table {
        name: "raw",
        hooks: &["PREROUTING", "OUTPUT"],
        kin: &[&["PREROUTING", "OUTPUT"]],
        share: 35,
    },
    Table {
        name: "mangle",
        hooks: EVERYWHERE,
        kin: &[EVERYWHERE],
        share: 80,
    },
    Table {
        name: "nat",
        hooks: &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
        kin: &[
            &["PREROUTING", "OUTPUT"],
            &["POSTROUTING"],
            &["INPUT", "POSTROUTING"],
        ],
        share: 75,
    },
    Table {
        name: "filter",
        hooks: FILTER,
        kin: &[FILTER],
        share: 70,
    },
    Table {
        name: "security",
        hooks: FILTER,
        kin: &[FILTER],
        share: 20,
    },
];

/// User chains lead to later ones only, as the kernel takes no loops.
const CHAINS: [&str; 4] = ["ONE", "TWO", "THREE", "FOUR"];

/// Rules for one backend or both.
pub fn rulesets(dice: &mut Dice, ground: Ground) -> Vec<Ruleset> {
    let backends: &[Backend] = match dice.below(10) {
        0 => &[Backend::Nft, Backend::Legacy],
        1..=4 => &[Backend::Legacy],
        _ => &[Backend::Nft],
    };
    let ruleset = |backend: &Backend| Ruleset::new(*backend, ground.family, &tables(dice, ground));
    backends.iter().map(ruleset).collect()
}

fn tables(dice: &mut Dice, ground: Ground) -> String {
    let mut text = String::new();
    for table in &TABLES {
        if dice.chance(table.share) {
            one_table(dice, ground, table, &mut text);
        }
    }
    text
}

fn one_table(dice: &mut Dice, ground: Ground, table: &'static Table, text: &mut String) {
    let kin = dice.one(table.kin);
    let own = &CHAINS[..dice.below(CHAINS.len() + 1)];
    let mut add = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    add(format!("*{}", table.name));
    for hook in table.hooks {
        let drops = table.name != "nat" && dice.chance(3);
        let policy = if drops { "DROP" } else { "ACCEPT" };
        add(format!(":{hook} {policy} [0:0]"));
    }
    for chain in own {
        add(format!(":{chain} - [0:0]"));
    }
    let spot = |chain, hooks, chains| Spot {
        ground,
        table: table.name,
        chain,
        hooks,
        chains,
    };
    for at in 0..table.hooks.len() {
        let hook = table.hooks[at];
        if table.name == "mangle" && matches!(hook, "INPUT" | "POSTROUTING") && dice.chance(60) {
            witnesses(dice, ground, hook).into_iter().for_each(&mut add);
        }
        let leads_to = if kin.contains(&hook) { own } else { &[] };
        let spot = spot(hook, &table.hooks[at..=at], leads_to);
        for _ in 0..dice.below(5) {
            add(rule(dice, &spot));
        }
    }
    for (at, chain) in own.iter().enumerate() {
        let spot = spot(chain, kin, &own[at + 1..]);
        if dice.chance(50) {
            add(format!("-A {chain} {}", witness()));
        }
        for _ in 0..1 + dice.below(4) {
            add(rule(dice, &spot));
        }
        if dice.chance(30) {
            add(format!("-A {chain} {}", witness()));
        }
    }
    add("COMMIT".to_owned());
}

fn rule(dice: &mut Dice, spot: &Spot<'_>) -> String {
    let mut draft = Draft::default();
    for _ in 0..dice.below(3) {
        condition(dice, spot, &mut draft);
    }
    let target = target(dice, spot, &mut draft);
    draft.line(spot, &target)
}

/// Rules whose counters tell what the packet looks like at the end of its way: mark, connection mark, TOS, TTL, length.
fn witnesses(dice: &mut Dice, ground: Ground, hook: &str) -> Vec<String> {
    let ttl = ground.spell("-m ttl --ttl-eq", "-m hl --hl-eq");
    let mut all = vec![
        "-m mark --mark 0x1/0x1".to_owned(),
        "-m mark --mark 0x2/0x2".to_owned(),
        "-m mark --mark 0x4/0x4".to_owned(),
        "-m connmark --mark 0x1/0x1".to_owned(),
        "-m connmark --mark 0x2/0x2".to_owned(),
        "-m tos --tos 0x10/0x10".to_owned(),
        "-m tos --tos 0x08/0x0c".to_owned(),
        "-m length --length 48:60".to_owned(),
        "-m conntrack --ctstate DNAT".to_owned(),
        "-m conntrack --ctstate NEW".to_owned(),
    ];
    all.extend(["64", "63", "70"].map(|value| format!("{ttl} {value}")));
    all.retain(|_| dice.chance(50));
    all.iter()
        .map(|condition| format!("-A {hook} {condition} {}", witness()))
        .collect()
}
