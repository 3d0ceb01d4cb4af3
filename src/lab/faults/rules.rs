//! Packet filters.

use super::{Fault, Need};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "legacy-rules-drop",
        life: "a script on node1 calls iptables-legacy, whose rules `iptables -S` does not show",
        steps: &[(
            "node/node1",
            "$other_iptables -A FORWARD -s $cluster -o $tunnel -j DROP",
        )],
        changes: &[],
        needs: &[Need::FlannelChains],
        victim: Some(("client-1", "three-a:8080")),
    },
    Fault {
        id: "tunnel-packets-filtered",
        life: "a firewall on node1 forgets UDP port 8472",
        steps: &[(
            "node/node1",
            "$iptables -I INPUT -p udp --dport 8472 -j DROP",
        )],
        changes: &[],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
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
        changes: &[],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "ufw-stops-pods",
        life: "ufw is enabled on node1, and denies what is routed",
        steps: &[(
            "node/node1",
            "$iptables -N ufw-reject-forward; $iptables -A ufw-reject-forward -j REJECT; \
             $iptables -I FORWARD -m conntrack --ctstate NEW -j ufw-reject-forward",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "calico-rules-left",
        life: "Calico was removed from node1, and its chains stayed",
        steps: &[(
            "node/node1",
            "$iptables -N cali-FORWARD; $iptables -A cali-FORWARD -o cni0 -j DROP; $iptables -I FORWARD -j cali-FORWARD",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "raw-rule-stops-pods",
        life: "docker 28 on node1 guards a network that overlaps with the pods'",
        steps: &[(
            "node/node1",
            "$iptables -t raw -A PREROUTING -d $pods_node1 ! -i docker0 -j DROP",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "forward-policy-drop",
        life: "docker is started on node1 while flannel does not run",
        steps: &[(
            "node/node1",
            "$iptables -P FORWARD DROP; $iptables -F FLANNEL-FWD",
        )],
        changes: &[],
        needs: &[Need::FlannelChains],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "forward-rule-stops-pods",
        life: "RHEL's default rules on node1 end FORWARD with a REJECT before flannel's jump",
        steps: &[(
            "node/node1",
            "$iptables -I FORWARD -m conntrack --ctstate NEW -j REJECT --reject-with $prohibited",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "input-rule-stops-pods",
        life: "a firewall on master lets nothing in by cni0",
        steps: &[("node/master", "$iptables -I INPUT -i cni0 -j DROP")],
        changes: &[],
        needs: &[],
        victim: Some(("client", "kubernetes:443")),
    },
    Fault {
        id: "output-rule-stops-node",
        life: "a firewall on node1 lets its own programs reach no pod",
        steps: &[(
            "node/node1",
            "$iptables -I OUTPUT -o cni0 -m conntrack --ctstate NEW -j DROP",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("node/node1", "nginx-test-a:80")),
    },
    Fault {
        id: "nft-rule-stops-pods",
        life: "somebody hardens node1 with an nftables table of their own",
        steps: &[(
            "node/node1",
            "nft add table inet hardening; \
             nft 'add chain inet hardening forward { type filter hook forward priority 10; policy accept; }'; \
             nft add rule inet hardening forward $family daddr $pods_node1 drop",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "kube-firewall-stops-pods",
        life: "a container's older iptables writes a rule of the kubelet's on master back without its mask",
        steps: &[(
            "node/master",
            "$iptables -N KUBE-FIREWALL 2>/dev/null && $iptables -I INPUT -j KUBE-FIREWALL; \
             $iptables -A KUBE-FIREWALL -m mark --mark 0x0/0x0 -j DROP",
        )],
        changes: &[],
        needs: &[],
        victim: Some(("client", "kubernetes:443")),
    },
    Fault {
        id: "pod-source-changed",
        life: "somebody masquerades all that leaves node1's pods",
        steps: &[(
            "node/node1",
            "$iptables -t nat -I POSTROUTING -s $pods_node1 -o $tunnel -j MASQUERADE",
        )],
        changes: &[],
        needs: &[],
        victim: None,
    },
];
