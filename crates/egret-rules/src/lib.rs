//! Detection rules as teams keep them, run over the table of events.
//!
//! Elastic's rules in TOML and Sigma's in YAML become one [`Rule`]: a query, or a query with a count, a
//! novelty or a sequence behind it. [`load`] reads a folder, [`run`] asks the events.
//!
//! What it **cannot** do: rules over alerts of other rules, machine-learning jobs, indicator matches,
//! and data that no log of a case holds; each is named with the reason.

mod counting;
mod elastic;
mod events;
mod new_terms;
mod sequence;
mod sigma;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, ident, when};
use egret_model::dataset::Dataset;
use egret_model::ecs::Field;
use egret_model::ecs::catalog::fields;
use egret_query::{Bindings, Diagnostic, Language, Options, Query, Reading, Severity};
use jiff::Timestamp;
use serde::Serialize;

pub use counting::Counting;
pub use events::EventRef;
pub use new_terms::NewTerms;
pub use sequence::{Found, sequences};

/// Most bytes of a rule file that are read.
const RULE_BYTES_MAX: u64 = 4 << 20;

/// Rules whose queries are asked in one scan.
const RULES_A_SCAN: usize = 40;

/// Events shown of a rule that hit.
const SAMPLE: usize = 5;

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its own id; else its file's name.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// `critical`, `high`, `medium`, `low`, `informational`, or nothing.
    pub level: String,
    /// What it is written in.
    pub language: &'static str,
    /// ATT&CK techniques: `T1537`.
    pub attack: Vec<String>,
    /// Datasets it looks at; empty where it does not say.
    pub datasets: Vec<String>,
    /// File it comes from.
    pub file: PathBuf,
    /// What it asks for.
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Events that match.
    Query(Asked),
    /// So many within a span of time.
    Counting(Asked, Counting),
    /// Values that were not seen before.
    NewTerms(Asked, NewTerms),
    /// Events of other rules that follow one another, or come together.
    Correlation(Vec<(String, Asked)>, sigma::Correlation),
    /// It cannot be run; why.
    Unsupported(String),
}

/// A query as text, or as a rule format put it together.
#[derive(Debug, Clone)]
enum Asked {
    Text(String, Language),
    /// EQL whose event category is another field than usual: text, field.
    Eql(String, String),
    Condition(egret_query::Condition),
}

impl Asked {
    fn compile(&self, now: Timestamp, bindings: &Bindings) -> Result<Query, Vec<Diagnostic>> {
        let options = |language| Options {
            bindings,
            now,
            language,
            reading: Reading::Standard,
            strict: false,
            ignore_case: false,
            unknown_is_missing: true,
        };
        match self {
            Self::Text(text, language) => egret_query::compile(text, &options(*language)),
            Self::Eql(text, category) => {
                egret_query::compile_with_category(text, category, &options(Language::Eql))
            }
            Self::Condition(condition) => condition.compile(&options(Language::Lucene)),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text, _) | Self::Eql(text, _) => text.trim().to_owned(),
            Self::Condition(condition) => condition.to_string(),
        }
    }
}

impl Rule {
    /// The query it is, as text.
    pub fn query(&self) -> String {
        match &self.kind {
            Kind::Query(asked) | Kind::Counting(asked, _) | Kind::NewTerms(asked, _) => {
                asked.shown()
            }
            Kind::Correlation(parts, _) => {
                let parts = parts.iter().map(|(name, asked)| format!("{name}: {}", asked.shown()));
                parts.collect::<Vec<_>>().join("\n")
            }
            Kind::Unsupported(_) => String::new(),
        }
    }

    /// Queries it asks.
    fn asked(&self) -> Vec<&Asked> {
        match &self.kind {
            Kind::Query(asked) | Kind::Counting(asked, _) | Kind::NewTerms(asked, _) => vec![asked],
            Kind::Correlation(parts, _) => parts.iter().map(|(_, asked)| asked).collect(),
            Kind::Unsupported(_) => Vec::new(),
        }
    }

    /// Why it cannot be run, when that shows without any events.
    pub fn problem(&self) -> Option<String> {
        if let Kind::Unsupported(reason) = &self.kind {
            return Some(reason.clone());
        }
        let bindings = Bindings::new();
        self.asked().into_iter().find_map(|asked| {
            match asked.compile(Timestamp::UNIX_EPOCH, &bindings) {
                Ok(query) => says_nothing(&query),
                Err(errors) => Some(said(&errors)),
            }
        })
    }

    /// How it is read where that is otherwise than written: fields that no source fills, and the
    /// like.
    pub fn notes(&self) -> Vec<String> {
        let bindings = Bindings::new();
        let compiled = self
            .asked()
            .into_iter()
            .filter_map(|asked| asked.compile(Timestamp::UNIX_EPOCH, &bindings).ok());
        let mut notes: Vec<String> = compiled.flat_map(|query| noted(&query)).collect();
        notes.dedup();
        notes
    }
}

