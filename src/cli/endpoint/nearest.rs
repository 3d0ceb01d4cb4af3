//! "Did you mean": the names nearest to one that is not known.

/// At most three names that the typed one may have been meant for, the nearest first.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // A third of the letters wrong is a slip, more is another name.
    let tolerance = (typed.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(typed, name);
            let part = !typed.is_empty()
                && (name.contains(typed) || (name.len() > 3 && typed.contains(name)));
            (distance <= tolerance || part).then_some((distance, name))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The hint that goes with an unknown name.
pub fn hint(typed: &str, names: &[String], list_with: &str) -> String {
    let near = nearest(typed, names.iter().map(String::as_str));
    let list = format!("`kubenet {list_with}` lists what there is");
    match near.as_slice() {
        [] => list,
        [one] => format!("did you mean {one}? {list}"),
        [all @ .., last] => format!("did you mean {} or {last}? {list}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_parts() {
        let names = ["nginx-test", "nginx-test-1", "postgres", "redis"];
        assert_eq!(nearest("ngixn-test", names), ["nginx-test", "nginx-test-1"]);
        assert_eq!(nearest("postgre", names), ["postgres"]);
        assert_eq!(nearest("nginx", names), ["nginx-test", "nginx-test-1"]);
        assert!(nearest("kafka", names).is_empty());
    }
}
