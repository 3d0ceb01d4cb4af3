//! The ipsets of kube-proxy's ipvs mode (pkg/proxy/ipvs/ipset.go): all of them, whether or not they hold anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::Family;
use crate::model::kube_proxy::set_name;

/// Names, without `KUBE-`, and types.
const SETS: [(&str, &str); 17] = [
    ("LOOP-BACK", "hash:ip,port,ip"),
    ("CLUSTER-IP", "hash:ip,port"),
    ("EXTERNAL-IP", "hash:ip,port"),
    ("EXTERNAL-IP-LOCAL", "hash:ip,port"),
    ("LOAD-BALANCER", "hash:ip,port"),
    ("LOAD-BALANCER-LOCAL", "hash:ip,port"),
    ("LOAD-BALANCER-FW", "hash:ip,port"),
    ("LOAD-BALANCER-SOURCE-IP", "hash:ip,port,ip"),
    ("LOAD-BALANCER-SOURCE-CIDR", "hash:ip,port,net"),
    ("NODE-PORT-TCP", "bitmap:port"),
    ("NODE-PORT-LOCAL-TCP", "bitmap:port"),
    ("NODE-PORT-UDP", "bitmap:port"),
    ("NODE-PORT-LOCAL-UDP", "bitmap:port"),
    ("NODE-PORT-SCTP-HASH", "hash:ip,port"),
    ("NODE-PORT-LOCAL-SCTP-HASH", "hash:ip,port"),
    ("HEALTH-CHECK-NODE-PORT", "bitmap:port"),
    ("IPVS-IPS", "hash:ip"),
];

/// The sets of one address family.
#[derive(Debug, Clone)]
pub struct Sets {
    family: Family,
    entries: BTreeMap<String, BTreeSet<String>>,
}

impl Default for Sets {
    fn default() -> Self {
        Self::new(Family::V4)
    }
}

impl Sets {
    /// Empty ones.
    pub fn new(family: Family) -> Self {
        Self {
            family,
            entries: BTreeMap::new(),
        }
    }

    /// Adds an entry to a set, which is named without `KUBE-`.
    pub fn add(&mut self, set: &str, entry: String) {
        self.entries
            .entry(set.to_owned())
            .or_default()
            .insert(entry);
    }

    /// Whether a set holds something.
    pub fn holds_any(&self, set: &str) -> bool {
        self.entries
            .get(set)
            .is_some_and(|entries| !entries.is_empty())
    }

    /// The whole name of a set.
    pub fn name(&self, set: &str) -> String {
        set_name(self.family, set)
    }

    /// What `ipset restore` takes.
    pub fn to_restore(&self) -> String {
        let mut text = String::new();
        for (set, kind) in SETS {
            let name = self.name(set);
            let options = match (kind, self.family) {
                ("bitmap:port", _) => "range 0-65535",
                (_, Family::V4) => "family inet hashsize 1024 maxelem 65536",
                (_, Family::V6) => "family inet6 hashsize 1024 maxelem 65536",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "create {name} {kind} {options}");
            for entry in self.entries.get(set).into_iter().flatten() {
                let _ = writeln!(text, "add {name} {entry}");
            }
        }
        text
    }
}
