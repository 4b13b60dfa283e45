//! Where decoders put what they read: event columns a day at a time, or quarantine.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;
use egret_model::limits::QUARANTINE_BYTES_MAX;
use sha2::{Digest, Sha256};

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Days since 1970-01-01 (UTC) of an instant in microseconds.
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
}

/// Identity of a record, for telling a duplicate from another record.
///
/// From the source's own id where it has one, else from the record's bytes. Always a
/// cryptographic digest: whoever writes log text must not be able to make two records collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub u128);

impl RecordKey {
    /// From the event id that the source gave.
    pub fn of_id(id: &str) -> Self {
        Self::digest(&[id.as_bytes()])
    }

    /// From the record's bytes and which of several identical records in its file it is (from 0).
    ///
    /// AWS delivers a line twice in *two* files now and then; two equal lines in *one* file are
    /// two happenings.
    pub fn of_record(bytes: &[u8], occurrence: u64) -> Self {
        Self::digest(&[bytes, b"\n", &occurrence.to_be_bytes()])
    }

    /// As an event id, for records that bring none: 32 hex digits.
    pub fn to_event_id(self) -> String {
        // Written for each record of sources without ids; formatting takes several times as long.
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        self.0
            .to_be_bytes()
            .into_iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect()
    }

    fn digest(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        let mut key = [0u8; 16];
        for (to, from) in key.iter_mut().zip(hasher.finalize()) {
            *to = from;
        }
        Self(u128::from_be_bytes(key))
    }
}

/// A record that could not become an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Record number in the file, from 1.
    pub record: u64,
    /// Byte offset in the decompressed file.
    pub byte_offset: u64,
    /// Why: what was expected, what was found.
    pub reason: String,
    /// The record's bytes, cut at [`QUARANTINE_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// Whether `bytes` was cut.
    pub cut: bool,
}

/// Rows of one dataset and day, with the identity of each.
#[derive(Debug)]
pub struct DayBatch {
    /// Kind of log.
    pub dataset: Dataset,
    /// Days since 1970-01-01, UTC.
    pub day: i32,
    /// The events, one column per field that any of them set.
    pub events: RecordBatch,
    /// Identity of each row.
    pub keys: Vec<RecordKey>,
}

/// What one file, or one piece of it, came to.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Events, sorted by dataset and day.
    pub days: Vec<DayBatch>,
    /// Records that could not be read, in file order.
    pub rejected: Vec<Rejected>,
    /// Records met: events and rejects.
    pub read: u64,
}

/// Collects what a decoder reads from one file.
///
/// The sink knows the file's path and digest and adds them, and the record number, to each row;
/// a decoder never does.
#[derive(Debug)]
pub struct Sink {
    path: String,
    sha256: String,
    days: BTreeMap<(Dataset, i32), Day>,
    rejected: Vec<Rejected>,
    record: u64,
    read: u64,
    rows: usize,
}

#[derive(Debug, Default)]
struct Day {
    events: EventBuilder,
    keys: Vec<RecordKey>,
}

impl Sink {
    /// For one evidence file.
    pub fn new(path: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            sha256: sha256.into(),
            days: BTreeMap::new(),
            rejected: Vec::new(),
            record: 0,
            read: 0,
            rows: 0,
        }
    }

    /// SHA-256 of the evidence file, hex.
    pub fn evidence_sha256(&self) -> &str {
        &self.sha256
    }

    /// Number of the record that the next [`Self::row`] or [`Self::reject`] will be, from 1.
    pub fn next_record(&self) -> u64 {
        self.record.saturating_add(1)
    }

    /// Adds one event: `fill` sets its fields.
    ///
    /// `@timestamp`, `event.dataset`, `event.module`, `log.offset` and provenance are set here. Whatever can fail
    /// must have been read before this call.
    pub fn row(
        &mut self,
        dataset: Dataset,
        micros: i64,
        key: RecordKey,
        fill: impl FnOnce(&mut EventBuilder),
    ) {
        self.record = self.record.saturating_add(1);
        self.read = self.read.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
        let day = self.days.entry((dataset, day_of(micros))).or_default();
        day.events.set_time(fields::TIMESTAMP, micros);
        // Of the rest, the documents say themselves what they are.
        if dataset != Dataset::OTHER {
            day.events.set_str(fields::EVENT_DATASET, dataset.as_str());
            day.events.set_str(fields::EVENT_MODULE, dataset.module());
        }
        day.events.set_str(fields::LOG_FILE_PATH, &self.path);
        day.events.set_i64(fields::LOG_OFFSET, i64::try_from(self.record).unwrap_or(i64::MAX));
        day.events.set_str(fields::EVIDENCE_SHA256, &self.sha256);
        fill(&mut day.events);
        day.events.end_row();
        day.keys.push(key);
    }

    /// Puts one record into quarantine.
    pub fn reject(&mut self, byte_offset: u64, reason: impl Into<String>, bytes: &[u8]) {
        self.record = self.record.saturating_add(1);
        self.read = self.read.saturating_add(1);
        let kept = bytes.get(..QUARANTINE_BYTES_MAX).unwrap_or(bytes);
        self.rejected.push(Rejected {
            record: self.record,
            byte_offset,
            reason: reason.into(),
            bytes: kept.to_vec(),
            cut: kept.len() < bytes.len(),
        });
    }

    /// Rows held since the last [`Self::take`].
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Hands over what was collected so far; record numbers go on.
    ///
    /// # Errors
    ///
    /// See [`EventBuilder::finish`].
    pub fn take(&mut self) -> Result<Decoded, ArrowError> {
        let mut decoded = Decoded {
            rejected: std::mem::take(&mut self.rejected),
            read: std::mem::take(&mut self.read),
            days: Vec::with_capacity(self.days.len()),
        };
        self.rows = 0;
        for ((dataset, day), mut rows) in std::mem::take(&mut self.days) {
            let events = rows.events.finish()?;
            decoded.days.push(DayBatch { dataset, day, events, keys: rows.keys });
        }
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_part_by_day_and_numbers_go_on() {
        let mut sink = Sink::new("a.log", "00");
        let key = RecordKey::of_id("one");
        sink.row(Dataset::OKTA, 0, key, |_| {});
        sink.reject(17, "no", b"bytes");
        sink.row(Dataset::OKTA, DAY_MICROS, key, |_| {});
        let decoded = sink.take().unwrap();
        assert_eq!(decoded.read, 3);
        assert_eq!(decoded.days.iter().map(|day| day.day).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(decoded.rejected[0].record, 2);
        assert_eq!(sink.next_record(), 4);
        assert_eq!(day_of(-1), -1);
    }

    #[test]
    fn equal_records_differ_by_occurrence_and_ids_do_not() {
        assert_ne!(RecordKey::of_record(b"x", 0), RecordKey::of_record(b"x", 1));
        assert_eq!(RecordKey::of_id("e"), RecordKey::of_id("e"));
        assert_eq!(RecordKey(0xf0a).to_event_id(), format!("{:032x}", 0xf0a));
    }
}
