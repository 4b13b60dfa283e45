//! The investigation record: all that a report may show, and the JSON report itself
//! (schema `egret.report/1`).
//!
//! Members are added, never renamed. Lists are sorted by whoever fills them, so the same evidence
//! and settings give the same bytes. Every text here may hold log text and is hostile: only
//! `egret-report`'s escaping may put it on a page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::time::TimeRange;

/// Name and version of the JSON report's shape.
pub const SCHEMA: &str = "egret.report/1";

/// A whole investigation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What was investigated, with which settings.
    pub case: CaseInfo,
    /// The answer.
    pub verdict: Verdict,
    /// What the logs could show.
    pub coverage: Coverage,
    /// What became of the records.
    pub ingest: IngestTotals,
    /// Data that left, or a way opened for it, sorted by first event.
    pub movements: Vec<Movement>,
    /// Where it went, sorted by kind and id.
    pub destinations: Vec<DestinationTotal>,
    /// Who did it, sorted by principal.
    pub actors: Vec<Actor>,
    /// From a credential back to where it came from.
    pub chains: Vec<Chain>,
    /// Benign explanations, tested.
    pub hypotheses: Vec<Hypothesis>,
    /// What it means.
    pub impact: Impact,
    /// Permissions that allowed it.
    pub permissions: Vec<PermissionNote>,
    /// Controls that could have stopped or shown it.
    pub controls: Vec<ControlNote>,
    /// What happened, in order.
    pub timeline: Vec<TimelineEntry>,
    /// The pattern's steps, in its order.
    pub steps: Vec<Step>,
    /// Channels looked for, found or not, sorted by id.
    pub channels: Vec<ChannelResult>,
    /// The pattern's pivot points.
    pub pivots: Vec<Pivot>,
    /// Conclusions with their records.
    pub findings: Vec<Finding>,
    /// What the pattern requires before the case may close.
    pub completion: Completion,
}

/// The case a report belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseInfo {
    /// Case id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Period under investigation.
    pub window: TimeRange,
    /// What `now` means.
    pub reference_time: Timestamp,
    /// How window and reference time were chosen, in a sentence.
    pub window_reason: String,
    /// The pattern that was run.
    pub pattern: PatternRef,
    /// Values bound to the pattern's placeholders, with who chose them.
    pub bindings: Vec<Binding>,
    /// Version that wrote the report.
    pub egret_version: String,
}

/// A pattern by name and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternRef {
    /// Its title.
    pub name: String,
    /// SHA-256 of the document.
    pub sha256: String,
}

/// A value bound to a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Placeholder without its brackets.
    pub name: String,
    /// Values; several are any-of.
    pub values: Vec<String>,
    /// `given` by the analyst, or `found` in the evidence with the reason.
    pub origin: String,
}

/// How far the evidence supports that data left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictLevel {
    /// The logs would have shown it and do not.
    NotSupported,
    /// The logs cannot tell.
    Undetermined,
    /// A door was opened, or data was moved; that it went where it may not is not shown.
    Possible,
    /// Data was copied or read towards somewhere not known to be authorised.
    Likely,
    /// The other side is known to have it.
    Confirmed,
}

impl VerdictLevel {
    /// As the JSON report spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSupported => "not_supported",
            Self::Undetermined => "undetermined",
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Confirmed => "confirmed",
        }
    }
}

/// How sure a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Rests on one indirect sign, or on incomplete logs.
    Low,
    /// Rests on direct records with a gap beside them.
    Medium,
    /// Rests on direct records that leave little room.
    High,
}

impl Confidence {
    /// As the JSON report spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The answer, its reasons and its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Likelihood.
    pub level: VerdictLevel,
    /// How sure that likelihood is; a separate question.
    pub confidence: Confidence,
    /// One sentence for the top of the page; never claims more than `level`.
    pub headline: String,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
    /// What cannot be known, why, and which log would show it.
    pub limits: Vec<String>,
    /// What would change the verdict, in either direction.
    pub would_change: Vec<String>,
    /// What to do next.
    pub next_steps: Vec<String>,
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// In words.
    pub text: String,
    /// Findings behind it, by id.
    pub findings: Vec<String>,
    /// Coverage checks it rests on, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
}

/// What the logs at hand could show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// One row a dataset, account and region, sorted so.
    pub datasets: Vec<DatasetCoverage>,
    /// The pattern's availability checks.
    pub checks: Vec<CoverageCheck>,
}

