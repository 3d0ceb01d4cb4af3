//! Conditions that hold of some packets of a scene and not of others.

use super::dice::Dice;
use super::draft::{Draft, Spot};
use super::sets;
use crate::scene::Shape;

/// Adds one condition that may stand there, or none.
pub fn condition(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    match dice.below(12) {
        0 | 1 => address(dice, spot, draft),
        2 => device(dice, spot, draft),
        3 | 4 => protocol(dice, spot, draft),
        5 => mark(dice, draft),
        6 | 7 => connection(dice, spot, draft),
        8 => header(dice, spot, draft),
        9 => kind_of_packet(dice, spot, draft),
        10 => set(dice, spot, draft),
        _ if spot.ground.shape == Shape::Bridged => port_of_bridge(dice, spot, draft),
        _ => address(dice, spot, draft),
    }
}

fn address(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    match dice.below(6) {
        0..4 => {
            let network = spot.ground.network(dice);
            // There is nothing outside of everything, and no tool loads that.
            let no = if network.ends_with("/0") { "" } else { no };
            match dice.chance(50) {
                true => draft.ask("source", format!("{no}-s {network}")),
                false => draft.ask("destination", format!("{no}-d {network}")),
            }
        }
        4 => {
            let side = dice.one(&["--src-range", "--dst-range"]);
            let range = spot.ground.range(dice);
            draft.ask("iprange", format!("-m iprange {no}{side} {range}"));
        }
        _ => {
            let side = dice.one(&["--src-type", "--dst-type"]);
            let kind = dice.one(&["LOCAL", "LOCAL", "UNICAST", "MULTICAST", "BROADCAST"]);
            let kind = match kind {
                // IPv6 has none.
                "BROADCAST" if !spot.ground.is_four() => "ANYCAST",
                kind => kind,
            };
            draft.ask("addrtype", format!("-m addrtype {no}{side} {kind}"));
        }
    }
}

fn device(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    let device = spot.ground.device(dice);
    if dice.chance(50) {
        if !matches!(spot.chain, "OUTPUT" | "POSTROUTING") {
            draft.ask("input", format!("{no}-i {device}"));
        }
    } else if !matches!(spot.chain, "PREROUTING" | "INPUT") {
        draft.ask("output", format!("{no}-o {device}"));
    }
}

fn protocol(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    let range = |dice: &mut Dice| {
        dice.one(&[
            "8001",
            "8002",
            "8001:8002",
            ":8002",
            "8002:",
            "10000:32000",
            "9",
        ])
    };
    match dice.below(8) {
        0 => draft.of_protocol(dice.one(&["udp", "tcp", spot.ground.spell("icmp", "ipv6-icmp")])),
        1 | 2 => {
            if let Some(protocol) = draft.with_ports(dice) {
                let range = range(dice);
                draft.ask("ports", format!("-m {protocol} {no}--dport {range}"));
            }
        }
        3 => {
            if let Some(protocol) = draft.with_ports(dice) {
                let both = format!("--sport {} {no}--dport {}", range(dice), range(dice));
                draft.ask("ports", format!("-m {protocol} {both}"));
            }
        }
        4 | 5 => {
            if draft.with_ports(dice).is_some() {
                let side = dice.one(&["--dports", "--sports", "--ports"]);
                let first = dice.one(&["8001", "8002"]);
                let more = dice.one(&["8003", "9", "8002:8010", "9,8003,20000:30000"]);
                draft.ask(
                    "multiport",
                    format!("-m multiport {no}{side} {first},{more}"),
                );
            }
        }
        6 => {
            draft.of_protocol("tcp");
            if draft.ports() == Some("tcp") {
                let flags = dice.one(&["SYN", "SYN,ACK", "RST", "ACK", "NONE"]);
                draft.ask(
                    "ports",
                    format!("-m tcp {no}--tcp-flags FIN,SYN,RST,ACK {flags}"),
                );
            }
        }
        _ => {
            draft.of_protocol(spot.ground.spell("icmp", "ipv6-icmp"));
            if draft.ports().is_none() {
                let kind = dice.one(&["echo-request", "echo-reply", "destination-unreachable"]);
                let option = spot
                    .ground
                    .spell("-m icmp {no}--icmp-type", "-m icmp6 {no}--icmpv6-type");
                draft.ask("icmp", format!("{} {kind}", option.replace("{no}", no)));
            }
        }
    }
}

fn mark(dice: &mut Dice, draft: &mut Draft) {
    let no = dice.not();
    if dice.chance(60) {
        let mark = dice.one(&["0x1/0x1", "0x2/0x3", "0x0/0x4", "0x80/0x80", "0x0", "0x5"]);
        draft.ask("mark", format!("-m mark {no}--mark {mark}"));
    } else {
        let mark = dice.one(&["0x1/0x1", "0x0/0x2", "0x0", "0x3", "0x2/0x6"]);
        draft.ask("connmark", format!("-m connmark {no}--mark {mark}"));
    }
}

