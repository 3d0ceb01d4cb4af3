//! Rulesets at random: tables of every IP family with chains at random hooks and priorities, sets, maps, jumps, and what
//! rules may ask and do. A seed is printed with each that the kernel treats otherwise, after rules that do not matter to
//! the difference have been taken away.
//!
//! `KUBENET_SEED=N` begins with another seed, `KUBENET_CASES=N` makes so many rulesets.

use std::net::SocketAddr;

use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router, server};
use super::question::Question;
use super::rules::Ruleset;
use super::scene::{PORTS, Place, Shape, allowed};

/// Rulesets of one run, and packets sent through each.
const CASES: u64 = 90;
const PACKETS: usize = 14;

/// xorshift64*, Vigna 2016: the same numbers for the same seed everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn of<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const FOUR: [&str; 7] = [
    "10.1.0.2",
    "10.1.0.1",
    "10.2.0.1",
    "10.2.0.2",
    "10.2.0.3",
    "10.1.0.0/24",
    "10.2.0.2-10.2.0.4",
];
const SIX: [&str; 6] = [
    "fd01::2",
    "fd01::1",
    "fd02::2",
    "fd02::3",
    "fd01::/64",
    "fd02::1-fd02::3",
];
const WAYS: [&str; 6] = ["8001", "8002", "8003", "8001-8002", "8000-8003", "1-1023"];

/// What a rule asks.
fn condition(dice: &mut Dice, family: &str) -> String {
    let not = if dice.chance(25) { "!= " } else { "" };
    let side = *dice.of(&["saddr", "daddr"]);
    let port = *dice.of(&["sport", "dport", "dport", "dport"]);
    let four = family != "ip6";
    let six = family != "ip";
    let set = |dice: &mut Dice, from: &[&str]| {
        // Intervals of a set may not overlap: single values only.
        let single: Vec<&str> = from
            .iter()
            .filter(|value| !value.contains(['-', '/']))
            .copied()
            .collect();
        let count = 1 + dice.below(3);
        let mut some: Vec<&str> = (0..count).map(|_| *dice.of(&single)).collect();
        some.sort_unstable();
        some.dedup();
        format!("{{ {} }}", some.join(", "))
    };
    match dice.below(24) {
        0 | 1 if four => format!("ip {side} {not}{}", dice.of(&FOUR)),
        2 if four => format!("ip {side} {not}{}", set(dice, &FOUR)),
        3 | 4 if six => format!("ip6 {side} {not}{}", dice.of(&SIX)),
        5 if six => format!("ip6 {side} {not}{}", set(dice, &SIX)),
        6 => format!("udp {port} {not}{}", dice.of(&WAYS)),
        7 => format!("tcp {port} {not}{}", dice.of(&WAYS)),
        8 => format!(
            "meta l4proto {{ tcp, udp }} th dport {not}{}",
            set(dice, &WAYS)
        ),
        9 => format!(
            "meta l4proto {not}{}",
            dice.of(&["tcp", "udp", "{ tcp, udp }", "icmp", "ipv6-icmp"])
        ),
        10 => format!(
            "iifname {not}{}",
            dice.of(&["\"rc\"", "\"rs\"", "\"r*\"", "\"lo\"", "{ \"rc\", \"lo\" }"])
        ),
        11 => format!(
            "oifname {not}{}",
            dice.of(&["\"rc\"", "\"rs\"", "\"r*\"", "{ \"rs\", \"lo\" }"])
        ),
        12 => format!(
            "ct state {}",
            dice.of(&[
                "new",
                "established",
                "new,established",
                "{ new, related }",
                "!= new",
                "invalid"
            ])
        ),
        13 => format!("ct direction {}", dice.of(&["original", "reply"])),
        14 => format!(
            "meta mark {not}{}",
            dice.of(&["0", "0x1", "0x1-0xf", "0x3"])
        ),
        15 => format!(
            "meta mark & {} {} {}",
            dice.of(&["0x1", "0x3", "0xff"]),
            dice.of(&["==", "!="]),
            dice.of(&["0", "0x1"])
        ),
        16 => format!("ct mark {not}{}", dice.of(&["0", "0x1", "0x2"])),
        17 => format!(
            "fib {side} type {not}{}",
            dice.of(&["local", "unicast", "{ local, broadcast }"])
        ),
        18 => format!(
            "ct status {}",
            dice.of(&["dnat", "snat", "seen-reply", "confirmed"])
        ),
        19 => format!(
            "meta length {} {}",
            dice.of(&["<", ">", ">=", "<=", "=="]),
            dice.of(&["48", "60", "68"])
        ),
        20 if four => format!(
            "ip saddr . ip daddr {not}{}",
            dice.of(&[
                "{ 10.1.0.2 . 10.2.0.2 }",
                "{ 10.1.0.0/24 . 10.2.0.0/24, 10.2.0.1 . 10.2.0.2 }"
            ])
        ),
        21 => format!(
            "meta l4proto . th dport {not}{}",
            dice.of(&["{ udp . 8001, tcp . 8002 }", "{ tcp . 8001-8003 }", "@ways"])
        ),
        22 if four => format!("ip {side} {not}@nets"),
        23 if four => format!(
            "ip ttl {} {}",
            dice.of(&["<", ">=", "!="]),
            dice.of(&["63", "64"])
        ),
        _ => format!("meta nfproto {}", dice.of(&["ipv4", "ipv6"])),
    }
}

