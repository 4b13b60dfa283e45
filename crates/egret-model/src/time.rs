//! Time as a case knows it: half-open ranges, UTC, microseconds. Nothing here reads a clock.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// From `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

impl TimeRange {
    /// Whether the instant lies inside.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// A time that a person typed could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a time; expected RFC 3339 such as `2025-07-24T03:00:00Z`, or a day such as `2025-07-24`"
)]
pub struct TimeError {
    /// The text found.
    pub found: String,
}

/// Reads an instant as people type it: RFC 3339, or a day (its first moment, UTC), or a day and a
/// time without an offset (UTC).
///
/// # Errors
///
/// [`TimeError`] with the text.
///
/// # Example
///
/// ```
/// use egret_model::time::parse_instant;
///
/// assert_eq!(parse_instant("2025-07-24")?.to_string(), "2025-07-24T00:00:00Z");
/// assert_eq!(parse_instant("2025-07-24T03:15:00+02:00")?.to_string(), "2025-07-24T01:15:00Z");
/// assert!(parse_instant("yesterday").is_err());
/// # Ok::<(), egret_model::time::TimeError>(())
/// ```
pub fn parse_instant(text: &str) -> Result<Timestamp, TimeError> {
    let trimmed = text.trim();
    if let Ok(instant) = trimmed.parse::<Timestamp>() {
        return Ok(instant);
    }
    let civil = trimmed
        .parse::<jiff::civil::DateTime>()
        .or_else(|_no_time| trimmed.parse::<jiff::civil::Date>().map(jiff::civil::DateTime::from));
    match civil.and_then(|civil| jiff::tz::TimeZone::UTC.to_timestamp(civil)) {
        Ok(instant) => Ok(instant),
        Err(_not_a_time) => Err(TimeError { found: text.to_owned() }),
    }
}

/// RFC 3339, UTC, to the second, or to the fraction logged.
pub fn rfc3339(instant: Timestamp) -> String {
    instant.to_string()
}
