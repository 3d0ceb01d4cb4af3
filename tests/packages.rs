//! What `make dist` makes, as a user meets it: the Debian package installed into an empty root where there is no other
//! file, not even a C library, and the archive that krew's manifest speaks of.
//!
//! The program is built for debugging here, which takes a fraction of the time; everything else is as released.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A root directory with nothing in it but what dpkg asks for.
struct Root(PathBuf);

impl Root {
    fn empty() -> Self {
        let root = Self(std::env::temp_dir().join(format!("kubenet-root-{}", std::process::id())));
        for folder in ["info", "updates", "triggers"] {
            fs::create_dir_all(root.0.join("var/lib/dpkg").join(folder)).unwrap();
        }
        fs::write(root.0.join("var/lib/dpkg/status"), "").unwrap();
        root
    }

    fn dpkg(&self, arguments: &[&str]) -> Output {
        let root = format!("--root={}", self.0.display());
        run(Command::new("dpkg").arg(root).args(arguments))
    }

    fn chroot(&self, command: &[&str]) -> Output {
        run(Command::new("chroot").arg(&self.0).args(command))
    }

    fn has(&self, path: &str) -> bool {
        self.0.join(path).symlink_metadata().is_ok()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) -> Output {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    command.env("PATH", path).output().unwrap()
}

fn succeed(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn only(folder: &Path, ending: &str) -> PathBuf {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut its = entries.filter(|path| path.to_string_lossy().ends_with(ending));
    let found = its.next().unwrap();
    assert!(its.next().is_none(), "several {ending}");
    found
}

#[test]
fn the_package_and_the_archive_work_where_there_is_nothing_else() {
    let has =
        |program: &str| run(Command::new("sh").args(["-c", &format!("command -v {program}")]));
    for program in ["dpkg-deb", "chroot", "strip", "gzip"] {
        if !has(program).status.success() {
            println!("skipped: {program} is missing");
            return;
        }
    }
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: chroot needs root");
        return;
    }
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(home.join("target"), PathBuf::from);
    succeed(run(Command::new(home.join("packaging/build.sh"))
        .env("PROFILE", "dev")
        .env("RELEASE_URL", "https://releases.invalid/v1")));
    let dist = target.join("dist");

    let root = Root::empty();
    let package = only(&dist, ".deb");
    succeed(root.dpkg(&["--install", package.to_str().unwrap()]));
    let version = succeed(root.chroot(&["/usr/bin/kubenet", "--version"]));
    assert_eq!(version, format!("kubenet {}\n", env!("CARGO_PKG_VERSION")));
    let trace = succeed(root.chroot(&[
        "/usr/bin/kubenet",
        "--demo",
        "trace",
        "client",
        "nginx-test",
    ]));
    assert!(
        trace.contains("Delivered: 2 endpoints, all answer."),
        "{trace}"
    );
    let help = succeed(root.chroot(&["/usr/bin/kubectl-kubenet", "--help"]));
    assert!(help.contains("Usage: kubectl kubenet"), "{help}");
    let words = succeed(root.chroot(&["/usr/bin/kubectl_complete-kubenet", "expl"]));
    assert!(words.starts_with("explain\t"), "{words}");
    let pages = ["kubenet.1.gz", "kubenet-trace.1.gz", "kubenet-show.1.gz"];
    for page in pages {
        assert!(root.has(&format!("usr/share/man/man1/{page}")), "{page}");
    }
    assert!(root.has("usr/share/bash-completion/completions/kubenet"));
    assert!(root.has("usr/share/doc/kubenet/copyright"));
    succeed(root.dpkg(&["--remove", "kubenet"]));
    assert!(!root.has("usr/bin/kubenet"));

    let archive = only(&dist, ".tar.gz");
    let manifest = fs::read_to_string(only(&dist, ".yaml")).unwrap();
    let sum = succeed(run(Command::new("sha256sum").arg(&archive)));
    let sum = sum.split(' ').next().unwrap();
    assert!(manifest.contains(&format!("sha256: {sum}\n")), "{manifest}");
    let name = archive.file_name().unwrap().to_str().unwrap();
    assert!(
        manifest.contains(&format!("uri: https://releases.invalid/v1/{name}\n")),
        "{manifest}"
    );
    assert!(!manifest.contains('@'), "{manifest}");
    let listed = succeed(run(Command::new("tar").arg("-tzf").arg(&archive)));
    let from = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- from: "));
    let files: Vec<&str> = from.map(|file| file.trim_matches('"')).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        assert!(listed.lines().any(|line| line == file), "{file}\n{listed}");
    }
}
