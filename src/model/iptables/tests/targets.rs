//! Targets.

use rstest::rstest;

use super::super::{LogKind, NatRange, PortRange, Target, Zone, ZoneDirections};
use super::{parse_as, target};
use crate::model::{Family, RejectWith};

#[rstest]
#[case("-j ACCEPT", Target::Accept)]
#[case("-j DROP", Target::Drop)]
#[case("--jump RETURN", Target::Return)]
#[case(
    "-m comment --comment \"other traffic to shop/lb:http will be dropped\"",
    Target::None
)]
#[case("-j NOTRACK", Target::Notrack)]
#[case("-j CT --notrack", Target::Notrack)]
#[case("-j CT --zone 7", Target::Ct { zone: Some(Zone { id: 7, of: ZoneDirections::Both }) })]
#[case("-j CT --zone-orig 7", Target::Ct { zone: Some(Zone { id: 7, of: ZoneDirections::Original }) })]
#[case("-j CT --zone-reply 7", Target::Ct { zone: Some(Zone { id: 7, of: ZoneDirections::Reply }) })]
#[case("-j CT --helper ftp --ctevents new,destroy", Target::Ct { zone: None })]
#[case("-j SET --add-set seen src,dst --exist --timeout 60", Target::Set(Box::new(["seen".into()])))]
#[case("-j TCPMSS --clamp-mss-to-pmtu", Target::Tcpmss)]
#[case("-j NFQUEUE --queue-num 3 --queue-bypass", Target::Queue)]
#[case(
    "-j LOG --log-prefix \"-j DROP \" --log-level 4",
    Target::Log(LogKind::Log)
)]
#[case("-j LOG --log-prefix -j", Target::Log(LogKind::Log))]
#[case(
    "-j NFLOG --nflog-prefix x --nflog-group 2",
    Target::Log(LogKind::Nflog)
)]
#[case("-j TRACE", Target::Log(LogKind::Trace))]
#[case("-j CHECKSUM --checksum-fill", Target::Log(LogKind::Other))]
#[case("-j CLASSIFY --set-class 0001:0002", Target::Log(LogKind::Other))]
#[case("-j AUDIT --type accept", Target::Log(LogKind::Other))]
#[case("-j TEE --gateway 10.0.0.1", Target::Log(LogKind::Other))]
#[case("-j HMARK --hmark-mod 42 --hmark-rnd 0x4 --hmark-src-prefix 32", Target::Unknown("HMARK".into()))]
fn plain(#[case] text: &str, #[case] expected: Target) {
    assert_eq!(target(text), expected);
}

#[rstest]
#[case("", RejectWith::PortUnreachable)]
#[case("--reject-with icmp-port-unreachable", RejectWith::PortUnreachable)]
#[case("--reject-with icmp6-port-unreachable", RejectWith::PortUnreachable)]
#[case("--reject-with icmp-net-unreachable", RejectWith::NetUnreachable)]
#[case("--reject-with icmp6-no-route", RejectWith::NetUnreachable)]
#[case("--reject-with icmp-host-unreachable", RejectWith::HostUnreachable)]
#[case("--reject-with icmp6-addr-unreachable", RejectWith::HostUnreachable)]
#[case("--reject-with icmp-proto-unreachable", RejectWith::ProtoUnreachable)]
#[case("--reject-with icmp-net-prohibited", RejectWith::NetProhibited)]
#[case("--reject-with icmp-host-prohibited", RejectWith::HostProhibited)]
#[case("--reject-with icmp-admin-prohibited", RejectWith::AdminProhibited)]
#[case("--reject-with icmp6-adm-prohibited", RejectWith::AdminProhibited)]
#[case("--reject-with icmp6-policy-fail", RejectWith::PolicyFail)]
#[case("--reject-with icmp6-reject-route", RejectWith::RejectRoute)]
#[case("--reject-with tcp-reset", RejectWith::TcpReset)]
fn reject(#[case] text: &str, #[case] expected: RejectWith) {
    assert_eq!(
        target(&format!("-p tcp -j REJECT {text}")),
        Target::Reject(expected)
    );
}

