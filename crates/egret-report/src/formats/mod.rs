//! How a document becomes bytes. A new format is a file and a line in [`Format`].

mod html;
mod markdown;

use egret_model::report::Report;

use crate::sections::document;

/// A form that a report can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `egret.report/1`, for programs.
    Json,
    /// One self-contained page.
    Html,
    /// Text that reads well plain and rendered.
    Markdown,
}

/// A report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The record cannot be written as JSON.
    #[error("report as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Renders a report. The same report gives the same bytes.
///
/// # Errors
///
/// [`RenderError`], which would be a bug in the record.
pub fn render(report: &Report, format: Format) -> Result<String, RenderError> {
    Ok(match format {
        Format::Json => {
            let mut text = serde_json::to_string_pretty(report)?;
            text.push('\n');
            text
        }
        Format::Html => html::page(&document(report), report),
        Format::Markdown => markdown::text(&document(report)),
    })
}
