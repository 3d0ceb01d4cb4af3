//! Labs come up, serve, stand side by side, and go without a trace, with root and without.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kubenet::lab::LabError;
use kubenet::lab::registry;
use kubenet::model::Protocol;
use lab_support::bench::{Lab, PROGRAM, Scratch, kubenet, turn};
use lab_support::client::ask;
use lab_support::fixture::Fixture;

const PATIENCE: Duration = Duration::from_secs(3);

/// What of this machine's own network a lab might touch.
fn machine() -> Vec<String> {
    let print = |command: &str| {
        let output = Command::new("sh").args(["-c", command]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    [
        "ip -o link | sed 's/ qdisc.*//'",
        "ip addr",
        "ip route show table all",
        "ip rule",
        "ip netns",
        "cat /proc/net/ip_tables_names",
        "cat /proc/self/mountinfo",
        "sysctl -a --pattern '^net\\.(ipv4\\.(conf|ip_forward)|bridge)'",
        "nft list tables",
    ]
    .map(print)
    .to_vec()
}

/// Command lines of processes in which some text occurs.
fn processes_with(text: &str) -> Vec<String> {
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let bytes = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
    });
    lines.filter(|line| line.contains(text)).collect()
}

/// Processes that were started for a lab.
fn processes_of(lab: &str) -> Vec<String> {
    processes_with(&format!("lab hold {lab} "))
}

