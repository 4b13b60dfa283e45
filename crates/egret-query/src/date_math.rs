//! Instants as queries write them: `now-30d/d`, `2025-07-20`, `2025-07-20T03:00:00Z||+1h`.
//!
//! A text names a stretch of time, as long as what it leaves out: a day for a bare day, a second
//! for a time without a fraction. A lower bound begins at its start, an upper bound ends with its
//! end.
//!
//! # Source
//!
//! Elasticsearch, *Date math*:
//! <https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#date-math>

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Unit};

/// From `start` up to, not including, `end`, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// Reads a text; `None` when it is no instant. `used_now` is set when it says `now`.
pub(crate) fn read(text: &str, now: Timestamp, used_now: &mut bool) -> Option<Stretch> {
    let text = text.trim();
    let (mut at, mut end, math) = if let Some(math) = text.strip_prefix("now") {
        *used_now = true;
        (now, None, math)
    } else {
        let (base, math) = text.split_once("||").unwrap_or((text, ""));
        let (start, end) = base_of(base)?;
        (start, Some(end), math)
    };
    let mut rest = math;
    if !rest.is_empty() {
        end = None;
    }
    while let Some(sign) = rest.chars().next() {
        rest = rest.get(sign.len_utf8()..)?;
        if sign == '/' {
            let unit = rest.chars().next()?;
            rest = rest.get(unit.len_utf8()..)?;
            let (start, next) = rounded(at, unit)?;
            at = start;
            end = Some(next);
            continue;
        }
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let number: i64 = if number.is_empty() { 1 } else { number.parse().ok()? };
        let unit = after.chars().next()?;
        rest = after.get(unit.len_utf8()..)?;
        let number = match sign {
            '+' => number,
            '-' => number.checked_neg()?,
            _ => return None,
        };
        at = shifted(at, number, unit)?;
        end = None;
    }
    let start = at.as_microsecond();
    let end = match end {
        Some(end) => end.as_microsecond(),
        None => start.checked_add(1)?,
    };
    Some(Stretch { start, end })
}

/// An instant plus so many units.
pub(crate) fn shifted(at: Timestamp, number: i64, unit: char) -> Option<Timestamp> {
    let span: Span = match unit {
        's' => Span::new().try_seconds(number).ok()?,
        'm' => Span::new().try_minutes(number).ok()?,
        'h' | 'H' => Span::new().try_hours(number).ok()?,
        'd' => Span::new().try_days(number).ok()?,
        'w' => Span::new().try_weeks(number).ok()?,
        'M' => Span::new().try_months(number).ok()?,
        'y' => Span::new().try_years(number).ok()?,
        _ => return None,
    };
    let civil = TimeZone::UTC.to_datetime(at).checked_add(span).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// The unit that the instant lies in: its start and the next one's.
fn rounded(at: Timestamp, unit: char) -> Option<(Timestamp, Timestamp)> {
    let civil = TimeZone::UTC.to_datetime(at);
    let day = civil.date();
    let midnight = |date: jiff::civil::Date| date.to_datetime(Time::midnight());
    let (start, step): (DateTime, Span) = match unit {
        's' => (truncated(civil, Unit::Second)?, 1.second()),
        'm' => (truncated(civil, Unit::Minute)?, 1.minute()),
        'h' | 'H' => (truncated(civil, Unit::Hour)?, 1.hour()),
        'd' => (midnight(day), 1.day()),
        'w' => {
            let since_monday = i64::from(day.weekday().to_monday_zero_offset());
            (midnight(day.checked_sub(Span::new().try_days(since_monday).ok()?).ok()?), 1.week())
        }
        'M' => (midnight(day.first_of_month()), 1.month()),
        'y' => (midnight(day.first_of_year()), 1.year()),
        _ => return None,
    };
    let next = start.checked_add(step).ok()?;
    Some((TimeZone::UTC.to_timestamp(start).ok()?, TimeZone::UTC.to_timestamp(next).ok()?))
}

fn truncated(civil: DateTime, unit: Unit) -> Option<DateTime> {
    let time = civil.time();
    let (minute, second) = match unit {
        Unit::Hour => (0, 0),
        Unit::Minute => (time.minute(), 0),
        _ => (time.minute(), time.second()),
    };
    Some(civil.date().to_datetime(Time::new(time.hour(), minute, second, 0).ok()?))
}

/// A date or a time, with the end of what it leaves out.
fn base_of(text: &str) -> Option<(Timestamp, Timestamp)> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() == 4 {
        return rounded_text(&format!("{text}-01-01"), 'y');
    }
    if text.len() == 7 && text.as_bytes().get(4).copied() == Some(b'-') {
        return rounded_text(&format!("{text}-01"), 'M');
    }
    if digits && text.len() >= 12 {
        // Elasticsearch takes milliseconds since 1970.
        let start = Timestamp::from_millisecond(text.parse().ok()?).ok()?;
        return Some((
            start,
            Timestamp::from_microsecond(start.as_microsecond().checked_add(1_000)?).ok()?,
        ));
    }
    if text.len() == 10 {
        return rounded_text(text, 'd');
    }
    let start = egret_model::time::parse_instant(text).ok()?;
    // `T03:15` covers its minute, `T03:15:00` its second, a fraction the microsecond.
    let clock = text.get(10..)?;
    let clock = clock.trim_start_matches(['T', 't', ' ']);
    let clock = clock.split(['Z', 'z', '+', '-']).next().unwrap_or(clock);
    let step = if clock.contains('.') {
        1
    } else {
        match clock.matches(':').count() {
            0 => 3_600_000_000,
            1 => 60_000_000,
            _ => 1_000_000,
        }
    };
    Some((start, Timestamp::from_microsecond(start.as_microsecond().checked_add(step)?).ok()?))
}

