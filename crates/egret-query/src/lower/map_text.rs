//! The text that Elastic's ingest pipeline prints of a document: `{bucketName=payroll, acl=[x]}`.
//!
//! Elastic stores `aws.cloudtrail.request_parameters` so, and many rules match on pieces of it, such
//! as `*backupRetentionPeriod=0*`. It is made from the JSON text when a query asks for it, whatever
//! blanks and line breaks the text was logged with.

use datafusion_expr::{BinaryExpr, Expr, Operator, ident, lit};
use datafusion_functions::expr_fn::{left, regexp_replace, replace};
use egret_model::ecs::Field;

use super::text::{escaped_like, pattern};
use crate::ast::Part;

/// What stands between the quotes of a JSON text: letters but quotes and backslashes, or a backslash
/// and any letter.
const INSIDE: &str = r#"(?:[^"\\]|\\.)*"#;

/// Control characters, which no JSON text holds as they are: a string begins, a string ends, a
/// backslash that was written as two.
const OPEN: &str = "\u{1}";
const CLOSE: &str = "\u{2}";
const BACKSLASH: &str = "\u{3}";

/// How JSON writes letters that the text has as they are; the backslash itself comes last.
const ESCAPES: &[(&str, &str)] = &[
    ("\\\\", BACKSLASH),
    ("\\\"", "\""),
    ("\\/", "/"),
    ("\\n", "\n"),
    ("\\r", "\r"),
    ("\\t", "\t"),
    ("\\u0026", "&"),
    ("\\u0027", "'"),
    ("\\u003c", "<"),
    ("\\u003d", "="),
    ("\\u003e", ">"),
    (BACKSLASH, "\\"),
];

/// The document as such a text.
pub(super) fn printed_map(field: Field) -> Expr {
    let everywhere = |text: Expr, regex: String, with: &str| {
        regexp_replace(text, lit(regex), lit(with), Some(lit("g")))
    };
    // Each step takes a string as a whole, so that nothing inside it is read as structure.
    let compact = everywhere(ident(field.name()), format!("(\"{INSIDE}\")|[ \\t\\r\\n]+"), "\\1");
    let marked = everywhere(compact, format!("\"({INSIDE})\""), &format!("{OPEN}\\1{CLOSE}"));
    // A comma behind the last element makes it one like the others, and goes again.
    let closed = Expr::BinaryExpr(BinaryExpr::new(
        Box::new(marked),
        Operator::StringConcat,
        Box::new(lit(",")),
    ));
    let element = format!("((?:{OPEN}[^{CLOSE}]*{CLOSE}|[^{OPEN},])*),");
    let spaced = left(everywhere(closed, element, "\\1, "), lit(-2i64));
    let named = replace(spaced, lit(format!("{CLOSE}:")), lit("="));
    let bare = [OPEN, CLOSE].iter().fold(named, |text, mark| replace(text, lit(*mark), lit("")));
    ESCAPES.iter().fold(bare, |text, (escape, letter)| replace(text, lit(*escape), lit(*letter)))
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
