//! Tables of the kernel that are full, or nearly.

use super::{Check, Family, Report, Scene, sysctls};
use crate::model::trace::Evidence;
use crate::model::{Finding, NeighborState, Netns, Part, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "limits of the kernel",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[CONNTRACK, NEIGHBORS];

const CONNTRACK: Check = Check {
    id: "conntrack-table-full",
    catalogue: &["A10"],
    severity: Severity::Error,
    docs: "The table of tracked connections is full, or has less than a twentieth left: new connections are dropped \
           (\"nf_conntrack: table full, dropping packet\"), while those that stand go on. kube-proxy sets the limit to 32768 a \
           core and at least 131072. Raise it, and find who opens so many.",
};

const NEIGHBORS: Check = Check {
    id: "neighbor-table-full",
    catalogue: &["A08"],
    severity: Severity::Error,
    docs: "The table of neighbours is nearly as full as it may get (gc_thresh3, 1024 unless somebody raised it): then new \
           neighbours are not resolved (\"neighbor table overflow!\"), and connections to them fail at random. All \
           network namespaces of the machine share the table; permanent entries, as flannel writes, do not count.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, host, netns) in scene.hosts() {
        if !node.has_whole(Part::Sysctls) {
            report.skip_all(CHECKS, node.name, "its sysctls were not read");
            continue;
        }
        let count = sysctls::number(netns, "net.netfilter.nf_conntrack_count");
        let most = sysctls::number(netns, "net.netfilter.nf_conntrack_max");
        match count.zip(most) {
            Some((count, most)) => {
                let full = most > 0 && count.saturating_mul(20) >= most.saturating_mul(19);
                let found = full.then(|| conntrack(node, netns, count, most));
                report.judge(&CONNTRACK, node.name, found.into_iter().collect());
            }
            None => report.skip_all(
                &[CONNTRACK],
                node.name,
                "the number of tracked connections was not read",
            ),
        }
        let Some(most) = sysctls::number(netns, "net.ipv4.neigh.default.gc_thresh3") else {
            report.skip_all(
                &[NEIGHBORS],
                node.name,
                "net.ipv4.neigh.default.gc_thresh3 was not read",
            );
            continue;
        };
        let here = &scene.cluster.nodes[host.node].netns;
        let counts = |state| !matches!(state, NeighborState::Permanent | NeighborState::Noarp);
        let count = here
            .iter()
            .flat_map(|netns| netns.neighbors.iter().flatten())
            .filter(|entry| entry.ip.is_ipv4() && counts(entry.state))
            .count();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let full = most > 0 && count.saturating_mul(20) >= most.saturating_mul(19);
        let found = full.then(|| neighbors(node, netns, count, most));
        report.judge(&NEIGHBORS, node.name, found.into_iter().collect());
    }
}

fn conntrack(node: &super::NodeView<'_>, netns: &Netns, count: i64, most: i64) -> Finding {
    let title = format!("{} tracks {count} connections of at most {most}", node.name);
    let mut finding = CONNTRACK.finding(
        node.place(None),
        title,
        "new connections are dropped".to_owned(),
    );
    for key in [
        "net.netfilter.nf_conntrack_count",
        "net.netfilter.nf_conntrack_max",
    ] {
        finding.evidence.extend(sysctls::shown(netns, key));
    }
    finding.fix = vec![
        sysctls::set(
            "net.netfilter.nf_conntrack_max",
            &most.saturating_mul(2).to_string(),
        ),
        "conntrack -L | awk '{print $5, $6}' | sort | uniq -c | sort -n | tail  # who has so many"
            .to_owned(),
    ];
    finding
}

fn neighbors(node: &super::NodeView<'_>, netns: &Netns, count: i64, most: i64) -> Finding {
    let title = format!("{} has {count} neighbours of at most {most}", node.name);
    let impact = "new neighbours are not resolved: connections fail at random".to_owned();
    let mut finding = NEIGHBORS.finding(node.place(None), title, impact);
    finding.evidence = vec![Evidence {
        source: "ip neigh, in all namespaces".to_owned(),
        raw: format!("{count} IPv4 entries that are not permanent"),
    }];
    finding
        .evidence
        .extend(sysctls::shown(netns, "net.ipv4.neigh.default.gc_thresh3"));
    finding.fix = [("1", 8), ("2", 32), ("3", 64)]
        .iter()
        .map(|(number, times)| {
            sysctls::set(
                &format!("net.ipv4.neigh.default.gc_thresh{number}"),
                &(times * 1024).to_string(),
            )
        })
        .collect();
    finding
}
