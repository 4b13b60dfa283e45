//! Tree to DataFusion expression, with built-in functions only, so that a plan travels to another
//! process and Parquet statistics can prune it.
//!
//! * A value without wildcard is an equality, a wildcard a `LIKE`, never a regular expression,
//!   unless it has to stay within one token.
//! * Addresses compare by their sixteen-byte companion; a network is a range of it.
//! * Paths below a document are looked for in its token companion, a text with one
//!   `path\tvalue` a line.
//! * `NOT` keeps rows where the field is missing.

use datafusion_common::ScalarValue;
use datafusion_expr::expr::Like;
use datafusion_expr::{BinaryExpr, Expr, Operator, ident, lit};
use datafusion_functions_nested::expr_fn::{array_has, array_to_string};
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{Field, FieldKind, ip_column, tokens_column};
use egret_model::event::ip_octets;
use jiff::Timestamp;

use crate::Options;
use crate::ast::{Bound, Clause, Level, Name, Node, Part, Predicate, Value};
use crate::block::Bindings;
use crate::date_math;
use crate::diagnostic::{Code, Diagnostic};
use crate::reading::{Reading, Tree, join};
use crate::resolve::{Target, matching, resolve};

mod map_text;
mod regex;
pub(crate) mod stages;
mod terms;
mod text;

pub(crate) use terms::content;

use regex::lucene_regex;
pub(crate) use text::literal;
use text::{
    escaped_like, escaped_regex, one_line, one_line_text, pattern, printed, quoted, regex_of,
};

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

/// An expression and the text it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    pub(crate) expr: Expr,
    pub(crate) text: String,
    /// Whether the text needs no parentheses beside an operator.
    is_atom: bool,
}

impl Lowered {
    fn atom(expr: Expr, text: String) -> Self {
        Self { expr, text, is_atom: true }
    }

    fn wrapped(&self) -> String {
        if self.is_atom { self.text.clone() } else { format!("({})", self.text) }
    }
}

/// What a query is lowered with, and what is gathered on the way.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the whole query")]
pub(crate) struct Lowering<'a> {
    pub(crate) bindings: &'a Bindings,
    pub(crate) now: Timestamp,
    pub(crate) reading: Reading,
    pub(crate) ignore_case: bool,
    /// Refuse what Elasticsearch refuses.
    pub(crate) strict: bool,
    /// A field that no source fills is missing, rather than an error.
    pub(crate) unknown_is_missing: bool,
    /// What is missing makes a comparison neither true nor false, and so its opposite.
    pub(crate) three_valued: bool,
    /// Columns that steps of a pipeline made.
    pub(crate) made: std::collections::BTreeSet<String>,
    /// Whether the fields of events are still there.
    pub(crate) has_events: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) fields: std::collections::BTreeSet<String>,
    /// Time bounds that hold for the whole query, in microseconds: `[start, end)`.
    pub(crate) time: (Option<i64>, Option<i64>),
}

impl<'a> Lowering<'a> {
    /// `three_valued`: what is missing makes a comparison neither true nor false.
    pub(crate) fn new(options: &Options<'a>, three_valued: bool) -> Self {
        Self {
            bindings: options.bindings,
            now: options.now,
            reading: options.reading,
            ignore_case: options.ignore_case,
            strict: options.strict,
            unknown_is_missing: options.unknown_is_missing,
            three_valued,
            made: std::collections::BTreeSet::new(),
            has_events: true,
            diagnostics: Vec::new(),
            errors: Vec::new(),
            fields: std::collections::BTreeSet::new(),
            time: (None, None),
        }
    }
}

