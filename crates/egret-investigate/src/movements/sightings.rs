//! What was seen of each destination before the window: a receiver of every night is another thing
//! than one of today.

use std::collections::{BTreeMap, BTreeSet};

use egret_model::report::{Destination, Earlier};
use jiff::Timestamp;

/// Actors named with a destination.
const ACTORS_MAX: usize = 5;

#[derive(Debug, Clone)]
struct Sighting {
    first: Timestamp,
    last: Timestamp,
    days: BTreeSet<i64>,
    actors: BTreeSet<String>,
}

/// Destinations before the window, by kind and id.
#[derive(Debug, Clone, Default)]
pub struct Sightings(BTreeMap<(String, String), Sighting>);

impl Sightings {
    /// Notes that something went, or was opened, to a destination.
    pub(super) fn add(&mut self, to: &Destination, time: Timestamp, actor: Option<&str>) {
        let held = self.0.entry((to.kind.clone(), to.id.clone())).or_insert_with(|| Sighting {
            first: time,
            last: time,
            days: BTreeSet::new(),
            actors: BTreeSet::new(),
        });
        held.first = held.first.min(time);
        held.last = held.last.max(time);
        held.days.insert(time.as_second().div_euclid(86_400));
        held.actors.extend(actor.map(str::to_owned));
    }

    /// What was seen of a destination.
    pub fn of(&self, to: &Destination) -> Option<Earlier> {
        self.0.get(&(to.kind.clone(), to.id.clone())).map(|held| Earlier {
            first: held.first,
            last: held.last,
            days: u64::try_from(held.days.len()).unwrap_or(u64::MAX),
            actors: held.actors.iter().take(ACTORS_MAX).cloned().collect(),
        })
    }
}
