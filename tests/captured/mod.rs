//! The captured clusters among the fixtures, and the rules of 5,000 Services, for tests and benchmarks.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files by their paths in a bundle: `nodes/NODE/host/links.json`, `k8s/pods.json`.
pub type Files = BTreeMap<String, Vec<u8>>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The archive of a cluster: `iptables-nft-vxlan`, `faults/NAME`.
pub fn archive(cluster: &str) -> PathBuf {
    fixtures().join(format!("clusters/{cluster}.tar.zst"))
}

/// The archives of all clusters.
pub fn archives() -> Vec<PathBuf> {
    let mut archives = Vec::new();
    for folder in ["clusters", "clusters/faults"] {
        for entry in fs::read_dir(fixtures().join(folder)).expect("the fixtures") {
            let path = entry.expect("a readable folder").path();
            if path.to_string_lossy().ends_with(".tar.zst") {
                archives.push(path);
            }
        }
    }
    archives.sort();
    archives
}

/// The files of a cluster's bundle.
pub fn files(archive: &Path) -> Files {
    files_below(archive, "bundle/")
}

/// The files of the built-in cluster's bundle.
pub fn demo() -> Files {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.tar.zst");
    files_below(&packed, "")
}

/// The kernel's own traces of some of its connections.
pub fn traces(archive: &Path) -> Files {
    files_below(archive, "trace/")
}

fn files_below(archive: &Path, folder: &str) -> Files {
    let packed = File::open(archive).expect("the fixture");
    let mut tar = tar::Archive::new(zstd::Decoder::new(packed).expect("zstd"));
    let mut files = Files::new();
    for entry in tar.entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        if let Some(path) = path.strip_prefix(folder)
            && entry.header().entry_type().is_file()
        {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("readable");
            files.insert(path.to_owned(), bytes);
        }
    }
    assert!(!files.is_empty(), "{}", archive.display());
    files
}

/// Each iptables-save and ip6tables-save file of all clusters, with its place.
pub fn real_dumps() -> Vec<(String, String)> {
    let mut dumps = Vec::new();
    for archive in archives() {
        for (path, bytes) in files(&archive) {
            if path.contains("tables") && path.contains("save") {
                let text = String::from_utf8(bytes).expect("text");
                dumps.push((format!("{}/{path}", archive.display()), text));
            }
        }
    }
    assert!(
        dumps.len() >= 12,
        "the fixtures hold dumps of at least 3 nodes and 2 clusters, both families"
    );
    dumps
}

/// What kube-proxy writes for 5,000 Services of 10 endpoints each: 160,000 rules.
pub fn five_thousand_services() -> String {
    unpacked("iptables-5000x10.txt.gz")
}

/// The same in nftables mode, as `nft -j list ruleset` prints it.
pub fn five_thousand_services_in_nftables() -> String {
    unpacked("nftables-5000x10.json.gz")
}

fn unpacked(name: &str) -> String {
    let packed = File::open(fixtures().join("scale").join(name)).expect("a fixture");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .expect("gzip");
    text
}

/// `IP:80` of the last rule of KUBE-SERVICES that leads to a Service.
pub fn last_service(rules: &str) -> String {
    let ip = rules
        .lines()
        .rfind(|line| {
            line.contains("-A KUBE-SERVICES -d ") && line.contains("--dport 80 -j KUBE-SVC-")
        })
        .and_then(|rule| rule.split(" -d ").nth(1)?.split('/').next())
        .expect("a Service's address");
    format!("{ip}:80")
}

/// A folder with a bundle in it, removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    /// Writes a bundle below the folder for temporary files. `name` is to be unlike any other test's.
    pub fn new(name: &str, files: &Files) -> Self {
        let folder =
            Self(std::env::temp_dir().join(format!("kubenet-{name}-{}", std::process::id())));
        for (path, bytes) in files {
            let path = folder.0.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