/// What a rule does, in a chain of this type; `jumps` are the chains that it may lead to.
fn action(dice: &mut Dice, family: &str, kind: &str, hook: &str, jumps: &[String]) -> String {
    if kind == "nat" && dice.chance(60) {
        let destination = hook == "prerouting" || hook == "output";
        let six = family == "ip6" || family == "inet" && dice.chance(40);
        let ip = if six { "ip6" } else { "ip" };
        let (target, own) = match six {
            true => ("[fd02::3]", "fd02::1"),
            false => ("10.2.0.3", "10.2.0.1"),
        };
        return match (destination, dice.below(4)) {
            (true, 0) => format!("dnat {ip} to {}", target.trim_matches(['[', ']'])),
            (true, 1) if !six => {
                "dnat ip to ip daddr map { 10.2.0.2 : 10.2.0.4, 10.1.0.1 : 10.2.0.3 }".to_owned()
            }
            (true, 2) => format!("meta l4proto udp dnat {ip} to {target}:8002"),
            (true, _) => "meta l4proto { tcp, udp } redirect to :8003".to_owned(),
            (false, 0 | 1) => "masquerade".to_owned(),
            (false, _) => format!("snat {ip} to {own}"),
        };
    }
    if !jumps.is_empty() && dice.chance(30) {
        let chain = dice.of(jumps);
        return match dice.below(3) {
            0 => format!("goto {chain}"),
            1 => format!("th dport vmap {{ 8001 : jump {chain}, 8002 : continue, 8003 : accept }}"),
            _ => format!("jump {chain}"),
        };
    }
    let filters = kind != "nat";
    match dice.below(14) {
        0 | 1 => "accept".to_owned(),
        2 if filters => "drop".to_owned(),
        3 if filters && hook != "postrouting" => match family {
            "inet" => format!(
                "reject with icmpx {}",
                dice.of(&["port-unreachable", "admin-prohibited", "host-unreachable"])
            ),
            _ => "reject".to_owned(),
        },
        4 => "return".to_owned(),
        5 | 6 => format!(
            "meta mark set meta mark ^ {}",
            dice.of(&["0x1", "0x2", "0x10"])
        ),
        7 => format!(
            "meta mark set meta mark & 0xf0 | {}",
            dice.of(&["0x1", "0x2"])
        ),
        8 => format!("ct mark set {}", dice.of(&["0x1", "0x2", "meta mark"])),
        9 => "meta mark set ct mark".to_owned(),
        10 => "meta l4proto . th dport vmap @verdicts".to_owned(),
        11 if family != "ip6" => {
            "meta mark set ip daddr map { 10.2.0.0/24 : 0x1, 10.1.0.2 : 0x3 }".to_owned()
        }
        12 if family != "ip6" => format!(
            "meta mark set jhash ip saddr . ip daddr mod 4 seed {:#x}",
            1 + dice.below(1000)
        ),
        _ => "continue".to_owned(),
    }
}

