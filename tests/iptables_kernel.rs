//! The kernel as judge of the parser: rules go into a fresh network namespace with iptables-restore, and what
//! iptables-save reads back of them must mean the same as the text that went in. The kernel keeps one normal form of
//! each rule, so both texts must parse to the same [`Rule`], whichever form the first had.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use kubenet::model::Family;
use kubenet::model::iptables::{Backend, Match, Rule, Ruleset, Target};
use rstest::rstest;

/// Rules for any table of either family.
const ANY: &[&str] = &[
    "-j DROP",
    "-g OTHER",
    "-j OTHER",
    "-m comment --comment \"no target\"",
    "-i eth0 ! -o cni+ -j ACCEPT",
    "! -i lo -j RETURN",
    "-p 253 -j DROP",
    "! -p udp -j DROP",
    "-p gre -j DROP",
    "-p vrrp -j DROP",
    "-p esp -j DROP",
    "-p tcp -m tcp --dport 80 -j DROP",
    "-p tcp -m tcp -j DROP",
    "-p tcp --dport 1024: --sport :1023 -j DROP",
    "-p tcp -m tcp ! --sport 5:6 -j DROP",
    "-p udp -m udp --dport 53 -j DROP",
    "-p udp -m udp --dport : -j DROP",
    "-p sctp -m sctp --dport 80 -j DROP",
    "-p tcp -m tcp --syn -j DROP",
    "-p tcp -m tcp ! --syn -j DROP",
    "-p tcp -m tcp --tcp-flags ALL NONE -j DROP",
    "-p tcp -m tcp --tcp-flags SYN,RST SYN,RST --dport 7 -j DROP",
    "-p tcp -m multiport --dports 80,443,1000:2000 -j DROP",
    "-p udp -m multiport ! --sports 53 -j DROP",
    "-p tcp -m multiport --ports 1,2 -j DROP",
    "-m mark --mark 0x4000/0x4000 -j DROP",
    "-m mark ! --mark 42 -j DROP",
    "-m mark --mark 010/0xFF -j DROP",
    "-m connmark --mark 0x1/0xf -j DROP",
    "-m connmark ! --mark 7 -j DROP",
    "-m conntrack --ctstate RELATED,ESTABLISHED -j DROP",
    "-m conntrack ! --ctstate NEW,UNTRACKED,DNAT -j DROP",
    "-m conntrack --ctstate INVALID,SNAT -j DROP",
    "-m state --state NEW -j DROP",
    "-m state ! --state ESTABLISHED -j DROP",
    "-m conntrack --ctstatus NONE -j DROP",
    "-m conntrack ! --ctstatus ASSURED,SEEN_REPLY -j DROP",
    "-m conntrack --ctstatus NONE,CONFIRMED -j DROP",
    "-m conntrack --ctproto 6 --ctorigsrcport 1024:65535 ! --ctorigdstport 80 -j DROP",
    "-m conntrack --ctreplsrcport 5 --ctrepldstport 6 --ctdir REPLY --ctexpire 1:9 -j DROP",
    "-m conntrack --ctdir ORIGINAL -j DROP",
    "-m addrtype --dst-type LOCAL -j DROP",
    "-m addrtype ! --src-type LOCAL,MULTICAST --dst-type UNICAST -j DROP",
    "-m statistic --mode random --probability 0.20000000019 -j DROP",
    "-m statistic --mode random --probability 0.3333 -j DROP",
    "-m statistic --mode random ! --probability 0.5 -j DROP",
    "-m statistic --mode random --probability 0.00000001 -j DROP",
    "-m statistic --mode nth --every 3 --packet 1 -j DROP",
    "-m statistic --mode nth ! --every 2 --packet 0 -j DROP",
    "-m physdev ! --physdev-is-in -j DROP",
    "-m physdev --physdev-in veth+ -j DROP",
    "-m recent --set --name seen -j DROP",
    "-m recent --rcheck --seconds 10800 --reap --name seen --rsource -j DROP",
    "-m recent ! --update --hitcount 4 --seconds 9 --name seen --rdest -j DROP",
    "-m recent --remove --name seen -j DROP",
    "-m owner --uid-owner 1000 -j DROP",
    "-m owner ! --uid-owner 0-99 --gid-owner 5 -j DROP",
    "-m owner ! --socket-exists -j DROP",
    "-m length --length 100 -j DROP",
    "-m length ! --length 100:200 -j DROP",
    "-m length --length 1400: -j DROP",
    "-m tos --tos 0x10/0x3f -j DROP",
    "-m tos ! --tos Minimize-Delay -j DROP",
    "-m tos --tos 0x20 -j DROP",
    "-m dscp --dscp 0x2e -j DROP",
    "-m dscp ! --dscp-class CS1 -j DROP",
    "-m pkttype --pkt-type multicast -j DROP",
    "-m pkttype ! --pkt-type unicast -j DROP",
    "-m comment --comment \"dnat name: \\\"cbr0\\\" id: \\\"hostport-1\\\"\" -j DROP",
    "-m comment --comment word -j DROP",
    "-m comment --comment \"-j ACCEPT\" -m tcp -p tcp --dport 443 -j OTHER",
    "-m set --match-set places dst,dst -j DROP",
    "-m set ! --match-set places src,dst -j DROP",
    "-m set --match-set places src,src --return-nomatch -j DROP",
    "-m set --match-set places src,src ! --update-counters --packets-gt 5 -j DROP",
    "-j SET --add-set places src,src",
    "-m limit --limit 5/min --limit-burst 7 -j DROP",
    "-m hashlimit --hashlimit-upto 1/sec --hashlimit-mode srcip --hashlimit-name x -j DROP",
    "-m string --string \"-j ACCEPT\" --algo bm -j DROP",
    "-m u32 --u32 \"0x0>>0x16&0x3c@0x4=0x29\" -j DROP",
    "-m time --timestart 01:00:00 --weekdays Mon,Tue -j DROP",
    "-m cpu --cpu 0 -j DROP",
    "-j LOG --log-prefix \"drop: \" --log-level 4",
    "-j NFLOG --nflog-group 2 --nflog-prefix x",
    "-j NFQUEUE --queue-num 3 --queue-bypass",
    "-j CONNMARK --save-mark",
    "-j CONNMARK --restore-mark --mask 0xff",
    "-j CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0x0f",
    "-j CONNMARK --set-mark 5/7",
    "-j CONNMARK --set-xmark 5/7",
    "-j CONNMARK --or-mark 5",
    "-j CONNMARK --and-mark 5",
    "-j CONNMARK --xor-mark 5",
    "-j MARK --set-xmark 0x4000/0x4000",
    "-j MARK --set-xmark 0x4000/0x0",
    "-j MARK --set-mark 0x1",
    "-j MARK --set-mark 0x3/0x1",
    "-j MARK --or-mark 0x2000",
    "-j MARK --and-mark 0xffff",
    "-j MARK --xor-mark 0x5",
];

