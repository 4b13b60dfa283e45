//! The text that Elastic's ingest pipeline prints of a document: `{bucketName=payroll, acl=[x]}`.
//!
//! Elastic stores `aws.cloudtrail.request_parameters` so, and many rules match on pieces of it, such
//! as `*backupRetentionPeriod=0*`. It is made from the JSON text when a query asks for it.

use datafusion_expr::{Expr, ident, lit};
use datafusion_functions::expr_fn::{regexp_replace, replace};
use egret_model::ecs::Field;

use super::text::{escaped_like, pattern};
use crate::ast::Part;

/// A JSON text's strings: letters but quotes and backslashes, or a backslash and any letter.
const STRING: &str = r#""((?:[^"\\]|\\.)*)""#;

/// The document as such a text.
pub(super) fn printed_map(field: Field) -> Expr {
    let all = || Some(lit("g"));
    let json = ident(field.name());
    // `,"key":` to `, "key":`, then `"key":` to `key=`.
    let spaced = regexp_replace(json, lit(format!(",({STRING}):")), lit(r", \1:"), all());
    let named = regexp_replace(spaced, lit(format!("{STRING}:")), lit(r"\1="), all());
    let lists = replace(named, lit("\",\""), lit("\", \""));
    // Quotes inside texts are kept through the removal of those around them.
    let kept = replace(lists, lit("\\\""), lit("\u{1}"));
    let bare = replace(kept, lit("\""), lit(""));
    let quoted = replace(bare, lit("\u{1}"), lit("\""));
    replace(quoted, lit("\\\\"), lit("\\"))
}

/// Whether the text fits a pattern.
///
/// A piece of the pattern that must stand in the JSON too is looked for first, so that the text is
/// made of few documents.
pub(super) fn like(field: Field, pieces: &[Part], ignore_case: bool) -> Expr {
    let fits = super::like(printed_map(field), &pattern(pieces), ignore_case);
    match hint(pieces) {
        Some(piece) => {
            let json = ident(field.name());
            super::like(json, &format!("%{}%", escaped_like(&piece)), ignore_case).and(fits)
        }
        None => fits,
    }
}

/// The longest run of plain letters.
fn hint(pieces: &[Part]) -> Option<String> {
    let texts = pieces.iter().filter_map(|part| match part {
        Part::Literal(text) => Some(text.as_str()),
        _ => None,
    });
    texts
        .flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric()))
        .filter(|run| run.len() >= 3)
        .max_by_key(|run| run.len())
        .map(str::to_owned)
}
