//! Evidence to store: files in parallel, in an order that does not depend on how many threads
//! there are.
//!
//! ```text
//!  read, hash, inflate, decode ──▶ commit stage ──▶ sort and write a part
//!  any thread, file by file        one at a time,   any thread
//!                                  in file order
//! ```
//!
//! The commit stage sees the pieces of the files in order: it tells duplicates from new records,
//! keeps the account of each file and fills one buffer per dataset and day. A buffer that is full,
//! or the largest when all together are too large, becomes a part. So the same evidence gives the
//! same parts on one core or on many.
//!
//! A thread that runs far ahead waits, so that memory stays bounded; the file that is next in order
//! may always go on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use egret_model::dataset::Dataset;
use egret_model::evidence::{EvidenceFile, QuarantinedRecord};
use egret_model::limits::{CHUNK_BYTES, DETECT_BYTES, INFLATED_BYTES_MAX};
use egret_model::progress::{Progress, Unit};
use egret_model::report::IngestTotals;
use egret_sources::{Decoded, Registry, Rejected, Sink};

use crate::case::{CaseDir, manifest};
use crate::commit::{self, Journal, Lock};
use crate::error::StoreError;
use crate::evidence::{Found, find, hash};
use crate::inflate::{Members, is_gzip, one_member};
use crate::keys::{Keys, bytes_of, folder_of, relative_folder};
use crate::parquet;

/// Files of up to this size are read at once.
const WHOLE_BYTES: u64 = 32 << 20;

/// What a file may inflate to and still be decoded at once.
const WHOLE_INFLATED_BYTES: usize = 64 << 20;

/// Rows after which a decoded piece of a large file is handed on.
const PIECE_ROWS: usize = 65_536;

/// Rows of one part.
const PART_ROWS: usize = 262_144;

/// How ingest may use the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestOptions {
    /// Worker threads; at least 1.
    pub threads: usize,
    /// Bytes of events held before they are written.
    pub memory_bytes: usize,
    /// Rows after which what is there is committed.
    pub commit_rows: u64,
}

impl Default for IngestOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { threads, memory_bytes: 320 << 20, commit_rows: 2_000_000 }
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
}

