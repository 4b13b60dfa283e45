//! The case folder: where everything of a case lies.

use std::fs;
use std::path::{Path, PathBuf};

use egret_model::evidence::{EvidenceFile, QuarantinedRecord};

use crate::commit;
use crate::error::StoreError;

/// Rejected records that are read back at most; the files hold them all.
const QUARANTINE_ROWS_MAX: usize = 10_000;

/// The paths of a case folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDir {
    root: PathBuf,
}

impl CaseDir {
    /// Opens a case folder, and makes it when there is none. A batch that was being committed when
    /// an earlier run stopped is committed now; one that had not come so far is discarded.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn create_or_open(root: &Path) -> Result<Self, StoreError> {
        let case = Self { root: root.to_owned() };
        for folder in [case.events(), case.evidence(), case.quarantine(), case.report()] {
            fs::create_dir_all(&folder).map_err(StoreError::io("making the folder", &folder))?;
        }
        commit::recover(&case)?;
        Ok(case)
    }

    /// Opens a case folder that is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoCase`] when it is none.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let case = Self { root: root.to_owned() };
        if !case.events().is_dir() {
            return Err(StoreError::NoCase(root.to_owned()));
        }
        commit::recover(&case)?;
        Ok(case)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store: `dataset=…/date=…/part-….parquet`.
    pub fn events(&self) -> PathBuf {
        self.root.join("events")
    }

    /// What is known of the evidence files.
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    /// Rejected records: `<SHA-256 of the evidence file>.jsonl`.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// Report and artifacts.
    pub fn report(&self) -> PathBuf {
        self.root.join("report")
    }

    /// Settings of the case.
    pub fn settings(&self) -> PathBuf {
        self.root.join("case.toml")
    }

    /// What was done to the case.
    pub fn ledger(&self) -> PathBuf {
        self.root.join("ledger.jsonl")
    }

    pub(crate) fn manifest_path(&self) -> PathBuf {
        self.evidence().join("manifest.jsonl")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join(".lock")
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.root.join(".staging")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join(".commit.json")
    }
}

/// Every evidence file of the case, sorted by path.
///
/// # Errors
///
/// [`StoreError::Damaged`] names the line that cannot be read.
pub fn manifest(case: &CaseDir) -> Result<Vec<EvidenceFile>, StoreError> {
    let path = case.manifest_path();
    let mut files: Vec<EvidenceFile> = read_lines(&path, usize::MAX)?;
    files.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.sha256.cmp(&b.sha256)));
    Ok(files)
}

/// Rejected records, by file and then in the order they were met; at most 10,000.
///
/// # Errors
///
/// See [`manifest`].
pub fn quarantined(case: &CaseDir) -> Result<Vec<QuarantinedRecord>, StoreError> {
    let mut records = Vec::new();
    for file in manifest(case)?.iter().filter(|file| file.quarantined > 0) {
        let left = QUARANTINE_ROWS_MAX.saturating_sub(records.len());
        let path = case.quarantine().join(quarantine_name(&file.sha256));
        records.extend(read_lines::<QuarantinedRecord>(&path, left)?);
    }
    Ok(records)
}

/// Name of the file with the rejected records of an evidence file.
pub(crate) fn quarantine_name(sha256: &str) -> String {
    format!("{sha256}.jsonl")
}

fn read_lines<T: serde::de::DeserializeOwned>(
    path: &Path,
    most: usize,
) -> Result<Vec<T>, StoreError> {
    use std::io::BufRead;
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("opening", path)(error)),
    };
    let mut values = Vec::new();
    for (line, number) in std::io::BufReader::new(file).lines().zip(1u64..) {
        if values.len() >= most {
            break;
        }
        let line = line.map_err(StoreError::io("reading", path))?;
        if line.is_empty() {
            continue;
        }
        values.push(serde_json::from_str(&line).map_err(|error| StoreError::Damaged {
            path: path.to_owned(),
            reason: format!("line {number}: {error}"),
        })?);
    }
    Ok(values)
}
