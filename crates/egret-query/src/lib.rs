//! Query text in, DataFusion plan out, every reading explained.
//!
//! Lucene's `query_string` as analysts write it in playbooks, KQL, EQL and a part of ES|QL, with
//! comments, placeholders, pipes and a few habits that their own parsers would refuse or misread. Each
//! such departure leaves a [`Diagnostic`] with a stable code; `docs/query-language.md` lists them.
//!
//! The line: [`split`] (or [`split_in`]) cuts a block into queries, [`compile`] reads one: its [`Language`]'s parser →
//! one tree for all → [`Reading`] → expression over the columns of `events`, and steps behind it.
//! Where the data lies is nobody's business here.

mod ast;
mod block;
mod commands;
mod condition;
mod date_math;
mod diagnostic;
mod eql;
mod field;
mod kql;
mod language;
mod lower;
mod lucene;
mod print;
mod reading;
mod resolve;
mod sequence;
mod terms;
mod translate;

use datafusion_common::DataFusionError;
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use egret_model::limits::{QUERY_CLAUSES_MAX, QUERY_DEPTH_MAX};
use jiff::Timestamp;

pub use block::{Bindings, Block, placeholders, split, split_in};
pub use condition::{Comparison, Condition, Piece, Place};
pub use diagnostic::{Code, Diagnostic, Severity};
pub use field::field;
pub use language::Language;
pub use reading::Reading;
pub use sequence::{Sequence, Step};
pub use translate::{Into, translate};

use language::{Body, Parsed};
use lower::Lowering;
use lower::stages::{Settled, applied};

/// What a query is compiled with.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Values of its placeholders.
    pub bindings: &'a Bindings,
    /// What `now` means: the case's reference time.
    pub now: Timestamp,
    /// What it is written in.
    pub language: Language,
    /// How AND and OR side by side are understood.
    pub reading: Reading,
    /// Refuse what Lucene would refuse, instead of repairing it.
    pub strict: bool,
    /// Compare text without regard to case.
    pub ignore_case: bool,
    /// Read a field that no source fills as one that is missing, with a warning, as Elasticsearch
    /// does, instead of refusing the query.
    pub unknown_is_missing: bool,
}

/// A query that can be run.
#[derive(Debug, Clone)]
pub struct Query {
    /// The text as written.
    pub text: String,
    /// What it is written in; never [`Language::Auto`].
    pub language: Language,
    /// True for the rows it matches; null or false for others. Of a sequence, for the rows that any
    /// step matches.
    pub expr: Expr,
    /// Events that must follow one another.
    pub sequence: Option<Sequence>,
    /// Steps behind the query.
    steps: Vec<Settled>,
    /// The same query with placeholders and instants filled in.
    pub bound_text: String,
    /// The reading that was applied, in words, where the text could be read in more than one way.
    pub reading: Option<String>,
    /// Fields and paths it uses, as the catalogue spells them, sorted.
    pub fields: Vec<String>,
    /// Whether a text is looked for in the whole record.
    pub searched: bool,
    /// Bounds that it sets for every row: from, and up to but not including.
    pub time: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// The other readings, so that a caller can count their rows.
    pub alternatives: Vec<(Reading, Expr)>,
    /// How it was read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles one query.
///
/// # Errors
///
/// Every error found, in the order of the text. Nothing is run then.
///
/// # Example
///
/// ```
/// use egret_query::{Bindings, Options, Reading, compile};
///
/// let mut bindings = Bindings::new();
/// bindings.set("bucket_name", ["payroll"]);
/// let options = Options {
///     bindings: &bindings,
///     now: "2025-07-24T00:00:00Z".parse()?,
///     language: egret_query::Language::Auto,
///     reading: Reading::Investigator,
///     strict: false,
///     ignore_case: false,
///     unknown_is_missing: false,
/// };
/// let query = compile("aws.s3.bucket.name: \"<bucket_name>\"", &options).map_err(|_| "no query")?;
/// assert_eq!(query.bound_text, "aws.s3.bucket.name: \"payroll\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compile(text: &str, options: &Options<'_>) -> Result<Query, Vec<Diagnostic>> {
    compile_with_category(text, eql::CATEGORY, options)
}

/// Like [`compile`]; EQL's word before `where` is a value of the field `category`, as a rule's
/// `event_category_override` has it.
///
/// # Errors
///
/// See [`compile`].
pub fn compile_with_category(
    text: &str,
    category: &str,
    options: &Options<'_>,
) -> Result<Query, Vec<Diagnostic>> {
    let (blanked, had_comments) = block::without_comments(text);
    let parsed = language::parse(&blanked, options.language, options.strict, category)
        .map_err(|error| vec![error.within(text.len())])?;
    let mut query = compile_parsed(text, parsed, options)?;
    if had_comments {
        query
            .diagnostics
            .insert(0, Diagnostic::new(Code::Comment, 0..text.len(), "comment lines are left out"));
    }
    Ok(query)
}

