//! Labs under test: brought up by the program itself, one at a time, and taken down whatever happens.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kubenet::lab::registry::{self, LabState};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubenet");

/// The right to build labs now, one test after another; `None`, and a line that says why, where none can be built.
pub fn turn() -> Option<MutexGuard<'static, ()>> {
    can_build().then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether labs can be built; if not, a line says why.
pub fn can_build() -> bool {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: building network namespaces needs root");
        return false;
    }
    for tool in [
        "iptables-nft-restore",
        "iptables-legacy-restore",
        "ip",
        "nft",
        "conntrack",
    ] {
        let mut paths = std::env::var("PATH").unwrap_or_default();
        paths.push_str(":/usr/sbin:/sbin");
        if !std::env::split_paths(&paths).any(|directory| directory.join(tool).exists()) {
            eprintln!("skipped: {tool} is not installed");
            return false;
        }
    }
    true
}

/// Whether this kernel has IPVS; if not, a line says where it is tested.
pub fn has_ipvs() -> bool {
    let has = kubenet::lab::kube_proxy_ipvs::check_kernel().is_ok();
    if !has {
        eprintln!("skipped: this kernel has no ip_vs (make test-vm runs this in one that has)");
    }
    has
}

/// Runs `kubenet`.
pub fn kubenet(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// A lab that is up until this is dropped.
pub struct Lab {
    pub name: String,
}

impl Lab {
    /// Builds one.
    pub fn up(name: &str, arguments: &[&str]) -> Self {
        let lab = Self {
            name: format!("test-{name}-{}", std::process::id()),
        };
        let output = kubenet(&[&["lab", "up", "--name", &lab.name], arguments].concat());
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        lab
    }

    /// Its state.
    pub fn state(&self) -> LabState {
        registry::find(Some(&self.name)).unwrap()
    }

    /// Runs a program in a place of it.
    pub fn run(&self, place: &str, command: &[&str]) -> Output {
        kubenet(&[&["lab", "run", "--name", &self.name, place, "--"], command].concat())
    }

    /// Captures it.
    pub fn capture(&self) -> Scratch {
        let scratch = Scratch::new(&self.name);
        let output = kubenet(&[
            "lab",
            "capture",
            "--name",
            &self.name,
            scratch.path.to_str().unwrap(),
        ]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "",
            "everything can be read"
        );
        scratch
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        kubenet(&["lab", "down", "--name", &self.name]);
    }
}

/// A directory that is gone when this is dropped.
pub struct Scratch {
    pub path: PathBuf,
}

impl Scratch {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubenet-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// A file in it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.path));
    }
}
