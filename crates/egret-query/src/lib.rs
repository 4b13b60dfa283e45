//! Query text in, DataFusion expression out, every reading explained.
//!
//! The dialect is Lucene's `query_string` as analysts write it in playbooks: with comments,
//! placeholders and a few habits that Lucene itself would refuse or misread. Each such departure
//! leaves a [`Diagnostic`] with a stable code; `docs/query-language.md` lists them.
//!
//! The line: [`split`] cuts a block into queries, [`compile`] reads one: parser → tree →
//! [`Reading`] → expression over the columns of `events`. Where the data lies is nobody's business
//! here.

mod ast;
mod block;
mod cursor;
mod date_math;
mod diagnostic;
mod lower;
mod parser;
mod print;
mod reading;
mod resolve;

use datafusion_expr::Expr;
use jiff::Timestamp;

pub use block::{Bindings, Block, placeholders, split};
pub use diagnostic::{Code, Diagnostic, Severity};
pub use reading::Reading;

use lower::Lowering;

/// What a query is compiled with.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Values of its placeholders.
    pub bindings: &'a Bindings,
    /// What `now` means: the case's reference time.
    pub now: Timestamp,
    /// How AND and OR side by side are understood.
    pub reading: Reading,
    /// Refuse what Lucene would refuse, instead of repairing it.
    pub strict: bool,
    /// Compare text without regard to case.
    pub ignore_case: bool,
}

/// A query that can be run.
#[derive(Debug, Clone)]
pub struct Query {
    /// The text as written.
    pub text: String,
    /// True for the rows it matches; null or false for others.
    pub expr: Expr,
    /// The same query with placeholders and instants filled in.
    pub bound_text: String,
    /// The reading that was applied, in words, where the text could be read in more than one way.
    pub reading: Option<String>,
    /// Fields and paths it uses, as the catalogue spells them, sorted.
    pub fields: Vec<String>,
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
///     reading: Reading::Investigator,
///     strict: false,
///     ignore_case: false,
/// };
/// let query = compile("aws.s3.bucket.name: \"<bucket_name>\"", &options).map_err(|_| "no query")?;
/// assert_eq!(query.bound_text, "aws.s3.bucket.name: \"payroll\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compile(text: &str, options: &Options<'_>) -> Result<Query, Vec<Diagnostic>> {
    let (blanked, had_comments) = block::without_comments(text);
    let (level, mut diagnostics) =
        parser::parse(&blanked, options.strict).map_err(|error| vec![error.within(text.len())])?;
    if had_comments {
        diagnostics
            .insert(0, Diagnostic::new(Code::Comment, 0..text.len(), "comment lines are left out"));
    }
    let lowering = |reading: Reading| Lowering {
        bindings: options.bindings,
        now: options.now,
        reading,
        ignore_case: options.ignore_case,
        diagnostics: Vec::new(),
        errors: Vec::new(),
        fields: std::collections::BTreeSet::new(),
        time: (None, None),
    };
    let mut chosen = lowering(options.reading);
    let lowered = chosen.query(&level);
    if !chosen.errors.is_empty() {
        chosen.errors.sort_by_key(|error| (error.span.start, error.code));
        chosen.errors.dedup();
        return Err(chosen.errors);
    }
    let hoisted = chosen.diagnostics.iter().any(|held| held.code == Code::Precedence);
    let mut alternatives = Vec::new();
    let mut reading = None;
    if hoisted {
        reading = Some("investigator: the time bounds hold for the whole OR chain".to_owned());
        for other in [Reading::Standard, Reading::Lucene] {
            let mut lowering = lowering(other);
            let lowered = lowering.query(&level);
            if lowering.errors.is_empty() {
                alternatives.push((other, lowered.expr));
            }
        }
    } else if options.reading != Reading::Investigator && reading::is_mixed(&level) {
        reading = Some(
            match options.reading {
                Reading::Lucene => "lucene: clauses beside AND are required, the others are idle",
                Reading::Standard | Reading::Investigator => "standard: AND binds tighter than OR",
            }
            .to_owned(),
        );
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
        expr: lowered.expr,
        bound_text: lowered.text,
        reading,
        fields: chosen.fields.into_iter().collect(),
        time,
        alternatives,
        diagnostics,
    })
}

/// The query as the parser understood it, printed so that it reads back as the same tree.
///
/// # Errors
///
/// The first syntax error.
pub fn normalise(text: &str) -> Result<String, Diagnostic> {
    let (blanked, _) = block::without_comments(text);
    parser::parse(&blanked, false).map(|(level, _)| print::print(&level))
}
