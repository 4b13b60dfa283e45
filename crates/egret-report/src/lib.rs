//! An investigation record rendered as JSON, HTML and Markdown.
//!
//! [`sections`](document::Document) say what is said, formats how. The crate depends on plain data
//! alone: it cannot ask the evidence anything, and it does not know what time it is.

pub mod document;
pub mod escape;
mod formats;
mod sections;
mod words;

pub use formats::{Format, RenderError, render};
pub use sections::document;
