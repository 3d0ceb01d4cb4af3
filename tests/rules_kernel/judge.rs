//! Holds what happened against what was predicted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use kubenet::model::trace::ClientSees;
use kubenet::model::{Family, Protocol};
use nix::errno::Errno;

use super::packets::{Ears, Seen};
use super::question::{Predicted, Question, predict};
use super::rules::{Loaded, Ruleset, load};
use super::scene::{Place, Scene, Shape};

/// A scene with its sockets and its rules.
pub struct Bench {
    pub scene: Scene,
    ears: Ears,
    loaded: Option<Loaded>,
    /// What the scene's router has had rules in.
    used: BTreeSet<(bool, bool)>,
    next_port: u16,
    /// Counters of rules that cannot be decided, or that are asked in an order that cannot be known, say nothing.
    pub lenient: bool,
    /// Packets that were sent, those whose fate was left open, and what was wrong.
    pub asked: usize,
    pub undetermined: usize,
    pub wrong: Vec<String>,
}

/// How long to wait for what should come; what should not is given away by the rules' counters.
const COMES: Duration = Duration::from_secs(1);
const STAYS_AWAY: Duration = Duration::from_millis(30);
/// A SYN is sent again after a second, and a refusal that came while the program held the socket is heard then.
const SECOND_SYN: Duration = Duration::from_millis(1300);

impl Bench {
    pub fn new(shape: Shape) -> Self {
        let mut scene = Scene::new(shape);
        let ears = Ears::open(&scene);
        // Read again, now that something listens.
        scene.reread();
        Self {
            scene,
            ears,
            loaded: None,
            used: BTreeSet::new(),
            next_port: 10_000,
            lenient: false,
            asked: 0,
            undetermined: 0,
            wrong: Vec::new(),
        }
    }

    /// Loads rules and reads them back; says why iptables does not take them.
    pub fn try_load(&mut self, rulesets: &[Ruleset]) -> Result<(), String> {
        self.loaded = Some(load(&self.scene, rulesets, &mut self.used)?);
        // Ports that earlier connections were given are free again.
        let _ = self.scene.tool(Place::Router, "conntrack", &["-F"], "");
        self.scene.refresh();
        let misread: Vec<_> = self.scene.cluster().nodes[0].netns[0]
            .iptables
            .iter()
            .flat_map(|ruleset| ruleset.problems())
            .collect();
        if !misread.is_empty() {
            self.wrong.push(format!("not understood: {misread:?}"));
        }
        Ok(())
    }

    pub fn load(&mut self, rulesets: &[Ruleset]) {
        self.try_load(rulesets).unwrap();
    }

    /// A source port that no packet has had yet.
    pub fn fresh_port(&mut self) -> u16 {
        self.next_port = if self.next_port >= 32_000 {
            10_000
        } else {
            self.next_port + 1
        };
        self.next_port
    }

    /// A packet from a place's first address of the family, which is told apart by its source port.
    pub fn question(&mut self, from: Place, protocol: Protocol, to: SocketAddr) -> Question {
        let source = self
            .scene
            .addresses(from)
            .into_iter()
            .find(|ip| ip.is_ipv4() == to.is_ipv4() && !ip.is_loopback())
            .unwrap();
        let source = match to.ip().is_loopback() {
            true => to.ip(),
            false => source,
        };
        Question {
            from,
            protocol,
            source: SocketAddr::new(source, self.fresh_port()),
            to,
            mark: 0,
            tos: 0,
        }
    }

    /// Sends the packet and compares. What differs must differ again and again, as kernels have things of their own to
    /// send: reports of multicast groups, whose timers take their time.
    pub fn ask(&mut self, question: Question) -> Vec<String> {
        self.asked += 1;
        let mut differs = self.once(&question);
        for _ in 0..3 {
            if differs.is_empty() {
                break;
            }
            let again = Question {
                source: SocketAddr::new(question.source.ip(), self.fresh_port()),
                ..question
            };
            differs = self.once(&again);
        }
        differs
    }

