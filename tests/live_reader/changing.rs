//! Tables that change while they are read.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use super::support::{Namespaces, allowed, host};

/// `ip -batch` inside the first namespace.
fn batch(made: &Namespaces) -> Child {
    let arguments = ["netns", "exec", made.name(0), "ip", "-force", "-batch", "-"];
    Command::new("ip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whatever happens meanwhile, a route that is there all the time is read, or it is said that some may be missing.
#[test]
fn what_is_missing_is_said() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    made.script(
        0,
        "ip link add v0 type veth peer name v1
         ip link set v0 up
         ip addr add 10.0.0.1/24 dev v0",
    );
    let lasting: BTreeSet<String> = (0..3000)
        .map(|number| format!("10.1.{}.{}/32", number / 250, number % 250))
        .collect();
    let mut lines = String::new();
    for route in &lasting {
        lines.push_str(&format!("route add {route} dev v0\n"));
    }
    let mut child = batch(&made);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut child = batch(&made);
            let mut input = child.stdin.take().unwrap();
            let mut number = 0_u32;
            while !done.load(Ordering::Relaxed) {
                let route = format!("10.1.{}.251/32 dev v0", number % 12);
                input
                    .write_all(format!("route add {route}\nroute del {route}\n").as_bytes())
                    .unwrap();
                number += 1;
            }
            drop(input);
            child.wait().unwrap();
        });
        for _ in 0..5 {
            let cluster = made.read();
            let read: BTreeSet<String> = host(&cluster)
                .routes4
                .iter()
                .flatten()
                .map(|route| route.destination.to_string())
                .collect();
            let missing = lasting.difference(&read).count();
            let said = cluster
                .gaps
                .iter()
                .any(|gap| gap.what.contains("IPv4 routes: it kept changing"));
            if missing > 0 && !said {
                done.store(true, Ordering::Relaxed);
            }
            assert!(
                missing == 0 || said,
                "{missing} routes are missing, and nothing says so: {:?}",
                cluster.gaps
            );
        }
        done.store(true, Ordering::Relaxed);
    });
}
