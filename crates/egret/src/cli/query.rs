//! `egret query`: a query as the playbook has it.

use anyhow::bail;
use clap::{Args, ValueEnum};
use datafusion::prelude::{DataFrame, SessionContext, ident};
use egret_investigate::engine::Engine;
use egret_investigate::nothing::reasons;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_query::{Code, Diagnostic, Language, Options, Reading, Severity};
use egret_report::escape;
use egret_store::{CaseDir, Recorder};
use jiff::Timestamp;

use super::sql::{OutputType, show};
use super::{CaseArg, General, binding, bindings, instant};
use crate::app::record_query;
use crate::exit::Exit;
use crate::talk::{Talk, complain, print};

/// Columns shown when none are asked for.
const COLUMNS: &[Field] = &[
    fields::TIMESTAMP,
    fields::EVENT_DATASET,
    fields::EVENT_ACTION,
    fields::EVENT_OUTCOME,
    fields::USER_NAME,
    fields::SOURCE_ADDRESS,
    fields::AWS_S3_BUCKET_NAME,
    fields::AWS_S3_OBJECT_KEY,
    fields::SOURCE_BYTES,
    fields::EVENT_ID,
    fields::LOG_FILE_PATH,
    fields::LOG_OFFSET,
];

/// Run a query as it is written, and say how it was read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret query 'event.action: \"GetObject\" AND aws.s3.bucket.name: \"<bucket_name>\"' \\
      --set bucket_name=payroll --case cases/payroll
  egret query 'event.outcome: failure | stats count by user.name | sort -count' --case cases/payroll
  egret query 'sequence by user.name with maxspan=1h
      [any where event.action == \"ConsoleLogin\"] [any where event.action == \"CreateAccessKey\"]' --case cases/payroll

Exit codes: 0 run; 2 could not run.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Query {
    /// The query; comments and several queries in one text are fine.
    #[arg(value_name = "TEXT", help_heading = "Input")]
    pub(crate) text: String,
    #[command(flatten)]
    case: CaseArg,
    /// Value of a placeholder; repeat for several.
    #[arg(long, value_name = "NAME=VALUE", value_parser = binding, help_heading = "Input")]
    pub(crate) set: Vec<(String, String)>,
    /// What `now` means; the last event of the case by default.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    now: Option<Timestamp>,
    /// Language it is written in.
    #[arg(long, value_name = "LANGUAGE", default_value = "auto", help_heading = "Input")]
    pub(crate) lang: LanguageArg,
    /// How AND and OR side by side are understood.
    #[arg(long, value_name = "READING", default_value = "investigator", help_heading = "Input")]
    pub(crate) reading: ReadingArg,
    /// Refuse what the language's own parser would refuse, instead of repairing it.
    #[arg(long, help_heading = "Input")]
    strict: bool,
    /// Compare text without regard to case.
    #[arg(long, help_heading = "Filtering")]
    pub(crate) ignore_case: bool,
    /// Rows shown at most.
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Output")]
    pub(crate) limit: usize,
    /// Leave events in the order they are found in, so that the first lines (`-t csv`, `-t jsonl`)
    /// appear before the scan ends.
    #[arg(long, help_heading = "Output")]
    unsorted: bool,
    /// Show how it was read, its plan, and what was pruned, instead of its rows.
    #[arg(long, help_heading = "Output")]
    pub(crate) explain: bool,
    /// How rows are printed.
    #[arg(
        short = 't',
        long,
        value_name = "TYPE",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(crate) output_type: OutputType,
}

/// A language on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArg {
    /// Whatever the text looks like; said aloud.
    Auto,
    /// Lucene, as playbooks write it.
    Lucene,
    /// KQL, Kibana's.
    Kql,
    /// EQL: events and sequences.
    Eql,
    /// ES|QL.
    Esql,
}

