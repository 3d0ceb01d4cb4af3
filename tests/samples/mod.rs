//! Traces written by hand, for the tests of how traces look. What is in them is made up in the shape of a flannel
//! cluster; whether the kernel does so is other tests' business.
#![allow(dead_code, clippy::unwrap_used)]

use std::net::IpAddr;

use kubenet::model::FlowEnd;
use kubenet::model::trace::*;

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn step(kind: StepKind, text: &str) -> Step {
    Step {
        kind,
        text: text.to_owned(),
        evidence: None,
        change: None,
    }
}

pub fn proven(kind: StepKind, text: &str, source: &str, raw: &str) -> Step {
    Step {
        evidence: Some(Evidence {
            source: source.to_owned(),
            raw: raw.to_owned(),
        }),
        ..step(kind, text)
    }
}

pub fn changed(kind: StepKind, text: &str, before: &str, after: &str) -> Step {
    Step {
        change: Some(Change {
            before: before.to_owned(),
            after: after.to_owned(),
        }),
        ..step(kind, text)
    }
}

pub fn hop(
    node: &str,
    netns: &str,
    input: Option<&str>,
    output: Option<&str>,
    steps: Vec<Step>,
) -> Hop {
    Hop {
        node: node.to_owned(),
        netns: netns.to_owned(),
        input: input.map(str::to_owned),
        output: output.map(str::to_owned),
        steps,
    }
}

pub fn crossing(node: &str, netns: &str, device: &str, dir: Direction) -> Crossing {
    Crossing {
        node: node.to_owned(),
        netns: netns.to_owned(),
        device: device.to_owned(),
        dir,
    }
}

pub fn pod(name: &str, node: &str, address: &str, port: Option<u16>) -> FlowEnd {
    FlowEnd {
        kind: "pod".to_owned(),
        namespace: Some("default".to_owned()),
        name: Some(name.to_owned()),
        node: Some(node.to_owned()),
        ip: Some(ip(address)),
        port,
        role: None,
    }
}

pub fn flow() -> FlowSummary {
    FlowSummary {
        proto: "tcp".to_owned(),
        from: pod("client", "master", "10.42.0.65", None),
        to: FlowEnd {
            kind: "service".to_owned(),
            namespace: Some("default".to_owned()),
            name: Some("nginx-test".to_owned()),
            node: None,
            ip: Some(ip("10.43.6.58")),
            port: Some(80),
            role: None,
        },
    }
}

pub fn trace(paths: Vec<Path>) -> Trace {
    let fates: Vec<Verdict> = paths.iter().map(|path| path.verdict).collect();
    let agree = fates.windows(2).all(|pair| pair[0] == pair[1]);
    let seen: Vec<_> = paths.iter().map(|path| path.client_sees).collect();
    Trace {
        schema: TRACE_SCHEMA.to_owned(),
        flow: flow(),
        verdict: if agree {
            fates[0].into()
        } else {
            OverallVerdict::Partial
        },
        client_sees: if seen.windows(2).all(|pair| pair[0] == pair[1]) {
            seen[0]
        } else {
            None
        },
        paths,
        findings: Vec::new(),
        not_seen: Vec::new(),
        kube_proxy: None,
        dns: None,
    }
}

/// The stays that all branches to the Service begin with.
fn beginning(share: &str, chain: &str, endpoint: &str) -> Vec<Hop> {
    vec![
        hop(
            "master",
            "pod:default/client",
            None,
            Some("eth0"),
            vec![
                step(StepKind::Emit, "10.42.0.65 > 10.43.6.58:80/tcp"),
                proven(
                    StepKind::Route,
                    "10.43.6.58 by the default route: next hop 10.42.0.1 on eth0",
                    "route table main",
                    "default via 10.42.0.1 dev eth0",
                ),
                step(StepKind::Veth, "eth0 to veth63095229 on master"),
            ],
        ),
        hop(
            "master",
            "host",
            Some("veth63095229"),
            Some("flannel.1"),
            vec![
                proven(
                    StepKind::Rule,
                    "nat PREROUTING rule 1 > KUBE-SERVICES rule 12 > KUBE-SVC-7CWUT4JBGBRVUN2L: \
                     default/nginx-test cluster IP",
                    "iptables",
                    "-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n\
                     -A KUBE-SERVICES -d 10.43.6.58/32 -p tcp -m comment --comment \"default/nginx-test \
                     cluster IP\" -m tcp --dport 80 -j KUBE-SVC-7CWUT4JBGBRVUN2L",
                ),
                step(StepKind::Balance, &format!("{share} of 1 go to {chain}")),
                changed(
                    StepKind::Dnat,
                    &format!("destination rewritten: 10.42.0.65 > {endpoint}/tcp"),
                    "10.42.0.65 > 10.43.6.58:80/tcp",
                    &format!("10.42.0.65 > {endpoint}/tcp"),
                ),
            ],
        ),
    ]
}

