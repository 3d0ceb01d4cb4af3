//! What the kernel did otherwise when rulesets were made at random, each as the smallest case that shows it.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::Bench;
use super::question::Question;
use super::random::{Ground, prepare};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

struct Found {
    /// What it showed.
    name: &'static str,
    shape: Shape,
    /// Rules without policies and `COMMIT`s: `*TABLE` and `-A ...`; `:CHAIN` for chains of one's own and for `DROP`.
    rules: &'static str,
    from: Place,
    protocol: Protocol,
    to: &'static str,
    tos: u8,
}

/// Of these the family is that of the address asked for; both backends must agree.
const FOUND: &[Found] = &[
    Found {
        name: "a socket answers without the packet's connection, whose zone is then not found",
        shape: Shape::Routed,
        rules: "*raw
            -A PREROUTING -j CT --zone-reply 7
            *nat
            -A PREROUTING -j REDIRECT",
        from: Place::Server,
        protocol: Protocol::Udp,
        to: "10.1.0.1:9",
        tos: 0,
    },
    Found {
        name: "a reset that is put on the bridge ends a connection that was made",
        shape: Shape::Bridged,
        rules: "*filter
            -A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK ACK -j REJECT --reject-with tcp-reset",
        from: Place::Client,
        protocol: Protocol::Tcp,
        to: "[fd01::1]:8001",
        tos: 0,
    },
    Found {
        name: "the reset of a closed port has the TOS of what it answers",
        shape: Shape::Bridged,
        rules: "*mangle
            -A POSTROUTING -m tos --tos 0x10/0x10 -j DROP",
        from: Place::Client,
        protocol: Protocol::Tcp,
        to: "10.1.0.1:9",
        tos: 0x10,
    },
    Found {
        name: "a route that refuses what mangle marked ends it there, before filter",
        shape: Shape::Bridged,
        rules: "*mangle
            -A OUTPUT -j MARK --set-xmark 0x5/0x0
            *filter
            -A OUTPUT -j DROP",
        from: Place::Router,
        protocol: Protocol::Udp,
        to: "10.1.0.13:8003",
        tos: 0,
    },
    Found {
        name: "what a CT rule laid down is a connection from nowhere",
        shape: Shape::Routed,
        rules: "*raw
            -A PREROUTING -j CT --zone-orig 7
            -A PREROUTING -m conntrack ! --ctorigsrc fd02::4 -j MARK --set-xmark 0x1/0x0
            -A PREROUTING -m conntrack --ctorigsrc ::/128 -j MARK --set-xmark 0x2/0x0
            -A PREROUTING -m conntrack --ctstatus CONFIRMED -j MARK --set-xmark 0x8/0x0
            -A PREROUTING -m conntrack --ctproto udp -j MARK --set-xmark 0x10/0x0
            -A PREROUTING -m connmark --mark 0x0 -j MARK --set-xmark 0x20/0x0",
        from: Place::Client,
        protocol: Protocol::Udp,
        to: "[fd02::4]:8003",
        tos: 0,
    },
    Found {
        name: "an error has the protocol of the connection that it is about",
        shape: Shape::Routed,
        rules: "*mangle
            -A OUTPUT -m conntrack --ctproto udp --ctstate RELATED -j DROP
            *filter
            -A INPUT -j REJECT",
        from: Place::Client,
        protocol: Protocol::Udp,
        to: "10.1.0.1:8001",
        tos: 0,
    },
    Found {
        name: "iptables-nft has security behind the translation of sources",
        shape: Shape::Routed,
        rules: "*nat
            -A INPUT -j SNAT --to-source 10.1.0.9
            *security
            -A INPUT -j DROP",
        from: Place::Client,
        protocol: Protocol::Udp,
        to: "10.1.0.1:8001",
        tos: 0,
    },
    Found {
        name: "a port is taken only in the zone of its direction",
        shape: Shape::Bridged,
        rules: "*raw
            -A PREROUTING -j CT --zone-reply 7
            -A OUTPUT -j CT --zone-orig 7
            *nat
            -A OUTPUT -d fd01::99 -j ACCEPT",
        from: Place::Router,
        protocol: Protocol::Udp,
        to: "[fd01::12]:8002",
        tos: 0,
    },
    Found {
        name: "an error that found no connection going out is given a zone when it comes in by lo",
        shape: Shape::Routed,
        rules: "*raw
            -A PREROUTING -j CT --zone 7
            *nat
            -A INPUT -p udp -j SNAT --to-source fd01::1",
        from: Place::Server,
        protocol: Protocol::Udp,
        to: "[fd02::1]:9",
        tos: 0,
    },
    Found {
        name: "the source that a rule gives is in use already, in the zone of the other direction",
        shape: Shape::Bridged,
        rules: "*raw
            -A PREROUTING -j CT --zone-orig 7
            -A OUTPUT -j CT --zone 7
            *nat
            -A PREROUTING -j DNAT --to-destination fd01::1
            -A POSTROUTING -j SNAT --to-source fd01::2",
        from: Place::Server,
        protocol: Protocol::Udp,
        to: "[fd01::2]:8001",
        tos: 0,
    },
    Found {
        name: "two connections that are answered alike cannot both be in the table",
        shape: Shape::Bridged,
        rules: "*raw
            -A OUTPUT -j CT --zone-reply 7
            *nat
            -A INPUT -j NETMAP --to 10.1.0.12/30",
        from: Place::Router,
        protocol: Protocol::Udp,
        to: "10.1.0.12:8002",
        tos: 0,
    },
    Found {
        name: "an acknowledgement is shorter than what begins the connection",
        shape: Shape::Routed,
        rules: "*mangle
            -A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -m length --length 60:80 -j DROP",
        from: Place::Client,
        protocol: Protocol::Tcp,
        to: "10.1.0.1:8001",
        tos: 0,
    },
    Found {
        name: "a route that only acknowledgements take loses them",
        shape: Shape::Bridged,
        rules: "*mangle
            -A PREROUTING -m length ! --length 60:80 -j MARK --set-xmark 0x4/0x0
            *nat
            -A PREROUTING -m length --length 56: -j DNAT --to-destination 10.1.0.13",
        from: Place::Client,
        protocol: Protocol::Tcp,
        to: "10.1.0.99:8001",
        tos: 0,
    },
    Found {
        name: "an ICMP error does not end a connection that stands",
        shape: Shape::Routed,
        rules: "*filter
            -A INPUT -s 10.1.0.2 -m conntrack --ctstate RELATED,ESTABLISHED -j REJECT --reject-with icmp-host-unreachable",
        from: Place::Client,
        protocol: Protocol::Tcp,
        to: "10.1.0.1:8002",
        tos: 0,
    },
    Found {
        name: "an acknowledgement that a socket does not know is answered with a reset",
        shape: Shape::Routed,
        rules: "*raw
            -A OUTPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j CT --zone-orig 7",
        from: Place::Router,
        protocol: Protocol::Tcp,
        to: "10.1.0.1:8001",
        tos: 0x10,
    },
    Found {
        name: "what refuses an untracked packet is looked up, and no rule keeps it from that",
        shape: Shape::Bridged,
        rules: "*raw
            -A OUTPUT -j CT --notrack
            *filter
            -A INPUT -m conntrack ! --ctstate INVALID -j MARK --set-xmark 0x2/0x0
            -A INPUT -j REJECT --reject-with icmp-admin-prohibited",
        from: Place::Router,
        protocol: Protocol::Udp,
        to: "127.0.0.1:8001",
        tos: 0x10,
    },
    Found {
        name: "masquerading at random gives an echo another identifier",
        shape: Shape::Routed,
        rules: "*mangle
            :INPUT DROP [0:0]
            -A PREROUTING -m conntrack ! --ctstate SNAT -j MARK --set-xmark 0x5/0x0
            *nat
            -A OUTPUT -j DNAT --to-destination fd01::1
            -A POSTROUTING -j MASQUERADE --random-fully",
        from: Place::Router,
        protocol: Protocol::Icmp,
        to: "[fd02::4]:8001",
        tos: 0,
    },
    Found {
        name: "TCP has no way to answer ::1 by another device than lo",
        shape: Shape::Routed,
        rules: "*nat
            -A OUTPUT -p tcp -j DNAT --to-destination fd01::1",
        from: Place::Router,
        protocol: Protocol::Tcp,
        to: "[::1]:9",
        tos: 0,
    },
];

