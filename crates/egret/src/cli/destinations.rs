//! `egret destinations`: where it went, all ways out together.

use clap::Args;
use egret_investigate::channel::Channel;
use egret_investigate::destinations::destinations;
use egret_model::report::{Authorised, DestinationTotal};
use egret_report::escape;

use super::General;
use super::movements::{As, SearchArgs, amount, authorised};
use crate::exit::Exit;
use crate::talk::print;

/// List where data went, or could go: all ways out and flow logs in one ledger.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret destinations --case cases/payroll
  egret destinations --case cases/payroll --from 2026-11-20 --context organisation.toml -t csv

Exit codes: 0 every destination is known to be agreed or inside; 1 one is not; 2 could not run.")]
pub(crate) struct DestinationsArgs {
    #[command(flatten)]
    search: SearchArgs,
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

impl DestinationsArgs {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let channels = Channel::built_in()?;
        let (engine, search) = self.search.run(&channels, general).await?;
        let found = &search.found;
        let totals = Box::pin(destinations(&engine, &found.movements, &found.earlier)).await?;
        match self.output_type {
            As::Json => print(&format!("{}\n", serde_json::to_string_pretty(&totals)?))?,
            As::Csv => print(&csv(&totals))?,
            As::Table => {
                let before = search.facts.span.is_some_and(|span| span.start < search.window.start);
                print(&escape::terminal(&table(&totals, before)))?;
            }
        }
        let open = totals.iter().any(|total| {
            total.destination.authorised != Authorised::Yes
                && total.destination.external != Some(false)
        });
        Ok(if open { Exit::Open } else { Exit::Done })
    }
}

/// Where an address lies, in a few words.
fn place(total: &DestinationTotal) -> String {
    let Some(place) = &total.place else { return String::new() };
    let number = place.as_number.map(|number| format!("AS{number}"));
    let parts = [&place.country, &number, &place.organization, &place.aws];
    parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
}

fn csv(totals: &[DestinationTotal]) -> String {
    let mut text = String::from(
        "kind,destination,account,external,authorised,reason,grade,bytes,first,last,movements,actors,\
         place,earlier_first,earlier_last,earlier_days\n",
    );
    for total in totals {
        let to = &total.destination;
        let earlier = total.earlier.as_ref();
        let cells = [
            to.kind.clone(),
            to.id.clone(),
            to.account.clone().unwrap_or_default(),
            to.external
                .map_or("unknown", |external| if external { "yes" } else { "no" })
                .to_owned(),
            authorised(to.authorised).to_owned(),
            to.reason.clone(),
            total.grade.as_str().to_owned(),
            total.bytes.value.map_or_else(String::new, |value| value.to_string()),
            total.first.to_string(),
            total.last.to_string(),
            total.movements.join(" "),
            total.actors.join(" "),
            place(total),
            earlier.map_or_else(String::new, |earlier| earlier.first.to_string()),
            earlier.map_or_else(String::new, |earlier| earlier.last.to_string()),
            earlier.map_or_else(String::new, |earlier| earlier.days.to_string()),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| escape::csv(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn table(totals: &[DestinationTotal], knows_before: bool) -> String {
    if totals.is_empty() {
        return "No destination: no movement was found.\n".to_owned();
    }
    let mut text = String::new();
    for total in totals {
        let to = &total.destination;
        text.push_str(&format!("{} {}\n", to.kind.replace('_', " "), to.id));
        let mut line = |name: &str, value: String| {
            if !value.is_empty() {
                text.push_str(&format!("  {name:<9} {value}\n"));
            }
        };
        line("account", to.account.clone().filter(|account| *account != to.id).unwrap_or_default());
        line("place", place(total));
        line("may it", format!("{}: {}", authorised(to.authorised), to.reason));
        line("furthest", format!("{}, in {}", total.grade.as_str(), total.movements.join(", ")));
        line("amount", amount(&total.bytes));
        let when = if total.first == total.last {
            total.first.to_string()
        } else {
            format!("{} to {}", total.first, total.last)
        };
        line("when", when);
        line("by", total.actors.join(", "));
        line(
            "before",
            match &total.earlier {
                Some(earlier) => format!(
                    "seen on {} days before the window, {} to {}, by {}",
                    earlier.days,
                    earlier.first,
                    earlier.last,
                    earlier.actors.join(", ")
                ),
                None if knows_before => "not seen before the window in the logs at hand".to_owned(),
                None => String::new(),
            },
        );
        text.push('\n');
    }
    text
}
