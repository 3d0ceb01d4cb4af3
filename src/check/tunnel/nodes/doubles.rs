//! What several nodes have, and only one should.

use std::collections::BTreeMap;

use crate::check::{NodeView, Scene};

/// Gives each value that several nodes have to `found`, once for each node after the first.
pub(super) fn doubles<'a, 'c, T: Ord>(
    scene: &'a Scene<'c>,
    of: impl Fn(&NodeView<'c>) -> Vec<T>,
    mut found: impl FnMut(&'a NodeView<'c>, &'a NodeView<'c>, &T),
) {
    let mut first: BTreeMap<T, &NodeView<'c>> = BTreeMap::new();
    for node in &scene.nodes {
        for value in of(node) {
            match first.get(&value) {
                Some(other) if other.name != node.name => found(other, node, &value),
                Some(_) => {}
                None => {
                    first.insert(value, node);
                }
            }
        }
    }
}