/// A file that holds no rule that could be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unread {
    /// The file.
    pub file: PathBuf,
    /// What was expected and found.
    pub reason: String,
}

/// Rules could not be read or run.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A file or folder could not be used.
    #[error("reading `{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is nothing to run.
    #[error("`{0}` holds no `.toml`, `.yml` or `.yaml` file; expected Elastic or Sigma rules")]
    NothingThere(PathBuf),
    /// A rule groups by a field that no source fills.
    #[error("{0}")]
    Field(String),
    /// The engine failed.
    #[error("query engine: {0}")]
    Engine(#[from] DataFusionError),
}

/// Every rule below a path, in order of the files' names, and the files that hold none.
///
/// # Errors
///
/// [`RuleError::Io`] and [`RuleError::NothingThere`]; a file that is no rule is no error.
pub fn load(path: &Path) -> Result<(Vec<Rule>, Vec<Unread>), RuleError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| RuleError::Io { path, source }
    };
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| io(path)(error.into()))?;
        let kind = entry.path().extension().and_then(|extension| extension.to_str());
        if entry.file_type().is_file() && matches!(kind, Some("toml" | "yml" | "yaml")) {
            files.push(entry.into_path());
        }
    }
    if files.is_empty() {
        return Err(RuleError::NothingThere(path.to_owned()));
    }
    let (mut rules, mut unread) = (Vec::new(), Vec::new());
    let mut documents = Vec::new();
    for file in files {
        let mut refuse = |reason: String| unread.push(Unread { file: file.clone(), reason });
        let mut bytes = Vec::new();
        std::fs::File::open(&file)
            .and_then(|open| open.take(RULE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes))
            .map_err(io(&file))?;
        if u64::try_from(bytes.len()).is_ok_and(|size| size > RULE_BYTES_MAX) {
            refuse(format!("at most {RULE_BYTES_MAX} bytes are read of a rule"));
            continue;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            refuse("expected UTF-8 text".to_owned());
            continue;
        };
        if file.extension().is_some_and(|extension| extension == "toml") {
            match elastic::read(&text, &file) {
                Ok(rule) => rules.push(rule),
                Err(reason) => refuse(reason),
            }
        } else {
            documents.push((file, text));
        }
    }
    // Correlations name rules of other files.
    let (mut more, mut refused) = sigma::read(&documents);
    rules.append(&mut more);
    unread.append(&mut refused);
    rules.sort_by(|a, b| (&a.file, &a.id, &a.title).cmp(&(&b.file, &b.id, &b.title)));
    unread.sort();
    Ok((rules, unread))
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It matched.
    Hit,
    /// It did not match.
    NoHit,
    /// It is understood and cannot be run.
    Unsupported,
    /// Something is wrong with it.
    Failed,
}

/// A rule and what it found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its level.
    pub level: String,
    /// What it is written in.
    pub language: String,
    /// How it came out.
    pub status: Status,
    /// Events, groups or sequences that matched.
    pub rows: u64,
    /// In words.
    pub reason: String,
    /// First event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// How the query was read, where it was read otherwise than written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Some of what matched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sample: Vec<EventRef>,
    /// The rule's file.
    pub file: PathBuf,
}

impl Outcome {
    fn of(rule: &Rule, status: Status, reason: impl Into<String>) -> Self {
        Self {
            id: rule.id.clone(),
            title: rule.title.clone(),
            level: rule.level.clone(),
            language: rule.language.to_owned(),
            status,
            rows: 0,
            reason: reason.into(),
            first: None,
            last: None,
            attack: rule.attack.clone(),
            notes: Vec::new(),
            sample: Vec::new(),
            file: rule.file.clone(),
        }
    }

    fn found(mut self, found: &Found, what: What, datasets: &[String], loaded: &[String]) -> Self {
        self.rows = found.rows;
        self.first = found.first;
        self.last = found.last;
        self.sample.clone_from(&found.sample);
        if found.rows > 0 {
            self.status = Status::Hit;
            let (one, several) = what;
            self.reason = format!("{} {}", found.rows, if found.rows == 1 { one } else { several });
            if !found.note.is_empty() {
                self.reason = format!("{}; {}", self.reason, found.note);
            }
        } else {
            self.status = Status::NoHit;
            self.reason = absent(datasets, loaded);
            if !found.note.is_empty() {
                self.reason.clone_from(&found.note);
            }
        }
        self
    }
}

/// What a rule finds: one, several.
type What = (&'static str, &'static str);

