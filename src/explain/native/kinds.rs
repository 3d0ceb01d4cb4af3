//! What native chains are for, by their table and name (kube-proxy: pkg/proxy/nftables/proxier.go; flannel:
//! pkg/trafficmngr/nftables; firewalld: src/firewall/core/nftables.py), and what base chains are asked (nft(8), ADDRESS
//! FAMILIES).

use crate::explain::kinds::Kind;
use crate::model::kube_proxy::{NFT_TABLE, NftChain, NftChainName};
use crate::model::nftables::{BaseChain, Chain, ChainKind, Table};

/// Name, kind, purpose.
type Known = (&'static str, &'static str, &'static str);

const KUBE_PROXY: &[Known] = &[
    (
        "nat-prerouting",
        "base",
        "Sends the first packet of each connection that arrives to the search for its Service.",
    ),
    (
        "nat-output",
        "base",
        "Sends the first packet of each connection that this node makes to the search for its Service.",
    ),
    (
        "nat-postrouting",
        "base",
        "Sends the first packet of each connection that leaves to where marked ones are masqueraded.",
    ),
    (
        "services",
        "services",
        "Finds the Service that a packet is for: one lookup in a map by destination address, protocol and port, \
         and one by port for NodePorts, however many Services there are. Only the first packet of a connection \
         comes here; conntrack translates the others.",
    ),
    (
        "masquerading",
        "postrouting",
        "Gives marked packets, and those that a pod sends to itself through a Service, this node's address as \
         their source.",
    ),
    (
        "mark-for-masquerade",
        "mark-masquerade",
        "Marks packets whose source has to become this node's, so that their answers come back here. masquerading \
         looks at the mark.",
    ),
    (
        "reject-chain",
        "reject",
        "Refuses packets to Services that have no endpoint: the client is told at once.",
    ),
    (
        "service-endpoints-check",
        "services-without-endpoints",
        "Refuses or drops packets to Services that have no endpoint to go to. What was translated no longer has a \
         Service's address and passes.",
    ),
    (
        "nodeport-endpoints-check",
        "services-without-endpoints",
        "Refuses or drops packets to NodePorts of Services that have no endpoint to go to.",
    ),
    (
        "firewall-check",
        "proxy-firewall",
        "Holds packets to load balancers' IPs against the Services' source ranges, before they are translated.",
    ),
    (
        "cluster-ips-check",
        "cluster-ips",
        "Refuses ports that no Service has on a cluster IP, and drops packets to cluster IPs that are nobody's: \
         they would leave by the default route otherwise.",
    ),
];

const FLANNEL: &[Known] = &[
    (
        "forward",
        "flannel-forward",
        "Lets packets from and to pods be forwarded.",
    ),
    (
        "postrtg",
        "flannel-masquerade",
        "Masquerades what leaves the pod network, and leaves alone what stays in it.",
    ),
];

/// What a chain is for; `None` when nobody is known who would make it.
pub fn kind_of(table: &Table, chain: &Chain) -> Option<Kind> {
    let named = |known: &[Known], made_by| {
        let mut known = known.iter();
        let found = known.find(|(name, ..)| *name == &*chain.name)?;
        Some(Kind {
            id: found.1,
            made_by,
            purpose: found.2,
        })
    };
    let found = match &*table.name {
        NFT_TABLE => of_service(&chain.name)
            .or_else(|| filter_of(&chain.name))
            .or_else(|| named(KUBE_PROXY, "kube-proxy")),
        "flannel-ipv4" | "flannel-ipv6" => named(FLANNEL, "flannel"),
        "firewalld" => Some(Kind {
            id: "firewalld",
            made_by: "firewalld",
            purpose: "A part of firewalld's rules.",
        }),
        _ => None,
    };
    found.or_else(|| chain.base.as_ref().map(base))
}

fn of_service(name: &str) -> Option<Kind> {
    let (id, purpose) = match NftChainName::parse(name)?.chain {
        NftChain::Service => (
            "service-cluster",
            "Chooses one of all endpoints of a Service's port, by chance, and translates the destination to it.",
        ),
        NftChain::Local => (
            "service-local",
            "Chooses one of the endpoints on this node of a Service's port whose traffic policy is Local.",
        ),
        NftChain::External => (
            "service-external",
            "Takes what comes to a Service from outside (NodePort, external IP, load balancer's IP) and decides \
             whether it is masqueraded and which endpoints it may use.",
        ),
        NftChain::Firewall => (
            "service-firewall",
            "Drops packets to a load balancer's IP from clients outside the Service's source ranges.",
        ),
        NftChain::Endpoint => (
            "endpoint",
            "Translates the destination to one endpoint of a Service's port.",
        ),
    };
    Some(Kind {
        id,
        made_by: "kube-proxy",
        purpose,
    })
}

/// `filter-input` and the like.
fn filter_of(name: &str) -> Option<Kind> {
    let purpose = match name.strip_prefix("filter-")? {
        "prerouting" | "prerouting-pre-dnat" => {
            "Holds connections that arrive against source ranges, before their destination is translated."
        }
        "output-pre-dnat" => {
            "Holds connections that this node makes against source ranges, before their destination is translated."
        }
        "input" => "Holds connections to this node against Services that have no endpoint.",
        "forward" => {
            "Holds connections that are forwarded against Services that have no endpoint, and against cluster IPs \
             that nobody has."
        }
        "output" => {
            "Holds connections that this node makes against Services that have no endpoint, and against cluster \
             IPs that nobody has."
        }
        _ => return None,
    };
    Some(Kind {
        id: "base",
        made_by: "kube-proxy",
        purpose,
    })
}

/// What a base chain that nobody is known for is asked.
fn base(base: &BaseChain) -> Kind {
    let purpose = match (base.kind, &*base.hook) {
        (ChainKind::Nat, "prerouting" | "output") => {
            "Is asked about the first packet of each connection: here destinations may be translated."
        }
        (ChainKind::Nat, _) => {
            "Is asked about the first packet of each connection: here sources may be translated."
        }
        (_, "prerouting") => "Is asked about every packet that arrives, before it is routed.",
        (_, "input") => "Is asked about every packet for this host itself.",
        (_, "forward") => "Is asked about every packet that is forwarded.",
        (_, "output") => "Is asked about every packet that this host sends.",
        (_, "postrouting") => "Is asked about every packet that leaves.",
        (_, "ingress") => {
            "Is asked about every packet that its devices receive, before anything else."
        }
        _ => "Is asked about every packet that its devices send.",
    };
    Kind {
        id: "base",
        made_by: "whoever made the table",
        purpose,
    }
}
