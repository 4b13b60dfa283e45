//! Where evidence was read from, so that it can be looked at again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ledger::Entry;

/// An input of ingest: what the case calls it, and where it lay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// First part of the paths in the manifest.
    pub label: String,
    /// Where it lay.
    pub path: PathBuf,
}

impl Place {
    /// Where the file that the manifest calls `name` lay, when it came from here.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        if name == self.label {
            return Some(self.path.clone());
        }
        let below = name.strip_prefix(&self.label)?.strip_prefix('/')?;
        Some(self.path.join(Path::new(below)))
    }
}

/// Every input that the ledger names, the latest first.
pub(crate) fn places_of(entries: &[Entry]) -> Vec<Place> {
    entries
        .iter()
        .rev()
        .filter(|entry| entry.action == "ingest")
        .filter_map(|entry| entry.detail.get("places"))
        .filter_map(|places| serde_json::from_value::<Vec<Place>>(places.clone()).ok())
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_below_the_place_it_came_from() {
        let place = Place { label: "logs".to_owned(), path: PathBuf::from("/evidence/logs") };
        for (name, path) in [
            ("logs/a/b.json", Some("/evidence/logs/a/b.json")),
            ("logs", Some("/evidence/logs")),
            ("logs2/a.json", None),
            ("other/a.json", None),
        ] {
            assert_eq!(place.find(name).as_deref(), path.map(Path::new), "{name}");
        }
    }
}