/// What one dataset covers for one account and region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetCoverage {
    /// `event.dataset`.
    pub dataset: String,
    /// Account; `None` where the log does not say.
    pub account: Option<String>,
    /// Region; `None` where the log does not say.
    pub region: Option<String>,
    /// First event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// Number of events.
    pub events: u64,
    /// How many of them are deliveries of logs by AWS itself.
    #[serde(default)]
    pub log_deliveries: u64,
    /// Runs of whole hours without an event that chance does not explain.
    pub gaps: Vec<Gap>,
    /// Events of each day that has any, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DayActivity>,
    /// How late its files arrived, where their names say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<DeliveryDelay>,
}

/// A run of whole hours without an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// First instant of it.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// Events to be expected in it, by the rhythm of the log.
    #[serde(default)]
    pub expected: u64,
    /// What the logs say of it, such as `StopLogging`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Events of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayActivity {
    /// Day, UTC: `2026-11-24`.
    pub date: String,
    /// Events.
    pub events: u64,
    /// Hours with any, up to 24.
    pub hours: u32,
}

/// How long after an event its file arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDelay {
    /// Median over the files, from their last event, in seconds.
    pub typical_seconds: u64,
    /// Longest, from a file's first event, in seconds.
    pub longest_seconds: u64,
    /// Files whose names say when they arrived.
    pub files: u64,
}

/// Outcome of one availability check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Shown by the evidence.
    Met,
    /// Contradicted by the evidence.
    NotMet,
    /// The evidence cannot tell.
    Unknown,
}

/// One availability check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageCheck {
    /// Stable id.
    pub id: String,
    /// What was asked.
    pub title: String,
    /// The answer.
    pub status: CheckStatus,
    /// What it rests on, and what it means.
    pub detail: String,
    /// The same for each bucket, network, role or place in scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<CheckItem>,
}

/// One subject of an availability check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckItem {
    /// Bucket, network, role, or account and region.
    pub subject: String,
    /// The answer for it.
    pub status: CheckStatus,
    /// What that rests on.
    pub detail: String,
}

/// Totals over all evidence files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestTotals {
    /// Evidence files.
    pub files: u64,
    /// Records found.
    pub read: u64,
    /// Records stored.
    pub stored: u64,
    /// Records stored already.
    pub duplicate: u64,
    /// Records that could not be read.
    pub quarantined: u64,
    /// Files no source knew, or that could not be read whole, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How far a movement of data is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// A guard was lowered or data made ready; nothing was opened or moved by it.
    Prepared,
    /// A door was opened: share, policy, grant. Nothing shows that anyone went through.
    Enabled,
    /// Tried, and denied or failed.
    Attempted,
    /// A copy was made, or data was read.
    Performed,
    /// The other side is known to have it.
    Received,
}

impl Grade {
    /// As the JSON report spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Enabled => "enabled",
            Self::Attempted => "attempted",
            Self::Performed => "performed",
            Self::Received => "received",
        }
    }
}

/// One movement of data through one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// `M1`, `M2`, … in order of `first`.
    pub id: String,
    /// Channel id.
    pub channel: String,
    /// What happened, in a sentence that claims no more than the grade.
    pub title: String,
    /// How far it is proved.
    pub grade: Grade,
    /// Why that grade, and what it does not prove.
    pub grade_reason: String,
    /// What moved, or was opened.
    pub resource: Resource,
    /// Where to.
    pub destination: Destination,
    /// By whom.
    pub actor: MovementActor,
    /// First event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// When the door was closed again.
    pub closed_at: Option<Timestamp>,
    /// Distinct objects, when they can be counted.
    pub objects: Option<u64>,
    /// How much.
    pub bytes: Volume,
    /// Events behind it, all counted in `event_count`, the first few cited.
    pub events: Vec<Citation>,
    /// Number of events behind it.
    pub event_count: u64,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// Query that lists every event behind it.
    pub query: String,
    /// What stands out about it, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<String>,
}

/// What moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// `s3_bucket`, `s3_object`, `ebs_snapshot`, `ami`, `rds_snapshot`, `instance`, `network_interface`, …
    pub kind: String,
    /// Name, id or ARN as logged.
    pub id: String,
    /// Owning account, when known.
    pub account: Option<String>,
}

/// Whether a destination is an authorised place for the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorised {
    /// Known to be.
    Yes,
    /// Known not to be.
    No,
    /// Nothing says.
    Unknown,
}

