//! Makes a failing case small: takes away what it fails without.

/// Goes on taking away lines as long as `fails` says that what is left still fails. Halves, quarters and so on of the
/// lines first, one by one in the end (delta debugging).
pub fn smallest<T: Clone>(lines: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = lines.to_vec();
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        let mut took = false;
        while at < kept.len() {
            let end = (at + size).min(kept.len());
            let mut fewer = kept.clone();
            fewer.drain(at..end);
            if fails(&fewer) {
                kept = fewer;
                took = true;
            } else {
                at = end;
            }
        }
        size = match (size, took) {
            (1, true) => 1,
            (1, false) => 0,
            _ => size.div_ceil(2),
        };
    }
    kept
}

#[test]
fn finds_the_lines_that_matter() {
    let lines: Vec<u32> = (0..100).collect();
    let mut asked = 0;
    let left = smallest(&lines, |left| {
        asked += 1;
        left.contains(&17) && left.contains(&71)
    });
    assert_eq!(left, [17, 71]);
    assert!(asked < 100, "asked {asked} times");
}

#[test]
fn keeps_nothing_that_fails_by_itself() {
    assert_eq!(smallest(&[1, 2, 3], |_| true), [0; 0]);
}