fn rounded_text(day: &str, unit: char) -> Option<(Timestamp, Timestamp)> {
    rounded(egret_model::time::parse_instant(day).ok()?, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let now: Timestamp = "2025-07-24T03:15:30Z".parse().unwrap();
        let stretch = read(text, now, &mut false)?;
        let at = |micros| Timestamp::from_microsecond(micros).unwrap().to_string();
        Some(format!("{} .. {}", at(stretch.start), at(stretch.end)))
    }

    #[test]
    fn stretches() {
        #[rustfmt::skip]
        let rows = [
            ("now", "2025-07-24T03:15:30Z .. 2025-07-24T03:15:30.000001Z"),
            ("now-30d", "2025-06-24T03:15:30Z .. 2025-06-24T03:15:30.000001Z"),
            ("now-1d/d", "2025-07-23T00:00:00Z .. 2025-07-24T00:00:00Z"),
            ("now/w", "2025-07-21T00:00:00Z .. 2025-07-28T00:00:00Z"),
            ("now-1M/M", "2025-06-01T00:00:00Z .. 2025-07-01T00:00:00Z"),
            ("2025-07-20", "2025-07-20T00:00:00Z .. 2025-07-21T00:00:00Z"),
            ("2025-07", "2025-07-01T00:00:00Z .. 2025-08-01T00:00:00Z"),
            ("2025-07-20T03:00:00Z", "2025-07-20T03:00:00Z .. 2025-07-20T03:00:01Z"),
            ("2025-07-20T03:00", "2025-07-20T03:00:00Z .. 2025-07-20T03:01:00Z"),
            ("2025-07-20T03:00:00.5Z", "2025-07-20T03:00:00.5Z .. 2025-07-20T03:00:00.500001Z"),
            ("2025-07-20T03:00:00Z||-2h", "2025-07-20T01:00:00Z .. 2025-07-20T01:00:00.000001Z"),
            ("2025-07-20T05:00:00+02:00", "2025-07-20T03:00:00Z .. 2025-07-20T03:00:01Z"),
        ];
        for (text, want) in rows {
            assert_eq!(shown(text).as_deref(), Some(want), "{text}");
        }
        for text in ["yesterday", "now*2", "now-1x", "", "2025-99-99", "now-99999999999999999999d"]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
