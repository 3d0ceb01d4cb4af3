//! What a namespace holds as tables, joined with the names that people use: which pod an address is, which Service a
//! chain serves, which node a tunnel leads to.
//!
//! A table is plain data, the same for the terminal and for JSON: columns with a key, and a cell for each. What was not
//! read is not an empty table: it is named in [`Table::not_read`].

mod chains;
mod connections;
mod devices;
mod neighbors;
mod owners;
mod routing;
pub mod sandboxes;
mod sets;
mod sockets;
mod table;
mod vteps;

pub use table::{Cell, Column, Table};

use owners::Owners;

use crate::model::{Cluster, Netns, NetnsId};

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Devices.
    Links,
    /// Addresses on devices.
    Addresses,
    /// Routes.
    Routes,
    /// Policy routing rules.
    Rules,
    /// Neighbour tables.
    Neighbors,
    /// Forwarding databases.
    Fdb,
    /// Chains of iptables.
    Chains,
    /// ipsets.
    Ipsets,
    /// Virtual servers and their real servers.
    Ipvs,
    /// Chains, sets and maps of native nftables.
    Nft,
    /// Tracked connections.
    Conntrack,
    /// Listening sockets.
    Sockets,
    /// Kernel settings.
    Sysctls,
}

impl Subject {
    /// Its name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Addresses => "addresses",
            Self::Routes => "routes",
            Self::Rules => "rules",
            Self::Neighbors => "neighbors",
            Self::Fdb => "fdb",
            Self::Chains => "chains",
            Self::Ipsets => "ipsets",
            Self::Ipvs => "ipvs",
            Self::Nft => "nft",
            Self::Conntrack => "conntrack",
            Self::Sockets => "sockets",
            Self::Sysctls => "sysctls",
        }
    }
}

/// A namespace that is being shown, and whose things are whose.
struct Place<'c> {
    cluster: &'c Cluster,
    id: NetnsId,
    netns: &'c Netns,
    owners: &'c Owners<'c>,
    /// Also what the kernel keeps by itself.
    all: bool,
}

/// The rows that a namespace has; `None` when they were not read.
type Rows = Option<Vec<Vec<Cell>>>;

/// Makes the table of a subject, out of these namespaces. With `all`, routes of the kernel's own (those of the table
/// `local`, and of link-local networks) and multicast entries of fdbs are in it too.
pub fn table(cluster: &Cluster, subject: Subject, places: &[NetnsId], all: bool) -> Table {
    let (columns, rows): (&[Column], fn(&Place<'_>) -> Rows) = match subject {
        Subject::Links => (devices::LINKS, devices::links),
        Subject::Addresses => (devices::ADDRESSES, devices::addresses),
        Subject::Routes => (routing::ROUTES, routing::routes),
        Subject::Rules => (routing::RULES, routing::rules),
        Subject::Neighbors => (neighbors::NEIGHBORS, neighbors::neighbors),
        Subject::Fdb => (neighbors::FDB, neighbors::fdb),
        Subject::Chains => (chains::IPTABLES, chains::iptables),
        Subject::Ipsets => (sets::IPSETS, sets::ipsets),
        Subject::Ipvs => (sets::IPVS, sets::virtual_servers),
        Subject::Nft => (chains::NFTABLES, chains::nftables),
        Subject::Conntrack => (connections::CONNTRACK, connections::conntrack),
        Subject::Sockets => (sockets::SOCKETS, sockets::sockets),
        Subject::Sysctls => (sockets::SYSCTLS, sockets::sysctls),
    };
    fill(cluster, subject.name(), columns, (places, all), rows)
}

/// Makes the table of a tunnel: what neighbour table, fdb, routes and Node annotations say of each remote node, side by
/// side.
pub fn tunnel(cluster: &Cluster, device: &str, places: &[NetnsId]) -> Table {
    fill(cluster, "fdb", vteps::COLUMNS, (places, false), |place| {
        vteps::rows(place, device)
    })
}

/// Keeps the connections that Services with this name take: `NAMESPACE/NAME`.
pub fn of_service(table: &mut Table, service: &str) {
    table.retain(|key, cell| key == "service" && cell.is_port_of(service));
}

fn fill(
    cluster: &Cluster,
    subject: &'static str,
    columns: &[Column],
    (places, all): (&[NetnsId], bool),
    rows: impl Fn(&Place<'_>) -> Rows,
) -> Table {
    let owners = Owners::of(cluster);
    let mut table = Table::new(subject, columns);
    for &id in places {
        let netns = cluster.netns(id);
        let place = Place {
            cluster,
            id,
            netns,
            owners: &owners,
            all,
        };
        let (node, name) = (cluster.node_name(id), netns.name.to_string());
        match rows(&place) {
            Some(rows) => table.add(node, &name, rows),
            None => table.not_read.push(format!("{subject} of {node} / {name}")),
        }
    }
    table
}
