//! Network namespaces of a test's own, and the standard tools run inside them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::collect::live::read_namespaces;
use kubenet::model::{Cluster, Netns, NetnsName, Objects};
use serde_json::Value;

/// Namespaces that go when it goes.
pub struct Namespaces {
    names: Vec<String>,
}

/// Whether this user may make namespaces; says why not.
pub fn allowed() -> bool {
    if !nix::unistd::Uid::effective().is_root() {
        println!("skipped: only root may make network namespaces");
        return false;
    }
    let made = Command::new("unshare").args(["--net", "true"]).output();
    if !made.is_ok_and(|output| output.status.success()) {
        println!("skipped: network namespaces cannot be made here");
        return false;
    }
    true
}

impl Namespaces {
    pub fn new(count: usize) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let mut made = Self { names: Vec::new() };
        for _ in 0..count {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("kubenet-test-{}-{number}", std::process::id());
            run("ip", &["netns", "add", &name]);
            made.names.push(name);
        }
        made
    }

    pub fn name(&self, at: usize) -> &str {
        &self.names[at]
    }

    pub fn path(&self, at: usize) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.names[at])
    }

    /// Runs a line of words inside one; its output.
    pub fn tool(&self, at: usize, line: &str) -> String {
        self.try_tool(at, line)
            .unwrap_or_else(|said| panic!("`{line}`: {said}"))
    }

    /// The same for a line that may fail: what it said.
    pub fn try_tool(&self, at: usize, line: &str) -> Result<String, String> {
        let words = line.split_whitespace();
        let output = Command::new("ip")
            .args(["netns", "exec", &self.names[at]])
            .args(words)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }

    /// Runs every line of a script inside one.
    pub fn script(&self, at: usize, lines: &str) {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.tool(at, line);
        }
    }

    pub fn json(&self, at: usize, line: &str) -> Vec<Value> {
        let text = self.tool(at, line);
        if text.trim().is_empty() {
            return Vec::new();
        }
        match serde_json::from_str(&text).unwrap() {
            // Some tools print an empty object among the others.
            Value::Array(all) => all
                .into_iter()
                .filter(|one| one.as_object().is_none_or(|fields| !fields.is_empty()))
                .collect(),
            other => panic!("`{line}` printed {other}"),
        }
    }

    /// Reads all of them as the namespaces of one node, the first as its host's.
    pub fn read(&self) -> Cluster {
        let namespaces = (0..self.names.len())
            .map(|at| {
                let name = if at == 0 {
                    NetnsName::Host
                } else {
                    NetnsName::Named(self.names[at].clone())
                };
                (name, self.path(at))
            })
            .collect();
        read_namespaces(&[("node1".to_owned(), namespaces)], Objects::default())
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

/// Runs a tool that must succeed; its output.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The only node's first namespace.
pub fn host(cluster: &Cluster) -> &Netns {
    &cluster.nodes[0].netns[0]
}

/// Lines with single blanks, and what is indented below a line appended to it.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => *last = format!("{last} {words}"),
            _ => lines.push(words),
        }
    }
    lines
}

/// A field that is text.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
