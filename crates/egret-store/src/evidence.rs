//! Evidence files: found, opened read-only, hashed before the first byte is parsed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use egret_model::evidence::hex;
use sha2::{Digest, Sha256};

use crate::error::StoreError;

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

/// Every file of the inputs, sorted by name, each once.
///
/// A file's name begins with the last part of the input that led to it, so that it does not depend
/// on the working directory.
///
/// # Errors
///
/// [`StoreError::Missing`] and [`StoreError::NothingThere`] name the input.
pub(crate) fn find(inputs: &[PathBuf]) -> Result<Vec<Found>, StoreError> {
    let mut found: Vec<Found> = Vec::new();
    for input in inputs {
        if !input.exists() {
            return Err(StoreError::Missing(input.clone()));
        }
        let whole = input.canonicalize().map_err(StoreError::io("opening", input))?;
        let base = whole.parent().unwrap_or(&whole);
        let before = found.len();
        for entry in walkdir::WalkDir::new(&whole).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| StoreError::Io {
                doing: "listing",
                path: error.path().unwrap_or(&whole).to_owned(),
                source: error.into(),
            })?;
            if !entry.file_type().is_file() || entry.file_name() == ".DS_Store" {
                continue;
            }
            let metadata = entry.metadata().map_err(|error| StoreError::Io {
                doing: "reading",
                path: entry.path().to_owned(),
                source: error.into(),
            })?;
            let name = entry.path().strip_prefix(base).unwrap_or(entry.path());
            let parts: Vec<_> =
                name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            found.push(Found {
                path: entry.path().to_owned(),
                name: parts.join("/"),
                size: metadata.len(),
            });
        }
        if found.len() == before {
            return Err(StoreError::NothingThere(input.clone()));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
    found.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

/// SHA-256 of a file's bytes, and the bytes themselves when there are no more than `keep`.
pub(crate) fn hash(found: &Found, keep: u64) -> Result<(String, Option<Vec<u8>>), StoreError> {
    let doing = "reading";
    let mut file = File::open(&found.path).map_err(StoreError::io("opening", &found.path))?;
    if found.size <= keep {
        let mut bytes = Vec::with_capacity(usize::try_from(found.size).unwrap_or(0));
        file.by_ref()
            .take(keep.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(StoreError::io(doing, &found.path))?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len <= keep) {
            return Ok((hex(&Sha256::digest(&bytes)), Some(bytes)));
        }
        // It has grown meanwhile; hash it from the start.
        file = File::open(&found.path).map_err(StoreError::io("opening", &found.path))?;
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(StoreError::io(doing, &found.path))?;
        if read == 0 {
            return Ok((hex(&hasher.finalize()), None));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
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
