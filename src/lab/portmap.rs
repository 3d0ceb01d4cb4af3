//! The rules that the CNI plugin `portmap` 1.x writes for host ports (plugins/meta/portmap/portmap_iptables.go).
//!
//! A chain for each pod translates; what comes from the pod's own network, or over IPv4 from this host's loopback, is marked
//! to be masqueraded, as the answer would not come back this way otherwise. Nothing ever repairs these rules.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sha2::{Digest as _, Sha512};

use super::rules::{Rules, Table};
use super::spec::{LabPod, Stack};
use crate::model::{ContainerPort, Family};

/// The name of the CNI network, as flannel's manifest has it.
const NETWORK: &str = "cbr0";
/// The bit that marks packets to be masqueraded, 13, as mark and mask.
const MARK: &str = "0x2000/0x2000";
/// Names of chains are cut to this.
const CHAIN_LENGTH: usize = 28;
/// A multiport match takes no more ports than this.
const PORTS_OF_A_RULE: usize = 15;

/// Adds the rules of one address family for the pods of a node. Nothing is written where no pod has a host port.
pub fn write(rules: &mut Rules, stack: &Stack<'_>, pods: &[LabPod<'_>]) {
    for pod in pods {
        let ports: Vec<_> = host_ports(pod).collect();
        if let (false, Some(ip)) = (ports.is_empty(), pod.address(stack.family())) {
            if rules.of(Table::Nat, "CNI-HOSTPORT-DNAT").is_none() {
                write_frame(rules);
            }
            let chain = chain_of(&pod.object.name);
            write_entries(rules, &pod.object.name, &chain, &ports);
            for (host_port, port) in ports {
                let to = SocketAddr::new(ip, port.port);
                write_translation(rules, stack, &chain, (host_port, port), to);
            }
        }
    }
}

/// Host ports of a pod that has a namespace of its own, each with the container's port.
pub fn host_ports<'a>(pod: &LabPod<'a>) -> impl Iterator<Item = (u16, &'a ContainerPort)> {
    let ports = pod.object.ports.iter();
    ports.filter_map(|port| Some((port.host_port?, port)))
}

fn write_frame(rules: &mut Rules) {
    rules.append(
        Table::Nat,
        "CNI-HOSTPORT-SETMARK",
        format!("-m comment --comment \"CNI portfwd masquerade mark\" -j MARK --set-xmark {MARK}"),
    );
    rules.append(
        Table::Nat,
        "CNI-HOSTPORT-MASQ",
        format!("-m mark --mark {MARK} -j MASQUERADE"),
    );
    rules.prepend(
        Table::Nat,
        "POSTROUTING",
        "-m comment --comment \"CNI portfwd requiring masquerade\" -j CNI-HOSTPORT-MASQ",
    );
    rules.declare(Table::Nat, "CNI-HOSTPORT-DNAT");
    for chain in ["PREROUTING", "OUTPUT"] {
        rules.append(
            Table::Nat,
            chain,
            "-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        );
    }
}

/// What leads into a pod's chain.
fn write_entries(rules: &mut Rules, pod: &str, chain: &str, ports: &[(u16, &ContainerPort)]) {
    let mut by_protocol: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (host_port, port) in ports {
        let of_protocol = by_protocol.entry(port.protocol.to_string()).or_default();
        of_protocol.push(host_port.to_string());
    }
    for (protocol, ports) in by_protocol {
        for some in ports.chunks(PORTS_OF_A_RULE) {
            rules.append(
                Table::Nat,
                "CNI-HOSTPORT-DNAT",
                format!(
                    "-p {protocol} -m comment --comment \"dnat name: \\\"{NETWORK}\\\" id: \\\"{pod}\\\"\" \
                     -m multiport --dports {} -j {chain}",
                    some.join(",")
                ),
            );
        }
    }
}

fn write_translation(
    rules: &mut Rules,
    stack: &Stack<'_>,
    chain: &str,
    (host_port, port): (u16, &ContainerPort),
    to: SocketAddr,
) {
    let protocol = port.protocol;
    let matches = format!("-p {protocol} -m {protocol} --dport {host_port}");
    let loopback = (stack.family() == Family::V4).then(|| "127.0.0.1/32".to_owned());
    for source in [Some(stack.pod_cidr.to_string()), loopback]
        .into_iter()
        .flatten()
    {
        rules.append(
            Table::Nat,
            chain,
            format!("-s {source} {matches} -j CNI-HOSTPORT-SETMARK"),
        );
    }
    rules.append(
        Table::Nat,
        chain,
        format!("{matches} -j DNAT --to-destination {to}"),
    );
}

/// `CNI-DN-` and the beginning of the hexadecimal SHA-512 of the network's name and the sandbox's id. The lab's sandboxes
/// are called like their pods.
fn chain_of(pod: &str) -> String {
    let digest = Sha512::digest(format!("{NETWORK}{pod}").as_bytes());
    let mut name = "CNI-DN-".to_owned();
    for byte in digest {
        name += &format!("{byte:02x}");
    }
    name.truncate(CHAIN_LENGTH);
    name
}

#[cfg(test)]
mod tests {
    /// As a cluster's dump has it.
    #[test]
    fn a_chain_is_named_as_the_plugin_names_it() {
        assert_eq!(
            super::chain_of("hostport-1"),
            "CNI-DN-f8a42d369462bb4605064"
        );
    }
}
