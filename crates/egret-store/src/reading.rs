//! One evidence file to pieces: hashed, inflated, decoded.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use egret_model::limits::{
    CHUNK_BYTES, DETECT_BYTES, INFLATED_BYTES_FREE, INFLATED_BYTES_MAX, INFLATED_RATIO_MAX,
    QUARANTINE_BYTES_MAX,
};
use egret_sources::{Decoder, LogSource, Sink};
use parquet::file::reader::ChunkReader;

use crate::columnar;
use crate::committer::{FileEnd, Piece};
use crate::error::StoreError;
use crate::evidence::{Found, Hashed, READ_BYTES, Rereading, hash, rest};
use crate::inflate::{Members, is_gzip, one_member, stated_size};
use crate::pipeline::{Place, Run};

/// Files of up to this size are read at once.
const WHOLE_BYTES: u64 = 32 << 20;

/// What a file may inflate to and still be decoded at once. AWS closes a CloudTrail file well below.
const WHOLE_INFLATED_BYTES: usize = 64 << 20;

/// Bytes of a large file after which what was decoded is handed on, however few rows it is.
const PIECE_BYTES: usize = 32 << 20;

/// Rows after which it is handed on, however few bytes they are.
const PIECE_ROWS: usize = 65_536;

/// Reads a file and hands its pieces on.
pub(crate) fn read(
    run: &Run<'_>,
    file: usize,
    inflater: &mut libdeflater::Decompressor,
) -> Result<(), StoreError> {
    let found = run.found.get(file).ok_or(StoreError::Worker)?;
    let Hashed { sha256, size, bytes } = match hash(found, WHOLE_BYTES) {
        Ok(hashed) => hashed,
        // A bad sector, or a right that was taken away: the rest of the run goes on. Evidence that
        // vanishes is another matter.
        Err(StoreError::Io { source, .. }) if source.kind() != ErrorKind::NotFound => {
            run.progress.advance(found.size);
            let reason = format!("it cannot be read: {source}");
            return run.emit((file, 0), Piece::Unreadable(reason));
        }
        Err(error) => return Err(error),
    };
    if run.is_known(&sha256) {
        run.progress.advance(found.size);
        return run.emit((file, 0), Piece::Known);
    }
    let mut reading = Reading {
        run,
        found,
        at: (file, 0),
        sink: Sink::new(found.name.clone(), sha256.clone()),
        end: FileEnd { sha256, size, ..FileEnd::default() },
    };
    if run.claim(file, &reading.end.sha256) {
        let room = room(bytes.as_deref());
        run.make_room(file, room)?;
        match bytes {
            Some(bytes) if is_gzip(&bytes) => {
                match one_member(inflater, &bytes, WHOLE_INFLATED_BYTES) {
                    Some(inflated) => {
                        drop(bytes);
                        reading.whole(&inflated)?;
                    }
                    None => reading.members(&mut bytes.as_slice())?,
                }
            }
            Some(bytes) if columnar::is_parquet(&bytes) => {
                reading.parquet(bytes::Bytes::from(bytes))?;
            }
            Some(bytes) => reading.whole(&bytes)?,
            None if columnar::begins_as_parquet(&found.path) => {
                let file = std::fs::File::open(&found.path)
                    .map_err(StoreError::io("opening", &found.path))?;
                reading.parquet(file)?;
                Rereading::new(found)?.finish(found, &reading.end.sha256)?;
            }
            None => {
                let mut reader = BufReader::with_capacity(READ_BYTES, Rereading::new(found)?);
                let head = reader.fill_buf().map_err(StoreError::io("reading", &found.path))?;
                if is_gzip(head) {
                    reading.members(&mut reader)?;
                } else if let Some(error) = reading.chunks(&mut reader)? {
                    return Err(StoreError::io("reading", &found.path)(error));
                }
                reader.into_inner().finish(found, &reading.end.sha256)?;
            }
        }
        let last = reading.take()?;
        run.emit(reading.at, last)?;
        reading.at.1 = reading.at.1.saturating_add(1);
        run.give_back(room);
    }
    run.progress.advance(found.size);
    run.emit(reading.at, Piece::End(reading.end))
}

/// About how many bytes it takes to decode a file: its own, what they inflate to, and columns,
/// which are at most a little more than the records they come from.
fn room(bytes: Option<&[u8]>) -> usize {
    let (held, inflated) = match bytes {
        Some(bytes) if is_gzip(bytes) => {
            let inflated = stated_size(bytes).unwrap_or(0).min(WHOLE_INFLATED_BYTES);
            (bytes.len().saturating_add(inflated), inflated)
        }
        Some(bytes) => (bytes.len(), bytes.len()),
        None => (READ_BYTES, usize::MAX),
    };
    let chunked = PIECE_BYTES.saturating_add(CHUNK_BYTES);
    held.saturating_add(inflated.min(chunked).saturating_mul(2))
}

/// One file being decoded.
struct Reading<'r, 'a> {
    run: &'r Run<'a>,
    found: &'r Found,
    at: Place,
    sink: Sink,
    end: FileEnd,
}

impl Reading<'_, '_> {
    /// A decoder for a file that begins with `head`; `None` when no source knows it, which is
    /// noted.
    fn decoder(&mut self, head: &[u8]) -> Option<Box<dyn Decoder>> {
        let head = head.get(..DETECT_BYTES).unwrap_or(head);
        if head.iter().all(u8::is_ascii_whitespace) {
            "the file is empty".clone_into(&mut self.end.detected);
            self.end.notes.push("empty; expected a log file".to_owned());
            return None;
        }
        if let Some(opened) = self.run.registry.open(head) {
            self.end.source = Some(opened.source.id().to_owned());
            self.end.detected = opened.detection.reason;
            return Some(opened.decoder);
        }
        let known: Vec<&str> = self.run.registry.sources().map(LogSource::title).collect();
        let found = if head.contains(&0) { "binary data" } else { "text of no known kind" };
        self.end.detected = format!("{found}; expected one of: {}", known.join(", "));
        self.end.notes.push(format!("not ingested: {}", self.end.detected));
        None
    }

