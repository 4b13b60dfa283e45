//! Times as logs write them, as microseconds since 1970, UTC.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Reads `2025-07-24T03:15:00Z` and its kin: a space for the `T`, a fraction, an offset such as
/// `+02:00`, ` UTC`, no offset at all (UTC), and the basic form `20250724T031500Z`.
///
/// Digits finer than a microsecond are dropped. `None` when the text is no such time.
pub(crate) fn micros_of(text: &str) -> Option<i64> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let (year, month, day, hour, minute, second, rest) = match bytes {
        [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T' | b't' | b' ',
            h1,
            h2,
            b':',
            i1,
            i2,
            b':',
            s1,
            s2,
            rest @ ..,
        ]
        | [y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, i1, i2, s1, s2, rest @ ..] => (
            two(*y1, *y2)?.checked_mul(100)?.checked_add(two(*y3, *y4)?)?,
            two(*m1, *m2)?,
            two(*d1, *d2)?,
            two(*h1, *h2)?,
            two(*i1, *i2)?,
            two(*s1, *s2)?,
            rest,
        ),
        _ => return None,
    };
    let (fraction, zone) = match rest {
        [b'.' | b',', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (fraction, zone) = rest.split_at_checked(digits)?;
            (micros_of_fraction(fraction)?, zone)
        }
        zone => (0, zone),
    };
    let offset_seconds = offset_of(zone)?;
    // A leap second is the moment after it.
    let (second, leap) = if second == 60 { (59, 1) } else { (second, 0) };
    let part = |value: i64| i8::try_from(value).ok();
    let civil = DateTime::new(
        i16::try_from(year).ok()?,
        part(month)?,
        part(day)?,
        part(hour)?,
        part(minute)?,
        part(second)?,
        0,
    )
    .ok()?;
    let instant = TimeZone::fixed(Offset::UTC).to_timestamp(civil).ok()?;
    instant
        .as_second()
        .checked_add(leap)?
        .checked_sub(offset_seconds)?
        .checked_mul(1_000_000)?
        .checked_add(fraction)
}

/// Reads a Unix time in seconds, milliseconds, microseconds or nanoseconds, told apart by size:
/// each unit covers the years 1973 to 5138.
pub(crate) fn micros_of_epoch(number: f64) -> Option<i64> {
    let magnitude = number.abs();
    let micros = if magnitude < 1e11 {
        number * 1e6
    } else if magnitude < 1e14 {
        number * 1e3
    } else if magnitude < 1e17 {
        number
    } else {
        number / 1e3
    };
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "rounded, and far inside the range, checked on this line"
    )]
    (micros.abs() < 9e17).then(|| micros.round() as i64)
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte.wrapping_sub(b'0')));
    digit(tens)?.checked_mul(10)?.checked_add(digit(ones)?)
}

fn micros_of_fraction(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let mut micros = 0i64;
    for place in 0..6 {
        let digit = digits.get(place).map_or(0, |byte| byte.wrapping_sub(b'0'));
        micros = micros.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    Some(micros)
}

/// Seconds east of UTC.
fn offset_of(zone: &[u8]) -> Option<i64> {
    match zone.trim_ascii() {
        [] | [b'Z' | b'z'] | b"UTC" | b"GMT" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            let minutes = two(*h1, *h2)?.checked_mul(60)?.checked_add(two(*m1, *m2)?)?;
            let seconds = minutes.checked_mul(60)?;
            Some(if *sign == b'-' { seconds.wrapping_neg() } else { seconds })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        const AT: i64 = 1_753_326_900_000_000;
        #[rustfmt::skip]
        let rows: &[(&str, Option<i64>)] = &[
            ("2025-07-24T03:15:00Z", Some(AT)),
            ("2025-07-24T03:15:00.123Z", Some(AT + 123_000)),
            ("2025-07-24T03:15:00.1234567890Z", Some(AT + 123_456)),
            ("2025-07-24 03:15:00", Some(AT)),
            ("2025-07-24 03:15:00.000000000", Some(AT)),
            ("2025-07-24T05:15:00+02:00", Some(AT)),
            ("2025-07-24T00:45:00-0230", Some(AT)),
            ("2025-07-24 03:15:00 UTC", Some(AT)),
            ("20250724T031500Z", Some(AT)),
            (" 2025-07-24T03:15:00Z\n", Some(AT)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_800_000_000)),
            ("1969-12-31T23:59:59Z", Some(-1_000_000)),
            ("2025-02-30T00:00:00Z", None),
            ("2025-07-24T25:00:00Z", None),
            ("2025-07-24", None),
            ("2025-07-24T03:15:00.Z", None),
            ("2025-07-24T03:15:00 CEST", None),
            ("redacted", None),
            ("", None),
        ];
        for (text, want) in rows {
            assert_eq!(micros_of(text), *want, "{text}");
        }
    }

    #[test]
    fn unix_times_in_any_unit() {
        for number in [1_753_326_900.0, 1_753_326_900_000.0, 1_753_326_900e6, 1_753_326_900e9] {
            assert_eq!(micros_of_epoch(number), Some(1_753_326_900_000_000));
        }
        assert_eq!(micros_of_epoch(f64::NAN), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = micros_of(&text);
        }
    }
}
