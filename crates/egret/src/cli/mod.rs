//! The command line: one subcommand, one file.

#[cfg(feature = "acquire")]
mod acquire;
#[cfg(feature = "distributed")]
mod cluster;
mod completions;
mod coverage;
mod demo;
mod destinations;
mod ingest;
mod investigate;
mod keygen;
mod list;
mod movements;
mod query;
mod rules;
mod seal;
mod shell;
mod simulate;
mod sql;
mod translate;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use egret_query::Bindings;
use egret_store::{Recorder, SigningKey};

use crate::app::Machine;
use crate::exit::Exit;
use crate::talk::{Talk, complain};

/// Stack of a worker thread, in bytes: what the main thread has.
const WORKER_STACK_BYTES: usize = 8 << 20;

/// Finds out what left an AWS environment, by whom, how, where to, and what that means.
#[derive(Debug, Parser)]
#[command(name = "egret", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct General {
    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true, help_heading = "General")]
    quiet: bool,
    /// Worker threads; all cores by default.
    #[arg(long, global = true, value_name = "N", help_heading = "General")]
    threads: Option<usize>,
    /// Run the plans on a Ballista cluster that sees the case folder under the same path.
    #[arg(long, global = true, value_name = "df://HOST:PORT", help_heading = "General")]
    cluster: Option<String>,
    /// Sign ledger entries with this private key, made by `egret keygen`.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "EGRET_SIGN_KEY",
        help_heading = "General"
    )]
    sign_key: Option<PathBuf>,
}

impl General {
    pub(crate) fn talk(&self) -> Talk {
        Talk::new(self.quiet)
    }

    /// Who writes the ledger in this run. The program reads the clock; libraries do not.
    #[expect(clippy::disallowed_methods, reason = "the ledger says when; no finding depends on it")]
    pub(crate) fn recorder(&self) -> anyhow::Result<Recorder> {
        let key = match &self.sign_key {
            Some(path) => {
                let text = egret_store::read_text(path, crate::app::TEXT_BYTES_MAX)?;
                let key = SigningKey::parse(&text).with_context(|| path.display().to_string())?;
                Some(Arc::new(key))
            }
            None => None,
        };
        let tool = concat!("egret ", env!("CARGO_PKG_VERSION")).to_owned();
        Ok(Recorder { tool, time: jiff::Timestamp::now(), key })
    }

    pub(crate) fn machine(&self) -> Machine {
        Machine { threads: self.threads, cluster: self.cluster.clone() }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Investigate(Box<investigate::Investigate>),
    Ingest(ingest::Ingest),
    Query(query::Query),
    Sql(sql::Sql),
    Shell(shell::Shell),
    Rules(rules::RulesArgs),
    Translate(translate::TranslateArgs),
    Simulate(simulate::Simulate),
    Channels(list::Channels),
    Sources(list::Sources),
    Fields(list::Fields),
    Movements(movements::MovementsArgs),
    Destinations(destinations::DestinationsArgs),
    Coverage(coverage::CoverageArgs),
    Verify(verify::Verify),
    Keygen(keygen::Keygen),
    Seal(seal::SealArgs),
    Unseal(seal::UnsealArgs),
    Completions(completions::Completions),
    #[cfg(feature = "acquire")]
    Acquire(acquire::Acquire),
    #[cfg(feature = "distributed")]
    Cluster(cluster::Cluster),
}

/// Parses and runs; errors go to stderr.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match Cli::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // clap renders help to stdout and errors to stderr.
            let _printed = error.print().is_ok();
            let asked = !error.use_stderr();
            return if asked { Exit::Done } else { Exit::Failed }.into();
        }
    };
    let outcome = Cli::from_arg_matches(&matches).map_err(anyhow::Error::from).and_then(|cli| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // The engine recurses into a query, and a build for tests needs much more for it.
            .thread_stack_size(WORKER_STACK_BYTES)
            .enable_all()
            .build()?;
        runtime.block_on(dispatch(cli))
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&format!("error: {error:#}"));
            Exit::Failed.into()
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let general = cli.general;
    match cli.command {
        Command::Demo(command) => Box::pin(command.run(&general)).await,
        Command::Investigate(command) => Box::pin(command.run(&general)).await,
        Command::Ingest(command) => command.run(&general),
        Command::Query(command) => Box::pin(command.run(&general)).await,
        Command::Sql(command) => Box::pin(command.run(&general)).await,
        Command::Shell(command) => Box::pin(command.run(&general)).await,
        Command::Completions(command) => command.run(),
        Command::Rules(command) => Box::pin(command.run(&general)).await,
        Command::Translate(command) => command.run(),
        Command::Simulate(command) => command.run(&general),
        Command::Channels(command) => command.run(),
        Command::Sources(command) => command.run(),
        Command::Fields(command) => command.run(),
        Command::Movements(command) => Box::pin(command.run(&general)).await,
        Command::Destinations(command) => Box::pin(command.run(&general)).await,
        Command::Coverage(command) => Box::pin(command.run(&general)).await,
        Command::Verify(command) => command.run(&general),
        Command::Keygen(command) => command.run(&general),
        Command::Seal(command) => command.run(&general),
        Command::Unseal(command) => command.run(&general),
        #[cfg(feature = "acquire")]
        Command::Acquire(command) => Box::pin(command.run(&general)).await,
        #[cfg(feature = "distributed")]
        Command::Cluster(command) => Box::pin(command.run(&general)).await,
    }
}

/// Where a case lies.
#[derive(Debug, Clone, Args)]
pub(crate) struct CaseArg {
    /// Case folder.
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub(crate) case: PathBuf,
}

/// An instant on the command line.
pub(crate) fn instant(text: &str) -> Result<jiff::Timestamp, String> {
    egret_model::time::parse_instant(text).map_err(|error| error.to_string())
}

/// Values of placeholders; a name that comes several times has several.
pub(crate) fn bindings(set: &[(String, String)]) -> Bindings {
    let mut bindings = Bindings::new();
    for (name, _) in set {
        let values = set.iter().filter(|(other, _)| other == name);
        bindings.set(name.clone(), values.map(|(_, value)| value.clone()));
    }
    bindings
}

/// `name=value` on the command line.
pub(crate) fn binding(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!(
            "`{text}` is no binding; expected `name=value`, such as `bucket_name=payroll`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("egret "), "`{}` has no example", sub.get_name());
        }
    }

    #[test]
    fn bindings() {
        assert_eq!(binding("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(binding("a").is_err());
        assert!(binding("=a").is_err());
    }
}
