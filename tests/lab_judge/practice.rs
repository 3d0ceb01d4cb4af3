//! A practice cluster for the length of a test.

use std::fs::File;
use std::process::Command;

use kubenet::lab::registry::{self, LabState, Place};

/// A lab that is taken down when the test ends, however it ends.
pub struct Practice {
    pub name: String,
    pub state: LabState,
}

impl Practice {
    /// Builds one.
    pub fn up(backend: &str, iptables: &str) -> Self {
        let name = format!("judge-{backend}-{iptables}-{}", std::process::id());
        let built = Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args([
                "lab",
                "up",
                "--name",
                &name,
                "--backend",
                backend,
                "--iptables",
                iptables,
            ])
            .output()
            .expect("kubenet runs");
        assert!(
            built.status.success(),
            "lab up: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        let state = registry::find(Some(&name)).expect("the lab is registered");
        Self { name, state }
    }

    /// The namespace of `NS/NAME` of a pod or `node/NAME`.
    pub fn namespace(&self, label: &str) -> File {
        let holder = self.state.holder(label).expect("the lab has it");
        File::open(holder.netns_path()).expect("its namespace")
    }

    /// The nodes' namespaces.
    pub fn nodes(&self) -> Vec<(String, File)> {
        self.state
            .holders
            .iter()
            .filter_map(|holder| match &holder.place {
                Place::Node { node } => Some((
                    node.clone(),
                    File::open(holder.netns_path()).expect("its namespace"),
                )),
                _ => None,
            })
            .collect()
    }

    /// Runs a command of this machine in a node's or pod's namespace, as a person breaking things would.
    pub fn run(&self, label: &str, command: &str) {
        let ran = Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args([
                "lab", "run", "--name", &self.name, label, "--", "sh", "-ec", command,
            ])
            .output()
            .expect("kubenet runs");
        assert!(
            ran.status.success(),
            "{label}: {command}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        let _ = Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args(["lab", "down", "--name", &self.name])
            .output();
    }
}