impl From<LanguageArg> for Language {
    fn from(language: LanguageArg) -> Self {
        match language {
            LanguageArg::Auto => Self::Auto,
            LanguageArg::Lucene => Self::Lucene,
            LanguageArg::Kql => Self::Kql,
            LanguageArg::Eql => Self::Eql,
            LanguageArg::Esql => Self::Esql,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadingArg {
    /// Time bounds hold for the whole OR chain before them; other mixtures are refused.
    Investigator,
    /// AND binds tighter than OR.
    Standard,
    /// Lucene's own.
    Lucene,
    /// KQL's: AND binds tighter than OR.
    Kql,
}

impl From<ReadingArg> for Reading {
    fn from(reading: ReadingArg) -> Self {
        match reading {
            ReadingArg::Investigator => Self::Investigator,
            ReadingArg::Standard => Self::Standard,
            ReadingArg::Lucene => Self::Lucene,
            ReadingArg::Kql => Self::Kql,
        }
    }
}

/// What queries of one run share.
pub(crate) struct Asking<'a> {
    pub(crate) case: &'a CaseDir,
    pub(crate) recorder: &'a Recorder,
    pub(crate) session: &'a SessionContext,
    pub(crate) talk: &'a Talk,
    pub(crate) now: Timestamp,
}

impl Query {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let case = CaseDir::open(&self.case.case)?;
        let session = general.machine().open(&case).await?;
        let now = match self.now {
            Some(now) => now,
            None => last_event(&session).await?,
        };
        self.ask(&Asking {
            case: &case,
            recorder: &general.recorder()?,
            session: &session,
            talk: &general.talk(),
            now,
        })
        .await
    }

    /// A query with the defaults of the command line, as the shell asks it.
    pub(crate) fn plain(text: String, case: CaseArg) -> Self {
        Self {
            text,
            case,
            set: Vec::new(),
            now: None,
            lang: LanguageArg::Auto,
            reading: ReadingArg::Investigator,
            strict: false,
            ignore_case: false,
            limit: 100,
            unsorted: false,
            explain: false,
            output_type: OutputType::Table,
        }
    }

    /// Runs every query of the text.
    pub(crate) async fn ask(&self, asking: &Asking<'_>) -> anyhow::Result<Exit> {
        let Asking { case, recorder, session, talk, now } = *asking;
        let bindings = bindings(&self.set);
        let options = Options {
            bindings: &bindings,
            now,
            language: self.lang.into(),
            reading: self.reading.into(),
            strict: self.strict,
            ignore_case: self.ignore_case,
            unknown_is_missing: false,
        };
        let queries = egret_query::split_in(&self.text, options.language);
        if queries.is_empty() {
            bail!("expected a query, found only comments or nothing");
        }
        let several = queries.len() > 1;
        for block in queries {
            if several {
                talk.say(&format!("# {}", block.title.as_deref().unwrap_or("query")));
            }
            let query = match egret_query::compile(&block.text, &options) {
                Ok(query) => query,
                Err(diagnostics) => {
                    for diagnostic in &diagnostics {
                        complain(&rendered(&block.text, diagnostic));
                    }
                    if diagnostics.iter().any(|one| one.code == Code::Ambiguous) {
                        readings(session, &block.text, &options).await?;
                    }
                    return Ok(Exit::Failed);
                }
            };
            tell(talk, &block.text, &query.diagnostics);
            if self.explain {
                print(&escape::terminal(&explained(session, &query).await?))?;
                continue;
            }
            let frame = self.rows(session, &query).await?;
            let rows = show(frame, self.output_type).await?;
            if rows == 0 {
                let folded = Options { ignore_case: true, ..options };
                // What a step compares is not part of the query that is folded.
                let folded = (!options.ignore_case && !query.is_pipeline())
                    .then(|| egret_query::compile(&block.text, &folded).ok())
                    .flatten();
                let engine = Engine::new(session.clone());
                for reason in reasons(&engine, &query, folded.as_ref()).await? {
                    talk.say(&format!("no rows: {reason}"));
                }
            }
            let detail = serde_json::json!({
                "language": query.language.title().to_lowercase(),
                "text": block.text,
                "bindings": self.set,
                "now": now,
                "reading": format!("{:?}", options.reading).to_lowercase(),
                "shown": rows,
            });
            record_query(case, recorder, &detail, talk);
        }
        Ok(Exit::Done)
    }

    /// The rows of a query: events, sequences, or what its steps leave.
    async fn rows(
        &self,
        session: &SessionContext,
        query: &egret_query::Query,
    ) -> anyhow::Result<DataFrame> {
        let events = session.table("events").await?;
        if let Some(sequence) = &query.sequence {
            let mut found = egret_rules::sequences(&events, sequence).await?;
            found.sequences.truncate(self.limit);
            return followed(session, &found);
        }
        if query.is_pipeline() {
            let (state, plan) = events.into_parts();
            let frame = DataFrame::new(state, query.plan(plan)?);
            // A step that sorts has the last word.
            return Ok(frame.limit(0, Some(self.limit))?);
        }
        let mut frame = events.filter(query.expr.clone())?;
        if !self.unsorted {
            frame = frame.sort(vec![
                ident(fields::TIMESTAMP.name()).sort(true, true),
                ident(fields::LOG_FILE_PATH.name()).sort(true, true),
                ident(fields::LOG_OFFSET.name()).sort(true, true),
            ])?;
        }
        let columns = COLUMNS.iter().map(|field| ident(field.name())).collect::<Vec<_>>();
        Ok(frame.limit(0, Some(self.limit))?.select(columns)?)
    }
}

/// Sequences as rows: one an event.
fn followed(session: &SessionContext, found: &egret_rules::Found) -> anyhow::Result<DataFrame> {
    use arrow::array::{ArrayRef, StringArray, UInt64Array};
    let events = || {
        let numbered = found.sequences.iter().zip(1u64..);
        numbered.flat_map(|(events, number)| {
            events.iter().zip(1u64..).map(move |(event, step)| (number, step, event))
        })
    };
    let text = |of: fn(&egret_rules::EventRef) -> String| -> ArrayRef {
        std::sync::Arc::new(events().map(|(_, _, event)| Some(of(event))).collect::<StringArray>())
    };
    let number = |of: fn((u64, u64, &egret_rules::EventRef)) -> u64| -> ArrayRef {
        std::sync::Arc::new(events().map(of).collect::<UInt64Array>())
    };
    let batch = arrow::array::RecordBatch::try_from_iter([
        ("sequence", number(|(sequence, _, _)| sequence)),
        ("step", number(|(_, step, _)| step)),
        (fields::TIMESTAMP.name(), text(|event| event.time.to_string())),
        (fields::EVENT_ACTION.name(), text(|event| event.action.clone())),
        (fields::USER_NAME.name(), text(|event| event.user.clone())),
        (fields::EVENT_ID.name(), text(|event| event.id.clone())),
        (fields::LOG_FILE_PATH.name(), text(|event| event.file.clone())),
        (fields::LOG_OFFSET.name(), number(|(_, _, event)| event.record)),
    ])?;
    Ok(session.read_batch(batch)?)
}

/// Says how many rows each reading has, so that one can be chosen.
async fn readings(
    session: &SessionContext,
    text: &str,
    options: &Options<'_>,
) -> anyhow::Result<()> {
    for (name, reading) in
        [("standard", Reading::Standard), ("lucene", Reading::Lucene), ("kql", Reading::Kql)]
    {
        if let Ok(query) = egret_query::compile(text, &Options { reading, ..*options }) {
            let rows = session.table("events").await?.filter(query.expr)?.count().await?;
            complain(&format!("  --reading {name:<9} {rows} rows"));
        }
    }
    Ok(())
}

/// Text, language, the query as it was understood, its expression, and its plan with what was read
/// and pruned.
async fn explained(session: &SessionContext, query: &egret_query::Query) -> anyhow::Result<String> {
    let mut text = format!(
        "text\n{}\n\nlanguage\n{}\n\nread as\n{}\n",
        query.text,
        query.language.title(),
        query.bound_text
    );
    if let Some(reading) = &query.reading {
        text.push_str(&format!("\nreading\n{reading}\n"));
    }
    text.push_str(&format!("\nfields\n{}\n", query.fields.join(", ")));
    text.push_str(&format!("\nexpression\n{}\n", query.expr));
    let (state, plan) = session.table("events").await?.into_parts();
    let frame = DataFrame::new(state, query.plan(plan)?);
    let columns = if query.is_pipeline() {
        frame
    } else {
        let columns = COLUMNS.iter().map(|field| ident(field.name())).collect::<Vec<_>>();
        frame.select(columns)?
    };
    text.push_str("\nplan, run\n");
    let batches = columns.explain(false, true)?.collect().await?;
    for batch in &batches {
        let Some(plans) = batch.column_by_name("plan") else { continue };
        for row in 0..batch.num_rows() {
            text.push_str(&arrow::util::display::array_value_to_string(plans, row)?);
            text.push('\n');
        }
    }
    Ok(text)
}

fn tell(talk: &Talk, text: &str, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        if diagnostic.severity == Severity::Note {
            talk.say(&format!("note[{}]: {}", diagnostic.code, diagnostic.message));
        } else {
            talk.say(&rendered(text, diagnostic));
        }
    }
}

