//! A live trace that takes its names from an API server: namespaces play the node `node1` of a captured cluster, with two
//! of its pods and the rules that kube-proxy wrote there.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sched::{CloneFlags, setns};
use serde_json::Value;

use super::captured;
use super::recorded::{Recorded, forbidden, status};
use super::server::{Question, Reply, Server};

const CLUSTER: &str = "iptables-nft-vxlan";

/// The node's own address is on its bridge; each pod has the addresses that the API says it has. A line of standard input
/// is a command line of the program, answered by one line.
const NODE: &str = r#"
set -e
mount -t tmpfs none /run
ip link set lo up
ip link add cni0 type bridge
ip addr add 10.42.1.1/24 dev cni0
ip addr add 192.168.205.3/32 dev cni0
ip link set cni0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
for n in 3 6; do
  unshare -n sleep 120 >/dev/null 2>&1 & pid=$!
  while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  ip link add "veth$n" type veth peer name eth0 netns $pid
  ip link set "veth$n" master cni0 up
  nsenter -t $pid -n sh -c "ip link set lo up; ip link set eth0 up
    ip addr add 10.42.1.$n/24 dev eth0; ip -6 addr add fd00:42:0:1::$n/64 dev eth0 nodad
    ip route add default via 10.42.1.1
    ip -6 route add default via fd00:42:0:1::1"
  eval "pod$n=$pid"
done
# Counters of accounting (nfacct) have to be made first; packets go the same way without.
grep -v nfacct "$RULES" | iptables-restore
echo ready
while read -r line; do
  eval "$line" 2>/dev/null | tr -d '\n' || true
  echo
done
kill $pod3 $pod6
"#;

struct Node {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Node {
    /// `None` where no node can be made.
    fn start() -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            println!("skipped: only root may serve in another network namespace");
            return None;
        }
        let files = captured::files(&captured::archive(CLUSTER));
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("kubenet-rules-{}-{number}", std::process::id());
        let rules = std::env::temp_dir().join(name);
        std::fs::write(&rules, &files["nodes/node1/host/iptables-save.txt"]).unwrap();
        let mut child = Command::new("unshare")
            .args(["-mnpf", "--mount-proc", "bash", "-c", NODE])
            .env("KUBENET", env!("CARGO_BIN_EXE_kubenet"))
            .env("RULES", &rules)
            .env("HOME", "/nonexistent")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        std::fs::remove_file(rules).unwrap();
        if line.trim() != "ready" {
            println!("skipped: no node can be made of namespaces here");
            let _ = child.wait();
            return None;
        }
        Some(Self { child, answers })
    }

    /// A server on the node's loopback.
    fn serve(&self, answer: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> Server {
        let namespace = File::open(format!("/proc/{}/ns/net", self.child.id())).unwrap();
        let enter = move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            TcpListener::bind("127.0.0.1:0").unwrap()
        };
        Server::serve(std::thread::spawn(enter).join().unwrap(), answer)
    }

    fn ask(&mut self, line: &str) -> Value {
        self.ask_with("", line)
    }

    /// With variables of the environment set before.
    fn ask_with(&mut self, environment: &str, line: &str) -> Value {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{environment} \"$KUBENET\" {line} -o json").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{line}: {error}: {answer}"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn names_what_the_machine_has_and_reads_no_more_than_it_needs() {
    let Some(mut node) = Node::start() else {
        return;
    };
    // Without any way to the API there are addresses only.
    let bare = node.ask("trace 10.42.1.3 10.42.1.6:80");
    assert_eq!(bare["flow"]["from"]["kind"], "address", "{bare}");

    let recorded = Recorded::of(CLUSTER);
    let server = node.serve(move |question| recorded.answer(question));
    let config = server.kubeconfig().display().to_string();
    let trace = node.ask(&format!("--kubeconfig {config} trace client-1 nginx-test"));
    assert_eq!(trace["flow"]["from"]["name"], "client-1", "{trace}");
    assert_eq!(trace["flow"]["from"]["node"], "node1");
    assert_eq!(trace["flow"]["to"]["ip"], "10.43.6.58");
    let paths = trace["paths"].as_array().unwrap();
    assert_eq!(paths.len(), 2, "{trace}");
    // Nothing listens in the pod, and the kernel knows no way to the other node.
    let here = paths.iter().find(|path| path["client_sees"] == "refused");
    let stop = &here.unwrap_or_else(|| panic!("{trace}"))["stopped_at"];
    assert_eq!(stop["netns"], "pod:default/nginx-test-1");
    // kube-proxy wrote these rules for these objects. (That the node has no tunnel is true.)
    let findings = trace["findings"].as_array().unwrap();
    let of_service = |found: &&Value| found.to_string().contains("nginx-test");
    assert_eq!(findings.iter().find(of_service), None);
    // What flannel is to have made here stands in the Node object.
    assert!(
        findings
            .iter()
            .any(|found| found["id"] == "vxlan-device-missing")
    );

    let asked = server.asked();
    assert!(asked.contains(&"/api/v1/namespaces/default/services/nginx-test".to_owned()));
    let slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=\
                  kubernetes.io%2Fservice-name%3Dnginx-test&limit=500";
    assert!(asked.contains(&slices.to_owned()), "{asked:?}");
    let whole = |path: &&String| {
        [
            "/api/v1/pods?limit",
            "/api/v1/services?limit",
            "endpointslices?limit",
        ]
        .iter()
        .any(|list| path.contains(list))
    };
    assert_eq!(asked.iter().find(whole), None);

    // The same by its address, found without being asked for.
    let by_address = node.ask(&format!(
        "trace 10.42.1.3 10.43.6.58:80 --kubeconfig {config}"
    ));
    assert_eq!(
        by_address["flow"]["to"]["name"], "nginx-test",
        "{by_address}"
    );
    assert_eq!(by_address["flow"]["from"]["name"], "client-1");
    let node_port = node.ask(&format!(
        "trace client-1 192.168.205.3:1 --context here --kubeconfig {config}"
    ));
    assert_eq!(node_port["flow"]["to"]["name"], "node1", "{node_port}");

    let pods = node.ask(&format!("pods --kubeconfig {config}"));
    let captured: Vec<&Value> = pods["pods"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|pod| pod["captured"] == true && pod["host_network"] == false)
        .map(|pod| &pod["name"])
        .collect();
    assert_eq!(captured, ["client-1", "nginx-test-1"]);
}

