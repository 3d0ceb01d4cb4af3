//! kube-proxy's ipvs mode. Most kernels have ip_vs as a module; where there is none, `make test-vm` asks one that has.

use kubenet::collect;

use crate::bench::Bench;
use crate::lab_support::bench::{can_build, has_ipvs};
use crate::lab_support::sniff::Sniffer;
use crate::question::{self, Asked};

/// Connections where frequencies are counted: servers take exact turns, so few tell much, and the machine may be emulated.
const CONNECTIONS: u32 = 30;

/// Those of each kind: by turns, by connections, by hashes. `ipvs_kernel` asks all.
const SCHEDULERS: [&str; 4] = ["wrr", "lc", "sh", "mh"];

fn bench(name: &str) -> Option<Bench> {
    (can_build() && has_ipvs()).then(|| Bench::up(name, &["--proxy", "ipvs"]))
}

/// Every Service, pods and what is not there, from pods and nodes.
#[test]
fn destinations() {
    let Some(bench) = bench("ipvs-all") else {
        return;
    };
    let asked = question::all(bench.state.objects());
    bench.warm(&asked);
    let cluster = collect::lab::read_lab(Some(&bench.lab.name)).expect("the lab can be read");
    assert_eq!(cluster.gaps, [], "everything is read");
    let sniffer = Sniffer::new(&bench.state);
    let mut wrong = Vec::new();
    // One in five, all senders and kinds of destinations among them.
    let some: Vec<&Asked> = asked.iter().step_by(5).collect();
    for one in &some {
        wrong.extend(bench.outcome(&cluster, one, CONNECTIONS));
        wrong.extend(bench.devices(&sniffer, &cluster, one));
    }
    eprintln!("{} questions", some.len());
    assert!(some.len() >= 20, "only {} questions", some.len());
    assert_eq!(wrong, [""; 0]);
}

/// Who takes the next connection with each scheduler, from a pod and from a node.
#[test]
fn schedulers() {
    let Some(bench) = bench("ipvs-next") else {
        return;
    };
    let mut wrong = Vec::new();
    for scheduler in SCHEDULERS {
        let edit = format!(
            "ipvsadm -Sn | sed -n 's/^-A \\(.*\\) -s [a-z]*/-E \\1 -s {scheduler}/p' | ipvsadm --restore"
        );
        for node in bench.state.objects().nodes.clone() {
            let place = format!("node/{}", node.name);
            let output = bench.lab.run(&place, &["sh", "-c", &edit]);
            assert!(output.status.success(), "{scheduler}: {output:?}");
        }
        let cluster = collect::lab::read_lab(Some(&bench.lab.name)).expect("the lab can be read");
        // By different nodes, so that neither changes what the other meets.
        for asked in ["client tcp 10.43.10.3:80", "node/node1 tcp 10.43.10.5:80"] {
            let differences = bench.next(&cluster, &Asked::read(asked)).into_iter();
            wrong.extend(differences.map(|line| format!("{scheduler}: {line}")));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