/// Reads evidence into the store of a case. What is in it already is left alone.
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
    let found = find(inputs)?;
    let _lock = Lock::take(case)?;
    commit::settle(case)?;
    let before = manifest(case)?;
    let known: BTreeSet<String> = before.iter().map(|file| file.sha256.clone()).collect();
    let threads = options.threads.max(1);
    progress.start("reading evidence", found.iter().map(|file| file.size).sum(), Unit::Bytes);
    let run = Run {
        case,
        registry,
        found: &found,
        known: &known,
        progress,
        // Half for pieces that wait for their turn and parts being written, half for buffers.
        ahead_bytes: options.memory_bytes / 2,
        state: Mutex::new(State::default()),
        changed: Condvar::new(),
        committer: Mutex::new(Committer::new(case, options, &before)?),
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| run.work());
        }
    });
    progress.finish();
    let Run { state, committer, .. } = run;
    let state = state.into_inner().map_err(|_poisoned| StoreError::Worker)?;
    let committer = committer.into_inner().map_err(|_poisoned| StoreError::Worker)?;
    if let Some(error) = state.error {
        return Err(error);
    }
    if !state.finished {
        return Err(StoreError::Worker);
    }
    commit::settle(case)?;
    Ok(IngestSummary {
        files: committer.files,
        already: committer.already,
        totals: totals(case)?,
        bytes: committer.bytes,
        inflated_bytes: committer.inflated_bytes,
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

/// A piece of a file on its way to the commit stage.
enum Piece {
    /// The file's bytes are in the store already.
    Known,
    Decoded {
        decoded: Decoded,
        bytes: usize,
        sha256: String,
    },
    /// Nothing more comes of the file.
    End(FileEnd),
}

struct FileEnd {
    sha256: String,
    source: Option<String>,
    detected: String,
    notes: Vec<String>,
    inflated_bytes: u64,
}

/// A part to be sorted and written.
struct Job {
    path: PathBuf,
    batches: Vec<RecordBatch>,
    bytes: usize,
}

#[derive(Default)]
struct State {
    next_file: usize,
    /// Pieces by file and position.
    pieces: BTreeMap<(usize, usize), Piece>,
    /// Next piece the commit stage takes.
    turn: (usize, usize),
    committing: bool,
    jobs: VecDeque<Job>,
    writing: usize,
    /// A batch waits for its parts to be written.
    closing: bool,
    finished: bool,
    waiting_bytes: usize,
    error: Option<StoreError>,
}

struct Run<'a> {
    case: &'a CaseDir,
    registry: &'a Registry,
    found: &'a [Found],
    known: &'a BTreeSet<String>,
    progress: &'a dyn Progress,
    ahead_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
    committer: Mutex<Committer>,
}

impl Run<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock means another worker panicked; the scope reports that.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn fail(&self, error: StoreError) {
        self.state().error.get_or_insert(error);
        self.changed.notify_all();
    }

    fn work(&self) {
        let mut inflater = libdeflater::Decompressor::new();
        loop {
            match self.step(&mut inflater) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    self.fail(error);
                    return;
                }
            }
        }
    }

    /// Does one thing; `false` when nothing is left to do.
    fn step(&self, inflater: &mut libdeflater::Decompressor) -> Result<bool, StoreError> {
        let mut state = self.state();
        loop {
            if state.error.is_some() || state.finished {
                return Ok(false);
            }
            if let Some(job) = state.jobs.pop_front() {
                state.writing = state.writing.saturating_add(1);
                drop(state);
                return self.write(&job).map(|()| true);
            }
            let all_taken = state.turn.0 >= self.found.len();
            if (state.closing || all_taken) && state.writing == 0 && !state.committing {
                state.committing = true;
                drop(state);
                return self.close_batch().map(|()| true);
            }
            let turn = state.turn;
            if !state.committing && !state.closing && state.pieces.contains_key(&turn) {
                state.committing = true;
                drop(state);
                return self.commit_stage().map(|()| true);
            }
            let may_start = state.waiting_bytes < self.ahead_bytes || state.next_file == turn.0;
            if may_start && state.next_file < self.found.len() {
                let file = state.next_file;
                state.next_file = state.next_file.saturating_add(1);
                drop(state);
                return self.read_file(file, inflater).map(|()| true);
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Hands a piece on. A thread that is far ahead waits; the one whose turn it is helps instead.
    fn emit(&self, at: (usize, usize), piece: Piece) -> Result<(), StoreError> {
        let bytes = match &piece {
            Piece::Decoded { bytes, .. } => *bytes,
            Piece::Known | Piece::End(_) => 0,
        };
        let mut state = self.state();
        state.waiting_bytes = state.waiting_bytes.saturating_add(bytes);
        state.pieces.insert(at, piece);
        self.changed.notify_all();
        while state.waiting_bytes > self.ahead_bytes && state.error.is_none() {
            if let Some(job) = state.jobs.pop_front() {
                state.writing = state.writing.saturating_add(1);
                drop(state);
                self.write(&job)?;
                state = self.state();
                continue;
            }
            if state.closing && state.writing == 0 && !state.committing {
                state.committing = true;
                drop(state);
                self.close_batch()?;
                state = self.state();
                continue;
            }
            if !state.committing && !state.closing && state.pieces.contains_key(&state.turn) {
                state.committing = true;
                drop(state);
                self.commit_stage()?;
                state = self.state();
                continue;
            }
            if state.turn.0 == at.0 && !state.committing && !state.closing {
                // It is this file's turn and nothing of it waits: go on reading.
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        Ok(())
    }

    fn write(&self, job: &Job) -> Result<(), StoreError> {
        let events = parquet::sorted(&job.batches)?;
        if let Some(folder) = job.path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io("making the folder", folder))?;
        }
        parquet::write(&job.path, &events)?;
        let mut state = self.state();
        state.writing = state.writing.saturating_sub(1);
        state.waiting_bytes = state.waiting_bytes.saturating_sub(job.bytes);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the pieces whose turn it is. Only one thread is in here at a time.
    fn commit_stage(&self) -> Result<(), StoreError> {
        let mut committer = self.committer.lock().map_err(|_poisoned| StoreError::Worker)?;
        loop {
            let mut state = self.state();
            let turn = state.turn;
            let piece = if state.closing { None } else { state.pieces.remove(&turn) };
            let Some(piece) = piece else {
                state.committing = false;
                self.changed.notify_all();
                return Ok(());
            };
            let is_last = matches!(piece, Piece::End(_) | Piece::Known);
            drop(state);
            let found = self.found.get(turn.0).ok_or(StoreError::Worker)?;
            let taken = committer.take(found, piece)?;
            let jobs = std::mem::take(&mut committer.jobs);
            let mut state = self.state();
            // Events now in a buffer are the buffers' memory; those in a part wait to be written.
            let in_jobs = jobs.iter().fold(0usize, |sum, job| sum.saturating_add(job.bytes));
            state.waiting_bytes = state.waiting_bytes.saturating_sub(taken).saturating_add(in_jobs);
            state.jobs.extend(jobs);
            state.turn = if is_last {
                (turn.0.saturating_add(1), 0)
            } else {
                (turn.0, turn.1.saturating_add(1))
            };
            state.closing = is_last && committer.is_batch_full();
            if state.closing {
                let jobs = committer.flush_all();
                let in_jobs = jobs.iter().fold(0usize, |sum, job| sum.saturating_add(job.bytes));
                state.waiting_bytes = state.waiting_bytes.saturating_add(in_jobs);
                state.jobs.extend(jobs);
            }
            self.changed.notify_all();
        }
    }

    /// Writes what the buffers hold, or, when nothing is left of the batch to write, commits it.
    fn close_batch(&self) -> Result<(), StoreError> {
        let mut committer = self.committer.lock().map_err(|_poisoned| StoreError::Worker)?;
        let jobs = committer.flush_all();
        if jobs.is_empty() {
            committer.commit(self.case)?;
        }
        let mut state = self.state();
        state.committing = false;
        if jobs.is_empty() {
            state.closing = false;
            state.finished = state.turn.0 >= self.found.len();
        } else {
            let in_jobs = jobs.iter().fold(0usize, |sum, job| sum.saturating_add(job.bytes));
            state.waiting_bytes = state.waiting_bytes.saturating_add(in_jobs);
            state.jobs.extend(jobs);
        }
        self.changed.notify_all();
        Ok(())
    }

    fn read_file(
        &self,
        file: usize,
        inflater: &mut libdeflater::Decompressor,
    ) -> Result<(), StoreError> {
        let found = self.found.get(file).ok_or(StoreError::Worker)?;
        let (sha256, bytes) = hash(found, WHOLE_BYTES)?;
        if self.known.contains(&sha256) {
            self.progress.advance(found.size);
            return self.emit((file, 0), Piece::Known);
        }
        let mut reading = Reading {
            run: self,
            at: (file, 0),
            sink: Sink::new(found.name.clone(), sha256.clone()),
            end: FileEnd {
                sha256,
                source: None,
                detected: String::new(),
                notes: Vec::new(),
                inflated_bytes: 0,
            },
        };
        match bytes {
            Some(bytes) if is_gzip(&bytes) => {
                match one_member(inflater, &bytes, WHOLE_INFLATED_BYTES) {
                    Some(inflated) => reading.whole(&inflated)?,
                    None => reading.members(bytes.as_slice(), found)?,
                }
            }
            Some(bytes) => reading.whole(&bytes)?,
            None => {
                let file =
                    File::open(&found.path).map_err(StoreError::io("opening", &found.path))?;
                let mut reader = BufReader::with_capacity(1 << 20, file);
                let head = std::io::BufRead::fill_buf(&mut reader)
                    .map_err(StoreError::io("reading", &found.path))?;
                if is_gzip(head) {
                    reading.members(reader, found)?;
                } else {
                    reading.stream(reader, found)?;
                }
            }
        }
        self.progress.advance(found.size);
        let Reading { at, mut sink, end, .. } = reading;
        let last = take(&mut sink)?;
        self.emit(at, last)?;
        self.emit((at.0, at.1.saturating_add(1)), Piece::End(end))
    }
}

/// One file being decoded.
struct Reading<'r, 'a> {
    run: &'r Run<'a>,
    at: (usize, usize),
    sink: Sink,
    end: FileEnd,
}

impl Reading<'_, '_> {
    /// A decoder for a file that begins with `head`; `None` when no source knows it, which is noted.
    fn decoder(&mut self, head: &[u8]) -> Option<Box<dyn egret_sources::Decoder>> {
        let head = head.get(..DETECT_BYTES).unwrap_or(head);
        if head.iter().all(u8::is_ascii_whitespace) {
            "the file is empty".clone_into(&mut self.end.detected);
            self.end.notes.push("empty; expected a log file".to_owned());
            return None;
        }
        if let Some((source, detection)) = self.run.registry.detect(head) {
            self.end.source = Some(source.id().to_owned());
            self.end.detected = detection.reason;
            return Some(source.decoder(head));
        }
        let known: Vec<&str> =
            self.run.registry.sources().map(egret_sources::LogSource::title).collect();
        let found = if head.contains(&0) { "binary data" } else { "text of no known kind" };
        self.end.detected = format!("{found}; expected one of: {}", known.join(", "));
        self.end.notes.push(format!("not ingested: {}", self.end.detected));
        None
    }

    fn whole(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.end.inflated_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if bytes.len() > CHUNK_BYTES.saturating_mul(2) {
            return self.chunks(bytes, |_| None);
        }
        let Some(mut decoder) = self.decoder(bytes) else { return Ok(()) };
        decoder.feed(bytes, true, &mut self.sink);
        self.end.notes.extend(decoder.notes());
        Ok(())
    }

    fn members(&mut self, reader: impl std::io::BufRead, found: &Found) -> Result<(), StoreError> {
        let mut members = Members::new(reader, INFLATED_BYTES_MAX);
        self.chunks(&mut members, |error| Some(format!("gzip: {error}")))?;
        if members.trailing {
            self.end.notes.push(format!(
                "`{}`: bytes behind the last gzip member are no gzip and were left out",
                found.name
            ));
        }
        Ok(())
    }

    fn stream(&mut self, reader: impl Read, found: &Found) -> Result<(), StoreError> {
        let mut failed = None;
        self.chunks(reader, |error| {
            failed = Some(std::io::Error::new(error.kind(), error.to_string()));
            None
        })?;
        match failed {
            Some(error) => Err(StoreError::io("reading", &found.path)(error)),
            None => Ok(()),
        }
    }

    /// Feeds a stream to the decoder a chunk at a time. `broken` words a read error as the reason
    /// of a quarantined record; without words the stream just ends.
    fn chunks(
        &mut self,
        mut reader: impl Read,
        mut broken: impl FnMut(&std::io::Error) -> Option<String>,
    ) -> Result<(), StoreError> {
        let mut buffer: Vec<u8> = Vec::new();
        let mut decoder: Option<Box<dyn egret_sources::Decoder>> = None;
        let mut offset = 0u64;
        let mut want = CHUNK_BYTES;
        loop {
            let before = buffer.len();
            let limit = u64::try_from(want).unwrap_or(u64::MAX);
            let outcome = reader.by_ref().take(limit).read_to_end(&mut buffer);
            let got = buffer.len().saturating_sub(before);
            offset = offset.saturating_add(u64::try_from(got).unwrap_or(0));
            let eof = outcome.is_err() || got < want;
            if decoder.is_none() {
                decoder = self.decoder(&buffer);
            }
            if let Some(decoder) = &mut decoder {
                let done = decoder.feed(&buffer, eof, &mut self.sink);
                buffer.drain(..done.min(buffer.len()));
                // What is left is one long record: read more at a time, not the same again.
                want = CHUNK_BYTES.max(buffer.len());
            }
            if let Err(error) = &outcome
                && let Some(reason) = broken(error)
            {
                self.sink.reject(offset, format!("{reason}, after {offset} bytes"), &[]);
                self.end.notes.push(format!("{reason}; the rest of the file cannot be read"));
            }
            if decoder.is_none() || eof {
                break;
            }
            if self.sink.rows() >= PIECE_ROWS {
                let piece = take(&mut self.sink)?;
                self.run.emit(self.at, piece)?;
                self.at.1 = self.at.1.saturating_add(1);
            }
        }
        self.end.inflated_bytes = offset;
        if let Some(decoder) = decoder {
            self.end.notes.extend(decoder.notes());
        }
        Ok(())
    }
}

fn take(sink: &mut Sink) -> Result<Piece, StoreError> {
    let decoded = sink
        .take()
        .map_err(|source| StoreError::Arrow { doing: "putting events together", source })?;
    let bytes = decoded
        .days
        .iter()
        .fold(0usize, |sum, day| sum.saturating_add(day.events.get_array_memory_size()));
    Ok(Piece::Decoded { decoded, bytes, sha256: sink.evidence_sha256().to_owned() })
}

/// Events of one dataset and day that are not in a part yet.
#[derive(Default)]
struct Buffer {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

/// The commit stage: sees every piece, in order.
struct Committer {
    events: PathBuf,
    staging: PathBuf,
    batch: u64,
    part: u64,
    buffers: BTreeMap<(Dataset, i32), Buffer>,
    buffered_bytes: usize,
    buffers_max: usize,
    commit_rows: u64,
    keys: Keys,
    jobs: Vec<Job>,
    moves: Vec<(String, String)>,
    quarantine: Option<(PathBuf, File)>,
    current: Option<EvidenceFile>,
    /// Files of the batch.
    pending: Vec<EvidenceFile>,
    pending_rows: u64,
    /// Digests and names of this run's files.
    seen: BTreeMap<String, String>,
    files: Vec<EvidenceFile>,
    already: u64,
    bytes: u64,
    inflated_bytes: u64,
}

impl Committer {
    fn new(
        case: &CaseDir,
        options: &IngestOptions,
        before: &[EvidenceFile],
    ) -> Result<Self, StoreError> {
        let mut this = Self {
            events: case.events(),
            staging: case.staging(),
            batch: 0,
            part: 0,
            buffers: BTreeMap::new(),
            buffered_bytes: 0,
            buffers_max: options.memory_bytes / 2,
            commit_rows: options.commit_rows.max(1),
            keys: Keys::default(),
            jobs: Vec::new(),
            moves: Vec::new(),
            quarantine: None,
            current: None,
            pending: Vec::new(),
            pending_rows: 0,
            seen: BTreeMap::new(),
            files: Vec::new(),
            already: 0,
            bytes: 0,
            inflated_bytes: 0,
        };
        // Every file of the manifest came with some batch, so this number was not used before.
        let files = u64::try_from(before.len()).unwrap_or(u64::MAX);
        this.batch = files.saturating_add(1);
        fs::create_dir_all(&this.staging)
            .map_err(StoreError::io("making the folder", &this.staging))?;
        Ok(this)
    }

    /// Takes one piece; says how many bytes it was.
    fn take(&mut self, found: &Found, piece: Piece) -> Result<usize, StoreError> {
        match piece {
            Piece::Known => {
                self.already = self.already.saturating_add(1);
                Ok(0)
            }
            Piece::Decoded { decoded, bytes, sha256 } => {
                let current = self.current.get_or_insert_with(|| EvidenceFile {
                    path: found.name.clone(),
                    size: found.size,
                    sha256: String::new(),
                    source: None,
                    detected: String::new(),
                    read: 0,
                    stored: 0,
                    duplicate: 0,
                    quarantined: 0,
                    notes: Vec::new(),
                    etag: None,
                    version_id: None,
                });
                current.read = current.read.saturating_add(decoded.read);
                let rejected = u64::try_from(decoded.rejected.len()).unwrap_or(u64::MAX);
                current.quarantined = current.quarantined.saturating_add(rejected);
                self.quarantine(found, &sha256, &decoded.rejected)?;
                for day in decoded.days {
                    self.store(day)?;
                }
                Ok(bytes)
            }
            Piece::End(end) => {
                self.end_file(found, end)?;
                Ok(0)
            }
        }
    }

    fn store(&mut self, day: egret_sources::DayBatch) -> Result<(), StoreError> {
        let fresh = self.keys.add(&self.events, day.dataset, day.day, &day.keys)?;
        let rows = fresh.iter().filter(|is_new| **is_new).count();
        let duplicates = fresh.len().saturating_sub(rows);
        if let Some(current) = &mut self.current {
            current.stored = current.stored.saturating_add(u64::try_from(rows).unwrap_or(0));
            current.duplicate =
                current.duplicate.saturating_add(u64::try_from(duplicates).unwrap_or(0));
        }
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
        let buffer = self.buffers.entry((day.dataset, day.day)).or_default();
        buffer.batches.push(events);
        buffer.rows = buffer.rows.saturating_add(rows);
        buffer.bytes = buffer.bytes.saturating_add(bytes);
        let full = buffer.rows >= PART_ROWS;
        self.buffered_bytes = self.buffered_bytes.saturating_add(bytes);
        if full {
            self.flush((day.dataset, day.day));
        }
        while self.buffered_bytes > self.buffers_max {
            let largest = self
                .buffers
                .iter()
                .max_by_key(|(at, buffer)| (buffer.bytes, std::cmp::Reverse(**at)))
                .map(|(at, _)| *at);
            match largest {
                Some(at) => self.flush(at),
                None => break,
            }
        }
        Ok(())
    }

    /// Makes a part of a buffer.
    fn flush(&mut self, at: (Dataset, i32)) {
        let Some(buffer) = self.buffers.remove(&at) else { return };
        self.buffered_bytes = self.buffered_bytes.saturating_sub(buffer.bytes);
        self.part = self.part.saturating_add(1);
        let folder = relative_folder(at.0, at.1);
        let name = format!("part-{:06}-{:04}.parquet", self.batch, self.part);
        self.moves.push((format!("{folder}/{name}"), format!("events/{folder}/{name}")));
        self.jobs.push(Job {
            path: folder_of(&self.staging, at.0, at.1).join(name),
            batches: buffer.batches,
            bytes: buffer.bytes,
        });
    }

    fn flush_all(&mut self) -> Vec<Job> {
        let all: Vec<(Dataset, i32)> = self.buffers.keys().copied().collect();
        for at in all {
            self.flush(at);
        }
        std::mem::take(&mut self.jobs)
    }

    fn quarantine(
        &mut self,
        found: &Found,
        sha256: &str,
        rejected: &[Rejected],
    ) -> Result<(), StoreError> {
        if rejected.is_empty() {
            return Ok(());
        }
        let doing = "writing";
        if self.quarantine.is_none() {
            let name = format!("batch-{:06}.jsonl", self.batch);
            let path = self.staging.join(&name);
            let file = File::create(&path).map_err(StoreError::io(doing, &path))?;
            self.moves.push((name.clone(), format!("quarantine/{name}")));
            self.quarantine = Some((path, file));
        }
        let Some((path, file)) = &mut self.quarantine else { return Ok(()) };
        let mut lines = Vec::new();
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
            serde_json::to_writer(&mut lines, &line)
                .map_err(|error| StoreError::io(doing, path)(error.into()))?;
            lines.push(b'\n');
        }
        file.write_all(&lines).map_err(StoreError::io(doing, path))
    }

    fn end_file(&mut self, found: &Found, end: FileEnd) -> Result<(), StoreError> {
        let Some(mut file) = self.current.take() else { return Err(StoreError::Worker) };
        file.sha256 = end.sha256;
        file.source = end.source;
        file.detected = end.detected;
        file.notes = end.notes;
        if let Some(twin) = self.seen.get(&file.sha256) {
            file.notes.push(format!("the same bytes as `{twin}`, so every record is a duplicate"));
        }
        self.seen.entry(file.sha256.clone()).or_insert_with(|| file.path.clone());
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
        self.bytes = self.bytes.saturating_add(found.size);
        self.inflated_bytes = self.inflated_bytes.saturating_add(end.inflated_bytes);
        self.pending_rows = self.pending_rows.saturating_add(file.stored);
        self.pending.push(file.clone());
        self.files.push(file);
        Ok(())
    }

    fn is_batch_full(&self) -> bool {
        self.pending_rows >= self.commit_rows
    }

    /// Commits the batch; its parts are written.
    fn commit(&mut self, case: &CaseDir) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        for ((dataset, day), keys) in self.keys.take_added() {
            let folder = relative_folder(dataset, day);
            let name = format!("part-{:06}.keys", self.batch);
            let path = folder_of(&self.staging, dataset, day).join(&name);
            write_keys(&path, &bytes_of(&keys))?;
            self.moves.push((format!("{folder}/{name}"), format!("events/{folder}/{name}")));
        }
        if let Some((path, file)) = self.quarantine.take() {
            file.sync_all().map_err(StoreError::io("writing", &path))?;
        }
        let manifest_path = case.manifest_path();
        let manifest_bytes = match fs::metadata(&manifest_path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(StoreError::io("reading", &manifest_path)(error)),
        };
        let files = std::mem::take(&mut self.pending);
        let count = u64::try_from(files.len()).unwrap_or(u64::MAX);
        let journal = Journal {
            batch: self.batch,
            moves: std::mem::take(&mut self.moves),
            manifest_bytes,
            files,
        };
        commit::commit(case, &journal)?;
        self.batch = self.batch.saturating_add(count);
        self.part = 0;
        self.pending_rows = 0;
        fs::create_dir_all(&self.staging)
            .map_err(StoreError::io("making the folder", &self.staging))
    }
}

fn write_keys(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(StoreError::io("making the folder", folder))?;
    }
    let mut file = File::create(path).map_err(StoreError::io("writing", path))?;
    file.write_all(bytes).map_err(StoreError::io("writing", path))?;
    file.sync_all().map_err(StoreError::io("writing", path))
}
