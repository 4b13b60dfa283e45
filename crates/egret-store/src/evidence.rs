//! Evidence files: found, opened read-only, hashed before the first byte is parsed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, Read};
use std::path::{Component, Path, PathBuf};

use egret_model::evidence::hex;
use sha2::{Digest, Sha256};

use crate::custody::Place;
use crate::error::StoreError;

/// Bytes asked of the disk at a time: few calls, and no matter for memory.
pub(crate) const READ_BYTES: usize = 1 << 20;

/// A file to be ingested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// What the case calls it: the path from what was named, with `/`.
    pub(crate) name: String,
    /// Bytes as it lies there.
    pub(crate) size: u64,
}

/// What the inputs hold.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Every file, sorted by name.
    pub(crate) found: Vec<Found>,
    /// Where each input lies.
    pub(crate) places: Vec<Place>,
    /// What cannot be ingested, by name, and why.
    pub(crate) passed_over: Vec<PassedOver>,
}

/// Something among the evidence that cannot be ingested.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct PassedOver {
    /// What the case would call it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Every file of the inputs, sorted by name, each once, and where each input lies.
///
/// A file's name begins with the last part of the input that led to it, so that it does not depend
/// on the working directory; with more parts where two inputs end alike. Hidden files count, links
/// are followed, and only regular files are taken. The case's own folder is passed over, so that
/// evidence may lie around it.
///
/// # Errors
///
/// [`StoreError::Missing`], [`StoreError::OwnCase`] and [`StoreError::NothingThere`] name the input.
pub(crate) fn find(inputs: &[PathBuf], case: &Path) -> Result<Search, StoreError> {
    let case = case.canonicalize().map_err(StoreError::io("opening", case))?;
    let mut roots: Vec<PathBuf> = Vec::new();
    for input in inputs {
        if !input.exists() {
            return Err(StoreError::Missing(input.clone()));
        }
        let root = input.canonicalize().map_err(StoreError::io("opening", input))?;
        if root == case {
            return Err(StoreError::OwnCase(input.clone()));
        }
        roots.push(root);
    }
    roots.sort();
    // What lies below another input is found there.
    roots.dedup_by(|below, above| below.starts_with(&*above));
    let mut search = Search::default();
    for (root, label) in roots.iter().zip(labels(&roots)) {
        let before = search.found.len().saturating_add(search.passed_over.len());
        walk(root, &label, &case, &mut search);
        if search.found.len().saturating_add(search.passed_over.len()) == before {
            return Err(StoreError::NothingThere(root.clone()));
        }
        search.places.push(Place { label, path: root.clone() });
    }
    search.found.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
    search.passed_over.sort();
    Ok(search)
}

fn walk(root: &Path, label: &str, case: &Path, search: &mut Search) {
    let entries = walkdir::WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.path() != case);
    for entry in entries {
        let named = |path: &Path| {
            let below = slashed(path.strip_prefix(root).unwrap_or(path));
            if below.is_empty() { label.to_owned() } else { format!("{label}/{below}") }
        };
        let mut pass_over = |path: &Path, reason: String| {
            search.passed_over.push(PassedOver { path: named(path), reason });
        };
        let entry = match entry {
            Ok(entry) => entry,
            // A link back to a folder above it leads to no file of its own.
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                let reason = if is_dangling(&path) {
                    "a link that leads nowhere".to_owned()
                } else {
                    format!("it cannot be listed: {error}")
                };
                pass_over(&path, reason);
                continue;
            }
        };
        if entry.file_type().is_dir() || entry.file_name() == ".DS_Store" {
            continue;
        }
        if !entry.file_type().is_file() {
            let reason = "no regular file but a pipe, socket or device".to_owned();
            pass_over(entry.path(), reason);
            continue;
        }
        // Opened once now, so that one file without rights does not end the run halfway.
        let size = match File::open(entry.path()).and_then(|file| file.metadata()) {
            Ok(metadata) => metadata.len(),
            Err(error) => {
                pass_over(entry.path(), format!("it cannot be opened: {error}"));
                continue;
            }
        };
        search.found.push(Found { path: entry.path().to_owned(), name: named(entry.path()), size });
    }
}

