//! The dumps of real clusters: every rule that kube-proxy, flannel, kubelet and the portmap plugin wrote is understood.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use kubenet::model::Family;
use kubenet::model::iptables::{Backend, Match, Ruleset, TableKind, Target};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Each iptables-save and ip6tables-save file of the captured clusters, with its path.
fn real_dumps() -> Vec<(String, String)> {
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

fn read(name: &str, text: &str) -> Ruleset {
    let family = if name.contains("ip6tables") {
        Family::V6
    } else {
        Family::V4
    };
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(text.to_owned(), family, Backend::Nft, name, &mut gaps);
    assert_eq!(gaps, []);
    ruleset
}

#[test]
fn every_rule_of_real_clusters_is_understood() {
    let mut rules = 0;
    for (name, text) in real_dumps() {
        let ruleset = read(&name, &text);
        assert_eq!(ruleset.problems(), []);
        for (table, chain) in ruleset.chains() {
            for rule in ruleset.rules(chain) {
                let line = ruleset.line(chain, rule);
                assert_eq!(
                    text.lines()
                        .nth(rule.line as usize - 1)
                        .and_then(|whole| whole.split_once("] "))
                        .map(|parts| parts.1),
                    Some(line)
                );
                assert!(line.starts_with(&format!("-A {} ", chain.name)), "{line}");
                assert!(
                    !matches!(rule.target, Target::Unknown(_)),
                    "{name} {table:?}: {line}"
                );
                assert!(
                    !rule
                        .matches
                        .iter()
                        .any(|found| matches!(found, Match::Unknowable { .. })),
                    "{line}"
                );
                assert!(rule.counters.is_some(), "{line}");
                rules += 1;
            }
        }
        let lines = text.lines().filter(|line| line.contains("-A ")).count();
        assert_eq!(
            ruleset
                .chains()
                .map(|(_, chain)| chain.len())
                .sum::<usize>(),
            lines,
            "{name}"
        );
    }
    assert!(rules > 1000, "{rules}");
}

#[test]
fn every_rule_of_five_thousand_services_is_understood() {
    let file = File::open(fixtures().join("scale/iptables-5000x10.txt.gz")).expect("a fixture");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip");
    let ruleset = read("iptables-save", &text);
    assert_eq!(ruleset.problems(), []);
    let nat = ruleset
        .table(TableKind::Nat)
        .expect("kube-proxy writes to nat");
    let endpoints: Vec<_> = nat
        .chains()
        .iter()
        .filter(|chain| chain.name.starts_with("KUBE-SEP-"))
        .collect();
    assert_eq!(
        endpoints.len(),
        text.lines()
            .filter(|line| line.starts_with(":KUBE-SEP-"))
            .count()
    );
    for chain in endpoints {
        let last = ruleset
            .rules(chain)
            .last()
            .expect("an endpoint's chain ends in its translation");
        let line = ruleset.line(chain, last);
        let Target::Dnat(range) = &last.target else {
            panic!("{line}")
        };
        let (first, _) = range.addresses.expect("an address");
        let port = range.ports.expect("a port").first;
        assert!(
            line.ends_with(&format!("--to-destination {first}:{port}")),
            "{line}"
        );
    }
}
