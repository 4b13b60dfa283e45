//! Evidence to store, in an order that does not depend on how many threads there are.
//!
//! Start reading here, then `pipeline`, which shares the work out, `reading`, which makes pieces of
//! one file, and `committer`, which takes the pieces in order.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use egret_model::evidence::EvidenceFile;
use egret_model::progress::{Progress, Unit};
use egret_model::report::IngestTotals;
use egret_sources::Registry;

use crate::case::{CaseDir, manifest};
use crate::commit::{self, Lock};
use crate::custody::{self, Recorder};
use crate::enrich::Enrichment;
use crate::error::StoreError;
use crate::evidence::{PassedOver, Search, find};
use crate::pipeline;

/// How ingest may use the machine.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Worker threads; at least 1. The store is the same with any number.
    pub threads: usize,
    /// Bytes of events held before they are written. The process takes some more: what is being
    /// compressed, and the files being read.
    pub memory_bytes: usize,
    /// Rows after which what is there is committed. An interrupted run loses no more than these.
    pub commit_rows: u64,
    /// Who writes the ledger.
    pub recorder: Recorder,
    /// Where addresses are looked up; nowhere by default.
    pub enrichment: Arc<Enrichment>,
}

impl Default for IngestOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            threads,
            memory_bytes: 384 << 20,
            commit_rows: 2_000_000,
            recorder: Recorder::default(),
            enrichment: Arc::default(),
        }
    }
}

/// What one run of ingest did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestSummary {
    /// Files of this run, sorted by path.
    pub files: Vec<EvidenceFile>,
    /// Files left alone because their bytes were ingested before.
    pub already: u64,
    /// Totals over the whole case.
    pub totals: IngestTotals,
    /// Bytes read, as they lie on disk.
    pub bytes: u64,
    /// The same after decompression.
    pub inflated_bytes: u64,
    /// What cannot be ingested, such as a pipe or a file without the right to read it.
    pub passed_over: Vec<PassedOver>,
}

/// Reads evidence into the store of a case. What is in it already is left alone.
///
/// A file whose bytes an earlier run ingested is skipped and counted. Of two files with the same
/// bytes in one run both are in the manifest, the second with every record a duplicate, and none of
/// its records is quarantined a second time.
///
/// # Errors
///
/// A path that is not there, a case that another run writes, or a disk that fails. A file or record
/// that cannot be read is no error: the manifest and the quarantine say what is wrong with it.
/// Batches that were committed before an error stay.
pub fn ingest(
    case: &CaseDir,
    inputs: &[PathBuf],
    registry: &Registry,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<IngestSummary, StoreError> {
    let Search { found, places, mut passed_over } = find(inputs, case.root())?;
    let _lock = Lock::take(case)?;
    commit::settle(case)?;
    let detail = serde_json::json!({
        "places": places,
        "files": found.len(),
        "passed_over": passed_over,
        "lookups": options.enrichment.files(),
    });
    custody::append(case, &options.recorder, "ingest", &detail)?;
    let before = manifest(case)?;
    let known: BTreeSet<String> = before.iter().map(|file| file.sha256.clone()).collect();
    let bytes = found.iter().fold(0u64, |sum, file| sum.saturating_add(file.size));
    progress.start("reading evidence", bytes, Unit::Bytes);
    let done = pipeline::run(case, &found, &known, registry, options, progress);
    progress.finish();
    let done = done?;
    commit::settle(case)?;
    if !done.unreadable.is_empty() {
        let detail = serde_json::json!({ "passed_over": done.unreadable });
        custody::append(case, &options.recorder, "unreadable", &detail)?;
        passed_over.extend(done.unreadable);
        passed_over.sort();
    }
    Ok(IngestSummary {
        files: done.files,
        already: done.already,
        totals: totals(case)?,
        bytes: done.bytes,
        inflated_bytes: done.inflated_bytes,
        passed_over,
    })
}

/// Totals over every evidence file of a case.
///
/// # Errors
///
/// See [`manifest`].
pub fn totals(case: &CaseDir) -> Result<IngestTotals, StoreError> {
    let mut totals = IngestTotals::default();
    for file in manifest(case)? {
        totals.files = totals.files.saturating_add(1);
        totals.read = totals.read.saturating_add(file.read);
        totals.stored = totals.stored.saturating_add(file.stored);
        totals.duplicate = totals.duplicate.saturating_add(file.duplicate);
        totals.quarantined = totals.quarantined.saturating_add(file.quarantined);
        for note in &file.notes {
            totals.notes.push(format!("{}: {note}", file.path));
        }
    }
    Ok(totals)
}