const EVENTS: What = ("event", "events");
const GROUPS: What = ("group", "groups");
const ROWS: What = ("row", "rows");
const SEQUENCES: What = ("sequence", "sequences");
const NEW: What = ("event with new values", "events with new values");

/// Whether none of the logs that a rule is about is at hand.
fn is_dark(datasets: &[String], loaded: &[String]) -> bool {
    !datasets.is_empty() && datasets.iter().all(|dataset| !loaded.contains(dataset))
}

/// Why nothing was found: nothing there, or nothing that would show it.
fn absent(datasets: &[String], loaded: &[String]) -> String {
    let missing: Vec<&str> =
        datasets.iter().filter(|dataset| !loaded.contains(dataset)).map(String::as_str).collect();
    if missing.is_empty() {
        return "no event matches".to_owned();
    }
    let is = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
    let so_far = if is_dark(datasets, loaded) {
        "no log at hand could show it: "
    } else {
        "no event matches; "
    };
    let mut reason =
        format!("{so_far}{} {} not among the evidence", missing.join(", "), is(&missing));
    let unread: Vec<&str> =
        missing.into_iter().filter(|name| Dataset::by_name(name).is_none()).collect();
    if !unread.is_empty() {
        reason.push_str(&format!(
            "; {} {} read from ECS documents only",
            unread.join(", "),
            is(&unread)
        ));
    }
    reason
}

fn said(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|one| match &one.help {
            Some(help) => format!("{}: {}; {help}", one.code, one.message),
            None => format!("{}: {}", one.code, one.message),
        })
        .collect::<Vec<_>>()
        .join("; ")
}

/// Runs rules over a table of events; one outcome a rule, in their order.
///
/// # Errors
///
/// [`RuleError::Engine`] when the events cannot be asked at all; a rule that cannot be run is an
/// outcome.
pub async fn run(
    rules: &[Rule],
    events: &DataFrame,
    now: Timestamp,
) -> Result<Vec<Outcome>, RuleError> {
    let loaded = events::datasets(events).await?;
    let bindings = Bindings::new();
    let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
    // Single events of many rules from one scan.
    let mut plain: Vec<(usize, Query)> = Vec::new();
    let mut used: BTreeMap<usize, Vec<Field>> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let mut compile = |asked: &Asked| {
            let query = asked.compile(now, &bindings)?;
            used.entry(at).or_default().extend(query.fields.iter().filter_map(|name| column(name)));
            Ok(query)
        };
        let failed = |errors: Vec<Diagnostic>| {
            let cannot = errors.iter().all(|error| {
                matches!(error.code, egret_query::Code::Unsupported | egret_query::Code::Field)
            });
            let status = if cannot { Status::Unsupported } else { Status::Failed };
            Outcome::of(rule, status, said(&errors))
        };
        let outcome = match &rule.kind {
            Kind::Unsupported(reason) => Outcome::of(rule, Status::Unsupported, reason),
            Kind::Query(asked) => match compile(asked) {
                Err(errors) => failed(errors),
                Ok(query) if query.sequence.is_none() && !query.is_pipeline() => {
                    plain.push((at, query));
                    continue;
                }
                Ok(query) => {
                    let found = match &query.sequence {
                        Some(sequence) => sequences(events, sequence).await,
                        // A count of nothing is a row, and no hit.
                        None if is_dark(&rule.datasets, &loaded) => Ok(Found::default()),
                        None => events::pipeline(events, &query).await,
                    };
                    let what = if query.sequence.is_some() { SEQUENCES } else { ROWS };
                    settled(rule, found, what, &loaded, &query)
                }
            },
            Kind::Counting(asked, counting) => match compile(asked) {
                Err(errors) => failed(errors),
                Ok(query) => {
                    let found = counting::count(events, &query.expr, counting).await;
                    settled(rule, found, GROUPS, &loaded, &query)
                }
            },
            Kind::NewTerms(asked, terms) => match compile(asked) {
                Err(errors) => failed(errors),
                Ok(query) => {
                    let found = new_terms::find(events, &query.expr, terms).await;
                    settled(rule, found, NEW, &loaded, &query)
                }
            },
            Kind::Correlation(parts, correlation) => {
                let compiled: Result<Vec<(String, Query)>, Vec<Diagnostic>> =
                    parts.iter().map(|(name, asked)| Ok((name.clone(), compile(asked)?))).collect();
                match compiled {
                    Err(errors) => failed(errors),
                    Ok(compiled) => {
                        let found = correlation.find(events, &compiled).await;
                        match found {
                            Ok(found) => Outcome::of(rule, Status::NoHit, "").found(
                                &found,
                                GROUPS,
                                &rule.datasets,
                                &loaded,
                            ),
                            Err(error) => broken(rule, &error),
                        }
                    }
                }
            }
        };
        outcomes.insert(at, outcome);
    }
    for chunk in plain.chunks(RULES_A_SCAN) {
        for (at, found) in single(events, chunk).await? {
            let Some((rule, (_, query))) =
                rules.get(at).zip(chunk.iter().find(|(place, _)| *place == at))
            else {
                continue;
            };
            outcomes.insert(at, settled(rule, Ok(found), EVENTS, &loaded, query));
        }
    }
    let empty = events::empty(events, used.values().flatten().copied().collect()).await?;
    for (at, outcome) in &mut outcomes {
        let dark = rules.get(*at).is_none_or(|rule| is_dark(&rule.datasets, &loaded));
        if dark || outcome.status != Status::NoHit {
            continue;
        }
        let mut lacking: Vec<Field> = used.remove(at).unwrap_or_default();
        lacking.retain(|field| empty.contains(field));
        lacking.sort_unstable();
        lacking.dedup();
        if !lacking.is_empty() {
            let names: Vec<String> =
                lacking.iter().map(|field| format!("`{}`", field.name())).collect();
            outcome.reason =
                format!("{}; no event at hand has {}", outcome.reason, names.join(", "));
        }
    }
    Ok(outcomes.into_values().collect())
}

