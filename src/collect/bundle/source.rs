//! The files of a bundle: in a directory, or in a tar archive as such or compressed with gzip or zstd.
//!
//! An archive may come from anywhere: what is read of it is bounded, links in it are passed over, and its paths are
//! only names here, for nothing is unpacked.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{BundleError, layout};
use crate::model::Gap;

/// Bounds on what is read.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of an archive, unpacked.
    pub total: u64,
    /// Files and folders.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 2 << 30,
            total: 4 << 30,
            entries: 1_000_000,
        }
    }
}

/// What a source holds.
#[derive(Default)]
pub struct Source {
    /// Files by their path within the bundle.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What could not be read of it.
    pub gaps: Vec<Gap>,
}

impl Source {
    fn gap(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.gaps.push(Gap {
            place: place.into(),
            line: None,
            what: what.into(),
        });
    }
}

/// Reads the bundle at a path.
pub fn open(path: &Path, limits: Limits) -> Result<Source, BundleError> {
    let name = path.display().to_string();
    let failed = |error| BundleError::Open {
        name: name.clone(),
        error,
    };
    if fs::metadata(path).map_err(failed)?.is_dir() {
        return directory(path, limits).map_err(failed);
    }
    archive(
        &name,
        BufReader::new(File::open(path).map_err(failed)?),
        limits,
    )
}

/// Reads an archive, packed or not.
pub fn archive(name: &str, mut packed: impl Read, limits: Limits) -> Result<Source, BundleError> {
    let mut magic = Vec::new();
    let failed = |error| BundleError::Open {
        name: name.to_owned(),
        error,
    };
    packed
        .by_ref()
        .take(6)
        .read_to_end(&mut magic)
        .map_err(failed)?;
    let whole = io::Cursor::new(magic.clone()).chain(packed);
    let unpacked: Box<dyn Read> = match magic.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::new(whole).map_err(failed)?),
        [b'P', b'K', 3, 4, ..] | [0xfd, b'7', b'z', b'X', b'Z', 0] | [b'B', b'Z', b'h', ..] => {
            return Err(BundleError::Packed {
                name: name.to_owned(),
            });
        }
        _ => Box::new(whole),
    };
    let bounded = Bounded {
        inner: unpacked,
        left: limits.total,
        limit: limits.total,
    };
    let (source, entries) = tar(name, bounded, limits);
    if entries == 0 {
        let what = source
            .gaps
            .first()
            .map_or_else(String::new, |gap| format!(" ({})", gap.what));
        return Err(BundleError::NoArchive {
            name: name.to_owned(),
            what,
        });
    }
    Ok(source)
}

/// The entries of a tar archive which a bundle has, and how many there were in all.
fn tar(name: &str, unpacked: impl Read, limits: Limits) -> (Source, usize) {
    let mut source = Source::default();
    let mut archive = tar::Archive::new(unpacked);
    let mut count = 0;
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => {
            source.gap(name, error.to_string());
            return (source, 0);
        }
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) if count < limits.entries => entry,
            Ok(_) => {
                source.gap(
                    name,
                    format!(
                        "has more than {} entries; the rest is left out",
                        limits.entries
                    ),
                );
                break;
            }
            Err(error) => {
                source.gap(
                    name,
                    format!("cut short or garbled after {count} entries: {error}"),
                );
                break;
            }
        };
        count += 1;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = match entry.path() {
            Ok(path) => layout::inside(&path),
            Err(error) => Err(error.to_string()),
        };
        match path {
            Ok(None) => {}
            Err(what) => source.gap(name, what),
            Ok(Some(path)) if layout::place(&path).is_some() => {
                let cut = read_file(entry, &path, limits, &mut source).is_err();
                if cut {
                    source.gap(name, format!("cut short within {path}"));
                    break;
                }
            }
            Ok(Some(_)) => {}
        }
    }
    (source, count)
}

/// Reads one file; what is there before an error is kept.
fn read_file(file: impl Read, path: &str, limits: Limits, source: &mut Source) -> io::Result<()> {
    let mut bytes = Vec::new();
    let read = file.take(limits.file + 1).read_to_end(&mut bytes);
    if bytes.len() as u64 > limits.file {
        source.gap(path, format!("larger than {} bytes: not read", limits.file));
        return Ok(());
    }
    if let Err(error) = &read {
        source.gap(path, format!("cannot be read to its end: {error}"));
    }
    source.files.insert(path.to_owned(), bytes);
    read.map(|_| ())
}

