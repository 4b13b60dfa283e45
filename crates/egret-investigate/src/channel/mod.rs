//! Channels: ways out of AWS, one TOML file each.
//!
//! A channel is data: which events show it (keyed on event source and name, since services share
//! names), where to read resource and destination, what each event proves, how much was moved, what
//! closes the door again and what looks alike. Adding one needs no Rust but a line in
//! `built_in.rs`.

mod built_in;

use egret_model::dataset::Dataset;
use egret_model::report::{Bound, Grade};
use serde::Deserialize;

/// One way out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Stable id, also the file's name.
    pub id: String,
    /// What it is.
    pub title: String,
    /// How matching events become movements.
    #[serde(default)]
    pub analysis: Analysis,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<String>,
    /// Any of these datasets can show it; without all of them it is "not covered".
    pub datasets: Vec<String>,
    /// Where the facts come from.
    pub references: Vec<String>,
    /// What happens and what it looks like, for analysts.
    pub about: String,
    /// Whether all of it is data or network activity events, which are logged only where that is
    /// switched on: none in the logs says nothing then.
    #[serde(default)]
    pub data_events: bool,
    /// Channel whose reads this one takes for itself, since it says more about them.
    pub instead_of: Option<String>,
    /// What shows it.
    #[serde(rename = "event")]
    pub events: Vec<EventRule>,
    /// What closes the door again.
    #[serde(default, rename = "close")]
    pub closes: Vec<CloseRule>,
    /// What shows that an open door was used.
    #[serde(default, rename = "proof")]
    pub proofs: Vec<ProofRule>,
    /// What says for which thing an id stands.
    #[serde(default, rename = "alias")]
    pub aliases: Vec<AliasRule>,
    /// Benign happenings that look the same.
    #[serde(default)]
    pub looks_like: Vec<LookAlike>,
}

/// How matching events become movements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// Each event names its resource and destination.
    #[default]
    Events,
    /// Each event hands data to its caller; drawn together by caller, address and resource.
    Reads,
    /// Object reads of CloudTrail and the S3 access log, each counted once.
    S3Reads,
    /// Network flows, drawn together by sender and receiver.
    Flows,
    /// Names asked of a resolver, drawn together by asker and parent domain.
    Dns,
}

/// Which events: source and name, and what else must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// `eventSource`; any.
    pub source: &'a [String],
    /// `eventName`, without an API version; any.
    pub names: &'a [String],
    /// What else must hold, in the team's own language.
    pub condition: Option<&'a str>,
}

impl Key<'_> {
    /// The query that lists such events.
    pub fn query(&self) -> String {
        let any = |values: &[String]| {
            let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
            match quoted.as_slice() {
                [only] => only.clone(),
                several => format!("({})", several.join(" OR ")),
            }
        };
        let mut parts = Vec::new();
        if !self.source.is_empty() {
            parts.push(format!("event.provider: {}", any(self.source)));
        }
        if !self.names.is_empty() {
            parts.push(format!("event.action: {}", any(self.names)));
        }
        if let Some(condition) = self.condition {
            let condition = condition.trim();
            let alone = parts.is_empty();
            parts.push(if alone { condition.to_owned() } else { format!("({condition})") });
        }
        parts.join(" AND ")
    }
}

/// One shape of event, and what it means.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// `eventSource`; any.
    #[serde(default)]
    pub source: Vec<String>,
    /// `eventName`, without an API version; any.
    #[serde(default)]
    pub names: Vec<String>,
    /// What else must hold, in the team's own language.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// What a successful event proves.
    pub grade: Grade,
    /// Why that grade, and what it does not prove.
    pub proves: String,
    /// Sentence with `{resource}` and `{destination}`.
    pub summary: String,
    /// Which of them are movements.
    #[serde(default)]
    pub list: List,
    /// Fields that hold an id which the closing event names, where it names neither resource nor
    /// destination.
    #[serde(default)]
    pub handle: Vec<String>,
    /// Channel whose open doors name the receiver when the event itself does not. Without such a
    /// door the owner may have acted itself, and the grade falls to `performed`.
    pub receivers_of: Option<String>,
    /// What moved.
    pub resource: ResourceRule,
    /// Where to; each value found is a movement of its own.
    #[serde(default)]
    pub destination: Vec<Extractor>,
    /// How much.
    #[serde(default)]
    pub volume: VolumeRule,
    /// What is counted distinct among the events of one movement.
    pub item: Option<ItemRule>,
}

