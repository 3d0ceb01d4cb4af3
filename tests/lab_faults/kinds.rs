//! The kinds of clusters that faults are made in besides the usual one, whose kernel keeps other tables, or the same ones
//! elsewhere.

use kubenet::lab::demo::Choice;
use kubenet::lab::faults::Fault;
use kubenet::lab::kube_proxy_nftables::Layout;
use kubenet::lab::spec::{Backend, IptablesBackend, Proxy};
use kubenet::model::Family;

use crate::chance::Chance;
use crate::possible;

/// A kind of cluster, and the faults that are made in it.
pub struct Kind {
    pub name: &'static str,
    pub choice: Choice,
    pub faults: Vec<&'static Fault>,
}

fn choices() -> Vec<(&'static str, Choice)> {
    let usual = Choice::default;
    let v6 = || Choice {
        families: vec![Family::V6],
        ..usual()
    };
    vec![
        (
            "host-gw",
            Choice {
                backend: Backend::HostGw,
                ..usual()
            },
        ),
        (
            "direct",
            Choice {
                backend: Backend::DirectRouting,
                ..usual()
            },
        ),
        (
            "legacy",
            Choice {
                iptables: IptablesBackend::Legacy,
                ..usual()
            },
        ),
        ("ipv6", v6()),
        (
            "ipv6-legacy",
            Choice {
                backend: Backend::HostGw,
                iptables: IptablesBackend::Legacy,
                ..v6()
            },
        ),
        (
            "dual",
            Choice {
                families: vec![Family::V4, Family::V6],
                ..usual()
            },
        ),
        (
            "nft",
            Choice {
                proxy: Proxy::Nftables(Layout::V1_36),
                ..usual()
            },
        ),
        (
            "nft-old",
            Choice {
                proxy: Proxy::Nftables(Layout::V1_30),
                ..usual()
            },
        ),
    ]
}

/// Every kind whose name has that part, with `count` of the wanted faults that are possible in it, chosen by a seed.
pub fn of(name: &str, wanted: &str, seed: u64, count: usize) -> Vec<Kind> {
    let named = choices().into_iter().filter(|(one, _)| one.contains(name));
    named
        .zip(seed..)
        .map(|((name, choice), seed)| {
            let mut chance = Chance::new(seed);
            let mut faults = possible(&choice);
            faults.retain(|fault| fault.id.contains(wanted));
            while faults.len() > count {
                faults.swap_remove(chance.below(faults.len()));
            }
            Kind {
                name,
                choice,
                faults,
            }
        })
        .collect()
}
