//! Packets really sent, and what became of them held against the trace of the same question.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use kubenet::model::trace::{Trace, Verdict};
use kubenet::model::{Flow, FlowEnd, NetnsId, Protocol};
use kubenet::walk;

use crate::dial::{Asked, PORT, Seen, Servers, dial};
use crate::scenes::{BASE, SCENES};
use crate::space::{Space, allowed};

const NAMES: [&str; 3] = ["client", "router", "server"];

/// Builds one scene: the devices, the base, then its own lines. Gives what is to be asked.
fn build(lines: &str) -> (Space, Vec<Asked>) {
    let space = Space::new(NAMES.len());
    space.join((0, "c0"), (1, "r0"));
    space.join((0, "c1"), (1, "r2"));
    space.join((1, "r1"), (2, "s0"));
    for at in [1, 2] {
        space.ip(at, "link add d0 type veth peer name d1");
    }
    play_out(&space, BASE);
    let asked = play_out(&space, lines);
    (space, asked)
}

/// Does what the lines say; gives what they ask.
fn play_out(space: &Space, lines: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    let mut pending: [String; 3] = Default::default();
    for line in lines.lines().map(str::trim) {
        if let Some(question) = line.strip_prefix("ask ") {
            asked.extend(questions(question));
            continue;
        }
        let Some((name, command)) = line.split_once(": ") else {
            assert!(line.is_empty(), "{line}");
            continue;
        };
        let at = NAMES.iter().position(|known| *known == name).expect(name);
        let command = with_addresses(space, command);
        if let Some(settings) = command.strip_prefix("set ") {
            run(space, at, &mut pending);
            for setting in settings.split_whitespace() {
                space.set(at, setting);
            }
        } else if let Some(command) = command.strip_prefix("sh ") {
            run(space, at, &mut pending);
            space.shell(at, command);
        } else {
            let _ = writeln!(pending[at], "{command}");
        }
    }
    for at in 0..NAMES.len() {
        run(space, at, &mut pending);
    }
    space.settle();
    asked
}

fn run(space: &Space, at: usize, pending: &mut [String; 3]) {
    space.ip(at, &std::mem::take(&mut pending[at]));
}

/// `{r0}` is the Ethernet address of the router's r0.
fn with_addresses(space: &Space, command: &str) -> String {
    let mut command = command.to_owned();
    for (at, device) in [(1, "r0"), (2, "s0")] {
        let word = format!("{{{device}}}");
        if command.contains(&word) {
            let path = format!("/sys/class/net/{device}/address");
            let address = space.output(at, &format!("cat {path}"));
            command = command.replace(&word, address.trim());
        }
    }
    command
}

/// `ADDRESS [from ADDRESS] [mark N] [port N] [size N]`, over both protocols.
fn questions(line: &str) -> Vec<Asked> {
    let mut words = line.split_whitespace();
    let to: IpAddr = words.next().unwrap().parse().unwrap();
    let mut asked = Asked {
        protocol: Protocol::Tcp,
        to: SocketAddr::new(to, PORT),
        source: None,
        mark: 0,
        size: 0,
    };
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        match key {
            "from" => asked.source = Some(value.parse().unwrap()),
            "mark" => asked.mark = value.parse().unwrap(),
            "port" => asked.to.set_port(value.parse().unwrap()),
            "size" => asked.size = value.parse().unwrap(),
            other => panic!("{other}"),
        }
    }
    let datagram = Asked {
        protocol: Protocol::Udp,
        ..asked.clone()
    };
    match asked.size {
        0 => vec![
            asked,
            Asked {
                size: 60,
                ..datagram
            },
        ],
        _ => vec![datagram],
    }
}

