//! Movements: data that left, or a way opened for it.
//!
//! Four analyses turn a channel's events into movements: [`events`] where each event names its
//! resource and destination, [`reads`], [`flows`] and [`dns`] where thousands of events are one
//! happening.

mod calls;
pub mod dns;
pub mod events;
mod extract;
pub mod flows;
pub mod habit;
pub mod reads;
mod scan;
mod sightings;

use std::collections::BTreeSet;

use datafusion::logical_expr::Expr;
use egret_model::report::{ChannelResult, Destination, Movement, Resource};
use egret_model::time::TimeRange;
use egret_query::{Bindings, Language, Options, Reading};
use jiff::Timestamp;

use scan::{Part, Role, scan};
pub use sightings::Sightings;

use crate::channel::{Analysis, Channel};
use crate::context::Judge;
use crate::engine::{AnalysisError, Engine};
use crate::record::Record;

/// What the search through all channels needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Period under investigation.
    pub window: TimeRange,
    /// Days of the evidence that tell what is usual; `None` when there are too few.
    pub habit: Option<TimeRange>,
    /// What `now` means.
    pub now: Timestamp,
    /// Where destinations lie.
    pub judge: &'a Judge,
    /// Datasets that hold any event.
    pub datasets: &'a [String],
    /// Buckets whose reads are logged.
    pub read_buckets: &'a BTreeSet<String>,
}

impl Scope<'_> {
    /// Whether an account is none of those under investigation.
    fn is_foreign(&self, account: &str) -> bool {
        egret_model::aws::is_account_id(account)
            && !self.judge.own_accounts().is_empty()
            && !self.judge.own_accounts().contains(account)
    }
}

/// What the search through all channels found.
#[derive(Debug, Default)]
pub struct Found {
    /// Sorted by first event, and numbered.
    pub movements: Vec<Movement>,
    /// One a channel, sorted by id.
    pub results: Vec<ChannelResult>,
    /// Destinations before the window.
    pub earlier: Sightings,
}

/// Searches every channel.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails or a channel's query cannot be compiled.
pub async fn find(
    engine: &Engine,
    channels: &[Channel],
    scope: &Scope<'_>,
) -> Result<Found, AnalysisError> {
    let mut found = Found::default();
    let covered =
        |channel: &Channel| channel.datasets.iter().any(|dataset| scope.datasets.contains(dataset));
    let of = |analyses: &[Analysis]| -> Vec<&Channel> {
        channels
            .iter()
            .filter(|channel| covered(channel) && analyses.contains(&channel.analysis))
            .collect()
    };
    let mut earlier = Sightings::default();
    let mut keep = |(movements, results): (Vec<Movement>, Vec<ChannelResult>)| {
        found.movements.extend(movements);
        found.results.extend(results);
    };
    let keyed = of(&[Analysis::Events, Analysis::Reads]);
    let parts = Part::all(&keyed);
    let mut of_events = events::Collected::default();
    let mut of_calls = calls::Collected::default();
    if !parts.is_empty() {
        scan(engine, &parts, scope, |rows, row, fits| {
            let mut others = Vec::new();
            let mut read_by = None;
            for at in fits {
                match parts.get(*at) {
                    // A call belongs to the first rule of a channel that it fits.
                    Some(Part { channel, role: Role::Reads(rule) })
                        if read_by != Some(channel.id.as_str()) =>
                    {
                        read_by = Some(channel.id.as_str());
                        of_calls.add(*at, (channel, rule), rows, row, scope)?;
                    }
                    Some(Part { role: Role::Reads(_), .. }) | None => {}
                    Some(_) => others.push(*at),
                }
            }
            if !others.is_empty()
                && let Some(record) = Record::of(rows, row)?
            {
                of_events.add(record, others, &parts);
            }
            Ok(())
        })
        .await?;
    }
    let by_events = of(&[Analysis::Events]);
    keep(events::find(of_events, &by_events, &parts, scope, &mut earlier));
    let by_calls = of(&[Analysis::Reads]);
    keep(calls::find(engine, of_calls, &by_calls, &parts, scope, &mut earlier).await?);
    let by_objects = of(&[Analysis::S3Reads]);
    keep(reads::find(engine, &by_objects, scope, &mut earlier).await?);
    for channel in of(&[Analysis::Flows]) {
        let (movements, result) = flows::find(engine, channel, scope, &mut earlier).await?;
        keep((movements, vec![result]));
    }
    for channel in of(&[Analysis::Dns]) {
        let (movements, result) = dns::find(engine, channel, scope, &mut earlier).await?;
        keep((movements, vec![result]));
    }
    for channel in channels.iter().filter(|channel| !covered(channel)) {
        found.results.push(not_covered(channel));
    }
    found.earlier = earlier;
    found.results.sort_by(|a, b| a.id.cmp(&b.id));
    found.movements.sort_by(|a, b| {
        (a.first, &a.channel, &a.resource, &a.destination, &a.actor, a.grade).cmp(&(
            b.first,
            &b.channel,
            &b.resource,
            &b.destination,
            &b.actor,
            b.grade,
        ))
    });
    for (movement, number) in found.movements.iter_mut().zip(1u64..) {
        movement.id = format!("M{number}");
    }
    Ok(found)
}

fn not_covered(channel: &Channel) -> ChannelResult {
    ChannelResult {
        id: channel.id.clone(),
        title: channel.title.clone(),
        status: "not_covered".to_owned(),
        events: 0,
        detail: format!(
            "none of the logs that would show it is among the evidence ({})",
            channel.datasets.join(", ")
        ),
    }
}

/// Compiles a channel's own query.
fn compile(channel: &Channel, text: &str, now: Timestamp) -> Result<Expr, AnalysisError> {
    let bindings = Bindings::new();
    let options = Options {
        bindings: &bindings,
        now,
        language: Language::Lucene,
        reading: Reading::Standard,
        strict: false,
        ignore_case: false,
        unknown_is_missing: false,
    };
    egret_query::compile(text, &options).map(|query| query.expr).map_err(|diagnostics| {
        AnalysisError::Query {
            what: format!("channel `{}`", channel.id),
            reason: diagnostics
                .iter()
                .map(|diagnostic| format!("{}: {}", diagnostic.code, diagnostic.message))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    })
}

/// A destination as a sentence names it.
pub fn named(destination: &Destination) -> String {
    match destination.kind.as_str() {
        "aws_account" => format!("account {}", destination.id),
        "public" => "everyone".to_owned(),
        _ => destination.id.clone(),
    }
}

/// A rule's sentence about one movement.
fn sentence(summary: &str, resource: &Resource, destination: &Destination) -> String {
    let destination = match (destination.kind.as_str(), summary.contains("account {dest")) {
        ("aws_account", true) => destination.id.clone(),
        _ => named(destination),
    };
    summary.replace("{resource}", &resource.id).replace("{destination}", &destination)
}

/// A text as an unquoted term of a query, every mark in it escaped.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let plain = letter.is_alphanumeric() || matches!(letter, '_' | '.');
            (!plain).then_some('\\').into_iter().chain([letter])
        })
        .collect()
}

/// A text as a quoted term of a query.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '*' | '?') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}
