//! Reads one namespace, section by section, from a thread that is inside it.
//!
//! A section that cannot be read stays `None` and is reported; the others are read all the same.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::thread;

use super::demand::Watch;
use super::links::Names;
use super::namespaces::Handle;
use super::netlink::{Client, Dump};
use super::{
    addresses, conntrack, fdb, files, ipsets, iptables, links, neighbors, nft, nsids, recent,
    routes, rules, sctp_sockets, sockets, sysctls, virtual_servers,
};
use crate::collect::report;
use crate::model::{Family, Gap, Netns, NetnsName, Part};

const NETLINK_ROUTE: isize = 0;

/// Collects what could not be read in one place.
pub(super) struct Report {
    place: String,
    /// What was reported.
    pub gaps: Vec<Gap>,
    /// Tables of which entries were lost.
    incomplete: BTreeSet<Part>,
}

impl Report {
    /// For what is wrong at a place: `node1 pod:default/client`.
    pub fn at(place: String) -> Self {
        Self {
            place,
            gaps: Vec::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// A report on the same place, of which it is to be seen whether it counts.
    pub fn trial(&self) -> Self {
        Self::at(self.place.clone())
    }

    /// Takes in what another report on the same place has.
    pub fn accept(&mut self, trial: Self) {
        self.gaps.extend(trial.gaps);
        self.incomplete.extend(trial.incomplete);
    }

    /// Adds a gap.
    pub fn add(&mut self, what: impl Display) {
        self.gaps.push(Gap {
            place: self.place.clone(),
            line: None,
            what: what.to_string(),
        });
    }

    /// The entries of a dump, its holes reported; `None` when there was no dump.
    fn take<T>(&mut self, part: Part, dump: io::Result<Dump<T>>) -> Option<Vec<T>> {
        let section = part.to_string();
        match dump {
            Ok(dump) => {
                self.incomplete
                    .extend((!dump.holes.is_empty()).then_some(part));
                for hole in dump.holes.iter().chain(&dump.notes) {
                    self.add(format_args!("{section}: {hole}"));
                }
                Some(dump.entries)
            }
            Err(error) => {
                self.failed(&section, &error);
                None
            }
        }
    }

    /// The list that a program printed; lines that make no sense are reported.
    pub fn listed<T>(
        &mut self,
        part: Part,
        command: &str,
        text: &str,
        read: impl Fn(&str, &mut report::Report) -> Vec<T>,
    ) -> Vec<T> {
        let place = format!("{}: {command}", self.place);
        let mut lines = report::Report::new(&place, &mut self.gaps);
        let list = read(text, &mut lines);
        self.incomplete.extend(lines.has_lost().then_some(part));
        list
    }

    /// What a program printed, read by `read`; what makes no sense is reported.
    pub fn parsed<T>(
        &mut self,
        part: Part,
        command: &str,
        read: impl FnOnce(&mut report::Report) -> T,
    ) -> T {
        let place = format!("{}: {command}", self.place);
        let mut lines = report::Report::new(&place, &mut self.gaps);
        let read = read(&mut lines);
        self.incomplete.extend(lines.has_lost().then_some(part));
        read
    }

    /// Rows of a table that were not read.
    pub fn lost(&mut self, part: Part, what: String) {
        self.incomplete.insert(part);
        self.add(what);
    }

    fn failed(&mut self, section: &str, error: &io::Error) {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => " (hint: run as root)",
            _ => "",
        };
        self.add(format_args!("{section}: not read: {error}{hint}"));
    }

    /// What was read by a program; why it was not is reported.
    fn keep<T>(&mut self, read: Result<T, String>) -> Option<T> {
        read.map_err(|hole| self.add(hole)).ok()
    }

    fn take_one<T>(&mut self, section: &str, read: io::Result<T>) -> Option<T> {
        read.map_err(|error| self.failed(section, &error)).ok()
    }
}

/// Reads the devices and addresses: enough to know whose namespace it is, in a millisecond.
pub(super) fn survey(netns: &mut Netns, report: &mut Report) {
    let Some(mut client) = report.take_one("netlink", Client::open(NETLINK_ROUTE)) else {
        return;
    };
    netns.links = report.take(Part::Links, links::read(&mut client));
    let names = Names::of(netns.links.as_deref().unwrap_or_default());
    netns.addresses = report.take(Part::Addresses, addresses::read(&mut client, &names));
    netns.incomplete.clone_from(&report.incomplete);
}

/// Reads everything, links and addresses anew. `peers` are the namespaces that devices may lead to; with a `watch`, the
/// chains of a large ruleset are left to be read on demand, and settings of devices which no packet meets are left out.
pub(super) fn everything(
    netns: &mut Netns,
    handle: &Handle,
    peers: &[Handle],
    watch: Option<&mut Watch>,
    report: &mut Report,
) {
    let of_devices = watch.is_none();
    // Large rulesets take longer than everything else together.
    let rules = thread::scope(|scope| {
        let rules = scope.spawn(|| iptables::read_all(watch));
        but_rules(netns, handle, peers, of_devices, report);
        rules
            .join()
            .unwrap_or_else(|cause| std::panic::resume_unwind(cause))
    });
    netns.iptables = rules.rulesets;
    report.gaps.extend(rules.gaps);
    rules.holes.into_iter().for_each(|hole| report.add(hole));
    let native = nft::read(&netns.iptables, report);
    netns.nftables = report.keep(native);
    netns.incomplete.clone_from(&report.incomplete);
}

/// The same without rules of nf_tables and x_tables; settings of all devices if they are wanted.
fn but_rules(
    netns: &mut Netns,
    handle: &Handle,
    peers: &[Handle],
    of_devices: bool,
    report: &mut Report,
) {
    survey(netns, report);
    let names = Names::of(netns.links.as_deref().unwrap_or_default());
    if let Some(mut client) = report.take_one("netlink", Client::open(NETLINK_ROUTE)) {
        netns.routes4 = report.take(
            Part::Routes(Family::V4),
            routes::read(&mut client, Family::V4, &names),
        );
        netns.routes6 = report.take(
            Part::Routes(Family::V6),
            routes::read(&mut client, Family::V6, &names),
        );
        netns.rules4 = report.take(
            Part::Rules(Family::V4),
            rules::read(&mut client, Family::V4),
        );
        netns.rules6 = report.take(
            Part::Rules(Family::V6),
            rules::read(&mut client, Family::V6),
        );
        netns.neighbors = report.take(Part::Neighbors, neighbors::read(&mut client, &names));
        netns.fdb = report.take(Part::Fdb, fdb::read(&mut client, &names));
        read_peers(&mut client, netns, peers, report);
    }
    netns.sockets = report.take(Part::Sockets, sockets::read(&names));
    let sctp = report.take(Part::SctpSockets, sctp_sockets::read());
    if let (Some(sockets), Some(sctp)) = (&mut netns.sockets, sctp) {
        sockets.extend(sctp);
    }
    netns.conntrack = report.take(Part::Conntrack, conntrack::read());
    netns.sysctls = report.take_one("sysctls", sysctls::read(of_devices));
    netns.recent = report.take_one("xt_recent", recent::read());
    let sets = ipsets::read(report);
    netns.ipsets = report.keep(sets);
    let servers = virtual_servers::read(report);
    netns.virtual_servers = report.keep(servers);
    let connections = virtual_servers::read_connections(report);
    netns.ipvs_connections = report.take_one("IPVS connections", connections).flatten();
    if let Some(pid) = handle.occupied.pid() {
        netns.resolv_conf = report
            .take_one("resolv.conf", files::resolv_conf(pid))
            .flatten();
        if handle.name == NetnsName::Host {
            netns.flannel = report
                .take_one("flannel's files", files::flannel())
                .unwrap_or_default();
        }
    }
}

/// Finds out which namespaces the ids of this one stand for.
fn read_peers(client: &mut Client, netns: &mut Netns, peers: &[Handle], report: &mut Report) {
    let used = netns
        .links
        .iter()
        .flatten()
        .any(|link| link.peer_nsid.is_some());
    netns.peers_by_nsid.clear();
    for peer in peers.iter().filter(|_| used) {
        match nsids::id_of(client, &peer.file) {
            Ok(Some(id)) => netns.peers_by_nsid.push((id, peer.name.clone())),
            Ok(None) => {}
            Err(error) => report.add(format_args!(
                "the namespace id of {}: not read: {error}",
                peer.name
            )),
        }
    }
}
