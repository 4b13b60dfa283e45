//! Which silence of a log is more than chance.
//!
//! A log has a rhythm: nights, weekends, a job at six. For each hour of the week (of the day, in a
//! short log) the mean of the same hours elsewhere in the log is what was to be expected. Counts
//! of a log scatter more than chance alone would have them, so each hour's chance of being empty is
//! that of a negative binomial with the log's own scatter. A run of empty hours is a gap when the
//! product of those chances is below one in a million.
//!
//! What it **cannot** tell: why. A missing file, a stopped trail and a day off look alike, so a gap is
//! "no event", never "nothing happened".

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// Natural logarithm of one in a million.
const CHANCE: f64 = -13.8;

/// Hours of a log that are judged: ten years. A record can claim any date, and one of the year 9999
/// must neither cost minutes nor make all the time before it a gap.
const HOURS_MAX: i64 = 87_660;

/// Hours of a week.
const WEEK: usize = 168;

/// Hours of a day.
const DAY: usize = 24;

/// A run of empty hours that chance does not explain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Silence {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// Events that were to be expected in it.
    pub(crate) expected: f64,
}

/// Counts of a log by hour since 1970, hours without an event left out.
pub(crate) type Hours = BTreeMap<i64, u64>;

/// Hour since 1970 of an instant.
pub(crate) fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(HOUR)
}

/// Runs of empty hours from the log's first hour to `until` (not included) that are no chance.
pub(crate) fn silences(hours: &Hours, until: i64) -> Vec<Silence> {
    // The hours around the middle one: outliers in time are few.
    let Some(middle) = hours.keys().nth(hours.len().div_euclid(2)).copied() else {
        return Vec::new();
    };
    let half = HOURS_MAX.div_euclid(2);
    let (from, to) = (middle.saturating_sub(half), middle.saturating_add(half));
    let hours: Hours = hours.range(from..=to).map(|(hour, count)| (*hour, *count)).collect();
    let hours = &hours;
    let until = until.min(to);
    let Some((first, _)) = hours.first_key_value() else { return Vec::new() };
    let Some((last, _)) = hours.last_key_value() else { return Vec::new() };
    let rhythm = Rhythm::of(hours, *first, *last);
    let mut found = Vec::new();
    let mut before = *first;
    let ends = hours.keys().copied().skip(1).chain(std::iter::once(until));
    for next in ends {
        let begin = before.saturating_add(1);
        if begin < next {
            found.extend(rhythm.judge(begin, next));
        }
        before = next;
    }
    found
}

/// The hours of a log that are alike.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    events: f64,
    hours: f64,
    /// Hours without an event.
    empty: f64,
}

/// What is usual at an hour.
struct Rhythm {
    /// Slots of the cycle: a week, a day, or one hour for all.
    cycle: usize,
    slots: Vec<Slot>,
    /// Variance of the counts over their mean; 1 for pure chance.
    scatter: f64,
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts and hours far below 2^52"
)]
impl Rhythm {
    fn of(hours: &Hours, first: i64, last: i64) -> Self {
        let span = last.saturating_sub(first).saturating_add(1);
        let cycle = match span {
            // Three of a kind, so that one can be missing.
            504.. => WEEK,
            72..=503 => DAY,
            _ => 1,
        };
        let mut rhythm = Self { cycle, slots: vec![Slot::default(); cycle], scatter: 1.0 };
        // Whole cycles fill every slot alike; what is left over goes to the slots it falls on.
        for hour in first..=last {
            let slot = rhythm.slot(hour);
            if let Some(slot) = rhythm.slots.get_mut(slot) {
                slot.hours += 1.0;
                if !hours.contains_key(&hour) {
                    slot.empty += 1.0;
                }
            }
        }
        for (hour, count) in hours {
            let slot = rhythm.slot(*hour);
            if let Some(slot) = rhythm.slots.get_mut(slot) {
                slot.events += *count as f64;
            }
        }
        let (mut sum, mut terms) = (0.0, 0.0);
        for hour in first..=last {
            let Some(slot) = rhythm.slots.get(rhythm.slot(hour)) else { continue };
            let mean = slot.events / slot.hours;
            if mean > 0.0 {
                let count = hours.get(&hour).copied().unwrap_or(0) as f64;
                sum += (count - mean).powi(2) / mean;
                terms += 1.0;
            }
        }
        let free = terms - cycle.min(usize::try_from(span).unwrap_or(usize::MAX)) as f64;
        if free > 0.0 {
            rhythm.scatter = (sum / free).max(1.0);
        }
        rhythm
    }

