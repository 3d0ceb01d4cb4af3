//! Pods and containers of a live machine by what their runtimes keep of them: namespaces play the machine, and its state
//! files are made as containerd, Docker and cri-dockerd make them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Makes a machine: `space NAME ADDRESS` starts a program in a namespace that is pinned to /run/NAME, with a veth pair to
/// the bridge, and sets `pid`. `pod ID NAME UID NETNS PID` and `container ID NAME MODE KEY PID` write a runtime's files.
const MACHINE: &str = r#"
set -e
mount -t tmpfs none /run
mkdir -p /var/lib/docker
mount -t tmpfs none /var/lib/docker
ip link set lo up
ip link add cni0 type bridge
ip addr add 198.18.77.1/24 dev cni0
ip link set cni0 up
mkdir -p /run/netns /run/docker/netns
number=0 started=
space() {
  number=$((number + 1))
  unshare -n sleep 60 >/dev/null 2>&1 & pid=$!
  started="$started $pid"
  while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  touch /run/$1
  mount --bind /proc/$pid/ns/net /run/$1
  ip link add "veth$number" type veth peer name eth0 netns $pid
  ip link set "veth$number" master cni0 up
  nsenter -t $pid -n sh -c "ip link set lo up; ip link set eth0 up
    ip addr add $2/24 dev eth0; ip route add default via 198.18.77.1"
}
pod() {
  task=/run/containerd/io.containerd.runtime.v2.task/k8s.io/$1
  mkdir -p $task
  network=
  if [ -n "$4" ]; then network=", {\"type\": \"network\", \"path\": \"/var/run/$4\"}"; fi
  cat > $task/config.json <<JSON
{"ociVersion": "1.1.0",
 "annotations": {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": "$1",
  "io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-name": "$2",
  "io.kubernetes.cri.sandbox-uid": "$3"},
 "linux": {"namespaces": [{"type": "pid"}$network]}}
JSON
  printf %s "$5" > $task/init.pid
}
container() {
  folder=/var/lib/docker/containers/$1
  mkdir -p $folder
  cat > $folder/config.v2.json <<JSON
{"State": {"Running": true, "Paused": false, "Pid": $5, "ExitCode": 0}, "ID": "$1", "Name": "/$2",
 "Config": {"Labels": {}}, "NetworkSettings": {"SandboxKey": "$4", "Networks": {}}}
JSON
  echo "{\"NetworkMode\": \"$3\"}" > $folder/hostconfig.json
}
say() { "$KUBENET" "$@" -o json | tr -d '\n' || true; echo; }
"#;

/// What commands print in a machine; `None` where none can be made.
fn printed(steps: &str) -> Option<Vec<Value>> {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root may bind namespaces to files");
        return None;
    }
    let script = format!("{MACHINE}\necho ready\n{steps}\nkill $started");
    let output = Command::new("unshare")
        .args(["-mnpf", "--mount-proc", "bash", "-c", &script])
        .env("KUBENET", env!("CARGO_BIN_EXE_kubenet"))
        .env("HOME", "/nonexistent")
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    if lines.next() != Some("ready") {
        println!("skipped: no machine can be made of namespaces here: {said}");
        return None;
    }
    let read =
        |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{said}"));
    Some(lines.map(read).collect())
}

/// The entries of a list by name.
fn by_name<'v>(document: &'v Value, list: &str, key: &str) -> BTreeMap<String, &'v Value> {
    let all = document[list].as_array().unwrap().iter();
    all.map(|one| (one[key].as_str().unwrap().to_owned(), one))
        .collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect()
}

const UID: &str = "aaaa2b4a-f398-41c0-928b-049e1cc4ec40";

