//! What is usual: whether a day of reads or flows looks like the same pair's other days.
//!
//! A responder wants the one reader among thousands who does not belong. Reads and flows are
//! therefore compared with what the same pair (reader and address, sender and receiver) did before.
//! Nothing is cleared by this: what is set aside is counted, and the channel's result says so. A
//! theft that keeps to its author's own habits and volumes is not told apart; the report names that
//! limit.
//!
//! A day is usual when the pair was first seen in the habit period, was seen on at least
//! [`DAYS_MIN`] other days, and moved no more than [`FACTOR`] times the median of those, or twice
//! the second largest of them, or no more than `floor` bytes. The habit period is what lies before the window, or, where no window was
//! chosen, the first week of the evidence, so that a slow theft that begins later never becomes a
//! habit.

use std::collections::BTreeMap;

use egret_model::time::TimeRange;
use jiff::{SignedDuration, Timestamp};

/// Other days on which the pair must have been seen.
pub const DAYS_MIN: usize = 3;

/// How many times the median of the other days a usual day may move.
pub const FACTOR: u64 = 5;

/// The habit period for a window over evidence from `first` to `last`; `None` when too little lies
/// before.
///
/// `chosen` says that a person chose the window.
pub fn period(
    window: TimeRange,
    first: Timestamp,
    last: Timestamp,
    chosen: bool,
) -> Option<TimeRange> {
    let day = SignedDuration::from_hours(24);
    // Days are compared by their first moment, and the first of them has begun before its events.
    let into_day = first.as_second().rem_euclid(86_400);
    let first = Timestamp::from_second(first.as_second().saturating_sub(into_day)).unwrap_or(first);
    let days = |count: i32| day.saturating_mul(count);
    if chosen && window.start.duration_since(first) >= days(3) {
        return Some(TimeRange { start: first, end: window.start });
    }
    if last.duration_since(first) >= days(10) {
        let end = first.checked_add(days(7)).ok()?;
        return Some(TimeRange { start: first, end });
    }
    None
}

/// Bytes that pairs moved, by day.
#[derive(Debug)]
pub struct Habits<P> {
    habit: Option<TimeRange>,
    floor: u64,
    days: BTreeMap<P, BTreeMap<Timestamp, u64>>,
}

impl<P: Ord> Habits<P> {
    /// For a habit period; days of up to `floor` bytes are never large.
    pub fn new(habit: Option<TimeRange>, floor: u64) -> Self {
        Self { habit, floor, days: BTreeMap::new() }
    }

    /// Adds what a pair moved on a day.
    pub fn add(&mut self, pair: P, day: Timestamp, bytes: u64) {
        let moved = self.days.entry(pair).or_default().entry(day).or_default();
        *moved = moved.saturating_add(bytes);
    }

    /// Whether that day of the pair looks like its other days.
    pub fn is_usual(&self, pair: &P, day: Timestamp) -> bool {
        let (Some(habit), Some(days)) = (self.habit, self.days.get(pair)) else { return false };
        let is_old = days.keys().next().is_some_and(|first| habit.contains(*first));
        if !is_old || days.len().saturating_sub(1) < DAYS_MIN {
            return false;
        }
        let today = days.get(&day).copied().unwrap_or(0);
        let mut others: Vec<u64> =
            days.iter().filter(|(other, _)| **other != day).map(|(_, bytes)| *bytes).collect();
        others.sort_unstable();
        let median = others.get(others.len() / 2).copied().unwrap_or(0);
        // The largest may be the very day that should not count.
        let second =
            others.len().checked_sub(2).and_then(|at| others.get(at)).copied().unwrap_or(0);
        let usual = median.saturating_mul(FACTOR).max(second.saturating_mul(2));
        today <= self.floor.max(usual)
    }

    /// Days on which the pair was seen.
    pub fn days_seen(&self, pair: &P) -> usize {
        self.days.get(pair).map_or(0, BTreeMap::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number.saturating_mul(86_400)).unwrap()
    }

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange { start: day(start), end: day(end) }
    }

    #[test]
    fn usual_and_unusual_days() {
        let mut habits = Habits::new(Some(range(0, 7)), 10);
        for at in 0..5 {
            habits.add("regular", day(at), 100);
        }
        habits.add("regular", day(20), 400);
        habits.add("regular", day(21), 600);
        habits.add("late", day(20), 1);
        for at in 10..30 {
            habits.add("slow thief", day(at), 100);
        }
        habits.add("twice", day(0), 1);
        habits.add("twice", day(1), 1);
        #[rustfmt::skip]
        let rows = [
            ("like the other days", "regular", 2, true),
            ("four times the median", "regular", 20, true),
            ("six times the median", "regular", 21, false),
            ("never seen before", "late", 20, false),
            ("regular, but only after the habit period", "slow thief", 25, false),
            ("two days are no habit", "twice", 1, false),
        ];
        for (name, pair, at, want) in rows {
            assert_eq!(habits.is_usual(&pair, day(at)), want, "row: {name}");
        }
    }

    #[test]
    fn the_habit_period() {
        let whole = range(0, 35);
        assert_eq!(period(range(30, 35), day(0), day(35), true), Some(range(0, 30)));
        assert_eq!(period(whole, day(0), day(35), false), Some(range(0, 7)));
        assert_eq!(period(range(1, 5), day(0), day(5), true), None, "one day before is too few");
        assert_eq!(period(range(0, 5), day(0), day(5), false), None);
    }
}