const FILTER: &[&str] = &["-j REJECT", "-p tcp -j REJECT --reject-with tcp-reset"];
const FILTER4: &[&str] = &[
    "-m addrtype --dst-type BLACKHOLE,UNREACHABLE,PROHIBIT -j DROP",
    "-s 10.1.2.3/255.255.0.0 -j DROP",
    "! -s 10.1.2.3 ! -d 10.0.0.0/8 -j DROP",
    "-s 0.0.0.0/0 -j DROP",
    "-s 0.0.0.0/8 -j DROP",
    "-f -j DROP",
    "! -f -j DROP",
    "-p icmp -m icmp --icmp-type 8 -j DROP",
    "-p icmp -m icmp --icmp-type echo-request -j DROP",
    "-p icmp -m icmp ! --icmp-type 3/4 -j DROP",
    "-p icmp -m icmp --icmp-type fragmentation-needed -j DROP",
    "-p icmp -m icmp --icmp-type any -j DROP",
    "-m conntrack --ctorigsrc 10.0.0.0/8 ! --ctorigdst 10.43.0.1 --ctreplsrc 10.42.0.3 --ctrepldst 10.2.0.0/16 -j DROP",
    "-m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 10.0.1.1-10.0.1.2 -j DROP",
    "-m mac --mac-source 00:11:22:AA:BB:CC -j DROP",
    "-m ttl --ttl-eq 64 -j DROP",
    "-m ttl ! --ttl-eq 64 -j DROP",
    "-m ttl --ttl-lt 5 -j DROP",
    "-m ttl --ttl-gt 5 -j DROP",
    "-j REJECT --reject-with icmp-net-unreachable",
    "-j REJECT --reject-with icmp-host-unreachable",
    "-j REJECT --reject-with icmp-proto-unreachable",
    "-j REJECT --reject-with icmp-net-prohibited",
    "-j REJECT --reject-with icmp-host-prohibited",
    "-j REJECT --reject-with icmp-admin-prohibited",
    "-m recent --rcheck --name nets --mask 255.255.255.0 -j DROP",
];
const FILTER6: &[&str] = &[
    "-s fd00::1/64 ! -d fd01::1 -j DROP",
    "-s fd00::1/ffff:ffff:: -j DROP",
    "-p ipv6-icmp -m icmp6 --icmpv6-type neighbor-solicitation -j DROP",
    "-p icmpv6 --icmpv6-type 1/4 -j DROP",
    "-p icmpv6 ! --icmpv6-type packet-too-big -j DROP",
    "-m iprange --src-range fd00::1-fd00::9 -j DROP",
    "-m hl --hl-eq 64 -j DROP",
    "-m hl --hl-lt 5 -j DROP",
    "-m hl ! --hl-eq 5 -j DROP",
    "-m conntrack --ctorigsrc fd00::/64 -j DROP",
    "-j REJECT --reject-with icmp6-no-route",
    "-j REJECT --reject-with icmp6-adm-prohibited",
    "-j REJECT --reject-with icmp6-addr-unreachable",
    "-j REJECT --reject-with icmp6-policy-fail",
    "-j REJECT --reject-with icmp6-reject-route",
];
const NAT: &[&str] = &[
    "-j MASQUERADE",
    "-j MASQUERADE --random-fully",
    "-p tcp -j MASQUERADE --to-ports 1024-2048 --random",
    "-p tcp -j REDIRECT --to-ports 8080",
    "-p tcp -j REDIRECT --to-ports 42-1234 --random",
    "-p tcp -j DNAT --to-destination :8080",
];
const NAT4: &[&str] = &[
    "-p tcp -m tcp -j DNAT --to-destination 10.42.0.3:8080",
    "-j DNAT --to-destination 10.42.0.3",
    "-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90 --random --persistent",
    "-p tcp -j DNAT --to-destination 1.1.1.1:1000-2000/3000",
    "-j SNAT --to-source 10.0.0.1-10.0.0.9 --random-fully",
    "-p udp -j SNAT --to-source 10.0.0.1:1024-2048 --persistent",
    "-j NETMAP --to 10.5.0.0/16",
    "-j NETMAP --to 10.5.0.1",
];
const NAT6: &[&str] = &[
    "-p tcp -j DNAT --to-destination [fd00::3]:8080",
    "-j DNAT --to-destination fd00::3",
    "-j DNAT --to-destination fd00::3-fd00::5 --persistent",
    "-p tcp -j DNAT --to-destination [fd00::3-fd00::5]:80-90",
    "-p tcp -j SNAT --to-source [fd00::3]:1024-2048 --random",
    "-j NETMAP --to fd05::/64",
];
const MANGLE: &[&str] = &[
    "-j TOS --set-tos 0x10/0x3f",
    "-j TOS --set-tos Maximize-Throughput",
    "-j TOS --set-tos 0x7",
    "-j TOS --and-tos 0x12",
    "-j TOS --or-tos 0x12",
    "-j TOS --xor-tos 0x12",
    "-j DSCP --set-dscp 0x2e",
    "-j DSCP --set-dscp-class CS1",
    "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
    "-j CLASSIFY --set-class 1:2",
    "-j CHECKSUM --checksum-fill",
    "-m rpfilter --loose --validmark --invert -j DROP",
    "-m rpfilter -j DROP",
    "-m socket --transparent -j DROP",
];
const MANGLE4: &[&str] = &[
    "-p tcp -j TPROXY --on-port 15001 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x3",
    "-p udp -j TPROXY --on-port 15001",
    "-j TTL --ttl-set 64",
    "-j TTL --ttl-inc 1",
    "-j TTL --ttl-dec 2",
];
const MANGLE6: &[&str] = &[
    "-p tcp -j TPROXY --on-port 15001 --on-ip fd00::1 --tproxy-mark 0x1",
    "-j HL --hl-set 64",
    "-j HL --hl-dec 2",
];
const RAW: &[&str] = &[
    "-j NOTRACK",
    "-j CT --notrack",
    "-j CT --zone 7",
    "-j CT --zone-orig 8",
    "-j CT --ctevents new,destroy",
    "-j TRACE",
];