/// Compiles what a parser, or a program, understood.
fn compile_parsed(
    text: &str,
    parsed: Parsed,
    options: &Options<'_>,
) -> Result<Query, Vec<Diagnostic>> {
    let Parsed { language, body, stages, mut diagnostics } = parsed;
    within_limits(text, &body, &stages).map_err(|error| vec![error])?;
    let lowering = |reading: Reading| {
        Lowering::new(&Options { reading, ..*options }, language == Language::Esql)
    };
    let mut chosen = lowering(options.reading);
    let (expr, bound_text, sequence) = match &body {
        Body::Events(level) => {
            let lowered = chosen.query(level);
            (lowered.expr, lowered.text, None)
        }
        Body::Sequence(sequence) => {
            let sequence = chosen.sequence(sequence);
            let all =
                sequence.steps.iter().chain(&sequence.until).map(|step| step.condition.clone());
            let expr = lower::balanced(all.collect(), Expr::or)
                .unwrap_or_else(|| datafusion_expr::lit(false));
            (expr, text.to_owned(), Some(sequence))
        }
    };
    let steps = chosen.stages(&stages);
    if !chosen.errors.is_empty() {
        chosen.errors.sort_by_key(|error| (error.span.start, error.code));
        chosen.errors.dedup();
        return Err(chosen.errors);
    }
    let hoisted = chosen.diagnostics.iter().any(|held| held.code == Code::Precedence);
    let mut alternatives = Vec::new();
    let mut reading = None;
    if let Body::Events(level) = &body {
        if hoisted {
            reading = Some("investigator: the time bounds hold for the whole OR chain".to_owned());
            alternatives = readings(level, &[Reading::Standard, Reading::Lucene], lowering);
        } else if options.reading != Reading::Investigator && reading::is_mixed(level) {
            reading = Some(
                match options.reading {
                    Reading::Lucene => {
                        "lucene: clauses beside AND are required, the others are idle"
                    }
                    Reading::Kql => "kql: AND binds tighter than OR",
                    Reading::Standard | Reading::Investigator => {
                        "standard: AND binds tighter than OR"
                    }
                }
                .to_owned(),
            );
        }
    }
    diagnostics.append(&mut chosen.diagnostics);
    diagnostics.sort_by_key(|held| (held.span.start, held.code));
    diagnostics.dedup();
    let at =
        |micros: Option<i64>| micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let time = match chosen.time {
        (None, None) => None,
        (start, end) => Some((at(start), at(end))),
    };
    Ok(Query {
        text: text.to_owned(),
        language,
        expr,
        sequence,
        steps,
        bound_text,
        reading,
        fields: chosen.fields.into_iter().collect(),
        searched: chosen.searched,
        time,
        alternatives,
        diagnostics,
    })
}

/// Refuses a query that is larger than what engine and printer take on the stack of a thread.
fn within_limits(text: &str, body: &Body, stages: &[ast::Stage]) -> Result<(), Diagnostic> {
    let mut levels: Vec<&ast::Level> = match body {
        Body::Events(level) => vec![level],
        Body::Sequence(sequence) => {
            sequence.steps.iter().chain(&sequence.until).map(|step| &step.condition).collect()
        }
    };
    levels.extend(stages.iter().filter_map(|stage| match stage {
        ast::Stage::Where(level) => Some(level),
        _ => None,
    }));
    let (mut clauses, mut depth) = (0usize, 0usize);
    for level in levels {
        let (more, deep) = level.size();
        clauses = clauses.saturating_add(more);
        depth = depth.max(deep);
    }
    let refused = |what: String| Err(Diagnostic::new(Code::Limit, 0..text.len(), what));
    if clauses > QUERY_CLAUSES_MAX {
        return refused(format!("{clauses} clauses; at most {QUERY_CLAUSES_MAX} are run"));
    }
    // One pair of parentheses may be three levels: a negation, an OR and an AND.
    let most = QUERY_DEPTH_MAX.saturating_mul(3);
    if depth > most {
        return refused(format!("conditions nest {depth} deep; at most {most} are run"));
    }
    Ok(())
}

/// The same tree under other readings; one that makes no query is left out.
fn readings<'a>(
    level: &ast::Level,
    readings: &[Reading],
    lowering: impl Fn(Reading) -> Lowering<'a>,
) -> Vec<(Reading, Expr)> {
    let of = |reading: &Reading| {
        let mut lowering = lowering(*reading);
        let lowered = lowering.query(level);
        lowering.errors.is_empty().then_some((*reading, lowered.expr))
    };
    readings.iter().filter_map(of).collect()
}

impl Query {
    /// Whether steps stand behind the query, so that its rows are no events.
    pub fn is_pipeline(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The query over a plan of events: what it matches, and the steps behind it.
    ///
    /// # Errors
    ///
    /// What the engine finds wrong with a step, such as a sum of texts.
    pub fn plan(&self, events: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
        let matched = LogicalPlanBuilder::from(events).filter(self.expr.clone())?.build()?;
        self.behind(matched)
    }

    /// The steps behind the query over a plan of what it matched.
    ///
    /// # Errors
    ///
    /// See [`Self::plan`].
    pub fn behind(&self, matched: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
        applied(matched, &self.steps)
    }
}

/// The query as the parser understood it, printed so that it reads back as the same tree.
///
/// # Errors
///
/// The first syntax error.
pub fn normalise(text: &str) -> Result<String, Diagnostic> {
    language::within_limit(text)?;
    let (blanked, _) = block::without_comments(text);
    lucene::parse(&blanked, false).map(|(level, _)| print::print(&level))
}
