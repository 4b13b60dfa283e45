//! Atomic commit: a batch of evidence is in the store whole, or not at all.
//!
//! Everything of a batch is written under `.staging`. The journal `.commit.json` then lists what
//! goes where; once it is on disk the batch counts as committed, and whoever opens the case next
//! finishes the moves. Without a journal, staging is what an interrupted run left and is thrown
//! away.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egret_model::evidence::EvidenceFile;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::CaseDir;
use crate::custody::{Recorder, SigningKey, append_commit, sha256_of_file};
use crate::error::StoreError;

/// What a batch brings: file moves below the case folder, and lines for the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// Number of the batch, from 1.
    pub(crate) batch: u64,
    /// From below `.staging`, to below the case folder; both with `/`.
    pub(crate) moves: Vec<(String, String)>,
    /// Size of the manifest before the batch, so that its lines are added once.
    pub(crate) manifest_bytes: u64,
    /// Evidence files of the batch.
    pub(crate) files: Vec<EvidenceFile>,
    /// SHA-256 of every file that is moved, by where it goes.
    #[serde(default)]
    pub(crate) hashes: Vec<(String, String)>,
    /// Program that made the batch.
    #[serde(default)]
    pub(crate) tool: String,
    /// When it did.
    #[serde(default)]
    pub(crate) time: Timestamp,
}

/// Commits a batch whose files lie under staging.
pub(crate) fn commit(
    case: &CaseDir,
    journal: &Journal,
    key: Option<&Arc<SigningKey>>,
) -> Result<(), StoreError> {
    write_journal(case, journal)?;
    finish(case, journal, key)
}

fn write_journal(case: &CaseDir, journal: &Journal) -> Result<(), StoreError> {
    let path = case.journal();
    // A draft that was not finished goes away with the rest of staging.
    let draft = case.staging().join("journal");
    let doing = "writing";
    let text =
        serde_json::to_vec(journal).map_err(|error| StoreError::io(doing, &draft)(error.into()))?;
    let mut file = File::create(&draft).map_err(StoreError::io(doing, &draft))?;
    file.write_all(&text).map_err(StoreError::io(doing, &draft))?;
    file.sync_all().map_err(StoreError::io(doing, &draft))?;
    fs::rename(&draft, &path).map_err(StoreError::io(doing, &path))?;
    sync_folder(case.root())
}

/// Carries out what a journal lists; doing so twice changes nothing.
fn finish(
    case: &CaseDir,
    journal: &Journal,
    key: Option<&Arc<SigningKey>>,
) -> Result<(), StoreError> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for (from, to) in &journal.moves {
        let from = case.staging().join(from);
        let to = case.root().join(to);
        if let Some(folder) = to.parent()
            && folders.insert(folder.to_owned())
        {
            fs::create_dir_all(folder).map_err(StoreError::io("making the folder", folder))?;
        }
        match fs::rename(&from, &to) {
            Ok(()) => {}
            // Moved before the interruption.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && to.exists() => {}
            Err(error) => return Err(StoreError::io("moving", &from)(error)),
        }
    }
    // A folder made just now is a new name in the one above it, up to the case's own.
    let above: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| folder.ancestors().skip(1))
        .filter(|folder| folder.starts_with(case.root()))
        .map(Path::to_owned)
        .collect();
    folders.extend(above);
    for folder in &folders {
        sync_folder(folder)?;
    }
    append_manifest(case, journal)?;
    record(case, journal, key)?;
    let journal = case.journal();
    fs::remove_file(&journal).map_err(StoreError::io("removing", &journal))?;
    clear(&case.staging())
}

/// Adds the batch's lines behind what was there before it, whatever an interruption left of them.
fn append_manifest(case: &CaseDir, journal: &Journal) -> Result<(), StoreError> {
    let path = case.manifest_path();
    let doing = "writing";
    let mut lines = Vec::new();
    for evidence in &journal.files {
        serde_json::to_writer(&mut lines, evidence)
            .map_err(|error| StoreError::io(doing, &path)(error.into()))?;
        lines.push(b'\n');
    }
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io(doing, &path))?;
    file.set_len(journal.manifest_bytes).map_err(StoreError::io(doing, &path))?;
    file.seek(SeekFrom::End(0)).map_err(StoreError::io(doing, &path))?;
    file.write_all(&lines).map_err(StoreError::io(doing, &path))?;
    file.sync_all().map_err(StoreError::io(doing, &path))?;
    sync_folder(&case.evidence())
}

/// Adds the batch to the ledger: what is in the store now, by hash.
fn record(
    case: &CaseDir,
    journal: &Journal,
    key: Option<&Arc<SigningKey>>,
) -> Result<(), StoreError> {
    let path = case.manifest_path();
    let (manifest, _) = sha256_of_file(&path).map_err(StoreError::io("reading", &path))?;
    let sum =
        |of: fn(&EvidenceFile) -> u64| journal.files.iter().map(of).fold(0u64, u64::saturating_add);
    let detail = serde_json::json!({
        "batch": journal.batch,
        "evidence": journal.files.len(),
        "read": sum(|file| file.read),
        "stored": sum(|file| file.stored),
        "duplicate": sum(|file| file.duplicate),
        "quarantined": sum(|file| file.quarantined),
        "manifest_sha256": manifest,
        "files": journal.hashes,
    });
    let recorder = Recorder { tool: journal.tool.clone(), time: journal.time, key: key.cloned() };
    append_commit(case, &recorder, journal.batch, &detail)
}

