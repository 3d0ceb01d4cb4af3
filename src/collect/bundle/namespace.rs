//! The files of one network namespace → [`Netns`].

use super::files::Files;
use super::rows::Row;
use super::{
    addresses, blocks, bridge_text, conntrack, filters, ipset, ipvs, ipvs_connections, json, links,
    neighbors, ports, routes, rules, sockets, sysctl, words,
};
use crate::collect::report::Report;
use crate::model::{
    ConntrackEntry, Family, FlannelConfig, Gap, Link, LinkKind, Netns, NetnsName, Part, Protocol,
    Route, Socket,
};

/// Reads a namespace from its files.
pub fn read(name: NetnsName, mut files: Files) -> Netns {
    let files = &mut files;
    let mut netns = Netns::unread(name);
    links_and_ports(&mut netns, files);
    netns.addresses = files.list(
        "addrs",
        Part::Addresses,
        blocks::addresses,
        addresses::addresses,
    );
    netns.neighbors = files.list(
        "neigh",
        Part::Neighbors,
        words::neighbors,
        neighbors::neighbors,
    );
    netns.fdb = files.list("fdb", Part::Fdb, words::fdb, neighbors::fdb);
    let mut rules_of = |name, family| {
        files.list(name, Part::Rules(family), words::rules, |rows, report| {
            rules::rules(rows, family, report)
        })
    };
    netns.rules4 = rules_of("rules4", Family::V4);
    netns.rules6 = rules_of("rules6", Family::V6);
    routes_of_both(&mut netns, files);
    filters::read(&mut netns, files);
    netns.ipsets = files.lines("ipset.txt", Part::Ipsets, ipset::ipsets);
    netns.virtual_servers = files.lines("ipvs.txt", Part::VirtualServers, ipvs::virtual_servers);
    netns.ipvs_connections = files.lines(
        "ipvs-conns.txt",
        Part::IpvsConnections,
        ipvs_connections::connections,
    );
    netns.sockets = files.lines("sockets.txt", Part::Sockets, sockets::sockets);
    // `ss -lntu` leaves SCTP out; where its sockets are listed, `ss -S` was asked as well.
    let sctp = |socket: &Socket| socket.protocol == Protocol::Sctp;
    let without_sctp = netns.sockets.iter().flatten().all(|socket| !sctp(socket));
    files
        .incomplete
        .extend(without_sctp.then_some(Part::SctpSockets));
    netns.recent = files.lines("xt_recent.txt", Part::Recent, sockets::recent);
    netns.sysctls = files.file("sysctl.txt", Part::Sysctls, |text, report| {
        let read = sysctl::sysctls(text, report);
        (!read.0.is_empty() || report.is_clean()).then_some(read)
    });
    netns.conntrack = tracked(files);
    netns.flannel = FlannelConfig {
        subnet_env: files
            .lines("flannel-subnet.env", Part::Flannel, sysctl::environment)
            .unwrap_or_default(),
        net_conf: files.text("flannel-net-conf.json").map(|(_, text)| text),
    };
    netns.resolv_conf = files.text("resolv.conf").map(|(_, text)| text);
    netns.incomplete = std::mem::take(&mut files.incomplete);
    netns
}

