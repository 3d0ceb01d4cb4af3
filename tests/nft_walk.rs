//! What a trace makes of native nftables rules that cannot be decided, or need not be: a packet from one pod to another
//! on node1 of the captured cluster, whose rules are replaced by a few. What is to be expected is what nft(8) says.

#![allow(clippy::unwrap_used)]

#[path = "captured/mod.rs"]
mod captured;

use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::model::trace::{OverallVerdict, Trace};
use kubenet::walk;
use rstest::rstest;

/// Traces the packet; `name` is unlike that of any other test.
fn trace(name: &str, rules: &str) -> Trace {
    let mut files = captured::files(&captured::archive("nftables-vxlan"));
    let folder = "nodes/node1/host";
    files.remove(&format!("{folder}/nft.json"));
    files.insert(format!("{folder}/nft.txt"), rules.as_bytes().to_vec());
    let folder = captured::Folder::new(&format!("nft-walk-{name}"), &files);
    let cluster = bundle::load(std::slice::from_ref(&folder.0)).unwrap();
    let question = Question::new(
        endpoint::parse("client-1").unwrap(),
        endpoint::parse("10.42.1.6:80").unwrap(),
    );
    let flow = endpoint::resolve(&cluster, &question).unwrap();
    walk::trace(&cluster, &flow)
}

/// A filter in FORWARD with these rules.
fn forward(rules: &str) -> String {
    let rules = rules.replace("; ", "\n\t\t");
    format!(
        "table inet t {{
\tset s {{
\t\ttype ipv4_addr
\t\telements = {{ 10.42.1.3 }}
\t}}
\tchain c {{
\t\ttype filter hook forward priority 0; policy accept;
\t\t{rules}
\t}}
}}
"
    )
}

fn why(trace: &Trace) -> String {
    let stopped = trace
        .paths
        .iter()
        .filter_map(|path| path.stopped_at.as_ref());
    stopped.map(|at| at.why.clone()).collect()
}

/// What is not known ends the prediction only where it decides, and is named.
#[rstest]
#[case("statement", "tproxy to :50080", "tproxy")]
#[case("expression", "meta smell 3 drop", "smell")]
#[case("limit", "limit rate 10/second drop", "limit")]
#[case("connlimit", "ct count over 5 drop", "ct count")]
#[case("cpu", "meta cpu 1 drop", "processor")]
#[case("lost-set", "ip saddr @elsewhere drop", "elsewhere")]
#[case("lost-chain", "jump elsewhere", "elsewhere")]
#[case("queue", "queue to 0", "program")]
#[case("target-not-known", "meta mark set meta smell", "smell")]
fn names_what_is_not_known(#[case] name: &str, #[case] rule: &str, #[case] word: &str) {
    let trace = trace(name, &forward(rule));
    assert_eq!(
        trace.verdict,
        OverallVerdict::Undetermined,
        "{}",
        why(&trace)
    );
    let named = why(&trace);
    assert!(named.contains(word), "{word} is not named: {named}");
}

#[rstest]
// A comparison settles it, before or after what is not known.
#[case("settled-before", "ip saddr 10.42.1.9 meta smell 3 drop")]
#[case("settled-after", "meta smell 3 ip saddr 10.42.1.9 drop")]
// Nothing follows from it.
#[case(
    "no-effect",
    "limit rate 10/second log prefix \"x\" counter packets 0 bytes 0"
)]
#[case("counted", "meta cpu 1 counter packets 0 bytes 0")]
#[case("not-reached", "accept; tproxy to :50080")]
#[case("same-end", "meta cpu 1 accept; accept")]
// A quota of which enough is left.
#[case("quota", "quota over 25 mbytes used 5 mbytes drop")]
#[case(
    "other-protocol",
    "udp dport 80 drop; icmp type echo-request drop; ip6 daddr ::1 drop"
)]
fn what_does_not_decide_is_no_doubt(#[case] name: &str, #[case] rules: &str) {
    let trace = trace(name, &forward(rules));
    assert_eq!(trace.verdict, OverallVerdict::Delivered, "{}", why(&trace));
}

#[rstest]
#[case("drop", "ip saddr @s drop")]
#[case("quota-used", "quota over 25 mbytes used 25 mbytes drop")]
#[case("quota-until", "quota 25 mbytes used 5 mbytes drop")]
#[case("all-drop", "meta cpu 1 drop; drop")]
fn drops(#[case] name: &str, #[case] rules: &str) {
    let trace = trace(name, &forward(rules));
    assert_eq!(trace.verdict, OverallVerdict::Dropped, "{}", why(&trace));
}

/// Two tables with a chain of the same priority each.
fn two(first: &str, second: &str) -> String {
    let table = |name: &str, rule: &str| {
        format!(
            "table inet {name} {{\n\tchain c {{\n\t\ttype filter hook forward priority 0; policy accept;\n\t\t{rule}\n\t}}\n}}\n"
        )
    };
    table("a", first) + &table("b", second)
}

/// Which of two chains of the same priority was registered last is not in any dump: it matters where both do something.
#[test]
fn chains_of_the_same_priority() {
    let end = |name, first, second| {
        let trace = trace(name, &two(first, second));
        (trace.verdict, why(&trace))
    };
    let (verdict, why) = end("order-matters", "reject", "drop");
    assert_eq!(verdict, OverallVerdict::Undetermined);
    assert!(
        why.contains("inet a c") && why.contains("inet b c"),
        "{why}"
    );
    let (verdict, _) = end("order-marks", "meta mark set 0x5", "meta mark 0x5 drop");
    assert_eq!(verdict, OverallVerdict::Undetermined);
    assert_eq!(
        end("order-drops", "drop", "drop").0,
        OverallVerdict::Dropped
    );
    assert_eq!(
        end("order-one", "drop", "accept").0,
        OverallVerdict::Dropped
    );
    assert_eq!(
        end("order-none", "accept", "accept").0,
        OverallVerdict::Delivered
    );
}

#[test]
fn a_table_that_sleeps_is_not_asked() {
    let rules =
        forward("drop").replacen("table inet t {\n", "table inet t {\n\tflags dormant\n", 1);
    assert_eq!(trace("dormant", &rules).verdict, OverallVerdict::Delivered);
}
