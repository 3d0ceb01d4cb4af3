//! Schedulers that hash an address: sh, dh and mh (net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c, ip_vs_mh.c).
//!
//! Each fills a table with the servers, in the order in which the kernel has them, and looks a hash up in it. The sizes
//! of the tables are build options (CONFIG_IP_VS_SH_TAB_BITS, ...), here as the kernel has them by default, and as
//! distributions leave them.

use std::net::IpAddr;

use super::schedule::{Candidate, Pick, shares};
use crate::model::VirtualServer;
use crate::walk::packet::Port;

/// CONFIG_IP_VS_SH_TAB_BITS, CONFIG_IP_VS_DH_TAB_BITS.
const TABLE_BITS: u32 = 8;
/// What CONFIG_IP_VS_MH_TAB_INDEX of 12 stands for.
const MAGLEV_SIZE: usize = 4093;
/// IP_VS_MH_TAB_BITS: half of that index.
const MAGLEV_BITS: u32 = 6;
/// Keys of the two hashes of mh (`generate_hash_secret`).
const MAGLEV_KEYS: [u64; 2] = [2_654_435_761, 2_654_446_892];

/// What schedulers hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub source: IpAddr,
    pub source_port: Port,
    pub destination: IpAddr,
}

/// sh: clients by their address, servers by their weight.
pub(super) fn by_source(
    service: &VirtualServer,
    servers: &[Candidate<'_>],
    client: Client,
) -> Pick {
    let with_port = has_flag(service, ["sh-port", "flag-2"]);
    let table = || {
        // A server of weight 0 has an entry as well.
        let turns = |at: usize| servers[at].server.weight.max(1);
        let filled = (0..servers.len())
            .cycle()
            .flat_map(|at| (0..turns(at)).map(move |_| at));
        filled.take(1 << TABLE_BITS).collect::<Vec<usize>>()
    };
    let entry = |port: u16, offset: usize| {
        let key = fold(client.source).wrapping_add(u32::from(port));
        (offset + hash_32(key)) & ((1 << TABLE_BITS) - 1)
    };
    let weight = |at: usize| servers[at].server.weight.max(1);
    let asked = Asked {
        service,
        servers,
        client,
        with_port,
        falls_back: has_flag(service, ["sh-fallback", "flag-1"]),
    };
    asked.look_up(table, entry, weight)
}

/// mh: like sh, with a table that changes little when servers come and go.
pub(super) fn by_maglev(
    service: &VirtualServer,
    servers: &[Candidate<'_>],
    client: Client,
) -> Pick {
    let with_port = has_flag(service, ["mh-port", "flag-2"]);
    let entry = |port: u16, offset: usize| {
        let key = fold(client.source)
            .wrapping_add(u32::from(port))
            .wrapping_add(u32::try_from(offset).unwrap_or(0));
        hsiphash(key, MAGLEV_KEYS[0]) as usize % MAGLEV_SIZE
    };
    let asked = Asked {
        service,
        servers,
        client,
        with_port,
        falls_back: has_flag(service, ["mh-fallback", "flag-1"]),
    };
    asked.look_up(
        || maglev_table(servers),
        entry,
        |at| servers[at].server.weight,
    )
}

/// dh: destinations by their address, servers one like the other.
pub(super) fn by_destination(
    service: &VirtualServer,
    servers: &[Candidate<'_>],
    client: Client,
) -> Pick {
    let asked = Asked {
        service,
        servers,
        client,
        with_port: false,
        falls_back: false,
    };
    let entry = |_, _| hash_32(fold(client.destination));
    let table = || (0..servers.len()).cycle().take(1 << TABLE_BITS).collect();
    asked.look_up(table, entry, |_| 1)
}

/// A scheduler's flag, by its name and by its number.
fn has_flag(service: &VirtualServer, names: [&str; 2]) -> bool {
    let flags = service.scheduler_flags.iter();
    flags.into_iter().any(|flag| names.contains(&flag.as_str()))
}

/// A question to a table.
struct Asked<'a> {
    service: &'a VirtualServer,
    servers: &'a [Candidate<'a>],
    client: Client,
    with_port: bool,
    falls_back: bool,
}

impl Asked<'_> {
    /// The server in the entry that the hash leads to, or with a fallback in the next that takes connections. `weight`
    /// is about how much of the table a server has.
    fn look_up(
        &self,
        table: impl Fn() -> Vec<usize>,
        entry: impl Fn(u16, usize) -> usize,
        weight: impl Fn(usize) -> u32,
    ) -> Pick {
        let port = match self.with_port {
            true => self.client.source_port.number(),
            false => Some(0),
        };
        let what = match self.service.scheduler.as_str() {
            "dh" => "destination",
            _ if self.with_port => "client's address and port",
            _ => "client's address",
        };
        let all = 0..self.servers.len();
        let takes = |at: usize| self.servers[at].is_available();
        let shared = |why: &str| Pick::Shared {
            shares: shares(all.clone().map(|at| match self.falls_back && !takes(at) {
                true => 0,
                false => weight(at),
            })),
            because: format!("by a hash of the {what}, {why}"),
        };
        let Some(port) = port else {
            return shared("which is not known");
        };
        if !self.service.in_kernel_order && self.servers.len() > 1 {
            return shared("always the same; which one hangs on the order they were added in");
        }
        let table = table();
        let at = |offset| table.get(entry(port, offset)).copied();
        let first = entry(port, 0);
        let offsets = if self.falls_back { table.len() } else { 0 };
        // The fallback begins where the hash led, and goes round.
        let next = (0..offsets).map(|offset| (offset + first) % table.len());
        let found = at(0)
            .into_iter()
            .chain(next.filter_map(at))
            .find(|server| takes(*server));
        match found {
            Some(server) => Pick::One {
                server,
                because: format!("by a hash of the {what}"),
            },
            None => Pick::Nobody {
                because: format!("the server that the {what} hashes to takes no connections"),
            },
        }
    }
}

