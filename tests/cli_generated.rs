//! `man/` and `completions/` are made from the arguments; what is checked in must be what would be made now.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn program(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn completions_are_fresh() {
    let checked_in = files(Path::new("completions"));
    let shells = [
        ("bash", "kubenet.bash"),
        ("zsh", "_kubenet"),
        ("fish", "kubenet.fish"),
        ("elvish", "kubenet.elv"),
        ("powershell", "_kubenet.ps1"),
    ];
    assert_eq!(checked_in.len(), shells.len());
    for (shell, file) in shells {
        let fresh = String::from_utf8(program(&["completion", shell])).unwrap();
        assert!(
            checked_in[file] == fresh,
            "completions/{file} is stale: run `make generated`"
        );
    }
}

#[test]
fn manual_pages_are_fresh() {
    let dir = std::env::temp_dir().join(format!("kubenet-man-{}", std::process::id()));
    program(&["man", dir.to_str().unwrap()]);
    let fresh = files(&dir);
    std::fs::remove_dir_all(&dir).unwrap();
    let checked_in = files(Path::new("man"));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&checked_in),
        names(&fresh),
        "man/ is stale: run `make generated`"
    );
    for (name, page) in &fresh {
        assert!(
            checked_in[name] == *page,
            "man/{name} is stale: run `make generated`"
        );
    }
}

#[test]
fn every_command_has_a_page_and_examples() {
    let pages = files(Path::new("man"));
    for command in [
        "trace",
        "pods",
        "services",
        "nodes",
        "netns",
        "lab",
        "completion",
        "man",
    ] {
        assert!(
            pages.contains_key(&format!("kubenet-{command}.1")),
            "{command}"
        );
        let help = String::from_utf8(program(&[command, "--help"])).unwrap();
        assert!(
            help.contains("Examples:\n"),
            "{command} --help has no examples"
        );
    }
}

#[test]
fn the_page_of_checks_is_fresh() {
    let fresh = String::from_utf8(program(&["check", "--markdown"])).unwrap();
    let checked_in = std::fs::read_to_string("docs/checks.md").unwrap();
    assert!(
        checked_in == fresh,
        "docs/checks.md is stale: run `make generated`"
    );
}
