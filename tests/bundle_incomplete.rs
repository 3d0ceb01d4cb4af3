//! Of which tables a bundle's reader says that rows were lost: of those whose files were cut short or garbled, and of no
//! others.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeSet;

use bundle_support::captured::archive;
use bundle_support::{host, load_host};
use kubenet::collect::bundle;
use kubenet::model::{Family, Netns, Part};
use rstest::rstest;

/// What was lost of a dump. SCTP's sockets are never in what `ss -lntu` prints, which is no loss.
fn lost(netns: &Netns) -> BTreeSet<Part> {
    let mut lost = netns.incomplete.clone();
    lost.remove(&Part::SctpSockets);
    lost
}

#[rstest]
fn of_what_real_tools_printed_nothing_is_lost(
    #[values("iptables-nft-vxlan", "ipvs-rr-vxlan", "nftables-vxlan")] name: &str,
) {
    let cluster = bundle::load(&[archive(name)]).unwrap();
    for (id, netns) in cluster.all_netns() {
        let place = cluster.node_name(id);
        assert_eq!(lost(netns), BTreeSet::new(), "{place} {}", netns.name);
    }
}

/// Each text is cut within its last line, which would make sense by itself.
#[rstest]
#[case(
    "links.txt",
    Part::Links,
    "1: lo: <LOOPBACK,UP> mtu 65536 state UNKNOWN\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0\n2: eth0: <UP> mtu 1500"
)]
#[case(
    "addrs.txt",
    Part::Addresses,
    "1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n    inet 10.0.0.1/3"
)]
#[case(
    "routes4.txt",
    Part::Routes(Family::V4),
    "default via 10.0.0.1 dev eth0\n10.1.0.0/16 dev eth"
)]
#[case(
    "routes6.txt",
    Part::Routes(Family::V6),
    "default via fe80::1 dev eth0\nfd00::/64 dev eth"
)]
#[case(
    "rules4.txt",
    Part::Rules(Family::V4),
    "0:\tfrom all lookup local\n32766:\tfrom all lookup main"
)]
#[case(
    "rules6.txt",
    Part::Rules(Family::V6),
    "0:\tfrom all lookup local\n32766:\tfrom all lookup main"
)]
#[case(
    "neigh.txt",
    Part::Neighbors,
    "10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 STALE"
)]
#[case(
    "fdb.txt",
    Part::Fdb,
    "02:00:00:00:00:01 dev vx dst 10.0.0.1 self permanent\n02:00:00:00:00:02 dev vx dst 10.0.0.1"
)]
#[case(
    "sysctl.txt",
    Part::Sysctls,
    "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 1"
)]
#[case(
    "ipset.txt",
    Part::Ipsets,
    "create a hash:ip family inet\nadd a 10.0.0.1\nadd a 10.0.0.2"
)]
#[case(
    "ipvs.txt",
    Part::VirtualServers,
    "-A -t 10.43.0.1:443 -s rr\n-a -t 10.43.0.1:443 -r 10.0.0.1:64 -m -w 1"
)]
#[case(
    "ipvs-conns.txt",
    Part::IpvsConnections,
    "TCP 01:45 TIME_WAIT 10.42.0.2:54694 10.43.95.1:9100 192.168.205.5:9100\nUDP 04:11 UDP 10.42.0.2:1 10.43.0.1:53 10.42.1.2:5"
)]
#[case(
    "sockets.txt",
    Part::Sockets,
    "tcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\ntcp LISTEN 0 128 0.0.0.0:8"
)]
#[case(
    "xt_recent.txt",
    Part::Recent,
    "# a\nsrc=10.0.0.1 ttl: 64\nsrc=10.0.0.2"
)]
#[case(
    "flannel-subnet.env",
    Part::Flannel,
    "FLANNEL_MTU=1450\nFLANNEL_NETWORK=10.42.0.0/1"
)]
fn a_line_without_an_end_is_lost(#[case] file: &str, #[case] part: Part, #[case] text: &str) {
    let cluster = load_host(&[(file, text)]);
    assert_eq!(lost(host(&cluster)), BTreeSet::from([part]));
    assert!(
        cluster
            .gaps
            .iter()
            .any(|gap| gap.what.starts_with("cut short") && gap.line == Some(text.lines().count())),
        "{:?}",
        cluster.gaps
    );
    let whole = format!("{text}\n");
    let cluster = load_host(&[(file, &whole)]);
    assert_eq!(lost(host(&cluster)), BTreeSet::new(), "{:?}", cluster.gaps);
}

/// The text form stands in for a JSON form of which nothing is to be had, and what it holds is whole.
#[test]
fn a_whole_file_in_the_other_form_makes_up_for_a_broken_one() {
    let text = "10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n";
    let cluster = load_host(&[("neigh.json", "[{\"dst\":\"10."), ("neigh.txt", text)]);
    assert_eq!(lost(host(&cluster)), BTreeSet::new());
    assert_eq!(host(&cluster).neighbors.as_ref().unwrap().len(), 1);
}

/// What is only to be noted of a row that was read is no loss.
#[test]
fn notes_are_no_losses() {
    let routes = r#"[{"dst":"10.0.0.0/8","dev":"eth0","table":"blue"}]"#;
    let cluster = load_host(&[("routes4.json", routes)]);
    assert_eq!(cluster.gaps.len(), 1);
    assert_eq!(lost(host(&cluster)), BTreeSet::new());
}
