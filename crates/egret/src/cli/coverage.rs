//! `egret coverage`: what the logs at hand could show.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use egret_investigate::coverage::{InScope, facts, judged};
use egret_investigate::engine::Engine;
use egret_model::report::{CheckStatus, Coverage, Report};
use egret_model::words::thousands;
use egret_report::escape;
use egret_store::CaseDir;
use jiff::Timestamp;

use super::{CaseArg, General, instant};
use crate::exit::Exit;
use crate::talk::print;

/// Show which log covers which account and region, its gaps, and what the pattern asks for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret coverage --case cases/payroll
  egret coverage --case cases/payroll --start 2026-11-20 --bucket payroll --role DataEngineer

Exit codes: 0 every check is met; 1 one is not, or cannot be told; 2 could not run.")]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    case: CaseArg,
    /// Suspected start; what the last investigation found by default, else the last event.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Filtering")]
    start: Option<Timestamp>,
    /// Bucket in scope; repeat for several. Those of the last investigation by default, else all.
    #[arg(long, value_name = "NAME", help_heading = "Filtering")]
    bucket: Vec<String>,
    /// Role in scope, by name; repeat for several. Those of the last investigation by default.
    #[arg(long, value_name = "NAME", help_heading = "Filtering")]
    role: Vec<String>,
    /// How it is printed.
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
    /// One line a log, comma-separated.
    Csv,
    /// One JSON object: `{datasets, checks}`, as in the report.
    Json,
}

impl CoverageArgs {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let case = CaseDir::open(&self.case.case)?;
        let engine = Engine::new(general.machine().open(&case).await?);
        let facts = facts(&engine).await?;
        let last = last_report(&case);
        let bound = |name: &str| -> BTreeSet<String> {
            last.iter()
                .flat_map(|report| report.case.bindings.iter())
                .filter(|binding| binding.name == name)
                .flat_map(|binding| binding.values.iter().cloned())
                .collect()
        };
        let given = |values: &[String], name: &str| {
            if values.is_empty() { bound(name) } else { values.iter().cloned().collect() }
        };
        let start = self
            .start
            .or_else(|| bound("start_time").iter().find_map(|start| start.parse().ok()))
            .or_else(|| facts.span.map(|span| span.end))
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let scope = InScope {
            start,
            buckets: given(&self.bucket, "bucket_name"),
            roles: given(&self.role, "role_name"),
        };
        let coverage = Box::pin(judged(&engine, &facts, &scope)).await?;
        match self.output_type {
            As::Json => print(&format!("{}\n", serde_json::to_string_pretty(&coverage)?))?,
            As::Csv => print(&csv(&coverage))?,
            As::Table => print(&escape::terminal(&table(&coverage, &scope)))?,
        }
        let met = coverage.checks.iter().all(|check| check.status == CheckStatus::Met);
        Ok(if met { Exit::Done } else { Exit::Open })
    }
}

/// The report of the last investigation, when there is one that can be read.
fn last_report(case: &CaseDir) -> Option<Report> {
    let text = egret_store::read_text(&case.report().join("report.json"), 256 << 20).ok()?;
    serde_json::from_str(&text).ok()
}

fn csv(coverage: &Coverage) -> String {
    let mut text = String::from(
        "dataset,account,region,first,last,events,log_deliveries,days,gaps,typical_delay_seconds\n",
    );
    for row in &coverage.datasets {
        let cells = [
            row.dataset.clone(),
            row.account.clone().unwrap_or_default(),
            row.region.clone().unwrap_or_default(),
            row.first.to_string(),
            row.last.to_string(),
            row.events.to_string(),
            row.log_deliveries.to_string(),
            row.days.len().to_string(),
            row.gaps.len().to_string(),
            row.delay.as_ref().map_or_else(String::new, |delay| delay.typical_seconds.to_string()),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| escape::csv(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn table(coverage: &Coverage, scope: &InScope) -> String {
    const GAPS: usize = 10;
    const ITEMS: usize = 10;
    let mut lines = Vec::new();
    if coverage.datasets.is_empty() {
        lines.push("no event is in the store, so nothing can be said to be absent".to_owned());
    }
    for row in &coverage.datasets {
        let mut place = row.dataset.clone();
        for part in [&row.account, &row.region].into_iter().flatten() {
            place.push(' ');
            place.push_str(part);
        }
        let delay = row.delay.as_ref().map_or_else(String::new, |delay| {
            format!(
                ", arrived {} s after (typical), {} s at most",
                delay.typical_seconds, delay.longest_seconds
            )
        });
        let deliveries = if row.log_deliveries > 0 {
            format!(" ({} of them deliveries of logs by AWS)", thousands(row.log_deliveries))
        } else {
            String::new()
        };
        lines.push(format!(
            "{}\n  {} to {}, {} events{deliveries} on {} days{delay}",
            escape::terminal_line(&place),
            row.first,
            row.last,
            thousands(row.events),
            row.days.len()
        ));
        for gap in row.gaps.iter().take(GAPS) {
            let reason = gap
                .reason
                .as_ref()
                .map_or_else(String::new, |reason| format!(": {}", escape::terminal_line(reason)));
            lines.push(format!(
                "  gap {} to {}, {} events expected{reason}",
                gap.start,
                gap.end,
                thousands(gap.expected)
            ));
        }
        if row.gaps.len() > GAPS {
            lines.push(format!("  … and {} more gaps", row.gaps.len().saturating_sub(GAPS)));
        }
    }
    lines.push(format!("\nChecks, for a suspected start at {}:", scope.start));
    for check in &coverage.checks {
        lines.push(format!("{:<8} {}", word(check.status), check.title));
        lines.push(format!("         {}", escape::terminal_line(&check.detail)));
        if check.items.len() > 1 {
            for item in check.items.iter().take(ITEMS) {
                lines.push(format!(
                    "         {:<8} {}: {}",
                    word(item.status),
                    escape::terminal_line(&item.subject),
                    escape::terminal_line(&item.detail)
                ));
            }
            if check.items.len() > ITEMS {
                let more = check.items.len().saturating_sub(ITEMS);
                lines.push(format!("         … and {more} more; `-t json` lists all"));
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Met => "met",
        CheckStatus::NotMet => "not met",
        CheckStatus::Unknown => "unknown",
    }
}
