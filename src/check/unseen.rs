//! The entries of the catalogue of failures which no check finds, and why.

/// Entry and reason.
pub const UNSEEN: &[(&str, &str)] = &[
    (
        "A06",
        "modes of kube-proxy differ in whether NodePorts are served on the loopback address; a trace to 127.0.0.1:PORT tells",
    ),
    (
        "A07",
        "which node answers ARP for an address of kube-ipvs0 shows in the LAN's neighbours, not in a setting alone; a trace tells",
    ),
    (
        "A11",
        "which packets connection tracking takes for INVALID depends on those before them; `trace --established` tells of one",
    ),
    ("A13", "the files under sysctl.d are not read"),
    ("B08", "the network between the nodes is not seen"),
    (
        "C17",
        "a card's offload settings (ethtool) and driver are not read",
    ),
    (
        "C24",
        "intended: DirectRouting routes to the nodes of its own link; a route that is wrong is found as such",
    ),
    ("D04", "what the cloud drops is not seen from a node"),
    (
        "D05",
        "that flannel refused to start stands in its log; what it left undone is found (D02)",
    ),
    (
        "D06",
        "flannel's udp backend is a program that packets pass: what it does with them no table tells",
    ),
    (
        "D07",
        "flannel's ipip backend is not followed: nothing was at hand to hold it against",
    ),
    (
        "D08",
        "flannel's wireguard backend is not followed: peers and keys are not read",
    ),
    (
        "E10",
        "the leases of host-local are files, which are not read",
    ),
    (
        "E16",
        "a mark that two use is right or wrong by what both mean by it",
    ),
    (
        "E20",
        "the CNI configuration and its programs are files, which are not read",
    ),
    (
        "F10",
        "the ranges that the API server and the controllers were started with are not read",
    ),
    (
        "F12",
        "intended: pods reach a load balancer's address without it; a trace tells by which endpoints",
    ),
    (
        "F17",
        "two packets at one instant: only counters tell, which are not read",
    ),
    (
        "F19",
        "`trace --dns` asks the resolver as a program does, and tells where it ends",
    ),
    (
        "F21",
        "intended: ipMode says whether kube-proxy takes a load balancer's address; a trace tells",
    ),
    ("F26", "what health checks answer is not asked"),
    (
        "F28",
        "intended: topology hints narrow the endpoints, and the rules are held against those (F03)",
    ),
    (
        "F29",
        "intended: endpoints that end serve while nobody else does, and the rules are held against those (F03)",
    ),
    (
        "F30",
        "intended: large clusters have no comments; names of chains are recomputed",
    ),
    (
        "F32",
        "a trace walks the answer as well, and tells where it goes another way",
    ),
    (
        "G04",
        "what reuse of connections costs depends on their rate; the setting alone is right on some kernels and wrong on others",
    ),
    ("G09", "see A07"),
    (
        "G10",
        "kube-proxy gives NodePorts to the addresses that the node had when it looked; a trace to one of the others tells",
    ),
    (
        "G13",
        "a trace from a node to a Service tells the source that the endpoint sees",
    ),
    (
        "G14",
        "a firewall that lets pods' packets pass and stops those for Services is told by the trace to one",
    ),
    (
        "G15",
        "whether a host port or a NodePort is meant is told by the trace to the port",
    ),
    (
        "G16",
        "which mode kube-proxy was told to use is in its configuration, which is not read",
    ),
    ("G18", "a version's deprecations are no state of a node"),
    (
        "H02",
        "why kube-proxy could not write its table stands in its log; that there is none is found (F01)",
    ),
    (
        "H05",
        "intended in that version: a trace from a pod to a load balancer's address tells",
    ),
    ("H08", "see A11"),
    (
        "H10",
        "flannel's native rules are followed as any; a trace tells the source that a receiver sees",
    ),
    (
        "I02",
        "two default routes may be meant so; a trace tells the way and rp_filter's answer (A03)",
    ),
    ("I07", "what the cloud drops is not seen from a node"),
    ("I08", "what a hypervisor drops is not seen from a node"),
    ("I09", "exceptions of routes (redirects) are not read"),
    ("I10", "exceptions of routes (path MTU) are not read"),
    ("I11", "policies of IPsec are not read"),
    (
        "I14",
        "`trace --dns` asks the resolver as a program does, and tells where it ends",
    ),
    ("I15", "queueing disciplines and their drops are not read"),
    ("I16", "counters of cards and queues are not read"),
    (
        "I18",
        "what may not be read is told as not read, by every check that needs it",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::UNSEEN;

    /// Every entry of the catalogue: a letter for each chapter, and how many entries it has.
    const CATALOGUE: [(char, u8); 9] = [
        ('A', 13),
        ('B', 20),
        ('C', 28),
        ('D', 9),
        ('E', 24),
        ('F', 32),
        ('G', 18),
        ('H', 10),
        ('I', 19),
    ];

    #[test]
    fn every_entry_of_the_catalogue_is_found_or_it_is_said_why_not() {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for check in crate::check::all() {
            for entry in check.catalogue {
                found.entry(entry).or_default().push(check.id);
            }
        }
        let unseen: BTreeSet<&str> = UNSEEN.iter().map(|(entry, _)| *entry).collect();
        assert_eq!(unseen.len(), UNSEEN.len(), "an entry is there twice");
        let mut known = BTreeSet::new();
        for (chapter, count) in CATALOGUE {
            for number in 1..=count {
                let entry = format!("{chapter}{number:02}");
                let by = found.get(entry.as_str());
                let why = unseen.contains(entry.as_str());
                assert!(
                    by.is_some() || why,
                    "{entry} is neither found nor in UNSEEN"
                );
                assert!(
                    by.is_none() || !why,
                    "{entry} is found by {by:?}: take it out of UNSEEN"
                );
                known.insert(entry);
            }
        }
        for entry in found.keys().chain(&unseen) {
            assert!(known.contains(*entry), "{entry} is not in the catalogue");
        }
    }
}
