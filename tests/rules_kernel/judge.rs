//! Holds what happened against what was predicted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use kubenet::model::trace::ClientSees;
use kubenet::model::{Family, Protocol};

use super::compare::{compare, compare_supposed, counters};
use super::packets::Ears;
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
    /// The packet that was sent last, while its rules are there: something of it may still come.
    last: Option<Question>,
    /// Packets that were sent, those whose fate was left open, and what was wrong.
    pub asked: usize,
    pub undetermined: usize,
    /// Those of which it was said that they may fare otherwise too.
    pub supposed: usize,
    /// Some of the reasons why a fate was left open.
    reasons: BTreeSet<String>,
    pub wrong: Vec<String>,
}

/// What holding a packet against its trace gives.
enum Judged {
    Agrees,
    /// The trace named what may happen otherwise, and one of it happened.
    Supposed,
    /// The trace says why it cannot tell.
    Open(String),
    Differs(Vec<String>),
}

/// How long to wait for what should come.
const COMES: Duration = Duration::from_secs(1);
/// And for what should not: the first time, and whenever something differed. What comes later is found when the next
/// packet is sent.
const STAYS_AWAY: [Duration; 4] = [
    Duration::from_millis(4),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
];
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
            last: None,
            asked: 0,
            undetermined: 0,
            supposed: 0,
            reasons: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    /// Loads rules and reads them back; says why iptables does not take them.
    pub fn try_load(&mut self, rulesets: &[Ruleset]) -> Result<(), String> {
        self.look_back();
        self.last = None;
        self.loaded = Some(load(&self.scene, rulesets, &mut self.used)?);
        self.forget_connections();
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
        self.look_back();
        self.asked += 1;
        match self.again_and_again(question, &STAYS_AWAY) {
            Judged::Agrees => Vec::new(),
            Judged::Supposed => {
                self.supposed += 1;
                Vec::new()
            }
            Judged::Open(why) => {
                self.undetermined += 1;
                if self.reasons.len() < 8 {
                    self.reasons.insert(why);
                }
                Vec::new()
            }
            Judged::Differs(lines) => lines,
        }
    }

    /// Sends the packet until it agrees, or has differed with every patience.
    fn again_and_again(&mut self, mut question: Question, patience: &[Duration]) -> Judged {
        let mut judged = Judged::Agrees;
        for stays_away in patience {
            judged = self.once(&question, *stays_away);
            self.last = Some(question);
            if !matches!(judged, Judged::Differs(_)) {
                break;
            }
            let port = self.fresh_port();
            question.source.set_port(port);
            self.forget_connections();
        }
        judged
    }

    /// The walk knows of no connections that were there before. To most packets those of other client ports mean nothing,
    /// but an answer that is redirected to another server wants the same ports as the one before.
    fn forget_connections(&self) {
        let _ = self.scene.tool(Place::Router, "conntrack", &["-F"], "");
    }

    /// A datagram that came when it was no longer waited for: the packet before is judged again, with more patience.
    fn look_back(&mut self) {
        if self.ears.drain() == 0 {
            return;
        }
        if let Some(mut question) = self.last.take() {
            let port = self.fresh_port();
            question.source.set_port(port);
            let judged = self.again_and_again(question, &[STAYS_AWAY[3]; 3]);
            self.last = None;
            if let Judged::Differs(lines) = judged {
                self.wrong.push(lines.join("\n"));
            }
        }
    }

    fn once(&mut self, question: &Question, stays_away: Duration) -> Judged {
        let mut predicted = predict(self.scene.cluster(), question);
        if self.lenient {
            // Nor are ways told apart that differ in the port only.
            predicted.iter_mut().for_each(|way| way.source_port = None);
        }
        let patience = patience(question, &predicted, stays_away);
        let loaded = self.loaded.as_ref().unwrap();
        let seen = self.ears.ask(&self.scene, loaded, question, patience);
        if let Some(way) = predicted.iter().find(|way| way.undetermined) {
            return Judged::Open(way.why.clone());
        }
        let mut supposed = false;
        let fits: Vec<Vec<String>> = predicted
            .iter()
            .map(|way| {
                if !way.otherwise.is_empty() {
                    supposed = true;
                    return compare_supposed(question, way, &seen);
                }
                let mut differs = compare(question, way, &seen);
                if !self.lenient && !way.steps_supposed {
                    differs.extend(counters(question, way, &seen, &loaded.rules));
                }
                differs
            })
            .collect();
        match (fits.iter().any(Vec::is_empty), supposed) {
            (true, true) => return Judged::Supposed,
            (true, false) => return Judged::Agrees,
            _ => {}
        }
        let mut wrong = vec![format!("{question:?}")];
        for (way, differs) in predicted.iter().zip(fits) {
            wrong.push(format!("  predicted with {}: {}", way.probability, way.why));
            wrong.extend(differs.into_iter().map(|line| format!("    {line}")));
            wrong.extend(way.steps.iter().map(|line| format!("      {line}")));
        }
        wrong.push(format!("  seen {seen:?}"));
        Judged::Differs(wrong)
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
        match self.once(&question, STAYS_AWAY[1]) {
            Judged::Differs(wrong) => self.wrong.push(wrong.join("\n")),
            Judged::Open(_) => self.undetermined += 1,
            Judged::Supposed => self.supposed += 1,
            Judged::Agrees => {}
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

    /// Fails where the walk leaves too much open: so many of a hundred packets.
    pub fn open_at_most(&mut self, share: usize) {
        let open = self.undetermined + self.supposed;
        if open * 100 > self.asked * share {
            self.wrong.push(format!(
                "{open} of {} packets were left open, as in {:#?}",
                self.asked, self.reasons
            ));
        }
    }

    /// Ends a test.
    pub fn verdict(mut self, title: &str) {
        self.look_back();
        println!(
            "{title}: {} packets, {} of them undetermined, {} with a supposition",
            self.asked, self.undetermined, self.supposed
        );
        assert!(
            self.wrong.is_empty(),
            "{title}: the kernel did otherwise:\n{}",
            self.wrong.join("\n")
        );
    }
}

fn patience(question: &Question, predicted: &[Predicted], stays_away: Duration) -> Duration {
    let comes = predicted.iter().all(|way| {
        way.answered
            || way
                .client_sees
                .is_some_and(|sees| sees != ClientSees::Timeout)
    });
    match comes {
        true if question.protocol == Protocol::Tcp => SECOND_SYN,
        true => COMES,
        false => stays_away,
    }
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
