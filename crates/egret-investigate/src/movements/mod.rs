//! Movements: data that left, or a way opened for it.
//!
//! Three analyses turn a channel's events into movements: [`events`] where each event names its
//! resource and destination, [`reads`] and [`flows`] where thousands of events are one happening.

pub mod events;
pub mod flows;
pub mod habit;
pub mod reads;

use datafusion::logical_expr::Expr;
use egret_model::report::{ChannelResult, Destination, Movement, Resource};
use egret_model::time::TimeRange;
use egret_query::{Bindings, Language, Options, Reading};
use jiff::Timestamp;

use crate::channel::{Analysis, Channel};
use crate::context::Judge;
use crate::engine::{AnalysisError, Engine};

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
}

/// What the search through all channels found.
#[derive(Debug, Default)]
pub struct Found {
    /// Sorted by first event, and numbered.
    pub movements: Vec<Movement>,
    /// One a channel, sorted by id.
    pub results: Vec<ChannelResult>,
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
    let covered = |channel: &&Channel| {
        channel.datasets.iter().any(|dataset| scope.datasets.contains(dataset))
    };
    let by_events: Vec<&Channel> = channels
        .iter()
        .filter(covered)
        .filter(|channel| channel.analysis == Analysis::Events)
        .collect();
    let (movements, results) = events::find(engine, &by_events, scope).await?;
    found.movements.extend(movements);
    found.results.extend(results);
    for channel in channels {
        if !covered(&channel) {
            found.results.push(not_covered(channel));
            continue;
        }
        let drawn_together = match channel.analysis {
            Analysis::Events => continue,
            Analysis::S3Reads => reads::find(engine, channel, scope).await?,
            Analysis::Flows => flows::find(engine, channel, scope).await?,
        };
        found.movements.extend(drawn_together.0);
        found.results.push(drawn_together.1);
    }
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

/// The channel's sentence about one movement.
fn sentence(
    channel: &Channel,
    resource: &Resource,
    destination: &Destination,
    bytes: &str,
) -> String {
    let destination = match (destination.kind.as_str(), channel.summary.contains("account {dest")) {
        ("aws_account", true) => destination.id.clone(),
        _ => named(destination),
    };
    channel
        .summary
        .replace("{resource}", &resource.id)
        .replace("{destination}", &destination)
        .replace("{bytes}", bytes)
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
