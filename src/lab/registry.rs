//! Which labs are up: a state file each, `/run/kubenet/lab/NAME.json` for root, and the namespaces it leads to.
//!
//! Whoever is not root keeps it under `$XDG_RUNTIME_DIR/kubenet`, or else `/tmp/kubenet-UID`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::LabError;
pub use super::state::{Holder, LabState, NodeNamespaces, Place};

/// The name of a lab that was given none.
pub const DEFAULT_NAME: &str = "kubenet";

/// The lab of that name; without a name the only one, or the one named `kubenet`.
pub fn find(name: Option<&str>) -> Result<LabState, LabError> {
    read(&path_of(&choose(name)?)?)
}

/// The name that is meant when this or none is given: that of the only lab, or `kubenet`.
pub fn choose(name: Option<&str>) -> Result<String, LabError> {
    let names = names()?;
    match name {
        Some(name) if names.iter().any(|one| one == name) => Ok(name.to_owned()),
        Some(name) => Err(LabError::NotFound(name.to_owned())),
        None => match names.as_slice() {
            [] => Err(LabError::NoneUp),
            [only] => Ok(only.clone()),
            _ if names.iter().any(|one| one == DEFAULT_NAME) => Ok(DEFAULT_NAME.to_owned()),
            _ => Err(LabError::Several(names)),
        },
    }
}

/// The names of all labs which this user made.
pub fn names() -> Result<Vec<String>, LabError> {
    let mut names = Vec::new();
    for directory in own_directories() {
        let entries =
            fs::read_dir(&directory).map_err(|error| LabError::file(&directory, error))?;
        for entry in entries {
            let file = entry
                .map_err(|error| LabError::file(&directory, error))?
                .file_name();
            names.extend(
                file.to_str()
                    .and_then(|name| name.strip_suffix(".json"))
                    .map(str::to_owned),
            );
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The processes of a lab, even of one whose state another version of kubenet wrote and which cannot be read as a whole.
pub fn holders(name: &str) -> Result<Vec<Holder>, LabError> {
    /// What every version writes alike.
    #[derive(Deserialize)]
    struct Remains {
        holders: Vec<Holder>,
    }
    Ok(read::<Remains>(&path_of(name)?)?.holders)
}

/// Writes a lab's first state; fails when a lab of that name is there already.
/// What is left of one whose every process is gone is replaced.
pub fn claim(state: &LabState) -> Result<(), LabError> {
    check_name(&state.name)?;
    let path = make_directory()?.join(format!("{}.json", state.name));
    for _ in 0..2 {
        match fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Ok(mut file) => {
                return file
                    .write_all(to_json(state).as_bytes())
                    .map_err(|error| LabError::file(&path, error));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_stale(&path) {
                    return Err(LabError::AlreadyUp(state.name.clone()));
                }
                remove_file(&path)?;
            }
            Err(error) => return Err(LabError::file(path, error)),
        }
    }
    Err(LabError::AlreadyUp(state.name.clone()))
}

/// Whether nothing of the lab is left but its file. One that cannot be read may well be up.
fn is_stale(path: &Path) -> bool {
    read::<LabState>(path).is_ok_and(|lab| {
        let is_being_built = lab.holders.is_empty() && lab.builder.is_alive();
        !lab.is_alive() && !is_being_built
    })
}

/// Replaces a claimed lab's state, in one piece.
pub fn save(state: &LabState) -> Result<(), LabError> {
    let directory = make_directory()?;
    let path = directory.join(format!("{}.json", state.name));
    let draft = directory.join(format!("{}.draft", state.name));
    fs::write(&draft, to_json(state)).map_err(|error| LabError::file(&draft, error))?;
    fs::rename(&draft, &path).map_err(|error| LabError::file(path, error))
}

/// Forgets a lab: removes its state, and the directory when it was the last.
pub fn remove(name: &str) -> Result<(), LabError> {
    for directory in directories() {
        remove_file(&directory.join(format!("{name}.json")))?;
        // Only empty directories go; that others are in use is no failure.
        let _ = fs::remove_dir(&directory);
        if let Some(parent) = directory
            .parent()
            .filter(|parent| parent.ends_with("kubenet"))
        {
            let _ = fs::remove_dir(parent);
        }
    }
    Ok(())
}

/// Files of a lab that tools need while it stands (a lock of iptables) lie beside its state.
pub fn scratch_file(name: &str, suffix: &str) -> Result<PathBuf, LabError> {
    Ok(make_directory()?.join(format!("{name}.{suffix}")))
}

fn remove_file(path: &Path) -> Result<(), LabError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LabError::file(path, error)),
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, LabError> {
    let text = fs::read_to_string(path).map_err(|error| LabError::file(path, error))?;
    serde_json::from_str(&text).map_err(|source| LabError::BadState {
        path: path.to_owned(),
        source,
    })
}

fn to_json(state: &LabState) -> String {
    // A state holds strings, numbers and lists only, so it always has a JSON form.
    serde_json::to_string(state).unwrap_or_default()
}

/// Whether a lab may have this name, which becomes a file's.
pub fn check_name(name: &str) -> Result<(), LabError> {
    let fits = (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if fits {
        Ok(())
    } else {
        Err(LabError::BadName(name.to_owned()))
    }
}

/// The file of a lab that is there.
fn path_of(name: &str) -> Result<PathBuf, LabError> {
    check_name(name)?;
    own_directories()
        .map(|directory| directory.join(format!("{name}.json")))
        .find(|path| path.exists())
        .ok_or_else(|| LabError::NotFound(name.to_owned()))
}

/// Where states are. What another user put there is none of ours, and must not name processes for us to end.
fn own_directories() -> impl Iterator<Item = PathBuf> {
    directories()
        .into_iter()
        .filter(|directory| own(directory).is_ok())
}

/// Where states may be, the preferred place first.
fn directories() -> Vec<PathBuf> {
    let user = nix::unistd::geteuid();
    let mut directories = Vec::new();
    if user.is_root() {
        directories.push(PathBuf::from("/run/kubenet/lab"));
    }
    if let Some(runtime) =
        std::env::var_os("XDG_RUNTIME_DIR").filter(|path| Path::new(path).is_absolute())
    {
        directories.push(Path::new(&runtime).join("kubenet"));
    }
    directories.push(PathBuf::from(format!("/tmp/kubenet-{user}")));
    directories
}

/// The first place that can be written, made when missing. One that another user owns is never used.
fn make_directory() -> Result<PathBuf, LabError> {
    let mut last = None;
    for directory in directories() {
        match fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .and_then(|()| own(&directory))
        {
            Ok(()) => return Ok(directory),
            Err(error) => last = Some(LabError::file(directory, error)),
        }
    }
    Err(last.unwrap_or(LabError::NoneUp))
}

fn own(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    if !metadata.is_dir() || metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it belongs to another user",
        ));
    }
    nix::unistd::access(directory, nix::unistd::AccessFlags::W_OK).map_err(io::Error::from)
}
