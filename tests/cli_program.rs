//! The program as a user or a script meets it: exit status, what goes where, errors with hints, pipes, colours, JSON.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A real cluster's dumps, in which connections were made: see tests/fixtures.
const CLUSTER: &str = "tests/fixtures/clusters/iptables-nft-vxlan.tar.zst";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubenet"));
    command
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("CLICOLOR")
        .env("RUST_BACKTRACE", "1");
    command
}

fn run(arguments: &[&str]) -> Output {
    program()
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs on the fixture cluster.
fn on_cluster(arguments: &[&str]) -> Output {
    run(&[&["--bundle", CLUSTER], arguments].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

#[test]
fn a_trace_that_is_delivered_ends_with_0() {
    let output = on_cluster(&["trace", "client-m", "nginx-test"]);
    assert_eq!(status(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let text = stdout(&output);
    assert!(
        text.starts_with("pod default/client-m 10.42.0.2 on master\n"),
        "{text}"
    );
    // The two endpoints that answered in the real cluster.
    assert!(
        text.contains("10.42.1.6:80") && text.contains("10.42.2.6:80"),
        "{text}"
    );
}

/// In the real cluster: `noep` has no endpoints, and connects got ECONNREFUSED.
#[test]
fn a_trace_that_is_refused_ends_with_1() {
    let output = on_cluster(&["trace", "client-m", "noep"]);
    assert_eq!(status(&output), 1);
    let text = stdout(&output);
    assert!(
        text.contains("refused") && text.contains("\"default/noep:http has no endpoints\""),
        "{text}"
    );
    assert!(stderr(&output).is_empty());
}

#[test]
fn a_trace_of_which_nothing_can_be_told_ends_with_3() {
    // The host namespaces are there, their rules are not.
    let dir = std::env::temp_dir().join(format!("kubenet-test-{}", std::process::id()));
    unpack_without(&dir, "iptables-save.txt");
    let output = run(&[
        "--bundle",
        dir.to_str().unwrap(),
        "trace",
        "client-m",
        "nginx-test",
        "-o",
        "json",
    ]);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(status(&output), 3, "{}", stdout(&output));
    assert_eq!(document(&output)["verdict"], "undetermined");
}

/// Unpacks the fixture, leaving out the files of that name.
fn unpack_without(dir: &Path, name: &str) {
    std::fs::create_dir_all(dir).unwrap();
    let archive = zstd::stream::Decoder::new(std::fs::File::open(CLUSTER).unwrap()).unwrap();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        // nft.json names the tables of iptables-nft; without it nothing at all is known of the rules.
        if !path.ends_with(name) && !path.ends_with("nft.json") {
            entry.unpack_in(dir).unwrap();
        }
    }
}

#[test]
fn wrong_usage_and_unreadable_input_end_with_2() {
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage: kubenet"),
        (&["frobnicate"], "kubenet has no command \"frobnicate\""),
        (&["--bundle", CLUSTER, "trace", "client-m"], "<TO>"),
        (&["shwo"], "hint: did you mean show?"),
        (&["show", "fbd"], "hint: did you mean fdb?"),
        (&["show", "everything"], "hint: there are links, addresses,"),
        (
            &["lab", "up", "practice"],
            "kubenet lab up takes no \"practice\"",
        ),
        (
            &["lab", "up", "--nodes", "x"],
            "--nodes cannot be \"x\": invalid digit",
        ),
        (&["pods", "--sort"], "kubenet pods has no option --sort"),
        (&["pods", "--output"], "--output wants a value"),
        (
            &[
                "--bundle",
                CLUSTER,
                "trace",
                "client-m",
                "nginx-test",
                "--proto",
                "quic",
            ],
            "unknown protocol",
        ),
        (
            &[
                "--bundle",
                CLUSTER,
                "trace",
                "client-m",
                "nginx-test",
                "--port",
                "0",
            ],
            "port 0 cannot be connected to",
        ),
        (
            &["--bundle", CLUSTER, "trace", "client-m", "a/b/c/d"],
            "is no endpoint",
        ),
        (
            &["--bundle", CLUSTER, "trace", "client-m", "nginx-tset"],
            "did you mean nginx-test",
        ),
        (
            &["--bundle", CLUSTER, "trace", "clinet-m", "nginx-test"],
            "did you mean client-m",
        ),
        (
            &["--bundle", CLUSTER, "trace", "client-m", "10.42.1.6"],
            "which port",
        ),
        (
            &[
                "--bundle",
                CLUSTER,
                "trace",
                "client-m",
                "nginx-test",
                "--branch",
                "9",
            ],
            "there is no branch 9",
        ),
        (
            &["--bundle", "no/such/bundle", "pods"],
            "hint: give a directory",
        ),
        (&["--bundle", "Cargo.toml", "pods"], "hint:"),
        (
            &["--bundle", CLUSTER, "--demo", "pods"],
            "two different sources",
        ),
        (
            &["--kubeconfig", "no/such/config", "pods"],
            "no/such/config cannot be read",
        ),
    ];
    for (arguments, said) in cases {
        let output = run(arguments);
        assert_eq!(status(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            output.stdout.is_empty(),
            "{arguments:?}: {}",
            stdout(&output)
        );
        let panicked = ["panicked", "RUST_BACKTRACE", "stack backtrace"];
        assert!(
            !panicked.iter().any(|word| stderr(&output).contains(word)),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn with_json_a_failure_is_one_document_on_stdout_too() {
    let cases: &[&[&str]] = &[
        &[
            "--bundle",
            CLUSTER,
            "trace",
            "client-m",
            "nginx-tset",
            "-o",
            "json",
        ],
        &[
            "--bundle",
            "no/such/bundle",
            "trace",
            "a",
            "b",
            "-o",
            "json",
        ],
        &["trace", "client-m", "--output=json"],
        &["-ojson", "frobnicate"],
    ];
    for arguments in cases {
        let output = run(arguments);
        assert_eq!(status(&output), 2, "{arguments:?}");
        let document = document(&output);
        assert_eq!(document["schema"], "kubenet.error/v1", "{arguments:?}");
        let sentence = document["error"].as_str().unwrap();
        assert!(
            !sentence.is_empty() && document.get("hint").is_some(),
            "{arguments:?}: {document}"
        );
        assert!(
            stderr(&output).contains(sentence),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn json_has_the_contracts_fields() {
    let output = on_cluster(&["trace", "client-m", "nginx-test", "-o", "json"]);
    assert_eq!(status(&output), 0);
    let trace = document(&output);
    for key in [
        "schema",
        "flow",
        "verdict",
        "client_sees",
        "paths",
        "findings",
        "not_seen",
    ] {
        assert!(trace.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(trace["schema"], "kubenet.trace/v1");
    assert_eq!(trace["flow"]["from"]["ip"], "10.42.0.2");
    assert_eq!(trace["flow"]["to"]["kind"], "service");
    let paths = trace["paths"].as_array().unwrap();
    let sum: f64 = paths
        .iter()
        .map(|path| path["probability"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    for path in paths {
        for key in [
            "probability",
            "verdict",
            "client_sees",
            "destination",
            "source_seen",
            "stopped_at",
            "devices",
            "hops",
            "reply",
        ] {
            assert!(path.get(key).is_some(), "paths[].{key} is missing");
        }
        for hop in path["hops"].as_array().unwrap() {
            for key in ["node", "netns", "in", "out", "steps"] {
                assert!(hop.get(key).is_some(), "hops[].{key} is missing");
            }
        }
        assert_eq!(path["reply"]["verdict"], "delivered");
    }
    let unasked = on_cluster(&[
        "trace",
        "client-m",
        "nginx-test",
        "-o",
        "json",
        "--no-reply",
    ]);
    assert!(
        document(&unasked)["paths"]
            .as_array()
            .unwrap()
            .iter()
            .all(|path| path["reply"].is_null())
    );
}

#[test]
fn lists_are_tables_and_documents() {
    for (command, names) in [
        ("pods", "client-m"),
        ("services", "nginx-test"),
        ("nodes", "node1"),
        ("netns", "pod:default/client-m"),
    ] {
        let table = on_cluster(&[command]);
        assert_eq!(status(&table), 0, "{command}");
        assert!(
            stdout(&table).contains(names),
            "{command}:\n{}",
            stdout(&table)
        );
        let json = document(&on_cluster(&[command, "-o", "json"]));
        assert_eq!(json["schema"], format!("kubenet.{command}/v1"));
        assert!(
            !json[command].as_array().unwrap().is_empty(),
            "{command}: {json}"
        );
    }
    let shop = document(&on_cluster(&["pods", "-n", "shop", "-o", "json"]));
    assert!(
        shop["pods"]
            .as_array()
            .unwrap()
            .iter()
            .all(|pod| pod["namespace"] == "shop")
    );
}

#[test]
fn no_line_is_wider_than_80_columns() {
    let cases: &[&[&str]] = &[
        &["trace", "client-m", "nginx-test"],
        &["trace", "client-m", "nginx-test", "-v"],
        &["trace", "client-m", "noep", "-v"],
        &["trace", "client-m", "five"],
        &["trace", "client-1", "v6only", "-v"],
        &["pods"],
        &["services"],
        &["nodes"],
        &["netns"],
        &["--help"],
        &["trace", "--help"],
        &["lab", "--help"],
    ];
    for arguments in cases {
        let text = stdout(&on_cluster(arguments));
        assert!(!text.is_empty(), "{arguments:?}");
        for line in text.lines() {
            assert!(line.is_ascii(), "{arguments:?}: {line:?}");
            assert!(
                line.len() <= 80,
                "{arguments:?}: {} columns: {line}",
                line.len()
            );
        }
    }
}

#[test]
fn verbose_shows_the_rules_themselves() {
    let wide = stdout(&on_cluster(&["trace", "client-m", "noep", "-o", "wide"]));
    let rule = "-A KUBE-SERVICES -d 10.43.60.1/32 -p tcp -m comment --comment \"default/noep:http has no endpoints\" \
                -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable";
    assert!(wide.lines().any(|line| line.trim() == rule), "{wide}");
}

#[test]
fn a_branch_can_be_asked_for_alone() {
    let second = stdout(&on_cluster(&[
        "trace",
        "client-m",
        "nginx-test",
        "--branch",
        "2",
    ]));
    assert!(
        second.contains("branch 2 of 2") && !second.contains("10.42.1.6"),
        "{second}"
    );
}

#[test]
fn colour_is_where_it_is_wanted_and_nowhere_else() {
    let trace = ["--bundle", CLUSTER, "trace", "client-m", "nginx-test"];
    let coloured =
        |command: &mut Command| command.args(trace).output().unwrap().stdout.contains(&0x1b);
    assert!(!coloured(&mut program()), "a pipe is no terminal");
    assert!(coloured(program().args(["--color", "always"])));
    assert!(coloured(program().env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(
        program()
            .args(["--color", "never"])
            .env("CLICOLOR_FORCE", "1")
    ));
    assert!(!coloured(
        program().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "0")
    ));
    assert!(
        !run(&["--color", "never", "--context", "x", "pods"])
            .stderr
            .contains(&0x1b)
    );
}

/// `kubenet ... | head -1`: nobody reads on, and that is no failure.
#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let mut child = program()
        .args([
            "--bundle", CLUSTER, "trace", "client-m", "five", "-v", "-o", "json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(line, "{\n");
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn as_a_plugin_of_kubectl_it_goes_by_that_name() {
    let dir = std::env::temp_dir().join(format!("kubenet-plugin-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let plugin = dir.join("kubectl-kubenet");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubenet"), &plugin).unwrap();
    let help = Command::new(&plugin)
        .args(["trace", "--help"])
        .output()
        .unwrap();
    let trace = Command::new(&plugin)
        .args([
            "--bundle",
            CLUSTER,
            "--context",
            "prod",
            "trace",
            "client-m",
            "nginx-test",
        ])
        .output()
        .unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(
        stdout(&help).contains("Usage: kubectl kubenet trace"),
        "{}",
        stdout(&help)
    );
    assert_eq!(status(&trace), 0);
    // What cannot be honoured is said, not passed over.
    assert!(
        stderr(&trace).contains("--context is not used"),
        "{}",
        stderr(&trace)
    );
}