fn connection(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    let ground = spot.ground;
    let condition = match dice.below(12) {
        0..5 => format!(
            "{no}--ctstate {}",
            dice.one(&[
                "NEW",
                "ESTABLISHED",
                "RELATED,ESTABLISHED",
                "RELATED",
                "INVALID",
                "UNTRACKED",
                "DNAT",
                "SNAT",
                "INVALID,NEW",
                "NEW,DNAT",
            ])
        ),
        5 => format!("--ctdir {}", dice.one(&["ORIGINAL", "REPLY"])),
        6 => format!(
            "{no}--ctstatus {}",
            dice.one(&["SEEN_REPLY", "CONFIRMED", "NONE"])
        ),
        7 => format!("{no}--ctorigsrc {}", ground.network(dice)),
        8 => format!("{no}--ctorigdst {}", ground.network(dice)),
        9 => {
            let side = dice.one(&["--ctreplsrc", "--ctrepldst"]);
            format!("{no}{side} {}", ground.network(dice))
        }
        // An echo has its identifier there, which no trace knows.
        10 if draft.with_ports(dice).is_some() => {
            let side = dice.one(&["--ctorigdstport", "--ctorigsrcport", "--ctreplsrcport"]);
            format!(
                "{no}{side} {}",
                dice.one(&["8001", "8001:8002", "9", "10000:32000"])
            )
        }
        _ => format!("{no}--ctproto {}", dice.one(&["udp", "tcp"])),
    };
    draft.ask("conntrack", format!("-m conntrack {condition}"));
}

/// Fields of the packet's header.
fn header(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    match dice.below(3) {
        0 => {
            let option = spot.ground.spell("-m ttl --ttl-", "-m hl --hl-");
            let limit = dice.one(&["eq 64", "eq 63", "eq 70", "gt 63", "lt 64"]);
            draft.ask("ttl", format!("{option}{limit}"));
        }
        1 => {
            let tos = dice.one(&["0x10/0xff", "0x00/0x04", "0x08/0x08"]);
            draft.ask("tos", format!("-m tos {no}--tos {tos}"));
        }
        _ => {
            let length = dice.one(&["48", "60:80", "0:59", "68", "56:"]);
            draft.ask("length", format!("-m length {no}--length {length}"));
        }
    }
}

fn kind_of_packet(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    match dice.below(5) {
        0 => draft.ask("pkttype", format!("-m pkttype {no}--pkt-type unicast")),
        1 if spot.only(&["PREROUTING", "INPUT", "FORWARD"]) => {
            let mac = dice.one(&["02:00:00:00:01:02", "02:00:00:00:02:02"]);
            draft.ask("mac", format!("-m mac {no}--mac-source {mac}"));
        }
        2 if spot.only(&["OUTPUT", "POSTROUTING"]) => {
            draft.ask("owner", format!("-m owner {no}--socket-exists"));
        }
        3 if spot.only(&["PREROUTING"]) && matches!(spot.table, "raw" | "mangle") => {
            let how = dice.one(&[
                "",
                " --loose",
                " --invert",
                " --accept-local",
                " --validmark",
            ]);
            draft.ask("rpfilter", format!("-m rpfilter{how}"));
        }
        _ => draft.ask(
            "statistic",
            format!(
                "-m statistic --mode random --probability {}",
                dice.one(&["0", "1", "1"])
            ),
        ),
    }
}

fn set(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    let kind = dice.one(&sets::kinds(spot.ground));
    // A side too few never matches, one too many says nothing.
    let sides = match dice.below(10) {
        0 => kind.dimensions().max(2) - 1,
        1 => kind.dimensions() + 1,
        _ => kind.dimensions(),
    };
    let sides: Vec<&str> = (0..sides).map(|_| dice.one(&["src", "dst"])).collect();
    draft.ask(
        "set",
        format!("-m set {no}--match-set {} {}", kind.name, sides.join(",")),
    );
}

fn port_of_bridge(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) {
    let no = dice.not();
    let port = dice.one(&["rc", "rs", "r+", "eth0"]);
    let condition = match dice.below(5) {
        0 => format!("{no}--physdev-in {port}"),
        1 => format!("{no}--physdev-is-in"),
        // The port that a packet leaves by is known in these only.
        2 if spot.only(&["FORWARD"]) || spot.only(&["POSTROUTING"]) => {
            format!("{no}--physdev-is-out")
        }
        3 if spot.only(&["FORWARD"]) || spot.only(&["POSTROUTING"]) => {
            format!("{no}--physdev-out {port}")
        }
        4 if spot.only(&["FORWARD"]) || spot.only(&["POSTROUTING"]) => {
            format!("{no}--physdev-is-bridged")
        }
        _ => return,
    };
    draft.ask("physdev", format!("-m physdev {condition}"));
}
