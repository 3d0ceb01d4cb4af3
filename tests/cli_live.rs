//! A trace on a live machine without any Kubernetes: a machine of its own is made of namespaces, dialled, and traced.
//! What the program says is held against what the kernel answered.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use serde_json::Value;

/// A host with a bridge and two pods, known only by their addresses; process 1 of this process namespace is the host's.
const MACHINE: &str = r#"
set -e
mount -t tmpfs none /run
ip link set lo up
ip link add br0 type bridge
ip addr add 198.18.77.1/24 dev br0
ip link set br0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
for n in 2 3; do
  unshare -n sleep 60 >/dev/null 2>&1 & pid=$!
  while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  ip link add "veth$n" type veth peer name eth0 netns $pid
  ip link set "veth$n" master br0 up
  nsenter -t $pid -n sh -c "ip link set lo up; ip link set eth0 up
    ip addr add 198.18.77.$n/24 dev eth0; ip route add default via 198.18.77.1"
  eval "pod$n=$pid"
done
ip route add unreachable 198.18.88.0/24
ip route add prohibit 198.18.89.0/24
ask() { # namespace of process, its address, destination
  nsenter -t "$1" -n bash -c "exec 3<>/dev/tcp/${3%:*}/${3#*:}" 2>&1 | tail -1 || true
  "$KUBENET" trace "$2" "$3" -o json | tr -d '\n' || true
  echo
}
ask $pod2 198.18.77.2 198.18.77.3:80
ask $pod2 198.18.77.2 198.18.77.1:80
ask $pod2 198.18.77.2 198.18.88.1:80
ask $$ 198.18.77.1 198.18.77.3:80
ask $$ 198.18.77.1 198.18.88.1:80
ask $$ 198.18.77.1 198.18.89.1:80
kill $pod2 $pod3
"#;

#[test]
fn says_what_the_kernel_says() {
    let root = nix::unistd::geteuid().is_root();
    let own = if root { "-mnpf" } else { "-Urmnpf" };
    let output = Command::new("unshare")
        .args([own, "--mount-proc", "bash", "-c", MACHINE])
        .env("KUBENET", env!("CARGO_BIN_EXE_kubenet"))
        .env("LC_ALL", "C")
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            eprintln!(
                "skipped: no machine can be made of namespaces here: {}",
                String::from_utf8_lossy(&output.stderr)
                    .lines()
                    .next()
                    .unwrap_or("no reason given")
            );
            return;
        }
        Err(error) => {
            eprintln!("skipped: unshare(1) cannot be run: {error}");
            return;
        }
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 12, "{text}");
    for answer in lines.chunks(2) {
        let trace: Value = serde_json::from_str(answer[1])
            .unwrap_or_else(|error| panic!("{error}: {}", answer[1]));
        // bash ends its message with strerror(errno).
        let seen = match answer[0].rsplit(": ").next().unwrap() {
            "Connection refused" => "refused",
            "No route to host" => "unreachable",
            "Permission denied" => "prohibited",
            other => panic!("the kernel says {other:?}"),
        };
        assert_eq!(trace["client_sees"], seen, "{}\n{}", answer[0], answer[1]);
    }
}
