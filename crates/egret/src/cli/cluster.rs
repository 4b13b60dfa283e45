//! `egret cluster`: the two processes of a cluster.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use egret_cluster::{Address, ExecutorOptions, serve_executor, serve_scheduler};

use super::General;
use crate::exit::Exit;

/// Run a scheduler or an executor; other commands use them with --cluster.
#[derive(Debug, Args)]
#[command(after_help = "Example, each in a terminal of its own:
  egret cluster scheduler --bind 127.0.0.1:50050
  egret cluster executor --scheduler 127.0.0.1:50050 --bind 127.0.0.1:50060
  egret query 'event.action: \"GetObject\"' --case cases/payroll --cluster df://127.0.0.1:50050")]
pub(crate) struct Cluster {
    #[command(subcommand)]
    process: Process,
}

#[derive(Debug, Subcommand)]
enum Process {
    /// Cuts plans into tasks and hands them out.
    Scheduler {
        /// Where it listens.
        #[arg(long, value_name = "HOST:PORT", help_heading = "Input")]
        bind: Address,
    },
    /// Runs tasks; it must see the case folder under the same path as who asks.
    Executor {
        /// Where the scheduler is.
        #[arg(long, value_name = "HOST:PORT", help_heading = "Input")]
        scheduler: Address,
        /// Where it listens; the next port is taken too.
        #[arg(long, value_name = "HOST:PORT", help_heading = "Input")]
        bind: Address,
        /// Folder for shuffled data; a temporary one by default.
        #[arg(long, value_name = "DIR", help_heading = "Output")]
        work_dir: Option<PathBuf>,
    },
}

impl Cluster {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        match self.process {
            Process::Scheduler { bind } => {
                general.talk().say(&format!("scheduler at {bind}; it ends with Ctrl-C"));
                serve_scheduler(&bind).await?;
            }
            Process::Executor { scheduler, bind, work_dir } => {
                general.talk().say(&format!("executor at {bind}; it ends with Ctrl-C"));
                let session = general.machine().session();
                let options = ExecutorOptions {
                    scheduler,
                    bind,
                    threads: session.threads,
                    memory_bytes: u64::try_from(session.memory_bytes).unwrap_or(u64::MAX),
                    work_dir,
                };
                serve_executor(&options).await?;
            }
        }
        Ok(Exit::Done)
    }
}