/// The files of a directory which is a bundle, or of those directly in it that are.
fn directory(path: &Path, limits: Limits) -> io::Result<Source> {
    let mut source = Source::default();
    let mut count = 0;
    let is_root = |path: &Path| path.join("nodes").is_dir() || path.join("k8s").is_dir();
    if is_root(path) {
        walk(path, "", limits, &mut count, &mut source);
        return Ok(source);
    }
    for entry in fs::read_dir(path)?.take(limits.entries).flatten() {
        if is_root(&entry.path()) {
            walk(&entry.path(), "", limits, &mut count, &mut source);
        }
    }
    Ok(source)
}

/// Goes down the folders that a bundle has.
fn walk(folder: &Path, inside: &str, limits: Limits, count: &mut usize, source: &mut Source) {
    /// `nodes/NODE/pods/NS_POD/FILE`.
    const DEEPEST: usize = 5;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return source.gap(inside, format!("cannot be listed: {error}")),
    };
    for entry in entries.flatten() {
        *count += 1;
        if *count > limits.entries {
            return;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if inside.is_empty() {
            name
        } else {
            format!("{inside}/{name}")
        };
        let of_bundle = path.starts_with("nodes") || path.starts_with("k8s");
        if !of_bundle || path.split('/').count() > DEEPEST {
            continue;
        }
        let kind = match fs::metadata(entry.path()) {
            Ok(kind) => kind,
            Err(error) => {
                source.gap(path, format!("cannot be read: {error}"));
                continue;
            }
        };
        if kind.is_dir() {
            walk(&entry.path(), &path, limits, count, source);
        } else if kind.is_file() && layout::place(&path).is_some() {
            match File::open(entry.path()) {
                // An error is a gap already, and the next file may do.
                Ok(file) => drop(read_file(file, &path, limits, source)),
                Err(error) => source.gap(path, format!("cannot be opened: {error}")),
            }
        }
    }
}

/// A reader that ends in an error when it is asked for more than it may give.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(format!(
                "holds more than {} bytes",
                self.limit
            )));
        }
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = self
            .inner
            .read(buffer.get_mut(..room).unwrap_or_default())?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(files: &[(&str, usize)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, size) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(*size as u64);
            builder
                .append_data(&mut header, path, vec![b'x'; *size].as_slice())
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn read(tar: &[u8], limits: Limits) -> (Vec<String>, Vec<String>) {
        let source = archive("dump", tar, limits).unwrap();
        let gaps = source.gaps.iter().map(ToString::to_string).collect();
        (source.files.into_keys().collect(), gaps)
    }

    const SMALL: &str = "nodes/n/host/links.json";
    const LARGE: &str = "nodes/n/host/sysctl.txt";

    #[test]
    fn a_file_that_is_too_large_is_left_out_and_the_next_read() {
        let tar = tar_of(&[(LARGE, 1001), (SMALL, 1000)]);
        let (files, gaps) = read(
            &tar,
            Limits {
                file: 1000,
                ..Limits::default()
            },
        );
        assert_eq!(files, [SMALL]);
        assert_eq!(gaps, [format!("{LARGE}: larger than 1000 bytes: not read")]);
    }

    #[test]
    fn an_archive_that_is_too_large_is_read_so_far() {
        let tar = tar_of(&[(SMALL, 1000), (LARGE, 100_000)]);
        let packed = zstd::encode_all(tar.as_slice(), 3).unwrap();
        assert!(packed.len() < 1000, "it is what it unpacks to that counts");
        let (files, gaps) = read(
            &packed,
            Limits {
                total: 50_000,
                ..Limits::default()
            },
        );
        assert!(files.contains(&SMALL.to_owned()));
        assert!(
            gaps.iter()
                .any(|gap| gap.contains("holds more than 50000 bytes")),
            "{gaps:?}"
        );
    }

    #[test]
    fn entries_beyond_the_limit_are_left_out() {
        let tar = tar_of(&[("a", 0), ("b", 0), (SMALL, 0), (LARGE, 0)]);
        let (files, gaps) = read(
            &tar,
            Limits {
                entries: 3,
                ..Limits::default()
            },
        );
        assert_eq!(files, [SMALL]);
        assert_eq!(
            gaps,
            ["dump: has more than 3 entries; the rest is left out"]
        );
    }
}