#[test]
fn a_server_that_fails_costs_the_names_and_nothing_else() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let refusing = node.serve(|_| forbidden("everything"));
    let config = refusing.kubeconfig().display().to_string();
    let by_address = "trace 10.42.1.3 10.42.1.6:80";
    let plain = node.ask(by_address);
    for refused in [
        format!("--kubeconfig {config} {by_address}"),
        format!("{by_address} --context here --kubeconfig {config}"),
    ] {
        let trace = node.ask(&refused);
        assert_eq!(trace["paths"], plain["paths"]);
        let not_seen = trace["not_seen"].to_string();
        assert!(
            not_seen.contains("RBAC has to allow the verb list on nodes"),
            "{not_seen}"
        );
    }
    let silent = node.serve(|_| Reply::Silence);
    let config = silent.kubeconfig().display().to_string();
    let before = std::time::Instant::now();
    let trace = node.ask_with(&format!("KUBECONFIG={config}"), by_address);
    assert!(before.elapsed().as_secs() < 15);
    assert!(
        trace["not_seen"].to_string().contains("no answer in time"),
        "{trace}"
    );
    assert_eq!(trace["paths"], plain["paths"]);
}

/// The rules of a Service that was changed since: what differs is found without reading other Services.
#[test]
fn what_differs_from_one_service_is_found() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let recorded = Recorded::of(CLUSTER);
    let server = node.serve(move |question| {
        let answer = recorded.answer(question);
        match answer {
            Reply::Json(200, text) if question.path.contains("slices") => {
                Reply::Json(200, text.replace("10.42.2.6", "10.42.2.99"))
            }
            answer => answer,
        }
    });
    let config = server.kubeconfig().display().to_string();
    let trace = node.ask(&format!("trace client-1 nginx-test --kubeconfig {config}"));
    let found = trace["findings"].to_string();
    assert!(
        found.contains("10.42.2.99") && found.contains("10.42.2.6"),
        "{found}"
    );
}