/// `! -i +` holds for no packet. iptables-legacy-save leaves it out, so that only iptables-nft can be asked.
const NFT: &[&str] = &["! -i + -j DROP", "! -o + -j DROP"];

/// What this parser calls unknown by intent, by words of the rule.
const UNKNOWABLE: [&str; 9] = [
    "-m limit",
    "-m hashlimit",
    "-m string",
    "-m u32",
    "-m time",
    "-m cpu",
    "-m socket",
    "1000-2000/3000",
    "--mask 255.255.255.0",
];

#[rstest]
#[case::nft4(Backend::Nft, Family::V4)]
#[case::nft6(Backend::Nft, Family::V6)]
#[case::legacy4(Backend::Legacy, Family::V4)]
#[case::legacy6(Backend::Legacy, Family::V6)]
fn what_the_kernel_keeps_means_what_was_written(#[case] backend: Backend, #[case] family: Family) {
    let (filter, nat, mangle) = match family {
        Family::V4 => (FILTER4, NAT4, MANGLE4),
        Family::V6 => (FILTER6, NAT6, MANGLE6),
    };
    let rules: Vec<(&str, &str)> = [
        ("filter", ANY),
        ("filter", FILTER),
        ("filter", filter),
        ("nat", NAT),
        ("nat", nat),
        ("mangle", MANGLE),
        ("mangle", mangle),
        ("raw", RAW),
        ("filter", if backend == Backend::Nft { NFT } else { &[] }),
    ]
    .into_iter()
    .flat_map(|(table, rules)| rules.iter().map(move |rule| (table, *rule)))
    .collect();
    let tool = format!(
        "{}-{}",
        if family == Family::V4 {
            "iptables"
        } else {
            "ip6tables"
        },
        if backend == Backend::Nft {
            "nft"
        } else {
            "legacy"
        }
    );
    let output = match put_in_and_read_back(&tool, family, &rules) {
        Ok(output) => output,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            return;
        }
    };
    let mut compared = 0;
    let (refused, dump) = output
        .split_once("=====\n")
        .expect("the script prints this line");
    for line in refused.lines() {
        eprintln!("skipped: {tool} refuses here: {line}");
    }
    let back = read(dump, family, backend);
    for (number, (table, text)) in rules.iter().enumerate() {
        let chain = format!("T{number}");
        let (written, _) = only_rule(
            &read(&dump_of(table, &chain, text), family, backend),
            &chain,
        )
        .expect("written");
        let Some((kept, line)) = only_rule(&back, &chain) else {
            assert!(
                refused
                    .lines()
                    .any(|line| line.starts_with(&format!("{chain} "))),
                "{table} {text}"
            );
            continue;
        };
        assert_eq!(written, kept, "{table}: {text}\n read back: {line}");
        let unknown = matches!(kept.target, Target::Unknown(_))
            || kept
                .matches
                .iter()
                .any(|found| matches!(found, Match::Unknowable { .. }));
        assert_eq!(
            unknown,
            UNKNOWABLE.iter().any(|word| text.contains(word)),
            "{text}"
        );
        compared += 1;
    }
    eprintln!("{tool}: {compared} of {} rules read back", rules.len());
    assert!(
        compared > rules.len() / 2,
        "most rules are of modules which every kernel for Kubernetes has"
    );
}

