//! Runs the pattern's steps: every query as it is written.
//!
//! A step ends answered, empty, not covered, failed, unbound, or manual when a person has to do it.
//! "Empty" is said only where a log that could hold such events covers the window. One scan counts
//! the rows of all queries and of their other readings.

use std::collections::BTreeMap;

use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{lit, when};
use egret_model::dataset::Dataset;
use egret_model::report::{Step, StepDiagnostic, StepStatus};
use egret_query::{Bindings, Language, Options, Query, Reading};
use jiff::Timestamp;

use crate::coverage::Facts;
use crate::engine::{AnalysisError, Engine, Rows, column, in_order, or_engine, provenance};
use crate::pattern::Pattern;
use egret_model::ecs::catalog::fields;

const WHAT: &str = "pattern steps";

/// Rows of a step that are cited.
const SAMPLE_ROWS: usize = 5;

/// One query of a step, compiled or not.
struct Planned {
    step: Step,
    query: Option<Query>,
}

/// Runs every step of the pattern, in its order.
///
/// # Errors
///
/// [`AnalysisError`] when the engine fails; a query that cannot be run is a step that failed.
pub async fn run(
    engine: &Engine,
    pattern: &Pattern,
    bindings: &Bindings,
    now: Timestamp,
    facts: &Facts,
) -> Result<Vec<Step>, AnalysisError> {
    let mut planned = plan(pattern, bindings, now);
    let counts = count(engine, &planned).await?;
    for (at, planned) in planned.iter_mut().enumerate() {
        let Some(query) = &planned.query else { continue };
        let rows = counts.count(&format!("rows_{at}"), 0)?;
        planned.step.rows = Some(rows);
        let step = &mut planned.step;
        for (other, (reading, _)) in query.alternatives.iter().enumerate() {
            let rows = counts.count(&format!("rows_{at}_{other}"), 0)?;
            step.diagnostics.push(StepDiagnostic {
                code: "W-PRECEDENCE".to_owned(),
                severity: "note".to_owned(),
                message: format!("the {} reading gives {rows} rows", reading_name(*reading)),
                help: None,
                start: 0,
                end: 0,
            });
        }
        if rows > 0 {
            step.status = StepStatus::Answered;
            step.detail = format!("{rows} rows");
        } else {
            let (status, detail) = absence(query, facts);
            step.status = status;
            step.detail = detail;
        }
    }
    for planned in &mut planned {
        if planned.step.status == StepStatus::Answered
            && let Some(query) = &planned.query
        {
            planned.step.sample = sample(engine, query).await?;
        }
    }
    Ok(planned.into_iter().map(|planned| planned.step).collect())
}

/// Every step, with the queries in it compiled.
fn plan(pattern: &Pattern, bindings: &Bindings, now: Timestamp) -> Vec<Planned> {
    let mut planned = Vec::new();
    for section in &pattern.sections {
        for step in &section.steps {
            let mut queries = Vec::new();
            let mut other_blocks = Vec::new();
            for block in &step.blocks {
                for query in egret_query::split(block) {
                    if is_query(&query.text) {
                        queries.push(query);
                    } else {
                        other_blocks.push(query.text);
                    }
                }
            }
            if queries.is_empty() {
                let mut detail = "the pattern gives no query; a person has to do it".to_owned();
                if !step.details.is_empty() {
                    detail.push_str(": ");
                    detail.push_str(&step.details.join("; "));
                }
                if !other_blocks.is_empty() {
                    detail.push_str("; its fenced block is no query and was not run");
                }
                planned.push(Planned {
                    step: Step {
                        id: step.id.clone(),
                        phase: section.title.clone(),
                        title: step.title.clone(),
                        status: StepStatus::Manual,
                        detail,
                        query: None,
                        bound_query: None,
                        rows: None,
                        reading: None,
                        diagnostics: Vec::new(),
                        sample: Vec::new(),
                    },
                    query: None,
                });
                continue;
            }
            let several = queries.len() > 1;
            for (number, query) in queries.into_iter().enumerate() {
                let id = if several {
                    format!("{}.q{}", step.id, number.saturating_add(1))
                } else {
                    step.id.clone()
                };
                let title = match (&query.title, several) {
                    (Some(title), true) => title.clone(),
                    _ => step.title.clone(),
                };
                planned.push(plan_query(id, &section.title, title, &query.text, bindings, now));
            }
        }
    }
    planned
}

