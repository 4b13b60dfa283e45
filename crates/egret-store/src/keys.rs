//! Which records the store holds, by the identity of each.
//!
//! Beside the parts of a day lie the keys of its records, sixteen bytes each. They are read when
//! the first record of that day comes by, since a duplicate has the time of its original.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::{Path, PathBuf};

use egret_model::dataset::Dataset;
use egret_sources::RecordKey;

use crate::error::StoreError;

/// A key is a digest already; its low half is as good a hash as any.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct LowHalf(u64);

impl Hasher for LowHalf {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = u64::try_from(key & u128::from(u64::MAX)).unwrap_or(0);
    }
}

type Set = HashSet<RecordKey, BuildHasherDefault<LowHalf>>;

/// Keys of the days met so far.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    days: BTreeMap<(Dataset, i32), Day>,
}

#[derive(Debug, Default)]
struct Day {
    known: Set,
    /// Not yet committed.
    added: Vec<RecordKey>,
}

impl Keys {
    /// Notes the keys of a batch and says which of them were not known.
    pub(crate) fn add(
        &mut self,
        events: &Path,
        dataset: Dataset,
        day: i32,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        let held = match self.days.entry((dataset, day)) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                let known = read(&folder_of(events, dataset, day))?;
                vacant.insert(Day { known, added: Vec::new() })
            }
        };
        held.known.reserve(keys.len());
        let mut fresh = Vec::with_capacity(keys.len());
        for key in keys {
            let is_new = held.known.insert(*key);
            if is_new {
                held.added.push(*key);
            }
            fresh.push(is_new);
        }
        Ok(fresh)
    }

    /// Takes the keys added since the last call, by day, and forgets the rest, which can be read
    /// again.
    pub(crate) fn take_added(&mut self) -> Vec<((Dataset, i32), Vec<RecordKey>)> {
        std::mem::take(&mut self.days)
            .into_iter()
            .filter(|(_, day)| !day.added.is_empty())
            .map(|(at, mut day)| {
                day.added.sort_unstable();
                (at, day.added)
            })
            .collect()
    }
}

/// Folder of a dataset's day.
pub(crate) fn folder_of(events: &Path, dataset: Dataset, day: i32) -> PathBuf {
    events.join(relative_folder(dataset, day))
}

/// The same, below the store, with `/`.
pub(crate) fn relative_folder(dataset: Dataset, day: i32) -> String {
    let date = jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().try_days(i64::from(day)).unwrap_or_default())
        .unwrap_or(jiff::civil::Date::MAX);
    format!("dataset={dataset}/date={date}")
}

/// Keys as bytes.
pub(crate) fn bytes_of(keys: &[RecordKey]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.0.to_be_bytes()).collect()
}

fn read(folder: &Path) -> Result<Set, StoreError> {
    let mut known = Set::default();
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(known),
        Err(error) => return Err(StoreError::io("listing", folder)(error)),
    };
    for entry in listing {
        let path = entry.map_err(StoreError::io("listing", folder))?.path();
        if path.extension().is_none_or(|extension| extension != "keys") {
            continue;
        }
        let size = fs::metadata(&path).map_err(StoreError::io("reading", &path))?.len();
        if size % 16 != 0 {
            return Err(StoreError::Damaged {
                path,
                reason: format!("expected a multiple of 16 bytes, found {size}"),
            });
        }
        let mut file = fs::File::open(&path).map_err(StoreError::io("opening", &path))?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        std::io::Read::read_to_end(&mut file, &mut bytes)
            .map_err(StoreError::io("reading", &path))?;
        known.extend(
            bytes.as_chunks::<16>().0.iter().map(|chunk| RecordKey(u128::from_be_bytes(*chunk))),
        );
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        assert_eq!(relative_folder(Dataset::OKTA, 20_293), "dataset=okta.system/date=2025-07-24");
        assert_eq!(relative_folder(Dataset::OKTA, -1), "dataset=okta.system/date=1969-12-31");
    }
}
