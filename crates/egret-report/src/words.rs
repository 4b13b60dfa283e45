//! Numbers, amounts and times in words: one place, so that they read alike in every section.

use egret_model::report::{Bound, Grade, Volume};
use jiff::Timestamp;

/// A number with its thousands set apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len().saturating_mul(4) / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The length of a list, with its thousands set apart.
pub(crate) fn length<T>(list: &[T]) -> String {
    count(size(list))
}

/// The length of a list.
pub(crate) fn size<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// A number and what it counts: `1 record`, `2 records`, `no records`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{} {many}", count(number)),
    }
}

/// Bytes as a number and a decimal unit, rounded towards the side the bound allows: a lower bound
/// is never rounded up, an upper bound never down.
pub(crate) fn rounded_bytes(bytes: u64, bound: Bound) -> (String, &'static str) {
    const UNITS: [(&str, u64); 6] = [
        ("EB", 1_000_000_000_000_000_000),
        ("PB", 1_000_000_000_000_000),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    for (at, (unit, size)) in UNITS.into_iter().enumerate() {
        if bytes < size {
            continue;
        }
        let tenths = tenths(bytes, size, bound);
        // Rounding can reach the next unit: 999,950 bytes are 1.0 MB, not 1000.0 kB.
        let (unit, tenths) = match at.checked_sub(1).and_then(|above| UNITS.get(above)) {
            Some((larger, _)) if tenths >= 10_000 => (*larger, 10),
            _ => (unit, tenths),
        };
        return (format!("{}.{}", count(tenths / 10), tenths % 10), unit);
    }
    (bytes.to_string(), if bytes == 1 { "byte" } else { "bytes" })
}

fn tenths(bytes: u64, size: u64, bound: Bound) -> u64 {
    let size = u128::from(size);
    let more = match bound {
        Bound::Lower => 0,
        Bound::Upper => size.saturating_sub(1),
        Bound::Exact | Bound::Unknown => size / 2,
    };
    let tenths =
        u128::from(bytes).saturating_mul(10).saturating_add(more).checked_div(size).unwrap_or(0);
    u64::try_from(tenths).unwrap_or(u64::MAX)
}

/// The bound of an amount, to be put before it.
pub(crate) fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Exact => "exactly",
        Bound::Lower => "at least",
        Bound::Upper => "at most",
        Bound::Unknown => "about",
    }
}

/// An amount in short, such as `at least 4.2 MB`.
pub(crate) fn amount(volume: &Volume) -> String {
    match volume.value {
        Some(value) => {
            let (number, unit) = rounded_bytes(value, volume.bound);
            match volume.bound {
                Bound::Exact => format!("{number} {unit}"),
                other => format!("{} {number} {unit}", bound(other)),
            }
        }
        None => "not known".to_owned(),
    }
}

/// An amount to the byte with its bound, such as `at least 4,198,743 bytes`.
pub(crate) fn exact_amount(volume: &Volume) -> String {
    match volume.value {
        Some(value) => {
            format!("{} {}", bound(volume.bound), counted_bytes(value))
        }
        None => "no number of bytes is known".to_owned(),
    }
}

/// An amount in short and to the byte, as far as it was seen to move: behind a door that was only
/// opened or tried there may be much, and none of it may have gone through.
pub(crate) fn moved(grade: Grade, volume: &Volume) -> (String, String) {
    let nothing = volume.value == Some(0);
    match grade {
        Grade::Prepared | Grade::Enabled | Grade::Attempted if !nothing => {
            let behind = match volume.value {
                Some(_) => format!("behind the door: {}", exact_amount(volume)),
                None => "how much lies behind the door is not known".to_owned(),
            };
            ("none seen".to_owned(), behind)
        }
        _ => (amount(volume), exact_amount(volume)),
    }
}

fn counted_bytes(bytes: u64) -> String {
    format!("{} {}", count(bytes), if bytes == 1 { "byte" } else { "bytes" })
}