// xt_mark.c: mark = (mark & ~mask) ^ value. libxt_MARK.c says how each option becomes value and mask.
#[rstest]
#[case("--set-xmark 0x4000/0x4000", 0x4000, 0x4000)]
#[case("--set-xmark 0x4000/0x0", 0x4000, 0)]
#[case("--set-xmark 0x1", 1, 0xffff_ffff)]
#[case("--set-mark 0x1", 1, 0xffff_ffff)]
#[case("--set-mark 0x3/0x1", 3, 3)]
#[case("--or-mark 0x2000", 0x2000, 0x2000)]
#[case("--and-mark 0xffff", 0, 0xffff_0000)]
#[case("--xor-mark 0x5", 5, 0)]
fn marks(#[case] text: &str, #[case] value: u32, #[case] mask: u32) {
    assert_eq!(
        target(&format!("-j MARK {text}")),
        Target::Mark { value, mask }
    );
    assert_eq!(
        target(&format!("-j CONNMARK {text}")),
        Target::ConnmarkSet { value, mask }
    );
}

/// What the options' names promise.
#[rstest]
#[case("--or-mark", |old, bits| old | bits)]
#[case("--and-mark", |old, bits| old & bits)]
#[case("--xor-mark", |old, bits| old ^ bits)]
#[case("--set-mark", |_, bits| bits)]
fn marks_do_what_they_are_called(#[case] option: &str, #[case] promised: fn(u32, u32) -> u32) {
    for bits in [0, 1, 0x4000, 0xdead_beef, u32::MAX] {
        let Target::Mark { value, mask } = target(&format!("-j MARK {option} {bits:#x}")) else {
            panic!()
        };
        for old in [0, 1, 0x4000, 0x1234_5678, u32::MAX] {
            assert_eq!(
                old & !mask ^ value,
                promised(old, bits),
                "{option} {bits:#x} of {old:#x}"
            );
        }
    }
}

const ALL: u32 = u32::MAX;

#[rstest]
#[case("--save-mark", Target::ConnmarkSave { nfmask: ALL, ctmask: ALL })]
#[case("--save-mark --mask 0xff", Target::ConnmarkSave { nfmask: 255, ctmask: 255 })]
#[case("--restore-mark --nfmask 0xf0 --ctmask 0xf", Target::ConnmarkRestore { nfmask: 0xf0, ctmask: 0xf })]
#[case("--restore-mark", Target::ConnmarkRestore { nfmask: ALL, ctmask: ALL })]
fn connection_marks(#[case] text: &str, #[case] expected: Target) {
    assert_eq!(target(&format!("-j CONNMARK {text}")), expected);
}

fn range(
    addresses: Option<(&str, &str)>,
    ports: Option<(u16, u16)>,
    random: bool,
    persistent: bool,
) -> NatRange {
    let ip = |text: &str| text.parse().expect("an address");
    NatRange {
        addresses: addresses.map(|(first, last)| (ip(first), ip(last))),
        ports: ports.map(|(first, last)| PortRange { first, last }),
        random,
        persistent,
    }
}

#[rstest]
#[case("10.42.0.3:8080", Some(("10.42.0.3", "10.42.0.3")), Some((8080, 8080)))]
#[case("10.42.0.3", Some(("10.42.0.3", "10.42.0.3")), None)]
#[case("10.0.0.1-10.0.0.9:80-90", Some(("10.0.0.1", "10.0.0.9")), Some((80, 90)))]
#[case(":8080", None, Some((8080, 8080)))]
fn translations(
    #[case] text: &str,
    #[case] addresses: Option<(&str, &str)>,
    #[case] ports: Option<(u16, u16)>,
) {
    let plain = range(addresses, ports, false, false);
    assert_eq!(
        target(&format!("-p tcp -j DNAT --to-destination {text}")),
        Target::Dnat(plain.clone())
    );
    assert_eq!(
        target(&format!("-p tcp -j SNAT --to-source {text}")),
        Target::Snat(plain)
    );
    assert_eq!(
        target(&format!(
            "-p tcp -j DNAT --to-destination {text} --random --persistent"
        )),
        Target::Dnat(range(addresses, ports, true, true))
    );
    assert_eq!(
        target(&format!("-p tcp -j SNAT --to-source {text} --random-fully")),
        Target::Snat(range(addresses, ports, true, false))
    );
}

