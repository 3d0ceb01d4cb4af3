//! A client, a director, and three servers on a bridge of the director's.
//!
//! ```text
//! client 10.1.0.2-17 -- 10.1.0.1 director 10.2.0.1 (br0) -- 10.2.0.11 a, .12 b, .13 c
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::collect::live::read_namespaces;
use kubenet::model::trace::{Path as Way, Trace};
use kubenet::model::{Cluster, Flow, FlowEnd, Netns, NetnsId, NetnsName, Objects, Protocol};
use kubenet::walk;

use super::dial::{Seen, dial, serve};
use super::judge::compare_shares;

/// The namespaces, the director first.
const PLACES: [&str; 5] = ["director", "client", "a", "b", "c"];
/// Where servers listen.
pub const PORT: u16 = 8080;

/// The namespaces; gone when this is.
pub struct Scene {
    names: Vec<String>,
    /// What was read last. Only the director is read again: reading takes its time in an emulated machine.
    read: RefCell<Option<Cluster>>,
}

/// A question: from a place, perhaps from an address and port of its own, to an address.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub from: &'a str,
    /// `ADDRESS:PORT`; port 0 is any.
    pub source: Option<&'a str>,
    pub protocol: Protocol,
    pub to: &'a str,
    /// Bytes of a datagram, with its headers.
    pub size: u32,
}

/// Over TCP, from any address.
pub fn ask<'a>(from: &'a str, to: &'a str) -> Ask<'a> {
    Ask {
        from,
        source: None,
        protocol: Protocol::Tcp,
        to,
        size: 60,
    }
}

/// Whether this kernel has what is needed here; if not, a line says why.
pub fn possible() -> bool {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: building network namespaces needs root");
        return false;
    }
    let has_ipvs = || Path::new("/proc/net/ip_vs").exists();
    if !has_ipvs() {
        let _ = Command::new("modprobe").args(["-q", "ip_vs"]).status();
    }
    if !has_ipvs() {
        eprintln!("skipped: this kernel has no ip_vs (make test-vm runs this in one that has)");
        return false;
    }
    true
}

