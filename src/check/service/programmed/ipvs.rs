//! What kube-proxy's ipvs mode wrote (`syncProxyRules`, `syncEndpoint` in pkg/proxy/ipvs/proxier.go): a virtual server for
//! each address of a Service's port and for its NodePort at each address of the node, every one with real servers of its
//! own. Who may come by a load balancer's address, ipsets say.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{Admission, At, Choice, Member, Programmed, Taker, To};
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::model::kube_proxy::{IPVS_DEVICE, ServiceChain, Target, set_name};
use crate::model::trace::Evidence;
use crate::model::{
    Family, IpSet, Netns, Part, Protocol, RealServer, SetElement, SetPart, Takes, VirtualServer,
};

/// The virtual servers of a node, found by their address.
pub struct Ipvs<'c> {
    netns: &'c Netns,
    family: Family,
    servers: HashMap<(Protocol, SocketAddr), &'c VirtualServer>,
    whole: bool,
    /// The addresses of the node's devices.
    local: HashSet<IpAddr>,
    /// Those of them at which NodePorts answer.
    own: BTreeSet<IpAddr>,
}

impl<'c> Ipvs<'c> {
    /// Those of a node's own namespace.
    pub fn of(netns: &'c Netns, family: Family) -> Self {
        let addressed = |server: &'c VirtualServer| match server.takes {
            Takes::Address { protocol, address } => Some(((protocol, address), server)),
            Takes::Mark { .. } => None,
        };
        let addresses = || netns.addresses.iter().flatten();
        let own = addresses().filter(|one| one.device != IPVS_DEVICE && !one.ip.is_loopback());
        Self {
            netns,
            family,
            servers: netns
                .virtual_servers
                .iter()
                .flatten()
                .filter_map(addressed)
                .collect(),
            whole: netns.virtual_servers.is_some()
                && !netns.incomplete.contains(&Part::VirtualServers),
            local: addresses().map(|one| one.ip).collect(),
            own: own
                .map(|one| one.ip)
                .filter(|ip| Family::of(*ip) == family)
                .collect(),
        }
    }

    /// What is there for one port of a Service.
    pub fn programmed(&self, intent: &Intent<'_>) -> Programmed<'c> {
        let mut frontends = Vec::new();
        // Several servers of one port that are alike make one choice.
        let mut choices: BTreeMap<Alike, Choice<'c>> = BTreeMap::new();
        for at in At::all(intent) {
            let servers = self.servers_at(intent, at);
            let taker = match servers.first() {
                Some(server) => {
                    let kind = match is_local(intent, at, server) {
                        true => ServiceChain::Local,
                        false => ServiceChain::Cluster,
                    };
                    Taker::Own(kind, Fact::VirtualServer(server))
                }
                None if self.whole => Taker::Nobody,
                None => Taker::Unclear,
            };
            frontends.push((at, taker));
            for server in servers.into_iter().filter(|_| self.whole) {
                let local = is_local(intent, at, server);
                choices
                    .entry(alike(local, server))
                    .or_insert_with(|| choice(intent, local, server));
            }
        }
        Programmed {
            frontends,
            choices: choices.into_values().collect(),
            outside: None,
            admission: self.admission(intent),
            // Whose a virtual server is that no Service has, nothing tells.
            leading: Vec::new(),
        }
    }

    fn servers_at(&self, intent: &Intent<'_>, at: At) -> Vec<&'c VirtualServer> {
        let protocol = intent.port.protocol;
        let at_address = |ip: IpAddr, port: u16| {
            let found = self.servers.get(&(protocol, SocketAddr::new(ip, port)));
            found.copied()
        };
        match at {
            At::NodePort(port) => {
                let ips = self.own.iter();
                ips.filter_map(|ip| at_address(*ip, port)).collect()
            }
            At::Cluster(ip) | At::External(ip) | At::Balanced(ip) => {
                at_address(ip, intent.port.port).into_iter().collect()
            }
        }
    }

    fn admission(&self, intent: &Intent<'_>) -> Admission<'c> {
        let Some(ip) = intent.balanced_ips().next() else {
            return Admission::Unclear;
        };
        if self.netns.incomplete.contains(&Part::Ipsets) {
            return Admission::Unclear;
        }
        let set = |name: &str| set_of(self.netns, self.family, name);
        let guarded = set("LOAD-BALANCER-FW");
        let sources = [
            set("LOAD-BALANCER-SOURCE-CIDR"),
            set("LOAD-BALANCER-SOURCE-IP"),
        ];
        let (Some(guarded), [Some(nets), Some(ips)]) = (guarded, sources) else {
            return Admission::Unclear;
        };
        let is_its = |element: &&SetElement| is_at(element, ip, intent);
        let Some(guard) = guarded.elements.iter().find(is_its) else {
            return Admission::Everybody(Vec::new());
        };
        let mut facts = vec![Fact::Entry(guard)];
        let mut let_in = BTreeSet::new();
        for set in [nets, ips] {
            for element in set.elements.iter().filter(is_its) {
                facts.push(Fact::Entry(element));
                if let Some(SetPart::Net(net)) = element.parts.get(2) {
                    let_in.insert(*net);
                }
            }
        }
        Admission::Only(let_in, facts)
    }

    /// Where it was looked in vain.
    pub fn looked(&self, intent: &Intent<'_>, at: At) -> Evidence {
        let protocol = intent.port.protocol;
        let raw = match at {
            At::NodePort(port) => {
                format!("no virtual server {protocol} at port {port} of an address of the node")
            }
            At::Cluster(ip) | At::External(ip) | At::Balanced(ip) => format!(
                "no virtual server {protocol} at {}",
                SocketAddr::new(ip, intent.port.port)
            ),
        };
        Evidence {
            source: "ipvsadm -Sn".to_owned(),
            raw,
        }
    }

    /// What becomes of packets for an address of a Service that no virtual server takes.
    pub fn untaken(&self, ip: IpAddr) -> &'static str {
        match self.local.contains(&ip) {
            true => "are for the node itself, whose address that is, and mostly refused",
            false => "leave by the default route",
        }
    }
}

/// Whether an entry `IP,PROTOCOL:PORT,...` is for an address of this port.
fn is_at(element: &SetElement, ip: IpAddr, intent: &Intent<'_>) -> bool {
    let [
        SetPart::Net(net),
        SetPart::Port {
            protocol, first, ..
        },
        ..,
    ] = element.parts.as_slice()
    else {
        return false;
    };
    *net == IpNet::from(ip)
        && *first == intent.port.port
        && protocol.is_none_or(|protocol| protocol == intent.port.protocol)
}

/// What two virtual servers of a port have alike that are told of once.
type Alike = (bool, Vec<(SocketAddr, u32)>, Option<Option<u32>>, String);

fn alike(local: bool, server: &VirtualServer) -> Alike {
    let servers = server.servers.iter();
    (
        local,
        servers.map(|one| (one.address, one.weight)).collect(),
        server.persistence.map(|kept| kept.timeout),
        server.scheduler.clone(),
    )
}

/// Whether a virtual server chooses among the endpoints on the node. Where a policy asks for those and there are none,
/// kube-proxy takes all (kubernetes/kubernetes#97081).
fn is_local(intent: &Intent<'_>, at: At, server: &VirtualServer) -> bool {
    let asked = match at {
        At::Cluster(_) => intent.service.internal_local,
        _ => intent.service.external_local,
    };
    let (here, all) = (&intent.targets.local, &intent.targets.cluster);
    let wanted = asked && !here.is_empty();
    let (own, other) = match wanted {
        true => (here, all),
        false => (all, here),
    };
    let has = |targets: &[Target]| {
        let taking = server.servers.iter().filter(|one| one.weight > 0);
        let taking: BTreeSet<SocketAddr> = taking.map(|one| one.address).collect();
        let targets: BTreeSet<SocketAddr> = targets.iter().map(|one| one.address).collect();
        !targets.is_empty() && taking == targets
    };
    wanted != (!has(own) && has(other))
}

fn choice<'c>(intent: &Intent<'_>, local: bool, server: &'c VirtualServer) -> Choice<'c> {
    let name = server.takes.to_string();
    let parts = parts(server);
    let members = server.servers.iter().zip(parts);
    let timeout = |kept: Option<u32>| kept.or(intent.service.affinity_seconds);
    let mut facts = vec![Fact::VirtualServer(server)];
    facts.extend(server.servers.iter().map(Fact::RealServer));
    Choice {
        name,
        local,
        reached: true,
        members: members
            .map(|(real, part)| Member {
                chain: None,
                part,
                draining: real.weight == 0,
                to: To::Address(real.address),
                facts: vec![Fact::VirtualServer(server), Fact::RealServer(real)],
            })
            .collect(),
        clear: true,
        left: 0.0,
        kept: server
            .persistence
            .iter()
            .map(|kept| timeout(kept.timeout))
            .collect(),
        forgetful: match server.persistence {
            Some(_) => 0,
            None => server.servers.len(),
        },
        facts,
    }
}

/// The parts that the servers get in the long run: by weight where the scheduler goes by it, else alike. None goes to who
/// has weight 0.
fn parts(server: &VirtualServer) -> Vec<f64> {
    let by_weight = matches!(
        server.scheduler.as_str(),
        "wrr" | "wlc" | "sed" | "nq" | "sh" | "mh"
    );
    let weight = |one: &RealServer| match (by_weight, one.weight) {
        (_, 0) => 0.0,
        (true, weight) => f64::from(weight),
        (false, _) => 1.0,
    };
    let total: f64 = server.servers.iter().map(weight).sum();
    let servers = server.servers.iter();
    servers
        .map(|one| {
            if total > 0.0 {
                weight(one) / total
            } else {
                0.0
            }
        })
        .collect()
}

/// Of a node's sets, that of a name.
pub fn set_of<'c>(netns: &'c Netns, family: Family, name: &str) -> Option<&'c IpSet> {
    let wanted = set_name(family, name);
    let mut sets = netns.ipsets.iter().flatten();
    sets.find(|set| set.name == wanted)
}