/// Devices, and what they are as ports of bridges.
fn links_and_ports(netns: &mut Netns, files: &mut Files) {
    netns.links = files
        .list("links", Part::Links, blocks::links, links::links)
        .or_else(|| links_of_addrs(files));
    let Some(devices) = netns.links.as_mut() else {
        return;
    };
    if let Some((place, rows)) = files.rows("bridge-links", Part::BridgePorts, bridge_text::ports) {
        let mut report = Report::new(&place, files.gaps);
        ports::add_ports(&rows, devices, &mut report);
        files
            .incomplete
            .extend(report.has_lost().then_some(Part::BridgePorts));
    }
    // `ip -d link` tells the settings of ports too.
    if devices
        .iter()
        .all(|link| link.master.is_none() || link.port.is_some())
    {
        files.incomplete.remove(&Part::BridgePorts);
    }
    let known = !files.incomplete.contains(&Part::BridgePorts);
    if let Some((place, rows)) = files.rows("bridge-vlans", Part::BridgePorts, bridge_text::vlans) {
        let mut report = Report::new(&place, files.gaps);
        ports::add_vlans(&rows, devices, &mut report);
        files
            .incomplete
            .extend(report.has_lost().then_some(Part::BridgePorts));
    }
    // VLANs are asked for by bridges that filter by them alone.
    let filters = |link: &Link| {
        matches!(
            link.kind,
            LinkKind::Bridge {
                vlan_filtering: true,
                ..
            }
        )
    };
    if known && !devices.iter().any(filters) {
        files.incomplete.remove(&Part::BridgePorts);
    }
}

/// `ip -d addr` prints all that `ip -d link` does: good where that is missing.
fn links_of_addrs(files: &mut Files) -> Option<Vec<Link>> {
    let text = String::from_utf8_lossy(files.files.get("addrs.json")?);
    // What is wrong with that file is reported when its addresses are read.
    let mut ignored: Vec<Gap> = Vec::new();
    let mut report = Report::new("", &mut ignored);
    let rows = json::rows(&text, &mut report)?;
    let detailed = rows
        .iter()
        .any(|row| row.fields().value("promiscuity").is_some());
    let links = detailed
        .then(|| links::links(&rows, &mut report))
        .filter(|links| !links.is_empty())?;
    if report.has_lost() {
        files.incomplete.insert(Part::Links);
    } else {
        files.incomplete.remove(&Part::Links);
    }
    Some(links)
}

/// Routes of both families. IPv4 is taken from `routes4`, which often holds both; IPv6 from there only where
/// `routes6` is missing.
fn routes_of_both(netns: &mut Netns, files: &mut Files) {
    let four = files.rows("routes4", Part::Routes(Family::V4), words::routes);
    let six = files.rows("routes6", Part::Routes(Family::V6), words::routes);
    let mut pick = |file: &Option<(String, Vec<Row>)>, usual, wanted| -> Option<Vec<Route>> {
        let (place, rows) = file.as_ref()?;
        let mut report = Report::new(place, files.gaps);
        let routes = routes::routes(rows, usual, wanted, &mut report);
        files
            .incomplete
            .extend(report.has_lost().then_some(Part::Routes(wanted)));
        report.settle(routes)
    };
    netns.routes4 = pick(&four, Family::V4, Family::V4);
    netns.routes6 = match six {
        Some(_) => pick(&six, Family::V6, Family::V6),
        None => pick(&four, Family::V4, Family::V6).filter(|routes| !routes.is_empty()),
    };
    let of_four = six.is_none() && netns.routes6.is_some();
    if of_four && files.incomplete.contains(&Part::Routes(Family::V4)) {
        files.incomplete.insert(Part::Routes(Family::V6));
    }
}

/// Connections of both families. `conntrack -L` prints both when it is not told which, so IPv6 is taken from
/// `conntrack.txt` only where `conntrack6.txt` is missing.
fn tracked(files: &mut Files) -> Option<Vec<ConntrackEntry>> {
    let six = files.lines("conntrack6.txt", Part::Conntrack, conntrack::connections);
    let four = files.lines("conntrack.txt", Part::Conntrack, conntrack::connections);
    match (four, six) {
        (Some(mut entries), Some(six)) => {
            entries.retain(|entry| conntrack::family(entry) == Family::V4);
            entries.extend(
                six.into_iter()
                    .filter(|entry| conntrack::family(entry) == Family::V6),
            );
            Some(entries)
        }
        (None, Some(six)) => {
            let place = files.place("conntrack6.txt");
            let what = "without conntrack.txt: connections of IPv4 are not known";
            Report::new(&place, files.gaps).note(None, what);
            Some(six)
        }
        (four, None) => four,
    }
}
