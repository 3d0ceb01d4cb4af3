//! What every rule may have, and rules that are strange.

use rstest::rstest;

use super::super::{Counters, Interface, Match, Negatable, PortRange, Target};
use super::{parse, parse_as, read};
use crate::model::Family;

#[rstest]
#[case("-s 10.1.2.3/32", false, "10.1.2.3/32")]
#[case("-s 10.1.2.3", false, "10.1.2.3/32")]
#[case("! -s 10.1.2.3/255.255.0.0", true, "10.1.0.0/16")]
#[case("-s ! 10.1.2.3/8", true, "10.0.0.0/8")]
#[case("--source fd00::1/64", false, "fd00::/64")]
#[case("--src fd00::1", false, "fd00::1/128")]
#[case("-s fd00::1/ffff:ffff::", false, "fd00::/32")]
fn source(#[case] text: &str, #[case] negate: bool, #[case] net: &str) {
    let value = net.parse().expect("a network");
    assert_eq!(parse(text).source, Some(Negatable { negate, value }));
    let destination = text
        .replace("--source", "-d")
        .replace("--src", "-d")
        .replace("-s", "-d");
    assert_eq!(
        parse(&destination).destination,
        Some(Negatable { negate, value })
    );
}

#[rstest]
#[case("-s 0.0.0.0/0 -d ::/0 -i + -p all")]
#[case("-p 0")]
#[case("")]
fn conditions_that_always_hold_are_none(#[case] text: &str) {
    let rule = parse(text);
    assert_eq!(
        (
            rule.source,
            rule.destination,
            rule.in_interface,
            rule.protocol
        ),
        (None, None, None, None)
    );
    assert_eq!((rule.matches, rule.target), (Vec::new(), Target::None));
}

#[rstest]
#[case("-i eth0", false, "eth0", false)]
#[case("! -i eth+", true, "eth", true)]
#[case("--in-interface ! cni0", true, "cni0", false)]
#[case("! -i +", true, "", true)]
fn devices(#[case] text: &str, #[case] negate: bool, #[case] name: &str, #[case] prefix: bool) {
    let expected = Some(Negatable {
        negate,
        value: Interface {
            name: name.into(),
            prefix,
        },
    });
    assert_eq!(parse(text).in_interface, expected);
    let out = text.replace("--in-interface", "-o").replace("-i", "-o");
    assert_eq!(parse(&out).out_interface, expected);
}

// Numbers of protocols(5) and the IANA registry.
#[rstest]
#[case("-p tcp", false, 6)]
#[case("-p 6", false, 6)]
#[case("! -p udp", true, 17)]
#[case("-p ! icmp", true, 1)]
#[case("-p ipv6-icmp", false, 58)]
#[case("-p icmpv6", false, 58)]
#[case("-p sctp", false, 132)]
#[case("-p dccp", false, 33)]
#[case("-p udplite", false, 136)]
#[case("-p esp", false, 50)]
#[case("-p ah", false, 51)]
#[case("-p gre", false, 47)]
#[case("-p vrrp", false, 112)]
#[case("-p 253", false, 253)]
fn protocols(#[case] text: &str, #[case] negate: bool, #[case] value: u8) {
    assert_eq!(parse(text).protocol, Some(Negatable { negate, value }));
}

#[test]
fn fragments() {
    assert_eq!(parse("-f").fragment, Some(true));
    assert_eq!(parse("! -f -j DROP").fragment, Some(false));
}

#[test]
fn counters_stand_before_the_rule_or_in_it() {
    let (ruleset, gaps) = read(
        "*filter\n:IN - [0:0]\n[7:420] -A IN -j DROP\n-A IN -c 3 180 -j DROP\n-A IN -j DROP\nCOMMIT\n",
    );
    assert_eq!((gaps, ruleset.problems()), (vec![], vec![]));
    let (_, chain) = ruleset.chains().next().expect("a chain");
    let rules = ruleset.rules(chain);
    let found: Vec<_> = rules.iter().map(|rule| rule.counters).collect();
    assert_eq!(
        found,
        [
            Some(Counters {
                packets: 7,
                bytes: 420
            }),
            Some(Counters {
                packets: 3,
                bytes: 180
            }),
            None
        ]
    );
    assert_eq!(ruleset.line(chain, &rules[0]), "-A IN -j DROP");
    assert_eq!(ruleset.line(chain, &rules[1]), "-A IN -c 3 180 -j DROP");
    assert_eq!((rules[2].number, rules[2].line), (3, 5));
}

/// Words within quotes are no options, and quotes may be escaped within them.
#[rstest]
#[case(r#"-m comment --comment "a -j DROP -s 1.2.3.4" -j ACCEPT"#)]
#[case(r#"-m comment --comment "dnat name: \"cbr0\" id: \"x\"" -j ACCEPT"#)]
#[case(r#"-m comment --comment "ends in a backslash \\" -j ACCEPT"#)]
#[case(r#"-m comment --comment "" -j ACCEPT"#)]
#[case("-m comment --comment word -j ACCEPT")]
#[case("-m comment --comment \"Straße \u{1F6A2}\u{0}\" -j ACCEPT")]
#[case(r#"-m   comment  --comment	"blanks and	tabs"   -j	ACCEPT"#)]
fn comments_are_skipped(#[case] text: &str) {
    let rule = parse(text);
    assert_eq!(
        (rule.source, rule.matches, rule.target),
        (None, vec![], Target::Accept)
    );
}