/// Whole tables, as restore wants them.
fn whole(rules: &str) -> String {
    let mut text = String::new();
    let mut open = false;
    for line in rules.lines().map(str::trim) {
        if line.starts_with('*') {
            if open {
                text.push_str("COMMIT\n");
            }
            open = true;
        }
        text.push_str(line);
        text.push('\n');
    }
    text + "COMMIT\n"
}

fn all(shape: Shape) {
    if !allowed() {
        return;
    }
    for family in [Family::V4, Family::V6] {
        let mut bench = Bench::new(shape);
        prepare(&mut bench, Ground { family, shape });
        let of_family = |found: &&Found| found.to.starts_with('[') == (family == Family::V6);
        for found in FOUND
            .iter()
            .filter(|found| found.shape == shape)
            .filter(of_family)
        {
            for backend in [Backend::Nft, Backend::Legacy] {
                bench.load(&[Ruleset::new(backend, family, &whole(found.rules))]);
                let question =
                    bench.question(found.from, found.protocol, found.to.parse().unwrap());
                let wrong = bench.ask(Question {
                    tos: found.tos,
                    ..question
                });
                if !wrong.is_empty() {
                    let wrong = wrong.join("\n");
                    bench
                        .wrong
                        .push(format!("{} ({backend:?}):\n{wrong}", found.name));
                }
            }
        }
        assert!(bench.asked > 0, "no case for {family:?}");
        bench.open_at_most(0);
        bench.verdict(&format!("found at random, {shape:?} {family:?}"));
    }
}

#[test]
fn routed() {
    all(Shape::Routed);
}

#[test]
fn bridged() {
    all(Shape::Bridged);
}
