//! The incidents, one file each. A plot adds records to days and says what is true of them.

mod migration;
mod network_egress;
mod nightly_backup;
mod s3_bulk_read;
mod snapshot_share;
mod vm_export;

use std::collections::BTreeMap;

use crate::chance::Chance;
use crate::records::{Caller, Day, at};
use crate::truth::{Truth, TruthMovement};
use crate::world::{Person, World};
use crate::{Options, Scenario};

/// What a scenario adds.
pub(crate) struct Plot {
    pub(crate) days: BTreeMap<u32, Day>,
    /// Millisecond after which CloudTrail records nothing more.
    pub(crate) trail_stopped_at: Option<i64>,
    pub(crate) truth: Truth,
}

pub(crate) fn plot(
    scenario: Scenario,
    world: &World,
    options: &Options,
    chance: &mut Chance,
) -> Plot {
    let truth = Truth {
        schema: "egret.truth/1".to_owned(),
        scenario: scenario.name().to_owned(),
        seed: options.seed,
        benign: scenario.is_benign(),
        window: (String::new(), String::new()),
        person: None,
        movements: Vec::new(),
    };
    let mut plot = Plot { days: BTreeMap::new(), trail_stopped_at: None, truth };
    match scenario {
        Scenario::S3BulkRead => s3_bulk_read::add(world, options, &mut plot, chance),
        Scenario::VmExport => vm_export::add(world, options, &mut plot, chance),
        Scenario::SnapshotShare => snapshot_share::add(world, &mut plot, chance),
        Scenario::NetworkEgress => network_egress::add(world, &mut plot, chance),
        Scenario::NightlyBackup => nightly_backup::add(world, &mut plot, chance),
        Scenario::Migration => migration::add(world, &mut plot, chance),
    }
    plot.truth.movements.sort_by(|a, b| (&a.first, &a.channel).cmp(&(&b.first, &b.channel)));
    let first = plot.truth.movements.iter().map(|movement| movement.first.clone()).min();
    let last = plot.truth.movements.iter().map(|movement| movement.last.clone()).max();
    plot.truth.window = (first.unwrap_or_default(), last.unwrap_or_default());
    plot
}

impl Plot {
    fn day(&mut self, day: u32) -> &mut Day {
        self.days.entry(day).or_default()
    }

    fn moved(&mut self, movement: TruthMovement) {
        self.truth.movements.push(TruthMovement { theft: !self.truth.benign, ..movement });
    }
}

/// A movement with nothing but its essentials.
fn movement(
    channel: &str,
    grade: &str,
    resource: (&str, &str),
    destination: (&str, &str),
    times: (i64, i64),
) -> TruthMovement {
    TruthMovement {
        channel: channel.to_owned(),
        grade: grade.to_owned(),
        resource: (resource.0.to_owned(), resource.1.to_owned()),
        destination: (destination.0.to_owned(), destination.1.to_owned()),
        principal: None,
        access_key_id: None,
        objects: None,
        bytes: None,
        events: 1,
        first: at(times.0),
        last: at(times.1),
        closed_at: None,
        theft: false,
    }
}

impl TruthMovement {
    fn by(mut self, caller: &Caller) -> Self {
        self.principal = Some(caller.arn());
        self.access_key_id = Some(caller.key.clone());
        self
    }
}

/// Someone of that role; the first of all when nobody has it.
fn someone<'a>(world: &'a World, role: &str) -> Option<&'a Person> {
    world.people.iter().find(|person| person.role == role).or_else(|| world.people.first())
}

/// The day before the last.
fn incident_day(world: &World) -> u32 {
    world.days.saturating_sub(2)
}
