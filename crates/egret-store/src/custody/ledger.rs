//! `ledger.jsonl`: what was done to the case, each entry bound to the one before it.
//!
//! # Format
//!
//! One JSON object a line: `seq`, `time`, `tool`, `action`, `detail`, `prev`, `hash`, and in a signed
//! ledger `key` and `signature`. `hash` is the SHA-256, in hex, of the line as it stands up to the
//! comma before `"hash"`, closed with `}`. `prev` is the `hash` of the line before, 64 zeros on the
//! first. `signature` is an Ed25519 signature of the text of `hash`, in base64.
//!
//! Whoever can write the file can write all of it anew. A signature, or a copy of the last `hash`
//! kept elsewhere, is what rules that out.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use egret_model::evidence::sha256_hex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::signing::SigningKey;
use crate::case::CaseDir;
use crate::error::StoreError;

/// Action of an entry that a batch of evidence makes.
pub(crate) const COMMIT: &str = "commit";

/// What stands before the first entry.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The largest ledger that is read.
const LEDGER_BYTES_MAX: u64 = 1 << 30;

/// Who writes entries, and when.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// Program and version.
    pub tool: String,
    /// Time of the entries. Libraries do not read the clock, so the program says it.
    pub time: Timestamp,
    /// Signs entries when there is one.
    pub key: Option<Arc<SigningKey>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { tool: "egret".to_owned(), time: Timestamp::UNIX_EPOCH, key: None }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// Program and version.
    pub tool: String,
    /// What was done: `ingest`, `commit`, `investigate`, `query`, …
    pub action: String,
    /// With what, and what came of it.
    pub detail: Value,
    /// Hash of the entry before.
    pub prev: String,
    /// Hash of this one.
    pub hash: String,
    /// Which key signed it: the first 16 hex digits of the public key's SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Signature of the hash, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Something is wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerProblem {
    /// Line, from 1.
    pub line: u64,
    /// What was expected, and what was found.
    pub reason: String,
}

#[derive(Serialize)]
struct Body<'a> {
    seq: u64,
    time: Timestamp,
    tool: &'a str,
    action: &'a str,
    detail: &'a Value,
    prev: &'a str,
}

/// Adds an entry.
///
/// # Errors
///
/// [`StoreError::Io`] when the ledger cannot be written; [`StoreError::Damaged`] when its last line
/// is no entry.
pub fn append(
    case: &CaseDir,
    recorder: &Recorder,
    action: &str,
    detail: &Value,
) -> Result<(), StoreError> {
    let mut ledger = Ledger::open(case)?;
    ledger.write(recorder, action, detail)
}

/// Adds the entry of a batch unless it is there; an interrupted commit is carried out twice.
pub(crate) fn append_commit(
    case: &CaseDir,
    recorder: &Recorder,
    batch: u64,
    detail: &Value,
) -> Result<(), StoreError> {
    let mut ledger = Ledger::open(case)?;
    let is_there = ledger
        .entries
        .iter()
        .any(|entry| entry.action == COMMIT && entry.detail.get("batch") == Some(&json!(batch)));
    if is_there { Ok(()) } else { ledger.write(recorder, COMMIT, detail) }
}

/// The ledger, open and locked.
struct Ledger {
    file: File,
    path: std::path::PathBuf,
    entries: Vec<Entry>,
}

impl Ledger {
    fn open(case: &CaseDir) -> Result<Self, StoreError> {
        let path = case.ledger();
        let doing = "opening";
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(StoreError::io(doing, &path))?;
        // Two commands may end at the same time; each waits for its turn.
        file.lock().map_err(StoreError::io("locking", &path))?;
        let mut text = Vec::new();
        Read::by_ref(&mut file)
            .take(LEDGER_BYTES_MAX)
            .read_to_end(&mut text)
            .map_err(StoreError::io("reading", &path))?;
        // A line that an abort cut off was never answered for, and goes.
        let whole = memchr::memrchr(b'\n', &text).map_or(0, |at| at.saturating_add(1));
        if whole < text.len() {
            file.set_len(u64::try_from(whole).unwrap_or(0))
                .map_err(StoreError::io("writing", &path))?;
            text.truncate(whole);
        }
        file.seek(SeekFrom::End(0)).map_err(StoreError::io("reading", &path))?;
        let entries = text
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        Ok(Self { file, path, entries })
    }

    fn write(
        &mut self,
        recorder: &Recorder,
        action: &str,
        detail: &Value,
    ) -> Result<(), StoreError> {
        let last = self.entries.last();
        let body = Body {
            seq: last.map_or(1, |last| last.seq.saturating_add(1)),
            time: recorder.time,
            tool: &recorder.tool,
            action,
            detail,
            prev: last.map_or(NOTHING, |last| last.hash.as_str()),
        };
        let doing = "writing";
        let mut line = serde_json::to_string(&body)
            .map_err(|error| StoreError::io(doing, &self.path)(error.into()))?;
        let hash = sha256_hex(line.as_bytes());
        line.pop();
        line.push_str(&format!(",\"hash\":\"{hash}\""));
        if let Some(key) = &recorder.key {
            line.push_str(&format!(
                ",\"key\":\"{}\",\"signature\":\"{}\"",
                key.public().id(),
                key.sign(hash.as_bytes())
            ));
        }
        line.push_str("}\n");
        self.file.write_all(line.as_bytes()).map_err(StoreError::io(doing, &self.path))?;
        self.file.sync_data().map_err(StoreError::io(doing, &self.path))
    }
}