/// Servers of older versions do not select Services by spec.clusterIP (kubernetes/pkg/apis/core/v1/conversion.go), and what
/// stands before one may know no selectors of fields at all: then all are asked for, and nothing is complained of.
#[test]
fn what_no_field_selects_is_found_among_all() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let ask = "trace 10.42.1.3 10.43.6.58:80 --kubeconfig";
    const ALL: [&str; 3] = ["spec.clusterIP", "status.podIP", "spec.nodeName"];
    for unknown in [&ALL[..1], &ALL[..]] {
        let recorded = Recorded::of(CLUSTER);
        let server = node.serve(move |question| {
            let selector = question
                .query
                .get("fieldSelector")
                .cloned()
                .unwrap_or_default();
            match unknown.iter().find(|field| selector.starts_with(*field)) {
                Some(field) => status(
                    400,
                    "BadRequest",
                    &format!("field label not supported: {field}"),
                ),
                None => recorded.answer(question),
            }
        });
        let config = server.kubeconfig().display().to_string();
        let trace = node.ask(&format!("{ask} {config}"));
        assert_eq!(trace["flow"]["to"]["name"], "nginx-test", "{trace}");
        assert_eq!(trace["flow"]["from"]["name"], "client-1", "{trace}");
        assert!(
            !trace["not_seen"].to_string().contains("field label"),
            "{trace}"
        );
        let asked = server.asked();
        let with = |word: &str| asked.iter().filter(|path| path.contains(word)).count();
        // Once it is refused it is not asked again.
        assert_eq!(with("fieldSelector=spec.clusterIP"), 1, "{asked:?}");
        assert!(with("/api/v1/services?limit") >= 1, "{asked:?}");
        let pods = with("/api/v1/pods?limit");
        assert_eq!(pods > 0, unknown.len() == 3, "{asked:?}");
    }
}

/// Sandboxes that the runtime still has of pods which the API does not: one was deleted, one was made anew.
#[test]
fn sandboxes_of_pods_that_are_gone_are_told() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let recorded = Recorded::of(CLUSTER);
    let uid_of = |name: &str| {
        let mut pods = recorded.items("pods").iter();
        let pod = pods.find(|pod| pod["metadata"]["name"] == name).unwrap();
        pod["metadata"]["uid"].as_str().unwrap().to_owned()
    };
    let sandbox = |id: &str, name: &str, uid: &str, pid: &str| {
        let config = serde_json::json!({
            "annotations": {
                "io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": id,
                "io.kubernetes.cri.sandbox-namespace": "default", "io.kubernetes.cri.sandbox-name": name,
                "io.kubernetes.cri.sandbox-uid": uid,
            },
            "linux": {"namespaces": [{"type": "network", "path": "/proc/PID/ns/net"}]},
        });
        let config = config.to_string().replace("PID", &format!("'${pid}'"));
        let folder = format!("/run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}");
        format!(
            "mkdir -p {folder}; echo '{config}' > {folder}/config.json; printf %s ${pid} > {folder}/init.pid; "
        )
    };
    let cases = [
        (uid_of("client-1"), "client-1", Vec::new()),
        (
            "11111111-of-before".to_owned(),
            "client-1",
            vec!["stuck: of an earlier pod of this name"],
        ),
        (
            uid_of("client-1"),
            "gone",
            vec!["stuck: the API knows no such pod on this node"],
        ),
    ];
    let server = node.serve(move |question| recorded.answer(question));
    let config = server.kubeconfig().display().to_string();
    for (uid, name, expected) in cases {
        let made = sandbox("abc", name, &uid, "pod3");
        let pods = node.ask_with(&made, &format!("pods --kubeconfig {config}"));
        let mut all = pods["pods"].as_array().unwrap().iter();
        let pod = all
            .find(|pod| pod["name"] == name)
            .unwrap_or_else(|| panic!("{pods}"));
        assert_eq!(
            pod["sandboxes"][0]["odd"],
            serde_json::json!(expected),
            "{pod}"
        );
        assert_eq!(pod["captured"], true);
        // Of the same thing, where only this node's pods are asked for.
        let netns = node.ask_with(&made, &format!("netns --kubeconfig {config}"));
        let its = netns["netns"].as_array().unwrap().iter();
        let odd: Vec<&Value> = its
            .filter(|one| one["sandboxes"] == serde_json::json!(["abc"]))
            .map(|one| &one["odd"])
            .collect();
        assert_eq!(odd, [&serde_json::json!(expected)], "{netns}");
    }
    let asked = server.asked();
    assert!(
        asked.iter().any(|path| path.contains("spec.nodeName")),
        "{asked:?}"
    );
    // Without the API nothing is said of it.
    let made = sandbox("abc", "gone", "0", "pod3");
    let netns = node.ask_with(&made, "netns");
    assert!(!netns.to_string().contains("stuck"), "{netns}");
}
