//! Whether evidence, store, ledger and artifacts are what they were.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use egret_model::evidence::{EvidenceFile, hex};
use egret_model::progress::{Progress, Unit};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::ledger::{COMMIT, Entry, entries, sha256_of_file};
use super::places::{Place, places_of};
use super::signing::PublicKey;
use crate::case::{CaseDir, manifest};
use crate::digest::{self, Digest, Log, PublicKeys, Status, Verdict};
use crate::error::StoreError;
use crate::inflate::{Members, is_gzip};

/// The largest digest file, key list or metadata file that is read.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// What to check against.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// CloudTrail's public keys.
    pub public_keys: PublicKeys,
    /// Key that every ledger entry must be signed with.
    pub signer: Option<PublicKey>,
    /// Where the evidence lies now, when it has moved.
    pub evidence: Option<PathBuf>,
    /// Files looked at at a time; 0 counts as 1.
    pub threads: usize,
}

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Which file.
    pub file: String,
    /// `altered`, `missing`, `added`, `not_recorded`, `unsigned` or `unreadable`.
    pub status: &'static str,
    /// What was expected, and what was found.
    pub reason: String,
}

/// A digest or log, and what became of it.
pub type Finding = Verdict;

/// One part of the case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `intact`, `altered`, or `not_recorded` when there is nothing to compare with.
    pub status: &'static str,
    /// Files or entries compared.
    pub checked: u64,
    /// What is not as it was, by file.
    pub problems: Vec<Problem>,
}

impl Check {
    fn of(checked: usize, mut problems: Vec<Problem>) -> Self {
        problems.sort();
        let status = match (checked, problems.is_empty()) {
            (_, false) => "altered",
            (0, true) => "not_recorded",
            (_, true) => "intact",
        };
        Self { status, checked: u64::try_from(checked).unwrap_or(u64::MAX), problems }
    }
}

/// What became of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Evidence files against the manifest.
    pub evidence: Check,
    /// Parquet, quarantine and manifest against the ledger.
    pub store: Check,
    /// The ledger's own chain.
    pub ledger: Check,
    /// Report and artifacts against the ledger.
    pub artifacts: Check,
    /// CloudTrail's digest files.
    pub digests: Vec<Finding>,
    /// CloudTrail's logs against the digests; empty without any digest.
    pub logs: Vec<Finding>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

impl Verification {
    /// Whether nothing is altered, missing, restarted, uncovered or unverified.
    pub fn holds(&self) -> bool {
        [&self.evidence, &self.store, &self.ledger, &self.artifacts]
            .iter()
            .all(|check| check.problems.is_empty())
            && self.digests.iter().chain(&self.logs).all(|found| found.status == Status::Valid)
    }
}

