//! When data moved, and which log covers it: the chart at the head of the timeline.

use egret_model::report::{DatasetCoverage, Grade, Movement, Report};
use jiff::Timestamp;

use crate::badges;
use crate::document::{Chart, Lane, Mark, Stretch};
use crate::references::{References, anchor};
use crate::words::{count, counted, length, size, span};

/// Lanes of movements, and of logs; the tables hold the rest.
const MOVEMENT_LANES: usize = 20;
const LOG_LANES: usize = 16;

/// The chart, when there is a period to draw.
pub(super) fn chart(report: &Report, references: &References<'_>) -> Option<Chart> {
    let (start, end) = period(report)?;
    let mut movements = references.movements();
    let all_movements = report.movements.len();
    movements.truncate(MOVEMENT_LANES);
    movements.sort_by_key(|movement| movement.first);
    let mut lanes: Vec<Lane> =
        movements.iter().map(|movement| movement_lane(movement, report.case.window.end)).collect();
    if let Some(first) = lanes.first_mut() {
        first.begins = Some("Movements");
    }
    let drawn_movements = lanes.len();
    for (at, dataset) in report.coverage.datasets.iter().take(LOG_LANES).enumerate() {
        let mut lane = log_lane(dataset, start, end);
        if at == 0 {
            lane.begins = Some("Logs at hand");
        }
        lanes.push(lane);
    }
    if lanes.is_empty() {
        return None;
    }
    let left_out = [
        (all_movements.saturating_sub(drawn_movements), "movement", "movements"),
        (report.coverage.datasets.len().saturating_sub(LOG_LANES), "log", "logs"),
    ]
    .into_iter()
    .filter(|(more, _, _)| *more > 0)
    .map(|(more, one, many)| counted(u64::try_from(more).unwrap_or(u64::MAX), one, many))
    .collect::<Vec<_>>();
    let gaps = report.coverage.datasets.iter().map(|one| one.gaps.len()).sum::<usize>();
    Some(Chart {
        title: format!(
            "{} over {}, under {} with {}",
            crate::words::capital(&counted(size(&report.movements), "movement", "movements")),
            span(start, end),
            counted(size(&report.coverage.datasets), "log", "logs"),
            counted(u64::try_from(gaps).unwrap_or(u64::MAX), "gap", "gaps")
        ),
        subtitle: "Time in UTC. Solid: data seen to move, red when received where it is not known \
                   to be authorised. Dashed: a door stood open, no data seen in it. Dotted to ×: \
                   tried and failed. Hatched: no log at hand."
            .to_owned(),
        start,
        end,
        lanes,
        cut: (!left_out.is_empty()).then(|| {
            format!(
                "Not drawn: {}; the tables hold all {} movements and {} logs.",
                crate::words::enumerated(&left_out),
                length(&report.movements),
                count(size(&report.coverage.datasets))
            )
        }),
    })
}

/// The window, widened to what was seen.
fn period(report: &Report) -> Option<(Timestamp, Timestamp)> {
    let mut start = report.case.window.start;
    let mut end = report.case.window.end;
    for movement in &report.movements {
        start = start.min(movement.first);
        end = end.max(movement.last).max(movement.closed_at.unwrap_or(movement.last));
    }
    (start < end).then_some((start, end))
}

fn movement_lane(movement: &Movement, window_end: Timestamp) -> Lane {
    let (mark, until) = match movement.grade {
        Grade::Enabled | Grade::Prepared => {
            (Mark::Door, movement.closed_at.unwrap_or_else(|| window_end.max(movement.last)))
        }
        Grade::Attempted => (Mark::Failed, movement.last),
        Grade::Performed | Grade::Received if badges::is_outside(movement) => {
            (Mark::Outside, movement.last)
        }
        Grade::Performed | Grade::Received => (Mark::Moved, movement.last),
    };
    let label = match (movement.grade, movement.closed_at) {
        (Grade::Enabled | Grade::Prepared, Some(closed)) => {
            format!("open {}", span(movement.first, closed))
        }
        (Grade::Enabled | Grade::Prepared, None) => "not seen closed".to_owned(),
        _ if movement.first == movement.last => counted(movement.event_count, "record", "records"),
        _ => format!(
            "{} in {}",
            counted(movement.event_count, "record", "records"),
            span(movement.first, movement.last)
        ),
    };
    Lane {
        label: format!("{} {}", movement.id, movement.grade.as_str()),
        to: Some(anchor("movement", &movement.id)),
        begins: None,
        stretches: vec![Stretch { from: movement.first, until, mark, label: Some(label) }],
    }
}

fn log_lane(dataset: &DatasetCoverage, start: Timestamp, end: Timestamp) -> Lane {
    let mut label = dataset.dataset.clone();
    for part in [&dataset.account, &dataset.region].into_iter().flatten() {
        label.push(' ');
        label.push_str(part);
    }
    let mut stretches = vec![Stretch {
        from: dataset.first,
        until: dataset.last,
        mark: Mark::Covered,
        label: None,
    }];
    let no_log =
        |from: Timestamp, until: Timestamp| Stretch { from, until, mark: Mark::NoLog, label: None };
    if dataset.first > start {
        stretches.push(no_log(start, dataset.first));
    }
    stretches.extend(dataset.gaps.iter().map(|gap| no_log(gap.start, gap.end)));
    if dataset.last < end {
        stretches.push(no_log(dataset.last, end));
    }
    Lane { label, to: Some("coverage".to_owned()), begins: None, stretches }
}
