//! Where logs lie in S3, and which of them belong to a window of time.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A bucket and the start of the keys in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct S3Place {
    /// Bucket.
    pub bucket: String,
    /// Start of the keys; empty for all.
    pub prefix: String,
}

/// Text is no `s3://bucket/prefix`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place in S3; expected s3://BUCKET or s3://BUCKET/PREFIX")]
pub struct PlaceError(String);

impl FromStr for S3Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError(text.to_owned());
        let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let named = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
            });
        if !named {
            return Err(wrong());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// A window of time that objects are chosen by; an open end is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Option<Timestamp>,
    /// First instant after it.
    pub to: Option<Timestamp>,
}

impl Window {
    /// Whether the object may hold records of the window.
    ///
    /// AWS files logs under the day they were delivered, up to hours after the events; a day is
    /// added behind the window, and one before it for layouts that are filed by local time. A key
    /// without a day is always taken.
    pub fn takes(&self, key: &str) -> bool {
        let Some(day) = day_of_key(key) else { return true };
        let date = |at: Timestamp| TimeZone::UTC.to_datetime(at).date();
        let early = self
            .from
            .map(date)
            .and_then(|from| from.checked_sub(1.day()).ok())
            .is_some_and(|from| day < from);
        let late = self
            .to
            .map(date)
            .and_then(|to| to.checked_add(1.day()).ok())
            .is_some_and(|to| day > to);
        !early && !late
    }
}

/// The day a log was filed under: `…/2026/11/24/…` as CloudTrail, flow logs and load balancers
/// have it, or `…2026-11-24-05-06-07-…` as server access logs have it.
pub fn day_of_key(key: &str) -> Option<Date> {
    let parts: Vec<&str> = key.split('/').collect();
    let filed = parts.windows(3).find_map(|window| match window {
        [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 => {
            Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
        }
        _ => None,
    });
    filed.or_else(|| {
        let name = parts.last()?;
        name.as_bytes().windows(10).find_map(|window| {
            let text = std::str::from_utf8(window).ok()?;
            let dashed = window.get(4) == Some(&b'-') && window.get(7) == Some(&b'-');
            dashed.then(|| text.parse::<Date>().ok()).flatten()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (text, expected) in [
            ("s3://trail-logs", Some(("trail-logs", ""))),
            ("s3://trail-logs/", Some(("trail-logs", ""))),
            ("s3://trail-logs/AWSLogs/111122223333", Some(("trail-logs", "AWSLogs/111122223333"))),
            ("s3://Trail", None),
            ("s3:///AWSLogs", None),
            ("trail-logs/AWSLogs", None),
        ] {
            let place = text.parse::<S3Place>().ok();
            let place = place.as_ref().map(|place| (place.bucket.as_str(), place.prefix.as_str()));
            assert_eq!(place, expected, "{text}");
        }
    }

    #[test]
    fn a_key_says_its_day_or_nothing() {
        for (key, day) in [
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/24/111122223333_CloudTrail.json.gz",
                Some("2026-11-24"),
            ),
            ("access/2026-11-24-05-06-07-0123456789ABCDEF", Some("2026-11-24")),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/13/24/x", None),
            ("exports/okta.json", None),
        ] {
            assert_eq!(day_of_key(key).map(|day| day.to_string()).as_deref(), day, "{key}");
        }
    }

    #[test]
    fn a_window_takes_a_day_more_on_both_sides_and_all_keys_without_a_day() {
        let window = Window {
            from: Some("2026-11-20T12:00:00Z".parse().unwrap()),
            to: Some("2026-11-21T12:00:00Z".parse().unwrap()),
        };
        for (key, taken) in [
            ("p/2026/11/18/x", false),
            ("p/2026/11/19/x", true),
            ("p/2026/11/22/x", true),
            ("p/2026/11/23/x", false),
            ("p/okta.json", true),
        ] {
            assert_eq!(window.takes(key), taken, "{key}");
        }
        assert!(Window::default().takes("p/1999/01/01/x"));
    }
}
