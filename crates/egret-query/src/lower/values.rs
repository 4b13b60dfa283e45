//! Values and ranges against the columns of their field's type.

use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::{Expr, cast, ident, lit};
use datafusion_functions_nested::expr_fn::{array_has, array_to_string};
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, FieldKind, ip_column, tokens_column};
use egret_model::event::ip_octets;
use egret_model::limits::QUERY_COMPARISONS_MAX;
use jiff::Timestamp;

use super::regex::lucene_regex;
use super::text::{
    escaped_like, escaped_regex, literal, one_line, one_line_text, pattern, printed, quoted,
    regex_of,
};
use super::{Lowered, Lowering, balanced, compare, exists, like, map_text, matches, micros};
use crate::ast::{Bound, Clause, Name, Part, Predicate, Value};
use crate::date_math;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Target;

/// Fields searched by a term without a field.
pub(crate) const FREE_TEXT: &[Field] = &[
    fields::EVENT_ACTION,
    fields::EVENT_PROVIDER,
    fields::USER_NAME,
    fields::USER_EMAIL,
    fields::SOURCE_ADDRESS,
    fields::USER_AGENT_ORIGINAL,
    fields::AWS_S3_BUCKET_NAME,
    fields::AWS_S3_OBJECT_KEY,
    fields::CT_USER_IDENTITY_ARN,
    fields::CT_USER_IDENTITY_ACCESS_KEY_ID,
    fields::CT_ERROR_CODE,
    fields::CT_ERROR_MESSAGE,
    fields::CT_REQUEST_PARAMETERS,
    fields::CT_RESPONSE_ELEMENTS,
    fields::S3ACCESS_REQUESTER,
    fields::OKTA_ACTOR_ALTERNATE_ID,
    fields::OKTA_DISPLAY_MESSAGE,
    fields::IDENTITY_BROKER,
];

