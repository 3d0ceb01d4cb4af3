//! What a shell that makes a fault is told of the lab: the names and addresses of things as variables, and a few functions.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{LabError, main_family};
use crate::lab::plan::DeviceKind;
use crate::lab::registry::Place;
use crate::lab::spec::{IptablesBackend, LAN_DEVICE, Networks, Spec, first_of};
use crate::lab::{flannel, iptables, wiring};
use crate::model::Family;

/// The beginning of every such script.
pub(super) fn prelude(spec: &Spec) -> Result<String, LabError> {
    let family = main_family(spec);
    let mut names = Names(String::new());
    names.of_family(spec, family);
    names.of_nodes(spec, family);
    names.of_pods(spec, family)?;
    Ok(names.0 + FUNCTIONS)
}

struct Names(String);

impl Names {
    fn set(&mut self, name: &str, value: impl ToString) {
        let line = format!("{}='{}'\n", name.replace('-', "_"), value.to_string());
        self.0.push_str(&line);
    }

    fn of_family(&mut self, spec: &Spec, family: Family) {
        let other = match spec.iptables {
            IptablesBackend::Nft => IptablesBackend::Legacy,
            IptablesBackend::Legacy => IptablesBackend::Nft,
        };
        let words = match family {
            Family::V4 => [
                ("ip", "ip"),
                ("family", "ip"),
                ("bridged", "iptables"),
                ("prohibited", "icmp-host-prohibited"),
                ("host_bits", "32"),
            ],
            Family::V6 => [
                ("ip", "ip -6"),
                ("family", "ip6"),
                ("bridged", "ip6tables"),
                ("prohibited", "icmp6-adm-prohibited"),
                ("host_bits", "128"),
            ],
        };
        for (name, word) in words {
            self.set(name, word);
        }
        let program = |backend| {
            let restore = iptables::program(backend, family);
            restore.trim_end_matches("-restore").to_owned()
        };
        self.set("iptables", program(spec.iptables));
        self.set("other_iptables", program(other));
        let tunnel = match spec.backend.has_tunnels() {
            true => spec.vxlan_device(family),
            false => LAN_DEVICE.to_owned(),
        };
        self.set("tunnel_key", tunnel.replace('.', "/"));
        self.set("tunnel", tunnel);
        self.set("tunnel_mtu", spec.tunnel_mtu(family));
        let ours = |networks: &&Networks| networks.family() == family;
        if let Some(networks) = spec.networks.iter().find(ours) {
            self.set("cluster", networks.cluster_cidr);
            let length = of_pods(spec, family);
            let base = networks.cluster_cidr;
            self.set("gone", format!("{}/{length}", nth(base, length, 9, 0)));
            self.set("foreign", format!("{}/{length}", nth(base, length, 77, 1)));
            if let Some(router) = networks.lans.first() {
                self.set("router", router.addr());
                let length = router.prefix_len();
                self.set("nobody", nth(*router, length, 0, 0x99));
            }
        }
    }

    fn of_nodes(&mut self, spec: &Spec, family: Family) {
        for node in &spec.objects.nodes {
            let mut set =
                |what: &str, value: String| self.set(&format!("{what}_{}", node.name), value);
            set("vtep", flannel::tunnel_mac(&node.name, family).to_string());
            if let Some(address) = first_of(&node.addresses, family) {
                set("address", address.to_string());
            }
            let of_family = |net: &&IpNet| Family::of(net.addr()) == family;
            let Some(pods) = node.pod_cidrs.iter().find(of_family) else {
                continue;
            };
            let length = pods.prefix_len();
            set("pods", pods.trunc().to_string());
            set("subnet", pods.network().to_string());
            set("bridge", format!("{}/{length}", nth(*pods, length, 0, 1)));
            set("part_of", format!("{}/{}", pods.network(), length + 4));
        }
    }

    fn of_pods(&mut self, spec: &Spec, family: Family) -> Result<(), LabError> {
        for pod in &spec.objects.pods {
            if let Some(ip) = first_of(&pod.ips, family) {
                let length = of_pods(spec, family);
                self.set(&format!("pod_{}", pod.name), format!("{ip}/{length}"));
                let port = SocketAddr::new(ip, 8080);
                self.set(&format!("server_{}", pod.name), port);
            }
        }
        for plan in wiring::plans(spec)? {
            for device in &plan.devices {
                if let DeviceKind::VethTo {
                    place: Place::Pod { name, .. },
                    ..
                } = &device.kind
                {
                    self.set(&format!("port_{name}"), &device.name);
                }
            }
        }
        Ok(())
    }
}

/// The length of the pod CIDRs.
fn of_pods(spec: &Spec, family: Family) -> u8 {
    let mut cidrs = spec.objects.nodes.iter().flat_map(|node| &node.pod_cidrs);
    let found = cidrs.find(|cidr| Family::of(cidr.addr()) == family);
    found.map_or(0, IpNet::prefix_len)
}

/// An address by the numbers of its part of a network, parts being as long as `length`, and of its host.
fn nth(network: IpNet, length: u8, part: u8, host: u8) -> IpAddr {
    match network.network() {
        IpAddr::V4(base) => {
            let part = u32::from(part).checked_shl(u32::from(32 - length));
            (u32::from(base) | part.unwrap_or(0) | u32::from(host))
                .to_be_bytes()
                .into()
        }
        IpAddr::V6(base) => {
            let part = u128::from(part).checked_shl(u32::from(128 - length));
            (u128::from(base) | part.unwrap_or(0) | u128::from(host))
                .to_be_bytes()
                .into()
        }
    }
}

const FUNCTIONS: &str = r#"
# flannel's tunnel of node1, made anew as flannel does, with these options.
remake_tunnel() {
    ip link del $tunnel
    ip link add $tunnel address $vtep_node1 mtu $tunnel_mtu type vxlan dev enp0s1 "$@"
    ip addr add $subnet_node1 dev $tunnel
    ip link set $tunnel up
    while read -r pods subnet mac host; do
        $ip route replace $pods via $subnet dev $tunnel onlink
        $ip neigh replace $subnet lladdr $mac dev $tunnel nud permanent
        bridge fdb replace $mac dev $tunnel dst $host
    done <<END
$pods_master $subnet_master $vtep_master $address_master
$pods_node2 $subnet_node2 $vtep_node2 $address_node2
END
}
# delete_rules TABLE CHAIN TEXT
delete_rules() {
    $iptables -t $1 -S $2 | grep -F -e "$3" | sed "s/^-A/$iptables -t $1 -D/" | sh -e
}
# chain_of TEXT: the chain of nat that has a rule with it.
chain_of() {
    $iptables -t nat -S | grep -F -e "$1" | cut -d ' ' -f 2
}
"#;
