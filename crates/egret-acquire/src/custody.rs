//! What was acquired: one line for each object, written as it lands.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Name of the list in the evidence folder.
pub const MANIFEST: &str = "acquired.jsonl";

/// An object as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquired {
    /// Where it came from.
    pub url: String,
    /// Where it lies, from the folder of the list.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes as written.
    pub sha256: String,
    /// What S3 says identifies the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Version, in a bucket that keeps them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// When the object was last written, by S3's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// Objects that are here already; a line that was cut off by an abort is passed over.
pub(crate) fn read(folder: &Path) -> std::io::Result<Vec<Acquired>> {
    let file = match File::open(folder.join(MANIFEST)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut held = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        if let Ok(acquired) = serde_json::from_slice(&line?) {
            held.push(acquired);
        }
    }
    Ok(held)
}

/// Adds a line, on a line of its own even when the last one was cut off.
pub(crate) fn append(folder: &Path, acquired: &Acquired) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join(MANIFEST))?;
    let mut line = serde_json::to_vec(acquired)?;
    line.insert(0, b'\n');
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}
