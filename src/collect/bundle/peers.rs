//! Which namespace a `link-netnsid` stands for.
//!
//! An id means something only in the namespace that uses it, and no tool prints what. But a veth and its peer name each
//! other by index: the namespace in which a device of the peer's index names this device as its own peer is the one.

use crate::model::{LinkKind, NetnsName, Node};

/// Finds the namespaces that the ids used on a node stand for, where exactly one fits.
pub fn find(node: &mut Node) {
    let found: Vec<Vec<(i32, NetnsName)>> =
        (0..node.netns.len()).map(|at| peers_of(node, at)).collect();
    for (netns, peers) in node.netns.iter_mut().zip(found) {
        netns.peers_by_nsid = peers;
    }
}

fn peers_of(node: &Node, at: usize) -> Vec<(i32, NetnsName)> {
    let mut peers: Vec<(i32, NetnsName)> = Vec::new();
    let mut doubtful = Vec::new();
    let links = node.netns.get(at).and_then(|netns| netns.links.as_ref());
    for link in links
        .into_iter()
        .flatten()
        .filter(|link| link.kind == LinkKind::Veth)
    {
        let (Some(peer), Some(id)) = (link.peer_index, link.peer_nsid) else {
            continue;
        };
        let mut fitting = node.netns.iter().enumerate().filter(|(other, netns)| {
            *other != at
                && netns.link_by_index(peer).is_some_and(|there| {
                    there.kind == LinkKind::Veth
                        && there.peer_nsid.is_some()
                        && there.peer_index == Some(link.index)
                })
        });
        let (Some((_, netns)), None) = (fitting.next(), fitting.next()) else {
            continue;
        };
        match peers.iter().find(|(known, _)| *known == id) {
            Some((_, name)) if *name != netns.name => doubtful.push(id),
            Some(_) => {}
            None => peers.push((id, netns.name.clone())),
        }
    }
    peers.retain(|(id, _)| !doubtful.contains(id));
    peers
}
