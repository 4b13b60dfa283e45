//! `egret demo`: the whole product in one command.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use egret_simulate::{Options, Scenario};
use egret_store::CaseDir;

use super::General;
use crate::app::{self, Ask};
use crate::exit::Exit;
use crate::talk::print;

/// Make a practice incident, investigate it, write the report.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret demo --case egret-demo")]
pub(crate) struct Demo {
    /// Folder for the practice logs and the case; made when there is none.
    #[arg(long, value_name = "DIR", default_value = "egret-demo", help_heading = "Output")]
    case: PathBuf,
    /// Incident to practise on.
    #[arg(long, value_name = "NAME", default_value = "s3-bulk-read", help_heading = "Input")]
    scenario: Scenario,
    /// Events, about.
    #[arg(long, value_name = "N", default_value_t = 20_000, help_heading = "Input")]
    events: u64,
}

impl Demo {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let talk = general.talk();
        let practice = self.case.join("practice");
        talk.say(&format!("making the practice incident `{}`", self.scenario));
        let options = Options { events: self.events, ..Options::default() };
        egret_simulate::simulate(self.scenario, &options, &practice)
            .with_context(|| format!("practice incident in {}", practice.display()))?;
        let case = CaseDir::create_or_open(&self.case)?;
        app::ingest(
            &case,
            &[practice.join("logs")],
            &app::Reading::default(),
            &general.machine(),
            &general.recorder()?,
            &talk,
        )?;
        let ask =
            Ask { title: Some(format!("Practice: {}", self.scenario.title())), ..Ask::default() };
        let report =
            app::run_pattern(&case, &ask, &general.machine(), &general.recorder()?, &talk).await?;
        print(&egret_report::escape::terminal(&app::summary(&report, &case)))?;
        print(&format!("Truth:  {}\n", practice.join("truth.json").display()))?;
        Ok(Exit::Done)
    }
}
