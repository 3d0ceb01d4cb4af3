//! Random breakage: one thing of a cluster that no longer is as its programs made it.

use kubenet::lab::plan::{DeviceKind, NamespacePlan};
use kubenet::lab::rules::Table;
use kubenet::lab::spec::{IptablesBackend, LAN_DEVICE, Proxy, Spec};
use kubenet::lab::state::Place;
use kubenet::lab::{node_rules, wiring};
use kubenet::model::Family;
use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// A command that breaks something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breakage {
    /// Where it is run, as `lab run` takes it.
    pub place: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

impl Breakage {
    fn new(place: &Place, command: &str) -> Self {
        Self {
            place: place.label(),
            command: command.split(' ').map(str::to_owned).collect(),
        }
    }

    /// Word of a carrier that comes or goes takes up to a second (net/core/link_watch.c).
    pub fn takes_a_while(&self) -> bool {
        self.command.iter().take(2).eq(["ip", "link"])
    }
}

/// Kinds of breakage.
#[derive(Clone, Copy)]
enum Kind {
    FlushedChain,
    DeletedRule,
    InsertedRule,
    Policy,
    Route,
    RoutingRule,
    Neighbor,
    Fdb,
    LinkDown,
    Mtu,
    Sysctl,
    Pod,
}

const KINDS: [Kind; 14] = [
    Kind::FlushedChain,
    Kind::FlushedChain,
    Kind::DeletedRule,
    Kind::InsertedRule,
    Kind::Policy,
    Kind::Route,
    Kind::RoutingRule,
    Kind::Neighbor,
    Kind::Fdb,
    Kind::LinkDown,
    Kind::Mtu,
    Kind::Mtu,
    Kind::Sysctl,
    Kind::Pod,
];

/// Something is broken on one node, or in one of its pods.
pub fn random(chance: &mut Chance, spec: &Spec) -> Breakage {
    let plans = wiring::plans(spec).unwrap();
    loop {
        let node = chance.of(&spec.objects.nodes).name;
        let place = Place::Node { node };
        let plan = plans.iter().find(|plan| plan.place == place).unwrap();
        let families: Vec<_> = spec.families().collect();
        let breaker = Breaker {
            spec,
            plans: &plans,
            plan,
            family: chance.of(&families),
        };
        let kind = chance.of(&KINDS);
        if let Some(breakage) = breaker.breakage(chance, kind) {
            return breakage;
        }
    }
}

/// What a breakage is made of.
struct Breaker<'a> {
    spec: &'a Spec,
    plans: &'a [NamespacePlan],
    plan: &'a NamespacePlan,
    family: Family,
}