    fn slot(&self, hour: i64) -> usize {
        let cycle = i64::try_from(self.cycle).unwrap_or(1).max(1);
        usize::try_from(hour.rem_euclid(cycle)).unwrap_or(0)
    }

    /// Whether the empty hours from `begin` to `end` are no chance.
    fn judge(&self, begin: i64, end: i64) -> Option<Silence> {
        let mut own = vec![0.0; self.cycle];
        for hour in begin..end {
            if let Some(hours) = own.get_mut(self.slot(hour)) {
                *hours += 1.0;
            }
        }
        let all = self.slots.iter().fold(Slot::default(), |sum, slot| Slot {
            events: sum.events + slot.events,
            hours: sum.hours + slot.hours,
            empty: sum.empty + slot.empty,
        });
        let overall = all.events / all.hours.max(1.0);
        let (mut log_chance, mut expected) = (0.0, 0.0);
        for (hours, slot) in own.iter().zip(&self.slots) {
            if *hours == 0.0 {
                continue;
            }
            // The silence itself does not count as usual.
            let others = slot.hours - hours;
            let empty = slot.empty - hours;
            let mean = if others >= 1.0 { slot.events / others } else { overall };
            expected += mean * hours;
            let mut chance = self.log_empty(mean);
            // Hours like it that were empty too say more than any formula.
            if empty >= 1.0 {
                chance = chance.max(((empty + 1.0) / (others + 2.0)).ln());
            }
            log_chance += chance * hours;
        }
        (log_chance < CHANCE).then_some(())?;
        Some(Silence { start: instant(begin)?, end: instant(end)?, expected })
    }

    /// Logarithm of the chance that an hour with this mean is empty.
    fn log_empty(&self, mean: f64) -> f64 {
        if self.scatter < 1.001 {
            return -mean;
        }
        -mean / (self.scatter - 1.0) * self.scatter.ln()
    }
}

fn instant(hour: i64) -> Option<Timestamp> {
    Timestamp::from_second(hour.saturating_mul(HOUR)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of so many days, each count by the hour's number.
    fn log(days: i64, count: impl Fn(i64) -> u64) -> Hours {
        (0..days.saturating_mul(24))
            .map(|hour| (hour, count(hour)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    fn found(hours: &Hours, until: i64) -> Vec<(i64, i64)> {
        silences(hours, until)
            .iter()
            .map(|silence| (hour_of(silence.start), hour_of(silence.end)))
            .collect()
    }

    #[test]
    fn silence_is_judged_by_the_rhythm_of_the_log() {
        let office =
            |hour: i64| u64::from(hour / 24 % 7 < 5 && (8..18).contains(&(hour % 24))) * 40;
        type Row = (&'static str, Hours, i64, &'static [(i64, i64)]);
        #[rustfmt::skip]
        let rows: [Row; 9] = [
            ("busy, three hours missing", log(35, |hour| if (500..503).contains(&hour) { 0 } else { 20 }), 840, &[(500, 503)]),
            ("busy, one hour missing", log(35, |hour| if hour == 500 { 0 } else { 20 }), 840, &[(500, 501)]),
            ("three an hour, one hour missing", log(35, |hour| if hour == 500 { 0 } else { 3 }), 840, &[]),
            ("office hours: nights and weekends are no gap", log(35, office), 840, &[]),
            ("office hours, a Tuesday missing", log(35, |hour| if (24 * 8..24 * 9).contains(&hour) { 0 } else { office(hour) }), 840, &[(7 * 24 + 18, 9 * 24 + 8)]),
            ("a nightly job that misses one night", log(35, |hour| if hour % 24 == 3 && hour != 24 * 20 + 3 { 500 } else { 0 }), 840, &[(24 * 19 + 4, 24 * 21 + 3)]),
            ("it stops, and other logs go on", log(20, |_| 20), 600, &[(480, 600)]),
            ("bursts without a rhythm", log(35, |hour| if hour * 7919 % 13 == 0 { 300 } else { 0 }), 840, &[]),
            ("next to nothing", [(0, 300), (10, 400), (20, 300)].into(), 21, &[]),
        ];
        for (name, hours, until, want) in rows {
            assert_eq!(found(&hours, until), want, "row: {name}");
        }
        assert!(silences(&Hours::new(), 10).is_empty());
        // A record of the year 9999 is no end of the log.
        let mut hours = log(35, |_| 20);
        hours.insert(70_000_000, 1);
        assert_eq!(found(&hours, 840), []);
    }

    #[test]
    fn a_silence_says_what_was_expected() {
        let hours = log(35, |hour| if (500..503).contains(&hour) { 0 } else { 20 });
        let expected = silences(&hours, 840)[0].expected;
        assert!((expected - 60.0).abs() < 1.0, "{expected}");
    }
}
