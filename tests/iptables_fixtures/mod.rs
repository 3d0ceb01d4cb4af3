//! The dumps among the fixtures.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Each iptables-save and ip6tables-save file of the captured clusters, with its path.
pub fn real_dumps() -> Vec<(String, String)> {
    let mut archives = Vec::new();
    for folder in ["clusters", "clusters/faults"] {
        for entry in fixtures()
            .join(folder)
            .read_dir()
            .expect("fixtures are part of the project")
        {
            let path = entry.expect("a readable folder").path();
            if path.to_string_lossy().ends_with(".tar.zst") {
                archives.push(path);
            }
        }
    }
    let mut dumps = Vec::new();
    for archive in archives {
        let name = archive
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        let plain = zstd::Decoder::new(File::open(&archive).expect("a fixture")).expect("zstd");
        let mut tar = tar::Archive::new(plain);
        for entry in tar.entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").to_string_lossy().into_owned();
            if path.contains("tables") && path.contains("save") {
                let mut text = String::new();
                entry.read_to_string(&mut text).expect("text");
                dumps.push((format!("{name}/{path}"), text));
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
    let file = File::open(fixtures().join("scale/iptables-5000x10.txt.gz")).expect("a fixture");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip");
    text
}
