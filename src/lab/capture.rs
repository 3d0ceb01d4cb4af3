//! Writes a bundle of a lab: the outputs of the standard tools in each of its namespaces, and its objects.

use std::fs;
use std::path::Path;

use super::registry::{LabState, Place};
use super::spec::{IptablesBackend, Proxy, Spec};
use super::{LabError, files, flannel, kubectl, namespace, tool};

/// A file of a bundle, and the command that prints what is in it.
type Reading = (&'static str, &'static [&'static str]);

/// What is read in every namespace.
const EVERYWHERE: [Reading; 10] = [
    ("links.json", &["ip", "-j", "-d", "link"]),
    ("addrs.json", &["ip", "-j", "-d", "addr"]),
    ("neigh.json", &["ip", "-j", "neigh"]),
    (
        "routes4.json",
        &["ip", "-j", "route", "show", "table", "all"],
    ),
    (
        "routes6.json",
        &["ip", "-j", "-6", "route", "show", "table", "all"],
    ),
    ("rules4.json", &["ip", "-j", "rule"]),
    ("rules6.json", &["ip", "-j", "-6", "rule"]),
    ("sockets.txt", &["ss", "-lntu"]),
    ("nft.json", &["nft", "-j", "list", "ruleset"]),
    ("sysctl.txt", &["sysctl", "-a", "--pattern", SETTINGS]),
];

/// What is read on nodes besides.
const ON_NODES: [Reading; 8] = [
    ("fdb.json", &["bridge", "-j", "fdb"]),
    ("bridge-links.json", &["bridge", "-j", "-d", "link"]),
    ("bridge-vlans.json", &["bridge", "-j", "vlan"]),
    ("iptables-save.txt", &["iptables-nft-save", "-c"]),
    ("ip6tables-save.txt", &["ip6tables-nft-save", "-c"]),
    ("ipset.txt", &["ipset", "save"]),
    ("conntrack.txt", &["conntrack", "-L", "-o", "extended"]),
    (
        "conntrack6.txt",
        &["conntrack", "-L", "-o", "extended", "-f", "ipv6"],
    ),
];

/// What is read on nodes whose kube-proxy uses IPVS.
const IPVS: [Reading; 2] = [
    ("ipvs.txt", &["ipvsadm", "-Sn"]),
    ("ipvs-conns.txt", &["ipvsadm", "-Lnc"]),
];

/// What is read on nodes whose rules are in the legacy backend.
const LEGACY: [Reading; 2] = [
    ("iptables-legacy-save.txt", &["iptables-legacy-save", "-c"]),
    (
        "ip6tables-legacy-save.txt",
        &["ip6tables-legacy-save", "-c"],
    ),
];

/// The settings that have to do with a packet's way.
const SETTINGS: &str = "^net\\.(bridge\\.|netfilter\\.nf_(conntrack|hooks|log)|ipv4\\.vs\\.|ipv[46]\\.(conf\\.[^.]*\\.(accept_(local|redirects|ra|dad)|\
arp_(announce|ignore)|forwarding|force_forwarding|proxy_(arp|ndp)|route_localnet|rp_filter|send_redirects|src_valid_mark|disable_ipv6|\
ignore_routes_with_linkdown)$|ip_(forward$|forward_use_pmtu|nonlocal|local_port_range|local_reserved|default_ttl)|fib_multipath|fwmark_reflect|\
icmp_(echo_ignore_all|ratelimit|ratemask)|tcp_(fwmark|l3mdev)_accept|udp_l3mdev_accept))";

/// Writes the bundle. Returns what could not be read, in words; the rest is there.
pub fn write(state: &LabState, directory: &Path) -> Result<Vec<String>, LabError> {
    let mut missed = Vec::new();
    let objects = directory.join("k8s");
    make_directory(&objects)?;
    for (name, value) in kubectl::files(&state.spec) {
        write_file(&objects.join(name), format!("{value:#}\n").as_bytes())?;
    }
    for holder in &state.holders {
        let (below, readings) = match &holder.place {
            Place::Lan | Place::Outside => continue,
            Place::Node { node } => (format!("nodes/{node}/host"), on_node(&state.spec)),
            Place::Pod {
                node,
                namespace,
                name,
            } => (
                format!("nodes/{node}/pods/{namespace}_{name}"),
                EVERYWHERE.to_vec(),
            ),
        };
        let below = directory.join(below);
        make_directory(&below)?;
        let label = holder.place.label();
        let file = namespace::open(&holder.netns_path())?;
        missed.extend(namespace::run_in(&file, &label, || {
            run(&readings, &below, &label)
        })?);
        if let Place::Pod { namespace, .. } = &holder.place
            && let Some(text) = files::resolv_conf(&state.spec, namespace)
        {
            write_file(&below.join("resolv.conf"), text.as_bytes())?;
        }
        if let Place::Node { node } = &holder.place {
            let node = state.spec.node(node)?;
            write_file(
                &below.join("flannel-subnet.env"),
                flannel::subnet_env(&state.spec, &node).as_bytes(),
            )?;
            write_file(
                &below.join("flannel-net-conf.json"),
                flannel::net_conf(&state.spec).as_bytes(),
            )?;
        }
    }
    Ok(missed)
}

fn on_node(spec: &Spec) -> Vec<Reading> {
    let legacy: &[Reading] = match spec.iptables {
        IptablesBackend::Nft => &[],
        IptablesBackend::Legacy => &LEGACY,
    };
    let ipvs: &[Reading] = match spec.proxy {
        Proxy::Iptables | Proxy::Nftables(_) => &[],
        Proxy::Ipvs(_) => &IPVS,
    };
    [EVERYWHERE.as_slice(), ON_NODES.as_slice(), legacy, ipvs].concat()
}

/// Runs the readers in the namespace that this thread is in, and keeps what each prints.
fn run(readings: &[Reading], below: &Path, label: &str) -> Result<Vec<String>, LabError> {
    let mut missed = Vec::new();
    for (name, command) in readings {
        let Some((program, arguments)) = command.split_first() else {
            continue;
        };
        match tool::tool(program).args(arguments.iter()).output() {
            // No sets, no connections: nothing is printed, and an empty file would not tell that from a failure.
            Ok(output) if output.status.success() && output.stdout.is_empty() => {}
            Ok(output) if !output.stdout.is_empty() => {
                write_file(&below.join(name), &output.stdout)?;
            }
            Ok(output) => {
                let why = String::from_utf8_lossy(&output.stderr);
                missed.push(format!("{label}: {}: {}", command.join(" "), why.trim()));
            }
            Err(error) => missed.push(format!("{label}: {}: {error}", command.join(" "))),
        }
    }
    Ok(missed)
}

fn make_directory(path: &Path) -> Result<(), LabError> {
    fs::create_dir_all(path).map_err(|error| LabError::file(path, error))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    fs::write(path, bytes).map_err(|error| LabError::file(path, error))
}
