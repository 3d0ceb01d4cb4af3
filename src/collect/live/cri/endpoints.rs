//! Where runtimes listen for CRI: the usual sockets, and those that crictl is told of.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::sandboxes::{read_text, within};
use crate::model::Runtime;

/// What the runtimes, k3s and RKE2 listen on unless they are told otherwise.
const USUAL: [(Runtime, &str); 4] = [
    (Runtime::Containerd, "/run/containerd/containerd.sock"),
    (Runtime::K3s, "/run/k3s/containerd/containerd.sock"),
    (Runtime::CriO, "/run/crio/crio.sock"),
    (Runtime::CriDockerd, "/run/cri-dockerd.sock"),
];
/// crictl's configuration (cri-tools, docs/crictl.md).
const CRICTL: &str = "/etc/crictl.yaml";

/// A socket to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Who usually listens there; `None` where somebody named it.
    pub runtime: Option<Runtime>,
    /// The socket.
    pub path: PathBuf,
}

/// The sockets that there are, each once, on a machine whose absolute names begin at `root`. One that is `named` is asked
/// though there is none, so that it is said.
pub(super) fn find(root: &Path, named: Option<&str>) -> Vec<Endpoint> {
    let named = named.and_then(path_of).map(PathBuf::from);
    let of_crictl = read_text(&within(root, CRICTL)).and_then(|text| endpoint_of(&text));
    let of_crictl = of_crictl.map(|path| within(root, &path));
    let usual = USUAL.map(|(runtime, path)| (Some(runtime), within(root, path)));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    // The usual ones first, as it is known who listens there.
    for (runtime, path) in usual {
        if let Ok(real) = fs::canonicalize(&path)
            && seen.insert(real)
        {
            found.push(Endpoint { runtime, path });
        }
    }
    for path in named.into_iter().chain(of_crictl) {
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if seen.insert(real) {
            found.push(Endpoint {
                runtime: None,
                path,
            });
        }
    }
    found
}

/// The file of an endpoint as crictl takes it: `unix:///PATH`, or a path alone.
fn path_of(endpoint: &str) -> Option<&str> {
    let path = endpoint.strip_prefix("unix://").unwrap_or(endpoint);
    path.starts_with('/').then_some(path)
}

/// The value of `runtime-endpoint` in crictl's configuration, a flat map of YAML.
fn endpoint_of(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix("runtime-endpoint:"))?;
    let value = value.split(" #").next()?.trim();
    path_of(value.trim_matches(['"', '\''])).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn endpoints_are_read_as_crictl_reads_them() {
        let cases = [
            ("unix:///run/x.sock", Some("/run/x.sock")),
            ("/run/x.sock", Some("/run/x.sock")),
            ("tcp://127.0.0.1:1", None),
            ("", None),
        ];
        for (text, path) in cases {
            assert_eq!(path_of(text), path);
        }
        let file = "image-endpoint: unix:///run/i.sock\nruntime-endpoint: \"unix:///run/r.sock\" # k3s\ntimeout: 2\n";
        assert_eq!(endpoint_of(file).as_deref(), Some("/run/r.sock"));
        assert_eq!(endpoint_of("runtime-endpoint:\ndebug: false\n"), None);
        assert_eq!(
            endpoint_of("# runtime-endpoint: unix:///run/r.sock\n"),
            None
        );
    }

    #[test]
    fn a_socket_is_asked_once() {
        let root = std::env::temp_dir().join(format!("kubenet-endpoints-{}", std::process::id()));
        fs::create_dir_all(root.join("run/containerd")).unwrap();
        fs::create_dir_all(root.join("etc")).unwrap();
        assert_eq!(find(&root, None), []);
        let path = root.join("run/containerd/containerd.sock");
        fs::write(&path, "").unwrap();
        let crictl = "runtime-endpoint: unix:///run/containerd/containerd.sock\n";
        fs::write(root.join("etc/crictl.yaml"), crictl).unwrap();
        let usual = Endpoint {
            runtime: Some(Runtime::Containerd),
            path: path.clone(),
        };
        assert_eq!(find(&root, path.to_str()), std::slice::from_ref(&usual));
        let named = Endpoint {
            runtime: None,
            path: "/nonexistent.sock".into(),
        };
        assert_eq!(find(&root, Some("/nonexistent.sock")), [usual, named]);
        fs::remove_dir_all(&root).unwrap();
    }
}
