//! What `ip route` prints of a route though no packet depends on it (iproute2, `ip/iproute.c`, `print_route`).

use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage, RouteMetric};

use crate::model::text::{RouteDetails, route_protocol};

/// RTNH_F_* and RTM_F_* as `print_rt_flags` names them, in its order.
const FLAGS: [(RouteFlags, &str); 10] = [
    (RouteFlags::Dead, "dead"),
    (RouteFlags::Onlink, "onlink"),
    (RouteFlags::Pervasive, "pervasive"),
    (RouteFlags::Offload, "offload"),
    (RouteFlags::Trap, "trap"),
    (RouteFlags::Linkdown, "linkdown"),
    (RouteFlags::Unresolved, "unresolved"),
    (RouteFlags::RtOffload, "rt_offload"),
    (RouteFlags::RtTrap, "rt_trap"),
    (RouteFlags::OffloadFailed, "rt_offload_failed"),
];

/// The details of a route's message.
pub(super) fn details(message: &RouteMessage) -> RouteDetails {
    let mut details = RouteDetails {
        protocol: Some(route_protocol(message.header.protocol.into())),
        flags: FLAGS
            .iter()
            .filter(|(flag, _)| message.header.flags.contains(*flag))
            .map(|(_, name)| (*name).to_owned())
            .collect(),
        ..RouteDetails::default()
    };
    let (mut expires, mut metrics, mut preference) = (None, Vec::new(), None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::EncapType(kind) => {
                details.encapsulation = vec![format!("encap {kind}")]
            }
            RouteAttribute::CacheInfo(info) if info.expires != 0 => {
                // In clock ticks, of which user space sees 100 in a second.
                expires = Some(format!("expires {}sec", info.expires / 100));
            }
            RouteAttribute::Metrics(all) => metrics = metric_words(all),
            RouteAttribute::Preference(value) => {
                preference = Some(match u8::from(*value) {
                    0 => "pref medium".to_owned(),
                    1 => "pref high".to_owned(),
                    3 => "pref low".to_owned(),
                    other => format!("pref {other}"),
                });
            }
            _ => {}
        }
    }
    details.tail = expires
        .into_iter()
        .chain(metrics)
        .chain(preference)
        .collect();
    details
}

fn metric_words(metrics: &[RouteMetric]) -> Vec<String> {
    let locked = metrics.iter().find_map(|metric| match metric {
        RouteMetric::Lock(mask) => Some(*mask),
        _ => None,
    });
    let word = |name: &str, number: u32, value: u32| {
        let lock = if locked.unwrap_or_default() & (1 << number) == 0 {
            ""
        } else {
            "lock "
        };
        format!("{name} {lock}{value}")
    };
    // The numbers are RTAX_*.
    let words = metrics.iter().filter_map(|metric| match metric {
        RouteMetric::Mtu(value) => Some(word("mtu", 2, *value)),
        RouteMetric::Window(value) => Some(word("window", 3, *value)),
        RouteMetric::Cwnd(value) => Some(word("cwnd", 7, *value)),
        RouteMetric::Advmss(value) => Some(word("advmss", 8, *value)),
        RouteMetric::Reordering(value) => Some(word("reordering", 9, *value)),
        RouteMetric::Hoplimit(value) => Some(word("hoplimit", 10, *value)),
        RouteMetric::InitCwnd(value) => Some(word("initcwnd", 11, *value)),
        RouteMetric::InitRwnd(value) => Some(word("initrwnd", 14, *value)),
        RouteMetric::QuickAck(value) => Some(word("quickack", 15, *value)),
        RouteMetric::CcAlgo(name) => Some(format!("congctl {name}")),
        _ => None,
    });
    words.collect()
}
