//! Rulesets in short, and how they are loaded: each rule gets a counter and a comment with its number, by which its
//! place in a trace is found again.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::{Place, Scene};

/// Lines of a ruleset: `table FAMILY NAME`, `chain NAME [type ...]`, `set NAME ...` and so on, and `CHAIN: RULE`,
/// where `;;` is before what the rule does: the counter stands there.
#[derive(Debug, Clone)]
pub struct Ruleset {
    pub text: String,
}

impl Ruleset {
    pub fn new(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Self {
            text: lines.map(|line| format!("{line}\n")).collect(),
        }
    }
}

/// Rules that are in the router now.
pub struct Loaded {
    /// Every rule's line, by number.
    pub rules: BTreeMap<u32, String>,
}

/// Packets that each rule has met, by number.
pub type Counts = BTreeMap<u32, u64>;

/// Puts exactly these rules into the router.
pub fn load(
    scene: &Scene,
    rulesets: &[Ruleset],
    _: &mut BTreeSet<(bool, bool)>,
) -> Result<Loaded, String> {
    let mut rules = BTreeMap::new();
    let mut script = "flush ruleset\n".to_owned();
    for ruleset in rulesets {
        script.push_str(&in_full(&ruleset.text, &mut rules));
    }
    scene
        .tool(Place::Router, "nft", &["-f", "-"], &script)
        .map_err(|said| format!("nft: {said}\n{script}"))?;
    Ok(Loaded { rules })
}

/// What nft is told.
fn in_full(text: &str, rules: &mut BTreeMap<u32, String>) -> String {
    let mut script = String::new();
    let mut rest = String::new();
    let mut table = "";
    for line in text.lines() {
        let (word, more) = line.split_once(' ').unwrap();
        match word {
            "table" => {
                table = more;
                script.push_str(&format!("add table {table}\n"));
            }
            "chain" => match more.split_once(' ') {
                Some((name, base)) => {
                    script.push_str(&format!("add chain {table} {name} {{ {base}; }}\n"));
                }
                None => script.push_str(&format!("add chain {table} {more}\n")),
            },
            "set" | "map" | "counter" | "quota" | "flowtable" => {
                let (name, content) = more.split_once(' ').unwrap();
                // Maps name chains, which must be there first.
                rest.push_str(&format!("add {word} {table} {name} {{ {content}; }}\n"));
            }
            chain => {
                let chain = chain.strip_suffix(':').unwrap();
                let number = rules.len() as u32 + 1;
                rules.insert(number, line.to_owned());
                let (asks, does) = more.split_once(";;").unwrap();
                let (asks, does) = (asks.trim(), does.trim());
                rest.push_str(&format!(
                    "add rule {table} {chain} {asks} counter {does} comment \"rule{number}\"\n"
                ));
            }
        }
    }
    script + &rest
}

/// The numbers of the rules whose lines stand in a text.
pub fn numbers(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split_whitespace()
        .filter_map(|word| word.trim_matches('"').strip_prefix("rule")?.parse().ok())
}

impl Loaded {
    /// What the rules have met until now.
    pub fn counts(&self, scene: &Scene) -> Counts {
        let text = scene
            .tool(Place::Router, "nft", &["list", "ruleset"], "")
            .unwrap();
        let mut counts = Counts::new();
        for line in text.lines() {
            let Some(number) = numbers(line).last() else {
                continue;
            };
            let (_, rest) = line.split_once("counter packets ").unwrap();
            let packets = rest.split(' ').next().unwrap().parse().unwrap();
            counts.insert(number, packets);
        }
        counts
    }
}

/// What was added.
pub fn added(before: &Counts, after: &Counts) -> Counts {
    after
        .iter()
        .map(|(number, packets)| (*number, packets - before.get(number).copied().unwrap_or(0)))
        .filter(|(_, packets)| *packets > 0)
        .collect()
}

/// Whether a trace names a rule whenever a packet meets it: those that end something, translate, or change what is there
/// in any case. A translation of one family passes the packets of the other.
pub fn always_named(rule: &str) -> bool {
    let does = rule.split_once(";;").map_or("", |(_, does)| does.trim());
    let mut words = does.split(' ');
    match (words.next(), words.next()) {
        (Some("accept" | "drop" | "reject" | "masquerade"), _) => true,
        (Some("dnat" | "snat" | "redirect"), next) => !matches!(next, Some("ip" | "ip6")),
        _ => does.starts_with("meta mark set meta mark ^ "),
    }
}
