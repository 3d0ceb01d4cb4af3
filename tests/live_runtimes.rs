//! Pods and containers that a real containerd and a real Docker run, against what these tell of them: in a machine of
//! namespaces, with directories of their own, from an image made of a static busybox. No registry is asked.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Prepares the machine, then does what it is told line by line. `GROUP` is the control group of all that it runs.
const MACHINE: &str = r#"
set -e
cni=/opt/cni/bin
[ -x $cni/bridge ] || cni=$(dirname "$(command -v containerd)")/../lib/cni
mount -t tmpfs none /run
mkdir -p /run/netns /run/upper /run/work /run/image/bin
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work none /etc
mount -t tmpfs none /var/lib
mount -t tmpfs none /var/log
mkdir -p /etc/cni/net.d
ip link set lo up
cat > /etc/cni/net.d/10-test.conflist <<JSON
{"cniVersion": "1.0.0", "name": "cbr0", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
 "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.42.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
cat > /run/containerd.toml <<TOML
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "$cni"
TOML
cp "$(command -v busybox)" /run/image/bin/sleep
tar -C /run/image -cf /run/image.tar .
containerd --config /run/containerd.toml > /run/containerd.log 2>&1 &
dockerd --storage-driver vfs --containerd /run/containerd/containerd.sock --exec-opt native.cgroupdriver=cgroupfs \
  --cgroup-parent "/$GROUP" > /run/dockerd.log 2>&1 &
for turn in $(seq 100); do docker version >/dev/null 2>&1 && break; sleep 0.2; done
docker import --change 'CMD ["/bin/sleep", "600"]' /run/image.tar localhost/pause:1 > /dev/null
docker save localhost/pause:1 -o /run/pause.tar
ctr -n k8s.io images import /run/pause.tar > /dev/null
echo ready
while read -r line; do eval "$line" || true; echo; echo end-of-answer; done
"#;

struct Machine {
    program: Child,
    group: String,
    says: BufReader<ChildStdout>,
    hears: Option<ChildStdin>,
}

impl Machine {
    /// `None` where there can be none, and then it is said.
    fn start(name: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            println!("skipped: only root may run containerd and Docker");
            return None;
        }
        for tool in ["containerd", "ctr", "runc", "dockerd", "docker", "busybox"] {
            let found = Command::new("sh")
                .args(["-c", "command -v \"$0\"", tool])
                .output();
            if !found.unwrap().status.success() {
                println!("skipped: {tool} is not installed");
                return None;
            }
        }
        let group = format!("kubenet-test-{name}-{}", std::process::id());
        let mut program = Command::new("unshare")
            .args([
                "-mnpf",
                "--kill-child",
                "--mount-proc",
                "bash",
                "-c",
                MACHINE,
            ])
            .env("KUBENET", env!("CARGO_BIN_EXE_kubenet"))
            .env("GROUP", &group)
            .env("HOME", "/nonexistent")
            .env_remove("KUBECONFIG")
            .env_remove("DOCKER_HOST")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let says = BufReader::new(program.stdout.take().unwrap());
        let hears = program.stdin.take();
        let mut machine = Self {
            program,
            group,
            says,
            hears,
        };
        let mut first = String::new();
        machine.says.read_line(&mut first).unwrap();
        if first != "ready\n" {
            println!("skipped: containerd and Docker do not run here");
            return None;
        }
        Some(machine)
    }

    /// What a command prints.
    fn run(&mut self, command: &str) -> String {
        writeln!(self.hears.as_mut().unwrap(), "{command}").unwrap();
        let mut said = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(
                self.says.read_line(&mut line).unwrap(),
                0,
                "{command}: {said}"
            );
            if line == "end-of-answer\n" {
                return said.trim().to_owned();
            }
            said.push_str(&line);
        }
    }

    /// The entries of a list by name.
    fn list(&mut self, what: &str, key: &str) -> BTreeMap<String, Value> {
        let said = self.run(&format!("$KUBENET {what} -o json"));
        let document: Value =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        let all = document[what].as_array().unwrap().iter();
        all.map(|one| (one[key].as_str().unwrap().to_owned(), one.clone()))
            .collect()
    }

    /// A question to containerd's CRI, whose socket is seen through the machine's first process.
    fn cri(&self, method: &str, message: &[u8]) -> Vec<u8> {
        let unshare = self.program.id();
        let children = std::fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
        let first = children.unwrap();
        let socket = format!("/proc/{}/root/run/containerd/containerd.sock", first.trim());
        let mut framed = vec![0];
        framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
        framed.extend_from_slice(message);
        let request = http::Request::post(format!(
            "http://localhost/runtime.v1.RuntimeService/{method}"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let stream = tokio::net::UnixStream::connect(socket).await.unwrap();
            let builder = h2::client::Builder::new();
            let (send, connection) = builder
                .handshake::<_, Cursor<Vec<u8>>>(stream)
                .await
                .unwrap();
            tokio::spawn(connection);
            let mut send = send.ready().await.unwrap();
            let (response, mut body) = send.send_request(request, false).unwrap();
            body.send_data(Cursor::new(framed), true).unwrap();
            let mut data = response.await.unwrap().into_body();
            let mut answer = Vec::new();
            while let Some(chunk) = data.data().await {
                answer.extend_from_slice(&chunk.unwrap());
            }
            let trailers = data.trailers().await.unwrap();
            assert!(answer.len() >= 5, "{method}: {trailers:?}");
            answer.split_off(5)
        })
    }

    /// Makes a pod's sandbox, and tells its identifier.
    fn sandbox(&self, name: &str, on_host: bool) -> String {
        let mode: &[u8] = if on_host { &[8, 2] } else { &[] };
        let uid = format!("uid-of-{name}");
        let metadata = [field(1, name), field(2, &uid), field(3, "shop")].concat();
        let group = format!("/{}", self.group);
        let linux = [field(1, &group), field(2, field(1, mode))].concat();
        let config = [
            field(1, metadata),
            field(3, "/var/log/pods"),
            field(8, linux),
        ]
        .concat();
        let answer = self.cri("RunPodSandbox", &field(1, config));
        String::from_utf8(answer[2..].to_vec()).unwrap()
    }
}

