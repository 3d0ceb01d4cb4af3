//! The text of `iptables-save`, as chains.

use std::collections::BTreeMap;

/// Rules by table and chain.
pub type Chains = BTreeMap<(String, String), Vec<String>>;

/// The chains of a text, without counters; with `iptables-save` chains that hold nothing are there, too.
pub fn chains_of(save: &str) -> Chains {
    let mut chains = Chains::new();
    let mut table = String::new();
    for line in save.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table = name.to_owned();
        } else if let Some(declaration) = line.strip_prefix(':') {
            let chain = declaration.split(' ').next().unwrap();
            chains.entry((table.clone(), chain.to_owned())).or_default();
        } else {
            let rule = match line.strip_prefix('[') {
                Some(counted) => counted.split_once("] ").unwrap().1,
                None => line,
            };
            if let Some(rule) = rule.strip_prefix("-A ") {
                let (chain, rule) = rule.split_once(' ').unwrap();
                chains
                    .get_mut(&(table.clone(), chain.to_owned()))
                    .unwrap()
                    .push(rule.to_owned());
            }
        }
    }
    chains
}