impl Authorised {
    /// As the JSON report spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// Where data went, or may go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    /// `aws_account`, `ip_address`, `s3_bucket`, `public`, `organization`, `region`, `unknown`, …
    pub kind: String,
    /// Account id, address, bucket, …
    pub id: String,
    /// Owning account, when known.
    pub account: Option<String>,
    /// Outside the accounts and networks under investigation; `None` when that cannot be told.
    pub external: Option<bool>,
    /// Whether data may be there.
    pub authorised: Authorised,
    /// Why `external` and `authorised` say what they say.
    pub reason: String,
}

/// Who moved it, as the events name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MovementActor {
    /// ARN, or whatever names the principal.
    pub principal: Option<String>,
    /// User, role or session name.
    pub user: Option<String>,
    /// Access key used.
    pub access_key_id: Option<String>,
    /// Address, or service name, the calls came from.
    pub source_ip: Option<String>,
}

/// Which side of the truth a number lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The number itself.
    Exact,
    /// At least this.
    Lower,
    /// At most this.
    Upper,
    /// Nothing tells.
    Unknown,
}

/// An amount of data, with how it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Bytes; `None` when nothing tells.
    pub value: Option<u64>,
    /// How it was measured, or why it cannot be.
    pub method: String,
    /// Which side of the truth it lies on.
    pub bound: Bound,
}

/// A log record by id and place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Citation {
    /// `event.id`.
    pub id: String,
    /// Evidence file.
    pub file: String,
    /// Record number in it, from 1.
    pub record: u64,
}

/// All that went to one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DestinationTotal {
    /// The destination.
    pub destination: Destination,
    /// Movements towards it, by id.
    pub movements: Vec<String>,
    /// Highest grade among them.
    pub grade: Grade,
    /// Bytes over those movements that can be added.
    pub bytes: Volume,
    /// First event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// Who moved something there, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// Country and owner of an address, as the databases at ingest say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What the evidence shows of it before the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
}

/// Where an address lies and whose it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// ISO code of the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Number of the autonomous system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_number: Option<u64>,
    /// Whose system that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// AWS service and region that the address belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<String>,
}

/// What was seen of a destination before the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// First event.
    pub first: Timestamp,
    /// Last event before the window.
    pub last: Timestamp,
    /// Days on which it was seen.
    pub days: u64,
    /// By whom, sorted; the first few.
    pub actors: Vec<String>,
}

/// One actor over the whole case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Actor {
    /// ARN, or whatever names the principal.
    pub principal: String,
    /// Names by which the events know it.
    pub names: Vec<String>,
    /// Access keys used.
    pub access_keys: Vec<String>,
    /// Addresses and services it called from.
    pub addresses: Vec<String>,
    /// User agents, as sent.
    pub user_agents: Vec<String>,
    /// First event in the window.
    pub first: Timestamp,
    /// Last event in the window.
    pub last: Timestamp,
    /// Number of events.
    pub events: u64,
    /// Of those, denied or failed.
    pub failures: u64,
    /// Movements, by id.
    pub movements: Vec<String>,
}

/// From a credential back towards a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// Credential the chain starts from.
    pub access_key_id: String,
    /// Steps back, nearest first.
    pub hops: Vec<Hop>,
    /// Who stands at the end, when that is known.
    pub origin: Option<String>,
    /// Steps that no log shows, with the log that would.
    pub missing: Vec<String>,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// `assume_role`, `broker`, `idp_login`, `instance_profile`, …
    pub kind: String,
    /// Who.
    pub principal: String,
    /// When.
    pub time: Timestamp,
    /// The record.
    pub event_id: String,
    /// How sure, with the reason beside it.
    pub confidence: Confidence,
    /// Why the two belong together.
    pub reason: String,
}

/// A benign explanation, tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// Stable id.
    pub id: String,
    /// What it would mean.
    pub title: String,
    /// Evidence for minus against, as a number of checks.
    pub score: i64,
    /// `supported`, `open`, `contradicted`, `not_testable`.
    pub status: String,
    /// For it.
    pub r#for: Vec<String>,
    /// Against it.
    pub against: Vec<String>,
    /// What would decide it.
    pub next_check: String,
}

/// What it means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// Affected resources.
    pub resources: Vec<ResourceImpact>,
    /// Signs of sensitive data; a sign is never proof.
    pub sensitivity: Vec<SensitivitySign>,
    /// Laws whose clock may run; whether a duty applies is for counsel.
    pub regulations: Vec<String>,
    /// Business consequences to weigh.
    pub business: Vec<String>,
}

/// One affected resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceImpact {
    /// The resource.
    pub resource: Resource,
    /// Movements that touch it, by id.
    pub movements: Vec<String>,
    /// Distinct objects, when they can be counted.
    pub objects: Option<u64>,
    /// Bytes.
    pub bytes: Volume,
}