    fn once(&mut self, question: &Question) -> Vec<String> {
        let predicted = predict(self.scene.cluster(), question);
        let patience = patience(question, &predicted);
        let loaded = self.loaded.as_ref().unwrap();
        let seen = self.ears.ask(&self.scene, loaded, question, patience);
        if predicted.iter().any(|way| way.undetermined) {
            self.undetermined += 1;
            return Vec::new();
        }
        let fits: Vec<Vec<String>> = predicted
            .iter()
            .map(|way| {
                let mut differs = compare(question, way, &seen);
                if !self.lenient {
                    differs.extend(counters(question, way, &seen, &loaded.rules));
                }
                differs
            })
            .collect();
        if fits.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        let mut wrong = vec![format!("{question:?}")];
        for (way, differs) in predicted.iter().zip(fits) {
            wrong.push(format!("  predicted with {}: {}", way.probability, way.why));
            wrong.extend(differs.into_iter().map(|line| format!("    {line}")));
        }
        wrong.push(format!("  seen {seen:?}"));
        wrong
    }

    /// Sends the packet, and remembers what was wrong.
    pub fn check(&mut self, question: Question) {
        let wrong = self.ask(question);
        if !wrong.is_empty() {
            self.wrong.push(wrong.join("\n"));
        }
    }

    /// The same, where a second packet would find what the first one left.
    pub fn check_once(&mut self, question: Question) {
        self.asked += 1;
        let wrong = self.once(&question);
        if !wrong.is_empty() {
            self.wrong.push(wrong.join("\n"));
        }
    }

    /// Sends many datagrams and holds how often each way was taken against its probability.
    pub fn frequencies(&mut self, from: Place, to: SocketAddr, count: u32) {
        let question = self.question(from, Protocol::Udp, to);
        let mut expected: BTreeMap<String, f64> = BTreeMap::new();
        for way in predict(self.scene.cluster(), &question) {
            let end = way.arrives.map(|(ip, port)| format!("{ip:?} {port:?}"));
            *expected.entry(end.unwrap_or_default()).or_default() += way.probability;
        }
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..count {
            self.asked += 1;
            let source = SocketAddr::new(question.source.ip(), self.fresh_port());
            let arrived = self
                .ears
                .send_only(&self.scene, &Question { source, ..question });
            let end = arrived.map(|at| format!("{:?} {:?}", Some(at.ip()), Some(at.port())));
            *seen.entry(end.unwrap_or_default()).or_default() += 1;
        }
        let ends: BTreeSet<&String> = expected.keys().chain(seen.keys()).collect();
        for end in ends {
            let share = expected.get(end).copied().unwrap_or(0.0);
            let found = f64::from(seen.get(end).copied().unwrap_or(0));
            let wanted = share * f64::from(count);
            // Five standard deviations: one run in millions is beyond by chance.
            let deviation = (wanted * (1.0 - share)).sqrt() * 5.0;
            if (found - wanted).abs() > deviation + 1e-6 {
                self.wrong.push(format!(
                    "{end}: {found} of {count}, where {share} was predicted"
                ));
            }
        }
    }

    /// Ends a test.
    pub fn verdict(self, title: &str) {
        println!(
            "{title}: {} packets, {} of them undetermined",
            self.asked, self.undetermined
        );
        assert!(
            self.wrong.is_empty(),
            "{title}: the kernel did otherwise:\n{}",
            self.wrong.join("\n")
        );
    }
}

fn patience(question: &Question, predicted: &[Predicted]) -> Duration {
    let comes = predicted.iter().all(|way| {
        way.answered
            || way
                .client_sees
                .is_some_and(|sees| sees != ClientSees::Timeout)
    });
    match comes {
        true if question.protocol == Protocol::Tcp => SECOND_SYN,
        true => COMES,
        false => STAYS_AWAY,
    }
}

/// The word for what a program is told.
fn sees(errno: Errno) -> Option<ClientSees> {
    Some(match errno {
        Errno::ECONNREFUSED | Errno::ENOPROTOOPT | Errno::ECONNRESET => ClientSees::Refused,
        Errno::EHOSTUNREACH | Errno::ENETUNREACH => ClientSees::Unreachable,
        Errno::EACCES | Errno::EPERM => ClientSees::Prohibited,
        Errno::EINVAL => ClientSees::Invalid,
        Errno::EMSGSIZE => ClientSees::TooBig,
        _ => return None,
    })
}

/// Whether a trace names a rule whenever a packet meets it: those that end something, translate, or change what is there
/// in any case.
fn always_named(rule: &str) -> bool {
    let Some((_, target)) = rule.split_once(" -j ") else {
        return false;
    };
    match target.split_whitespace().next() {
        Some(
            "ACCEPT" | "DROP" | "REJECT" | "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" | "NETMAP",
        ) => true,
        Some("MARK" | "TOS") => target.contains("xor") || target.ends_with("/0x0"),
        _ => false,
    }
}

