//! Counted connections against predicted shares.

use std::collections::BTreeMap;

/// What disagrees between counts and probabilities: five standard deviations, so that one honest comparison in a
/// million fails.
///
/// With `sticky` (session affinity) the first choice of a client stays, so only what is possible is compared.
pub fn compare_shares(
    what: &str,
    counted: &BTreeMap<String, u32>,
    predicted: &BTreeMap<String, f64>,
    sticky: bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let total: u32 = counted.values().sum();
    let n = f64::from(total);
    for (key, count) in counted {
        match predicted.get(key) {
            None => wrong.push(format!(
                "{what} {key} was seen {count} times, predicted are {predicted:?}"
            )),
            Some(_) if sticky => {}
            Some(p) => {
                let bound = 5.0 * (n * p * (1.0 - p)).max(0.0).sqrt() + 1e-6 * n;
                if (f64::from(*count) - n * p).abs() > bound {
                    wrong.push(format!("{what} {key}: {count} of {total}, predicted {p}"));
                }
            }
        }
    }
    for (key, p) in predicted {
        if !sticky && *p > 0.0 && !counted.contains_key(key) {
            wrong.push(format!(
                "{what} {key} is predicted with {p}, and was never seen: {counted:?}"
            ));
        }
    }
    wrong
}