impl Lowering<'_> {
    /// One value against one target.
    pub(super) fn value(
        &mut self,
        target: &Target,
        written: &Value,
        pieces: &[Part],
        top: bool,
    ) -> Lowered {
        let shown = target.name();
        let wild = pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
        let only_stars = !pieces.is_empty()
            && pieces.iter().all(|part| match part {
                Part::Star => true,
                Part::Literal(text) => text.is_empty(),
                _ => false,
            })
            && wild;
        if wild && written.quoted {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::QuotedWildcard,
                    written.span.clone(),
                    "quotes make `*` and `?` literal in Lucene; run as wildcards",
                )
                .help("write `\\*` for a literal star"),
            );
        }
        if only_stars {
            return Lowered::atom(exists(target), format!("{shown}: *"));
        }
        let stored = as_stored(target, pieces);
        let pieces = stored.as_deref().unwrap_or(pieces);
        let text = literal(pieces);
        // An address that may be a name has its network beside it: `source.address`, `source.ip`.
        if let Target::Field(field) = target
            && network(&text).is_some()
            && let Some(side) = field.name().strip_suffix(".address")
            && let Some(address) = Field::by_name(&format!("{side}.ip"))
        {
            return self.value(&Target::Field(address), written, pieces, top);
        }
        let printed = format!("{shown}: {}", printed(pieces));
        let expr = match target {
            Target::Column(_) => None,
            Target::Below(field, path) => Some(self.below(*field, path, pieces, written)),
            Target::Field(field) => match field.kind() {
                FieldKind::Keyword | FieldKind::Json => Some(self.keyword(*field, pieces)),
                FieldKind::Keywords => Some(self.keywords(*field, pieces)),
                FieldKind::Flattened => Some(self.any_leaf(*field, pieces)),
                FieldKind::Ip if wild => {
                    Some(like(ident(field.name()), &pattern(pieces), self.ignore_case))
                }
                FieldKind::Ip => self.address(*field, &text, written),
                FieldKind::Date => {
                    return self.instant(*field, &text, written, top);
                }
                FieldKind::Long => self
                    .number(&text, written, *field)
                    .map(|number| ident(field.name()).eq(lit(number))),
                FieldKind::Double => match text.parse::<f64>() {
                    Ok(number) => Some(ident(field.name()).eq(lit(number))),
                    Err(_not_a_number) => {
                        self.wrong_type(written, *field, "a number", &text);
                        None
                    }
                },
                FieldKind::Boolean => match text.to_ascii_lowercase().as_str() {
                    "true" => Some(ident(field.name()).eq(lit(true))),
                    "false" => Some(ident(field.name()).eq(lit(false))),
                    _ => {
                        self.wrong_type(written, *field, "`true` or `false`", &text);
                        None
                    }
                },
            },
        };
        match expr {
            Some(expr) => Lowered::atom(expr, printed),
            None => Lowered::atom(lit(false), String::new()),
        }
    }

    fn keyword(&self, field: Field, pieces: &[Part]) -> Expr {
        let wild = pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
        let is = |field: Field| {
            let column = ident(field.name());
            if wild || self.ignore_case {
                like(column, &pattern(pieces), self.ignore_case)
            } else {
                column.eq(lit(literal(pieces)))
            }
        };
        // An action's name stands without the version of its API, which some rules write.
        if field == fields::EVENT_ACTION && has_api_version(&literal(pieces)) {
            return is(field).or(is(fields::EVENT_CODE));
        }
        // Whoever calls without credentials has no account; Elastic has that in the account's place.
        if field == fields::CLOUD_ACCOUNT_ID && literal(pieces) == "anonymous" {
            return is(field).or(is(fields::CT_USER_IDENTITY_ACCOUNT_ID));
        }
        is(field)
    }

    fn keywords(&self, field: Field, pieces: &[Part]) -> Expr {
        let wild = pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
        let column = ident(field.name());
        if wild || self.ignore_case {
            // One element a line; the pattern cannot cross a line.
            let lines = array_to_string(column, lit("\n"));
            matches(lines, format!("{}(?m)^{}$", self.flags(), regex_of(pieces)))
        } else {
            array_has(column, lit(literal(pieces)))
        }
    }

    /// A leaf at a path: one line of the tokens.
    fn below(&mut self, field: Field, path: &str, pieces: &[Part], written: &Value) -> Expr {
        let tokens = ident(tokens_column(field));
        let wild = pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
        if wild && self.strict {
            self.errors.push(
                Diagnostic::new(
                    Code::RepairStrict,
                    written.span.clone(),
                    "Elasticsearch takes no wildcard for a key of a flattened field",
                )
                .help("leave `--strict` away"),
            );
        }
        if wild || self.ignore_case {
            let regex = format!(
                "{}\\n{}\\t{}\\n",
                self.flags(),
                escaped_regex(path),
                regex_of(&one_line(pieces))
            );
            matches(tokens, regex)
        } else {
            let token = format!("\n{path}\t{}\n", one_line_text(&literal(pieces)));
            like(tokens, &format!("%{}%", escaped_like(&token)), false)
        }
    }

    /// Any leaf of a document.
    fn any_leaf(&self, field: Field, pieces: &[Part]) -> Expr {
        let tokens = ident(tokens_column(field));
        let regex = format!("{}\\t{}\\n", self.flags(), regex_of(&one_line(pieces)));
        let leaf = matches(tokens, regex);
        // `{a=1, b=2}`: the text that Elastic's pipeline prints of a document, which rules match on.
        if !pieces.iter().any(|part| matches!(part, Part::Star | Part::Question)) {
            return leaf;
        }
        leaf.or(map_text::like(field, pieces, self.ignore_case))
    }

    fn flags(&self) -> &'static str {
        if self.ignore_case { "(?i)" } else { "" }
    }

    fn address(&mut self, field: Field, text: &str, written: &Value) -> Option<Expr> {
        let bytes = ident(ip_column(field));
        if text.contains('/') {
            let Some((low, high)) = network(text) else {
                self.wrong_type(
                    written,
                    field,
                    "an address or a network such as `10.0.0.0/8`",
                    text,
                );
                return None;
            };
            return Some(bytes.between(octets(low), octets(high)));
        }
        let Some(address) = ip_octets(text) else {
            self.wrong_type(written, field, "an address or a network such as `10.0.0.0/8`", text);
            return None;
        };
        Some(bytes.eq(octets(address)))
    }

    fn instant(&mut self, field: Field, text: &str, written: &Value, top: bool) -> Lowered {
        // `@timestamp: [time_window]`, where the window is bound to a whole range.
        let ends = text.trim_matches(['[', ']', '{', '}']).split_once(" TO ");
        if let Some((from, to)) = ends {
            let bound = |text: &str| {
                let value = Value::text(text.trim(), written.span.clone());
                (text.trim() != "*").then_some(Bound { value, inclusive: true })
            };
            let (from, to) = (bound(from), bound(to));
            return self.range(&Target::Field(field), from.as_ref(), to.as_ref(), top);
        }
        let Some(stretch) = self.stretch(text, written, field) else {
            return Lowered::atom(lit(false), String::new());
        };
        let column = ident(field.name());
        if top && field == fields::TIMESTAMP {
            self.hold(Some(stretch.start), Some(stretch.end));
        }
        Lowered::atom(
            column.clone().gt_eq(micros(stretch.start)).and(column.lt(micros(stretch.end))),
            format!(
                "{}: [{} TO {}}}",
                field.name(),
                shown_at(stretch.start),
                shown_at(stretch.end)
            ),
        )
    }

    fn stretch(&mut self, text: &str, written: &Value, field: Field) -> Option<date_math::Stretch> {
        let mut used_now = false;
        let stretch = date_math::read(text, self.now, &mut used_now);
        if stretch.is_none() {
            self.wrong_type(
                written,
                field,
                "a time such as `2025-07-24T03:00:00Z`, `2025-07-24` or `now-30d`",
                text,
            );
        }
        if used_now && !self.diagnostics.iter().any(|held| held.code == Code::Now) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::Now,
                    written.span.clone(),
                    format!("`now` is the case's reference time, {}", self.now),
                )
                .help("choose another with `--now`"),
            );
        }
        stretch
    }

    fn number(&mut self, text: &str, written: &Value, field: Field) -> Option<i64> {
        let number = text.parse::<i64>().ok();
        if number.is_none() {
            self.wrong_type(written, field, "a whole number", text);
        }
        number
    }

    fn wrong_type(&mut self, written: &Value, field: Field, expected: &str, found: &str) {
        self.errors.push(Diagnostic::new(
            Code::Type,
            written.span.clone(),
            format!("`{}` holds {expected}, found `{found}`", field.name()),
        ));
    }

    pub(super) fn range(
        &mut self,
        target: &Target,
        from: Option<&Bound>,
        to: Option<&Bound>,
        top: bool,
    ) -> Lowered {
        let shown = target.name();
        let mut ends: [Option<(String, &Bound)>; 2] = [None, None];
        for (slot, bound) in ends.iter_mut().zip([from, to]) {
            let Some(bound) = bound else { continue };
            let variants = self.variants(&bound.value);
            match variants.as_slice() {
                [] => return Lowered::atom(lit(false), String::new()),
                [one] => *slot = Some((literal(one), bound)),
                _ => {
                    self.errors.push(Diagnostic::new(
                        Code::Type,
                        bound.value.span.clone(),
                        "an end of a range takes one value, and the placeholder has several",
                    ));
                    return Lowered::atom(lit(false), String::new());
                }
            }
        }
        let [from, to] = ends;
        if from.is_none() && to.is_none() {
            return Lowered::atom(exists(target), format!("{shown}: *"));
        }
        let Target::Field(field) = target else {
            let span =
                from.as_ref().or(to.as_ref()).map_or(0..0, |(_, bound)| bound.value.span.clone());
            self.errors.push(
                Diagnostic::new(
                    Code::Unsupported,
                    span,
                    "a range below a free-form document is not run",
                )
                .help("compare with `egret sql`, where the document is JSON text"),
            );
            return Lowered::atom(lit(false), String::new());
        };
        let column = ident(field.name());
        let mut parts: Vec<Expr> = Vec::new();
        let mut texts = ["*".to_owned(), "*".to_owned()];
        let mut signs = ('[', ']');
        for (at, end) in [from, to].into_iter().enumerate() {
            let Some((text, bound)) = end else { continue };
            let is_lower = at == 0;
            if !bound.inclusive {
                if is_lower {
                    signs.0 = '{';
                } else {
                    signs.1 = '}';
                }
            }
            let (part, text) = match field.kind() {
                FieldKind::Date => {
                    let Some(stretch) = self.stretch(&text, &bound.value, *field) else { continue };
                    // The lower end begins with the stretch, or after it; the upper ends with it,
                    // or before it.
                    let edge =
                        if is_lower == bound.inclusive { stretch.start } else { stretch.end };
                    if top && *field == fields::TIMESTAMP {
                        if is_lower {
                            self.hold(Some(edge), None);
                        } else {
                            self.hold(None, Some(edge));
                        }
                    }
                    let part = if is_lower {
                        signs.0 = '[';
                        column.clone().gt_eq(micros(edge))
                    } else {
                        signs.1 = '}';
                        column.clone().lt(micros(edge))
                    };
                    (part, shown_at(edge))
                }
                // A fraction lies between two whole numbers, so it compares as it is.
                FieldKind::Long if text.parse::<i64>().is_err() && text.parse::<f64>().is_ok() => {
                    let number = text.parse::<f64>().unwrap_or(f64::NAN);
                    (compare(column.clone(), is_lower, bound.inclusive, lit(number)), text)
                }
                FieldKind::Long => {
                    let Some(number) = self.number(&text, &bound.value, *field) else { continue };
                    (compare(column.clone(), is_lower, bound.inclusive, lit(number)), text)
                }
                FieldKind::Double => match text.parse::<f64>() {
                    Ok(number) => {
                        (compare(column.clone(), is_lower, bound.inclusive, lit(number)), text)
                    }
                    Err(_not_a_number) => {
                        self.wrong_type(&bound.value, *field, "a number", &text);
                        continue;
                    }
                },
                FieldKind::Ip => {
                    if let Some(address) = ip_octets(&text) {
                        let bytes = ident(ip_column(*field));
                        (compare(bytes, is_lower, bound.inclusive, octets(address)), quoted(&text))
                    } else {
                        self.wrong_type(&bound.value, *field, "an address", &text);
                        continue;
                    }
                }
                FieldKind::Keyword => (
                    compare(column.clone(), is_lower, bound.inclusive, lit(text.as_str())),
                    quoted(&text),
                ),
                FieldKind::Keywords
                | FieldKind::Boolean
                | FieldKind::Flattened
                | FieldKind::Json => {
                    self.errors.push(Diagnostic::new(
                        Code::Type,
                        bound.value.span.clone(),
                        format!("`{}` has no order, so a range of it means nothing", field.name()),
                    ));
                    continue;
                }
            };
            parts.push(part);
            if let Some(slot) = texts.get_mut(at) {
                *slot = text;
            }
        }
        let [low, high] = texts;
        let text = format!("{shown}: {}{low} TO {high}{}", signs.0, signs.1);
        let expr = parts.into_iter().reduce(Expr::and).unwrap_or(lit(false));
        Lowered::atom(expr, text)
    }

    /// Bounds that hold for every row.
    fn hold(&mut self, start: Option<i64>, end: Option<i64>) {
        if let Some(start) = start {
            self.time.0 = Some(self.time.0.map_or(start, |held| held.max(start)));
        }
        if let Some(end) = end {
            self.time.1 = Some(self.time.1.map_or(end, |held| held.min(end)));
        }
    }

    pub(super) fn regex(&mut self, target: &Target, regex: &str, name: &Name) -> Option<Expr> {
        let (folds, regex) = match regex.strip_prefix("(?i)") {
            Some(regex) => (true, regex),
            None => (self.ignore_case, regex),
        };
        let translated = match lucene_regex(regex) {
            Ok(translated) => translated,
            Err(found) => {
                self.errors.push(Diagnostic::new(
                    Code::Unsupported,
                    name.span.clone(),
                    format!("`{found}` in a regular expression is not run"),
                ));
                return None;
            }
        };
        let flags = if folds { "(?i)" } else { "" };
        let whole = self.checked(regex, format!("{flags}^(?:{translated})$"), &name.span);
        Some(match target {
            Target::Column(column) => matches(ident(column.as_str()), whole),
            Target::Below(field, path) => {
                let regex = format!("{flags}\\n{}\\t(?:{translated})\\n", escaped_regex(path));
                matches(ident(tokens_column(*field)), regex)
            }
            Target::Field(field) => match field.kind() {
                FieldKind::Keyword | FieldKind::Json | FieldKind::Ip => {
                    matches(ident(field.name()), whole)
                }
                FieldKind::Keywords => matches(
                    array_to_string(ident(field.name()), lit("\n")),
                    format!("{flags}(?m)^(?:{translated})$"),
                ),
                FieldKind::Flattened => {
                    matches(ident(tokens_column(*field)), format!("{flags}\\t(?:{translated})\\n"))
                        .or(matches(map_text::printed_map(*field), whole))
                }
                FieldKind::Long | FieldKind::Double | FieldKind::Date | FieldKind::Boolean => {
                    self.errors.push(Diagnostic::new(
                        Code::Type,
                        name.span.clone(),
                        format!(
                            "`{}` is no text, so a regular expression cannot match it",
                            field.name()
                        ),
                    ));
                    return None;
                }
            },
        })
    }

    pub(super) fn free_text(&mut self, predicate: &Predicate, clause: &Clause) -> Lowered {
        if let Predicate::Anywhere(value, dataset) = predicate {
            return self.anywhere(value, *dataset, clause);
        }
        self.diagnostics.push(
            Diagnostic::new(
                Code::FreeText,
                clause.span.clone(),
                "a term without a field is looked for, ignoring case, in the main text fields",
            )
            .help("name a field, such as `event.action: …`, for an exact match"),
        );
        let columns = || FREE_TEXT.iter().map(|field| ident(field.name()));
        let (exprs, text): (Vec<Expr>, String) = match predicate {
            Predicate::Value(value) => {
                let variants = self.variants(value);
                let mut exprs = Vec::new();
                let mut texts = Vec::new();
                for pieces in &variants {
                    let contains = format!("%{}%", pattern(pieces));
                    exprs.extend(columns().map(|column| like(column, &contains, true)));
                    texts.push(printed(pieces));
                }
                (exprs, texts.join(" OR "))
            }
            Predicate::Regex(regex) => match lucene_regex(regex) {
                Ok(translated) => {
                    let whole = self.checked(regex, format!("(?i)(?:{translated})"), &clause.span);
                    let parts = columns().map(|column| matches(column, whole.clone())).collect();
                    (parts, format!("/{regex}/"))
                }
                Err(found) => {
                    self.errors.push(Diagnostic::new(
                        Code::Unsupported,
                        clause.span.clone(),
                        format!("`{found}` in a regular expression is not run"),
                    ));
                    (Vec::new(), String::new())
                }
            },
            _ => (Vec::new(), String::new()),
        };
        Lowered::atom(balanced(exprs, Expr::or).unwrap_or(lit(false)), text)
    }

    /// A text anywhere in a record: in each column that holds a part of it as logged.
    fn anywhere(&mut self, value: &Value, dataset: Option<Dataset>, clause: &Clause) -> Lowered {
        self.searched = true;
        let variants = self.variants(value);
        let of_record: Vec<Field> =
            Field::all().filter(|field| is_of_record(*field, dataset)).collect();
        let mut exprs = Vec::new();
        for pieces in &variants {
            let plain = format!("%{}%", pattern(pieces));
            let in_json = format!("%{}%", pattern(&escaped_json(pieces)));
            exprs.extend(of_record.iter().map(|field| {
                let column = ident(field.name());
                match field.kind() {
                    FieldKind::Flattened | FieldKind::Json => like(column, &in_json, true),
                    FieldKind::Keywords => like(array_to_string(column, lit("\n")), &plain, true),
                    FieldKind::Long | FieldKind::Double => {
                        like(cast(column, DataType::Utf8), &plain, true)
                    }
                    _ => like(column, &plain, true),
                }
            }));
        }
        self.comparisons = self.comparisons.saturating_add(exprs.len());
        if self.comparisons > QUERY_COMPARISONS_MAX {
            self.errors.push(Diagnostic::new(
                Code::Limit,
                clause.span.clone(),
                format!(
                    "terms without a field are looked for in {} columns, and come to more than {QUERY_COMPARISONS_MAX} comparisons",
                    of_record.len()
                ),
            ));
            return Lowered::atom(lit(false), String::new());
        }
        let texts: Vec<String> = variants.iter().map(|pieces| printed(pieces)).collect();
        Lowered::atom(balanced(exprs, Expr::or).unwrap_or(lit(false)), texts.join(" OR "))
    }
}

