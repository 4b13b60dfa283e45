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
use egret_query::{Bindings, Code, Diagnostic, Language, Options, Query, Reading, Severity};
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
    /// What a reader of its outcome should know of how it was read.
    notes: Vec<String>,
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
    /// It cannot be run.
    Refused(Refusal),
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
            Kind::Refused(_) => String::new(),
        }
    }

    /// Why it cannot be run, when that shows without any events.
    pub fn problem(&self) -> Option<(Status, String)> {
        let refusal = self.ready(Timestamp::UNIX_EPOCH).err()?;
        Some((refusal.status, refusal.reason))
    }

    /// How it is read where that is otherwise than written: fields that no source fills, and the
    /// like.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if let Ok(ready) = self.ready(Timestamp::UNIX_EPOCH) {
            for note in ready.queries().into_iter().flat_map(noted) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        notes
    }

    /// The rule, compiled; what it cannot be run for, whatever the events.
    fn ready(&self, now: Timestamp) -> Result<Ready<'_>, Refusal> {
        let bindings = Bindings::new();
        let compile =
            |asked: &Asked| asked.compile(now, &bindings).map_err(|errors| Refusal::of(&errors));
        let ready = match &self.kind {
            Kind::Refused(refusal) => return Err(refusal.clone()),
            Kind::Query(asked) => Ready::Query(compile(asked)?),
            Kind::Counting(asked, counting) => Ready::Counting(compile(asked)?, counting),
            Kind::NewTerms(asked, terms) => Ready::NewTerms(compile(asked)?, terms),
            Kind::Correlation(parts, correlation) => {
                let compiled = parts.iter().map(|(name, asked)| match compile(asked) {
                    Ok(query) => Ok((name.clone(), query)),
                    Err(refusal) => Err(refusal.within(&format!("`{name}`"))),
                });
                Ready::Correlation(compiled.collect::<Result<_, _>>()?, correlation)
            }
        };
        for name in ready.keys() {
            egret_query::field(name).map_err(|error| Refusal::of(&[error]))?;
        }
        match ready.queries().into_iter().find_map(says_nothing) {
            Some(reason) => Err(Refusal::unsupported(reason)),
            None => Ok(ready),
        }
    }
}

/// Why a rule is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    status: Status,
    reason: String,
}

impl Refusal {
    /// It is understood.
    fn unsupported(reason: impl Into<String>) -> Self {
        Self { status: Status::Unsupported, reason: reason.into() }
    }

    /// Something is wrong with it.
    fn failed(reason: impl Into<String>) -> Self {
        Self { status: Status::Failed, reason: reason.into() }
    }

    /// What a compiler found.
    fn of(errors: &[Diagnostic]) -> Self {
        let is_understood = |error: &Diagnostic| {
            matches!(error.code, Code::Unsupported | Code::Field | Code::Limit)
        };
        let reason = said(errors.iter());
        if errors.iter().all(is_understood) {
            Self::unsupported(reason)
        } else {
            Self::failed(reason)
        }
    }

    /// The same, of a part of something.
    fn within(self, part: &str) -> Self {
        Self { reason: format!("{part}: {}", self.reason), ..self }
    }
}

