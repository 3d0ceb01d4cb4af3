//! The namespaces: a client and a server, and a router between them that holds the rules.
//!
//! Neighbours are permanent and IPv6 looks for no duplicates: no packet crosses the router but those that a test sends.

use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::collect::live::read_namespaces;
use kubenet::lab::{namespace, tool};
use kubenet::model::{Cluster, NetnsId, NetnsName, Objects};

/// One of the namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Router,
    Client,
    Server,
}

impl Place {
    pub const ALL: [Self; 3] = [Self::Router, Self::Client, Self::Server];

    pub fn id(self) -> NetnsId {
        NetnsId {
            node: 0,
            netns: self as usize,
        }
    }
}

/// Ports that are listened on everywhere, with TCP and UDP.
pub const PORTS: [u16; 3] = [8001, 8002, 8003];

/// How the client's and the server's networks meet in the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Two networks, and the router forwards between them.
    Routed,
    /// One network on a bridge of the router's, which shows its frames to iptables (br_netfilter).
    Bridged,
}

/// Namespaces that go when it goes.
pub struct Scene {
    names: Vec<String>,
    files: Vec<fs::File>,
    /// What was read when it was made, without rules.
    base: Cluster,
}

/// Whether this user may make namespaces; says why not.
pub fn allowed() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    println!("skipped: only root may make network namespaces");
    false
}

const CLIENT_MAC: &str = "02:00:00:00:01:02";
const SERVER_MAC: &str = "02:00:00:00:02:02";
const ROUTER_CLIENT_MAC: &str = "02:00:00:00:01:01";
const ROUTER_SERVER_MAC: &str = "02:00:00:00:02:01";
const NOBODYS_MAC: &str = "02:00:00:00:09:09";

