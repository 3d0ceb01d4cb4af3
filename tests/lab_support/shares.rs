//! Counted connections against predicted shares, by exact probabilities.

use std::collections::BTreeMap;

/// A count that is this improbable, or more so, is taken to disprove the prediction: of a hundred million honest counts
/// one is.
const IMPROBABLE: f64 = 1e-8;

/// So many connections meet a way of this share, or its absence is improbable enough to disprove it.
pub fn enough_for(share: f64) -> u32 {
    if share >= 1.0 {
        return 1;
    }
    (IMPROBABLE.ln() / (1.0 - share).ln()).ceil() as u32
}

/// What disagrees between counts and shares. With `sticky` (session affinity) a client's first choice stays, so only what
/// is possible is compared.
pub fn compare(
    what: &str,
    counted: &BTreeMap<String, u32>,
    predicted: &BTreeMap<String, f64>,
    sticky: bool,
) -> Vec<String> {
    let total = counted.values().sum();
    let unforeseen = counted
        .iter()
        .filter(|(key, _)| predicted.get(*key).is_none_or(|share| *share <= 0.0))
        .map(|(key, count)| {
            format!("{what} {key} was seen {count} times, predicted are {predicted:?}")
        });
    let off = predicted
        .iter()
        .filter(|_| !sticky)
        .filter_map(|(key, share)| {
            let count = counted.get(key).copied().unwrap_or(0);
            (tail(total, *share, count) < IMPROBABLE)
                .then(|| format!("{what} {key}: {count} of {total}, predicted {share}"))
        });
    unforeseen.chain(off).collect()
}

/// How probable it is that a binomial variable is as far out as `count`, or farther, on the same side of its mean.
fn tail(n: u32, p: f64, count: u32) -> f64 {
    let p = p.clamp(0.0, 1.0);
    let side: Box<dyn Iterator<Item = u32>> = if f64::from(count) >= f64::from(n) * p {
        Box::new(count..=n)
    } else {
        Box::new(0..=count)
    };
    side.map(|k| probability(n, p, k)).sum::<f64>().min(1.0)
}

fn probability(n: u32, p: f64, k: u32) -> f64 {
    if p == 0.0 || p == 1.0 {
        let certain = if p == 0.0 { 0 } else { n };
        return f64::from(u8::from(k == certain));
    }
    let ways: f64 = (1..=k)
        .map(|i| (f64::from(n - k + i) / f64::from(i)).ln())
        .sum();
    (ways + f64::from(k) * p.ln() + f64::from(n - k) * (1.0 - p).ln()).exp()
}

/// Values of the binomial distribution that can be computed by hand.
#[test]
fn tails_are_those_of_the_binomial_distribution() {
    for (n, p, count, expected) in [
        (4, 0.5, 4, 1.0 / 16.0),
        (4, 0.5, 1, 5.0 / 16.0),
        (3, 1.0 / 3.0, 0, 8.0 / 27.0),
        (5, 1.0, 5, 1.0),
        (5, 1.0, 4, 0.0),
    ] {
        assert!(
            (tail(n, p, count) - expected).abs() < 1e-12,
            "{n} {p} {count}"
        );
    }
}
