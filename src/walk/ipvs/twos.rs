//! twos: the power of two choices (net/netfilter/ipvs/ip_vs_twos.c).

use super::schedule::{Candidate, Pick};
use crate::model::VirtualServer;

/// `ip_vs_twos_schedule`: two numbers from 0 to the sum of all weights, both counted, each lead to the server at which the
/// weights up to it reach the number; the second is taken where it has fewer connections for its weight.
pub(super) fn by_two_draws(
    service: &VirtualServer,
    servers: &[Candidate<'_>],
    open: Vec<usize>,
) -> Pick {
    let because = "two servers are drawn by weight, and the one with fewer connections is taken";
    let loads: Option<Vec<(u64, u64)>> = open.iter().map(|at| servers[*at].load("wlc")).collect();
    let Some(loads) = loads.filter(|_| service.in_kernel_order) else {
        return Pick::Unknown {
            among: open,
            because: format!("{because}: their connections and order were not read"),
        };
    };
    let all: u64 = loads.iter().map(|(_, weight)| weight).sum();
    let part = |at: usize| {
        let more = u64::from(at == 0);
        (loads[at].1 + more) as f64 / (all + 1) as f64
    };
    let mut shares = vec![0.0; servers.len()];
    for (first, (load, weight)) in loads.iter().enumerate() {
        for (second, (other, its)) in loads.iter().enumerate() {
            let is_second =
                u128::from(*its) * u128::from(*load) > u128::from(*weight) * u128::from(*other);
            let taken = if is_second { second } else { first };
            shares[open[taken]] += part(first) * part(second);
        }
    }
    Pick::Drawn {
        shares,
        because: because.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;
    use crate::model::{Forwarding, Protocol, RealServer, ServerConnections, Takes};
    use crate::walk::ipvs::hashing::Client;
    use crate::walk::ipvs::schedule::pick;

    fn service(servers: &[(u32, u32, u32)]) -> (VirtualServer, Vec<Option<ServerConnections>>) {
        let server = |at: usize, weight: u32| RealServer {
            address: format!("10.2.0.{at}:80").parse().unwrap(),
            weight,
            forwarding: Forwarding::Masquerading,
            upper_threshold: 0,
            lower_threshold: 0,
            connections: None,
            raw: String::new(),
        };
        let service = VirtualServer {
            takes: Takes::Address {
                protocol: Protocol::Tcp,
                address: "10.43.0.1:80".parse().unwrap(),
            },
            scheduler: "twos".to_owned(),
            scheduler_flags: Vec::new(),
            one_packet: false,
            persistence: None,
            servers: (servers.iter().enumerate())
                .map(|(at, (weight, ..))| server(at, *weight))
                .collect(),
            in_kernel_order: true,
            raw: String::new(),
        };
        let counted = servers.iter().map(|(_, active, inactive)| {
            Some(ServerConnections {
                active: *active,
                inactive: *inactive,
            })
        });
        let counted = counted.collect();
        (service, counted)
    }

    /// Every pair of numbers, led to its servers step by step as ip_vs_twos.c does.
    fn all_draws(servers: &[(u32, u32, u32)]) -> Vec<f64> {
        let all: i64 = servers.iter().map(|(weight, ..)| i64::from(*weight)).sum();
        let mut taken = vec![0u32; servers.len()];
        for first in 0..=all {
            for second in 0..=all {
                let (mut left, mut picks) = ([first, second], [None; 2]);
                for (at, (weight, ..)) in servers.iter().enumerate() {
                    if *weight == 0 {
                        continue;
                    }
                    for (left, pick) in left.iter_mut().zip(&mut picks) {
                        *left -= i64::from(*weight);
                        if *left <= 0 && pick.is_none() {
                            *pick = Some(at);
                        }
                    }
                }
                let [one, two] = picks.map(Option::unwrap);
                let overhead = |at: usize| i64::from(servers[at].1 * 256 + servers[at].2);
                let weight = |at: usize| i64::from(servers[at].0);
                let better = weight(two) * overhead(one) > weight(one) * overhead(two);
                taken[if better { two } else { one }] += 1;
            }
        }
        let draws = ((all + 1) * (all + 1)) as f64;
        taken
            .iter()
            .map(|count| f64::from(*count) / draws)
            .collect()
    }

    #[rstest]
    #[case(&[(1, 0, 0), (1, 0, 0), (1, 0, 0)])]
    #[case(&[(1, 3, 0), (2, 0, 7), (5, 1, 1)])]
    #[case(&[(0, 0, 0), (3, 2, 0), (0, 9, 9), (2, 2, 1)])]
    #[case(&[(7, 1, 0), (7, 1, 0)])]
    fn two_draws_of_every_kind(#[case] servers: &[(u32, u32, u32)]) {
        let (service, counted) = service(servers);
        let client = Client {
            source: "10.1.0.2".parse().unwrap(),
            source_port: crate::walk::packet::Port::NONE,
            destination: "10.43.0.1".parse().unwrap(),
        };
        let Pick::Drawn { shares, .. } = pick(&service, &counted, client) else {
            panic!("twos draws");
        };
        for (ours, wanted) in shares.iter().zip(all_draws(servers)) {
            assert!((ours - wanted).abs() < 1e-12, "{shares:?}");
        }
    }
}