/// A diagnostic with the place in the text it is about.
pub(super) fn rendered(text: &str, diagnostic: &Diagnostic) -> String {
    use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let end = diagnostic.span.end.min(text.len());
    let start = diagnostic.span.start.min(end);
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .element(Snippet::source(text).annotation(AnnotationKind::Primary.span(start..end)));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::plain().render(&[group])
}

/// Time of the last event; what `now` means when nobody says.
pub(crate) async fn last_event(session: &SessionContext) -> anyhow::Result<Timestamp> {
    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMicrosecondType;
    use datafusion::functions_aggregate::expr_fn::max;
    let frame = session
        .table("events")
        .await?
        .aggregate(Vec::new(), vec![max(ident(fields::TIMESTAMP.name())).alias("last")])?;
    let batches = frame.collect().await?;
    let micros = batches
        .first()
        .and_then(|batch| batch.column(0).as_primitive_opt::<TimestampMicrosecondType>())
        .and_then(|times| times.iter().next().flatten());
    Ok(micros
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use egret_query::Bindings;

    use super::*;
    /// A text for each code, and some whose place is at an edge.
    const TEXTS: &[&str] = &[
        "user.name: ana AND (event.action: GetObject",
        "user.name: ana AND",
        "aws.s3.object.key: \"exports/",
        "source.bytes: [10 TO 20",
        "user.name: <username>",
        "event.action: a OR event.action: b AND user.name: ana",
        "user.nam: ana",
        "source.bytes: plenty",
        "source.ip: 10.0.0.0/40",
        "@timestamp: [yesterday TO now]",
        "user.name: ana | stats count by user.name",
        "user.name: ana | lookup people",
        "aws.s3.object.key: \"exports/*\"",
        "event.action: a OR event.action: b AND @timestamp: [now-1d TO now]",
        "user.name: ana and event.action: GetObject",
        "destination.ip: [NOT \"10.0.0.0/8\"]",
        "source.ip: 10.0.0.0/8",
        "source.bytes: >= 100",
        "# the first one\nuser.name: ana",
        "payroll",
        "user.name: ana^2",
        "@timestamp: [<start_time-2h> TO now]",
        "azure.thing: ana",
        "user.name: jos\u{e9} AND user.nam: \u{5c71}\u{7530}",
    ];

    #[test]
    fn diagnostics_as_the_terminal_shows_them() {
        let mut bindings = Bindings::new();
        bindings.set("start_time".to_owned(), ["2025-07-22T01:30:00Z".to_owned()]);
        let mut shown = String::new();
        let mut codes = std::collections::BTreeSet::new();
        let long = format!("user.name: {}ana{}", "(".repeat(400), ")".repeat(400));
        for (text, strict, language) in
            TEXTS.iter().map(|text| (*text, false, Language::Lucene)).chain([
                ("destination.ip: [NOT \"10.0.0.0/8\"]", true, Language::Lucene),
                (long.as_str(), false, Language::Lucene),
                ("user.name: ana and event.outcome: failure", false, Language::Auto),
                ("okta.target:{ id: a and type: b }", false, Language::Kql),
                ("any where user.name == ", false, Language::Eql),
                ("sequence by user.name [any where true]", false, Language::Eql),
                (
                    "FROM logs-* | KEEP user.name, _id | WHERE event.action == \"x\"",
                    false,
                    Language::Esql,
                ),
                ("FROM logs-* | KEEP user.name, _id", false, Language::Esql),
            ])
        {
            let options = Options {
                bindings: &bindings,
                now: "2025-07-24T00:00:00Z".parse().unwrap(),
                language,
                reading: Reading::Investigator,
                strict,
                ignore_case: false,
                unknown_is_missing: text.starts_with("azure"),
            };
            let said = match egret_query::compile(text, &options) {
                Ok(query) => query.diagnostics,
                Err(diagnostics) => diagnostics,
            };
            let title: String = text.chars().take(60).collect();
            shown.push_str(&format!("===== {title}\n"));
            for diagnostic in said {
                codes.insert(diagnostic.code.as_str());
                if text.len() < 100 {
                    shown.push_str(&rendered(text, &diagnostic));
                } else {
                    shown.push_str(&format!("{}: {}", diagnostic.code, diagnostic.message));
                }
                shown.push_str("\n\n");
            }
        }
        let missing: Vec<&str> = Code::ALL
            .iter()
            .map(|code| code.as_str())
            .filter(|code| !codes.contains(code))
            .collect();
        assert!(missing.is_empty(), "no text here draws {missing:?}");
        insta::assert_snapshot!(shown);
    }
}