/// Whether a fenced block is meant as a query. Prose, a shell command or a configuration is not.
fn is_query(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        let name: &str = before
            .rsplit(|letter: char| letter.is_whitespace() || "(!+-".contains(letter))
            .find(|word| !word.is_empty())
            .unwrap_or_default()
            .trim_matches('"');
        let known = egret_model::ecs::alias::canonical(name);
        let is_field = egret_model::ecs::Field::all().any(|field| {
            known == field.name()
                || known.strip_prefix(field.name()).is_some_and(|rest| rest.starts_with('.'))
        });
        let dotted = name.contains('.')
            && name.chars().all(|letter| letter.is_alphanumeric() || "._-@".contains(letter));
        if is_field || (dotted && !after.starts_with("://")) {
            return true;
        }
        rest = after.get(1..).unwrap_or_default();
    }
    false
}

fn plan_query(
    id: String,
    phase: &str,
    title: String,
    text: &str,
    bindings: &Bindings,
    now: Timestamp,
) -> Planned {
    let mut step = Step {
        id,
        phase: phase.to_owned(),
        title,
        status: StepStatus::Failed,
        detail: String::new(),
        query: Some(text.trim().to_owned()),
        bound_query: None,
        rows: None,
        reading: None,
        diagnostics: Vec::new(),
        sample: Vec::new(),
    };
    let missing: Vec<String> = egret_query::placeholders(text)
        .into_iter()
        .filter(|name| bindings.get(name).is_none_or(<[String]>::is_empty))
        .collect();
    if !missing.is_empty() {
        step.status = StepStatus::Unbound;
        step.detail = format!(
            "no value for {}; give one with {}",
            missing.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(", "),
            missing.iter().map(|name| format!("--set {name}=…")).collect::<Vec<_>>().join(" ")
        );
        return Planned { step, query: None };
    }
    let options = Options {
        bindings,
        now,
        language: Language::Lucene,
        reading: Reading::Investigator,
        strict: false,
        ignore_case: false,
        unknown_is_missing: false,
    };
    match egret_query::compile(text, &options) {
        Ok(query) => {
            step.bound_query = Some(query.bound_text.clone());
            step.reading.clone_from(&query.reading);
            step.diagnostics = query.diagnostics.iter().map(note).collect();
            Planned { step, query: Some(query) }
        }
        Err(diagnostics) => {
            "the query cannot be run; see its diagnostics".clone_into(&mut step.detail);
            step.diagnostics = diagnostics.iter().map(note).collect();
            Planned { step, query: None }
        }
    }
}

fn note(diagnostic: &egret_query::Diagnostic) -> StepDiagnostic {
    let place = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
    StepDiagnostic {
        code: diagnostic.code.to_string(),
        severity: match diagnostic.severity {
            egret_query::Severity::Error => "error",
            egret_query::Severity::Warning => "warning",
            egret_query::Severity::Note => "note",
        }
        .to_owned(),
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
        start: place(diagnostic.span.start),
        end: place(diagnostic.span.end),
    }
}

fn reading_name(reading: Reading) -> &'static str {
    match reading {
        Reading::Investigator => "investigator",
        Reading::Standard => "standard",
        Reading::Kql => "kql",
        Reading::Lucene => "lucene",
    }
}

/// Rows of every query and of its other readings, from one scan.
async fn count(engine: &Engine, planned: &[Planned]) -> Result<Rows, AnalysisError> {
    let one_each = |expr: &Expr, name: String| -> Result<Expr, AnalysisError> {
        let hit = or_engine(WHAT, when(expr.clone(), lit(1i64)).otherwise(lit(0i64)))?;
        Ok(sum(hit).alias(name))
    };
    let mut counts = Vec::new();
    for (at, planned) in planned.iter().enumerate() {
        let Some(query) = &planned.query else { continue };
        counts.push(one_each(&query.expr, format!("rows_{at}"))?);
        for (other, (_, expr)) in query.alternatives.iter().enumerate() {
            counts.push(one_each(expr, format!("rows_{at}_{other}"))?);
        }
    }
    if counts.is_empty() {
        counts.push(sum(lit(0i64)).alias("none"));
    }
    let events = engine.events(WHAT).await?;
    let frame = or_engine(WHAT, events.aggregate(Vec::new(), counts))?;
    engine.rows(WHAT, frame).await
}

