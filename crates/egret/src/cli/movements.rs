//! `egret movements`: what left, or could, by every way out.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use egret_investigate::channel::Channel;
use egret_investigate::engine::Engine;
use egret_investigate::investigate::Search;
use egret_model::report::{Authorised, Bound, ChannelResult, Movement, Volume};
use egret_model::words::{bytes, thousands};
use egret_report::escape;
use egret_store::CaseDir;
use jiff::Timestamp;

use super::{CaseArg, General, instant};
use crate::app;
use crate::exit::Exit;
use crate::talk::print;

/// List what left, or could, by every way out, without running the pattern.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret movements --case cases/payroll
  egret movements --case cases/payroll --channel ebs_snapshot_share --channel ami_share
  egret movements --case cases/payroll --from 2026-11-20 --context organisation.toml -t json

Exit codes: 0 nothing moved towards anyone who may not have it; 1 something did, or may have; 2 could
not run.")]
pub(crate) struct MovementsArgs {
    #[command(flatten)]
    search: SearchArgs,
    /// Only these ways out, as `egret channels` lists them; repeat for several.
    #[arg(long, value_name = "ID", help_heading = "Filtering")]
    channel: Vec<String>,
    /// How they are printed.
    #[arg(
        short = 't',
        long,
        value_name = "TYPE",
        default_value = "table",
        help_heading = "Output"
    )]
    output_type: As,
}

/// What a search through the ways out goes by.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    #[command(flatten)]
    case: CaseArg,
    /// What the team knows: own accounts, internal networks, agreed receivers (TOML). That of the
    /// case by default.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    context: Option<PathBuf>,
    /// Start of the window; that of the case by default, else the first event.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Filtering")]
    from: Option<Timestamp>,
    /// End of the window, not included; that of the case by default, else the last event.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Filtering")]
    to: Option<Timestamp>,
}

impl SearchArgs {
    pub(super) async fn run(
        &self,
        channels: &[Channel],
        general: &General,
    ) -> anyhow::Result<(Engine, Search)> {
        let case = CaseDir::open(&self.case.case)?;
        let context = self.context.as_deref();
        let talk = general.talk();
        Box::pin(app::search(
            &case,
            channels,
            (self.from, self.to, context),
            &general.machine(),
            &talk,
        ))
        .await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum As {
    /// Lines to read.
    Table,
    /// Comma-separated, a line each.
    Csv,
    /// One JSON object, with the names of the report.
    Json,
}

impl MovementsArgs {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let mut channels = Channel::built_in()?;
        for id in &self.channel {
            anyhow::ensure!(
                channels.iter().any(|channel| channel.id == *id),
                "there is no way out `{id}`; `egret channels` lists them"
            );
        }
        if !self.channel.is_empty() {
            channels.retain(|channel| self.channel.contains(&channel.id));
        }
        let (_, search) = self.search.run(&channels, general).await?;
        let movements = &search.found.movements;
        match self.output_type {
            As::Json => {
                let json = serde_json::json!({
                    "window": search.window,
                    "movements": movements,
                    "channels": search.found.results,
                });
                print(&format!("{}\n", serde_json::to_string_pretty(&json)?))?;
            }
            As::Csv => print(&csv(movements))?,
            As::Table => print(&escape::terminal(&table(&search)))?,
        }
        Ok(if movements.iter().any(is_open) { Exit::Open } else { Exit::Done })
    }
}

/// Whether it went, or may go, to someone who is not known to be allowed it.
fn is_open(movement: &Movement) -> bool {
    movement.destination.external != Some(false)
        && movement.destination.authorised != Authorised::Yes
}

fn csv(movements: &[Movement]) -> String {
    let mut text = String::from(
        "id,channel,grade,resource_kind,resource,destination_kind,destination,destination_account,\
         external,authorised,principal,access_key_id,source,first,last,closed_at,objects,bytes,\
         bytes_bound,events,title\n",
    );
    for movement in movements {
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let to = &movement.destination;
        let cells = [
            movement.id.clone(),
            movement.channel.clone(),
            movement.grade.as_str().to_owned(),
            movement.resource.kind.clone(),
            movement.resource.id.clone(),
            to.kind.clone(),
            to.id.clone(),
            optional(&to.account),
            to.external
                .map_or("unknown", |external| if external { "yes" } else { "no" })
                .to_owned(),
            authorised(to.authorised).to_owned(),
            optional(&movement.actor.principal),
            optional(&movement.actor.access_key_id),
            optional(&movement.actor.source_ip),
            movement.first.to_string(),
            movement.last.to_string(),
            movement.closed_at.map_or_else(String::new, |time| time.to_string()),
            number(movement.objects),
            number(movement.bytes.value),
            bound(movement.bytes.bound).to_owned(),
            movement.event_count.to_string(),
            movement.title.clone(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| escape::csv(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn table(search: &Search) -> String {
    let mut text =
        format!("{} to {}: {}\n", search.window.start, search.window.end, search.window_reason);
    for movement in &search.found.movements {
        text.push_str(&format!(
            "\n{:<4} {:<9} {}\n",
            movement.id,
            movement.grade.as_str(),
            movement.title
        ));
        let mut line = |name: &str, value: String| {
            if !value.is_empty() {
                text.push_str(&format!("       {name:<10} {value}\n"));
            }
        };
        let actor = &movement.actor;
        let who = [&actor.principal, &actor.access_key_id, &actor.source_ip];
        line("by", who.into_iter().flatten().cloned().collect::<Vec<_>>().join(", "));
        let when = match (movement.closed_at, movement.first == movement.last) {
            (Some(closed), _) => format!("{}, closed again {closed}", movement.first),
            (None, true) => movement.first.to_string(),
            (None, false) => format!("{} to {}", movement.first, movement.last),
        };
        line("when", when);
        line("amount", amount(&movement.bytes));
        let to = &movement.destination;
        line("may it", format!("{}: {}", authorised(to.authorised), to.reason));
        line("because", movement.grade_reason.clone());
        line("signs", movement.signs.join("; "));
    }
    text.push('\n');
    text.push_str(&ways(&search.found.results));
    text
}

/// What was searched, and what could not be.
fn ways(results: &[ChannelResult]) -> String {
    let of = |status: &str| results.iter().filter(|result| result.status == status).count();
    let mut text = format!(
        "{} ways out searched: {} found, {} with nothing found, {} not covered by the logs at hand\n",
        results.len(),
        of("found"),
        of("nothing_found"),
        of("not_covered")
    );
    for result in results.iter().filter(|result| result.status == "not_covered") {
        text.push_str(&format!("  not covered: {} ({})\n", result.id, result.detail));
    }
    text
}

pub(super) fn amount(volume: &Volume) -> String {
    match volume.value {
        Some(value) => format!(
            "{} {} ({} bytes); {}",
            bound(volume.bound),
            bytes(value),
            thousands(value),
            volume.method
        ),
        None => format!("unknown: {}", volume.method),
    }
}

pub(super) fn authorised(authorised: Authorised) -> &'static str {
    match authorised {
        Authorised::Yes => "yes",
        Authorised::No => "no",
        Authorised::Unknown => "unknown",
    }
}

fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Exact => "exactly",
        Bound::Lower => "at least",
        Bound::Upper => "at most",
        Bound::Unknown => "about",
    }
}
