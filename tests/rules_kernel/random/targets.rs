//! What rules do with a packet that meets them.

use super::dice::Dice;
use super::draft::{Draft, Spot};
use super::ground::Role;

/// A target that may stand there; none now and then.
pub fn target(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) -> String {
    if !spot.chains.is_empty() && dice.chance(30) {
        let how = if dice.chance(30) { "-g" } else { "-j" };
        return format!("{how} {}", dice.one(spot.chains));
    }
    match (spot.table, dice.below(20)) {
        (_, 0) => String::new(),
        (_, 1 | 2) => "-j RETURN".to_owned(),
        (_, 3) => "-j ACCEPT".to_owned(),
        ("nat", 4..17) => translation(dice, spot, draft),
        ("nat", _) => mark(dice),
        (_, 4) => "-j DROP".to_owned(),
        ("filter", 5 | 6) => rejection(dice, spot, draft),
        ("raw", 5..9) => tracking(dice),
        ("mangle", 5..8) => connmark(dice),
        ("mangle", 8..10) => header(dice, spot),
        _ => mark(dice),
    }
}

/// A rule that does something which every trace names, and nothing else: it shows who came by.
pub fn witness() -> &'static str {
    "-j MARK --set-xmark 0x10000000/0x0"
}

fn mark(dice: &mut Dice) -> String {
    let how = dice.one(&[
        "--set-xmark 0x1/0x0",
        "--set-xmark 0x2/0x0",
        "--set-xmark 0x4/0x0",
        "--set-xmark 0x5/0x0",
        "--set-xmark 0x20000000/0x0",
        "--set-mark 0x5",
        "--set-mark 0x1/0x3",
        "--and-mark 0x6",
        "--or-mark 0x3",
        "--set-xmark 0x3/0x7",
    ]);
    format!("-j MARK {how}")
}

fn connmark(dice: &mut Dice) -> String {
    let how = dice.one(&[
        "--set-xmark 0x1/0x0",
        "--set-mark 0x3",
        "--save-mark",
        "--save-mark --nfmask 0x3 --ctmask 0x6",
        "--restore-mark",
        "--restore-mark --nfmask 0x3 --ctmask 0x1",
        "--or-mark 0x2",
        "--and-mark 0x1",
    ]);
    format!("-j CONNMARK {how}")
}

fn tracking(dice: &mut Dice) -> String {
    dice.one(&[
        "-j NOTRACK",
        "-j CT --notrack",
        "-j CT --zone 7",
        "-j CT --zone-orig 7",
        "-j CT --zone-reply 7",
    ])
    .to_owned()
}

fn header(dice: &mut Dice, spot: &Spot<'_>) -> String {
    match dice.below(2) {
        0 => {
            let target = spot.ground.spell("-j TTL --ttl-", "-j HL --hl-");
            let how = dice.one(&["set 70", "inc 1", "dec 1", "set 2"]);
            format!("{target}{how}")
        }
        _ => {
            let how = dice.one(&[
                "--xor-tos 0x10",
                "--xor-tos 0x08",
                "--set-tos 0x04/0xff",
                "--and-tos 0x08",
                "--or-tos 0x10",
            ]);
            format!("-j TOS {how}")
        }
    }
}

fn rejection(dice: &mut Dice, spot: &Spot<'_>, draft: &Draft) -> String {
    let with = match draft.ports() {
        Some("tcp") if dice.chance(50) => "tcp-reset",
        _ if spot.ground.is_four() => dice.one(&[
            "icmp-port-unreachable",
            "icmp-admin-prohibited",
            "icmp-host-unreachable",
            "icmp-net-unreachable",
            "icmp-proto-unreachable",
        ]),
        _ => dice.one(&[
            "icmp6-port-unreachable",
            "icmp6-adm-prohibited",
            "icmp6-no-route",
            "icmp6-addr-unreachable",
        ]),
    };
    format!("-j REJECT --reject-with {with}")
}

/// Destinations are translated on the way in, sources on the way out.
fn translation(dice: &mut Dice, spot: &Spot<'_>, draft: &mut Draft) -> String {
    let inward = spot.only(&["PREROUTING", "OUTPUT"]);
    if dice.chance(40) {
        draft.with_ports(dice);
    }
    let ported = draft.ports().is_some();
    match (inward, dice.below(7)) {
        (true, 0 | 1) => {
            let ports = match ported {
                true => dice.one(&["", " --to-ports 8002", " --to-ports 8003"]),
                false => "",
            };
            format!("-j REDIRECT{ports}")
        }
        (_, 2) => format!("-j NETMAP --to {}", spot.ground.map(dice)),
        (true, _) => {
            let ports = match ported {
                true => dice.one(&["", ":8002", ":8003", ":9"]),
                false => "",
            };
            let role = dice.one(&[Role::Server, Role::Server, Role::Client, Role::Router]);
            let to = destination(dice, spot, role, ports);
            format!("-j DNAT --to-destination {to}{}", persistence(dice))
        }
        (false, 0 | 1) if spot.only(&["POSTROUTING"]) => {
            let ports = match ported {
                true => dice.one(&["", " --to-ports 33000-60000", " --to-ports 5000-60000"]),
                false => "",
            };
            let how = dice.one(&["", "", " --random-fully"]);
            format!("-j MASQUERADE{ports}{how}")
        }
        (false, _) => {
            let ports = match ported {
                true => dice.one(&["", "", ":33000-60000", ":7000-60000"]),
                false => "",
            };
            let role = dice.one(&[Role::Router, Role::Router, Role::Server, Role::Client]);
            let to = destination(dice, spot, role, ports);
            format!("-j SNAT --to-source {to}{}", persistence(dice))
        }
    }
}

fn persistence(dice: &mut Dice) -> &'static str {
    dice.one(&["", "", "", " --persistent"])
}

/// An address, or a range of them, with ports.
fn destination(dice: &mut Dice, spot: &Spot<'_>, role: Role, ports: &str) -> String {
    let all = spot.ground.addresses(role);
    let address = match (all, dice.chance(20)) {
        ([first, .., last], true) if role == Role::Server => format!("{first}-{last}"),
        _ => dice.one(all).to_owned(),
    };
    match (spot.ground.is_four(), ports) {
        (true, ports) => format!("{address}{ports}"),
        (false, "") => address,
        (false, ports) => format!("[{address}]{ports}"),
    }
}