/// The column that a field or a path below a document lies in.
fn column(name: &str) -> Option<Field> {
    let mut known = name;
    loop {
        if let Some(field) = Field::by_name(known) {
            return Some(field);
        }
        known = known.rsplit_once('.')?.0;
    }
}

fn settled(
    rule: &Rule,
    found: Result<Found, RuleError>,
    what: What,
    loaded: &[String],
    query: &Query,
) -> Outcome {
    let mut outcome = match found {
        Ok(found) => {
            Outcome::of(rule, Status::NoHit, "").found(&found, what, &rule.datasets, loaded)
        }
        Err(error) => broken(rule, &error),
    };
    if outcome.status == Status::NoHit {
        if let Some(reason) = says_nothing(query) {
            outcome.status = Status::Unsupported;
            outcome.reason = reason;
        } else if let Some(unknown) = unknown_fields(query) {
            outcome.reason = format!("{}; {unknown}", outcome.reason);
        }
    }
    outcome.notes = noted(query);
    outcome
}

/// How a query was read, where it was read otherwise than written.
fn noted(query: &Query) -> Vec<String> {
    query
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Warning || one.code == egret_query::Code::Nested)
        .map(|one| format!("{}: {}", one.code, one.message))
        .collect()
}

/// Fields that no source fills, when the query names any.
fn unknown_fields(query: &Query) -> Option<String> {
    let unknown: Vec<&str> = query
        .diagnostics
        .iter()
        .filter(|one| one.code == egret_query::Code::NoField)
        .map(|one| one.message.as_str())
        .collect();
    (!unknown.is_empty()).then(|| unknown.join("; "))
}

/// Why a query can say nothing: apart from the dataset it names no field that any source fills.
fn says_nothing(query: &Query) -> Option<String> {
    let dataset = fields::EVENT_DATASET.name();
    unknown_fields(query).filter(|_| query.fields.iter().all(|field| field == dataset))
}

/// A rule that went wrong while it ran.
fn broken(rule: &Rule, error: &RuleError) -> Outcome {
    let status =
        if matches!(error, RuleError::Field(_)) { Status::Unsupported } else { Status::Failed };
    Outcome::of(rule, status, error.to_string())
}

/// Count, first and last of each query, from one scan; then a few events of those that matched.
async fn single(
    events: &DataFrame,
    queries: &[(usize, Query)],
) -> Result<Vec<(usize, Found)>, RuleError> {
    let time = || ident(fields::TIMESTAMP.name());
    let mut columns: Vec<Expr> = Vec::new();
    for (at, query) in queries {
        let hit = when(query.expr.clone(), time()).end()?;
        columns.push(count(hit.clone()).alias(format!("n_{at}")));
        columns.push(min(hit.clone()).alias(format!("first_{at}")));
        columns.push(max(hit).alias(format!("last_{at}")));
    }
    let batches = events.clone().aggregate(Vec::new(), columns)?.collect().await?;
    let mut found = Vec::new();
    for (at, query) in queries {
        let rows = events::number(&batches, &format!("n_{at}")).unwrap_or(0);
        let mut one = Found {
            rows,
            first: events::time(&batches, &format!("first_{at}")),
            last: events::time(&batches, &format!("last_{at}")),
            ..Found::default()
        };
        if rows > 0 {
            let frame = events.clone().filter(query.expr.clone())?;
            one.sample = events::sample(frame, SAMPLE).await?;
        }
        found.push((*at, one));
    }
    Ok(found)
}
