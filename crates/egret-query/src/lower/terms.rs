//! Terms to DataFusion expressions: functions, arithmetic, columns that earlier steps made.

use std::ops::Range;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::ScalarValue;
use datafusion_expr::{BinaryExpr, Expr, Operator, cast, ident, lit, try_cast, when};
use datafusion_functions::expr_fn as functions;
use datafusion_functions_nested::expr_fn as lists;
use egret_model::ecs::{FieldKind, tokens_column};

use super::stages::joined_list;
use super::text::escaped_regex;
use super::{Lowered, Lowering, like, map_text, matches, micros};
use crate::ast::{Part, Predicate, Sign, Term, Value};
use crate::date_math;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Target;

impl Lowering<'_> {
    /// A comparison of two terms; `None` after an error.
    pub(super) fn comparison(
        &mut self,
        left: &Term,
        sign: Sign,
        right: &Term,
        span: &Range<usize>,
    ) -> Option<Expr> {
        if *right == Term::Truth(true) && sign == Sign::Equal {
            let term = self.term(left, span)?;
            // A field that is true, or a function that says so.
            return Some(match left {
                Term::Field(_) => cast(term, DataType::Utf8).eq(lit("true")),
                _ => term,
            });
        }
        if *right == Term::Null {
            let term = self.term(left, span)?;
            return Some(if sign == Sign::Equal { term.is_null() } else { term.is_not_null() });
        }
        let (mut first, mut second) = (self.term(left, span)?, self.term(right, span)?);
        // A text beside a time is one.
        for (term, expr) in [(left, &mut first), (right, &mut second)] {
            let other = if std::ptr::eq(term, left) { right } else { left };
            if let Term::Text(text) = term
                && self.is_time(other)
            {
                let mut used_now = false;
                if let Some(stretch) = date_math::read(text, self.now, &mut used_now) {
                    *expr = micros(stretch.start);
                }
            }
        }
        let operator = match sign {
            Sign::Equal => Operator::Eq,
            Sign::Unequal => Operator::NotEq,
            Sign::Less => Operator::Lt,
            Sign::LessOrEqual => Operator::LtEq,
            Sign::Greater => Operator::Gt,
            Sign::GreaterOrEqual => Operator::GtEq,
        };
        Some(Expr::BinaryExpr(BinaryExpr::new(Box::new(first), operator, Box::new(second))))
    }

    fn is_time(&self, term: &Term) -> bool {
        match term {
            Term::Field(name) => matches!(self.target(name),
                Ok(Target::Field(field)) if field.kind() == FieldKind::Date),
            Term::Call { name, .. } => {
                matches!(name.as_str(), "now" | "to_datetime" | "date_trunc")
            }
            Term::Arithmetic { left, .. } => self.is_time(left),
            _ => false,
        }
    }

    /// The value of a term; `None` after an error.
    pub(super) fn term(&mut self, term: &Term, span: &Range<usize>) -> Option<Expr> {
        Some(match term {
            Term::Text(text) => lit(text.as_str()),
            Term::Truth(truth) => lit(*truth),
            Term::Null => lit(ScalarValue::Null),
            Term::Duration(micros) => duration(*micros),
            Term::Number(number) => match (number.parse::<i64>(), number.parse::<f64>()) {
                (Ok(whole), _) => lit(whole),
                (_, Ok(number)) => lit(number),
                _ => return self.refused(span, format!("`{number}` is no number that is read")),
            },
            Term::Field(name) => match self.target(name) {
                Ok(Target::Column(column)) if self.lists.contains(&column) => {
                    joined_list(ident(column))
                }
                Ok(target) => {
                    if !matches!(target, Target::Column(_)) {
                        self.fields.insert(target.name());
                    }
                    content(&target)
                }
                Err(error) if self.is_missing(&error) => {
                    cast(lit(ScalarValue::Null), DataType::Utf8)
                }
                Err(error) => {
                    self.errors.push(error);
                    return None;
                }
            },
            Term::Arithmetic { left, sign, right } => {
                let (left, right) = (self.term(left, span)?, self.term(right, span)?);
                let operator = match sign {
                    '+' => Operator::Plus,
                    '-' => Operator::Minus,
                    '*' => Operator::Multiply,
                    '/' => Operator::Divide,
                    _ => Operator::Modulo,
                };
                Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
            }
            Term::Condition(level) => {
                let condition = self.level(level, false).expr;
                self.bounded(condition)
            }
            Term::Call { name, arguments, span } => return self.call(name, arguments, span),
        })
    }

    /// The value of a key that events are grouped by.
    pub(crate) fn key(&mut self, term: &Term) -> Option<Expr> {
        self.term(term, &(0..0))
    }

    fn refused(&mut self, span: &Range<usize>, message: String) -> Option<Expr> {
        self.errors.push(Diagnostic::new(Code::Unsupported, span.clone(), message));
        None
    }

    fn call(&mut self, name: &str, arguments: &[Term], span: &Range<usize>) -> Option<Expr> {
        if name == "now" && arguments.is_empty() {
            return Some(micros(self.now.as_microsecond()));
        }
        if name == "case" {
            return self.case(arguments, span);
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(match argument {
                // These take the list itself.
                Term::Field(list) if name.starts_with("mv_") && self.lists.contains(&list.text) => {
                    ident(list.text.as_str())
                }
                argument => self.term(argument, span)?,
            });
        }
        let text = |at: usize| match arguments.get(at) {
            Some(Term::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let as_text = |expr: Expr| cast(expr, DataType::Utf8);
        Some(match (name, values.as_slice()) {
            ("length", [one]) => {
                cast(functions::character_length(as_text(one.clone())), DataType::Int64)
            }
            ("to_lower" | "lower", [one]) => functions::lower(as_text(one.clone())),
            ("to_upper" | "upper", [one]) => functions::upper(as_text(one.clone())),
            ("trim", [one]) => functions::btrim(vec![as_text(one.clone())]),
            ("to_string" | "string" | "to_ip" | "to_version", [one]) => as_text(one.clone()),
            // Milliseconds since 1970, as Elasticsearch counts them.
            ("to_long", [one]) if arguments.first().is_some_and(|term| self.is_time(term)) => {
                sign(cast(one.clone(), DataType::Int64), Operator::Divide, lit(1_000i64))
            }
            ("to_datetime", [one]) if matches!(arguments.first(), Some(Term::Call { name, .. }) if name == "to_long") =>
            {
                let micros = sign(one.clone(), Operator::Multiply, lit(1_000i64));
                cast(micros, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
            }
            ("to_integer" | "to_long" | "to_int" | "number", [one]) => {
                try_cast(one.clone(), DataType::Int64)
            }
            ("to_double", [one]) => try_cast(one.clone(), DataType::Float64),
            ("to_boolean", [one]) => try_cast(one.clone(), DataType::Boolean),
            ("to_datetime", [_]) if text(0).is_some() => {
                let written = text(0).unwrap_or_default();
                let mut used_now = false;
                match date_math::read(&written, self.now, &mut used_now) {
                    Some(stretch) => micros(stretch.start),
                    None => return self.refused(span, format!("`{written}` is no time")),
                }
            }
            ("concat", all) if !all.is_empty() => {
                functions::concat(all.iter().cloned().map(as_text).collect())
            }
            ("coalesce", all) if !all.is_empty() => functions::coalesce(all.to_vec()),
            ("substring", [_, _] | [_, _, _]) if !self.three_valued => {
                return self.slice(arguments, &values, span);
            }
            ("substring", [one, from]) => functions::substr(as_text(one.clone()), from.clone()),
            ("substring", [one, from, length]) => {
                functions::substring(as_text(one.clone()), from.clone(), length.clone())
            }
            ("left", [one, count]) => functions::left(as_text(one.clone()), count.clone()),
            ("right", [one, count]) => functions::right(as_text(one.clone()), count.clone()),
            ("replace", [one, _, with]) => {
                let Some(regex) = text(1) else {
                    return self.refused(
                        span,
                        "`replace` takes a regular expression in quotes".to_owned(),
                    );
                };
                let regex = self.checked(&regex, regex.clone(), span);
                functions::regexp_replace(
                    as_text(one.clone()),
                    lit(regex),
                    with.clone(),
                    Some(lit("g")),
                )
            }
            ("stringcontains" | "contains", [one, part]) => {
                functions::contains(as_text(one.clone()), as_text(part.clone()))
            }
            ("starts_with" | "startswith", [one, part]) => {
                functions::starts_with(as_text(one.clone()), as_text(part.clone()))
            }
            ("ends_with" | "endswith", [one, part]) => {
                functions::ends_with(as_text(one.clone()), as_text(part.clone()))
            }
            (
                "stringcontains~" | "contains~" | "starts_with~" | "startswith~" | "ends_with~"
                | "endswith~",
                [one, part],
            ) => {
                let (one, part) = (
                    functions::lower(as_text(one.clone())),
                    functions::lower(as_text(part.clone())),
                );
                match name {
                    "stringcontains~" | "contains~" => functions::contains(one, part),
                    "starts_with~" | "startswith~" => functions::starts_with(one, part),
                    _ => functions::ends_with(one, part),
                }
            }
            ("indexof" | "indexof~", [_, _] | [_, _, _]) => {
                return Some(index_of(&values, name.ends_with('~')));
            }
            ("between" | "between~", [_, _, _] | [_, _, _, _]) => {
                return self.between(arguments, &values, name.ends_with('~'), span);
            }
            ("add" | "subtract" | "multiply" | "divide" | "modulo", [left, right]) => {
                let operator = match name {
                    "add" => Operator::Plus,
                    "subtract" => Operator::Minus,
                    "multiply" => Operator::Multiply,
                    "divide" => Operator::Divide,
                    _ => Operator::Modulo,
                };
                sign(left.clone(), operator, right.clone())
            }
            ("locate", [one, part]) => cast(
                functions::strpos(as_text(one.clone()), as_text(part.clone())),
                DataType::Int64,
            ),
            ("split", [one, separator]) => lists::string_to_array(
                as_text(one.clone()),
                separator.clone(),
                lit(ScalarValue::Null),
            ),
            ("like" | "like~", [one, _]) => {
                let pieces = Value::pattern(&text(1).unwrap_or_default(), true, span.clone()).parts;
                like(as_text(one.clone()), &super::pattern(&pieces), name.ends_with('~'))
            }
            ("rlike", [one, _]) => {
                let written = text(1).unwrap_or_default();
                let (flags, written) = match written.strip_prefix("(?i)") {
                    Some(rest) => ("(?i)", rest.to_owned()),
                    None => ("", written),
                };
                match super::lucene_regex(&written) {
                    Ok(regex) => {
                        let whole = format!("{flags}^(?:{regex})$");
                        matches(as_text(one.clone()), self.checked(&written, whole, span))
                    }
                    Err(found) => {
                        return self.refused(
                            span,
                            format!("`{found}` in a regular expression is not run"),
                        );
                    }
                }
            }
            ("date_trunc" | "bucket" | "bin", [first, second]) => {
                let (unit, time) = match (arguments.first(), arguments.get(1)) {
                    (Some(Term::Duration(micros)), _) => (*micros, second),
                    (_, Some(Term::Duration(micros))) => (*micros, first),
                    _ => {
                        return self.refused(
                            span,
                            format!("`{name}` takes a time and a span such as `1 hour`"),
                        );
                    }
                };
                binned(unit, time.clone())
            }
            ("date_diff", [_, from, to]) => {
                let unit = text(0).and_then(|unit| crate::terms::unit_micros(&unit));
                let Some(unit) = unit else {
                    return self
                        .refused(span, "`date_diff` takes a unit such as \"minutes\"".to_owned());
                };
                let micros = |expr: Expr| cast(expr, DataType::Int64);
                let apart = sign(micros(to.clone()), Operator::Minus, micros(from.clone()));
                sign(apart, Operator::Divide, lit(unit))
            }
            ("mv_count", [one]) => cast(lists::array_length(one.clone()), DataType::Int64),
            ("mv_concat", [one, separator]) => {
                lists::array_to_string(one.clone(), separator.clone())
            }
            ("mv_first", [one]) => lists::array_element(one.clone(), lit(1i64)),
            ("mv_last", [one]) => lists::array_element(one.clone(), lit(-1i64)),
            ("to_datetime" | "mv_min" | "mv_max" | "mv_dedupe" | "mv_sort", [one]) => one.clone(),
            _ => {
                let how = if KNOWN.contains(&name) { " with these arguments" } else { "" };
                return self.refused(span, format!("the function `{name}` is not run{how}"));
            }
        })
    }

    /// EQL's `substring(text, from, to)`: counted from 0, `to` is not part of it, and what is below 0
    /// counts from the end.
    fn slice(&mut self, arguments: &[Term], values: &[Expr], span: &Range<usize>) -> Option<Expr> {
        let [one, ..] = values else { return None };
        let one = cast(one.clone(), DataType::Utf8);
        let length = || cast(functions::character_length(one.clone()), DataType::Int64);
        let mut ends = Vec::new();
        for (term, value) in arguments.iter().zip(values).skip(1) {
            let Term::Number(number) = term else {
                return self.refused(span, "`substring` takes plain numbers".to_owned());
            };
            ends.push(if number.starts_with('-') {
                sign(length(), Operator::Plus, value.clone())
            } else {
                value.clone()
            });
        }
        let from = ends.first()?.clone();
        let to = ends.get(1).cloned().unwrap_or_else(length);
        let first = sign(from.clone(), Operator::Plus, lit(1i64));
        let count = sign(to, Operator::Minus, from);
        // A count below 0 is an error of the engine, and an empty text here.
        let count = when(count.clone().lt(lit(0i64)), lit(0i64)).otherwise(count).ok()?;
        Some(functions::substring(one, first, count))
    }

    /// EQL's `between(text, left, right, greedy)`.
    fn between(
        &mut self,
        arguments: &[Term],
        values: &[Expr],
        folds: bool,
        span: &Range<usize>,
    ) -> Option<Expr> {
        let (Some(Term::Text(left)), Some(Term::Text(right)), [one, ..]) =
            (arguments.get(1), arguments.get(2), values)
        else {
            return self.refused(span, "`between` takes two plain texts".to_owned());
        };
        let greedy = matches!(arguments.get(3), Some(Term::Truth(true)));
        let regex = format!(
            "(?s{}){}({}){}",
            if folds { "i" } else { "" },
            escaped_regex(left),
            if greedy { ".*" } else { ".*?" },
            escaped_regex(right)
        );
        let one = cast(one.clone(), DataType::Utf8);
        let found = functions::regexp_match(one, lit(regex), None);
        Some(functions::coalesce(vec![lists::array_element(found, lit(1i64)), lit("")]))
    }

    fn case(&mut self, arguments: &[Term], span: &Range<usize>) -> Option<Expr> {
        let mut pairs = Vec::new();
        let mut rest = arguments;
        while let [condition, value, behind @ ..] = rest {
            pairs.push((self.term(condition, span)?, self.term(value, span)?));
            rest = behind;
        }
        let otherwise = match rest {
            [one] => Some(self.term(one, span)?),
            _ => None,
        };
        let mut pairs = pairs.into_iter();
        let (condition, value) = pairs.next()?;
        let mut case = when(condition, value);
        for (condition, value) in pairs {
            case = case.when(condition, value);
        }
        let built = match otherwise {
            Some(otherwise) => case.otherwise(otherwise),
            None => case.end(),
        };
        match built {
            Ok(expr) => Some(expr),
            Err(error) => self.refused(span, format!("`case`: {error}")),
        }
    }

    /// A predicate of a column that a step made, whose type only the engine knows.
    pub(super) fn column_predicate(
        &mut self,
        column: &str,
        predicate: &Predicate,
        span: &Range<usize>,
    ) -> Lowered {
        let expr = ident(column);
        let is_list = self.lists.contains(column);
        let text = || {
            if is_list { joined_list(ident(column)) } else { cast(ident(column), DataType::Utf8) }
        };
        let lowered = match predicate {
            Predicate::Exists => expr.is_not_null(),
            Predicate::Values(level) => return self.level(level, false),
            Predicate::Value(value)
            | Predicate::Anywhere(value, _)
            | Predicate::ThereAndNot(value) => {
                let folds = value.folds || self.ignore_case;
                let variants = self.variants(value);
                let is: Vec<Expr> = variants
                    .iter()
                    .map(|pieces| {
                        let wild =
                            pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
                        let plain = super::literal(pieces);
                        match plain.parse::<f64>() {
                            _ if wild || folds => like(text(), &super::pattern(pieces), folds),
                            Ok(number) => {
                                try_cast(ident(column), DataType::Float64).eq(lit(number))
                            }
                            Err(_text) => text().eq(lit(plain)),
                        }
                    })
                    .collect();
                let is = super::balanced(is, Expr::or).unwrap_or(lit(false));
                match predicate {
                    Predicate::ThereAndNot(_) => expr.is_not_null().and(is.is_not_true()),
                    _ => is,
                }
            }
            Predicate::RustRegex(regex) => {
                matches(text(), self.checked(regex, regex.clone(), span))
            }
            Predicate::Regex(written) => match super::lucene_regex(written) {
                Ok(regex) => matches(text(), self.checked(written, format!("^(?:{regex})$"), span)),
                Err(_operator) => lit(false),
            },
            Predicate::Range { from, to } => {
                let mut parts = Vec::new();
                for (bound, is_lower) in [(from, true), (to, false)] {
                    let Some(bound) = bound else { continue };
                    let written =
                        self.variants(&bound.value).first().map(|pieces| super::literal(pieces));
                    let Some(written) = written else { continue };
                    let mut used_now = false;
                    let (column, value) = if let Ok(number) = written.parse::<f64>() {
                        (try_cast(ident(column), DataType::Float64), lit(number))
                    } else if let Some(at) = date_math::read(&written, self.now, &mut used_now) {
                        (ident(column), micros(at.start))
                    } else {
                        (text(), lit(written))
                    };
                    parts.push(super::compare(column, is_lower, bound.inclusive, value));
                }
                parts.into_iter().reduce(Expr::and).unwrap_or(lit(true))
            }
        };
        Lowered::atom(lowered, format!("{column}: …"))
    }
}

/// Functions that a writer may well give other arguments than they take.
const KNOWN: &[&str] = &[
    "between",
    "bucket",
    "coalesce",
    "concat",
    "date_diff",
    "date_trunc",
    "ends_with",
    "endswith",
    "indexof",
    "left",
    "length",
    "like",
    "locate",
    "mv_concat",
    "mv_count",
    "replace",
    "right",
    "rlike",
    "split",
    "starts_with",
    "startswith",
    "stringcontains",
    "substring",
    "to_lower",
    "to_upper",
    "trim",
];

fn sign(left: Expr, operator: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

/// EQL's `indexOf(text, part, from)`: counted from 0, null where it does not stand.
fn index_of(values: &[Expr], folds: bool) -> Expr {
    let text = |at: usize| {
        let one = cast(values.get(at).cloned().unwrap_or_else(|| lit("")), DataType::Utf8);
        if folds { functions::lower(one) } else { one }
    };
    let from = values.get(2).cloned().unwrap_or_else(|| lit(0i64));
    let rest = functions::substr(text(0), sign(from.clone(), Operator::Plus, lit(1i64)));
    let found = cast(functions::strpos(rest, text(1)), DataType::Int64);
    // Nothing found is 0, which becomes null.
    let found = functions::nullif(found, lit(0i64));
    sign(sign(found, Operator::Plus, from), Operator::Minus, lit(1i64))
}

/// The content of a field as one value.
pub(crate) fn content(target: &Target) -> Expr {
    match target {
        Target::Column(column) => ident(column.as_str()),
        Target::Field(field) if field.kind() == FieldKind::Flattened => {
            map_text::printed_map(*field)
        }
        Target::Field(field) => ident(field.name()),
        // The first value at the path; a token is a line `path\tvalue`.
        Target::Below(field, path) => {
            let regex = format!("\\n{}\\t([^\\n]*)\\n", escaped_regex(path));
            let found = functions::regexp_match(ident(tokens_column(*field)), lit(regex), None);
            lists::array_element(found, lit(1i64))
        }
    }
}

/// Spans of time from 1970.
pub(super) fn binned(micros: i64, time: Expr) -> Expr {
    let origin = lit(ScalarValue::TimestampMicrosecond(Some(0), Some("UTC".into())));
    functions::date_bin(duration(micros), time, origin)
}

fn duration(micros: i64) -> Expr {
    lit(ScalarValue::new_interval_mdn(0, 0, micros.saturating_mul(1_000)))
}
