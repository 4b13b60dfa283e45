//! The commit stage: sees every piece, in order.
//!
//! It tells duplicates from new records, keeps the account of each file and fills one buffer per
//! dataset and day. A buffer that is full, or the largest when all together are too large, becomes
//! a part. Where many days take turns, as in an organisation's trail with its accounts and regions,
//! that would make many small parts, so small ones are set aside as runs, and those of a day that has
//! more than a few are merged when the batch ends. All of this follows from the pieces and their order alone, so the same evidence gives the
//! same parts on one thread or on many.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use egret_model::dataset::Dataset;
use egret_model::evidence::{EvidenceFile, QuarantinedRecord};
use egret_sources::{DayBatch, Decoded, Rejected};

use crate::case::{CaseDir, manifest, quarantine_name};
use crate::commit::{self, Journal};
use crate::custody::{Recorder, sha256_of_file};
use crate::error::StoreError;
use crate::evidence::{Found, PassedOver};
use crate::ingest::IngestOptions;
use crate::keys::{Keys, bytes_of, folder_of, relative_folder};
use crate::parquet::{self, Sorted};

/// Rows of one part at most: two row groups, and a sort that stays in the processor's larger caches.
const PART_ROWS: usize = 262_144;

/// Small parts of a day that a batch may leave. Merging costs half as much as all the rest of ingest,
/// and pays only where a query would open many files.
const RUNS_MAX: usize = 4;

/// Bytes of one part's columns in memory. Arrow counts the bytes of a text column in 31 bits.
const PART_BYTES: usize = 1 << 30;

/// Files after which a batch is committed, however few rows they brought: its manifest lines are
/// held in memory until then.
const BATCH_FILES: usize = 100_000;

/// A piece of a file on its way to the commit stage.
#[derive(Debug)]
pub(crate) enum Piece {
    /// The file's bytes were ingested by an earlier run.
    Known,
    /// It could be opened but not read; why.
    Unreadable(String),
    /// Some of its records.
    Decoded {
        /// The records.
        decoded: Decoded,
        /// Memory they take.
        bytes: usize,
        /// SHA-256 of the file.
        sha256: String,
    },
    /// Nothing more comes of the file.
    End(FileEnd),
}

impl Piece {
    /// Records of the file with this digest.
    ///
    /// # Errors
    ///
    /// Only when Arrow does not take back columns that it gave, which would be a bug.
    pub(crate) fn decoded(mut decoded: Decoded, sha256: &str) -> Result<Self, StoreError> {
        let mut bytes = 0usize;
        for day in &mut decoded.days {
            let none = RecordBatch::new_empty(Arc::new(Schema::empty()));
            day.events = shrunk(std::mem::replace(&mut day.events, none))?;
            bytes = bytes.saturating_add(day.events.get_array_memory_size());
        }
        Ok(Self::Decoded { decoded, bytes, sha256: sha256.to_owned() })
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Decoded { bytes, .. } => *bytes,
            Self::Known | Self::Unreadable(_) | Self::End(_) => 0,
        }
    }

    pub(crate) fn is_last(&self) -> bool {
        matches!(self, Self::Known | Self::Unreadable(_) | Self::End(_))
    }
}

/// The same events without the room that columns keep for more.
fn shrunk(events: RecordBatch) -> Result<RecordBatch, StoreError> {
    let (schema, mut columns, rows) = events.into_parts();
    for column in &mut columns {
        column.shrink_to_fit();
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options)
        .map_err(|source| StoreError::Arrow { doing: "putting events together", source })
}

/// What is known of a file once it is read.
#[derive(Debug, Default)]
pub(crate) struct FileEnd {
    pub(crate) sha256: String,
    /// Bytes as it lies there.
    pub(crate) size: u64,
    pub(crate) source: Option<String>,
    pub(crate) detected: String,
    pub(crate) notes: Vec<String>,
    pub(crate) inflated_bytes: u64,
}