/// Compares a case with what its ledger and CloudTrail's digests say.
///
/// # Errors
///
/// When ledger or manifest cannot be read at all. What is altered is no error; it is the answer.
pub fn verify(
    case: &CaseDir,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Verification, StoreError> {
    let (held, broken) = entries(case)?;
    let mut notes = Vec::new();
    let ledger = check_ledger(&held, &broken, options, &mut notes);
    let store = check_store(case, &held)?;
    let artifacts = check_artifacts(case, &held);
    let files = match manifest(case) {
        Ok(files) => files,
        // Said under `store` already; the evidence it still names is checked all the same.
        Err(StoreError::Damaged { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let looked = look(&files, &places_of(&held), options, progress);
    let evidence = check_evidence(&files, &looked);
    let (digests, logs) = check_digests(&files, &looked, options, &mut notes);
    Ok(Verification { evidence, store, ledger, artifacts, digests, logs, notes })
}

fn check_ledger(
    held: &[Entry],
    broken: &[super::LedgerProblem],
    options: &VerifyOptions,
    notes: &mut Vec<String>,
) -> Check {
    const LEDGER: &str = "ledger.jsonl";
    let mut problems: Vec<Problem> = broken
        .iter()
        .map(|problem| Problem {
            file: LEDGER.to_owned(),
            status: "altered",
            reason: format!("line {}: {}", problem.line, problem.reason),
        })
        .collect();
    if held.is_empty() && broken.is_empty() {
        problems.push(Problem {
            file: LEDGER.to_owned(),
            status: "missing",
            reason: "the case has no ledger, so nothing shows that its store is unaltered"
                .to_owned(),
        });
    }
    if let Some(signer) = &options.signer {
        for entry in held {
            let is_signed = entry
                .signature
                .as_ref()
                .is_some_and(|signature| signer.verifies(entry.hash.as_bytes(), signature));
            if !is_signed {
                problems.push(Problem {
                    file: LEDGER.to_owned(),
                    status: "unsigned",
                    reason: format!("entry {} is not signed by key {}", entry.seq, signer.id()),
                });
            }
        }
    } else {
        let ids: BTreeSet<&str> = held.iter().filter_map(|entry| entry.key.as_deref()).collect();
        for id in ids {
            notes.push(format!(
                "the ledger has signatures of key {id}, which were not checked; give the public key \
                 with `--signer FILE`"
            ));
        }
    }
    if let Some(last) = held.last() {
        notes.push(format!("last entry of the ledger: {} {}", last.seq, last.hash));
    }
    Check::of(held.len(), problems)
}

/// Files below the case folder, by path with `/`, as the ledger has them.
fn recorded(held: &[Entry]) -> BTreeMap<String, String> {
    held.iter()
        .filter(|entry| entry.action == COMMIT)
        .filter_map(|entry| entry.detail.get("files"))
        .filter_map(|files| serde_json::from_value::<Vec<(String, String)>>(files.clone()).ok())
        .flatten()
        .collect()
}

fn check_store(case: &CaseDir, held: &[Entry]) -> Result<Check, StoreError> {
    let recorded = recorded(held);
    let mut problems = Vec::new();
    for (file, sha256) in &recorded {
        problems.extend(compare(case, file, sha256));
    }
    let last = held.iter().rev().find(|entry| entry.action == COMMIT);
    let text =
        |name: &str| last.and_then(|entry| entry.detail.get(name)).and_then(|value| value.as_str());
    let mut checked = recorded.len();
    if let Some(sha256) = text("manifest_sha256") {
        checked = checked.saturating_add(1);
        problems.extend(compare(case, "evidence/manifest.jsonl", sha256));
    }
    for folder in ["events", "quarantine"] {
        let root = case.root().join(folder);
        for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
            let entry = entry.map_err(|error| StoreError::Io {
                doing: "listing",
                path: root.clone(),
                source: error.into(),
            })?;
            if entry.file_type().is_dir() {
                continue;
            }
            let name = slashed(entry.path().strip_prefix(case.root()).unwrap_or(entry.path()));
            if !recorded.contains_key(&name) {
                problems.push(Problem {
                    file: name,
                    status: "added",
                    reason: "the ledger knows of no such file".to_owned(),
                });
            }
        }
    }
    Ok(Check::of(checked, problems))
}

fn check_artifacts(case: &CaseDir, held: &[Entry]) -> Check {
    // Each run writes the files anew; what counts is what was written last.
    let recorded: BTreeMap<String, String> = held
        .iter()
        .filter_map(|entry| entry.detail.get("artifacts"))
        .filter_map(|files| serde_json::from_value::<Vec<(String, String)>>(files.clone()).ok())
        .flatten()
        .collect();
    let problems =
        recorded.iter().filter_map(|(file, sha256)| compare(case, file, sha256)).collect();
    Check::of(recorded.len(), problems)
}

fn compare(case: &CaseDir, file: &str, sha256: &str) -> Option<Problem> {
    let (status, reason) = match sha256_of_file(&case.root().join(file)) {
        Ok((found, _)) if found == sha256 => return None,
        Ok((found, _)) => ("altered", format!("SHA-256 was {sha256}, is {found}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            ("missing", "it was there when the ledger recorded it".to_owned())
        }
        Err(error) => ("unreadable", error.to_string()),
    };
    Some(Problem { file: file.to_owned(), status, reason })
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// What an evidence file is now.
#[derive(Debug, Default)]
struct Looked {
    /// Hash and size, or why there are none.
    now: Option<Result<(String, u64), String>>,
    /// SHA-256 after decompression, for CloudTrail's files.
    inflated: Option<String>,
    /// The text after decompression, for digests and metadata.
    text: Option<Vec<u8>>,
}

/// Reads every evidence file once.
fn look(
    files: &[EvidenceFile],
    places: &[Place],
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Vec<Looked> {
    let has_digests = files.iter().any(|file| source(file) == DIGEST);
    progress.start(
        "verifying evidence",
        files.iter().fold(0, |sum, file| sum.saturating_add(file.size)),
        Unit::Bytes,
    );
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, Looked>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(at) else { break };
                    let looked = look_at(file, places, options, has_digests);
                    progress.advance(file.size);
                    if let Ok(mut done) = done.lock() {
                        done.insert(at, looked);
                    }
                }
            });
        }
    });
    progress.finish();
    let mut done = done.into_inner().unwrap_or_default();
    (0..files.len()).map(|at| done.remove(&at).unwrap_or_default()).collect()
}

const DIGEST: &str = "cloudtrail_digest";
const METADATA: &str = "s3_object_metadata";
const CLOUDTRAIL: &str = "cloudtrail";
const PUBLIC_KEYS: &str = "cloudtrail_public_keys";

fn source(file: &EvidenceFile) -> &str {
    file.source.as_deref().unwrap_or_default()
}