impl Lowering<'_> {
    /// The whole query. Errors are gathered, so that a writer sees all of them at once.
    pub(crate) fn query(&mut self, level: &Level) -> Lowered {
        self.level(level, true)
    }

    fn level(&mut self, level: &Level, top: bool) -> Lowered {
        let is_time = |clause: &Clause| {
            matches!(&clause.node, Node::Match { field: Some(name), .. }
                if self.has_events && resolve(name) == Ok(Target::Field(fields::TIMESTAMP)))
        };
        match join(level, self.reading, is_time, &mut self.diagnostics) {
            Ok(tree) => self.tree(&tree, top),
            Err(error) => {
                self.errors.push(error);
                // The clauses are looked at all the same, for their own errors.
                let mut diagnostics = Vec::new();
                if let Ok(tree) = join(level, Reading::Standard, is_time, &mut diagnostics) {
                    self.tree(&tree, false);
                }
                Lowered::atom(lit(false), String::new())
            }
        }
    }

    /// `top`: whatever it says holds for every row of the result.
    fn tree(&mut self, tree: &Tree<'_>, top: bool) -> Lowered {
        match tree {
            Tree::All(trees) => {
                let parts: Vec<Lowered> = trees.iter().map(|tree| self.tree(tree, top)).collect();
                joined(parts, " AND ", Expr::and)
            }
            Tree::Any(trees) => {
                let parts: Vec<Lowered> = trees.iter().map(|tree| self.tree(tree, false)).collect();
                joined(parts, " OR ", Expr::or)
            }
            Tree::Not(tree) => {
                let inner = self.tree(tree, false);
                let opposite = if self.three_valued {
                    Expr::Not(Box::new(inner.expr.clone()))
                } else {
                    inner.expr.clone().is_not_true()
                };
                Lowered::atom(opposite, format!("NOT {}", inner.wrapped()))
            }
            Tree::Group(level) => self.level(level, top),
            Tree::Leaf(clause) => self.leaf(clause, top),
        }
    }

    fn leaf(&mut self, clause: &Clause, top: bool) -> Lowered {
        match &clause.node {
            Node::Everything => Lowered::atom(lit(true), "*:*".to_owned()),
            // A group inside a value group keeps its field.
            Node::Group(level) => self.level(level, top),
            Node::Match { field: None, predicate } => self.free_text(predicate, clause),
            Node::Match { field: Some(name), predicate } => match self.target(name) {
                Ok(target) => {
                    if !matches!(target, Target::Column(_)) {
                        self.fields.insert(target.name());
                    }
                    self.predicate(&target, name, predicate, top)
                }
                Err(_unknown) if name.text.contains('*') => self.any_field(name, predicate),
                Err(error) if self.is_missing(&error) => {
                    let missing = if self.three_valued {
                        lit(ScalarValue::Boolean(None))
                    } else {
                        lit(false)
                    };
                    Lowered::atom(missing, format!("{}: …", name.text))
                }
                Err(error) => {
                    self.errors.push(error);
                    Lowered::atom(lit(false), String::new())
                }
            },
            Node::Compare { left, sign, right, span } => {
                match self.comparison(left, *sign, right, span) {
                    Some(expr) => Lowered::atom(expr, "…".to_owned()),
                    None => Lowered::atom(lit(false), String::new()),
                }
            }
        }
    }

    /// Whether a field that is not known is read as missing; said once.
    fn is_missing(&mut self, error: &Diagnostic) -> bool {
        let missing = self.unknown_is_missing && self.has_events && error.code == Code::Field;
        if missing {
            let message = format!("{}; it is read as missing", error.message);
            let known = self.diagnostics.iter().any(|one| one.message == message);
            if !known {
                self.diagnostics.push(Diagnostic::new(Code::NoField, error.span.clone(), message));
            }
        }
        missing
    }

    /// What a name stands for here: a column that a step made, or a field.
    fn target(&self, name: &Name) -> Result<Target, Diagnostic> {
        if self.made.contains(&name.text) {
            return Ok(Target::Column(name.text.clone()));
        }
        if !self.has_events {
            let made: Vec<String> = self.made.iter().map(|name| format!("`{name}`")).collect();
            return Err(Diagnostic::new(
                Code::Field,
                name.span.clone(),
                format!("no step before made a column `{}`", name.text),
            )
            .help(format!("there are {}", made.join(", "))));
        }
        resolve(name)
    }

    /// `user.*: x`: any of the fields of such a name that can hold the value.
    fn any_field(&mut self, name: &Name, predicate: &Predicate) -> Lowered {
        let mut parts = Vec::new();
        for target in matching(&name.text) {
            let errors = self.errors.len();
            let diagnostics = self.diagnostics.len();
            let lowered = self.predicate(&target, name, predicate, false);
            if self.errors.len() > errors {
                // A field of another type cannot hold the value.
                self.errors.truncate(errors);
                self.diagnostics.truncate(diagnostics);
            } else {
                self.fields.insert(target.name());
                parts.push(lowered);
            }
        }
        if parts.is_empty() {
            self.errors.push(Diagnostic::new(
                Code::Field,
                name.span.clone(),
                format!("no field `{}` can hold the value", name.text),
            ));
            return Lowered::atom(lit(false), String::new());
        }
        let expr = parts.into_iter().map(|part| part.expr).reduce(Expr::or).unwrap_or(lit(false));
        Lowered::atom(expr, format!("{}: …", name.text))
    }

    fn predicate(
        &mut self,
        target: &Target,
        name: &Name,
        predicate: &Predicate,
        top: bool,
    ) -> Lowered {
        let shown = target.name();
        if let Target::Column(column) = target {
            return self.column_predicate(column, predicate);
        }
        let ignore_case = self.ignore_case;
        if let Predicate::Value(value) | Predicate::ThereAndNot(value) = predicate {
            self.ignore_case |= value.folds;
        }
        let lowered = self.field_predicate(target, name, predicate, top, &shown);
        self.ignore_case = ignore_case;
        lowered
    }

    fn field_predicate(
        &mut self,
        target: &Target,
        name: &Name,
        predicate: &Predicate,
        top: bool,
        shown: &str,
    ) -> Lowered {
        match predicate {
            Predicate::Exists => Lowered::atom(exists(target), format!("{shown}: *")),
            Predicate::Values(level) => self.level(level, top),
            Predicate::Regex(regex) => match self.regex(target, regex, name) {
                Some(expr) => {
                    Lowered::atom(expr, format!("{shown}: /{}/", regex.replace('/', "\\/")))
                }
                None => Lowered::atom(lit(false), String::new()),
            },
            Predicate::RustRegex(regex) => {
                let expr = match target {
                    // A line of tokens begins with its path.
                    Target::Below(field, path) => matches(
                        ident(tokens_column(*field)),
                        format!("\\n{}\\t[^\\n]*?(?:{regex})", escaped_regex(path)),
                    ),
                    Target::Field(field) if field.kind() == FieldKind::Keywords => {
                        matches(array_to_string(ident(field.name()), lit("\n")), regex.clone())
                    }
                    Target::Field(field) if field.kind() == FieldKind::Flattened => {
                        matches(ident(tokens_column(*field)), format!("\\t[^\\n]*?(?:{regex})"))
                    }
                    _ => matches(
                        datafusion_expr::cast(content(target), arrow::datatypes::DataType::Utf8),
                        regex.clone(),
                    ),
                };
                Lowered::atom(expr, format!("{shown}: /.*{regex}.*/"))
            }
            Predicate::Value(value) => {
                let variants = self.variants(value);
                let parts: Vec<Lowered> =
                    variants.iter().map(|pieces| self.value(target, value, pieces, top)).collect();
                joined(parts, " OR ", Expr::or)
            }
            Predicate::ThereAndNot(value) => {
                let variants = self.variants(value);
                let parts: Vec<Lowered> = variants
                    .iter()
                    .map(|pieces| self.value(target, value, pieces, false))
                    .collect();
                let inner = joined(parts, " OR ", Expr::or);
                Lowered {
                    expr: exists(target).and(inner.expr.clone().is_not_true()),
                    text: format!("{shown}: * AND NOT {}", inner.wrapped()),
                    is_atom: false,
                }
            }
            Predicate::Range { from, to } => self.range(target, from.as_ref(), to.as_ref(), top),
        }
    }

    /// The value with its placeholders filled in, once for each combination of their values.
    pub(crate) fn variants(&mut self, value: &Value) -> Vec<Vec<Part>> {
        let mut variants: Vec<Vec<Part>> = vec![Vec::new()];
        for part in &value.parts {
            match part {
                Part::Hole { name, offset } => {
                    let values: Vec<String> =
                        self.bindings.get(name).map(<[String]>::to_vec).unwrap_or_default();
                    if values.is_empty() {
                        self.errors.push(unbound(name, value));
                        return Vec::new();
                    }
                    let mut next = Vec::new();
                    for filled in &values {
                        let Some(text) = self.with_offset(filled, *offset, name, value) else {
                            return Vec::new();
                        };
                        for variant in &variants {
                            let mut longer = variant.clone();
                            // A bound value is text: its own stars are stars.
                            longer.push(Part::Literal(text.clone()));
                            next.push(longer);
                        }
                    }
                    variants = next;
                }
                other => {
                    for variant in &mut variants {
                        variant.push(other.clone());
                    }
                }
            }
        }
        variants
    }

    fn with_offset(
        &mut self,
        filled: &str,
        offset: Option<(i64, char)>,
        name: &str,
        value: &Value,
    ) -> Option<String> {
        let Some((number, unit)) = offset else { return Some(filled.to_owned()) };
        let mut used_now = false;
        let moved = date_math::read(filled, self.now, &mut used_now)
            .and_then(|stretch| Timestamp::from_microsecond(stretch.start).ok())
            .and_then(|at| date_math::shifted(at, number, unit));
        if let Some(moved) = moved {
            self.diagnostics.push(Diagnostic::new(
                Code::Expression,
                value.span.clone(),
                format!("<{name}> is {filled}; {number:+}{unit} gives {moved}"),
            ));
            Some(moved.to_string())
        } else {
            self.errors.push(
                Diagnostic::new(
                    Code::Type,
                    value.span.clone(),
                    format!("<{name}> is `{filled}`, and arithmetic needs a time"),
                )
                .help("give it as `2025-07-24T03:00:00Z`"),
            );
            None
        }
    }

    /// One value against one target.
    fn value(&mut self, target: &Target, written: &Value, pieces: &[Part], top: bool) -> Lowered {
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

    fn range(
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

    fn regex(&mut self, target: &Target, regex: &str, name: &Name) -> Option<Expr> {
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
        Some(match target {
            Target::Column(column) => {
                matches(ident(column.as_str()), format!("{flags}^(?:{translated})$"))
            }
            Target::Below(field, path) => {
                let regex = format!("{flags}\\n{}\\t(?:{translated})\\n", escaped_regex(path));
                matches(ident(tokens_column(*field)), regex)
            }
            Target::Field(field) => match field.kind() {
                FieldKind::Keyword | FieldKind::Json | FieldKind::Ip => {
                    matches(ident(field.name()), format!("{flags}^(?:{translated})$"))
                }
                FieldKind::Keywords => matches(
                    array_to_string(ident(field.name()), lit("\n")),
                    format!("{flags}(?m)^(?:{translated})$"),
                ),
                FieldKind::Flattened => {
                    matches(ident(tokens_column(*field)), format!("{flags}\\t(?:{translated})\\n"))
                        .or(matches(
                            map_text::printed_map(*field),
                            format!("{flags}^(?:{translated})$"),
                        ))
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

    fn free_text(&mut self, predicate: &Predicate, clause: &Clause) -> Lowered {
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
                Ok(translated) => (
                    columns()
                        .map(|column| matches(column, format!("(?i)(?:{translated})")))
                        .collect(),
                    format!("/{regex}/"),
                ),
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
        Lowered::atom(exprs.into_iter().reduce(Expr::or).unwrap_or(lit(false)), text)
    }
}

fn joined(mut parts: Vec<Lowered>, sign: &str, by: fn(Expr, Expr) -> Expr) -> Lowered {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let text = parts.iter().map(Lowered::wrapped).collect::<Vec<_>>().join(sign);
    let expr = parts.into_iter().map(|part| part.expr).reduce(by).unwrap_or(lit(false));
    Lowered { expr, text, is_atom: false }
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

fn unbound(name: &str, value: &Value) -> Diagnostic {
    Diagnostic::new(
        Code::Unbound,
        value.span.clone(),
        format!("the placeholder <{name}> has no value"),
    )
    .help(format!("give one with `--set {name}=…`"))
}

fn compare(column: Expr, is_lower: bool, inclusive: bool, value: Expr) -> Expr {
    match (is_lower, inclusive) {
        (true, true) => column.gt_eq(value),
        (true, false) => column.gt(value),
        (false, true) => column.lt_eq(value),
        (false, false) => column.lt(value),
    }
}

fn exists(target: &Target) -> Expr {
    match target {
        Target::Column(column) => ident(column.as_str()).is_not_null(),
        Target::Field(field) => ident(field.name()).is_not_null(),
        Target::Below(field, path) => {
            let tokens = ident(tokens_column(*field));
            let path = escaped_like(path);
            like(tokens.clone(), &format!("%\n{path}\t%"), false).or(like(
                tokens,
                &format!("%\n{path}.%"),
                false,
            ))
        }
    }
}

fn like(column: Expr, pattern: &str, ignore_case: bool) -> Expr {
    // The backslash is the default escape.
    Expr::Like(Like::new(false, Box::new(column), Box::new(lit(pattern)), None, ignore_case))
}

fn matches(text: Expr, regex: String) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(text), Operator::RegexMatch, Box::new(lit(regex))))
}

fn micros(at: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into())))
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