fn there() -> Vec<Crossing> {
    vec![
        crossing("master", "pod:default/client", "eth0", Direction::Out),
        crossing("master", "host", "veth63095229", Direction::In),
        crossing("master", "host", "flannel.1", Direction::Out),
    ]
}

fn back(devices: &[Crossing]) -> Vec<Crossing> {
    let flip = |crossing: &Crossing| Crossing {
        dir: match crossing.dir {
            Direction::In => Direction::Out,
            Direction::Out => Direction::In,
        },
        ..crossing.clone()
    };
    devices.iter().rev().map(flip).collect()
}

pub fn delivered(probability: f64, name: &str, address: &str) -> Path {
    let mut hops = beginning("1/2", "KUBE-SEP-U2YYZT2C3O6VM4EV", &format!("{address}:80"));
    hops.push(hop(
        "node1",
        &format!("pod:default/{name}"),
        Some("eth0"),
        None,
        vec![step(StepKind::Deliver, "a socket listens on *:80")],
    ));
    let devices = there();
    let reply = Reply {
        verdict: Verdict::Delivered,
        hops: vec![hop(
            "node1",
            &format!("pod:default/{name}"),
            None,
            Some("eth0"),
            vec![changed(
                StepKind::Snat,
                "source rewritten by the connection's entry: 10.43.6.58:80 > 10.42.0.65",
                &format!("{address}:80 > 10.42.0.65"),
                "10.43.6.58:80 > 10.42.0.65",
            )],
        )],
        devices: back(&devices),
    };
    Path {
        probability,
        verdict: Verdict::Delivered,
        client_sees: None,
        destination: Some(pod(name, "node1", address, Some(80))),
        source_seen: Some(ip("10.42.0.65")),
        stopped_at: None,
        devices,
        hops,
        reply: Some(reply),
        acknowledgement: None,
        assumptions: Vec::new(),
    }
}

pub fn stopped(probability: f64, verdict: Verdict, sees: Option<ClientSees>, last: Step) -> Path {
    let mut hops = beginning("1/2", "KUBE-SEP-GWUIQWA2TNZI4ESX", "10.42.2.6:80");
    let why = last.text.clone();
    hops[1].steps.push(last);
    Path {
        probability,
        verdict,
        client_sees: sees,
        destination: None,
        source_seen: None,
        stopped_at: Some(StoppedAt {
            node: "master".to_owned(),
            netns: "host".to_owned(),
            device: Some("flannel.1".to_owned()),
            step: (1, hops[1].steps.len() - 1),
            why,
            on: None,
        }),
        devices: there(),
        hops,
        reply: None,
        acknowledgement: None,
        assumptions: Vec::new(),
    }
}

pub fn two_delivered() -> Trace {
    trace(vec![
        delivered(0.5, "nginx-test-1", "10.42.1.6"),
        delivered(0.5, "nginx-test-2", "10.42.2.6"),
    ])
}

pub fn half_times_out() -> Trace {
    let last = proven(
        StepKind::Drop,
        "flannel.1 knows no ca:cb:1f:99:10:97, and has no default entry: dropped, silently",
        "bridge fdb of master / host",
        "62:c8:a9:ce:ca:4e dev flannel.1 dst 192.168.205.3 self permanent\n\
         ee:87:b2:4a:fd:62 dev flannel.1 dst 192.168.205.5 self permanent",
    );
    let broken = stopped(0.5, Verdict::Dropped, Some(ClientSees::Timeout), last);
    trace(vec![delivered(0.5, "nginx-test-1", "10.42.1.6"), broken])
}

pub fn rejected() -> Trace {
    let last = proven(
        StepKind::Reject,
        "filter KUBE-SERVICES rule 3 rejects it: default/nginx-test has no endpoints",
        "iptables filter KUBE-SERVICES rule 3 (nodes/master/host/iptables-save.txt:41)",
        "-A KUBE-SERVICES -d 10.43.6.58/32 -p tcp -m comment --comment \"default/nginx-test has no endpoints\" \
         -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable",
    );
    let mut path = stopped(1.0, Verdict::Rejected, Some(ClientSees::Refused), last);
    path.hops[1].steps.remove(2);
    path.hops[1].steps.remove(1);
    path.stopped_at.as_mut().unwrap().step = (1, 1);
    trace(vec![path])
}

