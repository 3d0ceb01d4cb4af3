//! The order of findings: causes before what they cause.

/// Where a check stands in the list of all, which is in that order.
pub fn rank(id: &str) -> usize {
    super::all()
        .position(|check| check.id == id)
        .unwrap_or(usize::MAX)
}