#[test]
fn sandboxes_that_are_stuck_and_namespaces_that_leaked_are_marked() {
    let steps = format!(
        r#"
space netns/cni-good 198.18.77.2; good=$pid
pod 1111aaaa1111aaaa good {UID} netns/cni-good $pid
space netns/cni-two 198.18.77.3
pod 2222aaaa2222aaaa twice bbbb2b4a-f398-41c0-928b-049e1cc4ec40 netns/cni-two $pid
space netns/cni-three 198.18.77.4
pod 3333aaaa3333aaaa twice bbbb2b4a-f398-41c0-928b-049e1cc4ec40 netns/cni-three $pid
space netns/cni-dead 198.18.77.5
pod 4444aaaa4444aaaa dead cccc2b4a-f398-41c0-928b-049e1cc4ec40 netns/cni-dead $pid
kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done
space netns/cni-leaked 198.18.77.6
kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done
ip netns add made-by-hand
unshare -m sleep 60 >/dev/null 2>&1 & started="$started $!"
pod 5555aaaa5555aaaa exporter dddd2b4a-f398-41c0-928b-049e1cc4ec40 "" $!
say pods
say netns
echo "$good"
"#
    );
    let Some(documents) = printed(&steps) else {
        return;
    };
    let [pods, netns, good] = documents.as_slice() else {
        panic!("{documents:?}");
    };
    let pods = by_name(pods, "pods", "name");
    let names: Vec<&str> = pods.keys().map(String::as_str).collect();
    assert_eq!(names, ["dead", "exporter", "good", "twice"]);
    let odd = |name: &str| -> Vec<Vec<&str>> {
        let sandboxes = pods[name]["sandboxes"].as_array().unwrap();
        sandboxes.iter().map(|one| texts(&one["odd"])).collect()
    };
    let [sandbox] = pods["good"]["sandboxes"].as_array().unwrap().as_slice() else {
        panic!("{}", pods["good"]);
    };
    assert_eq!(sandbox["runtime"], "containerd");
    assert_eq!(sandbox["pid"], *good);
    assert_eq!(sandbox["path"], "/run/netns/cni-good");
    assert_eq!(pods["good"]["device"], "veth1");
    assert_eq!(odd("good"), [Vec::<&str>::new()]);
    assert_eq!(
        odd("dead"),
        [["stuck: no process is seen in its namespace"]]
    );
    assert_eq!(
        odd("twice"),
        [
            ["another sandbox of this pod: 3333aaaa3333"],
            ["another sandbox of this pod: 2222aaaa2222"]
        ]
    );
    assert_eq!(pods["exporter"]["network"], "host");
    assert_eq!(odd("exporter"), [Vec::<&str>::new()]);

    let netns = by_name(netns, "netns", "netns");
    let leaked: Vec<&str> = netns
        .iter()
        .filter(|(_, one)| {
            texts(&one["odd"])
                .iter()
                .any(|odd| odd.starts_with("leaked"))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(leaked, ["netns:cni-leaked"]);
    assert_eq!(netns["pod:shop/good"]["pid"], *good);
    // Which of two sandboxes is the pod's, nobody can tell: neither namespace bears its name.
    assert!(netns.contains_key("netns:cni-two") && netns.contains_key("netns:cni-three"));
    assert!(netns.contains_key("netns:made-by-hand") && netns.contains_key("pod:shop/dead"));
}

#[test]
fn containers_of_docker_are_traced_like_pods() {
    let Some(documents) = printed(
        r#"
space docker/netns/0123456789ab 198.18.77.2
container c0ffee00c0ffee web default /var/run/docker/netns/0123456789ab $pid
nsenter -t $pid -n sleep 60 >/dev/null 2>&1 & sidecar=$!; started="$started $sidecar"
container c0ffee11c0ffee sidecar container:c0ffee00c0ffee "" $sidecar
space docker/netns/ba9876543210 198.18.77.3
container decaf000decaf0 db backend /var/run/docker/netns/ba9876543210 $pid
sleep 60 >/dev/null 2>&1 & started="$started $!"
container decaf111decaf1 agent host "" $!
space docker/netns/aaaaaaaaaaaa 198.18.77.4
kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done
say pods
say netns
say trace docker:web docker:db:5432
say trace sidecar 198.18.77.3:5432
say trace docker:decaf111 docker:web:80
say trace docker:wib 198.18.77.3:5432
say show links --pod docker:db
"#,
    ) else {
        return;
    };
    let [pods, netns, bridge, sidecar, host, unknown, links] = documents.as_slice() else {
        panic!("{documents:?}");
    };
    let pods = by_name(pods, "pods", "name");
    let told: Vec<[&str; 4]> = pods
        .iter()
        .map(|(name, pod)| {
            let [text, network] =
                [&pod["kind"], &pod["network"]].map(|value| value.as_str().unwrap());
            [
                name.as_str(),
                text,
                network,
                pod["ips"][0].as_str().unwrap(),
            ]
        })
        .collect();
    assert_eq!(
        told,
        [
            ["docker:agent", "container", "host", "198.18.77.1"],
            ["docker:db", "container", "backend", "198.18.77.3"],
            [
                "docker:sidecar",
                "container",
                "container:web",
                "198.18.77.2"
            ],
            ["docker:web", "container", "bridge", "198.18.77.2"],
        ]
    );
    let netns = by_name(netns, "netns", "netns");
    let names: Vec<&str> = netns.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "host",
            "netns:aaaaaaaaaaaa",
            "netns:docker:db",
            "netns:docker:web"
        ]
    );
    assert_eq!(
        texts(&netns["netns:aaaaaaaaaaaa"]["odd"]),
        ["leaked: no pod, no container and no process"]
    );
    // Nothing listens there.
    for (trace, from) in [(bridge, "web"), (sidecar, "sidecar"), (host, "agent")] {
        assert_eq!(trace["flow"]["from"]["kind"], "container", "{trace}");
        assert_eq!(trace["flow"]["from"]["name"], from);
        assert_eq!(trace["client_sees"], "refused", "{trace}");
    }
    assert_eq!(bridge["flow"]["to"]["name"], "db");
    assert_eq!(bridge["flow"]["from"]["ip"], "198.18.77.2");
    assert_eq!(host["flow"]["from"]["ip"], "198.18.77.1");
    assert_eq!(unknown["error"], "no container wib of Docker runs here");
    assert!(
        unknown["hint"].as_str().unwrap().contains("docker:web"),
        "{unknown}"
    );
    let devices = links["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap());
    assert_eq!(devices.collect::<Vec<_>>(), ["lo", "eth0"]);
}

#[test]
fn a_runtime_that_says_nothing_is_named_and_waited_for_a_second() {
    let folder = std::env::temp_dir().join(format!("kubenet-silent-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("runtime.sock");
    // The kernel takes connections in, and nobody reads them.
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let start = std::time::Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .arg("pods")
        .env(
            "CONTAINER_RUNTIME_ENDPOINT",
            format!("unix://{}", socket.display()),
        )
        .env("HOME", "/nonexistent")
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    assert!(start.elapsed() >= std::time::Duration::from_secs(1));
    drop(listener);
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let note = format!(
        "the container runtime at {} does not tell its sandboxes (no answer within 1 s)",
        socket.display()
    );
    assert!(said.contains(&note), "{said}");
    assert!(output.status.success(), "{said}");
}
