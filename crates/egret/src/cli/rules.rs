//! `egret rules`: detection rules over the events of a case.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use egret_model::words::thousands;
use egret_report::escape;
use egret_rules::{Outcome, Status, Unread, load, run};
use egret_store::CaseDir;
use jiff::Timestamp;
use serde_json::json;

use super::query::last_event;
use super::{CaseArg, General, instant};
use crate::app::record_query;
use crate::exit::Exit;
use crate::talk::print;

/// Run detection rules (Elastic's TOML, Sigma's YAML), or see which can be run.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret rules run rules/ --case cases/payroll
  egret rules run rules/ --case cases/payroll -t json | jq 'select(.status == \"hit\")'
  egret rules check rules/")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every rule of a file or folder over the events of a case.
    #[command(after_help = "Example:
  egret rules run rules/ --case cases/payroll

Exit codes: 0 no rule hit; 1 one hit, or could not be run; 2 could not run.")]
    Run(RunArgs),
    /// Say which rules of a file or folder can be run, and why the others cannot.
    #[command(after_help = "Example:
  egret rules check rules/

Exit codes: 0 all can; 1 one cannot; 2 could not run.")]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// File or folder of rules: `.toml`, `.yml`, `.yaml`.
    #[arg(value_name = "PATH", help_heading = "Input")]
    path: PathBuf,
    #[command(flatten)]
    case: CaseArg,
    /// What `now` means; the last event of the case by default.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    now: Option<Timestamp>,
    /// Show rules without a hit too.
    #[arg(long, help_heading = "Output")]
    all: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// File or folder of rules: `.toml`, `.yml`, `.yaml`.
    #[arg(value_name = "PATH", help_heading = "Input")]
    path: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Output {
    /// How rules are printed.
    #[arg(
        short = 't',
        long,
        value_name = "TYPE",
        default_value = "table",
        help_heading = "Output"
    )]
    output_type: As,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// Lines to read.
    Table,
    /// One JSON object a line.
    Json,
}

impl RulesArgs {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        match self.command {
            Command::Run(arguments) => arguments.run(general).await,
            Command::Check(arguments) => arguments.run(general),
        }
    }
}

impl RunArgs {
    async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let talk = general.talk();
        let (rules, unread) = load(&self.path)?;
        let case = CaseDir::open(&self.case.case)?;
        let session = general.machine().open(&case).await?;
        let now = match self.now {
            Some(now) => now,
            None => last_event(&session).await?,
        };
        talk.say(&format!("{} read, `now` is {now}", counted(rules.len(), "rule")));
        let events = session.table("events").await?;
        let outcomes = Box::pin(run(&rules, &events, now)).await?;
        let of = |status: Status| outcomes.iter().filter(|one| one.status == status).count();
        match self.output.output_type {
            As::Json => {
                let mut text = String::new();
                for outcome in &outcomes {
                    text.push_str(&serde_json::to_string(outcome)?);
                    text.push('\n');
                }
                for file in &unread {
                    text.push_str(&unread_line(file).to_string());
                    text.push('\n');
                }
                print(&text)?;
            }
            As::Table => print(&escape::terminal(&table(&outcomes, &unread, self.all)))?,
        }
        talk.say(&format!(
            "{} hit, {} without a hit, {} cannot be run, {} failed, {} could not be read",
            of(Status::Hit),
            of(Status::NoHit),
            of(Status::Unsupported),
            of(Status::Failed),
            counted(unread.len(), "document")
        ));
        let detail = json!({
            "language": "rules",
            "path": self.path,
            "now": now,
            "rules": outcomes.len(),
            "hits": outcomes
                .iter()
                .filter(|one| one.status == Status::Hit)
                .map(|one| json!({ "id": one.id, "rows": one.rows }))
                .collect::<Vec<_>>(),
        });
        record_query(&case, &general.recorder()?, &detail, &talk);
        let open = of(Status::NoHit) < outcomes.len() || !unread.is_empty();
        Ok(if open { Exit::Open } else { Exit::Done })
    }
}