/// A part, or a run that may become one, to be sorted and written.
#[derive(Debug)]
pub(crate) struct Job {
    path: PathBuf,
    /// Runs that become part of it, in order; they come before the batches.
    runs: Vec<PathBuf>,
    batches: Vec<RecordBatch>,
    /// Memory that all of it takes.
    pub(crate) bytes: usize,
}

impl Job {
    pub(crate) fn carry_out(self) -> Result<(), StoreError> {
        make_folder_of(&self.path)?;
        let mut batches = Vec::new();
        for run in &self.runs {
            batches.extend(parquet::read(run)?);
        }
        batches.extend(self.batches);
        parquet::write(&self.path, &Sorted::new(&batches))?;
        for run in &self.runs {
            fs::remove_file(run).map_err(StoreError::io("removing", run))?;
        }
        Ok(())
    }
}

/// Events of one dataset and day that were written to make room.
#[derive(Debug)]
struct Run {
    /// File name in the day's staging folder.
    name: String,
    rows: usize,
    /// Memory they took.
    bytes: usize,
}

/// Events of one dataset and day that are not in a part yet.
#[derive(Debug, Default)]
struct Buffer {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

/// Records of one file so far.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    read: u64,
    stored: u64,
    duplicate: u64,
    quarantined: u64,
}

/// A file of this run with its name and the number of its records.
#[derive(Debug)]
struct Seen {
    name: String,
    source: Option<String>,
    read: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Committer {
    events: PathBuf,
    staging: PathBuf,
    batch: u64,
    part: u64,
    buffers: BTreeMap<(Dataset, i32), Buffer>,
    buffered_bytes: usize,
    buffers_max: usize,
    /// Written to make room, in order.
    runs: BTreeMap<(Dataset, i32), Vec<Run>>,
    run: u64,
    run_bytes_max: usize,
    commit_rows: u64,
    keys: Keys,
    jobs: Vec<Job>,
    moves: Vec<(String, String)>,
    /// Rejected records of the file whose turn it is.
    quarantine: Option<(PathBuf, BufWriter<File>)>,
    tally: Tally,
    /// Files of the batch.
    pending: Vec<EvidenceFile>,
    pending_rows: u64,
    recorder: Recorder,
    /// Files of this run by SHA-256.
    seen: BTreeMap<String, Seen>,
    /// Files of this run, in order.
    pub(crate) files: Vec<EvidenceFile>,
    /// Files whose bytes an earlier run ingested.
    pub(crate) already: u64,
    /// Files that could not be read.
    pub(crate) unreadable: Vec<PassedOver>,
    /// Bytes of the files as they lie there.
    pub(crate) bytes: u64,
    /// The same after decompression.
    pub(crate) inflated_bytes: u64,
}

impl Committer {
    /// `buffers_max` bytes of events may be held.
    pub(crate) fn new(
        case: &CaseDir,
        buffers_max: usize,
        options: &IngestOptions,
    ) -> Result<Self, StoreError> {
        let staging = case.staging();
        fs::create_dir_all(&staging).map_err(StoreError::io("making the folder", &staging))?;
        // Every batch brings at least one file, so this number was not used before.
        let files = u64::try_from(manifest(case)?.len()).unwrap_or(u64::MAX);
        Ok(Self {
            events: case.events(),
            staging,
            batch: files.saturating_add(1),
            part: 0,
            buffers: BTreeMap::new(),
            buffered_bytes: 0,
            buffers_max,
            runs: BTreeMap::new(),
            run: 0,
            // A thread that merges holds no more than this.
            run_bytes_max: options.memory_bytes.div_euclid(8),
            commit_rows: options.commit_rows.max(1),
            keys: Keys::default(),
            jobs: Vec::new(),
            moves: Vec::new(),
            quarantine: None,
            tally: Tally::default(),
            pending: Vec::new(),
            pending_rows: 0,
            recorder: options.recorder.clone(),
            seen: BTreeMap::new(),
            files: Vec::new(),
            already: 0,
            unreadable: Vec::new(),
            bytes: 0,
            inflated_bytes: 0,
        })
    }

