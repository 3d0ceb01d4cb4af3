//! What a node is programmed to do for one port of a Service, whichever mode kube-proxy wrote it in: which address leads
//! on, and among which endpoints is chosen. A reader a mode fills it; the checks are written over it, once.

mod iptables;
mod ipvs;
mod nftables;
mod rule_index;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::fact::Fact;
use super::intent::Intent;
use crate::model::iptables::Wish;
use crate::model::kube_proxy::ServiceChain;
use crate::model::trace::Evidence;
use ipnet::IpNet;
pub use iptables::{Iptables, SERVICES};
pub use ipvs::Ipvs;
pub use nftables::Nftables;

/// What is programmed for one port of a Service in one address family.
#[derive(Debug)]
pub struct Programmed<'c> {
    /// What takes the packets for each of its addresses and its NodePort.
    pub frontends: Vec<(At, Taker<'c>)>,
    /// The choices among endpoints.
    pub choices: Vec<Choice<'c>>,
    /// Where clients from outside are led on, where that is written apart from the choice.
    pub outside: Option<Outside<'c>>,
    /// Who may come by its first load balancer's address.
    pub admission: Admission<'c>,
    /// Addresses and ports from which something leads to it.
    pub leading: Vec<(Leading, Fact<'c>)>,
}

/// Where clients connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The Service's own address.
    Cluster(IpAddr),
    /// An external IP.
    External(IpAddr),
    /// An address of its load balancer.
    Balanced(IpAddr),
    /// Its NodePort at the node's addresses.
    NodePort(u16),
}

/// What takes the packets for an address and port.
#[derive(Debug, Clone, Copy)]
pub enum Taker<'c> {
    /// It leads to what is the port's own: its choices, or what stands before them.
    Own(ServiceChain, Fact<'c>),
    /// It leads to a chain that is none of this port's.
    Foreign(&'c str, Fact<'c>),
    /// It refuses or drops them, as for a Service without endpoints.
    Refused(Fact<'c>),
    /// Nothing.
    Nobody,
    /// It cannot be told.
    Unclear,
}

/// A choice among endpoints.
#[derive(Debug)]
pub struct Choice<'c> {
    /// `KUBE-SVC-...`, `service-...`, `10.43.6.58:80/tcp`.
    pub name: String,
    /// Among those on the node; else among all.
    pub local: bool,
    /// Whether something leads to it.
    pub reached: bool,
    /// The endpoints that it may choose.
    pub members: Vec<Member<'c>>,
    /// Whether these are all, and their parts are known.
    pub clear: bool,
    /// The part of new clients that comes to none of them.
    pub left: f64,
    /// For how many seconds clients are kept where they were, by each of those who keep them; `None` is for ever.
    pub kept: Vec<Option<u32>>,
    /// How many members do not keep their clients.
    pub forgetful: usize,
    /// What shows it.
    pub facts: Vec<Fact<'c>>,
}

/// An endpoint as a choice has it.
#[derive(Debug)]
pub struct Member<'c> {
    /// The chain of the endpoint, where it has one.
    pub chain: Option<&'c str>,
    /// Its part of new clients, from 0 to 1.
    pub part: f64,
    /// It takes no new clients, and is there for those that it has.
    pub draining: bool,
    /// Where packets to it go.
    pub to: To,
    /// What shows it.
    pub facts: Vec<Fact<'c>>,
}

/// A destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// That address and port.
    Address(SocketAddr),
    /// It is not changed.
    Nowhere,
    /// Not one address and port, or not known.
    Unknown,
}

/// Where clients from outside are led on.
#[derive(Debug)]
pub struct Outside<'c> {
    /// To all endpoints.
    pub to_all: bool,
    /// To those on the node.
    pub to_local: bool,
    /// The rules.
    pub facts: Vec<Fact<'c>>,
}

