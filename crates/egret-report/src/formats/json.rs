//! The record itself: `egret.report/1`.

use egret_model::report::Report;

/// The whole record, indented, with a line feed at its end.
///
/// This is the one format that leaves nothing out: the others point here where they cut.
pub(super) fn text(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
