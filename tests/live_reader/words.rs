//! Every match and target that is put into words without the program, with every option of theirs.

const RULES: &str = "\
-A SOME -s 10.1.0.0/16 -d 10.2.3.4 -i eth0 -o veth+ -p tcp -j RETURN
-A SOME ! -s 10.1.0.0/16 ! -d 10.2.3.4 ! -i eth+ ! -o lo ! -p udp -g OTHER
-A SOME -s 10.0.0.1/255.0.255.0 -p 253
-A SOME -f -j DROP
-A SOME ! -f
-A SOME -m comment --comment plain
-A SOME -m comment --comment \"two words, it's \\\"quoted\\\" \\\\ \"
-A SOME -p tcp -m tcp --sport 80 --dport 1:1024 -j ACCEPT
-A SOME -p tcp -m tcp ! --sport 80:90 ! --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN
-A SOME -p tcp -m tcp ! --tcp-flags ALL NONE
-A SOME -p tcp -m tcp --tcp-option 8
-A SOME -p tcp -m tcp ! --tcp-option 8
-A SOME -p udp -m udp --sport 53 ! --dport 1024:65535
-A SOME -p sctp -m sctp --sport 1:5 ! --dport 7
-A SOME -m addrtype --src-type LOCAL,MULTICAST ! --dst-type LOCAL
-A SOME -m addrtype ! --src-type UNICAST --limit-iface-in
-A SOME -m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT
-A SOME -m conntrack ! --ctstate NEW --ctstatus SEEN_REPLY,ASSURED
-A SOME -m conntrack ! --ctstatus NONE
-A SOME -m state --state RELATED,ESTABLISHED
-A SOME -m mark --mark 0x4000/0x4000
-A SOME -m mark ! --mark 0x1
-A SOME -m statistic --mode random --probability 0.33333333349
-A SOME -m statistic --mode random ! --probability 0.5
-A SOME -m statistic --mode nth --every 3 --packet 2
-A SOME -p tcp -m multiport --dports 80,443,1000:2000
-A SOME -p udp -m multiport ! --sports 53
-A SOME -p tcp -m multiport --ports 1,2:3,4
-A SOME -m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource
-A SOME -m recent ! --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.0 --rdest
-A SOME -m recent --update --hitcount 3 --rttl --name B --mask 255.255.255.255 --rsource
-A SOME -m recent --remove --name B --mask 255.255.255.255 --rsource
-A SOME -m physdev --physdev-in veth+ --physdev-is-bridged
-A SOME -m physdev ! --physdev-is-in
-A SOME -p icmp -m icmp --icmp-type 8
-A SOME -p icmp -m icmp ! --icmp-type 3/4
-A SOME -p icmp -m icmp --icmp-type any
-A SOME -j MARK --set-xmark 0x4000/0x4000
-A SOME -j MARK --set-mark 0x1
-A SOME -j MARK --or-mark 0x8000
";

/// The same for what only table nat has.
const TRANSLATIONS: &str = "\
-A HERE -p tcp -j DNAT --to-destination 10.0.0.1:8080
-A HERE -p udp -j DNAT --to-destination 10.0.0.1-10.0.0.9:1-5 --random --persistent
-A HERE -j DNAT --to-destination 10.0.0.1
-A HERE -p tcp -j DNAT --to-destination :80
-A HERE -p tcp -j REDIRECT --to-ports 8080
-A HERE -p tcp -j REDIRECT --to-ports 1-9 --random
-A THERE -j SNAT --to-source 10.0.0.1-10.0.0.2
-A THERE -p tcp -j SNAT --to-source 10.0.0.1:1024-2048 --random-fully
-A THERE -j MASQUERADE
-A THERE -p tcp -j MASQUERADE --to-ports 1024-2048 --random-fully
-A PREROUTING -j HERE
-A OUTPUT -j HERE
-A POSTROUTING -j THERE
";

const REFUSALS: [&str; 8] = [
    "icmp-net-unreachable",
    "icmp-host-unreachable",
    "icmp-proto-unreachable",
    "icmp-port-unreachable",
    "icmp-net-prohibited",
    "icmp-host-prohibited",
    "icmp-admin-prohibited",
    "tcp-reset",
];
const REFUSALS_IPV6: [&str; 7] = [
    "icmp6-no-route",
    "icmp6-adm-prohibited",
    "icmp6-addr-unreachable",
    "icmp6-port-unreachable",
    "tcp-reset",
    "icmp6-policy-fail",
    "icmp6-reject-route",
];

fn refusals(names: &[&str]) -> String {
    let rule = |name: &&str| match *name {
        "tcp-reset" => "-A INPUT -p tcp -j REJECT --reject-with tcp-reset\n".to_owned(),
        name => format!("-A INPUT -j REJECT --reject-with {name}\n"),
    };
    names.iter().map(rule).collect()
}

fn in_ipv6(rules: &str) -> String {
    let has_fragments = |line: &&str| line.contains(" -f");
    let kept = rules.lines().filter(|line| !has_fragments(line));
    kept.map(|line| {
        line.replace("10.0.0.1-10.0.0.9:1-5", "[fd00::1-fd00::9]:1-5")
            .replace("10.0.0.1:", "[fd00::1]:")
            .replace("10.0.0.1/255.0.255.0", "fd00::1/ffff:0:ffff::")
            .replace("10.1.0.0/16", "fd00:1::/64")
            .replace("10.2.3.4", "fd00:2::4")
            .replace("10.0.0.", "fd00::")
            .replace("255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
            .replace("255.255.255.0", "ffff:ffff::")
            .replace("-p icmp -m icmp", "-p ipv6-icmp -m icmp6")
            .replace("--icmp-type any", "--icmpv6-type 1")
            .replace("--icmp-type", "--icmpv6-type")
            .replace("3/4", "1/3")
            + "\n"
    })
    .collect()
}

/// What `iptables-restore` is given: those rules, and chains without any.
pub fn of_ipv4(more: &str) -> String {
    dump(RULES, TRANSLATIONS, &refusals(&REFUSALS), more)
}

/// The same for `ip6tables-restore`.
pub fn of_ipv6(more: &str) -> String {
    let [rules, translations] = [RULES, TRANSLATIONS].map(in_ipv6);
    dump(&rules, &translations, &refusals(&REFUSALS_IPV6), more)
}

fn dump(rules: &str, translations: &str, refused: &str, more: &str) -> String {
    format!(
        "*filter\n:SOME - [0:0]\n:OTHER - [0:0]\n{more}:INPUT DROP [3:4]\n{rules}{refused}-A FORWARD -j SOME\nCOMMIT\n\
         *nat\n:HERE - [0:0]\n:THERE - [0:0]\n{translations}COMMIT\n"
    )
}