async fn sample(
    engine: &Engine,
    query: &Query,
) -> Result<Vec<egret_model::report::Citation>, AnalysisError> {
    const WHAT: &str = "rows of a step";
    let events = engine.events(WHAT).await?;
    let frame = or_engine(WHAT, events.filter(query.expr.clone()))?;
    let mut columns = provenance();
    columns.push(column(fields::TIMESTAMP));
    let frame = or_engine(WHAT, frame.select(columns))?;
    let frame = or_engine(WHAT, frame.sort(in_order()))?;
    let frame = or_engine(WHAT, frame.limit(0, Some(SAMPLE_ROWS)))?;
    let rows = engine.rows(WHAT, frame).await?;
    (0..rows.len()).map(|row| rows.citation(row)).collect()
}

/// Which dataset fills a field that only one does.
fn dataset_of(name: &str) -> Option<Dataset> {
    let known: [(&str, Dataset); 5] = [
        ("aws.cloudtrail.", Dataset::CLOUDTRAIL),
        ("aws.s3access.", Dataset::S3_ACCESS),
        ("aws.vpcflow.", Dataset::VPC_FLOW),
        ("okta.", Dataset::OKTA),
        ("identity_broker", Dataset::IDENTITY_BROKER),
    ];
    known.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, dataset)| *dataset).or(
        match name {
            "destination.ip" => Some(Dataset::VPC_FLOW),
            _ => None,
        },
    )
}

/// What zero rows mean.
fn absence(query: &Query, facts: &Facts) -> (StepStatus, String) {
    let mut needed: BTreeMap<&'static str, &str> = BTreeMap::new();
    for name in &query.fields {
        if let Some(dataset) = dataset_of(name) {
            needed.insert(dataset.as_str(), name);
        }
    }
    for dataset in Dataset::ALL {
        if query.bound_text.contains(&format!("event.dataset: \"{dataset}\"")) {
            needed.insert(dataset.as_str(), "event.dataset");
        }
    }
    for (dataset, field) in &needed {
        if facts.span_of(dataset).is_none() {
            return (
                StepStatus::NotCovered,
                format!(
                    "`{field}` is filled by {dataset}, and no such log is among the evidence; zero \
                     rows means no data, not no activity"
                ),
            );
        }
    }
    if let Some((from, to)) = query.time {
        let spans: Vec<(Timestamp, Timestamp)> = facts
            .names()
            .iter()
            .filter(|name| needed.is_empty() || needed.contains_key(name.as_str()))
            .filter_map(|name| facts.span_of(name))
            .collect();
        let touched = spans.iter().any(|(first, last)| {
            from.is_none_or(|from| from <= *last) && to.is_none_or(|to| to >= *first)
        });
        if !touched {
            return (
                StepStatus::NotCovered,
                "no log at hand covers the period asked for".to_owned(),
            );
        }
    }
    (StepStatus::Empty, "no rows, in a period that the logs at hand cover".to_owned())
}

#[cfg(test)]
mod tests {
    use super::is_query;

    #[test]
    fn queries_prose_and_commands() {
        #[rustfmt::skip]
        let rows = [
            ("event.action: \"GetObject\" AND\n@timestamp: [<a> TO <b>]", true),
            ("identity_broker.audit.observer.info.credentials.aws.role : \"<role_name>\"", true),
            ("user.name:\"x\"", true),
            ("aws s3 ls s3://bucket --profile ir", false),
            ("curl https://example.com/a.b", false),
            ("Ask the owner: was this planned?", false),
        ];
        for (text, want) in rows {
            assert_eq!(is_query(text), want, "{text}");
        }
    }
}
