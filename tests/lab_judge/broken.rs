//! Something is broken by the commands a person would use, and questions are asked of what it concerns and of what not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubenet::collect;
use kubenet::lab::demo::{self, Choice};
use kubenet::lab::plan::DeviceKind;
use kubenet::lab::registry::{LabState, Place};
use kubenet::lab::spec::{Backend, IptablesBackend, Spec};
use kubenet::lab::wiring;

use crate::bench::Bench;
use crate::lab_support::bench::{Scratch, can_build};
use crate::lab_support::sniff::Sniffer;
use crate::question::Asked;

/// Connections where they are counted.
const CONNECTIONS: u32 = 60;

/// What a lab is made of.
pub type Kind = (Backend, IptablesBackend);
/// flannel's tunnels, rules in nf_tables.
pub const VXLAN: Kind = (Backend::Vxlan, IptablesBackend::Nft);
/// flannel's routes.
pub const HOST_GW: Kind = (Backend::HostGw, IptablesBackend::Nft);
/// Rules in x_tables.
pub const LEGACY: Kind = (Backend::Vxlan, IptablesBackend::Legacy);

/// The lab that is built unless something else is asked for, without the half of its pods that nothing is asked of here.
fn spec((backend, iptables): Kind) -> Spec {
    let mut spec = demo::spec(&Choice {
        backend,
        iptables,
        ..Choice::default()
    });
    let asked = |name: &str| {
        ["client", "single", "three"]
            .iter()
            .any(|one| name.starts_with(one))
    };
    let objects = &mut spec.objects;
    objects
        .pods
        .retain(|pod| asked(&pod.name) || pod.name == "five-a");
    objects.services.retain(|service| asked(&service.name));
    objects
        .endpoint_slices
        .retain(|slice| asked(&slice.service));
    spec
}

/// Something that is broken: its name, and what breaks it.
struct Breakage<'a> {
    name: &'a str,
    /// Place and command, in this order.
    commands: Vec<(&'a str, &'a str)>,
}

/// Reads `# NAME` and below it a line `PLACE: COMMAND` for each step. Names of devices and addresses are variables, see
/// [`names`].
fn read(text: &str) -> Vec<Breakage<'_>> {
    let mut all: Vec<Breakage<'_>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (line.strip_prefix("# "), all.last_mut()) {
            (Some(name), _) => all.push(Breakage {
                name,
                commands: Vec::new(),
            }),
            (None, Some(last)) => last
                .commands
                .push(line.split_once(": ").expect("PLACE: COMMAND")),
            (None, None) => panic!("{line:?} belongs to no breakage"),
        }
    }
    all
}

/// Labs at once: they are waited for more than they work.
const BENCHES: usize = 6;

/// For each breakage, builds a lab, breaks it, and asks. A question that begins with `? ` is one to which what can be
/// read of the nodes holds no answer: the walk must say so.
pub fn each(kind: Kind, questions: &[&str], breakages: &str) {
    let asked: Vec<Asked> = questions.iter().map(|text| Asked::read(text)).collect();
    let breakages = read(breakages);
    let runs = breakages
        .iter()
        .map(|breakage| (breakage, asked.as_slice()));
    judge(kind, &asked, &runs.collect::<Vec<_>>());
}

/// The same with a lab for each question, where one question has a bearing on the next.
pub fn each_apart(kind: Kind, questions: &[&str], breakages: &str) {
    let asked: Vec<Asked> = questions.iter().map(|text| Asked::read(text)).collect();
    let breakages = read(breakages);
    let runs = breakages
        .iter()
        .flat_map(|breakage| asked.chunks(1).map(move |one| (breakage, one)));
    judge(kind, &asked, &runs.collect::<Vec<_>>());
}

