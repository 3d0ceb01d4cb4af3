//! Faults that can be made in a lab, each as it happens in life. A fault is called as the check that has to find it.

use super::registry::{LabState, Place};
use super::spec::IptablesBackend;
use super::{LabError, flannel, namespace, tool, wiring};
use crate::lab::plan::DeviceKind;
use crate::model::Family;

/// A fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The check that finds it.
    pub id: &'static str,
    /// How it comes about.
    pub life: &'static str,
    /// Where, as `lab run` names places, and what a shell does there. Names are variables, see [`make`].
    pub steps: &'static [(&'static str, &'static str)],
    /// Who does not reach whom any more (TCP), where a first packet shows it.
    pub victim: Option<(&'static str, &'static str)>,
}

/// Every fault, in the order of the checks.
pub const FAULTS: &[Fault] = &[
    Fault {
        id: "ipv4-forwarding-off",
        life: "a hardening tool writes net.ipv4.ip_forward = 0 on node1",
        steps: &[("node/node1", "sysctl -qw net.ipv4.ip_forward=0")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "device-forwarding-off",
        life: "systemd-networkd switches forwarding off for node1's tunnel",
        steps: &[(
            "node/node1",
            "sysctl -qw net.ipv4.conf.flannel/1.forwarding=0",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "bridge-nf-call-off",
        life: "sysctl.d on node1 switches off what docker's manual calls a security risk",
        steps: &[(
            "node/node1",
            "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
        )],
        victim: Some(("client-1", "10.43.10.1:80")),
    },
    Fault {
        id: "vxlan-device-missing",
        life: "somebody deletes node1's flannel.1, and flannel does not run",
        steps: &[("node/node1", "ip link del flannel.1")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-device-down",
        life: "NetworkManager takes node1's flannel.1 down",
        steps: &[("node/node1", "ip link set flannel.1 down")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-device-bounced",
        life: "the network of node1 is restarted: flannel.1 goes down and up",
        steps: &[(
            "node/node1",
            "ip link set flannel.1 down; ip link set flannel.1 up",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-vni-mismatch",
        life: "net-conf.json gets another VNI, and flannel is restarted on node1 alone",
        steps: &[(
            "node/node1",
            "remake_tunnel id 2 dstport 8472 local 192.168.205.3 nolearning",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-port-mismatch",
        life: "net-conf.json gets Windows' port 4789, and flannel is restarted on node1 alone",
        steps: &[(
            "node/node1",
            "remake_tunnel id 1 dstport 4789 local 192.168.205.3 nolearning",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-local-address-foreign",
        life: "flannel on node1 is given the address of a NAT gateway as --public-ip",
        steps: &[(
            "node/node1",
            "remake_tunnel id 1 dstport 8472 local 192.168.205.99 nolearning",
        )],
        victim: Some(("client-1", "10.42.0.4:8080")),
    },
    Fault {
        id: "vxlan-learning-on",
        life: "flannel on node1 finds a device that somebody made, and keeps it",
        steps: &[(
            "node/node1",
            "remake_tunnel id 1 dstport 8472 local 192.168.205.3 learning",
        )],
        victim: None,
    },
    Fault {
        id: "vtep-neighbor-stale",
        life: "node1 was made anew with another VTEP MAC, and master's flannel did not follow",
        steps: &[(
            "node/master",
            "ip neigh replace 10.42.1.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud permanent; \
             bridge fdb append 02:00:00:00:00:99 dev flannel.1 dst 192.168.205.3 self permanent; \
             bridge fdb del $vtep_node1 dev flannel.1",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-fdb-missing",
        life: "node1's VTEP MAC changed, and flannel on master was stopped between the two things it writes",
        steps: &[(
            "node/master",
            "bridge fdb del $vtep_node1 dev flannel.1; \
             bridge fdb append 02:00:00:00:00:99 dev flannel.1 dst 192.168.205.3 self permanent",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-fdb-destination-wrong",
        life: "node1 got another address by DHCP, and master's flannel did not follow",
        steps: &[(
            "node/master",
            "bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.99 self permanent",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vtep-neighbor-missing",
        life: "somebody flushes master's neighbours",
        steps: &[("node/master", "ip neigh del 10.42.1.0 dev flannel.1")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "vxlan-entries-of-gone-node",
        life: "a node was deleted while master's flannel did not run",
        steps: &[(
            "node/master",
            "ip route add 10.42.9.0/24 via 10.42.9.0 dev flannel.1 onlink",
        )],
        victim: None,
    },
    Fault {
        id: "policy-rule-takes-pod-traffic",
        life: "a VPN on master accepts a route for 10.42.0.0/16",
        steps: &[(
            "node/master",
            "ip route add 10.42.0.0/16 via 192.168.205.1 table 52; ip rule add pref 5270 lookup 52",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-route-refuses",
        life: "Calico was removed from master, and its blackhole stayed",
        steps: &[("node/master", "ip route replace blackhole 10.42.1.0/24")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-route-wrong",
        life: "node1 was given the network which node2 had, and master's route is the old one",
        steps: &[(
            "node/master",
            "ip route replace 10.42.1.0/24 via 192.168.205.99 dev enp0s1",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-route-unusual",
        life: "somebody routes node2's pods past the tunnel on node1",
        steps: &[(
            "node/node1",
            "ip route replace 10.42.2.0/24 via 192.168.205.5 dev enp0s1",
        )],
        victim: None,
    },
    Fault {
        id: "pod-route-shadowed",
        life: "a VPN on master brings a route to a part of node1's pods",
        steps: &[(
            "node/master",
            "ip route add 10.42.1.0/28 via 192.168.205.99 dev enp0s1",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-route-missing",
        life: "NetworkManager removes a route which it does not know",
        steps: &[("node/master", "ip route del 10.42.1.0/24")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "tunnel-mtu-too-large",
        life: "the wire of node1 gets a smaller MTU after flannel started",
        steps: &[("node/node1", "ip link set enp0s1 mtu 1400")],
        victim: None,
    },
    Fault {
        id: "pod-mtu-too-large",
        life: "flannel on node1 starts with a smaller MTU, and the pods stay",
        steps: &[("node/node1", "ip link set flannel.1 mtu 1300")],
        victim: None,
    },
    Fault {
        id: "bridge-down",
        life: "NetworkManager takes node1's cni0 down",
        steps: &[("node/node1", "ip link set cni0 down")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "bridge-address-missing",
        life: "systemd-networkd removes an address which it does not know from node1's cni0",
        steps: &[("node/node1", "ip addr del 10.42.1.1/24 dev cni0")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "bridge-address-foreign",
        life: "node1 was registered anew with another pod CIDR, and cni0 stayed",
        steps: &[(
            "node/node1",
            "ip addr del 10.42.1.1/24 dev cni0; ip addr add 10.42.77.1/24 dev cni0",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "host-veth-down",
        life: "NetworkManager takes the node's end of a pod's veth pair down",
        steps: &[("node/node1", "ip link set $port_nginx_test_a down")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "veth-without-bridge",
        life: "NetworkManager takes the node's end of a pod's veth pair off the bridge",
        steps: &[("node/node1", "ip link set $port_nginx_test_a nomaster")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-interface-down",
        life: "something in the pod nginx-test-a takes its eth0 down",
        steps: &[("nginx-test-a", "ip link set eth0 down")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-address-missing",
        life: "something in the pod nginx-test-a flushes its addresses",
        steps: &[("nginx-test-a", "ip addr del 10.42.1.6/24 dev eth0")],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "pod-default-route-missing",
        life: "the CNI configuration lost isDefaultGateway before client started",
        steps: &[("client", "ip route del default")],
        victim: Some(("client", "10.43.6.58:80")),
    },
    Fault {
        id: "hairpin-off",
        life: "the CNI configuration lost hairpinMode before single-a started",
        steps: &[(
            "node/node1",
            "bridge link set dev $port_single_a hairpin off",
        )],
        victim: Some(("single-a", "10.43.10.1:80")),
    },
    Fault {
        id: "legacy-rules-drop",
        life: "a script on node1 calls iptables-legacy, whose rules `iptables -S` does not show",
        steps: &[(
            "node/node1",
            "iptables-legacy -A FORWARD -s 10.42.0.0/16 -o flannel.1 -j DROP",
        )],
        victim: Some(("client-1", "10.42.0.4:8080")),
    },
    Fault {
        id: "tunnel-packets-filtered",
        life: "a firewall on node1 forgets UDP port 8472",
        steps: &[(
            "node/node1",
            "$iptables -I INPUT -p udp --dport 8472 -j DROP",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "firewalld-stops-pods",
        life: "firewalld starts on node1 and knows no zone for flannel.1",
        steps: &[(
            "node/node1",
            "nft add table inet firewalld; \
             nft 'add chain inet firewalld filter_FORWARD { type filter hook forward priority filter + 10; policy accept; }'; \
             nft 'add rule inet firewalld filter_FORWARD ct state established,related accept'; \
             nft 'add rule inet firewalld filter_FORWARD ct status dnat accept'; \
             nft 'add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited'",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "ufw-stops-pods",
        life: "ufw is enabled on node1, and denies what is routed",
        steps: &[(
            "node/node1",
            "$iptables -N ufw-reject-forward; $iptables -A ufw-reject-forward -j REJECT; \
             $iptables -I FORWARD -m conntrack --ctstate NEW -j ufw-reject-forward",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "calico-rules-left",
        life: "Calico was removed from node1, and its chains stayed",
        steps: &[(
            "node/node1",
            "$iptables -N cali-FORWARD; $iptables -A cali-FORWARD -o cni0 -j DROP; $iptables -I FORWARD -j cali-FORWARD",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "raw-rule-stops-pods",
        life: "docker 28 on node1 guards a network that overlaps with the pods'",
        steps: &[(
            "node/node1",
            "$iptables -t raw -A PREROUTING -d 10.42.1.0/24 ! -i docker0 -j DROP",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "forward-policy-drop",
        life: "docker is started on node1 while flannel does not run",
        steps: &[(
            "node/node1",
            "$iptables -P FORWARD DROP; $iptables -F FLANNEL-FWD",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "forward-rule-stops-pods",
        life: "RHEL's default rules on node1 end FORWARD with a REJECT before flannel's jump",
        steps: &[(
            "node/node1",
            "$iptables -I FORWARD -m conntrack --ctstate NEW -j REJECT --reject-with icmp-host-prohibited",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "input-rule-stops-pods",
        life: "a firewall on master lets nothing in by cni0",
        steps: &[("node/master", "$iptables -I INPUT -i cni0 -j DROP")],
        victim: Some(("client", "10.43.0.1:443")),
    },
    Fault {
        id: "output-rule-stops-node",
        life: "a firewall on node1 lets its own programs reach no pod",
        steps: &[(
            "node/node1",
            "$iptables -I OUTPUT -o cni0 -m conntrack --ctstate NEW -j DROP",
        )],
        victim: Some(("node/node1", "10.42.1.6:80")),
    },
    Fault {
        id: "nft-rule-stops-pods",
        life: "somebody hardens node1 with an nftables table of their own",
        steps: &[(
            "node/node1",
            "nft add table inet hardening; \
             nft 'add chain inet hardening forward { type filter hook forward priority 10; policy accept; }'; \
             nft 'add rule inet hardening forward ip daddr 10.42.1.0/24 drop'",
        )],
        victim: Some(("client", "10.42.1.6:80")),
    },
    Fault {
        id: "rp-filter-drops",
        life: "node1 routes node2's pods past the tunnel, and a hardening tool sets rp_filter = 1",
        steps: &[(
            "node/node1",
            "ip route replace 10.42.2.0/24 via 192.168.205.5 dev enp0s1; sysctl -qw net.ipv4.conf.all.rp_filter=1",
        )],
        victim: Some(("client-2", "10.42.1.6:80")),
    },
    Fault {
        id: "kube-postrouting-unreached",
        life: "a firewall's reload removes kube-proxy's jump from nat POSTROUTING of node1",
        steps: &[(
            "node/node1",
            "delete_rules nat POSTROUTING '-j KUBE-POSTROUTING'",
        )],
        victim: Some(("single-a", "10.43.10.1:80")),
    },
    Fault {
        id: "kube-mark-masq-broken",
        life: "an old kubelet on node1 flushes KUBE-MARK-MASQ",
        steps: &[("node/node1", "$iptables -t nat -F KUBE-MARK-MASQ")],
        victim: Some(("single-a", "10.43.10.1:80")),
    },
    Fault {
        id: "flannel-masquerade-missing",
        life: "somebody flushes FLANNEL-POSTRTG on node1 while flannel does not run",
        steps: &[("node/node1", "$iptables -t nat -F FLANNEL-POSTRTG")],
        victim: None,
    },
    Fault {
        id: "kube-services-unreached",
        life: "a firewall's reload removes kube-proxy's jumps from master",
        steps: &[(
            "node/master",
            "delete_rules nat PREROUTING '-j KUBE-SERVICES'; delete_rules nat OUTPUT '-j KUBE-SERVICES'",
        )],
        victim: Some(("client", "10.43.6.58:80")),
    },
    Fault {
        id: "service-not-programmed",
        life: "kube-proxy on master hung when the Service was made",
        steps: &[(
            "node/master",
            "delete_rules nat KUBE-SERVICES 'default/single:http cluster IP'",
        )],
        victim: Some(("client", "10.43.10.1:80")),
    },
    Fault {
        id: "endpoint-chain-empty",
        life: "somebody flushes the chain of an endpoint on master",
        steps: &[(
            "node/master",
            "$iptables -t nat -F $($iptables -t nat -S | sed -n 's/^-A \\(KUBE-SEP-[^ ]*\\) .*--to-destination 10.42.1.7:8080$/\\1/p')",
        )],
        victim: Some(("client", "10.43.10.1:80")),
    },
];

/// The fault of that name.
pub fn find(id: &str) -> Option<&'static Fault> {
    FAULTS.iter().find(|fault| fault.id == id)
}

/// Makes a fault in a lab.
///
/// The shell of each step has `$vtep_NODE`, the MAC of a node's tunnel end; `$port_POD`, the node's end of a pod's veth
/// pair; `$iptables`, the program that made the lab's rules; `remake_tunnel OPTIONS`, which makes node1's tunnel anew as
/// flannel does; and `delete_rules TABLE CHAIN TEXT`.
pub fn make(lab: &LabState, fault: &Fault) -> Result<(), LabError> {
    let names = names(lab)?;
    for (place, step) in fault.steps {
        run(lab, place, &format!("{names}{step}"))?;
    }
    Ok(())
}

/// Runs a shell's script in a place of a lab.
pub fn run(lab: &LabState, place: &str, script: &str) -> Result<(), LabError> {
    let holder = lab.holder(place)?;
    let file = namespace::open(&holder.netns_path())?;
    namespace::run_in(&file, place, || {
        let mut shell = tool::tool("sh");
        let output = shell.args(["-ec", script]).output();
        let output = output.map_err(|error| LabError::step("run sh", error))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(LabError::step(format!("change {place}"), why.trim()))
    })
}

fn names(lab: &LabState) -> Result<String, LabError> {
    let iptables = match lab.spec.iptables {
        IptablesBackend::Nft => "iptables-nft",
        IptablesBackend::Legacy => "iptables-legacy",
    };
    let mut names = format!("iptables={iptables}\n");
    let mut set = |kind: &str, of: &str, value: &str| {
        names.push_str(&format!("{kind}_{}={value}\n", of.replace('-', "_")));
    };
    for node in &lab.spec.objects.nodes {
        let mac = flannel::tunnel_mac(&node.name, Family::V4);
        set("vtep", &node.name, &mac.to_string());
    }
    for plan in wiring::plans(&lab.spec)? {
        for device in &plan.devices {
            if let DeviceKind::VethTo {
                place: Place::Pod { name, .. },
                ..
            } = &device.kind
            {
                set("port", name, &device.name);
            }
        }
    }
    Ok(names + FUNCTIONS)
}

const FUNCTIONS: &str = r#"
remake_tunnel() {
    ip link del flannel.1
    ip link add flannel.1 address $vtep_node1 mtu 1450 type vxlan dev enp0s1 "$@"
    ip addr add 10.42.1.0/32 dev flannel.1
    ip link set flannel.1 up
    while read -r pods mac host; do
        ip route replace $pods/24 via $pods dev flannel.1 onlink
        ip neigh replace $pods lladdr $mac dev flannel.1 nud permanent
        bridge fdb replace $mac dev flannel.1 dst $host
    done <<END
10.42.0.0 $vtep_master 192.168.205.4
10.42.2.0 $vtep_node2 192.168.205.5
END
}
delete_rules() {
    $iptables -t $1 -S $2 | grep -F -e "$3" | sed "s/^-A/$iptables -t $1 -D/" | sh -e
}
"#;
