//! What really happened, for whoever checks a report against it.

use serde::{Deserialize, Serialize};

/// The truth of one practice incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// Always `egret.truth/1`.
    pub schema: String,
    /// Scenario.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// Whether nothing was stolen.
    pub benign: bool,
    /// First and last moment of the incident, RFC 3339.
    pub window: (String, String),
    /// Login of the person whose access was used, where there is one.
    pub person: Option<String>,
    /// Everything that moved, sorted by first event.
    pub movements: Vec<TruthMovement>,
}

impl Truth {
    pub(crate) fn to_json(&self) -> String {
        // A struct of texts and numbers can always be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// One movement of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthMovement {
    /// Channel id.
    pub channel: String,
    /// `enabled`, `performed` or `received`.
    pub grade: String,
    /// Kind and id of what moved.
    pub resource: (String, String),
    /// Kind and id of where to.
    pub destination: (String, String),
    /// Principal, by ARN.
    pub principal: Option<String>,
    /// Access key.
    pub access_key_id: Option<String>,
    /// Distinct objects.
    pub objects: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
    /// Number of events.
    pub events: u64,
    /// First event, RFC 3339 to the second.
    pub first: String,
    /// Last event.
    pub last: String,
    /// When the door was closed again.
    pub closed_at: Option<String>,
    /// Whether it was theft.
    pub theft: bool,
}
