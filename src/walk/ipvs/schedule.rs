//! Which real server takes the next connection (net/netfilter/ipvs/ip_vs_rr.c and its sisters, ip_vs_sched.c).
//!
//! Some schedulers take turns, some count connections, some hash addresses. Where the pick is a function of what was
//! read, it is named; a turn has its share in the long run; what hangs on something that no dump shows is not guessed.

use super::hashing::{Client, by_destination, by_maglev, by_source};
use super::{locality, twos};
use crate::model::{RealServer, ServerConnections, VirtualServer};

/// The answer of a scheduler.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::walk) enum Pick {
    /// This one: an index into the servers.
    One { server: usize, because: String },
    /// One of them, each with its share, in the order of the servers.
    Shared { shares: Vec<f64>, because: String },
    /// One of them by chance, each with its share of this very connection.
    Drawn { shares: Vec<f64>, because: String },
    /// One of these, by something that was not read.
    Unknown { among: Vec<usize>, because: String },
    /// None takes it.
    Nobody { because: String },
}

/// Asks a service's scheduler. `connections` are those of each server, where they were read.
pub(super) fn pick(
    service: &VirtualServer,
    connections: &[Option<ServerConnections>],
    client: Client,
) -> Pick {
    let servers: Vec<Candidate<'_>> = service
        .servers
        .iter()
        .zip(connections)
        .map(|(server, connections)| Candidate {
            server,
            connections: *connections,
        })
        .collect();
    let open: Vec<usize> = (0..servers.len())
        .filter(|at| servers[*at].is_available())
        .collect();
    let by_hash = matches!(service.scheduler.as_str(), "sh" | "dh" | "mh");
    match open.as_slice() {
        [] if servers.is_empty() => {
            return Pick::Nobody {
                because: "it has no servers".to_owned(),
            };
        }
        [] => {
            return Pick::Nobody {
                because: "none of its servers takes new connections".to_owned(),
            };
        }
        [only] if !by_hash && is_known(&service.scheduler) && !may_keep(&service.scheduler) => {
            return Pick::One {
                server: *only,
                because: "the only one that takes new connections".to_owned(),
            };
        }
        _ => {}
    }
    let scheduler = service.scheduler.as_str();
    let weighted = |weight: &dyn Fn(&Candidate<'_>) -> u32, because: &str| {
        let weights = servers.iter().map(|one| match one.is_available() {
            true => weight(one),
            false => 0,
        });
        Pick::Shared {
            shares: shares(weights),
            because: because.to_owned(),
        }
    };
    match scheduler {
        "rr" => weighted(&|_| 1, "each in its turn"),
        "wrr" => weighted(
            &|one| one.server.weight,
            "each in its turn, as often as its weight says",
        ),
        "lc" | "wlc" | "sed" | "nq" | "ovf" | "fo" => {
            by_load(scheduler, &servers, open, service.in_kernel_order)
        }
        "sh" => by_source(service, &servers, client),
        "dh" => by_destination(service, &servers, client),
        "mh" => by_maglev(service, &servers, client),
        "twos" => twos::by_two_draws(service, &servers, open),
        "lblc" | "lblcr" => locality::pick(service, &servers, &open),
        other => Pick::Unknown {
            among: open,
            because: format!("kubenet does not know the scheduler {other}"),
        },
    }
}

/// Whether one that takes new connections may yet not get this one.
fn may_keep(scheduler: &str) -> bool {
    matches!(scheduler, "ovf" | "lblc")
}

fn is_known(scheduler: &str) -> bool {
    const KNOWN: [&str; 14] = [
        "rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "mh", "lblc", "lblcr", "fo", "ovf",
        "twos",
    ];
    KNOWN.contains(&scheduler)
}

/// A server as a scheduler sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub server: &'a RealServer,
    pub connections: Option<ServerConnections>,
}