/// The address as one number: IPv6 folded.
fn fold(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits(),
        IpAddr::V6(ip) => {
            let bits = ip.to_bits();
            [96, 64, 32, 0]
                .iter()
                .fold(0, |folded, shift| folded ^ (bits >> shift) as u32)
        }
    }
}

/// include/linux/hash.h, with as many bits as the tables of sh and dh have.
fn hash_32(value: u32) -> usize {
    (value.wrapping_mul(0x61C8_8647) >> (32 - TABLE_BITS)) as usize
}

/// lib/siphash.c, `hsiphash_1u32` on 64 bits: SipHash-1-3 of four bytes, with a key of two equal halves.
fn hsiphash(value: u32, key: u64) -> u32 {
    let mut v = [
        0x736f_6d65_7073_6575 ^ key,
        0x646f_7261_6e64_6f6d ^ key,
        0x6c79_6765_6e65_7261 ^ key,
        0x7465_6462_7974_6573 ^ key,
    ];
    let last = 4 << 56 | u64::from(value);
    v[3] ^= last;
    sip_round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        sip_round(&mut v);
    }
    (v[0] ^ v[1] ^ v[2] ^ v[3]) as u32
}

fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

/// Where a server wants its next entry, and how many it gets in a row.
struct Wanted {
    server: usize,
    next: usize,
    skip: usize,
    turns: u32,
}

/// `ip_vs_mh_permutate` and `ip_vs_mh_populate`.
fn maglev_table(servers: &[Candidate<'_>]) -> Vec<usize> {
    let weights = || servers.iter().map(|one| one.server.weight);
    let divisor = weights().filter(|weight| *weight > 0).fold(0, gcd);
    let Some(most) = weights().max().filter(|_| divisor > 0) else {
        return Vec::new();
    };
    let bits = 32 - (most / divisor).leading_zeros();
    let shift = bits.saturating_sub(MAGLEV_BITS);
    let mut wanted: Vec<Wanted> = servers
        .iter()
        .enumerate()
        .filter(|(_, one)| one.server.weight > 0)
        .map(|(server, one)| {
            let address = one.server.address;
            let key = fold(address.ip()).wrapping_add(u32::from(address.port()));
            Wanted {
                server,
                next: hsiphash(key, MAGLEV_KEYS[0]) as usize % MAGLEV_SIZE,
                skip: hsiphash(key, MAGLEV_KEYS[1]) as usize % (MAGLEV_SIZE - 1) + 1,
                turns: ((one.server.weight / divisor) >> shift).max(1),
            }
        })
        .collect();
    let mut table = vec![None; MAGLEV_SIZE];
    let mut filled = 0;
    while filled < MAGLEV_SIZE {
        for one in &mut wanted {
            for _ in 0..one.turns {
                if filled == MAGLEV_SIZE {
                    break;
                }
                // The size is a prime: every entry is come to.
                while table[one.next].is_some() {
                    one.next = (one.next + one.skip) % MAGLEV_SIZE;
                }
                table[one.next] = Some(one.server);
                filled += 1;
            }
        }
    }
    table.into_iter().flatten().collect()
}

fn gcd(one: u32, other: u32) -> u32 {
    match other {
        0 => one,
        _ => gcd(other, one % other),
    }
}
