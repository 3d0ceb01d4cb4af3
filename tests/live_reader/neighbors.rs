//! Neighbours and forwarding databases.

use std::collections::BTreeSet;

use kubenet::model::NeighborState;

use super::scene::{FDB, NEIGHBORS, node};
use super::support::{allowed, host, lines};

#[test]
fn neighbours_in_several_states() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(0, NEIGHBORS);
    let cluster = made.read();
    let all = host(&cluster).neighbors.as_ref().unwrap();
    let read: BTreeSet<String> = all
        .iter()
        .filter(|one| {
            one.state != NeighborState::Noarp && one.state != NeighborState::None || one.proxy
        })
        .map(|one| one.raw.clone())
        .collect();
    let mut printed: BTreeSet<String> = lines(&made.tool(0, "ip neigh")).into_iter().collect();
    printed.extend(lines(&made.tool(0, "ip neigh show proxy")));
    assert_eq!(read, printed);
    // Those of multicast groups come and go.
    let lasting = |line: &String| line.starts_with("192.");
    let mut noarp: BTreeSet<String> = all
        .iter()
        .filter(|one| one.state == NeighborState::Noarp)
        .map(|one| one.raw.clone())
        .collect();
    noarp.retain(lasting);
    let printed = lines(&made.tool(0, "ip neigh show nud noarp"));
    assert_eq!(noarp, printed.into_iter().filter(lasting).collect());
    let state = |ip: &str| {
        all.iter()
            .find(|one| one.ip.to_string() == ip && !one.proxy)
            .unwrap()
            .state
    };
    assert_eq!(state("192.168.7.20"), NeighborState::Permanent);
    assert_eq!(state("192.168.7.23"), NeighborState::Noarp);
    assert_eq!(state("192.168.7.31"), NeighborState::Failed);
    let proxies: Vec<String> = all
        .iter()
        .filter(|one| one.proxy)
        .map(|one| one.ip.to_string())
        .collect();
    assert_eq!(proxies, ["192.168.7.30"]);
}

#[test]
fn forwarding_databases() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(0, FDB);
    let cluster = made.read();
    let all = host(&cluster).fdb.as_ref().unwrap();
    let read: Vec<String> = all.iter().map(|one| one.raw.clone()).collect();
    assert_eq!(read, lines(&made.tool(0, "bridge fdb")));
    let entry = |mac: &str| all.iter().find(|one| one.mac.to_string() == mac).unwrap();
    let flannel = entry("02:00:00:00:01:01");
    assert_eq!(
        (flannel.destination, flannel.master.as_deref()),
        (Some("192.168.7.2".parse().unwrap()), None)
    );
    let zero = entry("00:00:00:00:00:00");
    let found = (zero.destination, zero.port, zero.vni, zero.via.as_deref());
    assert_eq!(
        found,
        (
            Some("192.168.7.3".parse().unwrap()),
            Some(4789),
            Some(77),
            Some("up0")
        )
    );
    let port = entry("02:00:00:00:01:02");
    assert_eq!(
        (port.device.as_str(), port.master.as_deref()),
        ("pod0", Some("br0"))
    );
    assert!(!port.permanent && entry("02:00:00:00:01:03").permanent);
}
