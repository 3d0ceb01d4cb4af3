//! Sockets that receive.

use std::collections::BTreeSet;

use kubenet::model::SocketState;

use super::scene::{listen, node};
use super::support::{allowed, host, lines};

#[test]
fn sockets_of_the_namespace_and_no_other() {
    if !allowed() {
        return;
    }
    let made = node();
    let sockets = listen(&made);
    let cluster = made.read();
    let read: BTreeSet<String> = host(&cluster)
        .sockets
        .iter()
        .flatten()
        .map(|one| one.raw.clone())
        .collect();
    let printed: BTreeSet<String> = lines(&made.tool(0, "ss -H -lntu")).into_iter().collect();
    assert_eq!(read, printed);
    let at = |port: u16| {
        host(&cluster)
            .sockets
            .iter()
            .flatten()
            .find(|one| one.port == port)
            .unwrap()
    };
    assert_eq!(
        (at(8080).address, at(8080).state),
        (Some("192.168.7.1".parse().unwrap()), SocketState::Listen)
    );
    assert_eq!(at(8081).address, None);
    assert_eq!(at(8082).address, Some("::".parse().unwrap()));
    assert_eq!(at(8083).device.as_deref(), Some("up0"));
    assert_eq!(at(53).state, SocketState::Unconnected);
    assert_eq!(cluster.nodes[0].netns[1].sockets.as_ref().unwrap().len(), 0);
    drop(sockets);
}
