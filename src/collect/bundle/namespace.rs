//! The files of one network namespace → [`Netns`].

use super::files::Files;
use super::rows::Row;
use super::{
    addresses, blocks, bridge_text, conntrack, filters, ipset, ipvs, json, links, neighbors, ports,
    routes, rules, sockets, sysctl, words,
};
use crate::collect::report::Report;
use crate::model::{ConntrackEntry, Family, FlannelConfig, Gap, Netns, NetnsName, Route};

/// Reads a namespace from its files.
pub fn read(name: NetnsName, mut files: Files) -> Netns {
    let files = &mut files;
    let mut netns = Netns::unread(name);
    links_and_ports(&mut netns, files);
    netns.addresses = files.list("addrs", blocks::addresses, addresses::addresses);
    netns.neighbors = files.list("neigh", words::neighbors, neighbors::neighbors);
    netns.fdb = files.list("fdb", words::fdb, neighbors::fdb);
    netns.rules4 = files.list("rules4", words::rules, |rows, report| {
        rules::rules(rows, Family::V4, report)
    });
    netns.rules6 = files.list("rules6", words::rules, |rows, report| {
        rules::rules(rows, Family::V6, report)
    });
    routes_of_both(&mut netns, files);
    filters::read(&mut netns, files);
    netns.ipsets = files.lines("ipset.txt", ipset::ipsets);
    netns.virtual_servers = files.lines("ipvs.txt", ipvs::virtual_servers);
    netns.sockets = files.lines("sockets.txt", sockets::sockets);
    netns.recent = files.lines("xt_recent.txt", sockets::recent);
    netns.sysctls = files.text("sysctl.txt").and_then(|(place, text)| {
        let mut report = Report::new(&place, files.gaps);
        let settings = sysctl::sysctls(&text, &mut report);
        (!settings.0.is_empty() || report.is_clean()).then_some(settings)
    });
    netns.conntrack = tracked(files);
    netns.flannel = FlannelConfig {
        subnet_env: files
            .lines("flannel-subnet.env", sysctl::environment)
            .unwrap_or_default(),
        net_conf: files.text("flannel-net-conf.json").map(|(_, text)| text),
    };
    netns.resolv_conf = files.text("resolv.conf").map(|(_, text)| text);
    netns
}

/// Devices, and what they are as ports of bridges.
fn links_and_ports(netns: &mut Netns, files: &mut Files) {
    netns.links = files
        .list("links", blocks::links, links::links)
        .or_else(|| links_of_addrs(files));
    let Some(devices) = netns.links.as_mut() else {
        return;
    };
    if let Some((place, rows)) = files.rows("bridge-links", bridge_text::ports) {
        ports::add_ports(&rows, devices, &mut Report::new(&place, files.gaps));
    }
    if let Some((place, rows)) = files.rows("bridge-vlans", bridge_text::vlans) {
        ports::add_vlans(&rows, devices, &mut Report::new(&place, files.gaps));
    }
}

/// `ip -d addr` prints all that `ip -d link` does: good where that is missing.
fn links_of_addrs(files: &Files) -> Option<Vec<crate::model::Link>> {
    let text = String::from_utf8_lossy(files.files.get("addrs.json")?);
    // What is wrong with that file is reported when its addresses are read.
    let mut ignored: Vec<Gap> = Vec::new();
    let mut report = Report::new("", &mut ignored);
    let rows = json::rows(&text, &mut report)?;
    let detailed = rows
        .iter()
        .any(|row| row.fields().value("promiscuity").is_some());
    detailed
        .then(|| links::links(&rows, &mut report))
        .filter(|links| !links.is_empty())
}

/// Routes of both families. IPv4 is taken from `routes4`, which often holds both; IPv6 from there only where
/// `routes6` is missing.
fn routes_of_both(netns: &mut Netns, files: &mut Files) {
    let four = files.rows("routes4", words::routes);
    let six = files.rows("routes6", words::routes);
    let mut pick = |file: &Option<(String, Vec<Row>)>, usual, wanted| -> Option<Vec<Route>> {
        let (place, rows) = file.as_ref()?;
        let mut report = Report::new(place, files.gaps);
        let routes = routes::routes(rows, usual, wanted, &mut report);
        report.settle(routes)
    };
    netns.routes4 = pick(&four, Family::V4, Family::V4);
    netns.routes6 = match six {
        Some(_) => pick(&six, Family::V6, Family::V6),
        None => pick(&four, Family::V4, Family::V6).filter(|routes| !routes.is_empty()),
    };
}

/// Connections of both families. `conntrack -L` prints both when it is not told which, so IPv6 is taken from
/// `conntrack.txt` only where `conntrack6.txt` is missing.
fn tracked(files: &mut Files) -> Option<Vec<ConntrackEntry>> {
    let six = files.lines("conntrack6.txt", conntrack::connections);
    let four = files.lines("conntrack.txt", conntrack::connections);
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
            Report::new(&place, files.gaps).gap(None, what);
            Some(six)
        }
        (four, None) => four,
    }
}
