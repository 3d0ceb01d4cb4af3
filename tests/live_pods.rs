//! Pods of a live machine that are named by what their runtime keeps of them, with no Kubernetes API: namespaces play the
//! machine, and its state files are made as containerd makes them.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use serde_json::Value;

/// Two pods whose namespaces are pinned as CNI pins them; the second one has no sandbox any more.
const MACHINE: &str = r#"
set -e
mount -t tmpfs none /run
ip link set lo up
ip link add cni0 type bridge
ip addr add 198.18.77.1/24 dev cni0
ip link set cni0 up
mkdir -p /run/netns
for n in 2 3; do
  unshare -n sleep 60 >/dev/null 2>&1 & pid=$!
  while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  touch /run/netns/cni-$n
  mount --bind /proc/$pid/ns/net /run/netns/cni-$n
  ip link add "veth$n" type veth peer name eth0 netns $pid
  ip link set "veth$n" master cni0 up
  nsenter -t $pid -n sh -c "ip link set lo up; ip link set eth0 up
    ip addr add 198.18.77.$n/24 dev eth0; ip route add default via 198.18.77.1"
  eval "pod$n=$pid"
done
tasks=/run/containerd/io.containerd.runtime.v2.task/k8s.io
mkdir -p $tasks/b05389da37c6
cat > $tasks/b05389da37c6/config.json <<JSON
{"ociVersion": "1.1.0",
 "annotations": {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": "b05389da37c6",
  "io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-name": "cart-1",
  "io.kubernetes.cri.sandbox-uid": "aaaa2b4a-f398-41c0-928b-049e1cc4ec40"},
 "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/run/netns/cni-2"}]}}
JSON
"$KUBENET" netns -o json | tr -d '\n'; echo
"$KUBENET" trace shop/cart-1 198.18.77.3:80 -o json | tr -d '\n' || true; echo
kill $pod2 $pod3
"#;

#[test]
fn a_sandbox_names_its_namespace() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root may bind namespaces to files");
        return;
    }
    let output = Command::new("unshare")
        .args(["-mnpf", "--mount-proc", "bash", "-c", MACHINE])
        .env("KUBENET", env!("CARGO_BIN_EXE_kubenet"))
        .env("HOME", "/nonexistent")
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [netns, trace] = lines.as_slice() else {
        println!("skipped: no machine can be made of namespaces here: {said}");
        return;
    };
    let netns: Value = serde_json::from_str(netns).unwrap();
    let names: Vec<&str> = netns["netns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["netns"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["host", "pod:shop/cart-1", "netns:cni-3"]);
    let trace: Value = serde_json::from_str(trace).unwrap();
    assert_eq!(trace["flow"]["from"]["name"], "cart-1", "{trace}");
    assert_eq!(trace["flow"]["from"]["ip"], "198.18.77.2");
    // Nothing listens there.
    assert_eq!(trace["client_sees"], "refused", "{trace}");
}