pub fn undetermined() -> Trace {
    let last = proven(
        StepKind::Unknown,
        "the nftables chain inet firewall forward holds rules, which kubenet does not evaluate yet",
        "nft inet firewall forward",
        "type filter hook forward priority filter; policy drop; 3 rules",
    );
    let mut path = stopped(1.0, Verdict::Undetermined, None, last);
    path.assumptions.push(Assumption {
        unknown: "whether iptables filter FORWARD rule 2 matches: a bpf program is not evaluated"
            .to_owned(),
        supposed: "it does not match".to_owned(),
        otherwise: vec![
            "if it matches: dropped at FORWARD rule 2, the client times out".to_owned(),
        ],
    });
    let mut trace = trace(vec![path]);
    trace.not_seen.push("node2: not captured".to_owned());
    for name in [
        "master / host",
        "node1 / host",
        "node3 / host",
        "node4 / host",
        "node5 / host",
    ] {
        trace
            .not_seen
            .push(format!("{name}: sysctls were not read"));
    }
    trace
}

pub fn lost_reply() -> Trace {
    let mut path = delivered(1.0, "nginx-test-1", "10.42.1.6");
    path.verdict = Verdict::Dropped;
    path.client_sees = Some(ClientSees::Timeout);
    let reply = path.reply.as_mut().unwrap();
    reply.verdict = Verdict::Dropped;
    let last = proven(
        StepKind::Drop,
        "eth0 drops it: rp_filter is strict and 10.42.0.65 is not reached by eth0",
        "sysctl",
        "net.ipv4.conf.eth0.rp_filter = 1",
    );
    let why = last.text.clone();
    reply
        .hops
        .push(hop("node1", "host", Some("vethaf36ec09"), None, vec![last]));
    path.stopped_at = Some(StoppedAt {
        node: "node1".to_owned(),
        netns: "host".to_owned(),
        device: Some("eth0".to_owned()),
        step: (1, 0),
        why,
        on: Some(Leg::Reply),
    });
    trace(vec![path])
}

pub fn fifty_endpoints() -> Trace {
    let paths =
        (0..50).map(|n| delivered(0.02, &format!("web-{n}"), &format!("10.42.1.{}", n + 10)));
    trace(paths.collect())
}

/// Names and comments by somebody who means ill.
pub fn hostile() -> Trace {
    let mut trace = rejected();
    trace.flow.from.name = Some("cl\x1b[2Jient\r\nfake line".to_owned());
    trace.flow.to.name = Some("ng\u{202e}tset-xni\u{2066}".to_owned());
    let step = trace.paths[0].hops[1].steps.last_mut().unwrap();
    step.text =
        "filter KUBE-SERVICES rule 3 rejects it: \x1b]0;owned\x07 \u{9b}31m \u{7f} tab\there"
            .to_owned();
    trace
        .not_seen
        .push("node\u{200f}2\x08\x08\x08\x08\x08: not captured".to_owned());
    trace
}

/// A connection that is made, and whose third packet a rule drops.
pub fn hangs() -> Trace {
    let mut path = delivered(1.0, "nginx-test-1", "10.42.1.6");
    let why = "iptables filter INPUT rule 3 drops it";
    let source = "iptables table filter, chain INPUT rule 3";
    let raw = "-A INPUT -m conntrack --ctstate ESTABLISHED -j DROP";
    let drop = proven(StepKind::Drop, why, source, raw);
    path.verdict = Verdict::Dropped;
    path.client_sees = Some(ClientSees::Timeout);
    path.stopped_at = Some(StoppedAt {
        node: "node1".to_owned(),
        netns: "host".to_owned(),
        device: None,
        step: (0, 0),
        why: why.to_owned(),
        on: Some(Leg::Acknowledgement),
    });
    path.acknowledgement = Some(Reply {
        verdict: Verdict::Dropped,
        hops: vec![hop("node1", "host", Some("flannel.1"), None, vec![drop])],
        devices: Vec::new(),
    });
    trace(vec![path])
}

pub fn all() -> Vec<(&'static str, Trace)> {
    vec![
        ("two_delivered", two_delivered()),
        ("half_times_out", half_times_out()),
        ("rejected", rejected()),
        ("undetermined", undetermined()),
        ("lost_reply", lost_reply()),
        ("hangs", hangs()),
        ("fifty_endpoints", fifty_endpoints()),
        ("hostile", hostile()),
    ]
}