fn dump_of(table: &str, chain: &str, rule: &str) -> String {
    format!("*{table}\n:OTHER - [0:0]\n:{chain} - [0:0]\n-A {chain} {rule}\nCOMMIT\n")
}

fn read(text: &str, family: Family, backend: Backend) -> Ruleset {
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(text.to_owned(), family, backend, "test", &mut gaps);
    assert_eq!(gaps, []);
    ruleset
}

/// The rule of a chain of one rule, without what depends on where it stands, and its line.
fn only_rule(ruleset: &Ruleset, chain: &str) -> Option<(Rule, String)> {
    let (_, chain) = ruleset.chains().find(|(_, found)| *found.name == *chain)?;
    let rule = ruleset.rules(chain).first()?;
    let plain = Rule {
        number: 0,
        line: 0,
        counters: None,
        ..rule.clone()
    };
    Some((plain, ruleset.line(chain, rule).to_owned()))
}

/// Puts each rule into a chain of its own in a new namespace and gives back what could not be put in, and the dump.
fn put_in_and_read_back(
    tool: &str,
    family: Family,
    rules: &[(&str, &str)],
) -> Result<String, String> {
    if !nix::unistd::geteuid().is_root() {
        return Err("rules can be put into a namespace by root only".to_owned());
    }
    let set_family = if family == Family::V4 {
        "inet"
    } else {
        "inet6"
    };
    let mut script =
        format!("ipset create places hash:ip,port family {set_family} counters 2>/dev/null\n");
    for (number, (table, rule)) in rules.iter().enumerate() {
        let _ = write!(
            script,
            "error=$({tool}-restore --noflush 2>&1 <<'END'\n{}END\n) || echo \"T{number} {table} $(echo $error)\"\n",
            dump_of(table, &format!("T{number}"), rule)
        );
    }
    let _ = write!(script, "echo =====\n{tool}-save\n");
    let mut shell = Command::new("unshare")
        .args(["--net", "sh", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("unshare cannot be run: {error}"))?;
    if let Some(mut input) = shell.stdin.take() {
        let text = script;
        std::thread::spawn(move || input.write_all(text.as_bytes()));
    }
    let output = shell
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || !text.contains("COMMIT") {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{tool} cannot be used in a namespace here: {} {}",
            error.trim(),
            text.lines().next().unwrap_or("")
        ));
    }
    Ok(text)
}