/// A ruleset: lines as [`Ruleset`] has them.
fn ruleset(dice: &mut Dice) -> String {
    let mut text = String::new();
    // No two base chains of a hook have the same priority: which of them comes first is in no dump.
    let mut priority = -145;
    for table in 0..1 + dice.below(3) {
        let family = *dice.of(&["inet", "inet", "ip", "ip6"]);
        text.push_str(&format!("table {family} t{table}\n"));
        let plain: Vec<String> = (0..dice.below(4)).map(|at| format!("c{at}")).collect();
        for chain in &plain {
            text.push_str(&format!("chain {chain}\n"));
        }
        text.push_str("set ways type inet_proto . inet_service; flags interval; elements = { udp . 8001-8002, tcp . 8003 }\n");
        if family != "ip6" {
            text.push_str(
                "set nets type ipv4_addr; flags interval; elements = { 10.1.0.0/25, 10.2.0.2 }\n",
            );
        }
        let verdicts = match plain.last() {
            // Only chains before the last lead there: no loop.
            Some(last) => {
                format!("udp . 8001 : goto {last}, tcp . 8001 : jump {last}, udp . 8003 : return")
            }
            None => "udp . 8001 : accept, tcp . 8002 : return, udp . 8002 : continue".to_owned(),
        };
        text.push_str(&format!(
            "map verdicts type inet_proto . inet_service : verdict; elements = {{ {verdicts} }}\n"
        ));
        let mut rules = String::new();
        let mut fill =
            |dice: &mut Dice, chain: &str, kind: &str, hook: &str, jumps: &[String], last: bool| {
                for _ in 0..1 + dice.below(4) {
                    let conditions: Vec<String> = (0..dice.below(3))
                        .map(|_| condition(dice, family))
                        .collect();
                    let mut does = action(dice, family, kind, hook, jumps);
                    if last && does.contains("@verdicts") {
                        does = "continue".to_owned();
                    }
                    rules.push_str(&format!("{chain}: {} ;; {does}\n", conditions.join(" ")));
                }
            };
        for base in 0..1 + dice.below(3) {
            priority += 1 + dice.below(25) as i32;
            let hook = *dice.of(&["prerouting", "input", "forward", "output", "postrouting"]);
            let (kind, at) = match dice.below(10) {
                0..=2 if hook != "forward" => (
                    "nat",
                    if hook == "prerouting" || hook == "output" {
                        45
                    } else {
                        245
                    } + priority,
                ),
                3 if hook == "output" => ("route", priority),
                _ => ("filter", priority),
            };
            let policy = if kind != "nat" && dice.chance(10) {
                "drop"
            } else {
                "accept"
            };
            text.push_str(&format!(
                "chain b{base} type {kind} hook {hook} priority {at}; policy {policy}\n"
            ));
            fill(
                dice,
                &format!("b{base}"),
                kind,
                hook,
                &plain,
                plain.is_empty(),
            );
        }
        for (at, chain) in plain.iter().enumerate() {
            // What both a filter and a nat chain may lead to may neither translate nor refuse.
            fill(
                dice,
                chain,
                "nat",
                "none",
                &plain[at + 1..],
                at + 1 == plain.len(),
            );
        }
        let rules: String = rules
            .lines()
            .filter(|line| !line.starts_with('c') || !translates(line))
            .map(|line| format!("{line}\n"))
            .collect();
        text.push_str(&rules);
    }
    text
}

fn translates(rule: &str) -> bool {
    ["dnat", "snat", "masquerade", "redirect"]
        .iter()
        .any(|word| rule.contains(word))
}

/// The same rules where client and server are on one bridge of the router's.
fn on_bridge(text: &str) -> String {
    let mut text = text.to_owned();
    for (routed, bridged) in [
        ("10.2.0.0/24", "10.1.0.8/29"),
        ("10.1.0.0/24", "10.1.0.0/29"),
        ("10.1.0.0/25", "10.1.0.0/29"),
        ("10.2.0.1", "10.1.0.1"),
        ("10.2.0.2", "10.1.0.12"),
        ("10.2.0.3", "10.1.0.13"),
        ("10.2.0.4", "10.1.0.14"),
        ("fd02::1", "fd01::1"),
        ("fd02::2", "fd01::12"),
        ("fd02::3", "fd01::13"),
        ("\"rc\"", "\"br0\""),
    ] {
        text = text.replace(routed, bridged);
    }
    text
}