/// The time between two instants in its two largest units, such as `3 min 18 s`.
pub(crate) fn span(from: Timestamp, until: Timestamp) -> String {
    let seconds = until.as_second().saturating_sub(from.as_second()).max(0);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds % 86_400 / 3_600, "h"),
        (seconds % 3_600 / 60, "min"),
        (seconds % 60, "s"),
    ];
    let mut shown = Vec::new();
    for (number, unit) in parts.into_iter().skip_while(|(number, _)| *number == 0).take(2) {
        if number > 0 {
            shown.push(format!("{number} {unit}"));
        }
    }
    if shown.is_empty() { "under 1 s".to_owned() } else { shown.join(" ") }
}

/// A word of the record as a reader has it: `s3_bucket` is `s3 bucket`.
pub(crate) fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// A kind of resource or destination as a reader has it.
pub(crate) fn kind(kind: &str) -> String {
    match kind {
        "s3_bucket" => "S3 bucket".to_owned(),
        "s3_object" => "S3 object".to_owned(),
        "ebs_snapshot" => "EBS snapshot".to_owned(),
        "rds_snapshot" => "RDS snapshot".to_owned(),
        "ami" => "AMI".to_owned(),
        "aws_account" => "AWS account".to_owned(),
        "ip_address" => "address".to_owned(),
        "public" => "everyone".to_owned(),
        other => plain(other),
    }
}

/// The first letter made large, where the text is one of ours.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Parts joined as a sentence joins them: `a`, `a and b`, `a, b and c`.
pub(crate) fn enumerated(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands() {
        for (number, want) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(count(number), want);
        }
    }

    /// One row per way an amount can lie to the reader.
    #[test]
    fn amounts() {
        let volume = |value, bound| Volume { value, method: String::new(), bound };
        #[rustfmt::skip]
        let rows = [
            ("no number", volume(None, Bound::Unknown), "not known", "no number of bytes is known"),
            ("one", volume(Some(1), Bound::Exact), "1 byte", "exactly 1 byte"),
            ("below a unit", volume(Some(999), Bound::Exact), "999 bytes", "exactly 999 bytes"),
            ("nearest", volume(Some(4_198_743), Bound::Exact), "4.2 MB", "exactly 4,198,743 bytes"),
            ("a lower bound is not rounded up", volume(Some(4_198_743), Bound::Lower), "at least 4.1 MB", "at least 4,198,743 bytes"),
            ("an upper bound is not rounded down", volume(Some(4_110_001), Bound::Upper), "at most 4.2 MB", "at most 4,110,001 bytes"),
            ("rounding reaches the next unit", volume(Some(999_950), Bound::Exact), "1.0 MB", "exactly 999,950 bytes"),
            ("but not for a lower bound", volume(Some(999_999), Bound::Lower), "at least 999.9 kB", "at least 999,999 bytes"),
            ("the most there can be", volume(Some(u64::MAX), Bound::Upper), "at most 18.5 EB", "at most 18,446,744,073,709,551,615 bytes"),
        ];
        for (name, volume, short, exact) in rows {
            assert_eq!(
                (amount(&volume).as_str(), exact_amount(&volume).as_str()),
                (short, exact),
                "row: {name}"
            );
        }
    }

    #[test]
    fn what_lies_behind_a_door_has_not_moved() {
        let volume = |value, bound| Volume { value, method: String::new(), bound };
        let behind = volume(Some(1_000), Bound::Upper);
        assert_eq!(
            moved(Grade::Enabled, &behind),
            ("none seen".to_owned(), "behind the door: at most 1,000 bytes".to_owned())
        );
        assert_eq!(moved(Grade::Attempted, &volume(Some(0), Bound::Exact)).0, "0 bytes");
        assert_eq!(moved(Grade::Performed, &behind).0, "at most 1.0 kB");
        assert_eq!(moved(Grade::Attempted, &volume(None, Bound::Unknown)).0, "none seen");
    }

    #[test]
    fn spans() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, want) in [
            (0, "under 1 s"),
            (59, "59 s"),
            (198, "3 min 18 s"),
            (3_600, "1 h"),
            (3_605, "1 h"),
            (90_000, "1 d 1 h"),
            (-5, "under 1 s"),
        ] {
            assert_eq!(span(at(1_000_000), at(1_000_000 + seconds)), want);
        }
    }

    #[test]
    fn lists_in_words() {
        let parts = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(enumerated(&parts("")), "");
        assert_eq!(enumerated(&parts("a")), "a");
        assert_eq!(enumerated(&parts("a b c")), "a, b and c");
    }
}