fn look_at(
    file: &EvidenceFile,
    places: &[Place],
    options: &VerifyOptions,
    has_digests: bool,
) -> Looked {
    let candidates: Vec<PathBuf> = match &options.evidence {
        Some(root) => {
            let below = file.path.split_once('/').map_or(file.path.as_str(), |(_, below)| below);
            vec![root.join(&file.path), root.join(below), root.clone()]
        }
        None => places.iter().filter_map(|place| place.find(&file.path)).collect(),
    };
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        let reason = match candidates.first() {
            Some(path) => format!("not found at {}", path.display()),
            None => "the ledger does not say where it lay; name the folder with `--evidence DIR`"
                .to_owned(),
        };
        return Looked { now: Some(Err(reason)), ..Looked::default() };
    };
    let now = sha256_of_file(path).map_err(|error| error.to_string());
    let keep = matches!(source(file), DIGEST | METADATA | PUBLIC_KEYS);
    let mut looked = Looked { now: Some(now), ..Looked::default() };
    if has_digests
        && (keep || source(file) == CLOUDTRAIL)
        && let Ok((sha256, text)) = inflated(path, keep)
    {
        looked.inflated = Some(sha256);
        looked.text = text;
    }
    looked
}

/// SHA-256 of a file after decompression, and its text when it is wanted.
fn inflated(path: &Path, keep: bool) -> std::io::Result<(String, Option<Vec<u8>>)> {
    use std::io::BufRead;
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path)?);
    let is_compressed = is_gzip(reader.fill_buf()?);
    let mut reader: Box<dyn Read> = if is_compressed {
        Box::new(Members::new(reader, egret_model::limits::INFLATED_BYTES_MAX))
    } else {
        Box::new(reader)
    };
    if keep {
        let mut text = Vec::new();
        reader.take(DOCUMENT_BYTES_MAX).read_to_end(&mut text)?;
        return Ok((hex(&Sha256::digest(&text)), Some(text)));
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 18];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex(&hasher.finalize()), None));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

fn check_evidence(files: &[EvidenceFile], looked: &[Looked]) -> Check {
    let problems = files
        .iter()
        .zip(looked)
        .filter_map(|(file, looked)| {
            let (status, reason) = match &looked.now {
                Some(Ok((sha256, _))) if *sha256 == file.sha256 => return None,
                Some(Ok((sha256, size))) => (
                    "altered",
                    format!(
                        "SHA-256 was {}, is {sha256}; {} bytes then, {size} now",
                        file.sha256, file.size
                    ),
                ),
                Some(Err(reason)) if reason.starts_with("not found") => ("missing", reason.clone()),
                Some(Err(reason)) => ("unreadable", reason.clone()),
                None => ("unreadable", "it was not looked at".to_owned()),
            };
            Some(Problem { file: file.path.clone(), status, reason })
        })
        .collect();
    Check::of(files.len(), problems)
}

fn check_digests(
    files: &[EvidenceFile],
    looked: &[Looked],
    options: &VerifyOptions,
    notes: &mut Vec<String>,
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut digests, mut unreadable) = (Vec::new(), Vec::new());
    let mut signatures = BTreeMap::new();
    let mut logs = Vec::new();
    for (file, looked) in files.iter().zip(looked) {
        let text = looked.text.as_deref();
        match source(file) {
            DIGEST => {
                let parsed = match (text, &looked.inflated) {
                    (Some(text), Some(sha256)) => Digest::parse(&file.path, text, sha256.clone()),
                    _ => Err("it can no longer be read".to_owned()),
                };
                match parsed {
                    Ok(digest) => digests.push(digest),
                    Err(reason) => unreadable.push(Verdict {
                        file: file.path.clone(),
                        status: Status::Invalid,
                        reason: format!("not a digest that can be read: {reason}"),
                    }),
                }
            }
            METADATA => {
                signatures.extend(digest::signatures_of(&file.path, text.unwrap_or_default()));
            }
            CLOUDTRAIL => {
                logs.push(Log { path: file.path.clone(), sha256: looked.inflated.clone() });
            }
            PUBLIC_KEYS if options.public_keys.is_empty() => notes.push(format!(
                "{} holds public keys; keys that came with the evidence prove nothing by themselves, \
                 so they count only when named: `--public-keys FILE`",
                file.path
            )),
            _ => {}
        }
    }
    if digests.is_empty() && unreadable.is_empty() {
        if !logs.is_empty() {
            notes.push(format!(
                "no CloudTrail digest is among the evidence, so nothing shows that its {} CloudTrail \
                 files are all there and as delivered",
                logs.len()
            ));
        }
        return (Vec::new(), Vec::new());
    }
    digest::check(&digests, &unreadable, &signatures, &logs, &options.public_keys)
}
