//! One investigation from start to end: coverage, channels, steps, people, verdict.

use egret_model::evidence::EvidenceFile;
use egret_model::progress::{Progress, Unit};
use egret_model::report::{Binding, CaseInfo, IngestTotals, Movement, PatternRef, Report, SCHEMA};
use egret_model::time::TimeRange;
use egret_query::Bindings;
use jiff::Timestamp;

use crate::channel::Channel;
use crate::completion::{Standing, completion, pivots};
use crate::context::{Context, Judge};
use crate::coverage::{Facts, InScope, facts, judged as judged_coverage};
use crate::destinations::destinations;
use crate::engine::{AnalysisError, Engine};
use crate::impact::{controls, impact};
use crate::judgement::judge;
use crate::movements::{Found, Scope, find, habit};
use crate::pattern::Pattern;
use crate::signs::{observe, signs_of};
use crate::timeline::{Cast, timeline};
use crate::verdict::{Judged, hypotheses, verdict};
use crate::{actors, analyses, chain, steps};

/// What CloudTrail's digest files say of the logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Integrity {
    /// Nobody checked.
    #[default]
    NotChecked,
    /// Every log is there and as delivered.
    Proved,
    /// Something is altered, missing or not proved: what.
    Open(String),
}

/// What an investigation is run with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Case id.
    pub case_id: String,
    /// Title.
    pub title: String,
    /// Window chosen by a person; open ends are the evidence's.
    pub from: Option<Timestamp>,
    /// End of that window.
    pub to: Option<Timestamp>,
    /// Reference time chosen by a person.
    pub now: Option<Timestamp>,
    /// Values given for placeholders.
    pub bindings: Vec<(String, Vec<String>)>,
    /// What the team knows.
    pub context: Context,
    /// Version that writes the report.
    pub egret_version: String,
    /// What the digests say.
    pub integrity: Integrity,
}

/// Stages that progress is told about.
const STAGES: u64 = 8;

/// Runs the pattern over the events and says what was found.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails. A query that cannot be run is a step that failed, not
/// an error.
pub async fn investigate(
    engine: &Engine,
    pattern: &Pattern,
    channels: &[Channel],
    settings: &Settings,
    evidence: &[EvidenceFile],
    progress: &dyn Progress,
) -> Result<Report, AnalysisError> {
    progress.start("investigating", STAGES, Unit::Steps);
    let Search { facts, judge: judge_of, window, window_reason, now, habit, mut found } =
        search(engine, channels, settings, progress).await?;

    let observations = observe(engine, channels, &found.movements, habit).await?;
    let judged: Vec<Judged> = found
        .movements
        .iter()
        .map(|movement| {
            let signs = signs_of(movement, &found.movements, &observations);
            let judgement = judge(movement, &signs);
            Judged { signs, judgement }
        })
        .collect();
    for (movement, judged) in found.movements.iter_mut().zip(&judged) {
        movement.signs.extend(judged.signs.iter().map(|sign| sign.text.clone()));
    }
    progress.advance(1);

    let (bindings, origins) = bind(settings, window, &found.movements, &judged, &judge_of);
    let steps = steps::run(engine, pattern, &bindings, now, &facts).await?;
    progress.advance(1);
    let actors = actors::actors(engine, &found.movements, window).await?;
    let chains = chain::chains(engine, &found.movements, &facts).await?;
    progress.advance(1);
    let timeline = timeline(engine, &Cast::of(&found.movements), &found.movements).await?;
    progress.advance(1);

    let coverage =
        judged_coverage(engine, &facts, &in_scope(window, &found.movements, &origins)).await?;
    let (verdict, findings) = verdict(
        &found.movements,
        &judged,
        &facts,
        &coverage,
        &found.results,
        judge_of.list_is_complete(),
        &settings.integrity,
    );
    let impact = impact(engine, &found.movements, window, verdict.level).await?;
    let controls = controls(&found.movements, &judged);
    progress.advance(1);
    let standing = Standing {
        verdict: &verdict,
        movements: &found.movements,
        attributed: found.movements.iter().all(|movement| {
            movement.actor.principal.is_some() || movement.actor.access_key_id.is_some()
        }),
        sensitivity: impact.sensitivity.len(),
        timeline: timeline.len(),
        controls: controls.len(),
        actors: actors.len(),
    };
    let completion = completion(pattern, &standing);
    let pivots = pivots(pattern, &standing);
    progress.advance(1);
    progress.finish();
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        case: CaseInfo {
            id: settings.case_id.clone(),
            title: settings.title.clone(),
            window,
            reference_time: now,
            window_reason,
            pattern: PatternRef { name: pattern.name.clone(), sha256: pattern.sha256.clone() },
            bindings: origins,
            egret_version: settings.egret_version.clone(),
        },
        hypotheses: hypotheses(&found.movements, &judged),
        destinations: destinations(engine, &found.movements, &found.earlier).await?,
        verdict,
        coverage,
        ingest: ingest_totals(evidence),
        movements: found.movements,
        actors,
        chains,
        impact,
        permissions: Vec::new(),
        controls,
        timeline,
        steps,
        channels: found.results,
        pivots,
        findings,
        completion,
    };
    analyses::bind(&mut report);
    Ok(report)
}

