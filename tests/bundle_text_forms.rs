//! A namespace dumped as JSON and as text reads the same, down to the lines of evidence, which are the very lines that
//! the tools print.
//!
//! The namespace is made here, by iproute2, with as many kinds of things as the kernel has. Where it has not got
//! something, both dumps lack it.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::path::Path;
use std::process::Command;

use bundle_support::{Files, load, namespace};
use kubenet::model::Netns;

/// Commands that may fail one by one: kernels differ in what they have.
const SETUP: &str = "
ip link set lo up
ip link add br0 type bridge
ip link set br0 type bridge vlan_filtering 1
ip link add v0 type veth peer name v1
ip link add d0 type veth peer name d1
ip link add dummy0 type dummy
ip netns add kubenet-text-forms && ip link add far0 type veth peer name far1 netns kubenet-text-forms
ip link set v0 master br0 up; ip link set v1 up; ip link set br0 up; ip link set d0 up; ip link set d1 up
ip addr add 10.0.0.1/24 brd + dev br0
ip addr add 10.0.0.2/24 dev br0
ip addr add 10.5.5.1 peer 10.5.5.2/32 dev d0
ip addr add fd00::1/64 dev br0 nodad
ip addr add fd00::aaaa/64 dev br0 nodad preferred_lft 0
ip addr add 169.254.1.1/16 scope link dev d0
ip route add default via 10.0.0.254 metric 100 mtu 1400
ip route add default via 10.0.0.253 metric 200 mtu lock 1300 advmss 1000
ip route add 10.1.0.0/16 proto static nexthop via 10.0.0.3 weight 2 nexthop via 10.0.0.4 dev br0 weight 3 onlink
ip route add 10.2.0.0/16 via 10.9.9.9 dev br0 onlink
ip route add blackhole 10.3.0.0/16
ip route add unreachable 10.3.1.0/24 metric 7
ip route add prohibit 10.3.2.0/24 table 100
ip route add throw 10.3.3.0/24 table 100
ip route add 10.4.0.0/16 via inet6 fe80::1 dev br0
ip route add 10.6.0.0/16 dev br0 tos 0x10
ip route add 10.6.1.0/24 dev br0 tos 0x28 src 10.0.0.2
ip route add 10.9.0.0/16 via 10.5.5.2
ip route add local 10.9.9.0/24 dev lo
ip nexthop add id 5 via 10.5.5.2 dev d0
ip nexthop add id 6 via 10.0.0.10 dev br0
ip nexthop add id 7 group 5/6,3
ip route add 10.7.0.0/16 nhid 5
ip route add 10.8.0.0/16 nhid 7
ip -6 route add 2001:db8::/32 via fd00::2 metric 5
ip -6 route add 2001:db8:1::/48 nexthop via fd00::3 weight 4 nexthop via fd00::4
ip -6 route add blackhole 2001:db8:2::/48
ip -6 route add unreachable 2001:db8:5::/48
ip -6 route add default from 2001:db8:3::/48 via fd00::2
ip -6 route add 2001:db8:4::/48 dev br0 expires 100000
ip rule add from 10.0.0.0/8 to 10.1.2.3 iif br0 fwmark 0x10/0xff table 100 pref 10
ip rule add not from 10.0.0.1 lookup main suppress_prefixlength 0 pref 20
ip rule add fwmark 0x4000 blackhole pref 30
ip rule add oif br0 goto 32766 pref 40
ip rule add ipproto tcp dport 80-90 sport 5 lookup 200 pref 50
ip rule add uidrange 0-1000 prohibit pref 60
ip rule add tos 0x10 lookup 100 pref 61
ip rule add iif nodev unreachable pref 62
ip rule add nop pref 63
ip rule add l3mdev pref 64
ip rule add goto 999 pref 65
ip rule add ipproto 89 lookup 100 pref 66
ip -6 rule add from fd00::/8 lookup 100 pref 10
ip -6 rule add to fd00::5 oif br0 lookup 100 pref 11
ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:01 dev br0 nud permanent
ip neigh add 10.5.5.2 lladdr 02:00:00:00:00:02 dev d0 nud stale
ip neigh add 10.5.5.3 lladdr 02:00:00:00:00:02 dev d0 nud reachable extern_learn
ip neigh add fd00::77 lladdr 02:00:00:00:00:03 dev br0 nud noarp router
ip link add vx0 type vxlan id 42 dstport 8472 local 10.0.0.1 dev br0 nolearning
ip link add vx1 type vxlan id 43 dstport 4789 group 239.1.1.1 dev br0 ttl 5 srcport 1000 2000
ip link add vx2 type vxlan external dstport 4790
ip link add vx3 type vxlan id 44 dstport 4788 remote fd00::5
ip link set vx0 up
bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.9
bridge fdb append 02:aa:00:00:00:01 dev vx0 dst 10.0.0.9 port 9999 vni 77 via br0
bridge fdb append 02:aa:00:00:00:02 dev v0 master static vlan 1
bridge fdb append 02:aa:00:00:00:03 dev v0 master dynamic
bridge fdb append 02:aa:00:00:00:04 dev v0 master static sticky
bridge vlan add dev v0 vid 10-20
bridge vlan add dev v0 vid 30 pvid untagged
bridge link set dev v0 hairpin on isolated on flood off
ip link add link br0 name br0.5 type vlan id 5
ip link add link d1 name mv0 type macvlan
ip link set v1 down
mount -t tmpfs none /run/netns # so that its id is printed instead of its name
sleep 2
";

