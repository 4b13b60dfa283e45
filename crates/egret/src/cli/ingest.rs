//! `egret ingest`: evidence to store.

use std::path::PathBuf;

use clap::Args;
use egret_store::CaseDir;

use super::{CaseArg, General};
use crate::app;
use crate::exit::Exit;

/// Read log files into a case; what it holds already is left alone.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret ingest logs/ okta.json.gz --case cases/payroll")]
pub(crate) struct Ingest {
    /// Log files, or folders of them.
    #[arg(value_name = "PATH", required = true, help_heading = "Input")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    case: CaseArg,
    #[command(flatten)]
    read: app::Reading,
}

impl Ingest {
    pub(crate) fn run(self, general: &General) -> anyhow::Result<Exit> {
        let talk = general.talk();
        let case = CaseDir::create_or_open(&self.case.case)?;
        let summary = app::ingest(
            &case,
            &self.paths,
            &self.read,
            &general.machine(),
            &general.recorder()?,
            &talk,
        )?;
        let open = !summary.passed_over.is_empty()
            || summary.files.iter().any(|file| file.quarantined > 0 || file.source.is_none());
        Ok(if open { Exit::Open } else { Exit::Done })
    }
}
