//! Evidence files: what was collected, and what became of each record in it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One line of `evidence/manifest.jsonl`: a file, and the account of its records.
///
/// `read = stored + duplicate + quarantined` holds for every file; [`Self::balances`] says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// Path relative to what was ingested, or URL.
    pub path: String,
    /// Size as it lies there, in bytes.
    pub size: u64,
    /// SHA-256 of those bytes, hex.
    pub sha256: String,
    /// Source that decoded it; `None` when no source knew it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// Why that source was chosen, or why none was.
    pub detected: String,
    /// Records found.
    pub read: u64,
    /// Records in the store.
    pub stored: u64,
    /// Records that were stored already.
    pub duplicate: u64,
    /// Records that could not be read.
    pub quarantined: u64,
    /// What a reader should know about the file as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// S3 entity tag, when it came from S3.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// S3 version id, when it came from S3.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version_id: Option<String>,
}

impl EvidenceFile {
    /// Whether every record read is accounted for.
    pub fn balances(&self) -> bool {
        self.stored
            .checked_add(self.duplicate)
            .and_then(|sum| sum.checked_add(self.quarantined))
            .is_some_and(|sum| sum == self.read)
    }
}

/// A record that could not become an event: one line of `quarantine/…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRecord {
    /// Evidence file.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// Record number in the file, from 1.
    pub record: u64,
    /// Byte offset of the record in the decompressed file.
    pub byte_offset: u64,
    /// Why, in words.
    pub reason: String,
    /// Bytes of the record as text, invalid UTF-8 replaced, cut at
    /// [`crate::limits::QUARANTINE_BYTES_MAX`].
    pub text: String,
    /// Whether `text` was cut or altered.
    pub lossy: bool,
}

/// SHA-256 as lower-case hex.
///
/// # Example
///
/// ```
/// use egret_model::evidence::sha256_hex;
///
/// assert!(sha256_hex(b"").starts_with("e3b0c44298fc1c14"));
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    text
}