/// Dumps by file name: the tool with its arguments, to which `-j` is added for JSON.
const DUMPS: [(&str, &str); 10] = [
    ("routes4", "ip route show table all"),
    ("routes6", "ip -6 route show table all"),
    ("rules4", "ip rule"),
    ("rules6", "ip -6 rule"),
    ("neigh", "ip neigh"),
    ("fdb", "bridge fdb"),
    ("addrs", "ip addr"),
    ("links", "ip -d link"),
    ("bridge-links", "bridge -d link"),
    ("bridge-vlans", "bridge vlan"),
];

/// Makes the namespace and dumps it in both forms into a folder. `Err` says why it cannot be done here.
fn dump(folder: &Path) -> Result<(), String> {
    let mut script = String::from("mount -t tmpfs none /run 2>/dev/null; mkdir -p /run/netns\n");
    script.push_str(SETUP);
    script.push_str(&format!("cd '{}'\n", folder.display()));
    for (name, command) in DUMPS {
        let json = command.replacen(' ', " -j ", 1);
        script.push_str(&format!(
            "{json} > {name}.json; {command} > {name}.txt; {json} > {name}.again\n"
        ));
    }
    let output = Command::new("unshare")
        .args(["--net", "--mount", "sh", "-c", &script])
        .output()
        .map_err(|error| format!("unshare: {error}"))?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    for (name, _) in DUMPS {
        if std::fs::read(folder.join(format!("{name}.json")))
            .unwrap_or_default()
            .is_empty()
        {
            return Err(format!("no namespace could be made and dumped: {stderr}"));
        }
    }
    Ok(())
}

/// The dumps of one form, as the files of a node's own namespace.
fn files(folder: &Path, extension: &str) -> Files {
    let file = |name: &str| {
        let bytes = std::fs::read(folder.join(format!("{name}.{extension}"))).unwrap();
        (format!("nodes/n/host/{name}.{extension}"), bytes)
    };
    DUMPS.iter().map(|(name, _)| file(name)).collect()
}

/// Whether nothing ran out or was learnt between the two dumps in JSON; that in text was made between them.
fn is_stable(folder: &Path) -> bool {
    let read =
        |name: &str, extension: &str| std::fs::read(folder.join(format!("{name}.{extension}")));
    DUMPS
        .iter()
        .all(|(name, _)| read(name, "json").unwrap() == read(name, "again").unwrap())
}

