//! `egret investigate`: the main job.

use std::path::PathBuf;

use clap::Args;
use egret_store::CaseDir;
use jiff::Timestamp;

use super::{General, binding, instant};
use crate::app::{self, Ask};
use crate::exit::Exit;
use crate::talk::print;

/// Ingest what is new, run the pattern, write the report.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret investigate logs/ --case cases/payroll
  egret investigate logs/ --case cases/payroll --from 2025-07-20 --to 2025-07-24 \\
      --set bucket_name=payroll --context organisation.toml

Exit codes: 0 done; 1 done, and something is open; 2 could not run.")]
pub(crate) struct Investigate {
    /// Log files, or folders of them. None runs the pattern over what the case holds.
    #[arg(value_name = "PATH", help_heading = "Input")]
    paths: Vec<PathBuf>,
    /// Case folder; made when there is none.
    #[arg(long, value_name = "DIR", default_value = "egret-case", help_heading = "Input")]
    case: PathBuf,
    /// Investigation pattern (Markdown) to run instead of the built-in one.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pattern: Option<PathBuf>,
    /// CloudTrail's public keys: check the trail's digests, and say in the verdict what they prove.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    public_keys: Option<PathBuf>,
    /// What the team knows: own accounts, internal networks, agreed receivers (TOML).
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    context: Option<PathBuf>,
    #[command(flatten)]
    read: app::Reading,
    /// Start of the window under investigation.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Filtering")]
    from: Option<Timestamp>,
    /// End of the window, not included.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Filtering")]
    to: Option<Timestamp>,
    /// What `now` means in queries; the end of the window by default.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Filtering")]
    now: Option<Timestamp>,
    /// Value of a placeholder; repeat for several.
    #[arg(long, value_name = "NAME=VALUE", value_parser = binding, help_heading = "Filtering")]
    set: Vec<(String, String)>,
    /// Title of the case.
    #[arg(long, value_name = "TEXT", help_heading = "Output")]
    title: Option<String>,
    /// Print the summary as text, or the whole report as JSON.
    #[arg(short = 't', long, value_name = "TYPE", default_value = "text", value_parser = ["text", "json"], help_heading = "Output")]
    output_type: String,
}

impl Investigate {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let talk = general.talk();
        let case = CaseDir::create_or_open(&self.case)?;
        if !self.paths.is_empty() {
            app::ingest(
                &case,
                &self.paths,
                &self.read,
                &general.machine(),
                &general.recorder()?,
                &talk,
            )?;
        }
        let ask = Ask {
            from: self.from,
            to: self.to,
            now: self.now,
            set: self.set,
            pattern: self.pattern,
            context: self.context,
            title: self.title,
            public_keys: self.public_keys,
        };
        let report =
            app::run_pattern(&case, &ask, &general.machine(), &general.recorder()?, &talk).await?;
        if self.output_type == "json" {
            print(&egret_report::render(&report, egret_report::Format::Json)?)?;
        } else {
            print(&egret_report::escape::terminal(&app::summary(&report, &case)))?;
        }
        let open = report.ingest.quarantined > 0
            || !report.ingest.notes.is_empty()
            || !report.completion.closable;
        Ok(if open { Exit::Open } else { Exit::Done })
    }
}
