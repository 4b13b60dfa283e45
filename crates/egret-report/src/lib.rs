//! An investigation record rendered as JSON, HTML and Markdown.
//!
//! [`document()`] turns a record into a [`document::Document`], section by section; a format turns
//! that into bytes. A new section is a file and a line in `sections`, a new format a file and a
//! line in [`Format`].
//!
//! The crate depends on plain data alone: it cannot ask the evidence anything, and it does not know
//! what time it is. The same record gives the same bytes. Whatever it is given may hold text that
//! an attacker wrote into a log; [`escape`] makes it harmless, and nothing else does.

mod badges;
pub mod document;
pub mod escape;
mod formats;
mod references;
mod sections;
mod words;

pub use formats::{Format, RenderError, render};
pub use sections::document;
