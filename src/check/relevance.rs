//! Which findings have to do with the way of a packet.

use crate::model::Finding;
use crate::model::trace::{Hop, Path, Trace, Verdict};

/// Whether a finding lies on a way that does not end well.
pub fn on_the_way(finding: &Finding, trace: &Trace) -> bool {
    let failed = trace
        .paths
        .iter()
        .filter(|path| path.verdict != Verdict::Delivered);
    failed.into_iter().any(|path| lies_on(finding, path))
}

fn lies_on(finding: &Finding, path: &Path) -> bool {
    let hops: Vec<&Hop> = path.legs().flatten().collect();
    let place = &finding.place;
    let here = |hop: &&&Hop| {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&place.node, &hop.node) && is(&place.netns, &hop.netns)
    };
    let in_pod = place
        .netns
        .as_deref()
        .is_some_and(|name| name.starts_with("pod:"));
    if in_pod && hops.iter().any(|hop| here(&hop)) {
        return true;
    }
    if !finding.mentions.is_empty() {
        return hops.iter().any(|hop| {
            let mut words = finding.mentions.iter();
            words.any(|word| mentions(hop, word))
        });
    }
    let Some(device) = &place.device else {
        return hops.iter().any(|hop| here(&hop));
    };
    hops.iter().filter(here).any(|hop| mentions(hop, device))
}

/// Whether a stay has to do with something: a device that it came by, or what a step says or rests on.
fn mentions(hop: &Hop, word: &str) -> bool {
    let devices = hop.input.iter().chain(&hop.output);
    let mut devices = devices.map(String::as_str);
    devices.any(|device| device == word)
        || hop.steps.iter().any(|step| {
            let raw = step.evidence.as_ref().map(|fact| fact.raw.as_str());
            has_word(&step.text, word) || raw.is_some_and(|raw| has_word(raw, word))
        })
}

/// Whether a text has something as a word of its own: `10.42.1.0` is none of `10.42.1.0/24`, nor of `110.42.1.0`.
fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '-' | '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + word.len()..].chars();
        let next = after.next();
        // A sentence's own punctuation ends a word.
        let ends = match next {
            Some('.' | ':') => !after.next().is_some_and(joins),
            other => !other.is_some_and(joins),
        };
        !before.is_some_and(joins) && ends
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn words() {
        assert!(has_word("10.42.1.0 is aa: PERMANENT", "10.42.1.0"));
        assert!(has_word("next hop 10.42.1.0.", "10.42.1.0"));
        assert!(!has_word("10.42.1.0/24 dev cni0", "10.42.1.0"));
        assert!(!has_word("110.42.1.0", "10.42.1.0"));
        assert!(!has_word("flannel.10", "flannel.1"));
    }
}