/// Gives the key of a rule.
macro_rules! keyed {
    ($($rule:ty),*) => {$(
        impl $rule {
            /// Which events.
            pub fn key(&self) -> Key<'_> {
                Key {
                    source: &self.source,
                    names: &self.names,
                    condition: self.condition.as_deref(),
                }
            }
        }
    )*};
}

keyed!(EventRule, CloseRule, AliasRule, ProofRule);

/// Which events of a rule are movements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// All.
    #[default]
    All,
    /// Those whose destination is not known to be inside.
    Outside,
    /// Those of foreign accounts.
    Foreign,
    /// Unusual bursts of calls from outside.
    Burst,
    /// Unusual bursts concerning buckets whose reads are not logged.
    Unseen,
}

/// What moved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceRule {
    /// Kind of resource.
    pub kind: String,
    /// Fields to read it from; the first that holds a value counts.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What to make of the value.
    #[serde(default)]
    pub function: ResourceFunction,
}

/// What to make of the value that names a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceFunction {
    /// It is the resource.
    #[default]
    Value,
    /// It names an object, as an ARN or as `bucket/key`; the bucket counts.
    Bucket,
}

impl ResourceFunction {
    /// The resource that a value names.
    pub fn of(self, value: &str) -> String {
        match self {
            Self::Value => value.to_owned(),
            Self::Bucket => {
                let path = value.rsplit(":::").next().unwrap_or(value).trim_start_matches('/');
                path.split(['/', '?']).next().unwrap_or(path).to_owned()
            }
        }
    }
}

/// What is counted distinct among the events of one movement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRule {
    /// Fields to read it from; the first that holds a value counts.
    pub fields: Vec<String>,
    /// What one is called.
    #[serde(default = "object")]
    pub noun: String,
}

fn object() -> String {
    "object".to_owned()
}

/// One place to read a destination from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extractor {
    /// Kind of destination.
    #[serde(default)]
    pub kind: String,
    /// Field, or path below a document.
    #[serde(default)]
    pub field: String,
    /// The destination itself, where the event as such says it.
    pub id: Option<String>,
    /// What to make of the value.
    #[serde(default)]
    pub function: Function,
    /// Field that names the destination's account.
    pub account_field: Option<String>,
}

/// What to make of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// It is the destination.
    #[default]
    Value,
    /// It is an ARN; its account counts.
    AccountOfArn,
    /// It is an S3 ARN or a bucket's name.
    BucketOfArn,
    /// It is an `s3://` or `https://` address of an object or a prefix.
    BucketOfUri,
    /// It is an account, an ARN, an organisation, everyone, a canonical id or an e-mail address.
    Principal,
    /// It is a resource policy; whoever outside it lets in counts.
    Policy,
    /// It is an access control list, canned, as headers or as a document.
    Acl,
    /// It is an account or an ARN; only one that differs from the account of the log counts.
    OtherAccount,
    /// It is the address of a queue; its account counts.
    AccountOfQueueUrl,
    /// It is an address of the web; its host counts.
    HostOfUrl,
    /// It is an e-mail address, a telephone number, an address of the web or an ARN.
    Endpoint,
    /// It is a text that may hold addresses of S3 and of the web.
    Uris,
}

/// What closes a door again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRule {
    /// `eventSource`; any.
    #[serde(default)]
    pub source: Vec<String>,
    /// `eventName`, without an API version; any.
    #[serde(default)]
    pub names: Vec<String>,
    /// What else must hold, in the team's own language.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Fields that name the resource; none: those of the channel's events.
    #[serde(default)]
    pub resource: Vec<String>,
    /// Where it names the destination; none closes the resource for all.
    #[serde(default)]
    pub destination: Vec<Extractor>,
    /// Fields that hold the id by which the opening event called the door; none: by resource.
    #[serde(default)]
    pub handle: Vec<String>,
    /// Names of the events whose doors it closes; none: all of the channel.
    #[serde(default)]
    pub opened_by: Vec<String>,
}

/// What shows that an open door was used: a service that writes to the destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRule {
    /// `eventSource`; any.
    #[serde(default)]
    pub source: Vec<String>,
    /// `eventName`, without an API version; any.
    #[serde(default)]
    pub names: Vec<String>,
    /// What else must hold, in the team's own language.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Fields that hold the door's resource or its destination.
    pub of: Vec<String>,
    /// How far it is proved then.
    pub grade: Grade,
    /// Why, and what it does not prove.
    pub proves: String,
}

