//! Trees of files as runtimes leave them: which sandboxes are found in them.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::model::NetworkMode;

/// A machine of files.
struct Machine {
    root: PathBuf,
}

impl Machine {
    fn new(name: &str) -> Self {
        let name = format!("kubenet-sandboxes-{name}-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        Self { root }
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// A process in the namespace that is pinned to that file.
    fn process(&self, pid: u32, pinned: &str) {
        if !self.root.join(pinned).exists() {
            self.write(pinned, "");
        }
        let folder = self.root.join(format!("proc/{pid}/ns"));
        fs::create_dir_all(&folder).unwrap();
        fs::hard_link(self.root.join(pinned), folder.join("net")).unwrap();
    }

    fn netns(&self, pinned: &str) -> Option<Identity> {
        identity_of(&self.root.join(pinned))
    }

    /// What is found: runtime, holder, process and namespace of each.
    fn found(&self) -> Vec<(Runtime, String, Option<u32>, Option<Identity>)> {
        let told = |kept: Kept| {
            let holder = match kept.sandbox.holder {
                Holder::Pod {
                    namespace,
                    name,
                    uid,
                } => {
                    format!("pod {namespace}/{name} {}", uid.unwrap_or_default())
                }
                Holder::Container { name, network } => format!("container {name} {network}"),
            };
            (kept.sandbox.runtime, holder, kept.sandbox.pid, kept.netns)
        };
        of_files(&self.root).into_iter().map(told).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).unwrap();
    }
}

fn config(annotations: &Value, network: Option<&str>) -> String {
    let mut namespaces = vec![json!({"type": "pid"}), json!({"type": "mount"})];
    namespaces.extend(network.map(|path| json!({"type": "network", "path": path})));
    json!({"ociVersion": "1.1.0", "annotations": annotations, "linux": {"namespaces": namespaces}})
        .to_string()
}

const UID: &str = "aaaa2b4a-f398-41c0-928b-049e1cc4ec40";

fn containerd(kind: &str, name: &str) -> Value {
    json!({
        "io.kubernetes.cri.container-type": kind,
        "io.kubernetes.cri.sandbox-id": "b05389da37c6",
        "io.kubernetes.cri.sandbox-name": name,
        "io.kubernetes.cri.sandbox-namespace": "shop",
        "io.kubernetes.cri.sandbox-uid": UID,
    })
}

const TASKS: &str = "run/containerd/io.containerd.runtime.v2.task/k8s.io";

#[test]
fn sandboxes_of_every_runtime_are_found_and_nothing_else() {
    let machine = Machine::new("oci");
    assert_eq!(machine.found(), []);
    for (pid, name) in [(101, "cni-1"), (102, "cni-2"), (103, "cni-3")] {
        machine.process(pid, &format!("var/run/netns/{name}"));
    }
    machine.process(1, "host");
    machine.process(104, "host");
    let network = Some("/var/run/netns/cni-1");
    let put = |id: &str, text: &str, pid: &str| {
        machine.write(&format!("{TASKS}/{id}/config.json"), text);
        machine.write(&format!("{TASKS}/{id}/init.pid"), pid);
    };
    put(
        "b05389da37c6",
        &config(&containerd("sandbox", "cart-1"), network),
        "101",
    );
    // A pod in its node's network.
    put(
        "c0",
        &config(&containerd("sandbox", "exporter"), None),
        "104",
    );
    // A container of a pod, pods whose namespace or process is gone, and rubbish.
    let others = [
        (config(&containerd("container", "cart-1"), network), "101"),
        (
            config(&containerd("sandbox", "gone"), Some("/var/run/netns/cni-9")),
            "9",
        ),
        (config(&containerd("sandbox", "gone"), None), "9"),
        ("{\"annotations\": 3}".to_owned(), "101"),
        ("{".to_owned(), ""),
        (String::new(), "101"),
    ];
    for (number, (text, pid)) in others.iter().enumerate() {
        put(&format!("other-{number}"), text, pid);
    }
    machine.write(
        "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json",
        &config(
            &containerd("sandbox", "cart-2"),
            Some("/var/run/netns/cni-2"),
        ),
    );
    let metadata = r#"{"name":"cart-3","uid":"u3","namespace":"shop","attempt":1}"#;
    let annotations = json!({
        "io.kubernetes.cri-o.ContainerType": "sandbox",
        "io.kubernetes.cri-o.Metadata": metadata,
        "io.kubernetes.cri-o.HostNetwork": "false",
    });
    let folder = "run/containers/storage/overlay-containers/d1/userdata";
    machine.write(
        &format!("{folder}/config.json"),
        &config(&annotations, Some("/var/run/netns/cni-3")),
    );
    // Its number went to a process elsewhere.
    machine.write(&format!("{folder}/pidfile"), "101\n");
    let netns = |name: &str| machine.netns(&format!("var/run/netns/{name}"));
    let expected = [
        (
            Runtime::Containerd,
            format!("pod shop/cart-1 {UID}"),
            Some(101),
            netns("cni-1"),
        ),
        (
            Runtime::Containerd,
            format!("pod shop/exporter {UID}"),
            Some(104),
            machine.netns("host"),
        ),
        (
            Runtime::K3s,
            format!("pod shop/cart-2 {UID}"),
            None,
            netns("cni-2"),
        ),
        (
            Runtime::CriO,
            "pod shop/cart-3 u3".to_owned(),
            None,
            netns("cni-3"),
        ),
    ];
    assert_eq!(machine.found(), expected);
}

/// A container as Docker writes it, without what nobody asks for here.
fn docker(
    machine: &Machine,
    data: &str,
    id: &str,
    name: &str,
    (mode, key): (&str, &str),
    pid: u32,
    labels: &Value,
) {
    let folder = format!("{data}/containers/{id}");
    let config = json!({
        "StreamConfig": {},
        "State": {
            "Running": pid != 0, "Paused": false, "Restarting": false, "OOMKilled": false, "RemovalInProgress": false,
            "Dead": false, "Pid": pid, "ExitCode": 0, "Error": "", "StartedAt": "2026-05-04T10:11:12.131415161Z",
            "FinishedAt": "0001-01-01T00:00:00Z", "Health": null,
        },
        "ID": id,
        "Created": "2026-05-04T10:11:11.9Z",
        "Managed": false,
        "Path": "/pause",
        "Args": [],
        "Config": {"Hostname": "h", "Image": "registry.k8s.io/pause:3.10", "Labels": labels},
        "Image": "sha256:00",
        "NetworkSettings": {"Bridge": "", "SandboxID": "", "HairpinMode": false, "SandboxKey": key, "Networks": {}},
        "Name": format!("/{name}"),
        "Driver": "overlay2",
        "OS": "linux",
    });
    machine.write(&format!("{folder}/config.v2.json"), &config.to_string());
    let host =
        json!({"Binds": null, "NetworkMode": mode, "PortBindings": {}, "CgroupnsMode": "private"});
    machine.write(&format!("{folder}/hostconfig.json"), &host.to_string());
}

#[test]
fn containers_of_docker_are_found_by_their_network_modes() {
    let machine = Machine::new("docker");
    let data = "srv/docker";
    machine.write(
        "etc/docker/daemon.json",
        r#"{"data-root": "/srv/docker", "log-level": "warn"}"#,
    );
    let (none, key) = (json!({}), |name: &str| {
        format!("/var/run/docker/netns/{name}")
    });
    for (pid, name) in [(200, "default"), (201, "aa"), (202, "bb"), (203, "cc")] {
        machine.process(pid, &format!("var/run/docker/netns/{name}"));
    }
    machine.process(204, "var/run/docker/netns/default");
    machine.process(205, "var/run/docker/netns/aa");
    machine.process(206, "var/run/docker/netns/dd");
    docker(
        &machine,
        data,
        "1a",
        "web",
        ("default", &key("aa")),
        201,
        &none,
    );
    docker(
        &machine,
        data,
        "1b",
        "db",
        ("backend", &key("bb")),
        202,
        &none,
    );
    docker(
        &machine,
        data,
        "1c",
        "batch",
        ("none", &key("cc")),
        203,
        &none,
    );
    docker(
        &machine,
        data,
        "1d",
        "agent",
        ("host", &key("default")),
        204,
        &none,
    );
    docker(
        &machine,
        data,
        "1e",
        "sidecar",
        ("container:1a", ""),
        205,
        &none,
    );
    // One that has ended, and one that Docker did not see ending: its number is another process's now.
    docker(&machine, data, "1f", "ended", ("bridge", ""), 0, &none);
    docker(
        &machine,
        data,
        "20",
        "crashed",
        ("bridge", &key("gone")),
        203,
        &none,
    );
    let sandbox = json!({
        "io.kubernetes.docker.type": "podsandbox", "io.kubernetes.pod.name": "cart-1",
        "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": UID,
    });
    let of_pod =
        json!({"io.kubernetes.docker.type": "container", "io.kubernetes.sandbox.id": "21"});
    let name = |container: &str| format!("k8s_{container}_cart-1_shop_{UID}_0");
    docker(
        &machine,
        data,
        "21",
        &name("POD"),
        ("none", &key("dd")),
        206,
        &sandbox,
    );
    docker(
        &machine,
        data,
        "22",
        &name("app"),
        ("container:21", ""),
        206,
        &of_pod,
    );
    // By its name, as a label is missing; its process has ended and its namespace is still there.
    let bare = json!({"io.kubernetes.docker.type": "podsandbox"});
    machine.write("var/run/docker/netns/ee", "");
    docker(
        &machine,
        data,
        "23",
        "k8s_POD_cart-2_shop_u2_1",
        ("none", &key("ee")),
        0,
        &bare,
    );
    for (id, text) in [("30", ""), ("31", "{"), ("32", "[]"), ("33", "{\"ID\": 3}")] {
        machine.write(&format!("{data}/containers/{id}/config.v2.json"), text);
    }
    let netns = |name: &str| machine.netns(&format!("var/run/docker/netns/{name}"));
    let container = |what: &str| format!("container {what}");
    let expected = [
        (
            Runtime::Docker,
            container("web bridge"),
            Some(201),
            netns("aa"),
        ),
        (
            Runtime::Docker,
            container("db backend"),
            Some(202),
            netns("bb"),
        ),
        (
            Runtime::Docker,
            container("batch none"),
            Some(203),
            netns("cc"),
        ),
        (
            Runtime::Docker,
            container("agent host"),
            Some(204),
            netns("default"),
        ),
        (
            Runtime::Docker,
            container("sidecar container:web"),
            Some(205),
            netns("aa"),
        ),
        (
            Runtime::CriDockerd,
            format!("pod shop/cart-1 {UID}"),
            Some(206),
            netns("dd"),
        ),
        (
            Runtime::CriDockerd,
            "pod shop/cart-2 u2".to_owned(),
            None,
            netns("ee"),
        ),
    ];
    assert_eq!(machine.found(), expected);
    assert_eq!(
        NetworkMode::Network("backend".to_owned()).to_string(),
        "backend"
    );
}