impl Breaker<'_> {
    fn breakage(&self, chance: &mut Chance, kind: Kind) -> Option<Breakage> {
        let place = &self.plan.place;
        let command = match kind {
            Kind::FlushedChain | Kind::DeletedRule if self.is_native() && chance.once_in(2) => {
                self.native(chance)?
            }
            Kind::FlushedChain => {
                let (table, chain, _) = self.chain(chance)?;
                format!("{} -t {table} -F {chain}", self.iptables())
            }
            Kind::DeletedRule => {
                let (table, chain, rules) = self.chain(chance)?;
                let number = 1 + chance.below(rules.max(1));
                format!("{} -t {table} -D {chain} {number}", self.iptables())
            }
            Kind::InsertedRule => self.inserted_rule(chance),
            Kind::Policy => {
                let chain = chance.of(&["INPUT", "FORWARD", "OUTPUT"]);
                format!("{} -P {chain} DROP", self.iptables())
            }
            Kind::Route => self.route(chance)?,
            Kind::RoutingRule => self.routing_rule(chance),
            Kind::Neighbor => {
                let all: Vec<_> = self.plan.neighbors.iter().collect();
                let one = *pick(chance, &all)?;
                let (ip, device) = (one.ip, &one.device);
                let how = chance.of(&["del", "replace"]);
                let rest = match how {
                    "del" => String::new(),
                    _ => " lladdr 02:00:00:00:00:99 nud permanent".to_owned(),
                };
                format!("ip neigh {how} {ip} dev {device}{rest}")
            }
            Kind::Fdb => {
                let all: Vec<_> = self.plan.fdb.iter().collect();
                let one = *pick(chance, &all)?;
                let (mac, device, there) = (one.mac, &one.device, one.destination);
                let gone = format!("bridge fdb del {mac} dev {device} dst {there}");
                let gateway = self.lan_neighbor();
                let wrong = format!("bridge fdb replace {mac} dev {device} dst {gateway}");
                chance.of(&[gone, wrong])
            }
            Kind::LinkDown => format!("ip link set {} down", self.device(chance)?),
            Kind::Mtu => {
                let mtu = chance.of(&["9000", "1500", "1300", "1200", "600"]);
                format!("ip link set {} mtu {mtu}", self.device(chance)?)
            }
            Kind::Sysctl => self.sysctl(chance),
            Kind::Pod => return self.in_a_pod(chance),
        };
        Some(Breakage::new(place, &command))
    }

    fn ip(&self) -> &'static str {
        match self.family {
            Family::V4 => "ip -4",
            Family::V6 => "ip -6",
        }
    }

    fn iptables(&self) -> &'static str {
        match (self.spec.iptables, self.family) {
            (IptablesBackend::Nft, Family::V4) => "iptables-nft",
            (IptablesBackend::Nft, Family::V6) => "ip6tables-nft",
            (IptablesBackend::Legacy, Family::V4) => "iptables-legacy",
            (IptablesBackend::Legacy, Family::V6) => "ip6tables-legacy",
        }
    }

    /// A chain that holds rules: table, name, and how many.
    fn chain(&self, chance: &mut Chance) -> Option<(&'static str, String, usize)> {
        let node = self.spec.node(self.plan.place.node()?).unwrap();
        let rules = node_rules::of(self.spec, &node, self.family, false).unwrap();
        let table = chance.of(&[Table::Nat, Table::Nat, Table::Filter]);
        let chains: Vec<_> = rules
            .chains(table)
            .filter(|(_, rules)| !rules.is_empty())
            .map(|(name, rules)| (table.name(), name.to_owned(), rules.len()))
            .collect();
        pick(chance, &chains).cloned()
    }

    /// Whether kube-proxy and flannel have tables of their own.
    fn is_native(&self) -> bool {
        matches!(self.spec.proxy, Proxy::Nftables(_))
    }

    /// A native chain that is emptied or drops, or an element that is gone.
    fn native(&self, chance: &mut Chance) -> Option<String> {
        let node = self.spec.node(self.plan.place.node()?).unwrap();
        let tables = node_rules::native(self.spec, &node, self.family);
        let table = pick(chance, &tables)?;
        let of = format!("{} {}", table.ip(), table.name());
        if chance.once_in(3) {
            let elements: Vec<_> = table.elements().collect();
            let (set, key) = pick(chance, &elements)?;
            return Some(format!("nft delete element {of} {set} {{ {key} }}"));
        }
        let chains: Vec<_> = table.chains().collect();
        let (chain, is_base) = *pick(chance, &chains)?;
        Some(match is_base && chance.once_in(2) {
            true => format!("nft add chain {of} {chain} {{ policy drop ; }}"),
            false => format!("nft flush chain {of} {chain}"),
        })
    }

    fn inserted_rule(&self, chance: &mut Chance) -> String {
        let (table, chain) = chance.of(&[
            ("filter", "FORWARD"),
            ("filter", "INPUT"),
            ("filter", "OUTPUT"),
            ("mangle", "PREROUTING"),
            ("mangle", "POSTROUTING"),
        ]);
        let networks = self.networks();
        let matches = chance.of(&[
            String::new(),
            "-p tcp".to_owned(),
            "-p udp".to_owned(),
            format!("-s {}", networks.cluster_cidr),
            format!("-d {}", networks.cluster_cidr),
            format!("-s {}", networks.outside),
            "-m conntrack --ctstate NEW".to_owned(),
            "-m conntrack --ctstate ESTABLISHED".to_owned(),
            "-p tcp -m conntrack --ctstate RELATED,ESTABLISHED --ctdir ORIGINAL".to_owned(),
        ]);
        let target = match table {
            "filter" => chance.of(&["DROP", "REJECT"]),
            _ => "DROP",
        };
        let parts = [
            self.iptables(),
            "-t",
            table,
            "-I",
            chain,
            &matches,
            "-j",
            target,
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }

    fn networks(&self) -> &kubenet::lab::spec::Networks {
        let mut networks = self.spec.networks.iter();
        let of_family = networks.find(|networks| networks.family() == self.family);
        of_family.expect("the cluster has the family")
    }

    /// The router.
    fn lan_neighbor(&self) -> std::net::IpAddr {
        self.networks().lans[0].addr()
    }

    fn route(&self, chance: &mut Chance) -> Option<String> {
        let routes: Vec<_> = self
            .plan
            .routes
            .iter()
            .filter(|route| Family::of(route.destination.addr()) == self.family)
            .collect();
        let to = pick(chance, &routes)?.destination;
        let ip = self.ip();
        Some(match chance.below(5) {
            0 => format!("{ip} route del {to}"),
            1 => format!("{ip} route add blackhole {to} metric 1"),
            2 => format!("{ip} route add unreachable {to} metric 1"),
            3 => format!("{ip} route add prohibit {to} metric 1"),
            _ => format!("{ip} route add {to} dev {LAN_DEVICE} metric 1"),
        })
    }

    fn routing_rule(&self, chance: &mut Chance) -> String {
        let what = chance.of(&["blackhole", "unreachable", "prohibit"]);
        let range = self.networks().cluster_cidr;
        let side = chance.of(&["from", "to"]);
        format!("{} rule add {side} {range} priority 100 {what}", self.ip())
    }

    /// A device of the node.
    fn device(&self, chance: &mut Chance) -> Option<String> {
        let devices: Vec<_> = self
            .plan
            .devices
            .iter()
            .filter(|device| device.kind != DeviceKind::Loopback)
            .map(|device| device.name.clone())
            .collect();
        pick(chance, &devices).cloned()
    }

    fn sysctl(&self, chance: &mut Chance) -> String {
        let settings: &[&str] = match self.family {
            Family::V4 => &[
                "net.ipv4.ip_forward=0",
                "net.ipv4.conf.all.rp_filter=1",
                "net.ipv4.conf.cni0.forwarding=0",
                "net.ipv4.conf.all.route_localnet=0",
                "net.bridge.bridge-nf-call-iptables=0",
                "net.ipv4.icmp_echo_ignore_all=1",
            ],
            Family::V6 => &[
                "net.ipv6.conf.all.forwarding=0",
                "net.ipv6.conf.cni0.forwarding=0",
                "net.bridge.bridge-nf-call-ip6tables=0",
                "net.ipv6.icmp.echo_ignore_all=1",
            ],
        };
        format!("sysctl -qw {}", chance.of(settings))
    }

    fn in_a_pod(&self, chance: &mut Chance) -> Option<Breakage> {
        let node = self.plan.place.node();
        let pods: Vec<_> = self
            .plans
            .iter()
            .filter(|plan| matches!(plan.place, Place::Pod { .. }) && plan.place.node() == node)
            .collect();
        let pod = *pick(chance, &pods)?;
        let ip = self.ip();
        let command = match chance.below(4) {
            0 => "ip link set eth0 down".to_owned(),
            1 => format!(
                "ip link set eth0 mtu {}",
                chance.of(&["9000", "1300", "600"])
            ),
            2 => format!("{ip} route del default"),
            _ => format!(
                "{ip} route add blackhole {} metric 1",
                self.networks().service_cidr
            ),
        };
        Some(Breakage::new(&pod.place, &command))
    }
}

fn pick<'a, T>(chance: &mut Chance, all: &'a [T]) -> Option<&'a T> {
    (!all.is_empty()).then(|| &all[chance.below(all.len())])
}
