//! lblc and lblcr (net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c): each address that clients ask for stays with the server,
//! or with one of the servers, that it once had, as long as that is not overloaded. Which these are no tool prints: known is
//! whom they leave out, and which server is chosen where nothing is kept.

use super::schedule::{Candidate, Pick, least_loaded};
use crate::model::VirtualServer;

/// The next server: the one that both ways lead to, else what is to be supposed.
pub(super) fn pick(service: &VirtualServer, servers: &[Candidate<'_>], open: &[usize]) -> Pick {
    let scheduler = service.scheduler.as_str();
    let unknown = |among: Vec<usize>, because: String| Pick::Unknown { among, because };
    let counted: Option<Vec<u64>> = servers
        .iter()
        .map(|one| Some(u64::from(one.connections?.active)))
        .collect();
    let (Some(active), Some(least)) = (counted, least_loaded("wlc", servers, open)) else {
        let because = format!(
            "{scheduler} goes by the connections that servers have, and by where an address went before, which were not read"
        );
        return unknown(open.to_vec(), because);
    };
    let weight = |at: usize| u64::from(servers[at].server.weight);
    let idle = (0..servers.len()).any(|at| active[at] * 2 < weight(at));
    let overloaded = |at: usize| idle && active[at] > weight(at);
    let is_kept = |at: &usize| match scheduler {
        // A server above its threshold is not taken anew, but kept.
        "lblc" => weight(*at) > 0,
        _ => open.contains(at),
    };
    // Of equal ones the kernel takes the first that it has.
    let anew = match least.as_slice() {
        [first, ..] if service.in_kernel_order => vec![*first],
        _ => least,
    };
    let mut among: Vec<usize> = (0..servers.len())
        .filter(|at| is_kept(at) && !overloaded(*at) && !anew.contains(at))
        .collect();
    // All of an address's connections go where it is kept: the server that alone has some is the likely one.
    let mut used = (0..servers.len()).filter(|at| {
        let counted = servers[*at].connections;
        counted.is_some_and(|counted| counted.active > 0 || counted.inactive > 0)
    });
    let names = anew
        .iter()
        .map(|at| servers[*at].server.address.to_string());
    let because = format!(
        "{scheduler} keeps an address with the server that it had, which no tool prints; anew it is {}",
        names.collect::<Vec<_>>().join(" or ")
    );
    among.splice(0..0, anew);
    if let (Some(only), None) = (used.next(), used.next())
        && let Some(at) = among.iter().position(|at| *at == only)
    {
        among[..=at].rotate_right(1);
    }
    match among.as_slice() {
        [only] => Pick::One {
            server: *only,
            because: "the fewest connections for its weight; all others are overloaded".to_owned(),
        },
        _ => unknown(among, because),
    }
}
