//! Practice incidents: AWS-shaped logs of all five sources, with the truth beside them.
//!
//! A scenario is an incident, or something benign that looks like one, laid over a background of
//! people with working hours, service roles, infrastructure code, retries and denied calls. The
//! same seed and options give the same bytes. Everything is invented; names and addresses are
//! reserved ones.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "practice numbers are small and made here; none of them is evidence"
)]

mod background;
mod chance;
mod files;
mod records;
mod scenarios;
mod truth;
mod world;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use truth::{Truth, TruthMovement};

/// What is practised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// A taken-over login reads a payroll bucket and stops the trail.
    S3BulkRead,
    /// A virtual machine is exported to a bucket, and the export is fetched from outside.
    VmExport,
    /// Snapshots are shared with an outside account, used there, and closed again.
    SnapshotShare,
    /// A host sends a large amount to one outside address.
    NetworkEgress,
    /// Benign: backups every night, shared with the backup account.
    NightlyBackup,
    /// Benign: a data migration over two weeks.
    Migration,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: &'static [Self] = &[
        Self::S3BulkRead,
        Self::VmExport,
        Self::SnapshotShare,
        Self::NetworkEgress,
        Self::NightlyBackup,
        Self::Migration,
    ];

    /// As the command line spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3BulkRead => "s3-bulk-read",
            Self::VmExport => "vm-export",
            Self::SnapshotShare => "snapshot-share",
            Self::NetworkEgress => "network-egress",
            Self::NightlyBackup => "nightly-backup",
            Self::Migration => "migration",
        }
    }

    /// What happens.
    pub fn title(self) -> &'static str {
        match self {
            Self::S3BulkRead => "a taken-over login reads a payroll bucket",
            Self::VmExport => "a virtual machine is exported and fetched",
            Self::SnapshotShare => "snapshots are shared with an outside account",
            Self::NetworkEgress => "a host sends much to one address",
            Self::NightlyBackup => "backups every night (benign)",
            Self::Migration => "a data migration (benign)",
        }
    }

    /// Whether nothing was stolen.
    pub fn is_benign(self) -> bool {
        matches!(self, Self::NightlyBackup | Self::Migration)
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|scenario| scenario.name() == text)
            .ok_or_else(|| UnknownScenario(text.to_owned()))
    }
}

/// A scenario of that name does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no scenario `{0}`; expected s3-bulk-read, vm-export, snapshot-share, network-egress, \
     nightly-backup or migration"
)]
pub struct UnknownScenario(String);

/// How much is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Days of background; the incident lies in the last two.
    pub days: u32,
    /// Events over all sources, about.
    pub events: u64,
    /// First day.
    pub start: Timestamp,
}

impl Default for Options {
    fn default() -> Self {
        // 2025-06-20T00:00:00Z
        let start = Timestamp::from_second(1_750_377_600).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { seed: 1, days: 35, events: 20_000, start }
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Log files.
    pub files: u64,
    /// Events in them.
    pub events: u64,
    /// What happened.
    pub truth: Truth,
}

/// Logs could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// An option makes no sense.
    #[error("{0}")]
    Options(String),
    /// A file could not be written.
    #[error("writing `{path}`: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Fewest days: the incident needs a background before it.
const DAYS_MIN: u32 = 3;

/// Writes the logs below `out/logs`, the truth to `out/truth.json`.
///
/// # Errors
///
/// [`SimulateError`] for options that make no sense, a folder that already holds logs, or a disk
/// that fails.
pub fn simulate(
    scenario: Scenario,
    options: &Options,
    out: &Path,
) -> Result<Summary, SimulateError> {
    if options.days < DAYS_MIN {
        return Err(SimulateError::Options(format!(
            "{} days are too few; at least {DAYS_MIN} are needed for an incident with a background",
            options.days
        )));
    }
    if options.days > 3_650 {
        return Err(SimulateError::Options(format!(
            "{} days are too many; ten years are the most",
            options.days
        )));
    }
    let logs = out.join("logs");
    if logs.exists() {
        // The same practice again replaces itself; nothing else is ever in this folder.
        std::fs::remove_dir_all(&logs)
            .map_err(|source| SimulateError::Io { path: logs.clone(), source })?;
    }
    let mut chance = chance::Chance::new(options.seed, scenario.name());
    let world = world::World::new(options, &mut chance);
    let mut plot = scenarios::plot(scenario, &world, options, &mut chance);
    let mut writer = files::Writer::new(&logs, options);
    for day in 0..options.days {
        let mut events = records::Day::default();
        let blind_after = plot.trail_stopped_at;
        background::day(&world, day, &mut events, &mut chance);
        if let Some(incident) = plot.days.remove(&day) {
            events.append(incident);
        }
        if let Some(stopped) = blind_after {
            events.trail.retain(|(time, _)| *time <= stopped);
        }
        writer.day(&world, day, events)?;
    }
    let truth = plot.truth;
    files::write(&out.join("truth.json"), truth.to_json().as_bytes())?;
    files::write(
        &out.join("README.txt"),
        b"Practice data, invented; all names and addresses are reserved ones.\n\
         Investigate it: egret investigate logs --case case\n",
    )?;
    Ok(Summary { files: writer.files, events: writer.events, truth })
}