/// What says for which thing an id stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasRule {
    /// `eventSource`; any.
    #[serde(default)]
    pub source: Vec<String>,
    /// `eventName`, without an API version; any.
    #[serde(default)]
    pub names: Vec<String>,
    /// What else must hold, in the team's own language.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Fields that hold the id.
    pub id: Vec<String>,
    /// What it stands for.
    pub destination: Vec<Extractor>,
}

/// How much was moved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeRule {
    /// Field that holds a number.
    pub field: Option<String>,
    /// Bytes in one unit of that number.
    #[serde(default = "one")]
    pub unit_bytes: u64,
    /// Bytes of each distinct item that was read.
    pub per_item_bytes: Option<u64>,
    /// Whether each event moves that much; else they speak of the same thing and the largest counts.
    #[serde(default)]
    pub each: bool,
    /// Which side of the truth it lies on.
    #[serde(default = "unknown")]
    pub bound: Bound,
    /// How it is measured, or why it cannot be.
    pub method: String,
}

impl Default for VolumeRule {
    fn default() -> Self {
        Self {
            field: None,
            unit_bytes: 1,
            per_item_bytes: None,
            each: false,
            bound: Bound::Unknown,
            method: "the log does not say how much".to_owned(),
        }
    }
}

fn one() -> u64 {
    1
}

fn unknown() -> Bound {
    Bound::Unknown
}

/// A benign happening that looks the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookAlike {
    /// Which.
    pub scenario: String,
    /// What gives it away.
    pub tell: String,
    /// How to check.
    pub check: String,
}

/// A channel file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// It is no channel.
    #[error("channel `{name}`: {reason}")]
    Shape {
        /// File or id.
        name: String,
        /// Line and column, and what was expected.
        reason: String,
    },
    /// The id and the name differ.
    #[error("channel `{name}` calls itself `{id}`; the id is the file's name")]
    Name {
        /// File.
        name: String,
        /// Id in it.
        id: String,
    },
    /// It says nothing of events, or of too many.
    #[error("channel `{name}`: {reason}")]
    Events {
        /// Channel.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A dataset that no source brings.
    #[error("channel `{name}` needs dataset `{dataset}`, which no source brings")]
    Dataset {
        /// Channel.
        name: String,
        /// Dataset.
        dataset: String,
    },
}