#[rstest]
#[case("[fd00::3]:8080", Some(("fd00::3", "fd00::3")), Some((8080, 8080)))]
#[case("fd00::3", Some(("fd00::3", "fd00::3")), None)]
#[case("fd00::3-fd00::5", Some(("fd00::3", "fd00::5")), None)]
#[case("[fd00::3-fd00::5]:80-90", Some(("fd00::3", "fd00::5")), Some((80, 90)))]
#[case("[]:80", None, Some((80, 80)))]
#[case(":80", None, Some((80, 80)))]
fn translations6(
    #[case] text: &str,
    #[case] addresses: Option<(&str, &str)>,
    #[case] ports: Option<(u16, u16)>,
) {
    let (rule, problems) = parse_as(
        Family::V6,
        &format!("-p tcp -j DNAT --to-destination {text}"),
    );
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        rule.target,
        Target::Dnat(range(addresses, ports, false, false))
    );
}

/// Ports shifted as a block, two ranges, and text that is no range.
#[rstest]
#[case("--to-destination 1.1.1.1:1000-2000/3000")]
#[case("--to-destination 1.1.1.1 --to-destination 2.2.2.2")]
#[case("--to-destination 1.1.1.1:http")]
#[case("--to-destination 1.1.1.1:90-80")]
#[case("--to-destination somewhere")]
#[case("--to-source 1.1.1.1")]
#[case("--to-destination")]
fn translations_that_are_not_known(#[case] text: &str) {
    let (rule, problems) = parse_as(Family::V4, &format!("-p tcp -j DNAT {text}"));
    assert_eq!(rule.target, Target::Unknown("DNAT".into()));
    assert_eq!(problems.len(), 1);
}

#[rstest]
#[case("-j MASQUERADE", None, false)]
#[case("-j MASQUERADE --random-fully", None, true)]
#[case("-p tcp -j MASQUERADE --to-ports 1024-2048 --random", Some((1024, 2048)), true)]
fn masquerade(#[case] text: &str, #[case] ports: Option<(u16, u16)>, #[case] random: bool) {
    let ports = ports.map(|(first, last)| PortRange { first, last });
    assert_eq!(target(text), Target::Masquerade { ports, random });
    assert_eq!(
        target(&text.replace("MASQUERADE", "REDIRECT")),
        Target::Redirect { ports, random }
    );
}

#[test]
fn netmap() {
    assert_eq!(
        target("-j NETMAP --to 10.5.0.0/16"),
        Target::Netmap("10.5.0.0/16".parse().expect("a network"))
    );
}

#[rstest]
#[case("--on-port 15001 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x3", Some("127.0.0.1"), 15001, (1, 3))]
#[case("--on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0", None, 0, (0, 0))]
#[case("--on-port 80", None, 80, (0, 0))]
fn tproxy(
    #[case] text: &str,
    #[case] ip: Option<&str>,
    #[case] port: u16,
    #[case] mark: (u32, u32),
) {
    let ip = ip.map(|ip| ip.parse().expect("an address"));
    assert_eq!(
        target(&format!("-p tcp -j TPROXY {text}")),
        Target::Tproxy { ip, port, mark }
    );
}

// xt_DSCP.c: tos = (tos & ~mask) ^ value.
#[rstest]
#[case("-j TOS --set-tos 0x10/0x3f", 0x10, 0x3f)]
#[case("-j TOS --set-tos Maximize-Throughput", 0x08, 0x3f)]
#[case("-j TOS --and-tos 0x12", 0x00, 0xed)]
#[case("-j TOS --or-tos 0x12", 0x12, 0x12)]
#[case("-j TOS --xor-tos 0x12", 0x12, 0x00)]
#[case("-j DSCP --set-dscp 0x2e", 0xb8, 0xfc)]
#[case("-j DSCP --set-dscp-class CS1", 0x20, 0xfc)]
fn type_of_service(#[case] text: &str, #[case] value: u8, #[case] mask: u8) {
    assert_eq!(target(text), Target::Tos { value, mask });
}

#[rstest]
#[case("-j TTL --ttl-set 64", Some(64), 0)]
#[case("-j TTL --ttl-inc 1", None, 1)]
#[case("-j HL --hl-dec 2", None, -2)]
fn ttl(#[case] text: &str, #[case] set: Option<u8>, #[case] change: i16) {
    assert_eq!(target(text), Target::Ttl { set, change });
}
