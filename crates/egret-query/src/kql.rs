//! KQL, Kibana's query language, to tree.
//!
//! `and` binds tighter than `or`, in any case. Quotes make a phrase, a bare value may hold spaces, `*`
//! stands for others, `?` for itself.
//!
//! # Source
//!
//! <https://www.elastic.co/docs/reference/query-languages/kql>

use egret_model::limits::QUERY_DEPTH_MAX;

use crate::ast::{Bound, Clause, Conjunction, Level, Name, Node, Part, Predicate, Value};
use crate::diagnostic::{Code, Diagnostic};

/// Reads one query; comment lines must be gone already.
///
/// # Errors
///
/// The first syntax error.
pub(crate) fn parse(text: &str, strict: bool) -> Result<(Level, Vec<Diagnostic>), Diagnostic> {
    let mut parser = Parser { text, at: 0, depth: 0, strict, diagnostics: Vec::new() };
    parser.space();
    if parser.is_done() {
        return Err(Diagnostic::new(
            Code::Syntax,
            0..text.len(),
            "expected a query, found nothing",
        )
        .help("`*:*` matches every event"));
    }
    let clause = parser.either(None)?;
    parser.space();
    if !parser.is_done() {
        let error = parser.expected("the end of the query");
        // Times, ARNs and addresses of the newer kind have colons.
        return Err(if parser.peek() == Some(':') {
            error.help("put a value with `:` in quotes")
        } else {
            error
        });
    }
    Ok((Level { clauses: vec![clause] }, parser.diagnostics))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    strict: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at = self.at.saturating_add(letter.len_utf8());
        Some(letter)
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at = self.at.saturating_add(sign.len());
        }
        found
    }

    fn expected(&self, what: &str) -> Diagnostic {
        let found = self.peek().map_or("the end".to_owned(), |letter| format!("`{letter}`"));
        let end = self.at.saturating_add(self.peek().map_or(0, char::len_utf8));
        Diagnostic::new(Code::Syntax, self.at..end, format!("expected {what}, found {found}"))
    }

    /// Length of a keyword that is next, with space or a parenthesis behind it.
    fn keyword(&self, keyword: &str) -> Option<usize> {
        let head = self.rest().get(..keyword.len())?;
        let behind = self.rest().get(keyword.len()..)?.chars().next();
        let alone = behind.is_none_or(|letter| letter.is_whitespace() || letter == '(');
        (head.eq_ignore_ascii_case(keyword) && alone).then_some(keyword.len())
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.space();
        let Some(length) = self.keyword(keyword) else { return false };
        self.at = self.at.saturating_add(length);
        true
    }

    fn deeper(&mut self) -> Result<(), Diagnostic> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > QUERY_DEPTH_MAX {
            return Err(Diagnostic::new(
                Code::Limit,
                self.at..self.at,
                format!("parentheses nest deeper than {QUERY_DEPTH_MAX}"),
            ));
        }
        Ok(())
    }

    /// `field` is that of a value group.
    fn either(&mut self, field: Option<&Name>) -> Result<Clause, Diagnostic> {
        self.deeper()?;
        let mut clauses = vec![self.both(field)?];
        while self.take_keyword("or") {
            clauses.push(self.both(field)?);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(Clause::group(clauses, Conjunction::Or))
    }

    fn both(&mut self, field: Option<&Name>) -> Result<Clause, Diagnostic> {
        let mut clauses = vec![self.negation(field)?];
        while self.take_keyword("and") {
            clauses.push(self.negation(field)?);
        }
        Ok(Clause::group(clauses, Conjunction::And))
    }

    fn negation(&mut self, field: Option<&Name>) -> Result<Clause, Diagnostic> {
        if self.take_keyword("not") {
            self.deeper()?;
            let clause = self.negation(field)?.negated();
            self.depth = self.depth.saturating_sub(1);
            return Ok(clause);
        }
        self.space();
        if self.take("(") {
            let clause = self.either(field)?;
            self.close(")")?;
            return Ok(clause);
        }
        match field {
            Some(field) => self.one_value(field),
            None => self.clause(),
        }
    }

    fn close(&mut self, sign: &str) -> Result<(), Diagnostic> {
        self.space();
        if self.take(sign) { Ok(()) } else { Err(self.expected(&format!("a closing `{sign}`"))) }
    }

    /// A value of a group of values.
    fn one_value(&mut self, field: &Name) -> Result<Clause, Diagnostic> {
        let start = self.at;
        let value = self.value()?;
        Ok(self.matched(Some(field.clone()), value, start))
    }

    fn matched(&self, field: Option<Name>, value: Value, start: usize) -> Clause {
        let only_star = !value.quoted && value.parts == [Part::Star];
        let span = start..self.at;
        let node = match (&field, only_star) {
            (None, true) => Node::Everything,
            (Some(name), true) if name.text == "*" => Node::Everything,
            (Some(_), true) => Node::Match { field, predicate: Predicate::Exists },
            _ => Node::Match { field, predicate: Predicate::Value(value) },
        };
        Clause::of(node, span)
    }

    fn clause(&mut self) -> Result<Clause, Diagnostic> {
        let start = self.at;
        let value = self.value()?;
        self.space();
        if self.take(":") {
            let name = name_of(&value)?;
            self.space();
            if self.take("(") {
                let clause = self.either(Some(&name))?;
                self.close(")")?;
                return Ok(clause);
            }
            if self.take("{") {
                return self.nested(&name, start);
            }
            let value = self.value()?;
            return Ok(self.matched(Some(name), value, start));
        }
        for (sign, lower, inclusive) in
            [("<=", false, true), (">=", true, true), ("<", false, false), (">", true, false)]
        {
            if self.take(sign) {
                let name = name_of(&value)?;
                self.space();
                let bound = Some(Bound { value: self.value()?, inclusive });
                let predicate = if lower {
                    Predicate::Range { from: bound, to: None }
                } else {
                    Predicate::Range { from: None, to: bound }
                };
                let node = Node::Match { field: Some(name), predicate };
                return Ok(Clause::of(node, start..self.at));
            }
        }
        Ok(self.matched(None, value, start))
    }

    /// `field:{ a:1 and b:2 }`.
    fn nested(&mut self, name: &Name, start: usize) -> Result<Clause, Diagnostic> {
        let mut clause = self.either(None)?;
        self.close("}")?;
        prefix(&mut clause, &name.text);
        self.diagnostics.push(Diagnostic::new(
            Code::Nested,
            start..self.at,
            format!("each condition may hold for another element of `{}`", name.text),
        ));
        Ok(clause)
    }

    fn value(&mut self) -> Result<Value, Diagnostic> {
        self.space();
        let start = self.at;
        if self.peek() == Some('"') {
            let mut cursor = crate::lucene::cursor::Cursor::new(self.rest());
            let mut value = cursor.quoted().map_err(|mut error| {
                error.span =
                    error.span.start.saturating_add(start)..error.span.end.saturating_add(start);
                error
            })?;
            self.at = start.saturating_add(cursor.at());
            value.span = start..self.at;
            for part in &mut value.parts {
                if *part == Part::Question {
                    *part = Part::Literal("?".to_owned());
                } else if *part == Part::Star && self.strict {
                    *part = Part::Literal("*".to_owned());
                }
            }
            value.parts = merged(value.parts);
            return Ok(value);
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut end = self.at;
        loop {
            // Words are one value until a keyword or a sign.
            let before = self.at;
            self.space();
            let blank = self.text.get(before..self.at).unwrap_or_default();
            if ["and", "or", "not"]
                .iter()
                .any(|word| !blank.is_empty() && self.keyword(word).is_some())
            {
                break;
            }
            let word = self.word();
            if word.is_empty() {
                break;
            }
            if !parts.is_empty() {
                parts.push(Part::Literal(blank.to_owned()));
            }
            parts.extend(word);
            end = self.at;
        }
        self.at = end;
        if parts.is_empty() {
            return Err(self.expected("a field or a value"));
        }
        let parts = merged(parts);
        Ok(Value { parts, quoted: false, folds: false, span: start..end })
    }

    /// Up to the next space or sign.
    fn word(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        while let Some(letter) = self.peek() {
            match letter {
                letter if letter.is_whitespace() => break,
                '(' | ')' | '"' | ':' | '<' | '>' | '{' | '}' => {
                    // Signs end a word, but for a placeholder's.
                    let hole = crate::lucene::cursor::Cursor::new(self.rest()).hole_ahead();
                    if let Some((hole, length)) = hole.filter(|_| letter == '<') {
                        if !literal.is_empty() {
                            parts.push(Part::Literal(std::mem::take(&mut literal)));
                        }
                        parts.push(hole);
                        self.at = self.at.saturating_add(length);
                        continue;
                    }
                    break;
                }
                '*' => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Star);
                    self.bump();
                }
                '\\' => {
                    self.bump();
                    match self.bump() {
                        Some('n') => literal.push('\n'),
                        Some('t') => literal.push('\t'),
                        Some('r') => literal.push('\r'),
                        Some(escaped) => literal.push(escaped),
                        None => literal.push('\\'),
                    }
                }
                other => {
                    literal.push(other);
                    self.bump();
                }
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        parts
    }
}

/// A value as the name of a field.
fn name_of(value: &Value) -> Result<Name, Diagnostic> {
    let mut text = String::new();
    for part in &value.parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Star => text.push('*'),
            Part::Question => text.push('?'),
            Part::Hole { .. } => {
                return Err(Diagnostic::new(
                    Code::Syntax,
                    value.span.clone(),
                    "expected a field name; a placeholder cannot name a field",
                ));
            }
        }
    }
    Ok(Name { text, span: value.span.clone() })
}

/// Neighbouring texts as one.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (merged.last_mut(), part) {
            (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
            (_, part) => merged.push(part),
        }
    }
    merged
}

/// Puts a path before every field name.
fn prefix(clause: &mut Clause, above: &str) {
    match &mut clause.node {
        Node::Group(level) | Node::AtLeast { of: level, .. } => {
            for clause in &mut level.clauses {
                prefix(clause, above);
            }
        }
        Node::Match { field: Some(name), .. } => name.text = format!("{above}.{}", name.text),
        Node::Match { field: None, .. } | Node::Everything | Node::Compare { .. } => {}
    }
}
