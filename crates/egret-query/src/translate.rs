//! Queries for those who must run them elsewhere: SQL, ES|QL, Lucene.
//!
//! Placeholders and times are filled in first, so that the text means there what it meant here.

use datafusion_sql::unparser::Unparser;
use datafusion_sql::unparser::dialect::DefaultDialect;
use egret_model::ecs::FieldKind;

use crate::ast::{Clause, Level, Node, Part, Predicate, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::language::{self, Body, Language};
use crate::lower::Lowering;
use crate::reading::{Tree, join};
use crate::resolve::{Target, resolve};
use crate::{Options, block, compile};

/// A language to translate into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// SQL over the table `events`, as DataFusion and other engines over the same Parquet take it.
    Sql,
    /// ES|QL.
    Esql,
    /// Lucene's `query_string`.
    Lucene,
}

/// Translates a query of single events.
///
/// # Errors
///
/// Whatever [`compile`] finds, and [`Code::Unsupported`] for sequences, steps behind a pipe, and what
/// the other language has no words for.
pub fn translate(text: &str, options: &Options<'_>, into: Into) -> Result<String, Vec<Diagnostic>> {
    let query = compile(text, options)?;
    let refused = |what: &str| {
        vec![Diagnostic::new(Code::Unsupported, 0..text.len(), format!("{what} is not translated"))]
    };
    if query.sequence.is_some() {
        return Err(refused("a sequence"));
    }
    if query.is_pipeline() {
        return Err(refused("a pipeline"));
    }
    match into {
        Into::Lucene if query.bound_text.contains('…') => {
            Err(refused("a comparison of two terms"))
        }
        Into::Lucene => Ok(query.bound_text),
        Into::Sql => {
            let dialect = DefaultDialect {};
            let sql = Unparser::new(&dialect)
                .with_pretty(true)
                .expr_to_sql(&query.expr)
                .map_err(|error| refused(&format!("part of it ({error})")))?;
            Ok(format!("SELECT * FROM events WHERE {sql}"))
        }
        Into::Esql => {
            let (blanked, _) = block::without_comments(text);
            let parsed =
                language::parse(&blanked, options.language, options.strict, crate::eql::CATEGORY)
                    .map_err(|error| vec![error])?;
            let Body::Events(level) = parsed.body else { return Err(refused("a sequence")) };
            let mut printer = Esql {
                lowering: Lowering::new(options, parsed.language == Language::Esql),
                refused: Vec::new(),
            };
            let condition = printer.level(&level);
            if !printer.refused.is_empty() {
                return Err(printer.refused);
            }
            Ok(format!("FROM logs-*\n| WHERE {condition}"))
        }
    }
}

struct Esql<'a> {
    lowering: Lowering<'a>,
    refused: Vec<Diagnostic>,
}

