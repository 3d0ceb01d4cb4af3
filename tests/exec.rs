//! `kubenet exec` in the practice cluster: whose network the program is in, what it sees, and what the shell gets of it.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};

use lab_support::bench::{Lab, turn};

fn exec(lab: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .arg(lab)
        .arg("exec")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_program_is_in_the_pods_network_and_nowhere_else() {
    let Some(_turn) = turn() else { return };
    let lab = Lab::up("exec", &[]);
    let option = format!("--lab={}", lab.state().name);
    let exec = |arguments: &[&str]| exec(&option, arguments);

    // The pod's address, as the specification of the lab gives it.
    let output = exec(&["client", "--", "ip", "-o", "-4", "addr", "show", "eth0"]);
    assert!(
        text(&output.stdout).contains(" 10.42.0.65/24 "),
        "{output:?}"
    );
    let output = exec(&["--node", "node1", "--", "ip", "-o", "-4", "addr"]);
    assert!(
        text(&output.stdout).contains(" 192.168.205.3/24 "),
        "{output:?}"
    );
    let output = exec(&[
        "--node",
        "node1",
        "--netns",
        "pod:default/client-1",
        "--",
        "ip",
        "-o",
        "-4",
        "addr",
    ]);
    assert!(
        text(&output.stdout).contains(" 10.42.1.3/24 "),
        "{output:?}"
    );

    // /sys shows the devices of the network namespace.
    let output = exec(&["client", "--", "ls", "/sys/class/net"]);
    assert_eq!(text(&output.stdout), "eth0\nlo\n");

    // Every status and signal comes through, and so does what is said.
    assert_eq!(
        exec(&["client", "--", "sh", "-c", "exit 43"]).status.code(),
        Some(43)
    );
    let killed = exec(&["client", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(killed.status.signal(), Some(15));
    let output = exec(&["client", "--", "no-such-program"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(text(&output.stderr).contains("no-such-program"));

    // The pod's resolv.conf is there for the program alone.
    let own = std::fs::read_to_string("/etc/resolv.conf").unwrap();
    let output = exec(&["client", "--resolv-conf", "--", "cat", "/etc/resolv.conf"]);
    assert!(
        text(&output.stdout).contains("nameserver 10.43.0.10"),
        "{output:?}"
    );
    let output = exec(&["client", "--", "cat", "/etc/resolv.conf"]);
    assert_eq!(text(&output.stdout), own);
    assert_eq!(std::fs::read_to_string("/etc/resolv.conf").unwrap(), own);
}

#[test]
fn where_no_program_can_run_it_says_so() {
    for (arguments, said) in [
        (
            ["--demo", "exec", "client", "--", "true"],
            "on the node itself",
        ),
        (["--demo", "exec", "cleint", "--", "true"], "default/client"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(said), "{output:?}");
    }
}