/// Every entry, and what is wrong with the chain.
///
/// # Errors
///
/// [`StoreError::Io`] when the ledger cannot be read. One that is not there has no entries.
pub fn entries(case: &CaseDir) -> Result<(Vec<Entry>, Vec<LedgerProblem>), StoreError> {
    let path = case.ledger();
    let mut text = Vec::new();
    match File::open(&path) {
        Ok(file) => {
            file.take(LEDGER_BYTES_MAX)
                .read_to_end(&mut text)
                .map_err(StoreError::io("reading", &path))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io("reading", &path)(error)),
    }
    Ok(read(&text))
}

fn read(text: &[u8]) -> (Vec<Entry>, Vec<LedgerProblem>) {
    let mut held: Vec<Entry> = Vec::new();
    let mut problems = Vec::new();
    let mut prev = NOTHING.to_owned();
    let mut seq = 1u64;
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1u64..) {
        if line.is_empty() {
            continue;
        }
        let mut wrong = |reason: String| problems.push(LedgerProblem { line: number, reason });
        let entry: Entry = match serde_json::from_slice(line) {
            Ok(entry) => entry,
            Err(error) => {
                wrong(format!("no entry: {error}"));
                continue;
            }
        };
        if hash_of(line).as_ref() != Some(&entry.hash) {
            wrong(format!("entry {} was altered: its hash is not that of its text", entry.seq));
        }
        if entry.prev != prev {
            wrong(format!(
                "entry {} does not follow the one before it: lines were removed, added or exchanged",
                entry.seq
            ));
        } else if entry.seq != seq {
            wrong(format!("entry {} stands where entry {seq} belongs", entry.seq));
        }
        prev.clone_from(&entry.hash);
        seq = entry.seq.saturating_add(1);
        held.push(entry);
    }
    (held, problems)
}

/// Hash of a line's text before the member `hash`.
fn hash_of(line: &[u8]) -> Option<String> {
    let at = memchr::memmem::rfind(line, b",\"hash\":\"")?;
    let mut body = line.get(..at)?.to_vec();
    body.push(b'}');
    Some(sha256_hex(&body))
}

/// SHA-256 of a file, hex, and its size.
pub(crate) fn sha256_of_file(path: &Path) -> std::io::Result<(String, u64)> {
    use sha2::{Digest, Sha256};
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 18];
    let mut size = 0u64;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((egret_model::evidence::hex(&hasher.finalize()), size));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        size = size.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(entries: usize) -> (tempfile::TempDir, CaseDir) {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseDir::create_or_open(folder.path()).unwrap();
        for number in 0..entries {
            append(&case, &Recorder::default(), "query", &json!({ "number": number, "hash": "x" }))
                .unwrap();
        }
        (folder, case)
    }

    #[test]
    fn an_unbroken_chain_has_no_problems() {
        let (_folder, case) = ledger(3);
        let (entries, problems) = entries(&case).unwrap();
        assert_eq!(problems, []);
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(entries[1].prev, entries[0].hash);
    }

    #[test]
    fn every_change_is_seen() {
        let (_folder, case) = ledger(4);
        let text = crate::read_text(&case.ledger(), 1 << 20).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let rows: &[(&str, String, &str)] = &[
            ("edited", text.replacen("\"number\":2", "\"number\":7", 1), "was altered"),
            ("removed", [lines[0], lines[2], lines[3]].join("\n"), "does not follow"),
            ("exchanged", [lines[0], lines[2], lines[1], lines[3]].join("\n"), "does not follow"),
            ("first removed", lines[1..].join("\n"), "does not follow"),
            ("added", format!("{}\n{}", text.trim_end(), lines[3]), "does not follow"),
            ("no JSON", text.replacen("{\"seq\":2", "{seq:2", 1), "no entry"),
        ];
        for (name, text, reason) in rows {
            let (_, problems) = read(text.as_bytes());
            assert!(problems.iter().any(|problem| problem.reason.contains(reason)), "row: {name}");
        }
    }

    #[test]
    fn a_line_that_was_cut_off_goes_and_the_chain_goes_on() {
        let (_folder, case) = ledger(2);
        let mut text = crate::read_text(&case.ledger(), 1 << 20).unwrap();
        text.push_str("{\"seq\":3,\"ti");
        std::fs::write(case.ledger(), text).unwrap();
        append(&case, &Recorder::default(), "query", &json!({})).unwrap();
        let (entries, problems) = entries(&case).unwrap();
        assert_eq!((entries.len(), problems.len()), (3, 0));
    }

    #[test]
    fn a_batch_has_one_entry_however_often_it_is_finished() {
        let (_folder, case) = ledger(0);
        for _ in 0..2 {
            append_commit(&case, &Recorder::default(), 1, &json!({ "batch": 1 })).unwrap();
        }
        append_commit(&case, &Recorder::default(), 2, &json!({ "batch": 2 })).unwrap();
        assert_eq!(entries(&case).unwrap().0.len(), 2);
    }
}
