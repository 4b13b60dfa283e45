//! `egret query`: a query as the playbook has it.

use anyhow::bail;
use clap::{Args, ValueEnum};
use datafusion::prelude::ident;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_query::{Bindings, Diagnostic, Options, Reading, Severity};
use egret_store::CaseDir;
use jiff::Timestamp;

use super::sql::{OutputType, show};
use super::{CaseArg, General, binding, instant};
use crate::app::record_query;
use crate::exit::Exit;
use crate::talk::{Talk, complain};

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

/// Run a Lucene query as it is written, and say how it was read.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret query 'event.action: \"GetObject\" AND aws.s3.bucket.name: \"<bucket_name>\"' \\
      --set bucket_name=payroll --case cases/payroll")]
pub(crate) struct Query {
    /// The query; comments and several queries in one text are fine.
    #[arg(value_name = "TEXT", help_heading = "Input")]
    text: String,
    #[command(flatten)]
    case: CaseArg,
    /// Value of a placeholder; repeat for several.
    #[arg(long, value_name = "NAME=VALUE", value_parser = binding, help_heading = "Input")]
    set: Vec<(String, String)>,
    /// What `now` means; the last event of the case by default.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    now: Option<Timestamp>,
    /// How AND and OR side by side are understood.
    #[arg(long, value_name = "READING", default_value = "investigator", help_heading = "Input")]
    reading: ReadingArg,
    /// Refuse what Lucene would refuse, instead of repairing it.
    #[arg(long, help_heading = "Input")]
    strict: bool,
    /// Compare text without regard to case.
    #[arg(long, help_heading = "Filtering")]
    ignore_case: bool,
    /// Rows shown at most.
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Output")]
    limit: usize,
    /// How rows are printed.
    #[arg(
        short = 't',
        long,
        value_name = "TYPE",
        default_value = "table",
        help_heading = "Output"
    )]
    output_type: OutputType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReadingArg {
    /// Time bounds hold for the whole OR chain before them; other mixtures are refused.
    Investigator,
    /// AND binds tighter than OR.
    Standard,
    /// Lucene's own.
    Lucene,
}

impl Query {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let talk = general.talk();
        let case = CaseDir::open(&self.case.case)?;
        let recorder = general.recorder()?;
        let session = general.machine().open(&case).await?;
        let now = match self.now {
            Some(now) => now,
            None => last_event(&session).await?,
        };
        let mut bindings = Bindings::new();
        for (name, _) in &self.set {
            let values = self.set.iter().filter(|(other, _)| other == name);
            bindings.set(name.clone(), values.map(|(_, value)| value.clone()));
        }
        let options = Options {
            bindings: &bindings,
            now,
            reading: match self.reading {
                ReadingArg::Investigator => Reading::Investigator,
                ReadingArg::Standard => Reading::Standard,
                ReadingArg::Lucene => Reading::Lucene,
            },
            strict: self.strict,
            ignore_case: self.ignore_case,
        };
        let queries = egret_query::split(&self.text);
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
                    return Ok(Exit::Failed);
                }
            };
            tell(&talk, &block.text, &query.diagnostics);
            let frame = session.table("events").await?.filter(query.expr)?;
            let frame = frame.sort(vec![
                ident(fields::TIMESTAMP.name()).sort(true, true),
                ident(fields::LOG_FILE_PATH.name()).sort(true, true),
                ident(fields::LOG_OFFSET.name()).sort(true, true),
            ])?;
            let columns = COLUMNS.iter().map(|field| ident(field.name())).collect::<Vec<_>>();
            let frame = frame.limit(0, Some(self.limit))?.select(columns)?;
            let rows = show(frame, self.output_type).await?;
            let detail = serde_json::json!({
                "language": "lucene",
                "text": block.text,
                "bindings": self.set,
                "now": now,
                "reading": format!("{:?}", options.reading).to_lowercase(),
                "shown": rows,
            });
            record_query(&case, &recorder, &detail, &talk);
        }
        Ok(Exit::Done)
    }
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
fn rendered(text: &str, diagnostic: &Diagnostic) -> String {
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
async fn last_event(session: &datafusion::prelude::SessionContext) -> anyhow::Result<Timestamp> {
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
    use super::*;
    use egret_query::Code;

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
        "user.name: jos\u{e9} AND user.nam: \u{5c71}\u{7530}",
    ];

    #[test]
    fn diagnostics_as_the_terminal_shows_them() {
        let mut bindings = Bindings::new();
        bindings.set("start_time".to_owned(), ["2025-07-22T01:30:00Z".to_owned()]);
        let mut shown = String::new();
        let mut codes = std::collections::BTreeSet::new();
        let long = format!("user.name: {}ana{}", "(".repeat(400), ")".repeat(400));
        for (text, strict) in TEXTS
            .iter()
            .map(|text| (*text, false))
            .chain([("destination.ip: [NOT \"10.0.0.0/8\"]", true), (long.as_str(), false)])
        {
            let options = Options {
                bindings: &bindings,
                now: "2025-07-24T00:00:00Z".parse().unwrap(),
                reading: Reading::Investigator,
                strict,
                ignore_case: false,
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