/// Whether a column holds a part of a record of the dataset, as it was logged: not what is made of it,
/// and not what only other kinds of log have.
fn is_of_record(field: Field, dataset: Option<Dataset>) -> bool {
    const MADE: &[Field] = &[
        fields::EVENT_DATASET,
        fields::EVENT_KIND,
        fields::EVENT_CATEGORY,
        fields::EVENT_TYPE,
        fields::EVENT_OUTCOME,
        fields::RELATED_USER,
        fields::RELATED_IP,
        fields::LOG_FILE_PATH,
        fields::LOG_OFFSET,
    ];
    const VENDORS: &[&str] = &["aws.", "okta.", "identity_broker", "gen_ai."];
    let name = field.name();
    if MADE.contains(&field) || matches!(field.kind(), FieldKind::Date | FieldKind::Boolean) {
        return false;
    }
    if name.starts_with("egret.") {
        return field == fields::REST;
    }
    let Some(dataset) = dataset else { return true };
    let mut own = vec![dataset.as_str()];
    own.extend(match dataset {
        Dataset::OKTA => Some("okta."),
        Dataset::IDENTITY_BROKER => Some("identity_broker"),
        _ => Some("aws.s3."),
    });
    !VENDORS.iter().any(|vendor| name.starts_with(vendor))
        || own.iter().any(|own| name.starts_with(own))
}