impl Scene {
    pub fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let id = std::process::id();
        let names = PLACES
            .map(|place| format!("ipvs-{id}-{number}-{place}"))
            .to_vec();
        let scene = Self {
            names,
            read: RefCell::new(None),
        };
        let mut batch = String::new();
        for name in &scene.names {
            run(Command::new("ip").args(["netns", "add", name]));
        }
        let peer = |at: usize| &scene.names[at];
        batch.push_str(&format!(
            "link set lo up
             link add c0 type veth peer name eth0 netns {}
             link set c0 up
             address add 10.1.0.1/24 dev c0
             address add fd01::1/64 dev c0 nodad
             link add br0 type bridge
             link set br0 up
             address add 10.2.0.1/24 dev br0
             address add fd02::1/64 dev br0 nodad
             link add kube-ipvs0 type dummy
             address add 10.43.0.1/32 dev kube-ipvs0
             address add 10.43.0.2/32 dev kube-ipvs0
             address add fd43::1/128 dev kube-ipvs0 nodad\n",
            peer(1)
        ));
        for (at, name) in PLACES.iter().enumerate().skip(2) {
            batch.push_str(&format!(
                "link add to-{name} type veth peer name eth0 netns {}
                 link set to-{name} master br0 up\n",
                peer(at)
            ));
        }
        scene.ip("director", &batch);
        let mut client = "link set lo up
             link set eth0 up
             address add fd01::2/64 dev eth0 nodad\n"
            .to_owned();
        for host in 2..18 {
            client.push_str(&format!("address add 10.1.0.{host}/24 dev eth0\n"));
        }
        client.push_str("route add default via 10.1.0.1\nroute add default via fd01::1\n");
        scene.ip("client", &client);
        for (at, name) in PLACES.iter().enumerate().skip(2) {
            let host = 9 + at;
            scene.ip(
                name,
                &format!(
                    "link set lo up
                     link set eth0 up
                     address add 10.2.0.{host}/24 dev eth0
                     address add fd02::{host}/64 dev eth0 nodad
                     route add default via 10.2.0.1
                     route add default via fd02::1"
                ),
            );
            serve(&scene.path(name), name, PORT);
        }
        scene.set(&[
            ("net/ipv4/ip_forward", "1"),
            ("net/ipv6/conf/all/forwarding", "1"),
            ("net/ipv4/vs/conntrack", "1"),
            ("net/ipv4/icmp_ratelimit", "0"),
            ("net/ipv6/icmp/ratelimit", "0"),
        ]);
        scene
    }

    pub fn path(&self, place: &str) -> PathBuf {
        Path::new("/run/netns").join(&self.names[index(place)])
    }

    /// Lines of ip(8) in a place.
    fn ip(&self, place: &str, lines: &str) {
        let mut child = Command::new("ip")
            .args(["-netns", &self.names[index(place)], "-batch", "-"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        for line in lines.lines() {
            std::io::Write::write_all(&mut input, format!("{}\n", line.trim()).as_bytes()).unwrap();
        }
        drop(input);
        assert!(child.wait().unwrap().success(), "{place}: {lines}");
    }

    /// Settings of the director: paths below /proc/sys.
    pub fn set(&self, settings: &[(&str, &str)]) {
        let netns = std::fs::File::open(self.path("director")).unwrap();
        kubenet::lab::namespace::run_in(&netns, "the director", || {
            for (path, value) in settings {
                // Not all of them are a namespace's own in every kernel.
                let _ = std::fs::write(Path::new("/proc/sys").join(path), value);
            }
            Ok(())
        })
        .unwrap();
    }

    /// A command in a place; its output.
    pub fn run(&self, place: &str, command: &str) -> String {
        let words = command.split_whitespace();
        run(Command::new("ip")
            .args(["netns", "exec", &self.names[index(place)]])
            .args(words))
    }

    /// Virtual servers of the director, in the lines that `ipvsadm --restore` takes; those before are gone.
    pub fn serve(&self, lines: &str) {
        self.run("director", "ipvsadm --clear");
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.run("director", &format!("ipvsadm {line}"));
        }
    }

    /// The director as the kernel has it now, and the others as they were at first.
    pub fn read(&self) {
        let handle = |place: &str| {
            let name = match place {
                "director" => NetnsName::Host,
                other => NetnsName::Named(other.to_owned()),
            };
            (name, self.path(place))
        };
        let read = |places: &[&str]| {
            let namespaces = places.iter().map(|place| handle(place)).collect();
            let node = ("director".to_owned(), namespaces);
            let cluster = read_namespaces(&[node], Objects::default());
            assert_eq!(cluster.gaps, [], "everything is read");
            cluster
        };
        let mut known = self.read.borrow_mut();
        match known.as_mut() {
            None => *known = Some(read(&PLACES)),
            Some(cluster) => {
                let mut director = read(&["director"]).nodes.remove(0).netns.remove(0);
                let before = &mut cluster.nodes[0].netns[0];
                director.peers_by_nsid = std::mem::take(&mut before.peers_by_nsid);
                *before = director;
            }
        }
    }

    /// What was read of the director last.
    pub fn director<T>(&self, about: impl FnOnce(&Netns) -> T) -> T {
        about(&self.read.borrow().as_ref().expect("it was read").nodes[0].netns[0])
    }

    /// What is predicted by what was read last.
    pub fn trace(&self, asked: Ask<'_>) -> Trace {
        let to: SocketAddr = asked.to.parse().unwrap();
        let source: Option<SocketAddr> = asked.source.map(|source| source.parse().unwrap());
        let end = FlowEnd {
            kind: "address".to_owned(),
            namespace: None,
            name: None,
            node: None,
            ip: None,
            port: None,
            role: None,
        };
        let flow = Flow {
            start: NetnsId {
                node: 0,
                netns: index(asked.from),
            },
            external_source: None,
            from: end.clone(),
            to: end,
            protocol: asked.protocol,
            destination: to.ip(),
            destination_port: to.port(),
            source: source.map(|source| source.ip()),
            established: false,
            source_port: source.map(|source| source.port()).filter(|port| *port != 0),
            mark: 0,
            tos: 0,
            size: asked.size,
            reply: true,
        };
        walk::trace(self.read.borrow().as_ref().expect("it was read"), &flow)
    }

    /// What happens.
    pub fn dial(&self, asked: Ask<'_>) -> Seen {
        let to: SocketAddr = asked.to.parse().unwrap();
        let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let source = asked.source.unwrap_or(any).parse().unwrap();
        let header = if to.is_ipv4() { 28 } else { 48 };
        let length = asked.size.saturating_sub(header) as usize;
        dial(&self.path(asked.from), asked.protocol, source, to, length)
    }

    /// Reads, asks the walk once and the kernel some times, and tells where they differ.
    pub fn differences(&self, asked: Ask<'_>, times: u32) -> (Trace, Vec<String>) {
        self.read();
        let trace = self.trace(asked);
        let mut predicted: BTreeMap<String, f64> = BTreeMap::new();
        for way in &trace.paths {
            *predicted.entry(end(way)).or_default() += way.probability;
        }
        let fails = trace.paths.iter().all(|way| way.client_sees.is_some());
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..if fails { 1 } else { times } {
            *seen.entry(word(self.dial(asked))).or_default() += 1;
        }
        let mut wrong = compare_shares("answer", &seen, &predicted, false);
        if !wrong.is_empty() {
            let why = trace.paths.iter().map(|way| &way.stopped_at);
            wrong.push(format!("{asked:?}: {:?}", why.collect::<Vec<_>>()));
        }
        (trace, wrong)
    }

    /// The same, and panics where they differ.
    pub fn judge(&self, asked: Ask<'_>, times: u32) -> Trace {
        let (trace, wrong) = self.differences(asked, times);
        assert_eq!(wrong, [""; 0]);
        trace
    }
}

/// The answer of a way, or what the client sees: `a from 10.1.0.2`, `timeout`.
pub fn end(way: &Way) -> String {
    if let Some(sees) = way.client_sees {
        let word = serde_json::to_value(sees).unwrap();
        return word.as_str().unwrap().to_owned();
    }
    let Some(ip) = way.destination.as_ref().and_then(|end| end.ip) else {
        return format!("{:?}: {:?}", way.verdict, way.stopped_at);
    };
    let server = match ip.to_string().as_str() {
        "10.2.0.11" | "fd02::11" => "a",
        "10.2.0.12" | "fd02::12" => "b",
        "10.2.0.13" | "fd02::13" => "c",
        _ => match way.hops.last().map(|hop| hop.netns.as_str()) {
            Some("host") => "director",
            Some(other) => other.trim_start_matches("netns:"),
            None => "nobody",
        },
    }
    .to_owned();
    format!("{server} from {}", way.source_seen.unwrap())
}

/// The same of what was seen.
pub fn word(seen: Seen) -> String {
    match seen {
        Seen::Answer { server, source } => format!("{server} from {source}"),
        Seen::Failure(what) => what.to_owned(),
    }
}

fn index(place: &str) -> usize {
    PLACES.iter().position(|known| *known == place).unwrap()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

impl Drop for Scene {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}