/// Who may come by a load balancer's address.
#[derive(Debug)]
pub enum Admission<'c> {
    /// Whoever comes.
    Everybody(Vec<Fact<'c>>),
    /// Who comes from these.
    Only(BTreeSet<IpNet>, Vec<Fact<'c>>),
    /// It cannot be told.
    Unclear,
}

/// Where something leads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// An address, with the port where it is for one.
    Address(IpAddr, Option<u16>),
    /// A port of the node.
    NodePort(u16),
}

/// What kube-proxy wrote on a node for one address family, made ready to be asked about thousands of Services.
pub enum Proxy<'c> {
    /// Chains of iptables.
    Iptables(Box<Iptables<'c>>),
    /// A native table.
    Nftables(Box<Nftables<'c>>),
    /// Virtual servers.
    Ipvs(Box<Ipvs<'c>>),
}

impl<'c> Proxy<'c> {
    /// What is there for one port of a Service.
    pub fn programmed(&self, intent: &Intent<'_>) -> Programmed<'c> {
        match self {
            Self::Iptables(iptables) => iptables.programmed(intent),
            Self::Nftables(nftables) => nftables.programmed(intent),
            Self::Ipvs(ipvs) => ipvs.programmed(intent),
        }
    }

    /// Where it was looked in vain for what takes packets.
    pub fn looked(&self, intent: &Intent<'_>, at: At) -> Evidence {
        match self {
            Self::Iptables(iptables) => iptables.looked(intent, at),
            Self::Nftables(nftables) => nftables.looked(intent, at),
            Self::Ipvs(ipvs) => ipvs.looked(intent, at),
        }
    }

    /// What becomes of packets for an address that nothing takes: `leave by the default route`.
    pub fn untaken(&self, ip: IpAddr) -> &'static str {
        match self {
            Self::Iptables(_) => "are not translated and leave by the default route",
            Self::Nftables(nftables) => nftables.untaken(ip),
            Self::Ipvs(ipvs) => ipvs.untaken(ip),
        }
    }

    /// Whose a chain is that is none of the port's, where its name tells.
    pub fn owner<'s>(&'s self, intent: &'s Intent<'_>, chain: &'s str) -> Option<String> {
        match self {
            Self::Iptables(_) => intent.catalog.owner_of_chain(chain).map(str::to_owned),
            Self::Nftables(_) => nftables::owner(chain),
            Self::Ipvs(_) => None,
        }
    }

    /// The name that kube-proxy gives the chain which should stand in another's place.
    pub fn own_name(&self, intent: &Intent<'_>, foreign: &str) -> Option<String> {
        match self {
            Self::Iptables(_) => Some(iptables::name_like(intent, foreign)),
            Self::Nftables(_) => Some(nftables::name_like(intent, foreign)),
            Self::Ipvs(_) => None,
        }
    }

    /// What takes packets, in a word: `rule`.
    pub fn piece(&self) -> &'static str {
        match self {
            Self::Iptables(_) => "rule",
            Self::Nftables(_) => "map element",
            Self::Ipvs(_) => "virtual server",
        }
    }

    /// All that is written for a Service, in a word: `rules`.
    pub fn pieces(&self) -> &'static str {
        match self {
            Self::Iptables(_) | Self::Nftables(_) => "rules",
            Self::Ipvs(_) => "virtual servers",
        }
    }

    /// Chains that were needed and not read.
    pub fn into_wishes(self) -> BTreeSet<Wish> {
        match self {
            Self::Iptables(iptables) => iptables.into_wishes(),
            Self::Nftables(_) | Self::Ipvs(_) => BTreeSet::new(),
        }
    }
}

impl At {
    /// The address, where it is one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Cluster(ip) | Self::External(ip) | Self::Balanced(ip) => Some(ip),
            Self::NodePort(_) => None,
        }
    }

    /// Where a port of a Service can be connected to.
    pub fn all(intent: &Intent<'_>) -> Vec<Self> {
        let mut all: Vec<Self> = intent.cluster_ips().map(Self::Cluster).collect();
        all.extend(intent.external_ips().map(Self::External));
        all.extend(intent.balanced_ips().map(Self::Balanced));
        all.extend(intent.port.node_port.map(Self::NodePort));
        all
    }
}
