//! Which of several equal records of one file a record is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::sink::{RecordKey, Sink};

/// Distinct records of one file that are counted; 16 bytes each.
const COUNTED_MAX: usize = 8 << 20;

/// Keys for records that bring no id of their own.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    seen: HashMap<u64, u32, BuildHasherDefault<Digested>>,
}

impl Occurrences {
    /// The record's key: from its bytes, and how often they came before in this file.
    ///
    /// In a file of more distinct records than can be counted the rest are never duplicates of
    /// records elsewhere: the file and the place in it become part of their keys.
    pub(crate) fn key(&mut self, record: &[u8], sink: &Sink) -> RecordKey {
        let first = RecordKey::of_record(record, 0);
        let short = u64::try_from(first.0 & u128::from(u64::MAX)).unwrap_or_default();
        if self.seen.len() >= COUNTED_MAX && !self.seen.contains_key(&short) {
            return Self::key_of_place(record, sink);
        }
        let count = self.seen.entry(short).or_insert(0);
        let occurrence = *count;
        *count = count.saturating_add(1);
        if occurrence == 0 { first } else { RecordKey::of_record(record, occurrence.into()) }
    }

    /// A key that no record of another file or place has.
    pub(crate) fn key_of_place(record: &[u8], sink: &Sink) -> RecordKey {
        let mut bytes = record.to_vec();
        bytes.push(b'\n');
        bytes.extend_from_slice(sink.evidence_sha256().as_bytes());
        RecordKey::of_record(&bytes, sink.next_record())
    }
}

/// Passes on what already is a digest.
#[derive(Debug, Default)]
pub(crate) struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_records_of_one_file_differ_and_of_two_files_agree() {
        let (here, there) = (Sink::new("a", "aa"), Sink::new("b", "bb"));
        let (mut first, mut second) = (Occurrences::default(), Occurrences::default());
        let keys = [first.key(b"x", &here), first.key(b"y", &here), first.key(b"x", &here)];
        assert_eq!(keys[0], RecordKey::of_record(b"x", 0));
        assert_eq!(keys[2], RecordKey::of_record(b"x", 1));
        assert_eq!(second.key(b"x", &there), keys[0]);
        assert_ne!(Occurrences::key_of_place(b"x", &here), Occurrences::key_of_place(b"x", &there));
    }
}