    /// Takes one piece; gives the parts that are full now.
    pub(crate) fn take(&mut self, found: &Found, piece: Piece) -> Result<Vec<Job>, StoreError> {
        match piece {
            Piece::Known => self.already = self.already.saturating_add(1),
            Piece::Unreadable(reason) => {
                self.unreadable.push(PassedOver { path: found.name.clone(), reason });
            }
            // A twin that was decoded before its elder was read. What it holds is stored.
            Piece::Decoded { sha256, .. } if self.seen.contains_key(&sha256) => {}
            Piece::Decoded { decoded, sha256, .. } => {
                self.tally.read = self.tally.read.saturating_add(decoded.read);
                self.reject(found, &sha256, &decoded.rejected)?;
                for day in decoded.days {
                    self.store(day)?;
                }
            }
            Piece::End(end) => self.end_file(found, end)?,
        }
        Ok(std::mem::take(&mut self.jobs))
    }

    fn store(&mut self, day: DayBatch) -> Result<(), StoreError> {
        let at = (day.dataset, day.day);
        let fresh = self.keys.add(&self.events, day.dataset, day.day, &day.keys)?;
        let rows = fresh.iter().filter(|is_new| **is_new).count();
        let duplicates = fresh.len().saturating_sub(rows);
        self.tally.stored = self.tally.stored.saturating_add(wide(rows));
        self.tally.duplicate = self.tally.duplicate.saturating_add(wide(duplicates));
        if rows == 0 {
            return Ok(());
        }
        let events = if duplicates == 0 {
            day.events
        } else {
            filter_record_batch(&day.events, &BooleanArray::from(fresh))
                .map_err(|source| StoreError::Arrow { doing: "leaving duplicates out", source })?
        };
        let bytes = events.get_array_memory_size();
        if self.buffers.get(&at).is_some_and(|held| held.bytes.saturating_add(bytes) > PART_BYTES) {
            self.flush(at);
        }
        let buffer = self.buffers.entry(at).or_default();
        buffer.batches.push(events);
        buffer.rows = buffer.rows.saturating_add(rows);
        buffer.bytes = buffer.bytes.saturating_add(bytes);
        let is_full = buffer.rows >= PART_ROWS;
        self.buffered_bytes = self.buffered_bytes.saturating_add(bytes);
        if is_full {
            self.flush(at);
        }
        while self.buffered_bytes > self.buffers_max {
            let largest = self
                .buffers
                .iter()
                .max_by_key(|(at, buffer)| (buffer.bytes, std::cmp::Reverse(**at)))
                .map(|(at, _)| *at);
            match largest {
                Some(at) => self.make_room(at),
                None => break,
            }
        }
        Ok(())
    }

    /// Writes a buffer that is the largest: as a part, or as a run when it is small even so.
    fn make_room(&mut self, at: (Dataset, i32)) {
        let Some(buffer) = self.buffers.get(&at) else { return };
        if buffer.bytes >= self.run_bytes_max {
            return self.flush(at);
        }
        let (rows, bytes) = (buffer.rows, buffer.bytes);
        let batches = self.buffers.remove(&at).unwrap_or_default().batches;
        self.buffered_bytes = self.buffered_bytes.saturating_sub(bytes);
        self.run = self.run.saturating_add(1);
        let name = format!("run-{:06}.parquet", self.run);
        let path = folder_of(&self.staging, at.0, at.1).join(&name);
        self.runs.entry(at).or_default().push(Run { name, rows, bytes });
        self.jobs.push(Job { path, runs: Vec::new(), batches, bytes });
    }

    /// Makes a part of a buffer.
    fn flush(&mut self, at: (Dataset, i32)) {
        let Some(buffer) = self.buffers.remove(&at) else { return };
        self.buffered_bytes = self.buffered_bytes.saturating_sub(buffer.bytes);
        self.part(at, Vec::new(), buffer);
    }

