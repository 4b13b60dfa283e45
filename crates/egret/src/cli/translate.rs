//! `egret translate`: a query for those who must run it elsewhere.

use clap::{Args, ValueEnum};
use egret_query::{Into, Options, Reading, translate};
use egret_report::escape;
use jiff::Timestamp;

use super::query::{LanguageArg, rendered};
use super::{binding, bindings, instant};
use crate::exit::Exit;
use crate::talk::{complain, print};

/// Translate a query into SQL, ES|QL or Lucene, with placeholders and times filled in.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret translate 'source.ip: \"10.0.0.0/8\" AND event.action: Get*' --to esql
  egret translate 'any where event.action == \"GetObject\"' --to sql --lang eql

SQL is over the table `events` of a case, whose Parquet other engines read too; addresses compare by
their sixteen bytes in the column `egret.ip.…`.")]
pub(crate) struct TranslateArgs {
    /// The query.
    #[arg(value_name = "TEXT", help_heading = "Input")]
    text: String,
    /// Language to translate into.
    #[arg(long, value_name = "LANGUAGE", help_heading = "Output")]
    to: Target,
    /// Language it is written in.
    #[arg(long, value_name = "LANGUAGE", default_value = "auto", help_heading = "Input")]
    lang: LanguageArg,
    /// Value of a placeholder; repeat for several.
    #[arg(long, value_name = "NAME=VALUE", value_parser = binding, help_heading = "Input")]
    set: Vec<(String, String)>,
    /// What `now` means; needed when the query says it.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    now: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// SQL over `events`.
    Sql,
    /// ES|QL.
    Esql,
    /// Lucene's `query_string`.
    Lucene,
}

impl TranslateArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let bindings = bindings(&self.set);
        anyhow::ensure!(
            self.now.is_some() || !self.text.contains("now"),
            "the query says `now`; say what it means with `--now TIME`"
        );
        let options = Options {
            bindings: &bindings,
            now: self.now.unwrap_or(Timestamp::UNIX_EPOCH),
            language: self.lang.into(),
            reading: Reading::Investigator,
            strict: false,
            ignore_case: false,
            unknown_is_missing: false,
        };
        let into = match self.to {
            Target::Sql => Into::Sql,
            Target::Esql => Into::Esql,
            Target::Lucene => Into::Lucene,
        };
        match translate(&self.text, &options, into) {
            Ok(text) => {
                print(&format!("{}\n", escape::terminal(&text)))?;
                Ok(Exit::Done)
            }
            Err(diagnostics) => {
                for diagnostic in &diagnostics {
                    complain(&rendered(&self.text, diagnostic));
                }
                Ok(Exit::Failed)
            }
        }
    }
}