/// What the search through the channels found, and what it went by.
#[derive(Debug)]
pub struct Search {
    /// What the logs hold.
    pub facts: Facts,
    /// Who is inside and who is agreed.
    pub judge: Judge,
    /// Period searched.
    pub window: TimeRange,
    /// How it came about.
    pub window_reason: String,
    /// What `now` means.
    pub now: Timestamp,
    /// Days that tell what is usual.
    pub habit: Option<TimeRange>,
    /// Movements, and a result for each channel.
    pub found: Found,
}

/// Searches every channel.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails.
pub async fn search(
    engine: &Engine,
    channels: &[Channel],
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Search, AnalysisError> {
    let facts = facts(engine).await?;
    progress.advance(1);
    let (window, window_reason) = window(settings, &facts);
    let now = settings.now.unwrap_or(window.end);
    let chosen = settings.from.is_some();
    let habit = facts.span.and_then(|span| habit::period(window, span.start, span.end, chosen));
    let judge = Judge::new(
        settings.context.clone(),
        facts.accounts.iter().cloned(),
        facts.buckets.iter().cloned(),
    );
    let names = facts.names();
    let scope = Scope {
        window,
        habit,
        now,
        judge: &judge,
        datasets: &names,
        read_buckets: &facts.buckets_with_data_events,
    };
    let found = find(engine, channels, &scope).await?;
    progress.advance(1);
    Ok(Search { facts, judge, window, window_reason, now, habit, found })
}

/// The window, and how it came about.
fn window(settings: &Settings, facts: &Facts) -> (TimeRange, String) {
    let span = facts
        .span
        .unwrap_or(TimeRange { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH });
    // The last event lies inside a half-open range that ends a microsecond after it.
    let after = span.end.checked_add(jiff::SignedDuration::from_micros(1)).unwrap_or(span.end);
    let window =
        TimeRange { start: settings.from.unwrap_or(span.start), end: settings.to.unwrap_or(after) };
    let reason = match (settings.from, settings.to) {
        (Some(_), Some(_)) => "start and end were given",
        (Some(_), None) => "the start was given; the end is the last event",
        (None, Some(_)) => "the end was given; the start is the first event",
        (None, None) => "no window was given, so it is the span of the evidence",
    };
    (window, reason.to_owned())
}

/// Values of the pattern's placeholders: given ones first, the rest from what was found.
fn bind(
    settings: &Settings,
    window: TimeRange,
    movements: &[Movement],
    judged: &[Judged],
    judge: &Judge,
) -> (Bindings, Vec<Binding>) {
    let mut origins: Vec<Binding> = Vec::new();
    let mut add = |name: &str, values: Vec<String>, origin: String| {
        let given = settings.bindings.iter().find(|(given, _)| given == name);
        let (values, origin) = match given {
            Some((_, given)) => (given.clone(), "given".to_owned()),
            None => (values, origin),
        };
        if !values.is_empty() && origins.iter().all(|held: &Binding| held.name != name) {
            origins.push(Binding { name: name.to_owned(), values, origin });
        }
    };
    for (name, values) in &settings.bindings {
        add(name, values.clone(), "given".to_owned());
    }
    let (start, end) = incident(settings, window, movements, judged);
    add("start_time", vec![start.0.to_string()], start.1);
    add("end_time", vec![end.0.to_string()], end.1);
    add(
        "internal_ip_range",
        judge.internal().iter().map(ToString::to_string).collect(),
        "private networks, and those of the context".to_owned(),
    );
    // The most telling movements lead.
    let mut order: Vec<(&Movement, &Judged)> = movements.iter().zip(judged).collect();
    order.sort_by(|(a, judged_a), (b, judged_b)| {
        let key = |movement: &Movement, judged: &Judged| (judged.judgement.level, movement.grade);
        key(b, judged_b).cmp(&key(a, judged_a)).then_with(|| a.first.cmp(&b.first))
    });
    let first_of = |value: &dyn Fn(&Movement) -> Option<String>| -> Option<(String, String)> {
        order.iter().find_map(|(movement, _)| Some((value(movement)?, movement.id.clone())))
    };
    let bucket = first_of(&|movement| {
        (movement.resource.kind == "s3_bucket").then(|| movement.resource.id.clone())
    });
    let role = first_of(&|movement| {
        let principal = movement.actor.principal.as_deref()?;
        egret_model::aws::assumed_role(principal).map(|(role, _)| role.to_owned())
    });
    let user = first_of(&|movement| {
        movement.actor.user.as_deref().map(|user| {
            // The identity provider's `user.name` is the part before the `@`.
            user.split_once('@').map_or(user, |(name, _)| name).to_owned()
        })
    });
    let address = first_of(&|movement| movement.actor.source_ip.clone());
    let key = first_of(&|movement| movement.actor.access_key_id.clone());
    for (name, value) in [
        ("bucket_name", bucket),
        ("role_name", role),
        ("username", user),
        ("source_ip", address.filter(|(address, _)| address.parse::<std::net::IpAddr>().is_ok())),
        ("access_key", key),
    ] {
        if let Some((value, movement)) = value {
            add(name, vec![value], format!("found in the evidence: movement {movement}"));
        }
    }
    add("sensitive_prefix", vec![String::new()], "none given, so every key".to_owned());
    origins.sort_by(|a, b| a.name.cmp(&b.name));
    let mut bindings = Bindings::new();
    for binding in &origins {
        bindings.set(binding.name.clone(), binding.values.clone());
    }
    (bindings, origins)
}

/// What the availability checks are about: what was given and what the movements touch.
fn in_scope(window: TimeRange, movements: &[Movement], origins: &[Binding]) -> InScope {
    fn bound<'b>(origins: &'b [Binding], name: &'b str) -> impl Iterator<Item = &'b String> {
        origins.iter().filter(move |binding| binding.name == name).flat_map(|one| &one.values)
    }
    let start =
        bound(origins, "start_time").find_map(|start| start.parse().ok()).unwrap_or(window.start);
    let mut scope = InScope { start, ..InScope::default() };
    scope.buckets.extend(bound(origins, "bucket_name").cloned());
    scope.roles.extend(bound(origins, "role_name").cloned());
    for movement in movements {
        if movement.resource.kind == "s3_bucket" {
            scope.buckets.insert(movement.resource.id.clone());
        }
        let role = movement.actor.principal.as_deref().and_then(egret_model::aws::assumed_role);
        scope.roles.extend(role.map(|(role, _)| role.to_owned()));
    }
    scope
}

/// Start and end of what the pattern calls the incident: a window that was chosen, else the span of
/// the movements that decide the verdict, else the span of the evidence.
fn incident(
    settings: &Settings,
    window: TimeRange,
    movements: &[Movement],
    judged: &[Judged],
) -> ((Timestamp, String), (Timestamp, String)) {
    let level = judged.iter().map(|judged| judged.judgement.level).max();
    let deciding = || {
        movements
            .iter()
            .zip(judged)
            .filter(|(_, judged)| Some(judged.judgement.level) == level)
            .map(|(movement, _)| movement)
    };
    let first = deciding().map(|movement| movement.first).min();
    let last = deciding().map(|movement| movement.last).max();
    let start = match (settings.from, first) {
        (None, Some(first)) => (first, "first event of the movements that decide the verdict"),
        _ => (window.start, "start of the window"),
    };
    let end = match (settings.to, last) {
        (None, Some(last)) => (last, "last event of the movements that decide the verdict"),
        _ => (window.end, "end of the window"),
    };
    ((start.0, start.1.to_owned()), (end.0, end.1.to_owned()))
}

fn ingest_totals(evidence: &[EvidenceFile]) -> IngestTotals {
    let mut totals = IngestTotals::default();
    for file in evidence {
        totals.files = totals.files.saturating_add(1);
        totals.read = totals.read.saturating_add(file.read);
        totals.stored = totals.stored.saturating_add(file.stored);
        totals.duplicate = totals.duplicate.saturating_add(file.duplicate);
        totals.quarantined = totals.quarantined.saturating_add(file.quarantined);
        totals.notes.extend(file.notes.iter().map(|note| format!("{}: {note}", file.path)));
    }
    totals
}