impl Esql<'_> {
    fn level(&mut self, level: &Level) -> String {
        let is_time = |clause: &Clause| {
            matches!(&clause.node, Node::Match { field: Some(name), .. }
                if name.text == "@timestamp")
        };
        match join(level, self.lowering.reading, is_time, &mut Vec::new()) {
            Ok(tree) => self.tree(&tree),
            Err(error) => {
                self.refused.push(error);
                String::new()
            }
        }
    }

    fn tree(&mut self, tree: &Tree<'_>) -> String {
        let mut each = |trees: &[Tree<'_>], sign: &str| {
            let parts: Vec<String> = trees.iter().map(|tree| self.tree(tree)).collect();
            format!("({})", parts.join(sign))
        };
        match tree {
            Tree::All(trees) => each(trees, " AND "),
            Tree::Any(trees) => each(trees, " OR "),
            // What is missing makes a comparison there neither true nor false.
            Tree::Not(tree) => format!("NOT COALESCE({}, false)", self.tree(tree)),
            Tree::Group(level) => self.level(level),
            Tree::Leaf(clause) => self.leaf(clause),
        }
    }

    fn refuse(&mut self, clause: &Clause, what: &str) -> String {
        self.refused.push(Diagnostic::new(
            Code::Unsupported,
            clause.span.clone(),
            format!("{what} is not translated"),
        ));
        String::new()
    }

    fn leaf(&mut self, clause: &Clause) -> String {
        let (field, predicate) = match &clause.node {
            Node::Everything => return "true".to_owned(),
            Node::Group(level) => return self.level(level),
            Node::AtLeast { .. } => return self.refuse(clause, "a number of clauses"),
            Node::Compare { .. } => return self.refuse(clause, "a comparison of two terms"),
            Node::Match { field: None, predicate: Predicate::Value(value) } => {
                let texts = self.texts(value);
                let parts: Vec<String> =
                    texts.iter().map(|(text, _)| format!("QSTR({})", quoted(text))).collect();
                return any(&parts);
            }
            Node::Match { field: None, .. } => return self.refuse(clause, "such a term"),
            Node::Match { field: Some(field), predicate } => (field, predicate),
        };
        let Ok(target) = resolve(field) else { return self.refuse(clause, "a field of that name") };
        let name = name_of(&target);
        let kind = match &target {
            Target::Field(field) => field.kind(),
            Target::Below(..) | Target::Column(_) => FieldKind::Keyword,
        };
        match predicate {
            Predicate::Exists => format!("{name} IS NOT NULL"),
            Predicate::Values(level) => self.level(level),
            Predicate::Regex(regex) => format!("{name} RLIKE {}", quoted(regex)),
            Predicate::Anywhere(..) => self.refuse(clause, "such a term"),
            Predicate::RustRegex(_) => self.refuse(clause, "such a regular expression"),
            Predicate::Value(value) => self.value(&name, kind, value),
            Predicate::ThereAndNot(value) => {
                let is = self.value(&name, kind, value);
                format!("({name} IS NOT NULL AND NOT {is})")
            }
            Predicate::Range { from, to } => {
                let mut parts = Vec::new();
                for (bound, sign) in [(from, '>'), (to, '<')] {
                    let Some(bound) = bound else { continue };
                    let equal = if bound.inclusive { "=" } else { "" };
                    for (text, _) in self.texts(&bound.value) {
                        let end = self.constant(kind, &text, sign == '>');
                        parts.push(format!("{name} {sign}{equal} {end}"));
                    }
                }
                if parts.is_empty() { format!("{name} IS NOT NULL") } else { parts.join(" AND ") }
            }
        }
    }

    /// The texts that a value stands for, and whether stars are in them.
    fn texts(&mut self, value: &Value) -> Vec<(String, bool)> {
        self.lowering
            .variants(value)
            .iter()
            .map(|pieces| {
                let wild = pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
                (crate::lower::literal(pieces), wild)
            })
            .collect()
    }

    fn value(&mut self, name: &str, kind: FieldKind, value: &Value) -> String {
        let parts: Vec<String> = self
            .texts(value)
            .into_iter()
            .map(|(text, wild)| match kind {
                _ if text == "*" && wild => format!("{name} IS NOT NULL"),
                FieldKind::Ip if text.contains('/') => {
                    format!("CIDR_MATCH({name}, {})", quoted(&text))
                }
                FieldKind::Keywords if !wild => format!("MV_CONTAINS({name}, {})", quoted(&text)),
                _ if wild => format!("{name} LIKE {}", quoted(&text)),
                _ if value.folds => format!("TO_LOWER({name}) == {}", quoted(&text.to_lowercase())),
                _ => {
                    let constant = self.constant(kind, &text, true);
                    format!("{name} == {constant}")
                }
            })
            .collect();
        any(&parts)
    }

    fn constant(&self, kind: FieldKind, text: &str, is_lower: bool) -> String {
        match kind {
            FieldKind::Long | FieldKind::Double | FieldKind::Boolean => text.to_owned(),
            FieldKind::Date => {
                let mut used_now = false;
                let stretch = crate::date_math::read(text, self.lowering.now, &mut used_now);
                let micros = stretch.map(|stretch| {
                    if is_lower { stretch.start } else { stretch.end.saturating_sub(1) }
                });
                let at = micros.and_then(|at| jiff::Timestamp::from_microsecond(at).ok());
                quoted(&at.map_or_else(|| text.to_owned(), |at| at.to_string()))
            }
            _ => quoted(text),
        }
    }
}

fn any(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("({})", several.join(" OR ")),
    }
}

fn name_of(target: &Target) -> String {
    let name = match target {
        // Elastic keeps the members of documents below a name of their own.
        Target::Below(field, path) => {
            format!(
                "{}.{path}",
                field.name().replacen("aws.cloudtrail.", "aws.cloudtrail.flattened.", 1)
            )
        }
        other => other.name(),
    };
    if name.starts_with('@')
        || name.chars().all(|letter| letter.is_alphanumeric() || "._".contains(letter))
    {
        name
    } else {
        format!("`{name}`")
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
