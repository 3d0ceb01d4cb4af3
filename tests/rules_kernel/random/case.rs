//! A case: what is loaded, and a packet that is sent through it.

use super::dice::Dice;
use super::ground::Ground;
use super::shrink::smallest;
use super::{sets, tables};
use crate::judge::Bench;
use crate::rules::Ruleset;
use crate::scene::Place;

#[derive(Debug, Clone)]
pub struct Case {
    pub ground: Ground,
    elements: Vec<String>,
    rulesets: Vec<Ruleset>,
}

impl Case {
    pub fn at_random(dice: &mut Dice, ground: Ground) -> Self {
        Self {
            ground,
            elements: sets::elements(dice, ground),
            rulesets: tables::rulesets(dice, ground),
        }
    }

    /// Puts sets and rules in the place of those that were there before.
    pub fn load(&self, bench: &mut Bench) -> Result<(), String> {
        let elements = sets::restore(self.ground, &self.elements);
        bench
            .scene
            .tool(Place::Router, "ipset", &["-exist", "restore"], &elements)?;
        // Which of two backends is asked first is not known, and where all ends alike the trace names the rules of one
        // order only.
        bench.lenient = self.rulesets.len() > 1;
        bench.try_load(&self.rulesets)
    }

    /// The same case without the rules and elements that it still fails without.
    pub fn smallest(&self, mut fails: impl FnMut(&Self) -> bool) -> Self {
        let mut case = self.clone();
        for which in 0..case.rulesets.len() {
            let whole = case.clone();
            let lines: Vec<String> = lines(&whole.rulesets[which].text);
            let with = |kept: &[String]| {
                let mut fewer = whole.clone();
                fewer.rulesets[which].text = kept.concat();
                fewer
            };
            let (rules, frame): (Vec<usize>, Vec<usize>) =
                (0..lines.len()).partition(|at| lines[*at].starts_with("-A"));
            let pick = |rules: &[usize]| -> Vec<String> {
                let mut kept: Vec<usize> = rules.iter().chain(&frame).copied().collect();
                kept.sort_unstable();
                kept.into_iter().map(|at| lines[at].clone()).collect()
            };
            let kept = smallest(&rules, |left| fails(&with(&pick(left))));
            case = with(&pick(&kept));
        }
        let whole = case.clone();
        let with = |elements: &[String]| Self {
            elements: elements.to_vec(),
            ..whole.clone()
        };
        let elements = smallest(&whole.elements, |left| fails(&with(left)));
        with(&elements)
    }

    /// As it is written down: tables that have no rule and no policy of their own are left out.
    pub fn text(&self) -> String {
        let mut text = self.elements.join("\n");
        for ruleset in &self.rulesets {
            text.push_str(&format!("\n{:?} {:?}\n", ruleset.backend, ruleset.family));
            for table in ruleset.text.split_inclusive("COMMIT\n") {
                if table.contains("\n-A") || table.contains(" DROP ") {
                    text.push_str(table);
                }
            }
        }
        text
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| format!("{line}\n")).collect()
}
