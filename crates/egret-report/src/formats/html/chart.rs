//! The chart, drawn on the server with attributes alone so that a strict policy holds, and its
//! values in a table.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use super::inlines::push_line;
use super::markup::Html;
use crate::document::{Chart, Inline, Lane, Mark, Stretch};

/// Drawing units: the label column, the whole width, a lane, the head of a group of lanes, the
/// room above for the axis, and a guess of how wide a letter is.
const LABEL: i64 = 232;
const RIGHT: i64 = 1_050;
const LANE: i64 = 22;
const HEAD: i64 = 26;
const TOP: i64 = 24;
const LETTER: i64 = 6;

/// Steps of the axis in seconds; the first with few enough ticks is taken.
const STEPS: [i64; 16] = [
    1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
    2_592_000, 31_536_000,
];
const TICKS_MAX: i64 = 8;

/// Where an instant lies.
struct Axis {
    start: i64,
    end: i64,
}

impl Axis {
    fn x(&self, at: Timestamp) -> i64 {
        self.x_of(at.as_second())
    }

    fn x_of(&self, second: i64) -> i64 {
        let span = self.end.saturating_sub(self.start).max(1);
        let along = second.clamp(self.start, self.end).saturating_sub(self.start);
        let width = i128::from(RIGHT.saturating_sub(LABEL));
        let x = i128::from(along).saturating_mul(width).checked_div(i128::from(span)).unwrap_or(0);
        LABEL.saturating_add(i64::try_from(x).unwrap_or(0))
    }

    fn step(&self) -> i64 {
        let span = self.end.saturating_sub(self.start);
        STEPS
            .into_iter()
            .find(|step| span.checked_div(*step).unwrap_or(0) <= TICKS_MAX)
            .unwrap_or_else(|| span.checked_div(TICKS_MAX).unwrap_or(1).max(1))
    }
}

pub(super) fn push_chart(out: &mut Html, chart: &Chart) {
    let axis = Axis { start: chart.start.as_second(), end: chart.end.as_second() };
    let height = chart.lanes.iter().fold(TOP, |height, lane| {
        height.saturating_add(LANE).saturating_add(if lane.begins.is_some() { HEAD } else { 0 })
    });
    let view = format!("0 0 {} {}", RIGHT.saturating_add(4), height.saturating_add(4));
    out.raw("<figure>\n<figcaption><strong>")
        .text(&chart.title)
        .raw("</strong> ")
        .text(&chart.subtitle)
        .raw("</figcaption>\n<div class=\"drawing\" tabindex=\"0\" role=\"region\" aria-label=\"Chart, scrolls sideways on small screens\">")
        .open("svg", &[("viewBox", &view), ("role", &"img"), ("aria-labelledby", &"chart-title chart-description")])
        .raw("<title id=\"chart-title\">")
        .text_only(&chart.title)
        .raw("</title><desc id=\"chart-description\">")
        .text_only(&chart.subtitle)
        .raw(" The table below holds the values.</desc>\n<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"5\" height=\"5\"/><rect class=\"hatch-line\" width=\"1.4\" height=\"5\"/></pattern></defs>\n");
    push_axis(out, &axis, height);
    let mut y = TOP;
    for lane in &chart.lanes {
        if let Some(begins) = lane.begins {
            out.element(
                "text",
                &[("class", &"head"), ("x", &0), ("y", &y.saturating_add(18))],
                begins,
            );
            y = y.saturating_add(HEAD);
        }
        push_lane(out, &axis, lane, y);
        y = y.saturating_add(LANE);
    }
    out.raw("</svg></div>\n");
    push_values(out, chart);
    out.raw("</figure>\n");
    if let Some(cut) = &chart.cut {
        out.element("p", &[("class", &"remark cut")], cut).raw("\n");
    }
}

fn push_axis(out: &mut Html, axis: &Axis, height: i64) {
    let step = axis.step();
    let mut tick = axis.start.div_euclid(step).saturating_mul(step);
    while tick <= axis.end {
        if tick >= axis.start {
            let x = axis.x_of(tick);
            out.empty(
                "line",
                &[("class", &"grid"), ("x1", &x), ("x2", &x), ("y1", &18), ("y2", &height)],
            );
            let anchor = if x > RIGHT.saturating_sub(40) { "end" } else { "middle" };
            out.element(
                "text",
                &[("class", &"tick"), ("x", &x), ("y", &12), ("text-anchor", &anchor)],
                &tick_label(tick, step),
            );
        }
        tick = tick.saturating_add(step);
    }
}