    fn part(&mut self, at: (Dataset, i32), runs: Vec<PathBuf>, buffer: Buffer) {
        let name = self.next_part(at, None);
        self.jobs.push(Job {
            path: folder_of(&self.staging, at.0, at.1).join(name),
            runs,
            batches: buffer.batches,
            bytes: buffer.bytes,
        });
    }

    /// Name of the day's next part, which will be moved into the store from `staged`, or from where
    /// it is written under that name.
    fn next_part(&mut self, at: (Dataset, i32), staged: Option<&str>) -> String {
        self.part = self.part.saturating_add(1);
        let folder = relative_folder(at.0, at.1);
        let name = format!("part-{:06}-{:04}.parquet", self.batch, self.part);
        let staged = staged.unwrap_or(&name);
        self.moves.push((format!("{folder}/{staged}"), format!("events/{folder}/{name}")));
        name
    }

    /// Makes parts of all runs and buffers. The runs must have been written.
    pub(crate) fn flush_all(&mut self) -> Vec<Job> {
        for (at, runs) in std::mem::take(&mut self.runs) {
            if runs.len() <= RUNS_MAX {
                for run in runs {
                    self.next_part(at, Some(&run.name));
                }
            } else {
                self.merge(at, runs);
            }
        }
        let left: Vec<(Dataset, i32)> = self.buffers.keys().copied().collect();
        for at in left {
            self.flush(at);
        }
        std::mem::take(&mut self.jobs)
    }

    /// Makes a few parts of many runs and what is buffered behind them.
    fn merge(&mut self, at: (Dataset, i32), runs: Vec<Run>) {
        let folder = folder_of(&self.staging, at.0, at.1);
        // What the part in the making takes, its runs included.
        let (mut paths, mut held) = (Vec::new(), Buffer::default());
        for run in runs {
            if held.bytes.saturating_add(run.bytes) > self.run_bytes_max
                || held.rows.saturating_add(run.rows) > PART_ROWS
            {
                self.part(at, std::mem::take(&mut paths), std::mem::take(&mut held));
            }
            paths.push(folder.join(run.name));
            held.rows = held.rows.saturating_add(run.rows);
            held.bytes = held.bytes.saturating_add(run.bytes);
        }
        let behind = self.buffers.get(&at).map_or(0, |buffer| buffer.bytes);
        if held.bytes.saturating_add(behind) <= self.run_bytes_max
            && let Some(buffer) = self.buffers.remove(&at)
        {
            self.buffered_bytes = self.buffered_bytes.saturating_sub(buffer.bytes);
            held.bytes = held.bytes.saturating_add(buffer.bytes);
            held.batches = buffer.batches;
        }
        self.part(at, paths, held);
    }

    fn reject(
        &mut self,
        found: &Found,
        sha256: &str,
        rejected: &[Rejected],
    ) -> Result<(), StoreError> {
        if rejected.is_empty() {
            return Ok(());
        }
        self.tally.quarantined = self.tally.quarantined.saturating_add(wide(rejected.len()));
        let doing = "writing";
        if self.quarantine.is_none() {
            let name = format!("quarantine/{}", quarantine_name(sha256));
            let path = self.staging.join(&name);
            make_folder_of(&path)?;
            let file = File::create(&path).map_err(StoreError::io(doing, &path))?;
            self.moves.push((name.clone(), name));
            self.quarantine = Some((path, BufWriter::new(file)));
        }
        let Some((path, file)) = &mut self.quarantine else { return Ok(()) };
        for record in rejected {
            let text = String::from_utf8_lossy(&record.bytes);
            let line = QuarantinedRecord {
                file: found.name.clone(),
                sha256: sha256.to_owned(),
                record: record.record,
                byte_offset: record.byte_offset,
                reason: record.reason.clone(),
                lossy: record.cut || text.as_bytes() != record.bytes,
                text: text.into_owned(),
            };
            serde_json::to_writer(&mut *file, &line)
                .map_err(|error| StoreError::io(doing, path)(error.into()))?;
            file.write_all(b"\n").map_err(StoreError::io(doing, path))?;
        }
        Ok(())
    }