impl Scene {
    pub fn new(shape: Shape) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let mut scene = Self {
            names: Vec::new(),
            files: Vec::new(),
            base: Cluster::default(),
        };
        for what in ["r", "c", "s"] {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("kubenet-test-{}-{number}-{what}", std::process::id());
            run("ip", &["netns", "add", &name]);
            scene.names.push(name);
            let path = scene.path(Place::ALL[scene.files.len()]);
            scene.files.push(namespace::open(&path).unwrap());
        }
        for place in Place::ALL {
            scene.inside(place, quieten);
        }
        match shape {
            Shape::Routed => scene.route(),
            Shape::Bridged => scene.bridge(),
        }
        for place in Place::ALL {
            scene.inside(place, settings);
        }
        scene.base = scene.read_all();
        scene
    }

    fn route(&self) {
        let [_, client, server] = [0, 1, 2].map(|at| self.names[at].as_str());
        self.ip(
            Place::Router,
            &format!(
                "link set lo up
                 link add rc address {ROUTER_CLIENT_MAC} type veth peer name c0 address {CLIENT_MAC} netns {client}
                 link add rs address {ROUTER_SERVER_MAC} type veth peer name s0 address {SERVER_MAC} netns {server}
                 addr add 10.1.0.1/24 dev rc
                 addr add 10.2.0.1/24 dev rs
                 addr add fd01::1/64 dev rc nodad
                 addr add fd02::1/64 dev rs nodad
                 link set rc up
                 link set rs up"
            ),
        );
        self.ends("10.1.0.2/24", "fd01::2/64", "10.2.0.2/24", "fd02::2/64");
        self.ip(
            Place::Client,
            "route add default via 10.1.0.1
             route add default via fd01::1",
        );
        self.ip(
            Place::Server,
            "addr add 10.2.0.3/24 dev s0
             addr add 10.2.0.4/24 dev s0
             addr add fd02::3/64 dev s0 nodad
             addr add fd02::4/64 dev s0 nodad
             route add default via 10.2.0.1
             route add default via fd02::1",
        );
        let knows = |place, device: &str, mac: &str, ips: &[&str]| {
            let lines: Vec<String> = ips
                .iter()
                .map(|ip| format!("neigh replace {ip} lladdr {mac} dev {device} nud permanent"))
                .collect();
            self.ip(place, &lines.join("\n"));
        };
        knows(
            Place::Client,
            "c0",
            ROUTER_CLIENT_MAC,
            &["10.1.0.1", "fd01::1"],
        );
        knows(
            Place::Server,
            "s0",
            ROUTER_SERVER_MAC,
            &["10.2.0.1", "fd02::1"],
        );
        knows(Place::Router, "rc", CLIENT_MAC, &["10.1.0.2", "fd01::2"]);
        let servers = [
            "10.2.0.2", "10.2.0.3", "10.2.0.4", "fd02::2", "fd02::3", "fd02::4",
        ];
        knows(Place::Router, "rs", SERVER_MAC, &servers);
        // Where NETMAP leads to and nobody is: not one that takes three seconds to be missed.
        let missing = ["10.1.0.3", "10.1.0.4", "fd01::3", "fd01::4"];
        knows(Place::Router, "rc", NOBODYS_MAC, &missing);
    }

    fn bridge(&self) {
        let [_, client, server] = [0, 1, 2].map(|at| self.names[at].as_str());
        self.ip(
            Place::Router,
            &format!(
                "link set lo up
                 link add br0 address {ROUTER_CLIENT_MAC} type bridge nf_call_iptables 1 nf_call_ip6tables 1 mcast_snooping 0
                 link add rc type veth peer name c0 address {CLIENT_MAC} netns {client}
                 link add rs type veth peer name s0 address {SERVER_MAC} netns {server}
                 link set rc master br0
                 link set rs master br0
                 addr add 10.1.0.1/16 dev br0
                 addr add fd01::1/64 dev br0 nodad
                 link set br0 up
                 link set rc up
                 link set rs up"
            ),
        );
        self.ends("10.1.0.2/16", "fd01::2/64", "10.1.0.12/16", "fd01::12/64");
        self.ip(
            Place::Server,
            "addr add 10.1.0.13/16 dev s0
             addr add 10.1.0.14/16 dev s0
             addr add fd01::13/64 dev s0 nodad
             addr add fd01::14/64 dev s0 nodad",
        );
        let client = [("10.1.0.2", CLIENT_MAC), ("fd01::2", CLIENT_MAC)];
        let server = ["10.1.0.12", "10.1.0.13", "10.1.0.14"].map(|ip| (ip, SERVER_MAC));
        let server6 = ["fd01::12", "fd01::13", "fd01::14"].map(|ip| (ip, SERVER_MAC));
        let router = [
            ("10.1.0.1", ROUTER_CLIENT_MAC),
            ("fd01::1", ROUTER_CLIENT_MAC),
        ];
        // What is nobody's is given to the router by others, and by the router to nobody.
        let nobodys = |mac| [("10.1.0.99", mac), ("fd01::99", mac)];
        let knows = |place, device: &str, all: &[&[(&str, &str)]]| {
            let lines: Vec<String> = all
                .concat()
                .iter()
                .map(|(ip, mac)| {
                    format!("neigh replace {ip} lladdr {mac} dev {device} nud permanent")
                })
                .collect();
            self.ip(place, &lines.join("\n"));
        };
        let to_router = nobodys(ROUTER_CLIENT_MAC);
        knows(
            Place::Client,
            "c0",
            &[&server, &server6, &router, &to_router],
        );
        knows(Place::Server, "s0", &[&client, &router, &to_router]);
        let to_nobody = nobodys(NOBODYS_MAC);
        // NETMAP leads there.
        let missing = [("10.1.0.15", NOBODYS_MAC)];
        knows(
            Place::Router,
            "br0",
            &[&client, &server, &server6, &to_nobody, &missing],
        );
    }

    /// Addresses of the client and the server.
    fn ends(&self, client4: &str, client6: &str, server4: &str, server6: &str) {
        for (place, device, v4, v6) in [
            (Place::Client, "c0", client4, client6),
            (Place::Server, "s0", server4, server6),
        ] {
            self.ip(
                place,
                &format!(
                    "link set lo up
                     addr add {v4} dev {device}
                     addr add {v6} dev {device} nodad
                     link set {device} up"
                ),
            );
        }
    }

    /// Its addresses of both families.
    pub fn addresses(&self, place: Place) -> Vec<IpAddr> {
        let netns = self.base.netns(place.id());
        let own = place == Place::Router;
        let all = netns.addresses.iter().flatten();
        all.map(|address| address.ip)
            .filter(|ip| own || !ip.is_loopback())
            .collect()
    }

    pub fn path(&self, place: Place) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.names[place as usize])
    }

    /// Does something inside a namespace.
    pub fn inside<T: Send>(&self, place: Place, work: impl FnOnce() -> T + Send) -> T {
        namespace::run_in(&self.files[place as usize], "the test", || Ok(work())).unwrap()
    }

    /// Runs lines of ip(8) there.
    pub fn ip(&self, place: Place, lines: &str) {
        let name = &self.names[place as usize];
        let lines: String = lines
            .lines()
            .map(|line| format!("{}\n", line.trim()))
            .collect();
        feed(Command::new("ip").args(["-n", name, "-batch", "-"]), &lines).unwrap();
    }

    /// Runs a program there.
    pub fn tool(
        &self,
        place: Place,
        program: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<String, String> {
        self.inside(place, || {
            let mut command = tool::tool(program);
            command.args(arguments).env("XTABLES_LOCKFILE", "/dev/null");
            feed(&mut command, input)
        })
    }

    /// Everything as it is now. Of the router the rules, sets and lists are read anew, by the live reader; the rest does
    /// not change.
    pub fn refresh(&mut self) {
        let mut fresh = read_namespaces(
            &[(
                "node1".to_owned(),
                vec![(NetnsName::Host, self.path(Place::Router))],
            )],
            Objects::default(),
        );
        assert_eq!(fresh.gaps, []);
        let fresh = &mut fresh.nodes[0].netns[0];
        let known = &mut self.base.nodes[0].netns[0];
        known.iptables = std::mem::take(&mut fresh.iptables);
        known.ipsets = fresh.ipsets.take();
        known.recent = fresh.recent.take();
        known.nftables = fresh.nftables.take();
    }

    fn read_all(&self) -> Cluster {
        let named = |name: &str| NetnsName::Named(name.to_owned());
        let namespaces = vec![
            (NetnsName::Host, self.path(Place::Router)),
            (named("client"), self.path(Place::Client)),
            (named("server"), self.path(Place::Server)),
        ];
        let cluster = read_namespaces(&[("node1".to_owned(), namespaces)], Objects::default());
        assert_eq!(cluster.gaps, []);
        cluster
    }

    /// What is known of the namespaces.
    pub fn cluster(&self) -> &Cluster {
        &self.base
    }

    /// What is known of them, to be changed.
    #[allow(dead_code)]
    pub fn take_cluster(&mut self) -> Cluster {
        std::mem::take(&mut self.base)
    }

    /// What is known of them, to be added to.
    #[allow(dead_code)]
    pub fn cluster_mut(&mut self) -> &mut Cluster {
        &mut self.base
    }

    /// Reads all three again, where more than rules was changed.
    pub fn reread(&mut self) {
        self.base = self.read_all();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

fn set(key: &str, value: &str) {
    // A setting that this kernel does not have in every namespace is that of the machine.
    let _ = fs::write(format!("/proc/sys/net/{key}"), value);
}

/// Before there are devices: none of them is to send by itself.
fn quieten() {
    for of in ["all", "default"] {
        set(&format!("ipv6/conf/{of}/accept_ra"), "0");
        set(&format!("ipv6/conf/{of}/autoconf"), "0");
        set(&format!("ipv6/conf/{of}/dad_transmits"), "0");
        set(&format!("ipv6/conf/{of}/router_solicitations"), "0");
        set(&format!("ipv6/conf/{of}/addr_gen_mode"), "1");
        set(&format!("ipv4/conf/{of}/rp_filter"), "0");
        set(&format!("ipv4/conf/{of}/send_redirects"), "0");
    }
}

/// Forwarding, and ICMP errors as often as there is reason for one.
fn settings() {
    set("ipv4/ip_forward", "1");
    set("ipv6/conf/all/forwarding", "1");
    set("ipv4/icmp_ratelimit", "0");
    set("ipv4/icmp_msgs_per_sec", "1000000");
    set("ipv4/icmp_msgs_burst", "1000000");
    set("ipv6/icmp/ratelimit", "0");
    set("ipv4/ping_group_range", "0 2147483647");
    // Nothing but what is asked about: no second SYN/ACK of a connection that was given up.
    set("ipv4/tcp_synack_retries", "0");
}

/// Runs a tool that must succeed.
pub fn run(program: &str, arguments: &[&str]) {
    feed(Command::new(program).args(arguments), "").unwrap();
}

/// Runs a tool with an input; its output, or what it complained.
fn feed(command: &mut Command, input: &str) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A tool may end before it has read everything: it says why.
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = feeder.join();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