impl Channel {
    /// Reads one file.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] with the place.
    pub fn parse(name: &str, text: &str) -> Result<Self, ChannelError> {
        let channel: Self = toml::from_str(text).map_err(|error| ChannelError::Shape {
            name: name.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        if channel.id != name {
            return Err(ChannelError::Name { name: name.to_owned(), id: channel.id });
        }
        for dataset in &channel.datasets {
            if Dataset::by_name(dataset).is_none() {
                return Err(ChannelError::Dataset {
                    name: name.to_owned(),
                    dataset: dataset.clone(),
                });
            }
        }
        let wrong = |reason: String| Err(ChannelError::Events { name: name.to_owned(), reason });
        match channel.analysis {
            _ if channel.events.is_empty() => {
                return wrong("no [[event]] says what shows it".into());
            }
            Analysis::Events | Analysis::Reads => {
                let keys = channel.events.iter().map(EventRule::key);
                let keys = keys.chain(channel.closes.iter().map(CloseRule::key));
                let keys = keys.chain(channel.aliases.iter().map(AliasRule::key));
                let mut keys = keys.chain(channel.proofs.iter().map(ProofRule::key));
                if keys.any(|key| key.source.is_empty() || key.names.is_empty()) {
                    return wrong("every event needs `source` and `names`".into());
                }
            }
            Analysis::S3Reads | Analysis::Flows | Analysis::Dns => {
                if channel.events.len() != 1 {
                    return wrong("this analysis takes one [[event]]".into());
                }
            }
        }
        for rule in &channel.events {
            if channel.analysis != Analysis::Events && !rule.destination.is_empty() {
                return wrong(
                    "reads and flows go to whoever makes them, not to a [[event.destination]]"
                        .into(),
                );
            }
            if channel.analysis != Analysis::Reads
                && matches!(rule.list, List::Burst | List::Unseen)
            {
                return wrong("bursts are of reads".into());
            }
            if rule.destination.iter().any(|one| one.field.is_empty() && one.id.is_none()) {
                return wrong("a destination needs `field` or `id`".into());
            }
        }
        Ok(channel)
    }

    /// Highest grade that an event of it proves.
    pub fn grade(&self) -> Grade {
        self.events.iter().map(|rule| rule.grade).max().unwrap_or(Grade::Enabled)
    }

    /// Why none of its events in the window says nothing, where that is so.
    pub fn unlogged(&self) -> Option<&'static str> {
        self.data_events.then_some(
            "no such event is in the window; they are logged only where data or network activity \
             events are switched on, so whether it happened cannot be told",
        )
    }

    /// The query that lists every event that shows it.
    pub fn query(&self) -> String {
        let queries: Vec<String> = self.events.iter().map(|rule| rule.key().query()).collect();
        match queries.as_slice() {
            [only] => only.clone(),
            several => {
                several.iter().map(|query| format!("({query})")).collect::<Vec<_>>().join(" OR ")
            }
        }
    }

    /// Every built-in channel, sorted by id.
    ///
    /// # Errors
    ///
    /// None in a released build: a test reads them all.
    pub fn built_in() -> Result<Vec<Self>, ChannelError> {
        built_in::FILES.iter().map(|(name, text)| Self::parse(name, text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_channels_are_read_and_sorted() {
        let channels = Channel::built_in().unwrap();
        assert!(channels.windows(2).all(|pair| pair[0].id < pair[1].id));
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/channels")).unwrap();
        assert_eq!(files.count(), channels.len(), "a channel file is not in the list");
        for channel in &channels {
            assert!(!channel.looks_like.is_empty(), "{}: no look-alike", channel.id);
            assert!(!channel.references.is_empty(), "{}: no reference", channel.id);
        }
    }

    #[test]
    fn every_field_can_be_read_and_every_query_compiled() {
        let bindings = egret_query::Bindings::new();
        let options = egret_query::Options {
            bindings: &bindings,
            now: jiff::Timestamp::UNIX_EPOCH,
            language: egret_query::Language::Lucene,
            reading: egret_query::Reading::Standard,
            strict: false,
            ignore_case: false,
            unknown_is_missing: false,
        };
        for channel in Channel::built_in().unwrap() {
            let id = &channel.id;
            let keyed = matches!(channel.analysis, Analysis::Events | Analysis::Reads);
            let keys = channel.events.iter().map(EventRule::key);
            let keys = keys.chain(channel.closes.iter().map(CloseRule::key));
            let keys = keys.chain(channel.proofs.iter().map(ProofRule::key));
            for key in keys.chain(channel.aliases.iter().map(AliasRule::key)) {
                let query = key.query();
                if let Err(diagnostics) = egret_query::compile(&query, &options) {
                    panic!("{id}: {query}\n{diagnostics:#?}");
                }
            }
            let mut fields: Vec<&String> = Vec::new();
            for rule in &channel.events {
                fields.extend(&rule.resource.fields);
                fields.extend(&rule.handle);
                fields.extend(rule.item.iter().flat_map(|item| &item.fields));
                fields.extend(&rule.volume.field);
            }
            for rule in &channel.closes {
                fields.extend(rule.resource.iter().chain(&rule.handle));
            }
            fields.extend(channel.proofs.iter().flat_map(|rule| &rule.of));
            fields.extend(channel.aliases.iter().flat_map(|rule| &rule.id));
            let places = channel.events.iter().flat_map(|rule| &rule.destination);
            let places = places.chain(channel.closes.iter().flat_map(|rule| &rule.destination));
            let places = places.chain(channel.aliases.iter().flat_map(|rule| &rule.destination));
            for place in places {
                fields.extend(place.id.is_none().then_some(&place.field));
                fields.extend(&place.account_field);
            }
            for field in fields.into_iter().filter(|_| keyed) {
                assert!(
                    crate::record::Record::reads(field),
                    "{id}: nothing can be read from `{field}`"
                );
            }
        }
    }

    #[test]
    fn a_wrong_file_says_where_and_what() {
        let error = Channel::parse("x", "id = \"x\"\ntitel = \"y\"\n").unwrap_err().to_string();
        assert!(error.starts_with("channel `x`: "), "{error}");
        assert!(error.contains("line 2"), "{error}");
    }
}
