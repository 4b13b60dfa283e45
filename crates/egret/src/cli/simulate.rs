//! `egret simulate`: practice incidents.

use std::path::PathBuf;

use clap::Args;
use egret_model::words::thousands;
use egret_simulate::{Options, Scenario};
use jiff::Timestamp;

use super::{General, instant};
use crate::exit::Exit;
use crate::talk::print;

/// Write AWS-shaped logs of all five sources with an incident in them, and the truth beside them.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret simulate s3-bulk-read --out practice --days 35 --events 100000 --seed 7

Incidents: s3-bulk-read, vm-export, snapshot-share, network-egress.
Benign: nightly-backup, migration.")]
pub(crate) struct Simulate {
    /// Incident, or benign look-alike.
    #[arg(value_name = "SCENARIO", help_heading = "Input")]
    scenario: Scenario,
    /// Folder to write to: `logs/` and `truth.json`.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: PathBuf,
    /// The same seed gives the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Input")]
    seed: u64,
    /// Days of background.
    #[arg(long, value_name = "N", default_value_t = 35, help_heading = "Input")]
    days: u32,
    /// Events over all sources, about.
    #[arg(long, value_name = "N", default_value_t = 20_000, help_heading = "Input")]
    events: u64,
    /// First day.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    start: Option<Timestamp>,
}

impl Simulate {
    pub(crate) fn run(self, _general: &General) -> anyhow::Result<Exit> {
        let default = Options::default();
        let options = Options {
            seed: self.seed,
            days: self.days,
            events: self.events,
            start: self.start.unwrap_or(default.start),
        };
        let summary = egret_simulate::simulate(self.scenario, &options, &self.out)?;
        print(&format!(
            "{} events in {} files: {}\nTruth: {}\n",
            thousands(summary.events),
            thousands(summary.files),
            self.out.join("logs").display(),
            self.out.join("truth.json").display()
        ))?;
        Ok(Exit::Done)
    }
}