impl Candidate<'_> {
    /// Of some weight, and not above its upper threshold (IP_VS_DEST_F_OVERLOAD).
    pub fn is_available(&self) -> bool {
        let all = self
            .connections
            .map_or(0, |counted| counted.active.saturating_add(counted.inactive));
        let limit = self.server.upper_threshold;
        self.server.weight > 0 && (limit == 0 || all < limit)
    }

    /// What this scheduler compares: a load, and the weight that it is divided by.
    pub fn load(&self, scheduler: &str) -> Option<(u64, u64)> {
        let weight = u64::from(self.server.weight);
        if scheduler == "fo" {
            return Some((1, weight));
        }
        let counted = self.connections?;
        let (active, inactive) = (u64::from(counted.active), u64::from(counted.inactive));
        Some(match scheduler {
            // ip_vs_dest_conn_overhead
            "lc" => ((active << 8) + inactive, 1),
            "wlc" => ((active << 8) + inactive, weight),
            "ovf" => (1, weight),
            // An idle server never waits with nq.
            "nq" if active == 0 => (0, 1),
            _ => (active + 1, weight),
        })
    }
}

/// The least load for its weight; of equal ones, the first that the kernel has in its list.
fn by_load(
    scheduler: &str,
    servers: &[Candidate<'_>],
    mut open: Vec<usize>,
    in_kernel_order: bool,
) -> Pick {
    let loads: Vec<Option<(u64, u64)>> = servers.iter().map(|one| one.load(scheduler)).collect();
    if open.iter().any(|at| loads[*at].is_none()) {
        return Pick::Unknown {
            among: open,
            because: format!(
                "{scheduler} goes by the connections that servers have, which were not read"
            ),
        };
    }
    if scheduler == "ovf" {
        let below = |at: &usize| {
            let active = servers[*at].connections.map_or(0, |counted| counted.active);
            active <= servers[*at].server.weight
        };
        open.retain(below);
    }
    let Some(open) = least_loaded(scheduler, servers, &open) else {
        return Pick::Nobody {
            because: "all of its servers have more connections than their weight".to_owned(),
        };
    };
    let idle = open
        .first()
        .is_some_and(|at| loads[*at].is_some_and(|(load, _)| load == 0));
    let best = match scheduler {
        "fo" => "the highest weight",
        "ovf" => "the highest weight with connections to spare",
        "nq" if idle => "idle",
        "sed" | "nq" => "the shortest delay to expect",
        "wlc" => "the fewest connections for its weight",
        _ => "the fewest connections",
    };
    match open.as_slice() {
        [first, rest @ ..] if rest.is_empty() || in_kernel_order => Pick::One {
            server: *first,
            because: best.to_owned(),
        },
        _ => Pick::Shared {
            shares: shares((0..servers.len()).map(|at| u32::from(open.contains(&at)))),
            because: format!("{best}, which {} have; the order decides", open.len()),
        },
    }
}

/// Those of the least load for its weight, in their order; nothing where there are none, or loads were not read.
pub(super) fn least_loaded(
    scheduler: &str,
    servers: &[Candidate<'_>],
    among: &[usize],
) -> Option<Vec<usize>> {
    let loads: Vec<(usize, (u64, u64))> = among
        .iter()
        .map(|at| Some((*at, servers[*at].load(scheduler)?)))
        .collect::<Option<_>>()?;
    let less = |(load, weight): (u64, u64), (other, its): (u64, u64)| {
        u128::from(load) * u128::from(its) < u128::from(other) * u128::from(weight)
    };
    let all = loads.iter().map(|(_, load)| *load);
    let least = all.reduce(|one, other| if less(other, one) { other } else { one })?;
    let best = loads.iter().filter(|(_, load)| !less(least, *load));
    Some(best.map(|(at, _)| *at).collect())
}

/// Weights as parts of a whole.
pub(super) fn shares(weights: impl Iterator<Item = u32>) -> Vec<f64> {
    let weights: Vec<f64> = weights.map(f64::from).collect();
    let all: f64 = weights.iter().sum();
    weights
        .into_iter()
        .map(|weight| if all > 0.0 { weight / all } else { 0.0 })
        .collect()
}