#[test]
fn labs_stand_side_by_side_and_leave_nothing_behind() {
    let Some(_turn) = turn() else { return };
    let before = machine();
    let started = Instant::now();
    let tunnel = Lab::up("tunnel", &[]);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "building took {took:?}");
    let direct = Lab::up("direct", &["--backend", "host-gw", "--iptables", "legacy"]);

    let again = kubenet(&["lab", "up", "--name", &tunnel.name]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is up already"));

    let list: serde_json::Value =
        serde_json::from_slice(&kubenet(&["lab", "list", "-o", "json"]).stdout).unwrap();
    for (lab, backend, iptables) in [(&tunnel, "vxlan", "nft"), (&direct, "host-gw", "legacy")] {
        let entry = list["labs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == lab.name.as_str())
            .unwrap();
        assert_eq!(
            (&entry["state"], &entry["backend"], &entry["iptables"]),
            (&"up".into(), &backend.into(), &iptables.into())
        );
    }

    for lab in [&tunnel, &direct] {
        let state = lab.state();
        // To a pod itself, on another node and on the own one: nothing is translated.
        let answer = ask(&state, "client", Protocol::Tcp, "10.42.1.6:80");
        assert_eq!(
            (answer.name.as_str(), answer.server.to_string().as_str()),
            ("nginx-test-a", "10.42.1.6:80")
        );
        assert_eq!(answer.client.ip().to_string(), "10.42.0.65");
        let answer = ask(&state, "client", Protocol::Udp, "10.42.0.4:7007");
        assert_eq!(answer.name, "three-a");
        // Through Services, every endpoint answers in its turn.
        for (place, protocol, to, endpoints) in [
            ("client", Protocol::Tcp, "10.43.6.58:80", 2),
            ("client-1", Protocol::Tcp, "10.43.10.5:80", 5),
            ("node/node2", Protocol::Udp, "10.43.10.3:7", 3),
            ("client-2", Protocol::Udp, "10.43.10.1:7", 1),
            ("client", Protocol::Udp, "10.43.0.10:53", 2),
            ("client", Protocol::Tcp, "10.43.0.1:443", 1),
        ] {
            // Five endpoints of 1/5 each all answer within 100 tries but for once in 10^9.
            let names: BTreeSet<_> = (0..100)
                .map(|_| ask(&state, place, protocol, to).name)
                .collect();
            assert_eq!(names.len(), endpoints, "{place} {to}: {names:?}");
        }
        assert_eq!(
            lab.run("client", &["sh", "-c", "exit 7"]).status.code(),
            Some(7)
        );
        let inside = lab.run(
            "node/master",
            &["ip", "-br", "addr", "show", "dev", "enp0s1"],
        );
        assert!(String::from_utf8_lossy(&inside.stdout).contains("192.168.205.4/24"));
    }

    let states = [tunnel.state(), direct.state()];
    let names = [tunnel.name.clone(), direct.name.clone()];
    drop((tunnel, direct));
    for (state, name) in states.iter().zip(&names) {
        assert!(!state.is_alive());
        assert!(matches!(
            registry::find(Some(name)),
            Err(LabError::NotFound(_))
        ));
        assert_eq!(processes_of(name), Vec::<String>::new());
    }
    assert_eq!(machine(), before);
}

#[test]
fn a_lab_of_another_version_can_be_taken_down() {
    let Some(_turn) = turn() else { return };
    let (lab, other) = (Lab::up("foreign", &[]), Lab::up("own", &[]));
    let path = registry::scratch_file(&lab.name, "json").unwrap();
    let mut state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    state["spec"] = serde_json::json!({"written": "by another version"});
    std::fs::write(&path, state.to_string()).unwrap();

    let list: serde_json::Value =
        serde_json::from_slice(&kubenet(&["lab", "list", "-o", "json"]).stdout).unwrap();
    let entry = list["labs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["name"] == lab.name.as_str())
        .unwrap();
    assert_eq!(entry["state"], "unreadable");
    assert_eq!(
        kubenet(&["lab", "up", "--name", &lab.name]).status.code(),
        Some(2)
    );
    assert_eq!(other.run("client", &["true"]).status.code(), Some(0));

    let name = lab.name.clone();
    drop(lab);
    assert_eq!(processes_of(&name), Vec::<String>::new());
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_built_whole_is_not_built_at_all() {
    let Some(_turn) = turn() else { return };
    let scratch = Scratch::new("broken-spec");
    let mut spec = Fixture::read("iptables-nft-vxlan").spec();
    // Two pods of one name want one device: the kernel refuses the second when most of the lab stands already.
    let twin = spec
        .objects
        .pods
        .iter()
        .rfind(|pod| !pod.host_network)
        .unwrap()
        .clone();
    spec.objects.pods.push(twin);
    let path = scratch.write("spec.json", &serde_json::to_string(&spec).unwrap());
    let name = format!("test-broken-{}", std::process::id());
    let output = kubenet(&[
        "lab",
        "up",
        "--name",
        &name,
        "--spec",
        path.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("make device veth"),
        "{output:?}"
    );
    assert_eq!(processes_of(&name), Vec::<String>::new());
    assert!(matches!(
        registry::find(Some(&name)),
        Err(LabError::NotFound(_))
    ));
}

#[test]
fn a_builder_that_is_killed_leaves_no_process() {
    let Some(_turn) = turn() else { return };
    let name = format!("test-killed-{}", std::process::id());
    for delay in [10, 40, 80, 120, 160, 200] {
        let mut builder = Command::new(PROGRAM)
            .args(["lab", "up", "--name", &name])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        builder.kill().unwrap();
        let finished = builder.wait().unwrap().success();
        let state = registry::find(Some(&name));
        if finished {
            assert!(state.unwrap().is_alive());
            assert!(kubenet(&["lab", "down", "--name", &name]).status.success());
            continue;
        }
        let deadline = Instant::now() + PATIENCE;
        while !processes_of(&name).is_empty() {
            // Some may have been released already: then the lab is known, and can be taken down.
            if Instant::now() > deadline {
                assert!(kubenet(&["lab", "down", "--name", &name]).status.success());
                assert_eq!(
                    processes_of(&name),
                    Vec::<String>::new(),
                    "after {delay} ms"
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    // What the last one left does not keep another from being built.
    let lab = Command::new(PROGRAM)
        .args(["lab", "up", "--name", &name])
        .status()
        .unwrap();
    assert!(lab.success());
    assert!(kubenet(&["lab", "down", "--name", &name]).status.success());
}

#[test]
fn without_root_labs_work_inside_a_shell() {
    let Some(_turn) = turn() else { return };
    if !std::path::Path::new("/usr/bin/setpriv").exists() {
        eprintln!("skipped: setpriv is not installed");
        return;
    }
    // Another user may not be able to read where the program was built.
    let scratch = Scratch::new("unprivileged");
    let program = scratch.path.join("kubenet");
    std::fs::copy(PROGRAM, &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "--",
                program,
            ])
            .args(arguments);
        command
            .env_remove("XDG_RUNTIME_DIR")
            .current_dir("/")
            .output()
            .unwrap()
    };

    let bare = as_nobody(&["lab", "up"]);
    assert_eq!(bare.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&bare.stderr).contains("kubenet lab shell"),
        "{bare:?}"
    );

    let script = format!(
        "{program} lab up -q && {program} lab up -q --name b --backend host-gw --iptables legacy && \
         for lab in kubenet b; do \
         {program} lab run --name $lab node/node1 -- iptables-nft-save -t nat; \
         {program} lab run --name $lab node/node1 -- iptables-legacy-save -t nat; \
         {program} lab run --name $lab client -- ip -o addr show dev eth0; done; exit 5"
    );
    let inside = as_nobody(&["lab", "shell", "--", "sh", "-c", &script]);
    let stderr = String::from_utf8_lossy(&inside.stderr);
    if stderr.contains("user namespace") {
        eprintln!("skipped: {stderr}");
        return;
    }
    let stdout = String::from_utf8_lossy(&inside.stdout);
    assert_eq!(inside.status.code(), Some(5), "{stdout} {stderr}");
    assert_eq!(
        stdout.matches("--to-destination 10.42.1.6:80").count(),
        2,
        "{stdout} {stderr}"
    );
    assert_eq!(stdout.matches("inet 10.42.0.65/24").count(), 2);
    assert_eq!(
        processes_with(&format!("{program} lab hold")),
        Vec::<String>::new()
    );
}
