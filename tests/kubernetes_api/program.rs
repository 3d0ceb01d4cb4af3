//! Runs the program without anything of this machine's own that leads to a cluster.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

pub fn kubenet(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubenet"));
    command
        .args(arguments)
        .env_remove("KUBECONFIG")
        .env_remove("KUBERNETES_SERVICE_HOST")
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .env("HOME", "/nonexistent");
    command
}

/// Standard output as JSON, and standard error.
pub fn json(kubeconfig: &Path, arguments: &[&str]) -> (Value, String) {
    let output = kubenet(arguments)
        .args(["-o", "json", "--kubeconfig"])
        .arg(kubeconfig)
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    (document, said(&output))
}

pub fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A column of what a command lists.
pub fn names(document: &Value, list: &str) -> Vec<String> {
    let entries = document[list].as_array().unwrap().iter();
    entries
        .map(|entry| match entry["namespace"].as_str() {
            Some(namespace) => format!("{namespace}/{}", entry["name"].as_str().unwrap()),
            None => entry["name"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// The names that a recorded list has, sorted.
pub fn recorded_names(items: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = items
        .iter()
        .map(|item| {
            let metadata = &item["metadata"];
            let name = metadata["name"].as_str().unwrap();
            match metadata["namespace"].as_str() {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name.to_owned(),
            }
        })
        .collect();
    names.sort();
    names
}