/// A field of a message: its number, the length, and what is in it (none is as long as 2^14).
fn field(number: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let length = match bytes.len() {
        short @ ..128 => vec![short as u8],
        long => vec![(long % 128 + 128) as u8, (long / 128) as u8],
    };
    [&[number << 3 | 2], length.as_slice(), bytes].concat()
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.hears.take());
        let _ = self.program.kill();
        let _ = self.program.wait();
        // The control groups are the only thing of it that is not in its namespaces; they empty when the last one has ended.
        let remove = format!(
            "for turn in $(seq 50); do find /sys/fs/cgroup -depth -type d -path '*/{0}*' -exec rmdir {{}} + 2>/dev/null
             [ -z \"$(find /sys/fs/cgroup -type d -name '{0}')\" ] && break; sleep 0.1; done",
            self.group
        );
        let _ = Command::new("sh").args(["-c", &remove]).status();
    }
}

#[test]
fn pods_of_containerd_are_told_as_it_tells_them() {
    let Some(mut machine) = Machine::start("containerd") else {
        return;
    };
    let ids: BTreeMap<&str, String> = [
        ("web", false),
        ("exporter", true),
        ("stuck", false),
        ("stopped", false),
    ]
    .into_iter()
    .map(|(name, on_host)| (name, machine.sandbox(name, on_host)))
    .collect();
    let tasks = machine.run("ctr -n k8s.io task ls");
    let pid = |name: &str| -> u64 {
        let line = tasks.lines().find(|line| line.starts_with(&ids[name]));
        line.unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    let stop = field(1, &ids["stopped"]);
    machine.cri("StopPodSandbox", &stop);
    machine.run(&format!("kill -9 {}; while [ -e /run/containerd/io.containerd.runtime.v2.task/k8s.io/{} ]; do sleep 0.1; done", pid("stuck"), ids["stuck"]));
    machine.run("ip netns add cni-0f0f0f0f-0000-4000-8000-000000000000");

    let pods = machine.list("pods", "name");
    let names: Vec<&str> = pods.keys().map(String::as_str).collect();
    assert_eq!(names, ["exporter", "stuck", "web"]);
    for (name, pod) in &pods {
        let sandbox = &pod["sandboxes"][0];
        assert_eq!(sandbox["id"], ids[name.as_str()].as_str());
        assert_eq!(sandbox["runtime"], "containerd");
    }
    assert_eq!(pods["web"]["sandboxes"][0]["pid"], pid("web"));
    assert_eq!(pods["exporter"]["sandboxes"][0]["pid"], pid("exporter"));
    assert_eq!(pods["exporter"]["network"], "host");
    let stuck = &pods["stuck"]["sandboxes"][0];
    assert!(stuck["pid"].is_null());
    assert_eq!(
        stuck["odd"],
        serde_json::json!(["stuck: stopped, but it still holds its network"])
    );
    let address = machine.run(&format!(
        "nsenter -t {} -n ip -o -4 addr show dev eth0",
        pid("web")
    ));
    let own = pods["web"]["ips"][0].as_str().unwrap();
    assert!(address.contains(&format!(" {own}/")), "{address}");

    let netns = machine.list("netns", "netns");
    let leaked = netns
        .iter()
        .filter(|(_, one)| one["odd"].to_string().contains("leaked"));
    let leaked: Vec<&String> = leaked.map(|(name, _)| name).collect();
    assert_eq!(leaked, ["netns:cni-0f0f0f0f-0000-4000-8000-000000000000"]);
    for name in ["pod:shop/web", "pod:shop/stuck"] {
        assert!(netns.contains_key(name), "{netns:?}");
    }
}

#[test]
fn containers_of_docker_are_told_as_it_tells_them() {
    let Some(mut machine) = Machine::start("docker") else {
        return;
    };
    machine.run("docker network create backend");
    let modes = [
        ("web", "bridge"),
        ("agent", "host"),
        ("sidecar", "container:web"),
        ("batch", "none"),
        ("db", "backend"),
    ];
    for (name, mode) in modes {
        machine.run(&format!(
            "docker run -d --name {name} --network {mode} localhost/pause:1"
        ));
    }
    machine.run("docker network create other; docker network connect other db");
    machine.run("docker run --name ended localhost/pause:1 /bin/sleep 0");
    let told = "{{.State.Pid}} {{.Id}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
    let pods = machine.list("pods", "name");
    assert_eq!(pods.len(), modes.len(), "{pods:?}");
    for (name, mode) in modes {
        let said = machine.run(&format!("docker inspect -f '{told}' {name}"));
        let mut words = said.split_whitespace();
        let pod = &pods[&format!("docker:{name}")];
        let sandbox = &pod["sandboxes"][0];
        let networks = if name == "db" { "backend, other" } else { mode };
        assert_eq!(pod["network"], networks);
        assert_eq!(sandbox["pid"].to_string(), words.next().unwrap(), "{pod}");
        assert_eq!(sandbox["id"], words.next().unwrap());
        if matches!(name, "web" | "db") {
            assert_eq!(pod["ips"], serde_json::json!(words.collect::<Vec<_>>()));
        }
    }
    assert_eq!(pods["docker:sidecar"]["ips"], pods["docker:web"]["ips"]);
}