#[test]
fn a_chain_is_a_target_where_it_is_declared() {
    assert_eq!(parse("-j OTHER").target, Target::Jump("OTHER".into()));
    assert!(!parse("-j OTHER").goto);
    let rule = parse("-g OTHER");
    assert_eq!(
        (rule.target, rule.goto),
        (Target::Jump("OTHER".into()), true)
    );
    for text in ["-j NOWHERE", "-g NOWHERE", "-j NOWHERE --with 5 options"] {
        let (rule, problems) = parse_as(Family::V4, text);
        assert_eq!(rule.target, Target::Unknown("NOWHERE".into()));
        assert_eq!(
            problems,
            ["no chain of this table and no known target is called NOWHERE"]
        );
    }
}

fn http() -> Match {
    let destination = Some(Negatable {
        negate: false,
        value: PortRange {
            first: 80,
            last: 80,
        },
    });
    Match::Ports {
        source: None,
        destination,
    }
}

/// Options of a protocol's match come along with `-p`, as kube-proxy writes them.
#[rstest]
#[case("-p tcp --dport 80 -j DROP")]
#[case("-m tcp -p tcp -d 10.0.0.1 --dport 80 -j DROP")]
#[case("-j DROP -p tcp -m tcp --dport 80")]
fn implied_matches(#[case] text: &str) {
    let rule = parse(text);
    assert_eq!((rule.matches, rule.target), (vec![http()], Target::Drop));
}

/// A strange match spoils itself only.
#[rstest]
#[case(
    "-m frobnicate --level 7 --name x",
    "frobnicate",
    "kubenet does not know this match"
)]
#[case(
    "-m frobnicate ! --level 7",
    "frobnicate",
    "kubenet does not know this match"
)]
#[case("-m mark --mark grün", "mark", "a value is not a mark")]
#[case("-m mark", "mark", "it does not say what it asks")]
#[case("-m mark --colour 1", "mark", "an option of it is not known")]
#[case(
    "-m conntrack --ctstate NEW,OLD",
    "conntrack",
    "a name in its list is not known"
)]
#[case("-m multiport --dports http", "multiport", "a value is not a port")]
#[case(
    "-m conntrack [unsupported revision]",
    "conntrack",
    "it does not say what it asks"
)]
#[case(
    "-m mark --mark 1 [unsupported revision]",
    "mark",
    "a word in its line is not known"
)]
#[case("-s example.org", "-s", "a value is not an address")]
#[case(
    "-s 10.0.12.0/255.0.255.0",
    "-s",
    "its mask is not one prefix of the address"
)]
#[case("-p nonsense", "-p", "a protocol's name is not known")]
#[case("-x 5", "-A", "a word in its line is not known")]
#[case("words of nobody", "-A", "a word in its line is not known")]
fn strange_conditions(#[case] strange: &str, #[case] module: &str, #[case] reason: &str) {
    let (rule, problems) = parse_as(
        Family::V4,
        &format!("-d 10.0.0.1 -p tcp {strange} -m tcp --dport 80 -j OTHER"),
    );
    let unknown = |found: &&Match| matches!(found, Match::Unknowable { .. });
    let found: Vec<_> = rule.matches.iter().filter(unknown).collect();
    let [Match::Unknowable { module: its, why }] = found.as_slice() else {
        panic!("{:?}", rule.matches)
    };
    assert_eq!((&**its, *why), (module, reason));
    assert!(rule.matches.contains(&http()), "{:?}", rule.matches);
    assert!(rule.destination.is_some());
    assert_eq!(rule.target, Target::Jump("OTHER".into()));
    assert_eq!(problems.len(), 1, "{problems:?}");
}

/// The end of the line is not known: nothing may be concluded from what is left of it.
#[rstest]
#[case("*filter\n:IN - [0:0]\n-A IN -m comment --comment \"no end -j ACCEPT\nCOMMIT\n")]
#[case(
    "*filter\n:IN - [0:0]\n-A IN -d 10.0.0.0/8 -m comment --comment \"but \\\" -j ACCEPT\nCOMMIT\n"
)]
#[case("*filter\n:IN - [0:0]\n-A IN -s 10.0.0.0/8 -j ACC")]
#[case("*filter\n:IN - [0:0]\n-A IN -s 10.0.0.0/8 -j ACCEPT")]
#[case("*filter\n:IN - [0:0]\n-A IN -s 10.0.0.0/8")]
fn rules_cut_off(#[case] dump: &str) {
    let (ruleset, gaps) = read(dump);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].line, Some(3));
    let (_, chain) = ruleset.chains().next().expect("a chain");
    let [rule] = ruleset.rules(chain) else {
        panic!("one rule")
    };
    assert!(matches!(
        rule.matches.last(),
        Some(Match::Unknowable { .. })
    ));
    assert_eq!(rule.target, Target::Unknown("?".into()));
    assert!(!ruleset.problems().is_empty());
}

/// A target may be among words that are not known; a rule without one would be something else.
#[rstest]
#[case("-s10.0.0.1 -jDROP")]
#[case("--jump=DROP")]
#[case("\"-j\" DROP")]
fn targets_in_disguise(#[case] text: &str) {
    let (rule, problems) = parse_as(Family::V4, text);
    assert_eq!(rule.target, Target::Unknown("?".into()));
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[rstest]
#[case("-j")]
#[case("-j ACCEPT -j DROP")]
#[case("-j ACCEPT and more")]
#[case("-j MARK --set-xmark x")]
#[case("-j DNAT")]
#[case("-j REJECT --reject-with flowers")]
fn strange_targets(#[case] text: &str) {
    let (rule, problems) = parse_as(Family::V4, &format!("-s 10.0.0.1 {text}"));
    assert!(
        matches!(rule.target, Target::Unknown(_)),
        "{:?}",
        rule.target
    );
    assert!(rule.source.is_some());
    assert_eq!(problems.len(), 1, "{problems:?}");
}
