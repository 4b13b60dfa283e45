//! Work shared out among threads, with one stage that keeps the order.
//!
//! ```text
//!  read, hash, inflate, decode ──▶ commit stage ──▶ sort and write a part
//!  any thread, file by file        one at a time,   any thread
//!                                  in file order
//! ```
//!
//! Each thread takes whatever is nearest the end of the line: a part to write, then a piece whose
//! turn it is, then a file to read. One that runs far ahead waits, so that memory stays bounded;
//! the file that is next in order may always go on, so that nothing waits for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use egret_model::progress::Progress;
use egret_sources::Registry;

use crate::case::CaseDir;
use crate::committer::{Committer, Job, Piece};
use crate::enrich::Enrichment;
use crate::error::StoreError;
use crate::evidence::Found;
use crate::ingest::IngestOptions;
use crate::reading;

/// Ingests the files in the order given.
pub(crate) fn run(
    case: &CaseDir,
    found: &[Found],
    known: &BTreeSet<String>,
    registry: &Registry,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<Committer, StoreError> {
    // For the committer's buffers; the rest is for what runs ahead of it.
    let buffers = options.memory_bytes.div_euclid(8).saturating_mul(3);
    let run = Run {
        case,
        registry,
        found,
        known,
        progress,
        enrichment: &options.enrichment,
        ahead_bytes: options.memory_bytes.saturating_sub(buffers),
        state: Mutex::new(State::default()),
        changed: Condvar::new(),
        committer: Mutex::new(Committer::new(case, buffers, options)?),
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..options.threads.max(1)).map(|_| scope.spawn(|| run.work())).collect();
        for thread in threads {
            if thread.join().is_err() {
                run.fail(StoreError::Worker);
            }
        }
    });
    let Run { state, committer, .. } = run;
    let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match state.error {
        Some(error) => Err(error),
        None if state.finished => committer.into_inner().map_err(|_poisoned| StoreError::Worker),
        None => Err(StoreError::Worker),
    }
}

/// Which piece of which file, both from 0.
pub(crate) type Place = (usize, usize);

#[derive(Default)]
struct State {
    next_file: usize,
    pieces: BTreeMap<Place, Piece>,
    /// Next piece the commit stage takes.
    turn: Place,
    /// A thread is in the commit stage.
    committing: bool,
    jobs: VecDeque<Job>,
    /// Jobs being carried out.
    writing: usize,
    /// A batch waits for its parts to be written.
    closing: bool,
    finished: bool,
    /// Bytes of files being read, of pieces that wait for their turn, and of jobs not done.
    held_bytes: usize,
    /// The first file in order of those read so far that has these bytes.
    claims: BTreeMap<String, usize>,
    error: Option<StoreError>,
}

impl State {
    fn hold(&mut self, bytes: usize) {
        self.held_bytes = self.held_bytes.saturating_add(bytes);
    }

    fn release(&mut self, bytes: usize) {
        self.held_bytes = self.held_bytes.saturating_sub(bytes);
    }

    fn queue(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.hold(job.bytes);
            self.jobs.push_back(job);
        }
    }
}

/// Something to do that brings the line forward.
enum Chore {
    Write(Job),
    Commit,
    Close,
}

/// One run of ingest, shared by its threads.
pub(crate) struct Run<'a> {
    case: &'a CaseDir,
    pub(crate) registry: &'a Registry,
    pub(crate) found: &'a [Found],
    known: &'a BTreeSet<String>,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) enrichment: &'a Enrichment,
    ahead_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
    committer: Mutex<Committer>,
}

/// Wakes the other threads when this one panics, which would be a bug: they must not wait for it.
struct Alarm<'r, 'a>(&'r Run<'a>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(StoreError::Worker);
        }
    }
}