/// A sign that data is sensitive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensitivitySign {
    /// What was matched, such as a word in an object key.
    pub sign: String,
    /// Where it was seen.
    pub examples: Vec<String>,
    /// Number of distinct objects.
    pub objects: u64,
}

/// A permission that mattered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionNote {
    /// What it allowed.
    pub text: String,
    /// Records.
    pub citations: Vec<Citation>,
}

/// A control that mattered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlNote {
    /// Stable id.
    pub id: String,
    /// The control.
    pub title: String,
    /// `held`, `failed`, `weakened`, `unknown`.
    pub status: String,
    /// What that rests on.
    pub detail: String,
    /// Records.
    pub citations: Vec<Citation>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub time: Timestamp,
    /// Last of several like events drawn together; equal to `time` for one.
    pub until: Timestamp,
    /// Number of events drawn together.
    pub count: u64,
    /// `DETECTION`, `INCIDENT` or `RESPONSE`.
    pub tag: String,
    /// `authentication`, `authorization`, `reconnaissance`, `permission_change`, `access`,
    /// `transfer`, `cleanup`.
    pub phase: String,
    /// What happened.
    pub text: String,
    /// How sure that it belongs to the incident.
    pub confidence: Confidence,
    /// Dataset.
    pub source: String,
    /// The (first) record.
    pub event_id: String,
    /// Where it lies.
    pub citation: Citation,
}

/// How a step of the pattern ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It found rows.
    Answered,
    /// It ran over logs that cover it and found none.
    Empty,
    /// No log at hand covers it.
    NotCovered,
    /// A person has to do it.
    Manual,
    /// It could not run.
    Failed,
    /// A placeholder has no value.
    Unbound,
}

impl StepStatus {
    /// As the JSON report spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Empty => "empty",
            Self::NotCovered => "not_covered",
            Self::Manual => "manual",
            Self::Failed => "failed",
            Self::Unbound => "unbound",
        }
    }
}

/// One step of the pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Stable id within the pattern.
    pub id: String,
    /// Phase or technique it belongs to.
    pub phase: String,
    /// What it asks.
    pub title: String,
    /// How it ended.
    pub status: StepStatus,
    /// Why it ended so, in a sentence.
    pub detail: String,
    /// Query text as the pattern writes it.
    pub query: Option<String>,
    /// The same as it was run: placeholders bound, instants resolved, readings applied.
    pub bound_query: Option<String>,
    /// Rows.
    pub rows: Option<u64>,
    /// Reading chosen where the text could be read in more than one way.
    pub reading: Option<String>,
    /// What was understood otherwise than written, each with a stable code.
    pub diagnostics: Vec<StepDiagnostic>,
    /// First rows, for a look.
    pub sample: Vec<Citation>,
}

/// A note on how a query was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDiagnostic {
    /// Stable code.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// In words.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// First byte of the query that it is about.
    #[serde(default)]
    pub start: u64,
    /// First byte behind that.
    #[serde(default)]
    pub end: u64,
}

/// How the search through one channel ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelResult {
    /// Channel id.
    pub id: String,
    /// What it is.
    pub title: String,
    /// `found`, `nothing_found` (and the logs would have shown it), `not_covered`, `failed`.
    pub status: String,
    /// Events that matched.
    pub events: u64,
    /// What the status rests on.
    pub detail: String,
}

/// A pivot point of the pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pivot {
    /// Stable id within the pattern.
    pub id: String,
    /// The condition, as the pattern words it.
    pub condition: String,
    /// Whether it holds; `None` when a person has to say.
    pub triggered: Option<bool>,
    /// What to hand over, or why it cannot be told.
    pub handover: String,
}

/// A conclusion with its records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `F1`, `F2`, …
    pub id: String,
    /// In a few words.
    pub title: String,
    /// In full.
    pub text: String,
    /// How sure.
    pub confidence: Confidence,
    /// Records.
    pub citations: Vec<Citation>,
}

/// What must be there before the case may close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Required findings.
    pub findings: Vec<CompletionItem>,
    /// Required documents.
    pub documents: Vec<CompletionItem>,
    /// Whether nothing required is open.
    pub closable: bool,
}

/// One required finding or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionItem {
    /// Stable id within the pattern.
    pub id: String,
    /// As the pattern words it.
    pub title: String,
    /// `met`, `open`, `manual`.
    pub status: String,
    /// Why.
    pub detail: String,
}