impl CheckArgs {
    fn run(self, general: &General) -> anyhow::Result<Exit> {
        let (rules, unread) = load(&self.path)?;
        let mut text = String::new();
        let mut cannot = 0usize;
        for rule in &rules {
            let problem = rule.problem();
            cannot = cannot.saturating_add(usize::from(problem.is_some()));
            let (status, reason) = match problem {
                Some((Status::Failed, reason)) => ("failed", Some(reason)),
                Some((_, reason)) => ("unsupported", Some(reason)),
                None => ("runs", None),
            };
            if self.output.output_type == As::Json {
                let line = json!({
                    "id": rule.id, "title": rule.title, "language": rule.language,
                    "status": status, "reason": reason, "notes": rule.notes(),
                    "query": rule.query(), "file": rule.file,
                });
                text.push_str(&line.to_string());
                text.push('\n');
            } else if let Some(reason) = reason {
                let word = if status == "failed" { "failed" } else { "cannot run" };
                text.push_str(&format!(
                    "{word:<11} {}\n            {}\n            {}\n",
                    escape::terminal_line(&rule.title),
                    rule.file.display(),
                    escape::terminal_line(&reason)
                ));
            } else {
                for note in rule.notes() {
                    text.push_str(&format!(
                        "runs        {}\n            {}\n            {}\n",
                        escape::terminal_line(&rule.title),
                        rule.file.display(),
                        escape::terminal_line(&note)
                    ));
                }
            }
        }
        for file in &unread {
            if self.output.output_type == As::Json {
                text.push_str(&unread_line(file).to_string());
                text.push('\n');
            } else {
                text.push_str(&format!(
                    "no rule     {}\n            {}\n",
                    file.file.display(),
                    escape::terminal_line(&file.reason)
                ));
            }
        }
        print(&text)?;
        general.talk().say(&format!(
            "{}: {} can be run, {cannot} cannot, {} could not be read",
            counted(rules.len(), "rule"),
            rules.len().saturating_sub(cannot),
            counted(unread.len(), "document")
        ));
        Ok(if cannot == 0 && unread.is_empty() { Exit::Done } else { Exit::Open })
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(size(count)))
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn unread_line(file: &Unread) -> serde_json::Value {
    json!({ "file": file.file, "status": "failed", "reason": file.reason })
}

fn table(outcomes: &[Outcome], unread: &[Unread], all: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by_key(|one| (one.status, rank(&one.level), one.first, one.title.clone()));
    for one in sorted {
        if one.status == Status::NoHit && !all {
            continue;
        }
        let word = match one.status {
            Status::Hit => "hit",
            Status::NoHit => "no hit",
            Status::Unsupported => "cannot",
            Status::Failed => "failed",
        };
        let level = if one.level.is_empty() { "–" } else { one.level.as_str() };
        lines.push(format!("{word:<7} {level:<13} {}", escape::terminal_line(&one.title)));
        let mut about = vec![escape::terminal_line(&one.reason)];
        if let (Some(first), Some(last)) = (one.first, one.last) {
            about.push(if first == last {
                first.to_string()
            } else {
                format!("{first} to {last}")
            });
        }
        if !one.attack.is_empty() {
            about.push(one.attack.join(" "));
        }
        lines.push(format!("        {}", about.join(" · ")));
        for event in &one.sample {
            // A pipeline may keep the time and nothing else.
            let place = if event.file.is_empty() {
                String::new()
            } else {
                let file = escape::terminal_line(&event.file);
                format!(" ({file} record {})", thousands(event.record))
            };
            lines.push(format!(
                "          {} {} {}{place}",
                event.time,
                escape::terminal_line(&event.action),
                escape::terminal_line(&event.user),
            ));
        }
        for note in &one.notes {
            lines.push(format!("        {}", escape::terminal_line(note)));
        }
    }
    for file in unread {
        lines.push(format!(
            "no rule {}: {}",
            file.file.display(),
            escape::terminal_line(&file.reason)
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn rank(level: &str) -> usize {
    ["critical", "high", "medium", "low", "informational"]
        .iter()
        .position(|one| *one == level)
        .unwrap_or(5)
}
