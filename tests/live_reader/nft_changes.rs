//! Native nftables rules that change while they are read.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kubenet::model::nftables::{Rule, TableFamily};

use super::support::{Namespaces, allowed, host};

/// A rule in each of two tables, which change in one transaction: seen at one moment, they are alike.
fn both(number: u32) -> String {
    ["a", "b"]
        .map(|table| {
            format!(
                "add table inet {table}
                 add chain inet {table} c {{ type filter hook input priority 0; }}
                 flush chain inet {table} c
                 add rule inet {table} c meta mark set {number:#010x}\n"
            )
        })
        .concat()
}

fn load(namespace: &str, script: &str) {
    let mut nft = Command::new("ip")
        .args(["netns", "exec", namespace, "nft", "-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    nft.stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    assert!(nft.wait().unwrap().success());
}

#[test]
fn what_is_read_is_of_one_moment_or_said_not_to_be() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let name = made.name(0).to_owned();
    load(&name, &both(0));
    let done = AtomicBool::new(false);
    let (mut of_one_moment, mut said) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                load(&name, &both(number));
                // Some readings are to fit between two changes.
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        for _ in 0..12 {
            let cluster = made.read();
            let ruleset = host(&cluster).nftables.clone().unwrap();
            let [a, b] = ["a", "b"].map(|table| {
                let table = ruleset.table(TableFamily::Inet, table).unwrap();
                let rules = &table.chain("c").unwrap().rules;
                rules.iter().map(Rule::to_string).collect::<Vec<_>>()
            });
            let warned = cluster
                .gaps
                .iter()
                .any(|gap| gap.what.contains("kept changing"));
            if a != b && !warned {
                done.store(true, Ordering::Relaxed);
                panic!("{a:?} and {b:?} were never there together");
            }
            of_one_moment += usize::from(!warned);
            said += usize::from(warned);
        }
        done.store(true, Ordering::Relaxed);
    });
    println!("{of_one_moment} readings of one moment, {said} said not to be");
    // At rest, there is nothing to say.
    assert_eq!(made.read().gaps, []);
}