/// A rule that can be asked.
enum Ready<'r> {
    Query(Query),
    Counting(Query, &'r Counting),
    NewTerms(Query, &'r NewTerms),
    Correlation(Vec<(String, Query)>, &'r sigma::Correlation),
}

impl Ready<'_> {
    fn queries(&self) -> Vec<&Query> {
        match self {
            Self::Query(query) | Self::Counting(query, _) | Self::NewTerms(query, _) => {
                vec![query]
            }
            Self::Correlation(parts, _) => parts.iter().map(|(_, query)| query).collect(),
        }
    }

    /// Fields whose values are compared between events.
    fn keys(&self) -> Vec<&String> {
        match self {
            Self::Query(_) => Vec::new(),
            Self::Counting(_, counting) => counting.keys(),
            Self::NewTerms(_, terms) => terms.of.iter().collect(),
            Self::Correlation(_, correlation) => correlation.keys(),
        }
    }

    /// What is counted of it: one, several.
    fn what(&self) -> What {
        match self {
            Self::Query(query) if query.sequence.is_some() => ("sequence", "sequences"),
            Self::Query(query) if query.is_pipeline() => ("row", "rows"),
            Self::Query(_) => EVENTS,
            Self::NewTerms(..) => ("event with new values", "events with new values"),
            Self::Counting(..) | Self::Correlation(..) => ("group", "groups"),
        }
    }

    /// Columns that its queries look at.
    fn columns(&self) -> Vec<Field> {
        columns(&self.queries())
    }

    async fn find(&self, events: &DataFrame) -> Result<Found, RuleError> {
        match self {
            Self::Query(query) => match &query.sequence {
                Some(sequence) => sequences(events, sequence).await,
                None => events::pipeline(events, query).await,
            },
            Self::Counting(query, counting) => counting::count(events, &query.expr, counting).await,
            Self::NewTerms(query, terms) => new_terms::find(events, &query.expr, terms).await,
            Self::Correlation(parts, correlation) => correlation.find(events, parts).await,
        }
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
    /// A field that events are grouped by is none of the table.
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
            notes: rule.notes.clone(),
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

/// Whether a dataset, which may have a star, is at hand.
fn is_there(pattern: &str, loaded: &[String]) -> bool {
    loaded.iter().any(|dataset| egret_model::glob::fits(pattern, dataset))
}

/// Whether none of the logs that a rule is about is at hand.
fn is_dark(datasets: &[String], loaded: &[String]) -> bool {
    !datasets.is_empty() && datasets.iter().all(|dataset| !is_there(dataset, loaded))
}

/// Why nothing was found: nothing there, or nothing that would show it.
fn absent(datasets: &[String], loaded: &[String]) -> String {
    let missing: Vec<&str> =
        datasets.iter().map(String::as_str).filter(|name| !is_there(name, loaded)).collect();
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
    let is_unread = |name: &&str| !name.contains('*') && Dataset::by_name(name).is_none();
    let unread: Vec<&str> = missing.into_iter().filter(is_unread).collect();
    if !unread.is_empty() {
        reason.push_str(&format!(
            "; {} {} read from ECS documents only",
            unread.join(", "),
            is(&unread)
        ));
    }
    reason
}

/// Diagnostics in words, each once.
fn said<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>) -> String {
    let mut all: Vec<String> = Vec::new();
    for one in diagnostics {
        let text = match &one.help {
            Some(help) => format!("{}: {}; {help}", one.code, one.message),
            None => format!("{}: {}", one.code, one.message),
        };
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all.join("; ")
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
    let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
    // Single events of many rules from one scan.
    let mut plain: Vec<(usize, Query)> = Vec::new();
    let mut used: BTreeMap<usize, Vec<Field>> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let outcome = match rule.ready(now) {
            Err(refusal) => Outcome::of(rule, refusal.status, refusal.reason),
            Ok(Ready::Query(query)) if query.sequence.is_none() && !query.is_pipeline() => {
                used.insert(at, columns(&[&query]));
                plain.push((at, query));
                continue;
            }
            Ok(ready) => {
                used.insert(at, ready.columns());
                // A count of nothing is a row, and no hit.
                let is_pipeline = matches!(&ready, Ready::Query(query) if query.is_pipeline());
                let found = if is_pipeline && is_dark(&rule.datasets, &loaded) {
                    Ok(Found::default())
                } else {
                    ready.find(events).await
                };
                settled(rule, found, ready.what(), &loaded, &ready.queries())
            }
        };
        outcomes.insert(at, outcome);
    }
    for chunk in plain.chunks(RULES_A_SCAN) {
        let together = single(events, chunk).await.ok();
        for (place, one) in chunk.iter().enumerate() {
            let found = match together.as_ref().and_then(|found| found.get(place)) {
                Some(found) => Ok(found.clone()),
                // One of them stops the scan, and must not stop the others.
                None => single(events, std::slice::from_ref(one))
                    .await
                    .map(|found| found.into_iter().next().unwrap_or_default()),
            };
            let (at, query) = one;
            if let Some(rule) = rules.get(*at) {
                outcomes.insert(*at, settled(rule, found, EVENTS, &loaded, &[query]));
            }
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

/// Columns that queries look at.
fn columns(queries: &[&Query]) -> Vec<Field> {
    queries.iter().flat_map(|query| &query.fields).filter_map(|name| column(name)).collect()
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
    queries: &[&Query],
) -> Outcome {
    let mut outcome = match found {
        Ok(found) => {
            Outcome::of(rule, Status::NoHit, "").found(&found, what, &rule.datasets, loaded)
        }
        Err(error) => Outcome::of(rule, Status::Failed, error.to_string()),
    };
    let all = || queries.iter().flat_map(|query| &query.diagnostics);
    let unknown = unknown_fields(queries);
    let is_said = outcome.status == Status::NoHit && !unknown.is_empty();
    if is_said {
        let pronoun = if unknown.len() == 1 { "it is" } else { "they are" };
        outcome.reason =
            format!("{}; {}; {pronoun} read as missing", outcome.reason, unknown.join("; "));
    }
    let unsaid = |one: &&Diagnostic| !(is_said && one.code == Code::NoField);
    for note in all().filter(unsaid).filter_map(note) {
        if !outcome.notes.contains(&note) {
            outcome.notes.push(note);
        }
    }
    outcome
}

/// What a reader should know of how a query was read.
fn noted(query: &Query) -> Vec<String> {
    query.diagnostics.iter().filter_map(note).collect()
}

fn note(one: &Diagnostic) -> Option<String> {
    let is_note = one.severity == Severity::Warning || one.code == Code::Nested;
    is_note.then(|| said(std::iter::once(one)))
}

/// Fields that queries name and no source fills, each with the names that are near.
fn unknown_fields(queries: &[&Query]) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    let all = queries.iter().flat_map(|query| &query.diagnostics);
    for one in all.filter(|one| one.code == Code::NoField) {
        let what = one.message.split("; ").next().unwrap_or_default();
        let text = match &one.help {
            Some(help) => format!("{what}, {help}"),
            None => what.to_owned(),
        };
        if !unknown.contains(&text) {
            unknown.push(text);
        }
    }
    unknown
}

/// Why a query can say nothing: apart from the dataset it names no field that any source fills.
fn says_nothing(query: &Query) -> Option<String> {
    let dataset = fields::EVENT_DATASET.name();
    let unknown = unknown_fields(&[query]);
    let names_others = query.searched || query.fields.iter().any(|field| field != dataset);
    (!unknown.is_empty() && !names_others)
        .then(|| format!("{}; it asks for nothing else", unknown.join("; ")))
}

/// Count, first and last of each query, from one scan; then a few events of those that matched.
async fn single(events: &DataFrame, queries: &[(usize, Query)]) -> Result<Vec<Found>, RuleError> {
    let time = || ident(fields::TIMESTAMP.name());
    // Each query once: as a column of its own, which is counted then.
    let (mut hits, mut columns): (Vec<Expr>, Vec<Expr>) = (Vec::new(), Vec::new());
    for (at, query) in queries {
        let name = format!("hit_{at}");
        hits.push(when(query.expr.clone(), time()).end()?.alias(&name));
        columns.push(count(ident(&name)).alias(format!("n_{at}")));
        columns.push(min(ident(&name)).alias(format!("first_{at}")));
        columns.push(max(ident(&name)).alias(format!("last_{at}")));
    }
    let batches = events.clone().select(hits)?.aggregate(Vec::new(), columns)?.collect().await?;
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
        found.push(one);
    }
    Ok(found)
}
