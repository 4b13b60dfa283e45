//! The heat map, drawn on the server with attributes and classes alone.

use super::markup::Html;
use crate::document::Heat;
use crate::words::count;

/// Drawing units: the label column, the whole width, a row, a cell's gap, room for the axis.
const LABEL: i64 = 264;
const RIGHT: i64 = 1_050;
const ROW: i64 = 20;
const TOP: i64 = 20;

/// Dates written above the columns at most.
const TICKS: usize = 8;

pub(super) fn push_heat(out: &mut Html, heat: &Heat) {
    let columns = i64::try_from(heat.columns.len()).unwrap_or(1).max(1);
    let rows = i64::try_from(heat.rows.len()).unwrap_or(0);
    let width = RIGHT.saturating_sub(LABEL);
    let x_of = |column: usize| {
        let column = i64::try_from(column).unwrap_or(0);
        LABEL.saturating_add(column.saturating_mul(width).div_euclid(columns))
    };
    let height = TOP.saturating_add(rows.saturating_mul(ROW)).saturating_add(4);
    let view = format!("0 0 {} {height}", RIGHT.saturating_add(4));
    out.raw("<figure>\n<figcaption><strong>")
        .text(&heat.title)
        .raw("</strong> ")
        .text(&heat.subtitle)
        .raw("</figcaption>\n<div class=\"drawing\" tabindex=\"0\" role=\"region\" aria-label=\"Heat map, scrolls sideways on small screens\">")
        .open("svg", &[("viewBox", &view), ("role", &"img"), ("aria-labelledby", &"heat-title heat-description")])
        .raw("<title id=\"heat-title\">")
        .text_only(&heat.title)
        .raw("</title><desc id=\"heat-description\">")
        .text_only(&heat.subtitle)
        .raw("</desc>\n<defs><pattern id=\"heat-hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"5\" height=\"5\"/><rect class=\"hatch-line\" width=\"1.4\" height=\"5\"/></pattern></defs>\n");
    let every = heat.columns.len().div_ceil(TICKS).max(1);
    for (column, day) in heat.columns.iter().enumerate().step_by(every) {
        out.element("text", &[("class", &"tick"), ("x", &x_of(column)), ("y", &12)], day);
    }
    for (at, row) in heat.rows.iter().enumerate() {
        let y = TOP.saturating_add(i64::try_from(at).unwrap_or(0).saturating_mul(ROW));
        out.element("text", &[("x", &0), ("y", &y.saturating_add(14))], &row.label);
        for (column, cell) in row.cells.iter().enumerate() {
            let x = x_of(column);
            let next = x_of(column.saturating_add(1));
            let cell_width = next.saturating_sub(x).saturating_sub(1).max(1);
            let class =
                if cell.gap { "heat-gap".to_owned() } else { format!("heat-{}", cell.level) };
            out.open(
                "rect",
                &[
                    ("class", &class),
                    ("x", &x),
                    ("y", &y),
                    ("width", &cell_width),
                    ("height", &ROW.saturating_sub(3)),
                ],
            );
            let day = heat.columns.get(column).map_or("", String::as_str);
            let gap = if cell.gap { ", a gap in it" } else { "" };
            out.raw("<title>")
                .text_only(&format!("{day}: {} events{gap}", count(cell.events)))
                .raw("</title></rect>");
        }
        out.raw("\n");
    }
    out.raw("</svg></div>\n</figure>\n");
    if let Some(cut) = &heat.cut {
        out.element("p", &[("class", &"remark cut")], cut).raw("\n");
    }
}