    /// Decodes a file that is in memory.
    fn whole(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.len() > CHUNK_BYTES.saturating_mul(2) {
            // Reading from memory does not fail.
            return self.chunks(bytes).map(drop);
        }
        self.end.inflated_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let Some(mut decoder) = self.decoder(bytes) else { return Ok(()) };
        let done = decoder.feed(bytes, true, &mut self.sink);
        self.leftover(bytes.get(done..).unwrap_or_default());
        self.end.notes.extend(decoder.notes());
        Ok(())
    }

    /// Decodes the members of a gzip file, one behind the other.
    fn members(&mut self, reader: &mut impl BufRead) -> Result<(), StoreError> {
        // A bomb is told by what comes out of how little.
        let most = self
            .found
            .size
            .saturating_mul(INFLATED_RATIO_MAX)
            .clamp(INFLATED_BYTES_FREE, INFLATED_BYTES_MAX);
        let mut members = Members::new(&mut *reader, most);
        let error = self.chunks(&mut members)?;
        let is_trailing = members.trailing;
        let offset = self.end.inflated_bytes;
        if let Some(error) = error {
            let reason = match error.kind() {
                ErrorKind::UnexpectedEof => {
                    format!("gzip ends after {offset} bytes: unexpected end")
                }
                _ => format!("gzip cannot be read on after {offset} bytes: {error}"),
            };
            self.sink.reject(offset, reason.clone(), &[]);
            self.end.notes.push(reason);
        } else if is_trailing {
            let (kept, size, zeros) = rest(reader, QUARANTINE_BYTES_MAX)
                .map_err(StoreError::io("reading", &self.found.path))?;
            let reason = format!(
                "{size} bytes behind the last gzip member; expected another member or the end"
            );
            // Padding holds no record.
            if !zeros {
                self.sink.reject(offset, reason.clone(), &kept);
            }
            self.end.notes.push(if zeros { format!("{reason}; all are zero") } else { reason });
        }
        Ok(())
    }

    /// Feeds a stream to the decoder a chunk at a time, and hands pieces on. A read error ends the
    /// stream and comes back.
    fn chunks(&mut self, mut reader: impl Read) -> Result<Option<std::io::Error>, StoreError> {
        let mut buffer: Vec<u8> = Vec::new();
        let mut decoder: Option<Box<dyn Decoder>> = None;
        let mut want = CHUNK_BYTES;
        let mut fed = 0usize;
        loop {
            let before = buffer.len();
            let limit = u64::try_from(want).unwrap_or(u64::MAX);
            let error = reader.by_ref().take(limit).read_to_end(&mut buffer).err();
            let got = buffer.len().saturating_sub(before);
            let read = u64::try_from(got).unwrap_or(u64::MAX);
            self.end.inflated_bytes = self.end.inflated_bytes.saturating_add(read);
            let eof = error.is_some() || got < want;
            if decoder.is_none() {
                decoder = self.decoder(&buffer);
            }
            let Some(decoder) = &mut decoder else { return Ok(error) };
            let done = decoder.feed(&buffer, eof, &mut self.sink).min(buffer.len());
            buffer.drain(..done);
            if eof {
                self.leftover(&buffer);
                self.end.notes.extend(decoder.notes());
                return Ok(error);
            }
            // What is left is one long record: read more at a time, not the same again.
            want = CHUNK_BYTES.max(buffer.len());
            fed = fed.saturating_add(done);
            if self.sink.rows() >= PIECE_ROWS || fed >= PIECE_BYTES {
                fed = 0;
                let piece = self.take()?;
                self.run.emit(self.at, piece)?;
                self.at.1 = self.at.1.saturating_add(1);
            }
        }
    }

    /// Decodes a Parquet file: its rows as JSON lines, which the sources know.
    fn parquet<R: ChunkReader + 'static>(&mut self, file: R) -> Result<(), StoreError> {
        let rows = match columnar::Rows::new(file) {
            Ok(rows) => rows,
            Err(reason) => {
                "binary data that begins as Parquet".clone_into(&mut self.end.detected);
                self.sink.reject(0, reason.clone(), &[]);
                self.end.notes.push(reason);
                return Ok(());
            }
        };
        let mut rows = rows;
        let error = self.chunks(&mut rows)?;
        if let Some(error) = error {
            let reason = format!("Parquet cannot be read on: {error}");
            self.sink.reject(self.end.inflated_bytes, reason.clone(), &[]);
            self.end.notes.push(reason);
        }
        self.end.notes.push("Parquet; byte offsets count in its rows as JSON lines".to_owned());
        Ok(())
    }

    /// A decoder is done with every byte at the end of a file. One that is not has a bug, and what
    /// it left must not go missing for it.
    fn leftover(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let left = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let offset = self.end.inflated_bytes.saturating_sub(left);
            self.sink.reject(offset, format!("{left} bytes were left at the end"), bytes);
        }
    }

    fn take(&mut self) -> Result<Piece, StoreError> {
        let mut decoded = self
            .sink
            .take()
            .map_err(|source| StoreError::Arrow { doing: "putting events together", source })?;
        if !self.run.enrichment.is_empty() {
            for day in &mut decoded.days {
                let none = arrow::array::RecordBatch::new_empty(day.events.schema());
                let events = std::mem::replace(&mut day.events, none);
                day.events = self.run.enrichment.apply(events)?;
            }
        }
        Piece::decoded(decoded, &self.end.sha256)
    }
}