fn flow(asked: &Asked) -> Flow {
    let end = |ip: Option<IpAddr>, port| FlowEnd {
        kind: "address".to_owned(),
        namespace: None,
        name: None,
        node: None,
        ip,
        port,
        role: None,
    };
    Flow {
        start: NetnsId { node: 0, netns: 0 },
        external_source: None,
        from: end(asked.source, None),
        to: end(Some(asked.to.ip()), Some(asked.to.port())),
        protocol: asked.protocol,
        destination: asked.to.ip(),
        destination_port: asked.to.port(),
        source: asked.source,
        source_port: None,
        established: false,
        mark: asked.mark,
        tos: 0,
        size: asked.size.max(60),
        reply: true,
    }
}

/// What each path of a trace predicts: what the client sees, and whether its packet arrives.
fn predicted(trace: &Trace) -> Vec<(Result<Seen, String>, bool)> {
    let of = |path: &kubenet::model::trace::Path| {
        // A lost answer was sent by whoever got the packet; a lost refusal was not.
        let arrives = path.destination.is_some();
        let seen = match (path.verdict, path.client_sees) {
            (Verdict::Delivered, None) => {
                let at = path
                    .hops
                    .last()
                    .and_then(|hop| hop.netns.strip_prefix("netns:"))
                    .and_then(|name| name.parse().ok());
                match (at, path.source_seen) {
                    (Some(at), Some(source)) => Ok(Seen::Answer(at, source)),
                    _ => Err("delivered to nobody".to_owned()),
                }
            }
            (Verdict::Undetermined, _) | (_, None) => Err(format!(
                "{:?}: {:?}",
                path.verdict,
                path.stopped_at.as_ref().map(|at| &at.why)
            )),
            (_, Some(sees)) => Ok(Seen::Failure(sees)),
        };
        (seen, arrives)
    };
    trace.paths.iter().map(of).collect()
}

/// Plays one scene; lists where the kernel did otherwise.
fn play(name: &str, lines: &str) -> (usize, Vec<String>) {
    let (space, asked) = build(lines);
    let servers = Servers::start(&space);
    let cluster = space.read();
    let seen: Vec<(Seen, u16)> = std::thread::scope(|scope| {
        let dialling: Vec<_> = asked
            .iter()
            .map(|asked| scope.spawn(|| space.inside(0, || dial(asked))))
            .collect();
        dialling
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut wrong = Vec::new();
    for (asked, (seen, port)) in asked.iter().zip(seen) {
        let trace = walk::trace(&cluster, &flow(asked));
        let predicted = predicted(&trace);
        let arrived = servers.heard_of(port);
        let right = predicted.iter().any(|(predicted, arrives)| {
            let same_arrival = asked.protocol != Protocol::Udp || *arrives == arrived;
            predicted.as_ref() == Ok(&seen) && same_arrival
        });
        if !right {
            let whys: Vec<_> = trace
                .paths
                .iter()
                .filter_map(|path| path.stopped_at.as_ref().map(|at| at.why.clone()))
                .collect();
            wrong.push(format!(
                "{name}: {asked:?}\n    kernel: {seen:?}, arrived: {arrived}\n    walk: {predicted:?} {whys:?}"
            ));
        }
    }
    if !wrong.is_empty() {
        wrong.insert(0, format!("in the scene{lines}"));
    }
    (asked.len(), wrong)
}

/// Scenes played at the same time: most of the time they wait for silence.
const AT_ONCE: usize = 12;

#[test]
fn packets_meet_what_the_walk_says() {
    if !allowed() {
        return;
    }
    let only = std::env::var("KUBENET_TEST_SCENE").unwrap_or_default();
    let left = Mutex::new(SCENES.iter().filter(|(name, _)| name.contains(&only)));
    let results = Mutex::new((0, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some((name, lines)) = next else { break };
                    let (asked, wrong) = play(name, lines);
                    let mut results = results.lock().unwrap();
                    results.0 += asked;
                    results.1.extend(wrong);
                }
            });
        }
    });
    let (asked, wrong) = results.into_inner().unwrap();
    println!("{} scenes, {asked} questions", SCENES.len());
    assert!(asked > 0, "nothing was asked");
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
}