impl Run<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with the lock has set off the alarm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: StoreError) {
        self.state().error.get_or_insert(error);
        self.changed.notify_all();
    }

    fn work(&self) {
        let _alarm = Alarm(self);
        let mut inflater = libdeflater::Decompressor::new();
        loop {
            match self.step(&mut inflater) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.fail(error),
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
            if let Some(chore) = self.chore(&mut state) {
                drop(state);
                return self.carry_out(chore).map(|()| true);
            }
            let file = state.next_file;
            let may_start = state.held_bytes < self.ahead_bytes || file == state.turn.0;
            if may_start && file < self.found.len() {
                state.next_file = file.saturating_add(1);
                drop(state);
                return reading::read(self, file, inflater).map(|()| true);
            }
            state = self.wait(state);
        }
    }

    /// Takes something to do from the state, if there is anything.
    fn chore(&self, state: &mut State) -> Option<Chore> {
        if let Some(job) = state.jobs.pop_front() {
            state.writing = state.writing.saturating_add(1);
            return Some(Chore::Write(job));
        }
        if state.committing {
            return None;
        }
        let all_taken = state.turn.0 >= self.found.len();
        let chore = if state.closing || all_taken {
            (state.writing == 0 && !state.finished).then_some(Chore::Close)
        } else {
            state.pieces.contains_key(&state.turn).then_some(Chore::Commit)
        };
        state.committing = chore.is_some();
        chore
    }

    fn carry_out(&self, chore: Chore) -> Result<(), StoreError> {
        match chore {
            Chore::Write(job) => {
                let bytes = job.bytes;
                job.carry_out()?;
                let mut state = self.state();
                state.writing = state.writing.saturating_sub(1);
                state.release(bytes);
                self.changed.notify_all();
                Ok(())
            }
            Chore::Commit => self.commit(),
            Chore::Close => self.close_batch(),
        }
    }

    /// Holds memory for a file that is about to be decoded; waits while there is none, and helps
    /// out meanwhile. The file whose turn it is gets it in any case.
    pub(crate) fn make_room(&self, file: usize, bytes: usize) -> Result<(), StoreError> {
        let mut state = self.state();
        while state.held_bytes.saturating_add(bytes) > self.ahead_bytes
            && state.turn.0 != file
            && state.error.is_none()
        {
            state = match self.chore(&mut state) {
                Some(chore) => {
                    drop(state);
                    self.carry_out(chore)?;
                    self.state()
                }
                None => self.wait(state),
            };
        }
        state.hold(bytes);
        Ok(())
    }

    /// Gives back what [`Self::make_room`] held.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.state().release(bytes);
        self.changed.notify_all();
    }

    /// Hands a piece on. A thread that is far ahead waits and helps out meanwhile.
    pub(crate) fn emit(&self, at: Place, piece: Piece) -> Result<(), StoreError> {
        let mut state = self.state();
        state.hold(piece.bytes());
        state.pieces.insert(at, piece);
        self.changed.notify_all();
        while state.held_bytes > self.ahead_bytes && state.error.is_none() {
            state = match self.chore(&mut state) {
                Some(chore) => {
                    drop(state);
                    self.carry_out(chore)?;
                    self.state()
                }
                // It is this file's turn and nothing of it waits, so it must go on.
                None if state.turn.0 == at.0 && !state.committing && !state.closing => break,
                None => self.wait(state),
            };
        }
        Ok(())
    }

    /// Whether the case has the bytes from an earlier run.
    pub(crate) fn is_known(&self, sha256: &str) -> bool {
        self.known.contains(sha256)
    }

    /// Notes whose bytes these are; `false` when a file before this one has the same, so that this
    /// one need not be decoded.
    pub(crate) fn claim(&self, file: usize, sha256: &str) -> bool {
        let mut state = self.state();
        let first = state.claims.entry(sha256.to_owned()).or_insert(file);
        *first = file.min(*first);
        *first == file
    }

    /// Takes the pieces whose turn it is. Only one thread is in here at a time.
    fn commit(&self) -> Result<(), StoreError> {
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
            drop(state);
            let found = self.found.get(turn.0).ok_or(StoreError::Worker)?;
            let (bytes, is_last) = (piece.bytes(), piece.is_last());
            let jobs = committer.take(found, piece)?;
            let closing = is_last && committer.is_batch_full();
            let mut state = self.state();
            // What went into a buffer is the buffers' memory from here on.
            state.release(bytes);
            state.queue(jobs);
            state.closing = closing;
            state.turn = if is_last {
                (turn.0.saturating_add(1), 0)
            } else {
                (turn.0, turn.1.saturating_add(1))
            };
            self.changed.notify_all();
        }
    }

    /// Writes what the buffers hold, or, when nothing is left of the batch to write, commits it.
    fn close_batch(&self) -> Result<(), StoreError> {
        let mut committer = self.committer.lock().map_err(|_poisoned| StoreError::Worker)?;
        let jobs = committer.flush_all();
        let is_written = jobs.is_empty();
        if is_written {
            committer.commit(self.case)?;
        }
        let mut state = self.state();
        state.committing = false;
        if is_written {
            state.closing = false;
            state.finished = state.turn.0 >= self.found.len();
        }
        state.queue(jobs);
        self.changed.notify_all();
        Ok(())
    }
}
