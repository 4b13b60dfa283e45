//! Lucene `query_string` text to tree, by recursive descent.
//!
//! Accepts what Lucene accepts, and what writers of playbooks put down beside it: a space before a
//! colon, `[NOT value]`, unquoted values with colons and slashes, comparison signs, operators in
//! lower case. Each such departure leaves a diagnostic.

pub(crate) mod cursor;

use std::ops::Range;

use egret_model::limits::QUERY_DEPTH_MAX;

use self::cursor::{Cursor, Place};
use crate::ast::{Bound, Clause, Conjunction, Level, Modifier, Name, Node, Part, Predicate, Value};
use crate::diagnostic::{Code, Diagnostic};

/// Reads one query; comment lines must be gone already.
///
/// # Errors
///
/// The first syntax error.
pub(crate) fn parse(text: &str, strict: bool) -> Result<(Level, Vec<Diagnostic>), Diagnostic> {
    let mut parser =
        Parser { cursor: Cursor::new(text), diagnostics: Vec::new(), depth: 0, strict };
    let level = parser.level(None)?;
    parser.cursor.space();
    if !parser.cursor.is_done() {
        let at = parser.cursor.at();
        let found = parser.cursor.peek().unwrap_or(' ');
        return Err(if found == '|' {
            Diagnostic::new(
                Code::Unsupported,
                at..text.len(),
                "a pipe after the query is not part of Lucene and is not run",
            )
            .help("run the part before `|`, and count or sort with `egret sql`")
        } else {
            Diagnostic::new(
                Code::Syntax,
                at..at.saturating_add(found.len_utf8()),
                format!("expected the end of the query, found `{found}`"),
            )
        });
    }
    if level.clauses.is_empty() {
        return Err(Diagnostic::new(
            Code::Syntax,
            0..text.len(),
            "expected a query, found nothing",
        )
        .help("`*:*` matches every event"));
    }
    Ok((level, parser.diagnostics))
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    diagnostics: Vec<Diagnostic>,
    depth: usize,
    strict: bool,
}