/// The pieces as a JSON text has them.
fn escaped_json(pieces: &[Part]) -> Vec<Part> {
    let escaped = |piece: &Part| match piece {
        Part::Literal(text) => Part::Literal(text.replace('\\', "\\\\").replace('"', "\\\"")),
        other => other.clone(),
    };
    pieces.iter().map(escaped).collect()
}

/// The pieces as the column holds them, where a log writes its values otherwise: `TLSv1.3` is `1.3`.
fn as_stored(target: &Target, pieces: &[Part]) -> Option<Vec<Part>> {
    if *target != Target::Field(fields::TLS_VERSION) {
        return None;
    }
    let bare = |text: &str| match text.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("TLSv") => {
            text.get(4..).unwrap_or_default().to_owned()
        }
        _ => text.to_owned(),
    };
    let pieces = pieces.iter().map(|piece| match piece {
        Part::Literal(text) => Part::Literal(bare(text)),
        other => other.clone(),
    });
    Some(pieces.collect())
}

/// Whether a name holds a date, as `UpdateFunctionCode20150331v2` does.
fn has_api_version(name: &str) -> bool {
    let is_date = |eight: &[u8]| {
        eight.iter().all(u8::is_ascii_digit)
            && (eight.starts_with(b"20") || eight.starts_with(b"19"))
    };
    let plain = name.replace('_', "");
    plain.as_bytes().windows(8).any(is_date)
}

fn octets(address: [u8; 16]) -> Expr {
    lit(ScalarValue::FixedSizeBinary(16, Some(address.to_vec())))
}

fn shown_at(micros: i64) -> String {
    Timestamp::from_microsecond(micros)
        .map_or_else(|_| micros.to_string(), |at| format!("\"{at}\""))
}

/// First and last address of a network.
fn network(text: &str) -> Option<([u8; 16], [u8; 16])> {
    let network: ipnet::IpNet = text.parse().ok()?;
    let bytes = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        std::net::IpAddr::V6(v6) => v6.octets(),
    };
    Some((bytes(network.network()), bytes(network.broadcast())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_in_sixteen_bytes() {
        let (low, high) = network("10.0.0.0/8").unwrap();
        assert_eq!(low[10..], [0xff, 0xff, 10, 0, 0, 0]);
        assert_eq!(high[10..], [0xff, 0xff, 10, 255, 255, 255]);
        assert_eq!(network("10.0.0.0/33"), None);
    }
}
