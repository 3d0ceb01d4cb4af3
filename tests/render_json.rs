//! The JSON form of a trace holds every field of the contract, under its name and with its meaning.
#![allow(clippy::unwrap_used)]

mod samples;

use kubenet::model::trace::*;
use kubenet::render::json;
use samples::{crossing, delivered, hop, pod, proven, trace};
use serde_json::Value;

/// The contract's own example of `kubenet.trace/v1`.
const EXAMPLE: &str = r#"{
  "schema": "kubenet.trace/v1",
  "flow": {"proto": "tcp",
    "from": {"kind": "pod", "namespace": "default", "name": "client", "node": "master", "ip": "10.42.0.65"},
    "to":   {"kind": "service", "namespace": "default", "name": "nginx-test", "ip": "10.43.6.58", "port": 80}},
  "verdict": "delivered",
  "client_sees": null,
  "paths": [{
    "probability": 0.5,
    "verdict": "delivered",
    "client_sees": null,
    "destination": {"kind": "pod", "namespace": "default", "name": "nginx-test-a", "node": "node1", "ip": "10.42.1.6", "port": 80},
    "source_seen": "10.42.0.65",
    "stopped_at": null,
    "devices": [{"node": "master", "netns": "pod:default/client", "device": "eth0", "dir": "out"}],
    "hops": [{"node": "master", "netns": "pod:default/client", "in": null, "out": "eth0",
      "steps": [{"kind": "route", "text": "default route, next hop 10.42.0.1 on eth0",
                 "evidence": {"source": "route table main", "raw": "default via 10.42.0.1 dev eth0"}}]}],
    "reply": {"verdict": "delivered", "hops": []}
  }],
  "findings": [],
  "not_seen": ["node2: not captured"]
}"#;

fn printed(trace: &Trace) -> Value {
    let mut out = Vec::new();
    json::document(trace, &mut out).unwrap();
    assert_eq!(out.last(), Some(&b'\n'));
    serde_json::from_slice(&out).unwrap()
}

/// The trace that the example stands for.
fn example() -> Trace {
    let client = "pod:default/client";
    let route = proven(
        StepKind::Route,
        "default route, next hop 10.42.0.1 on eth0",
        "route table main",
        "default via 10.42.0.1 dev eth0",
    );
    let path = Path {
        destination: Some(pod("nginx-test-a", "node1", "10.42.1.6", Some(80))),
        devices: vec![crossing("master", client, "eth0", Direction::Out)],
        hops: vec![hop("master", client, None, Some("eth0"), vec![route])],
        reply: Some(Reply {
            verdict: Verdict::Delivered,
            hops: Vec::new(),
            devices: Vec::new(),
        }),
        ..delivered(0.5, "nginx-test-a", "10.42.1.6")
    };
    Trace {
        not_seen: vec!["node2: not captured".to_owned()],
        ..trace(vec![path])
    }
}

/// Whether everything of `wanted` is in `found`, which may hold more fields.
fn holds(found: &Value, wanted: &Value, at: &str) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, value) in wanted {
                let inner = found
                    .get(key)
                    .unwrap_or_else(|| panic!("{at}.{key} is missing"));
                holds(inner, value, &format!("{at}.{key}"));
            }
        }
        (Value::Array(found), Value::Array(wanted)) => {
            assert_eq!(found.len(), wanted.len(), "{at}");
            for (number, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                holds(found, wanted, &format!("{at}[{number}]"));
            }
        }
        _ => assert_eq!(found, wanted, "{at}"),
    }
}

#[test]
fn has_the_contracts_fields() {
    let wanted: Value = serde_json::from_str(EXAMPLE).unwrap();
    holds(&printed(&example()), &wanted, "trace");
}

#[test]
fn a_break_says_where_and_why() {
    let forth = printed(&samples::half_times_out());
    let at = &forth["paths"][1]["stopped_at"];
    for key in ["node", "netns", "device", "step", "why"] {
        assert!(at.get(key).is_some(), "stopped_at.{key} is missing");
    }
    assert_eq!(at["step"], serde_json::json!([1, 3]));
    assert!(at.get("on").is_none());
    assert_eq!(forth["paths"][1]["reply"], Value::Null);
    assert_eq!(forth["verdict"], "partial");
    let back = printed(&samples::lost_reply());
    assert_eq!(back["paths"][0]["stopped_at"]["on"], "reply");
}

#[test]
fn words_are_the_contracts() {
    let verdicts = [
        (Verdict::Delivered, "delivered"),
        (Verdict::Dropped, "dropped"),
        (Verdict::Rejected, "rejected"),
        (Verdict::Unreachable, "unreachable"),
        (Verdict::Looped, "looped"),
        (Verdict::Undetermined, "undetermined"),
    ];
    for (verdict, word) in verdicts {
        assert_eq!(serde_json::to_value(verdict).unwrap(), word);
    }
    let seen = [
        (ClientSees::Timeout, "timeout"),
        (ClientSees::Refused, "refused"),
        (ClientSees::Unreachable, "unreachable"),
        (ClientSees::Prohibited, "prohibited"),
        (ClientSees::TooBig, "too-big"),
        (ClientSees::Invalid, "invalid"),
    ];
    for (sees, word) in seen {
        assert_eq!(serde_json::to_value(sees).unwrap(), word);
    }
    use StepKind::*;
    let kinds = [
        Emit, Route, Hook, Rule, Dnat, Snat, Mark, Conntrack, Neighbor, Bridge, Fdb, Veth, Encap,
        Decap, Wire, Ipvs, Balance, Deliver, Drop, Reject, Unknown,
    ];
    let words: Vec<String> = kinds
        .iter()
        .map(|kind| {
            serde_json::to_value(kind)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let contract = "emit route hook rule dnat snat mark conntrack neighbor bridge fdb veth encap decap wire ipvs \
                    balance deliver drop reject unknown";
    assert_eq!(words.join(" "), contract);
}

#[test]
fn strings_of_a_cluster_come_back_as_they_were() {
    let trace = samples::hostile();
    let mut out = Vec::new();
    json::document(&trace, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let harmful = |c: char| c.is_control() && c != '\n' || ('\u{200b}'..='\u{206f}').contains(&c);
    assert!(!text.contains(harmful), "{text:?}");
    assert_eq!(serde_json::from_str::<Trace>(&text).unwrap(), trace);
}
