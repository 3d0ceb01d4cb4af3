//! Policy routing rules.

use super::scene::{RULES, node};
use super::support::{allowed, host, lines};

#[test]
fn rules_of_every_selector() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(0, RULES);
    let cluster = made.read();
    let netns = host(&cluster);
    for (read, option) in [(&netns.rules4, "-4"), (&netns.rules6, "-6")] {
        let read: Vec<String> = read.iter().flatten().map(|rule| rule.raw.clone()).collect();
        let printed: Vec<String> = lines(&made.tool(0, &format!("ip {option} rule")));
        assert_eq!(read, printed);
    }
    let rule = |priority: u32| {
        netns
            .rules4
            .iter()
            .flatten()
            .find(|rule| rule.priority == priority)
            .unwrap()
    };
    assert!(rule(101).not);
    assert_eq!(rule(102).fwmark, Some((0x4000, 0x4000)));
    assert_eq!(
        (rule(105).source_port, rule(105).destination_port),
        (Some((1000, 2000)), Some((443, 443)))
    );
    assert_eq!(rule(105).not_understood, Vec::<String>::new());
    assert_eq!(rule(107).suppress_prefix_length, Some(0));
    assert_eq!(rule(111).not_understood, ["tun_id 5"]);
    assert_eq!(cluster.gaps, []);
}
