//! The ways a bundle comes: directories and archives, whole or cut short, one or one a node, honest or not.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::io::Write;
use std::path::{Path, PathBuf};

use bundle_support::{gaps, namespace, tar_of};
use kubenet::collect::bundle::{BundleError, load, load_bytes};
use kubenet::model::{Cluster, NetnsName};
use rstest::rstest;

const LINK: &[u8] = br#"[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"promiscuity":0,
"link_type":"loopback","address":"00:00:00:00:00:00"}]"#;

const FILES: [(&str, &[u8]); 4] = [
    ("nodes/n/host/links.json", LINK),
    ("nodes/n/pods/default_web_1/links.json", LINK),
    ("nodes/n/netns/blue/links.json", LINK),
    ("nodes/n/host/notes.txt", b"no file of a bundle"),
];

fn check(cluster: &Cluster) {
    assert_eq!(gaps(cluster), Vec::<String>::new());
    assert_eq!(cluster.nodes.len(), 1);
    let names: Vec<String> = cluster.nodes[0]
        .netns
        .iter()
        .map(|netns| netns.name.to_string())
        .collect();
    assert_eq!(names, ["host", "pod:default/web_1", "netns:blue"]);
    for netns in &cluster.nodes[0].netns {
        assert_eq!(netns.links.as_ref().map(Vec::len), Some(1));
        assert!(
            netns.routes4.is_none() && netns.sockets.is_none(),
            "not read is not empty"
        );
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kubenet-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn unpack(files: &[(&str, &[u8])], folder: &Path) {
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[rstest]
fn archives(
    #[values("", "bundle/", "./", "./dump/")] root: &str,
    #[values("tar", "gz", "zst")] packing: &str,
) {
    let tar = tar_of(root, FILES);
    let bytes = match packing {
        "gz" => gzip(&tar),
        "zst" => zstd::encode_all(tar.as_slice(), 3).unwrap(),
        _ => tar,
    };
    check(&load_bytes("dump", &bytes).unwrap());
    let folder = scratch(&format!("archive-{packing}-{}", root.len()));
    let path = folder.join("dump"); // Its name does not matter.
    std::fs::write(&path, &bytes).unwrap();
    check(&load(&[path]).unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn directories() {
    let folder = scratch("directories");
    unpack(&FILES, &folder.join("bundle"));
    check(&load(&[folder.join("bundle")]).unwrap());
    check(&load(std::slice::from_ref(&folder)).unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_bundle_a_node() {
    let folder = scratch("several");
    unpack(&[("nodes/a/host/links.json", LINK)], &folder.join("a"));
    unpack(&[("nodes/b/host/links.json", LINK)], &folder.join("b"));
    let cluster = load(&[folder.join("b"), folder.join("a")]).unwrap();
    let names: Vec<&str> = cluster
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(cluster.gaps.is_empty());

    // The same file in two of them: only where they differ is there something to say.
    unpack(
        &[
            ("nodes/a/host/links.json", b"[]"),
            ("nodes/a/host/addrs.json", b"[]"),
        ],
        &folder.join("b"),
    );
    let cluster = load(&[folder.join("a"), folder.join("b")]).unwrap();
    let host = namespace(&cluster, "nodes/a/host");
    assert_eq!(
        host.links.as_ref().map(Vec::len),
        Some(1),
        "the first counts"
    );
    assert_eq!(host.addresses, Some(Vec::new()));
    assert_eq!(cluster.gaps.len(), 1);
    assert_eq!(cluster.gaps[0].place, "nodes/a/host/links.json");
    assert!(
        cluster.gaps[0].what.contains("stands differently in"),
        "{:?}",
        cluster.gaps
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_pods_folder_without_underscore_is_a_namespace_by_that_name() {
    let tar = tar_of("", [("nodes/n/pods/web/links.json", LINK)]);
    let cluster = load_bytes("dump", &tar).unwrap();
    assert_eq!(
        cluster.nodes[0].netns[0].name,
        NetnsName::Named("web".to_owned())
    );
}

/// A tar archive cut anywhere gives what stands before the cut, and says that it is cut.
#[rstest]
fn cut_short(#[values("tar", "gz", "zst")] packing: &str) {
    // Random enough not to be packed away, and long enough to be cut within.
    let noise: String = (0..20_000_u32)
        .map(|n| format!("net.ipv4.x{} = {}\n", n, n.wrapping_mul(2_654_435_761)))
        .collect();
    let files = [
        ("nodes/n/host/links.json", LINK),
        ("nodes/n/host/sysctl.txt", noise.as_bytes()),
    ];
    let tar = tar_of("", files);
    let bytes = match packing {
        "gz" => gzip(&tar),
        "zst" => zstd::encode_all(tar.as_slice(), 3).unwrap(),
        _ => tar,
    };
    let cluster = load_bytes("dump", &bytes[..bytes.len() * 3 / 4]).unwrap();
    let host = namespace(&cluster, "nodes/n/host");
    assert_eq!(host.links.as_ref().map(Vec::len), Some(1));
    let gaps = gaps(&cluster);
    assert!(
        gaps.iter().any(|gap| gap.starts_with("dump: cut short")),
        "{gaps:#?}"
    );
    // Any cut at all: an error or a cluster, and never a panic.
    for length in (0..bytes.len().min(2_000)).chain((2_000..bytes.len()).step_by(997)) {
        let _ = load_bytes("dump", &bytes[..length]);
    }
}

#[test]
fn paths_that_lead_out_are_refused_and_links_passed_over() {
    let mut builder = tar::Builder::new(tar_of("", []));
    builder.get_mut().clear();
    let mut append = |path: &[u8], kind: tar::EntryType, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.set_entry_type(kind);
        if kind != tar::EntryType::Regular {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    };
    append(
        b"../../nodes/evil/host/links.json",
        tar::EntryType::Regular,
        LINK,
    );
    append(
        b"/nodes/root/host/links.json",
        tar::EntryType::Regular,
        LINK,
    );
    append(
        b"nodes/../nodes/x/host/links.json",
        tar::EntryType::Regular,
        LINK,
    );
    append(
        b"nodes/linked/host/resolv.conf",
        tar::EntryType::Symlink,
        b"",
    );
    append(b"nodes/hard/host/resolv.conf", tar::EntryType::Link, b"");
    append(b"nodes/n/host/links.json", tar::EntryType::Regular, LINK);
    let tar = builder.into_inner().unwrap();
    let cluster = load_bytes("dump", &tar).unwrap();
    let names: Vec<&str> = cluster
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(names, ["n"]);
    let gaps = gaps(&cluster);
    assert_eq!(gaps.len(), 3, "{gaps:#?}");
    assert!(
        gaps.iter()
            .all(|gap| gap.contains("leads out of the bundle")),
        "{gaps:#?}"
    );
}

#[test]
fn what_is_no_bundle_is_refused_with_a_hint() {
    let refused = |bytes: &[u8]| load_bytes("dump", bytes).unwrap_err();
    assert!(matches!(refused(b""), BundleError::NoArchive { .. }));
    assert!(matches!(refused(&[0; 4096]), BundleError::NoArchive { .. }));
    assert!(matches!(
        refused(b"some text that is no archive at all\n"),
        BundleError::NoArchive { .. }
    ));
    assert!(matches!(
        refused(b"PK\x03\x04 a zip archive"),
        BundleError::Packed { .. }
    ));
    assert!(matches!(
        refused(&[0xfd, b'7', b'z', b'X', b'Z', 0, 0]),
        BundleError::Packed { .. }
    ));
    assert!(matches!(
        refused(b"\x1f\x8b no gzip in truth"),
        BundleError::NoArchive { .. }
    ));
    assert!(matches!(
        refused(b"\x28\xb5\x2f\xfd no zstd in truth"),
        BundleError::NoArchive { .. }
    ));
    let only_objects = tar_of("", [("k8s/pods.json", b"{}".as_slice())]);
    assert!(matches!(refused(&only_objects), BundleError::NoNode { .. }));
    let missing = load(&["/nonexistent/bundle".into()]).unwrap_err();
    assert!(matches!(missing, BundleError::Open { .. }));
    for error in [
        refused(b"text"),
        refused(&only_objects),
        refused(b"PK\x03\x04ab"),
        missing,
    ] {
        let (sentence, hint) = error
            .to_string()
            .split_once('\n')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        assert!(
            !sentence.is_empty() && hint.starts_with("hint: "),
            "{error}"
        );
    }
    let empty = scratch("empty");
    assert!(matches!(
        load(std::slice::from_ref(&empty)).unwrap_err(),
        BundleError::NoNode { .. }
    ));
    std::fs::remove_dir_all(empty).unwrap();
}