fn judge(kind: Kind, warm: &[Asked], runs: &[(&Breakage<'_>, &[Asked])]) {
    if !can_build() {
        return;
    }
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..BENCHES {
            scope.spawn(|| {
                while let Some((breakage, asked)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = differences(kind, breakage, warm, asked);
                    if !found.is_empty() {
                        let found = format!("{}:\n  {}", breakage.name, found.join("\n  "));
                        wrong.lock().unwrap().push(found);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
}

/// Where kernel and walk differ about `asked`, in a lab where `warm` was asked before it was broken.
fn differences(
    kind: Kind,
    breakage: &Breakage<'_>,
    warm: &[Asked],
    asked: &[Asked],
) -> Vec<String> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("broken-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let scratch = Scratch::new(&name);
    let spec = serde_json::to_string(&spec(kind)).unwrap();
    let file = scratch.write("spec.json", &spec);
    let bench = Bench::up(&name, &["--spec", file.to_str().unwrap()]);
    bench.warm(warm);
    let names = names(&bench.state);
    for (place, command) in &breakage.commands {
        let script = format!("{names}{command}");
        let output = bench.lab.run(place, &["sh", "-ec", &script]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if stderr.contains("Operation not supported") {
            eprintln!("skipped: this kernel cannot do `{command}`");
            return Vec::new();
        }
        assert!(output.status.success(), "{place}: {command}: {stderr}");
    }
    // Word of a carrier that comes or goes takes up to a second (net/core/link_watch.c).
    let mut commands = breakage.commands.iter();
    if commands.any(|(_, command)| command.contains("ip link")) {
        std::thread::sleep(Duration::from_millis(1100));
    }
    let cluster = collect::lab::read_lab(Some(&bench.lab.name)).expect("the lab can be read");
    assert_eq!(cluster.gaps, [], "everything is read");
    let outcomes: Vec<Vec<String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = asked
            .iter()
            .map(|one| scope.spawn(|| bench.outcome(&cluster, one, CONNECTIONS)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("the asking thread"))
            .collect()
    });
    // Of many errors at once a router tells their sender a few only, then one a second (`ip_error`): what differed is asked
    // once more, by itself.
    let again = |(one, wrong): (&Asked, Vec<String>)| {
        if wrong.is_empty() {
            return wrong;
        }
        std::thread::sleep(Duration::from_secs(6));
        bench.outcome(&cluster, one, CONNECTIONS)
    };
    let wrong: Vec<String> = asked.iter().zip(outcomes).flat_map(again).collect();
    // What did not arrive as predicted is known by now.
    if !wrong.is_empty() {
        return wrong;
    }
    let sniffer = Sniffer::new(&bench.state);
    asked
        .iter()
        .flat_map(|one| bench.devices(&sniffer, &cluster, one))
        .collect()
}

/// Names for commands, as shell variables: `$vtep_NODE` and `$bridge_NODE`, the addresses of a node's tunnel and of its
/// bridge; `$port_POD` and `$mac_POD`, the node's end of a pod's veth and the pod's address; dashes are underscores. And
/// `$iptables`, the program that the lab's rules were made with. `endpoint_chain IP:PORT` prints kube-proxy's chain of an
/// endpoint; `remake_tunnel` makes node1's tunnel anew as flannel does, but for the options of `type vxlan`.
fn names(lab: &LabState) -> String {
    let iptables = match lab.spec.iptables {
        IptablesBackend::Nft => "iptables-nft",
        IptablesBackend::Legacy => "iptables-legacy",
    };
    let mut names = format!("iptables={iptables}\n");
    let mut set = |kind: &str, of: &str, value: String| {
        names += &format!("{kind}_{}={value}\n", of.replace('-', "_"));
    };
    for plan in wiring::plans(&lab.spec).expect("the lab's plans") {
        let Place::Node { node } = &plan.place else {
            continue;
        };
        for device in &plan.devices {
            let mac = device.mac.map(|mac| mac.to_string()).unwrap_or_default();
            match &device.kind {
                DeviceKind::Vxlan { .. } => set("vtep", node, mac),
                DeviceKind::Bridge => set("bridge", node, mac),
                DeviceKind::VethTo {
                    place: Place::Pod { name, .. },
                    mac,
                    ..
                } => {
                    set("port", name, device.name.clone());
                    set("mac", name, mac.to_string());
                }
                _ => {}
            }
        }
    }
    names + FUNCTIONS
}

const FUNCTIONS: &str = r#"
endpoint_chain() {
    $iptables -t nat -S | sed -n "s/^-A \(KUBE-SEP-[^ ]*\) .*-p tcp.*--to-destination $1\$/\1/p"
}
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
"#;
