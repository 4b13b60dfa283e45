//! How a document becomes bytes. A new format is a file and a line in [`Format`].

mod html;
mod json;
mod markdown;

use egret_model::report::Report;

use crate::sections::document;

/// A form that a report can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `egret.report/1`, for programs; described by `report-v1.schema.json`.
    Json,
    /// One self-contained page: no request leaves it, no script runs in it.
    Html,
    /// Text that reads well plain and rendered.
    Markdown,
}

impl Format {
    /// All of them, in the order a case folder lists them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Html, Self::Markdown];

    /// The file's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }
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
        Format::Json => json::text(report)?,
        Format::Html => html::page(&document(report)),
        Format::Markdown => markdown::text(&document(report)),
    })
}