fn packet(dice: &mut Dice, bench: &mut Bench, shape: Shape) -> Question {
    let family = *dice.of(&[Family::V4, Family::V4, Family::V6]);
    let port = *dice.of(&PORTS);
    let far = match (shape, family) {
        (Shape::Routed, _) => server(family, port),
        (Shape::Bridged, Family::V4) => SocketAddr::from(([10, 1, 0, 12], port)),
        (Shape::Bridged, Family::V6) => SocketAddr::from(([0xfd01, 0, 0, 0, 0, 0, 0, 0x12], port)),
    };
    let (from, to) = *dice.of(&[
        (Place::Client, far),
        (Place::Client, far),
        (Place::Client, router(family, port)),
        (Place::Router, far),
        (Place::Server, client(family, port)),
    ]);
    let protocol = *dice.of(&[Protocol::Udp, Protocol::Udp, Protocol::Tcp, Protocol::Icmp]);
    bench.question(from, protocol, to)
}

/// Loads a ruleset without the rules that nft refuses, as they contradict themselves.
fn loadable(bench: &mut Bench, text: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = text.lines().collect();
    loop {
        let Err(said) = bench.try_load(&[Ruleset::new(&lines.join("\n"))]) else {
            return Ok(lines.join("\n"));
        };
        // The complaint names lines of the script, which follows.
        let refused = said.split_once("/dev/stdin:").and_then(|(_, rest)| {
            let line: usize = rest.split(':').next()?.parse().ok()?;
            let begin = said.lines().position(|line| line == "flush ruleset")?;
            super::rules::numbers(said.lines().nth(begin + line - 1)?).last()
        });
        let Some(number) = refused else {
            return Err(said);
        };
        let mut rules = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.contains(";;"));
        let (at, _) = rules.nth(number as usize - 1).unwrap();
        lines.remove(at);
    }
}

/// Takes away rules as long as the kernel still does otherwise.
fn shrink(bench: &mut Bench, text: &str, question: Question) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = lines.len();
    while at > 0 {
        at -= 1;
        if !lines[at].contains(";;") {
            continue;
        }
        let mut fewer = lines.clone();
        fewer.remove(at);
        let loads = bench.try_load(&[Ruleset::new(&fewer.join("\n"))]).is_ok();
        let port = bench.fresh_port();
        let mut again = question;
        again.source.set_port(port);
        if loads && !bench.ask(again).is_empty() {
            lines = fewer;
        }
    }
    lines.join("\n")
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

#[test]
fn rulesets_at_random() {
    at_random(Shape::Routed, CASES, 1000);
}

#[test]
fn rulesets_at_random_on_a_bridge() {
    at_random(Shape::Bridged, CASES / 2, 500);
}

/// So many rulesets, and at least so many packets.
fn at_random(shape: Shape, cases: u64, least: usize) {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(shape);
    let first = number("KUBENET_SEED", 1);
    let count = number("KUBENET_CASES", cases);
    let mut loaded = 0;
    for seed in first..first + count {
        let mut dice = Dice::new(seed);
        let text = match shape {
            Shape::Routed => ruleset(&mut dice),
            Shape::Bridged => on_bridge(&ruleset(&mut dice)),
        };
        let text = match loadable(&mut bench, &text) {
            Ok(text) => text,
            Err(said) => {
                println!("seed {seed}: {said}");
                continue;
            }
        };
        loaded += 1;
        for _ in 0..PACKETS {
            let question = packet(&mut dice, &mut bench, shape);
            let wrong = bench.ask(question);
            if !wrong.is_empty() {
                let fewer = shrink(&mut bench, &text, question);
                bench
                    .wrong
                    .push(format!("seed {seed}:\n{fewer}\n{}", wrong.join("\n")));
                break;
            }
        }
    }
    println!("{loaded} rulesets from seed {first} on");
    assert!(
        count < cases || bench.asked >= least,
        "only {} packets",
        bench.asked
    );
    bench.open_at_most(5);
    bench.verdict(&format!("rulesets at random, {shape:?}"));
}
