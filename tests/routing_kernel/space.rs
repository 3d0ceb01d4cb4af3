//! Namespaces that live as long as a test, and `ip` inside them.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::collect::live::read_namespaces;
use kubenet::lab::namespace;
use kubenet::model::{Cluster, NetnsName, Objects};

/// Namespaces that go when this goes.
pub struct Space {
    names: Vec<String>,
}

/// Whether this user may make namespaces; says why not.
pub fn allowed() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    println!("skipped: only root may make network namespaces");
    false
}

/// A number that somebody who runs the tests has set.
pub fn wish(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

impl Space {
    /// So many namespaces, with `lo` up and nothing else in them.
    pub fn new(count: usize) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let mut space = Self { names: Vec::new() };
        for _ in 0..count {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("kubenet-test-routing-{}-{number}", std::process::id());
            let made = Command::new("ip").args(["netns", "add", &name]).status();
            assert!(made.unwrap().success(), "ip netns add {name}");
            space.names.push(name);
        }
        for at in 0..count {
            // Nobody waits a second for whether others have an IPv6 address.
            space.set(at, "net.ipv6.conf.default.accept_dad=0");
            space.ip(at, "link set lo up");
        }
        space
    }

    /// The name of one under /run/netns.
    pub fn name(&self, at: usize) -> &str {
        &self.names[at]
    }

    /// Joins two of them by a veth pair, both ends up.
    pub fn join(&self, (at, device): (usize, &str), (other, peer): (usize, &str)) {
        self.ip(
            at,
            &format!(
                "link add {device} type veth peer name {peer} netns {}",
                self.names[other]
            ),
        );
        self.ip(at, &format!("link set {device} up"));
        self.ip(other, &format!("link set {peer} up"));
    }

    /// Runs lines of `ip` commands inside one; they must succeed.
    pub fn ip(&self, at: usize, lines: &str) {
        let said = self.try_ip(at, lines);
        assert!(said.is_empty(), "in namespace {at}:\n{lines}\n{said}");
    }

    /// Runs lines of `ip` commands (`-6 ...` for those of IPv6), all of them even if some fail; what was said of those.
    pub fn try_ip(&self, at: usize, lines: &str) -> String {
        let lines: Vec<&str> = lines
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let of_six = |line: &&str| line.starts_with("-6 ");
        let mut said = String::new();
        for batch in lines.chunk_by(|one, other| of_six(one) == of_six(other)) {
            let options: &[&str] = if of_six(&batch[0]) { &["-6"] } else { &[] };
            let commands: Vec<&str> = batch
                .iter()
                .map(|line| line.trim_start_matches("-6 "))
                .collect();
            let mut child = Command::new("ip")
                .args(["-n", &self.names[at]])
                .args(options)
                .args(["-force", "-batch", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(commands.join("\n").as_bytes()).unwrap();
            drop(input);
            let output = child.wait_with_output().unwrap();
            said.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        said
    }

    /// Waits until every IPv6 address on a device that is up can be used: the kernel sees to it a moment later.
    pub fn settle(&self) {
        for name in &self.names {
            for _ in 0..500 {
                let tentative = Command::new("ip")
                    .args(["-n", name, "-6", "-o", "addr", "show", "up", "tentative"])
                    .output()
                    .unwrap();
                if tentative.stdout.is_empty() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
    }

    /// Runs a line of a shell inside one; it must succeed.
    pub fn shell(&self, at: usize, line: &str) {
        self.output(at, line);
    }

    /// The same, with what it prints.
    pub fn output(&self, at: usize, line: &str) -> String {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.names[at], "sh", "-ec", line])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "in namespace {at}: {line}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Sets kernel settings: `net.ipv4.ip_forward=1`, separated by blanks; a dot in a device's name is not possible.
    pub fn set(&self, at: usize, settings: &str) {
        let settings: Vec<(String, String)> = settings
            .split_whitespace()
            .map(|setting| {
                let (key, value) = setting.split_once('=').expect("KEY=VALUE");
                (
                    format!("/proc/sys/{}", key.replace('.', "/")),
                    value.to_owned(),
                )
            })
            .collect();
        self.inside(at, || {
            for (path, value) in &settings {
                std::fs::write(path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
        });
    }

    /// Runs something inside one.
    pub fn inside<T: Send>(&self, at: usize, work: impl FnOnce() -> T + Send) -> T {
        namespace::run_in(&self.file(at), &self.names[at], || Ok(work())).unwrap()
    }

    /// The namespace, to be entered.
    pub fn file(&self, at: usize) -> File {
        File::open(self.path(at)).unwrap()
    }

    fn path(&self, at: usize) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.names[at])
    }

    /// Reads all of them as the namespaces of one node, called `0`, `1` and so on.
    pub fn read(&self) -> Cluster {
        let namespaces = (0..self.names.len())
            .map(|at| (NetnsName::Named(at.to_string()), self.path(at)))
            .collect();
        let cluster = read_namespaces(&[("node1".to_owned(), namespaces)], Objects::default());
        assert!(cluster.gaps.is_empty(), "not read: {:?}", cluster.gaps);
        cluster
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}