impl Parser<'_> {
    fn note(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Text that Lucene would refuse and that is read all the same, unless strictly.
    fn repair(&mut self, diagnostic: Diagnostic) -> Result<(), Diagnostic> {
        if self.strict {
            return Err(Diagnostic::new(
                Code::RepairStrict,
                diagnostic.span,
                format!("{}: {}", diagnostic.code, diagnostic.message),
            ));
        }
        self.note(diagnostic);
        Ok(())
    }

    /// Clauses up to a closing parenthesis or the end. `field` is that of a value group.
    fn level(&mut self, field: Option<&Name>) -> Result<Level, Diagnostic> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > QUERY_DEPTH_MAX {
            let at = self.cursor.at();
            return Err(Diagnostic::new(
                Code::Limit,
                at..at,
                format!("parentheses nest deeper than {QUERY_DEPTH_MAX}"),
            ));
        }
        let mut level = Level::default();
        loop {
            self.cursor.space();
            if self.cursor.is_done() || matches!(self.cursor.peek(), Some(')' | '|')) {
                if self.cursor.rest().starts_with("||") {
                    // An OR sign, not a pipe; handled below as a conjunction.
                } else {
                    break;
                }
            }
            let start = self.cursor.at();
            let conjunction = self.conjunction(level.clauses.is_empty())?;
            self.cursor.space();
            let modifier = self.modifier();
            self.cursor.space();
            if self.cursor.is_done() || self.cursor.peek() == Some(')') {
                return Err(Diagnostic::new(
                    Code::Syntax,
                    start..self.cursor.at(),
                    "expected a clause after the operator, found the end",
                )
                .help("take the dangling operator away, or add what is missing"));
            }
            let from = self.cursor.at();
            let node = self.clause(field)?;
            level.clauses.push(Clause {
                conjunction,
                modifier,
                node,
                span: from..self.cursor.at(),
            });
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(level)
    }

    fn conjunction(&mut self, is_first: bool) -> Result<Conjunction, Diagnostic> {
        let words = [("AND", Conjunction::And), ("OR", Conjunction::Or)];
        let signs = [("&&", Conjunction::And), ("||", Conjunction::Or)];
        let at = self.cursor.at();
        let mut found = None;
        for (word, conjunction) in words {
            if let Some(span) = self.cursor.take_keyword(word, true) {
                found = Some((conjunction, span, true));
                break;
            }
        }
        if found.is_none() {
            for (sign, conjunction) in signs {
                if self.cursor.take(sign) {
                    found = Some((conjunction, at..self.cursor.at(), false));
                    break;
                }
            }
        }
        let Some((conjunction, span, is_word)) = found else { return Ok(Conjunction::Implicit) };
        if is_word {
            self.lower_case_operator(&span);
        }
        if is_first {
            return Err(Diagnostic::new(
                Code::Syntax,
                span,
                "expected a clause, found an operator with nothing before it",
            ));
        }
        Ok(conjunction)
    }

    fn lower_case_operator(&mut self, span: &Range<usize>) {
        let text = self.cursor.slice(span);
        if text.chars().any(char::is_lowercase) {
            let message =
                format!("`{text}` is read as an operator; Lucene knows it in capitals only");
            self.note(Diagnostic::new(Code::LowercaseOperator, span.clone(), message));
        }
    }

    fn modifier(&mut self) -> Modifier {
        if let Some(span) = self.cursor.take_keyword("NOT", true) {
            self.lower_case_operator(&span);
            return Modifier::Not;
        }
        let next = self.cursor.rest().chars().nth(1);
        let binds = next.is_some_and(|letter| !letter.is_whitespace());
        match self.cursor.peek() {
            Some('+') if binds => {
                self.cursor.bump();
                Modifier::Must
            }
            Some('-' | '!') if binds => {
                self.cursor.bump();
                Modifier::Not
            }
            Some('!') => {
                self.cursor.bump();
                Modifier::Not
            }
            _ => Modifier::None,
        }
    }

    fn clause(&mut self, field: Option<&Name>) -> Result<Node, Diagnostic> {
        if self.cursor.peek() == Some('(') {
            let open = self.cursor.at();
            self.cursor.bump();
            let level = self.level(field)?;
            self.close(open)?;
            self.rank();
            return Ok(if field.is_some() {
                Node::Match { field: field.cloned(), predicate: Predicate::Values(level) }
            } else {
                Node::Group(level)
            });
        }
        if let Some(field) = field {
            let predicate = self.predicate(field, false)?;
            return Ok(Node::Match { field: Some(field.clone()), predicate });
        }
        if self.cursor.take("*:*") {
            return Ok(Node::Everything);
        }
        let value = match self.cursor.peek() {
            Some('"') => self.cursor.quoted()?,
            Some('/') => {
                let regex = self.cursor.regex()?;
                return Ok(Node::Match { field: None, predicate: Predicate::Regex(regex) });
            }
            _ => self.cursor.word(Place::Name),
        };
        if value.parts.is_empty() && !value.quoted {
            let at = self.cursor.at();
            let found =
                self.cursor.peek().map_or("the end".to_owned(), |letter| format!("`{letter}`"));
            return Err(Diagnostic::new(
                Code::Syntax,
                at..at.saturating_add(1),
                format!("expected a field or a term, found {found}"),
            ));
        }
        let before_space = self.cursor.clone();
        self.cursor.space();
        if self.cursor.peek() == Some(':') {
            self.cursor.bump();
            let name = name_of(&value)?;
            self.cursor.space();
            if name.text == "_exists_" {
                let target = match self.cursor.peek() {
                    Some('"') => self.cursor.quoted()?,
                    _ => self.cursor.word(Place::Value),
                };
                let name = name_of(&target)?;
                return Ok(Node::Match { field: Some(name), predicate: Predicate::Exists });
            }
            let predicate = self.field_predicate(&name)?;
            return Ok(Node::Match { field: Some(name), predicate });
        }
        if matches!(self.cursor.peek(), Some('<' | '>'))
            && let Ok(name) = name_of(&value)
            && let Some(predicate) = self.comparison()?
        {
            return Ok(Node::Match { field: Some(name), predicate });
        }
        self.cursor = before_space;
        self.rank();
        Ok(Node::Match { field: None, predicate: Predicate::Value(value) })
    }

    /// What follows `field:`.
    fn field_predicate(&mut self, field: &Name) -> Result<Predicate, Diagnostic> {
        if self.cursor.peek() == Some('(') {
            let open = self.cursor.at();
            self.cursor.bump();
            let level = self.level(Some(field))?;
            self.close(open)?;
            self.rank();
            return Ok(Predicate::Values(level));
        }
        self.predicate(field, true)
    }

    fn predicate(&mut self, field: &Name, after_colon: bool) -> Result<Predicate, Diagnostic> {
        let start = self.cursor.at();
        let is_end = |letter: char| letter.is_whitespace() || letter == ')';
        if let Some(hole) = self.cursor.bracket_hole(is_end) {
            let span = start..self.cursor.at();
            return Ok(Predicate::Value(Value {
                parts: vec![hole],
                quoted: false,
                folds: false,
                span,
            }));
        }
        match self.cursor.peek() {
            Some('[' | '{') => return self.range(),
            Some('/') => return self.cursor.regex().map(Predicate::Regex),
            Some('<' | '>') => {
                if let Some(predicate) = self.comparison()? {
                    return Ok(predicate);
                }
            }
            _ => {}
        }
        let value = match self.cursor.peek() {
            Some('"') => self.cursor.quoted()?,
            _ => self.cursor.word(Place::Value),
        };
        if value.parts.is_empty() && !value.quoted {
            let found =
                self.cursor.peek().map_or("the end".to_owned(), |letter| format!("`{letter}`"));
            return Err(Diagnostic::new(
                Code::Syntax,
                start..self.cursor.at().saturating_add(1),
                format!("expected a value for `{}`, found {found}", field.text),
            )
            .help("`*` matches any value"));
        }
        let odd = |part: &Part| matches!(part, Part::Literal(text) if text.contains([':', '/']));
        if after_colon && !value.quoted && value.parts.iter().any(odd) {
            self.repair(Diagnostic::new(
                Code::BareValue,
                value.span.clone(),
                "an unquoted value with `:` or `/` is read up to the next space; Lucene would not \
                 take it",
            ))?;
        }
        self.rank();
        Ok(Predicate::Value(value))
    }

    /// `>= value` and the like; `None` when the sign opens a placeholder.
    fn comparison(&mut self) -> Result<Option<Predicate>, Diagnostic> {
        let start = self.cursor.clone();
        let at = self.cursor.at();
        let Some(sign) = ["<=", ">=", "<", ">"].into_iter().find(|sign| self.cursor.take(sign))
        else {
            return Ok(None);
        };
        // `<name>` is a placeholder.
        if sign == "<" {
            let mut probe = start.clone();
            let value = probe.word(Place::Value);
            if matches!(value.parts.first(), Some(Part::Hole { .. })) {
                self.cursor = start;
                return Ok(None);
            }
        }
        self.cursor.space();
        let from = self.cursor.at();
        let is_end = |letter: char| letter.is_whitespace() || letter == ')';
        let value = match self.cursor.bracket_hole(is_end) {
            Some(hole) => Value {
                parts: vec![hole],
                quoted: false,
                folds: false,
                span: from..self.cursor.at(),
            },
            None if self.cursor.peek() == Some('"') => self.cursor.quoted()?,
            None => self.cursor.word(Place::Value),
        };
        if value.parts.is_empty() {
            return Err(Diagnostic::new(
                Code::Syntax,
                at..self.cursor.at(),
                format!("expected a value after `{sign}`"),
            ));
        }
        self.note(Diagnostic::new(
            Code::Comparison,
            at..self.cursor.at(),
            format!("`{sign}` is read as a range"),
        ));
        let bound = Some(Bound { value, inclusive: sign.ends_with('=') });
        Ok(Some(if sign.starts_with('>') {
            Predicate::Range { from: bound, to: None }
        } else {
            Predicate::Range { from: None, to: bound }
        }))
    }

    fn range(&mut self) -> Result<Predicate, Diagnostic> {
        let start = self.cursor.at();
        let from_inclusive = self.cursor.bump() == Some('[');
        self.cursor.space();
        if self.cursor.take_keyword("NOT", false).is_some() {
            self.cursor.space();
            let value = self.range_value()?;
            self.cursor.space();
            if !self.cursor.take("]") && !self.cursor.take("}") {
                return Err(self.unclosed(start));
            }
            self.repair(Diagnostic::new(
                Code::NegatedRange,
                start..self.cursor.at(),
                "`[NOT value]` is no range; read as: the field is there and is not the value",
            ))?;
            return Ok(Predicate::ThereAndNot(value));
        }
        let from = self.range_value()?;
        self.cursor.space();
        if self.cursor.take_keyword("TO", false).is_none() {
            return Err(Diagnostic::new(
                Code::Syntax,
                start..self.cursor.at(),
                "expected `TO` between the ends of the range",
            )
            .help("a range is written `[1 TO 10]`, with `*` for an open end"));
        }
        self.cursor.space();
        let to = self.range_value()?;
        self.cursor.space();
        let to_inclusive = match self.cursor.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(self.unclosed(start)),
        };
        self.cursor.bump();
        self.rank();
        let end = |value: Value, inclusive| {
            let open = !value.quoted && value.parts == [Part::Star];
            (!open).then_some(Bound { value, inclusive })
        };
        Ok(Predicate::Range { from: end(from, from_inclusive), to: end(to, to_inclusive) })
    }

    fn range_value(&mut self) -> Result<Value, Diagnostic> {
        let at = self.cursor.at();
        let value = match self.cursor.peek() {
            Some('"') => self.cursor.quoted()?,
            _ => self.cursor.word(Place::Range),
        };
        if value.parts.is_empty() && !value.quoted {
            return Err(Diagnostic::new(
                Code::Syntax,
                at..self.cursor.at().saturating_add(1),
                "expected an end of the range",
            )
            .help("`*` leaves an end open"));
        }
        Ok(value)
    }

    fn unclosed(&self, start: usize) -> Diagnostic {
        Diagnostic::new(
            Code::Syntax,
            start..self.cursor.at(),
            "expected `]` or `}` at the end of the range",
        )
    }

    fn close(&mut self, open: usize) -> Result<(), Diagnostic> {
        self.cursor.space();
        if self.cursor.take(")") {
            return Ok(());
        }
        Err(Diagnostic::new(
            Code::Syntax,
            open..open.saturating_add(1),
            "expected a closing parenthesis for this one",
        ))
    }

    /// Boost, fuzziness and slop after a value.
    fn rank(&mut self) {
        while matches!(self.cursor.peek(), Some('^' | '~')) {
            let at = self.cursor.at();
            self.cursor.bump();
            while self.cursor.peek().is_some_and(|letter| letter.is_ascii_digit() || letter == '.')
            {
                self.cursor.bump();
            }
            self.note(Diagnostic::new(
                Code::Ignored,
                at..self.cursor.at(),
                "boost, fuzziness and slop only rank results and are left out",
            ));
        }
    }
}

/// The value as a field name.
fn name_of(value: &Value) -> Result<Name, Diagnostic> {
    match value.parts.as_slice() {
        [Part::Literal(text)] => Ok(Name { text: text.clone(), span: value.span.clone() }),
        _ => Err(Diagnostic::new(
            Code::Syntax,
            value.span.clone(),
            "expected a field name before `:`; wildcards and placeholders cannot name a field",
        )),
    }
}
