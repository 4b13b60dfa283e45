//! Channels: ways out of AWS, one TOML file each.
//!
//! A channel is data: what it looks like in the log (a query in the team's own language), where to
//! read resource and destination, what each event proves, how much was moved, and what closes the
//! door again. Adding one needs no Rust.

use egret_model::dataset::Dataset;
use egret_model::report::{Bound, Grade};
use serde::Deserialize;

/// The channels that come with Egret: id and file.
const BUILT_IN: &[(&str, &str)] = &[
    ("ami_share", include_str!("../channels/ami_share.toml")),
    ("ebs_snapshot_copy", include_str!("../channels/ebs_snapshot_copy.toml")),
    ("ebs_snapshot_create", include_str!("../channels/ebs_snapshot_create.toml")),
    ("ebs_snapshot_share", include_str!("../channels/ebs_snapshot_share.toml")),
    ("network_egress", include_str!("../channels/network_egress.toml")),
    ("rds_snapshot_export", include_str!("../channels/rds_snapshot_export.toml")),
    ("rds_snapshot_share", include_str!("../channels/rds_snapshot_share.toml")),
    ("s3_bucket_policy", include_str!("../channels/s3_bucket_policy.toml")),
    ("s3_object_read", include_str!("../channels/s3_object_read.toml")),
    ("s3_replication", include_str!("../channels/s3_replication.toml")),
    ("shared_snapshot_use", include_str!("../channels/shared_snapshot_use.toml")),
    ("vm_export", include_str!("../channels/vm_export.toml")),
];

/// One way out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Stable id, also the file's name.
    pub id: String,
    /// What it is.
    pub title: String,
    /// How matching events become movements.
    pub analysis: Analysis,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<String>,
    /// Any of these datasets can show it; without all of them it is "not covered".
    pub datasets: Vec<String>,
    /// Where the facts come from.
    pub references: Vec<String>,
    /// What happens and what it looks like, for analysts.
    pub about: String,
    /// What it looks like in the log.
    pub query: String,
    /// What a successful event proves.
    pub grade: Grade,
    /// Why that grade, and what it does not prove.
    pub proves: String,
    /// Channel whose open doors name the receiver when the event itself does not. Without such a
    /// door the owner may have acted itself, and the grade falls to `performed`.
    pub receivers_of: Option<String>,
    /// Sentence with `{resource}`, `{destination}` and `{bytes}`.
    pub summary: String,
    /// What moved.
    pub resource: ResourceRule,
    /// Where to; each value found is a movement of its own.
    #[serde(default)]
    pub destination: Vec<Extractor>,
    /// What closes the door again.
    pub closes: Option<Closing>,
    /// How much.
    #[serde(default)]
    pub volume: VolumeRule,
    /// Benign happenings that look the same.
    #[serde(default)]
    pub looks_like: Vec<LookAlike>,
}

/// How matching events become movements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// Each event names its resource and destination.
    Events,
    /// Object reads, drawn together by reader, bucket and address.
    S3Reads,
    /// Network flows, drawn together by sender and receiver.
    Flows,
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
}

/// One place to read a destination from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extractor {
    /// Kind of destination.
    pub kind: String,
    /// Field, or path below a document.
    pub field: String,
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
    /// It is an S3 ARN; the bucket counts.
    BucketOfArn,
    /// It is a resource policy; whoever outside it lets in counts.
    PolicyPrincipals,
    /// It is an account; only one that differs from the account of the log counts.
    OtherAccount,
}

/// What closes a door again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// What it looks like.
    pub query: String,
    /// Where it names the destination; none closes the resource for all.
    #[serde(default)]
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
        Ok(channel)
    }

    /// Every built-in channel, sorted by id.
    ///
    /// # Errors
    ///
    /// None in a released build: a test reads them all.
    pub fn built_in() -> Result<Vec<Self>, ChannelError> {
        BUILT_IN.iter().map(|(name, text)| Self::parse(name, text)).collect()
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
            assert_eq!(
                channel.analysis == Analysis::Events,
                !channel.destination.is_empty(),
                "{}: an event names its destination, drawn-together reads and flows do not",
                channel.id
            );
        }
    }

    #[test]
    fn a_wrong_file_says_where_and_what() {
        let error = Channel::parse("x", "id = \"x\"\ntitel = \"y\"\n").unwrap_err().to_string();
        assert!(error.starts_with("channel `x`: "), "{error}");
        assert!(error.contains("line 2"), "{error}");
    }
}