/// A day where ticks are days apart, else a day and a time.
fn tick_label(second: i64, step: i64) -> String {
    let Ok(time) = Timestamp::from_second(second) else { return String::new() };
    let civil = TimeZone::UTC.to_datetime(time);
    if step >= 86_400 {
        return civil.date().to_string();
    }
    let form = if step < 60 { "%d %H:%M:%S" } else { "%m-%d %H:%M" };
    civil.round(Unit::Second).map(|civil| civil.strftime(form).to_string()).unwrap_or_default()
}

fn push_lane(out: &mut Html, axis: &Axis, lane: &Lane, y: i64) {
    let baseline = y.saturating_add(15);
    if let Some(to) = &lane.to {
        out.open("a", &[("href", &format!("#{to}"))]);
    }
    out.element(
        "text",
        &[("class", &"lane"), ("x", &0), ("y", &baseline)],
        &cut_label(&lane.label),
    );
    if lane.to.is_some() {
        out.raw("</a>");
    }
    for stretch in &lane.stretches {
        push_stretch(out, axis, stretch, y);
    }
    out.raw("\n");
}

/// Labels differ at both ends, so a long one loses its middle.
fn cut_label(label: &str) -> String {
    const MOST: usize = 34;
    let letters: Vec<char> = label.chars().collect();
    if letters.len() <= MOST {
        return label.to_owned();
    }
    let head: String = letters.iter().take(14).collect();
    let tail: String = letters.iter().skip(letters.len().saturating_sub(19)).collect();
    format!("{head}…{tail}")
}

fn push_stretch(out: &mut Html, axis: &Axis, stretch: &Stretch, y: i64) {
    let left = axis.x(stretch.from);
    let right = axis.x(stretch.until).max(left.saturating_add(3));
    let width = right.saturating_sub(left);
    let middle = y.saturating_add(11);
    let line = |out: &mut Html, class: &'static str| {
        out.empty(
            "line",
            &[("class", &class), ("x1", &left), ("x2", &right), ("y1", &middle), ("y2", &middle)],
        );
    };
    let bar = |out: &mut Html, class: &'static str, top: i64, height: i64| {
        out.empty(
            "rect",
            &[
                ("class", &class),
                ("x", &left),
                ("y", &y.saturating_add(top)),
                ("width", &width),
                ("height", &height),
            ],
        );
    };
    match stretch.mark {
        Mark::Covered => bar(out, "covered", 7, 8),
        Mark::NoLog => bar(out, "no-log", 7, 8),
        Mark::Moved => bar(out, "moved", 5, 12),
        Mark::Outside => bar(out, "outside", 5, 12),
        Mark::Door => line(out, "door"),
        Mark::Failed => {
            line(out, "failed");
            out.empty(
                "path",
                &[
                    ("class", &"cross"),
                    ("d", &format!("M{} {}l8 8m0-8l-8 8", right, middle.saturating_sub(4))),
                ],
            );
        }
    }
    if let Some(label) = &stretch.label {
        let room = i64::try_from(label.chars().count()).unwrap_or(0).saturating_mul(LETTER);
        let baseline = y.saturating_add(15);
        // To the right of the mark, or to its left where there is no room.
        let (x, anchor) = if right.saturating_add(14).saturating_add(room) <= RIGHT {
            (right.saturating_add(if stretch.mark == Mark::Failed { 14 } else { 6 }), "start")
        } else if left.saturating_sub(room) > LABEL {
            (left.saturating_sub(6), "end")
        } else {
            (right.saturating_sub(4), "end")
        };
        out.element(
            "text",
            &[("class", &"mark"), ("x", &x), ("y", &baseline), ("text-anchor", &anchor)],
            label,
        );
    }
}

fn push_values(out: &mut Html, chart: &Chart) {
    out.raw("<details class=\"values\"><summary>Values of the chart</summary>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Values of the chart\"><table><caption>Values of the chart</caption><thead><tr><th scope=\"col\">Lane</th><th scope=\"col\">What</th><th scope=\"col\">From</th><th scope=\"col\">Until</th></tr></thead>\n<tbody>\n");
    for lane in &chart.lanes {
        for stretch in &lane.stretches {
            out.raw("<tr>")
                .element("th", &[("scope", &"row"), ("data-label", &"Lane")], &lane.label)
                .open("td", &[("data-label", &"What")])
                .text(stretch.mark.as_str());
            if let Some(label) = &stretch.label {
                out.raw("<div class=\"detail\">").text(label).raw("</div>");
            }
            out.raw("</td>").open("td", &[("class", &"time"), ("data-label", &"From")]);
            push_line(out, &[Inline::Time(stretch.from)]);
            out.raw("</td>").open("td", &[("class", &"time"), ("data-label", &"Until")]);
            push_line(out, &[Inline::Time(stretch.until)]);
            out.raw("</td></tr>\n");
        }
    }
    out.raw("</tbody></table></div></details>\n");
}