/// The lines of a text dump with single blanks, those of next hops added to their route, and without the word for a
/// locked MTU, which `-j` does not print.
fn printed(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
    let text = text
        .replace("\n\tnexthop", " nexthop")
        .replace(" lock ", " ");
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn text_and_json_give_the_same_namespace() {
    let folder = std::env::temp_dir().join(format!("kubenet-text-forms-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for attempt in 1.. {
        if let Err(reason) = dump(&folder) {
            println!("skipped: {reason}");
            return;
        }
        if is_stable(&folder) {
            break;
        }
        assert!(attempt < 5, "the namespace does not come to rest");
    }
    let from_json = load(&files(&folder, "json"));
    let from_text = load(&files(&folder, "txt"));
    assert_eq!(bundle_support::gaps(&from_json), Vec::<String>::new());
    assert_eq!(bundle_support::gaps(&from_text), Vec::<String>::new());
    let json = namespace(&from_json, "nodes/n/host");
    let text = namespace(&from_text, "nodes/n/host");
    same(json, text);

    // What the readers call evidence is what the tools printed.
    let raw = |lines: &mut dyn Iterator<Item = &str>| lines.map(str::to_owned).collect::<Vec<_>>();
    let rules4 = &mut json.rules4.iter().flatten().map(|rule| rule.raw.as_str());
    assert_eq!(raw(rules4), printed(&folder, "rules4"));
    let rules6 = &mut json.rules6.iter().flatten().map(|rule| rule.raw.as_str());
    assert_eq!(raw(rules6), printed(&folder, "rules6"));
    let routes6 = &mut json
        .routes6
        .iter()
        .flatten()
        .map(|route| route.raw.as_str());
    assert_eq!(raw(routes6), printed(&folder, "routes6"));
    let routes = json.routes4.iter().chain(&json.routes6).flatten();
    let routes = &mut routes.map(|route| route.raw.as_str());
    assert_eq!(
        raw(routes),
        printed(&folder, "routes4"),
        "all tables of both families"
    );
    let fdb = &mut json.fdb.iter().flatten().map(|entry| entry.raw.as_str());
    assert_eq!(raw(fdb), printed(&folder, "fdb"));
    let neighbors = &mut json
        .neighbors
        .iter()
        .flatten()
        .map(|neighbor| neighbor.raw.as_str());
    assert_eq!(raw(neighbors), printed(&folder, "neigh"));
    std::fs::remove_dir_all(&folder).unwrap();
}

fn same(json: &Netns, text: &Netns) {
    assert_eq!(json.links, text.links);
    assert_eq!(json.addresses, text.addresses);
    assert_eq!(json.rules4, text.rules4);
    assert_eq!(json.rules6, text.rules6);
    assert_eq!(json.neighbors, text.neighbors);
    assert_eq!(json.fdb, text.fdb);
    assert_eq!(without_locks(json), without_locks(text));
    // A test in which nothing was made would pass too.
    assert!(
        json.links.as_ref().is_some_and(|links| links.len() >= 10),
        "{:?}",
        json.links
    );
    assert!(
        json.routes4
            .as_ref()
            .is_some_and(|routes| routes.len() >= 20)
    );
    assert!(json.rules4.as_ref().is_some_and(|rules| rules.len() >= 12));
    assert!(json.fdb.as_ref().is_some_and(|entries| entries.len() >= 8));
    assert!(
        json.neighbors
            .as_ref()
            .is_some_and(|neighbors| neighbors.len() >= 2)
    );
}

/// Routes of both families. `ip -j` does not say that an MTU is locked, and no model of a packet's way needs it.
fn without_locks(netns: &Netns) -> Vec<kubenet::model::Route> {
    let mut routes: Vec<_> = netns
        .routes4
        .iter()
        .chain(&netns.routes6)
        .flatten()
        .cloned()
        .collect();
    for route in &mut routes {
        route.raw = route.raw.replace(" lock ", " ");
    }
    routes
}