fn compare(question: &Question, way: &Predicted, seen: &Seen) -> Vec<String> {
    let mut differs = Vec::new();
    let mut differ = |what: &str, predicted: String, seen: String| {
        if predicted != seen {
            differs.push(format!("{what}: predicted {predicted}, seen {seen}"));
        }
    };
    if question.protocol != Protocol::Icmp {
        let predicted = way.arrives.map(|(ip, port)| (ip, port, way.source));
        let arrived = seen
            .arrived
            .map(|(_, at, from)| (Some(at.ip()), Some(at.port()), Some(from.ip())));
        // A TCP server knows of a connection when the client has heard of its answer.
        if question.protocol != Protocol::Tcp || way.answered || arrived.is_some() {
            differ("arrival", format!("{predicted:?}"), format!("{arrived:?}"));
        }
        let told = seen
            .error
            .map(|errno| sees(errno).map_or(format!("{errno}"), |sees| format!("{sees:?}")));
        let told =
            told.unwrap_or_else(|| if seen.answered { "None" } else { "Timeout" }.to_owned());
        let expected = way
            .client_sees
            .map_or("None".to_owned(), |sees| format!("{sees:?}"));
        differ("the client sees", expected, told);
    }
    differ(
        "answer",
        way.answered.to_string(),
        seen.answered.to_string(),
    );
    differs
}

fn counters(
    question: &Question,
    way: &Predicted,
    seen: &Seen,
    rules: &BTreeMap<u32, String>,
) -> Vec<String> {
    let mut differs = Vec::new();
    if question.protocol == Protocol::Udp {
        differs.extend(counted(
            "forth",
            &way.forth,
            &seen.forth,
            way.refused,
            rules,
        ));
        differs.extend(counted(
            "back",
            &way.back,
            &seen.back,
            way.lost_on_reply,
            rules,
        ));
    } else {
        let named = way.forth.effects.keys().chain(way.forth.led.keys());
        let back = way.back.effects.keys().chain(way.back.led.keys());
        for number in named.chain(back) {
            if !seen.forth.contains_key(number) {
                differs.push(format!(
                    "named, but did not count: {}",
                    line(rules, *number)
                ));
            }
        }
    }
    differs
}

fn line(rules: &BTreeMap<u32, String>, number: u32) -> String {
    format!(
        "rule{number} {}",
        rules.get(&number).map_or("?", String::as_str)
    )
}

fn counted(
    way: &str,
    named: &super::question::Named,
    counted: &BTreeMap<u32, u64>,
    // An answer that refuses the packet was sent too, and met rules of which the trace says nothing.
    refused: bool,
    rules: &BTreeMap<u32, String>,
) -> Vec<String> {
    let mut differs = Vec::new();
    let counts = |number: &u32| counted.get(number).copied().unwrap_or(0);
    for number in named.led.keys() {
        if counts(number) == 0 {
            differs.push(format!(
                "{way}: led, but did not count: {}",
                line(rules, *number)
            ));
        }
    }
    for (number, text) in rules {
        let predicted = named.effects.get(number).copied().unwrap_or(0);
        let always = always_named(text) && !refused;
        if predicted > counts(number) || always && predicted != counts(number) {
            differs.push(format!(
                "{way}: named {predicted} times, counted {}: {}",
                counts(number),
                line(rules, *number)
            ));
        }
    }
    differs
}

/// Addresses of the routed scene.
pub fn server(family: Family, port: u16) -> SocketAddr {
    let ip: IpAddr = match family {
        Family::V4 => "10.2.0.2",
        Family::V6 => "fd02::2",
    }
    .parse()
    .unwrap();
    SocketAddr::new(ip, port)
}

pub fn router(family: Family, port: u16) -> SocketAddr {
    let ip: IpAddr = match family {
        Family::V4 => "10.1.0.1",
        Family::V6 => "fd01::1",
    }
    .parse()
    .unwrap();
    SocketAddr::new(ip, port)
}

pub fn client(family: Family, port: u16) -> SocketAddr {
    let ip: IpAddr = match family {
        Family::V4 => "10.1.0.2",
        Family::V6 => "fd01::2",
    }
    .parse()
    .unwrap();
    SocketAddr::new(ip, port)
}