/// Finishes or throws away what an earlier run left; leaves alone what a run in progress works on.
pub(crate) fn recover(case: &CaseDir) -> Result<(), StoreError> {
    // The usual case, and the only one that works on a medium that cannot be written.
    if !case.journal().exists() && !case.staging().exists() {
        return Ok(());
    }
    match Lock::take(case) {
        Ok(_held) => settle(case),
        Err(StoreError::Locked(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// As [`recover`], for the run that holds the lock.
pub(crate) fn settle(case: &CaseDir) -> Result<(), StoreError> {
    let path = case.journal();
    if path.exists() {
        let text = crate::evidence::read_text(&path, 1 << 30)?;
        let journal: Journal = serde_json::from_str(&text).map_err(|error| {
            StoreError::Damaged { path: path.clone(), reason: error.to_string() }
        })?;
        return finish(case, &journal, None);
    }
    clear(&case.staging())
}

fn clear(staging: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(staging) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("removing", staging)(error)),
    }
}

/// Makes renames and new names inside a folder last through a power cut.
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Elsewhere a folder cannot be opened, and need not be.
    if cfg!(unix) {
        let doing = "writing";
        let opened = File::open(folder).map_err(StoreError::io(doing, folder))?;
        opened.sync_all().map_err(StoreError::io(doing, folder))?;
    }
    Ok(())
}

/// Held while a run writes.
///
/// The lock is the operating system's, so a run that was killed leaves none behind. The file itself
/// stays: removing it would let two runs hold two different files of that name.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(case: &CaseDir) -> Result<Self, StoreError> {
        let path = case.lock();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(StoreError::io("locking", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path)),
            Err(TryLockError::Error(error)) => Err(StoreError::io("locking", &path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(path: &str) -> EvidenceFile {
        EvidenceFile {
            path: path.to_owned(),
            size: 1,
            sha256: "00".to_owned(),
            source: None,
            detected: String::new(),
            read: 0,
            stored: 0,
            duplicate: 0,
            quarantined: 0,
            notes: Vec::new(),
            etag: None,
            version_id: None,
        }
    }

    fn staged(case: &CaseDir) -> Journal {
        fs::create_dir_all(case.staging()).unwrap();
        fs::write(case.staging().join("a"), "A").unwrap();
        fs::write(case.staging().join("b"), "B").unwrap();
        Journal {
            batch: 1,
            moves: vec![
                ("a".to_owned(), "events/x/a".to_owned()),
                ("b".to_owned(), "events/x/b".to_owned()),
            ],
            manifest_bytes: 0,
            files: vec![evidence("one")],
            hashes: Vec::new(),
            tool: "egret".to_owned(),
            time: Timestamp::UNIX_EPOCH,
        }
    }

    fn is_whole(case: &CaseDir) -> bool {
        case.events().join("x/a").exists()
            && case.events().join("x/b").exists()
            && crate::manifest(case).unwrap().len() == 1
            && !case.journal().exists()
            && !case.staging().exists()
    }

    #[test]
    fn an_interruption_before_the_journal_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseDir::create_or_open(folder.path()).unwrap();
        staged(&case);
        fs::write(case.staging().join("journal"), "{\"batch\":1,\"mo").unwrap();
        let case = CaseDir::create_or_open(folder.path()).unwrap();
        assert!(!case.staging().exists());
        assert_eq!(fs::read_dir(case.events()).unwrap().count(), 0);
        assert!(crate::manifest(&case).unwrap().is_empty());
    }

    #[test]
    fn a_journal_that_is_no_journal_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseDir::create_or_open(folder.path()).unwrap();
        fs::write(case.journal(), "{}").unwrap();
        let error = CaseDir::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(".commit.json`: missing field `batch`"), "{error}");
    }

    #[test]
    fn an_interruption_at_any_later_point_is_finished_on_opening() {
        for done in 0..6 {
            let folder = tempfile::tempdir().unwrap();
            let case = CaseDir::create_or_open(folder.path()).unwrap();
            let journal = staged(&case);
            write_journal(&case, &journal).unwrap();
            if done >= 1 {
                fs::create_dir_all(case.events().join("x")).unwrap();
                fs::rename(case.staging().join("a"), case.events().join("x/a")).unwrap();
            }
            if done >= 2 {
                fs::rename(case.staging().join("b"), case.events().join("x/b")).unwrap();
            }
            if done == 3 {
                fs::write(case.manifest_path(), "{\"path\":\"half a li").unwrap();
            }
            if done >= 4 {
                append_manifest(&case, &journal).unwrap();
            }
            if done >= 5 {
                fs::remove_file(case.journal()).unwrap();
            }
            let case = CaseDir::open(folder.path()).unwrap();
            assert!(is_whole(&case), "interrupted after step {done}");
            let case = CaseDir::open(case.root()).unwrap();
            assert!(is_whole(&case), "opened twice after step {done}");
        }
    }

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseDir::create_or_open(folder.path()).unwrap();
        let lock = Lock::take(&case).unwrap();
        let refused = Lock::take(&case).unwrap_err().to_string();
        assert!(refused.starts_with("another run is writing the case"), "{refused}");
        drop(lock);
        drop(Lock::take(&case).unwrap());
    }

    #[test]
    fn opening_leaves_a_run_in_progress_alone() {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseDir::create_or_open(folder.path()).unwrap();
        staged(&case);
        let lock = Lock::take(&case).unwrap();
        let case = CaseDir::open(folder.path()).unwrap();
        assert!(case.staging().exists());
        drop(lock);
        let case = CaseDir::open(folder.path()).unwrap();
        assert!(!case.staging().exists());
    }
}