    fn end_file(&mut self, found: &Found, end: FileEnd) -> Result<(), StoreError> {
        if let Some((path, file)) = self.quarantine.take() {
            let file = file
                .into_inner()
                .map_err(|error| StoreError::io("writing", &path)(error.into_error()))?;
            file.sync_all().map_err(StoreError::io("writing", &path))?;
        }
        let mut file = EvidenceFile {
            path: found.name.clone(),
            size: end.size,
            sha256: end.sha256,
            source: end.source,
            detected: end.detected,
            read: self.tally.read,
            stored: self.tally.stored,
            duplicate: self.tally.duplicate,
            quarantined: self.tally.quarantined,
            notes: end.notes,
            etag: None,
            version_id: None,
        };
        self.tally = Tally::default();
        if let Some(elder) = self.seen.get(&file.sha256) {
            // Whether it was decoded depends on the threads; what is said of it must not.
            file.source.clone_from(&elder.source);
            file.detected = format!("the same bytes as `{}`", elder.name);
            file.read = elder.read;
            file.duplicate = elder.read;
            file.notes = vec![format!("{}, so every record is a duplicate", file.detected)];
        } else {
            self.inflated_bytes = self.inflated_bytes.saturating_add(end.inflated_bytes);
            self.seen.insert(
                file.sha256.clone(),
                Seen { name: file.path.clone(), source: file.source.clone(), read: file.read },
            );
        }
        if !file.balances() {
            return Err(StoreError::Unbalanced {
                accounted: file
                    .stored
                    .saturating_add(file.duplicate)
                    .saturating_add(file.quarantined),
                path: file.path,
                read: file.read,
            });
        }
        self.bytes = self.bytes.saturating_add(file.size);
        self.pending_rows = self.pending_rows.saturating_add(file.stored);
        self.pending.push(file.clone());
        self.files.push(file);
        Ok(())
    }

    /// Whether what is there should be committed before the next file.
    pub(crate) fn is_batch_full(&self) -> bool {
        self.pending_rows >= self.commit_rows || self.pending.len() >= BATCH_FILES
    }

    /// Commits the batch; its parts are written.
    pub(crate) fn commit(&mut self, case: &CaseDir) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        for ((dataset, day), keys) in self.keys.take_added() {
            let folder = relative_folder(dataset, day);
            let name = format!("part-{:06}.keys", self.batch);
            write_keys(&folder_of(&self.staging, dataset, day).join(&name), &bytes_of(&keys))?;
            self.moves.push((format!("{folder}/{name}"), format!("events/{folder}/{name}")));
        }
        let manifest_path = case.manifest_path();
        let manifest_bytes = match fs::metadata(&manifest_path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(StoreError::io("reading", &manifest_path)(error)),
        };
        let files = std::mem::take(&mut self.pending);
        let count = wide(files.len());
        let moves = std::mem::take(&mut self.moves);
        let mut hashes = Vec::with_capacity(moves.len());
        for (from, to) in &moves {
            let from = self.staging.join(from);
            let (sha256, _) = sha256_of_file(&from).map_err(StoreError::io("reading", &from))?;
            hashes.push((to.clone(), sha256));
        }
        let journal = Journal {
            batch: self.batch,
            moves,
            manifest_bytes,
            files,
            hashes,
            tool: self.recorder.tool.clone(),
            time: self.recorder.time,
        };
        commit::commit(case, &journal, self.recorder.key.as_ref())?;
        self.batch = self.batch.saturating_add(count);
        self.part = 0;
        self.run = 0;
        self.pending_rows = 0;
        fs::create_dir_all(&self.staging)
            .map_err(StoreError::io("making the folder", &self.staging))
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn make_folder_of(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(StoreError::io("making the folder", folder))
        }
        None => Ok(()),
    }
}

fn write_keys(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    make_folder_of(path)?;
    let mut file = File::create(path).map_err(StoreError::io("writing", path))?;
    file.write_all(bytes).map_err(StoreError::io("writing", path))?;
    file.sync_all().map_err(StoreError::io("writing", path))
}