fn is_dangling(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

/// What the case calls each input: as few last parts of its path as tell it from the others.
fn labels(roots: &[PathBuf]) -> Vec<String> {
    let parts: Vec<Vec<String>> = roots
        .iter()
        .map(|root| {
            root.components()
                .filter(|part| matches!(part, Component::Normal(_)))
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect()
        })
        .collect();
    let mut depths = vec![1usize; roots.len()];
    loop {
        let labels: Vec<String> = parts
            .iter()
            .zip(&depths)
            .map(|(parts, depth)| {
                let skipped = parts.len().saturating_sub(*depth);
                parts.get(skipped..).unwrap_or_default().join("/")
            })
            .collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for label in &labels {
            let count = counts.entry(label).or_default();
            *count = count.saturating_add(1);
        }
        let mut deeper = false;
        for ((label, depth), parts) in labels.iter().zip(&mut depths).zip(&parts) {
            if counts.get(label.as_str()).is_some_and(|count| *count > 1) && *depth < parts.len() {
                *depth = depth.saturating_add(1);
                deeper = true;
            }
        }
        if !deeper {
            return labels;
        }
    }
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// A file's digest.
#[derive(Debug)]
pub(crate) struct Hashed {
    /// SHA-256 of its bytes, hex.
    pub(crate) sha256: String,
    /// How many they are.
    pub(crate) size: u64,
    /// The bytes themselves, when they are few.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Hashes a file's bytes and keeps them when there are no more than `keep`.
pub(crate) fn hash(found: &Found, keep: u64) -> Result<Hashed, StoreError> {
    let doing = "reading";
    let mut file = open(found)?;
    if found.size <= keep {
        let mut bytes = Vec::with_capacity(usize::try_from(found.size).unwrap_or(0));
        file.by_ref()
            .take(keep.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(StoreError::io(doing, &found.path))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size <= keep {
            return Ok(Hashed { sha256: hex(&Sha256::digest(&bytes)), size, bytes: Some(bytes) });
        }
        // It has grown meanwhile; hash it from the start.
        file = open(found)?;
    }
    let mut again = Rereading { file, hasher: Sha256::new() };
    let size = drain(&mut again).map_err(StoreError::io(doing, &found.path))?;
    Ok(Hashed { sha256: hex(&again.hasher.finalize()), size, bytes: None })
}

fn open(found: &Found) -> Result<File, StoreError> {
    File::open(&found.path).map_err(StoreError::io("opening", &found.path))
}

/// Reads to the end; says how many bytes that was.
fn drain(reader: &mut impl Read) -> std::io::Result<u64> {
    let mut buffer = vec![0u8; READ_BYTES];
    let mut size = 0u64;
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(size);
        }
        size = size.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

/// A large file read once more, for its records, and hashed once more to see that it is the same.
#[derive(Debug)]
pub(crate) struct Rereading {
    file: File,
    hasher: Sha256,
}

impl Rereading {
    pub(crate) fn new(found: &Found) -> Result<Self, StoreError> {
        Ok(Self { file: open(found)?, hasher: Sha256::new() })
    }

    /// Reads what is left and compares.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when the bytes are others than at first.
    pub(crate) fn finish(mut self, found: &Found, sha256: &str) -> Result<(), StoreError> {
        drain(&mut self).map_err(StoreError::io("reading", &found.path))?;
        if hex(&self.hasher.finalize()) == sha256 {
            Ok(())
        } else {
            Err(StoreError::Changed(found.path.clone()))
        }
    }
}

impl Read for Rereading {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// What is left of a reader: its first bytes, how many there are, and whether all are zero.
pub(crate) fn rest(
    reader: &mut impl BufRead,
    keep: usize,
) -> std::io::Result<(Vec<u8>, u64, bool)> {
    let (mut kept, mut size, mut zeros) = (Vec::new(), 0u64, true);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok((kept, size, zeros));
        }
        let room = keep.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        zeros &= bytes.iter().all(|byte| *byte == 0);
        let read = bytes.len();
        size = size.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        reader.consume(read);
    }
}

/// A small text file, such as a pattern or a mapping, whole.
///
/// # Errors
///
/// [`StoreError::TooLarge`] beyond `max_bytes`, [`StoreError::NotText`] when it is not UTF-8.
pub fn read_text(path: &Path, max_bytes: u64) -> Result<String, StoreError> {
    let file = File::open(path).map_err(StoreError::io("opening", path))?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(StoreError::io("reading", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > max_bytes) {
        return Err(StoreError::TooLarge { path: path.to_owned(), max: max_bytes });
    }
    String::from_utf8(bytes).map_err(|_not_text| StoreError::NotText(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    fn names(inputs: &[PathBuf], case: &Path) -> Result<Vec<String>, String> {
        find(inputs, case)
            .map(|search| search.found.into_iter().map(|file| file.name).collect())
            .map_err(|error| error.to_string())
    }

    type Row =
        (&'static str, &'static [&'static str], Result<&'static [&'static str], &'static str>);

    #[test]
    fn names_begin_with_what_was_named_and_tell_inputs_apart() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for file in ["one/trail/a.log", "one/trail/.hidden/b", "two/trail/a.log", "one/.DS_Store"] {
            put(&at(file));
        }
        fs::create_dir(at("case")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        let case = at("case");
        let rows: [Row; 8] = [
            ("a folder, hidden files too", &["one/trail"], Ok(&["trail/.hidden/b", "trail/a.log"])),
            ("a file", &["one/trail/a.log"], Ok(&["a.log"])),
            (
                "two that end alike",
                &["two/trail", "one/trail"],
                Ok(&["one/trail/.hidden/b", "one/trail/a.log", "two/trail/a.log"]),
            ),
            (
                "one inside the other, and one twice",
                &["one/trail/a.log", "one", "one"],
                Ok(&["one/trail/.hidden/b", "one/trail/a.log"]),
            ),
            ("a relative part in between", &["one/../two/trail"], Ok(&["trail/a.log"])),
            ("nothing there", &["nowhere"], Err("nowhere` does not exist")),
            ("an empty folder", &["empty"], Err("holds no file")),
            ("the case as evidence", &["case"], Err("is the case folder itself")),
        ];
        for (name, inputs, want) in rows {
            let inputs: Vec<PathBuf> = inputs.iter().map(|input| at(input)).collect();
            match (names(&inputs, &case), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "row: {name}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "row: {name}: {got}"),
                (got, want) => panic!("row: {name}: {got:?}, expected {want:?}"),
            }
        }
    }

    #[test]
    fn a_case_inside_the_evidence_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("logs/a"));
        put(&folder.path().join("logs/case/events/part.parquet"));
        let logs = folder.path().join("logs");
        assert_eq!(names(std::slice::from_ref(&logs), &logs.join("case")).unwrap(), ["logs/a"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles_or_into_nothing() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        put(&at("logs/a"));
        put(&at("elsewhere/b"));
        fs::create_dir(at("case")).unwrap();
        symlink(at("logs"), at("logs/circle")).unwrap();
        symlink(at("nowhere"), at("logs/dangling")).unwrap();
        symlink(at("elsewhere"), at("logs/folder")).unwrap();
        symlink(at("elsewhere/b"), at("logs/file")).unwrap();
        assert_eq!(
            names(&[at("logs")], &at("case")).unwrap(),
            ["logs/a", "logs/file", "logs/folder/b"]
        );
    }

    #[test]
    fn a_large_file_that_changed_between_readings_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "before").unwrap();
        let found = Found { path: path.clone(), name: "a".to_owned(), size: 6 };
        let Hashed { sha256, size, bytes } = hash(&found, 3).unwrap();
        assert_eq!((size, bytes), (6, None));
        Rereading::new(&found).unwrap().finish(&found, &sha256).unwrap();
        fs::write(&path, "behind").unwrap();
        let error = Rereading::new(&found).unwrap().finish(&found, &sha256).unwrap_err();
        assert!(error.to_string().contains("changed while it was read"), "{error}");
    }

    #[test]
    fn texts_are_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "four");
        assert!(read_text(&path, 3).unwrap_err().to_string().contains("more than 3 bytes"));
        fs::write(&path, [0xff]).unwrap();
        assert!(read_text(&path, 3).unwrap_err().to_string().contains("not UTF-8"));
    }
}
