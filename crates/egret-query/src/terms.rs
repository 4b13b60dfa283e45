//! Expressions as EQL, ES|QL and the `where` of a pipeline write them: terms, comparisons, functions,
//! `and`, `or`, `not`.
//!
//! A comparison of a field with a plain value becomes the same node as in Lucene or KQL, so that
//! types, lists, networks and free-form documents are treated alike everywhere.

mod lexer;

use std::ops::Range;

use egret_model::limits::{QUERY_ARITHMETIC_MAX, QUERY_DEPTH_MAX};

pub(crate) use self::lexer::{Kind, Token, tokens};
use crate::ast::{
    Bound, Clause, Conjunction, Level, Modifier, Name, Node, Predicate, Sign, Term, Value,
};
use crate::diagnostic::{Code, Diagnostic};

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// EQL: `:` ignores case, `!=` holds for what is missing.
    Eql,
    /// ES|QL: a comparison with what is missing is never true.
    Esql,
    /// `where` behind a pipe: wildcards in values, `=` for `==`.
    Pipe,
}

/// Reads tokens of an expression.
#[derive(Debug)]
pub(crate) struct Terms<'t> {
    tokens: &'t [Token],
    at: usize,
    end: usize,
    depth: usize,
    signs: usize,
    rules: Rules,
}

impl<'t> Terms<'t> {
    /// `length` is that of the text, for what is missing at its end.
    pub(crate) fn new(tokens: &'t [Token], length: usize, rules: Rules) -> Self {
        Self { tokens, at: 0, end: length, depth: 0, signs: 0, rules }
    }

    pub(crate) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn second(&self) -> Option<&'t Token> {
        self.tokens.get(self.at.saturating_add(1))
    }

    pub(crate) fn bump(&mut self) -> Option<&'t Token> {
        let token = self.tokens.get(self.at)?;
        self.at = self.at.saturating_add(1);
        Some(token)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Place of the next token, or of the end.
    pub(crate) fn here(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |token| token.span.clone())
    }

    /// End of the last token taken.
    pub(crate) fn behind(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    pub(crate) fn expected(&self, what: &str) -> Diagnostic {
        let found =
            self.peek().map_or("the end".to_owned(), |token| format!("`{}`", token.shown()));
        Diagnostic::new(Code::Syntax, self.here(), format!("expected {what}, found {found}"))
    }

    /// Takes a word in any case.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.is_word(word));
        if is {
            self.bump();
        }
        is
    }

    /// Whether that word is next.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    /// Takes a sign.
    pub(crate) fn sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        if is {
            self.bump();
        }
        is
    }

    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        self.peek().is_some_and(|token| token.is_sign(sign))
    }

    pub(crate) fn need(&mut self, sign: &str) -> Result<(), Diagnostic> {
        if self.sign(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    /// A name: a word, or one in backticks.
    pub(crate) fn name(&mut self, what: &str) -> Result<Name, Diagnostic> {
        match self.peek() {
            Some(Token { kind: Kind::Word(text), span }) => {
                self.bump();
                Ok(Name { text: text.clone(), span: span.clone() })
            }
            _ => Err(self.expected(what)),
        }
    }

    /// A whole condition.
    pub(crate) fn condition(&mut self) -> Result<Level, Diagnostic> {
        let clause = self.either()?;
        Ok(Level { clauses: vec![clause] })
    }

    fn deeper(&mut self) -> Result<(), Diagnostic> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > QUERY_DEPTH_MAX {
            return Err(Diagnostic::new(
                Code::Limit,
                self.here(),
                format!("the expression nests deeper than {QUERY_DEPTH_MAX}"),
            ));
        }
        Ok(())
    }

    fn either(&mut self) -> Result<Clause, Diagnostic> {
        self.deeper()?;
        let mut clauses = vec![self.both()?];
        while self.word("or") {
            clauses.push(self.both()?);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(Clause::group(clauses, Conjunction::Or))
    }

    fn both(&mut self) -> Result<Clause, Diagnostic> {
        let mut clauses = vec![self.negation()?];
        while self.word("and") {
            clauses.push(self.negation()?);
        }
        Ok(Clause::group(clauses, Conjunction::And))
    }

    fn negation(&mut self) -> Result<Clause, Diagnostic> {
        if self.word("not") {
            self.deeper()?;
            let clause = self.negation()?.negated();
            self.depth = self.depth.saturating_sub(1);
            return Ok(clause);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Clause, Diagnostic> {
        let start = self.here().start;
        if self.is_sign("(") && self.is_condition_in_parentheses() {
            self.bump();
            let clause = self.either()?;
            self.need(")")?;
            return Ok(clause);
        }
        let left = self.term()?;
        // `field not in (…)`, `field not like …`.
        if self.is_word("not")
            && self.second().is_some_and(|token| {
                ["in", "in~", "like", "like~", "rlike", "regex", "regex~", ":"]
                    .iter()
                    .any(|word| token.is_word(word) || token.is_sign(word))
            })
        {
            self.bump();
            let clause = self.behind_field(left, start)?;
            return Ok(clause.negated());
        }
        self.behind_field(left, start)
    }

    /// Whether the parenthesis ahead holds a condition rather than a term: what follows it decides.
    fn is_condition_in_parentheses(&self) -> bool {
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            if token.is_sign("(") {
                depth = depth.saturating_add(1);
            } else if token.is_sign(")") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return self.tokens.get(at.saturating_add(1)).is_none_or(|next| {
                        !["==", "!=", "<", "<=", ">", ">=", "=", "+", "-", "*", "/", "%", ":"]
                            .iter()
                            .any(|sign| next.is_sign(sign))
                            && !["in", "like", "rlike", "is"].iter().any(|word| next.is_word(word))
                    });
                }
            }
        }
        true
    }

    /// What follows a term where a condition is wanted.
    fn behind_field(&mut self, left: Term, start: usize) -> Result<Clause, Diagnostic> {
        if self.word("is") {
            let negated = self.word("not");
            if !self.word("null") {
                return Err(self.expected("`null`"));
            }
            return Ok(self.presence(left, negated, start));
        }
        for (word, folds) in [("in", false), ("in~", true)] {
            if self.word(word) {
                let values = self.list()?;
                return Ok(self.any_of(&left, values, folds, false, start));
            }
        }
        for (word, folds) in [("like", false), ("like~", true)] {
            if self.word(word) {
                let values = self.list_or_one()?;
                return Ok(self.any_of(&left, values, folds, true, start));
            }
        }
        for (word, folds) in [("rlike", false), ("regex", false), ("regex~", true)] {
            if self.word(word) {
                let values = self.list_or_one()?;
                let clauses = values
                    .into_iter()
                    .map(|value| self.matching(&left, value, folds, start))
                    .collect::<Result<_, _>>()?;
                return Ok(Clause::group(clauses, Conjunction::Or));
            }
        }
        if self.rules != Rules::Esql && self.sign(":") {
            let values = self.list_or_one()?;
            return Ok(self.any_of(&left, values, self.rules == Rules::Eql, true, start));
        }
        let signs = [
            ("==", Sign::Equal),
            ("=~", Sign::Equal),
            ("!=", Sign::Unequal),
            ("<=", Sign::LessOrEqual),
            (">=", Sign::GreaterOrEqual),
            ("<", Sign::Less),
            (">", Sign::Greater),
            ("=", Sign::Equal),
        ];
        let found = signs.into_iter().find(|(text, _)| self.is_sign(text));
        let Some((text, sign)) = found else {
            return Ok(self.truth(left, start));
        };
        if text == "=" && self.rules != Rules::Pipe {
            return Err(self.expected("`==`").help("one `=` assigns; two compare"));
        }
        self.bump();
        let right = self.term()?;
        Ok(self.compared(left, sign, right, text == "=~", start))
    }

    /// A term alone: a function that is true or false, or a field that is.
    fn truth(&mut self, term: Term, start: usize) -> Clause {
        let span = start..self.behind();
        if let Term::Condition(level) = term {
            let mut clauses = level.clauses;
            if clauses.len() == 1 {
                return clauses.remove(0);
            }
            return Clause::of(Node::Group(Level { clauses }), span);
        }
        if let Term::Truth(true) = term {
            return Clause::of(Node::Everything, span);
        }
        if let Term::Truth(false) = term {
            return Clause::of(Node::Everything, span).negated();
        }
        let node = Node::Compare {
            left: term,
            sign: Sign::Equal,
            right: Term::Truth(true),
            span: span.clone(),
        };
        Clause::of(node, span)
    }

    fn presence(&self, term: Term, present: bool, start: usize) -> Clause {
        let span = start..self.behind();
        let clause = match term {
            Term::Field(name) => {
                Clause::of(Node::Match { field: Some(name), predicate: Predicate::Exists }, span)
            }
            other => {
                let node = Node::Compare {
                    left: other,
                    sign: Sign::Unequal,
                    right: Term::Null,
                    span: span.clone(),
                };
                Clause::of(node, span)
            }
        };
        if present { clause } else { clause.negated() }
    }

    fn list(&mut self) -> Result<Vec<(Term, Range<usize>)>, Diagnostic> {
        self.need("(")?;
        let mut values = Vec::new();
        loop {
            let start = self.here().start;
            values.push((self.term()?, start..self.behind()));
            if !self.sign(",") {
                break;
            }
        }
        self.need(")")?;
        Ok(values)
    }

    fn list_or_one(&mut self) -> Result<Vec<(Term, Range<usize>)>, Diagnostic> {
        if self.is_sign("(") {
            return self.list();
        }
        let start = self.here().start;
        let term = self.term()?;
        Ok(vec![(term, start..self.behind())])
    }

    fn any_of(
        &mut self,
        left: &Term,
        values: Vec<(Term, Range<usize>)>,
        folds: bool,
        wild: bool,
        start: usize,
    ) -> Clause {
        let mut clauses = Vec::new();
        for (value, span) in values {
            let clause = match (left, value) {
                (Term::Field(name), Term::Text(text)) => {
                    let value = if wild {
                        Value::pattern(&text, true, span)
                    } else {
                        Value::text(text, span)
                    };
                    matched(
                        name.clone(),
                        Predicate::Value(value.folding(folds)),
                        start..self.behind(),
                    )
                }
                (_, Term::Text(text)) if wild => {
                    // A pattern over a computed text.
                    let call = Term::Call {
                        name: if folds { "like~" } else { "like" }.to_owned(),
                        arguments: vec![left.clone(), Term::Text(text)],
                        span,
                    };
                    self.truth(call, start)
                }
                (_, value) => self.compared(left.clone(), Sign::Equal, value, folds, start),
            };
            clauses.push(clause);
        }
        Clause::group(clauses, Conjunction::Or)
    }

    fn matching(
        &mut self,
        left: &Term,
        (value, span): (Term, Range<usize>),
        folds: bool,
        start: usize,
    ) -> Result<Clause, Diagnostic> {
        let Term::Text(regex) = value else {
            return Err(Diagnostic::new(
                Code::Syntax,
                span,
                "expected a regular expression in quotes",
            ));
        };
        let regex = if folds { format!("(?i){regex}") } else { regex };
        Ok(match left {
            Term::Field(name) => {
                matched(name.clone(), Predicate::Regex(regex), start..self.behind())
            }
            other => {
                let call = Term::Call {
                    name: "rlike".to_owned(),
                    arguments: vec![other.clone(), Term::Text(regex)],
                    span,
                };
                self.truth(call, start)
            }
        })
    }

    fn compared(
        &mut self,
        left: Term,
        sign: Sign,
        right: Term,
        folds: bool,
        start: usize,
    ) -> Clause {
        let span = start..self.behind();
        // The field to the left.
        let (left, sign, right) = match (&left, &right) {
            (Term::Field(_), _) | (_, Term::Call { .. } | Term::Arithmetic { .. }) => {
                (left, sign, right)
            }
            (Term::Text(_) | Term::Number(_) | Term::Truth(_) | Term::Null, Term::Field(_)) => {
                (right, mirrored(sign), left)
            }
            _ => (left, sign, right),
        };
        if right == Term::Null {
            return match sign {
                Sign::Equal => self.presence(left, false, start),
                _ => self.presence(left, true, start),
            };
        }
        let plain = match &right {
            Term::Text(text) if self.rules == Rules::Pipe && text.contains('*') => {
                Some(Value::pattern(text, false, span.clone()))
            }
            Term::Text(text) | Term::Number(text) => Some(Value::text(text.clone(), span.clone())),
            Term::Truth(truth) => Some(Value::text(truth.to_string(), span.clone())),
            _ => None,
        };
        let (Term::Field(name), Some(value)) = (&left, plain) else {
            return Clause::of(Node::Compare { left, sign, right, span: span.clone() }, span);
        };
        let value = value.folding(folds);
        let bound = |inclusive| Some(Bound { value: value.clone(), inclusive });
        let predicate = match sign {
            Sign::Equal => Predicate::Value(value),
            // What is missing equals nothing: ES|QL leaves it out, EQL and pipes let it in.
            Sign::Unequal if self.rules == Rules::Esql => Predicate::ThereAndNot(value),
            Sign::Unequal => {
                return matched(name.clone(), Predicate::Value(value), span).negated();
            }
            Sign::Less => Predicate::Range { from: None, to: bound(false) },
            Sign::LessOrEqual => Predicate::Range { from: None, to: bound(true) },
            Sign::Greater => Predicate::Range { from: bound(false), to: None },
            Sign::GreaterOrEqual => Predicate::Range { from: bound(true), to: None },
        };
        matched(name.clone(), predicate, span)
    }

    /// A term: sums of products of primaries.
    pub(crate) fn term(&mut self) -> Result<Term, Diagnostic> {
        self.deeper()?;
        let mut left = self.product()?;
        while let Some(sign) = ['+', '-'].into_iter().find(|sign| self.is_sign(&sign.to_string())) {
            self.sign_more()?;
            let right = self.product()?;
            left = Term::Arithmetic { left: Box::new(left), sign, right: Box::new(right) };
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(left)
    }

    /// Takes a sign of arithmetic: what stands before it comes to lie one deeper.
    fn sign_more(&mut self) -> Result<(), Diagnostic> {
        self.signs = self.signs.saturating_add(1);
        if self.signs > QUERY_ARITHMETIC_MAX {
            return Err(Diagnostic::new(
                Code::Limit,
                self.here(),
                format!("at most {QUERY_ARITHMETIC_MAX} signs of arithmetic are read"),
            ));
        }
        self.bump();
        Ok(())
    }

    fn product(&mut self) -> Result<Term, Diagnostic> {
        let mut left = self.primary()?;
        while let Some(sign) =
            ['*', '/', '%'].into_iter().find(|sign| self.is_sign(&sign.to_string()))
        {
            self.sign_more()?;
            let right = self.primary()?;
            left = Term::Arithmetic { left: Box::new(left), sign, right: Box::new(right) };
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Term, Diagnostic> {
        let Some(token) = self.peek() else { return Err(self.expected("a field or a value")) };
        match &token.kind {
            Kind::Text(text) => {
                self.bump();
                Ok(Term::Text(text.clone()))
            }
            Kind::Number(number) => {
                self.bump();
                let unit = self.peek().and_then(|next| match &next.kind {
                    Kind::Word(word) => unit_micros(word),
                    _ => None,
                });
                if let (Some(unit), Ok(number)) = (unit, number.parse::<i64>()) {
                    self.bump();
                    return Ok(Term::Duration(number.saturating_mul(unit)));
                }
                Ok(Term::Number(number.clone()))
            }
            Kind::Sign("-") => {
                self.sign_more()?;
                match self.primary()? {
                    Term::Number(number) => Ok(Term::Number(format!("-{number}"))),
                    other => Ok(Term::Arithmetic {
                        left: Box::new(Term::Number("0".to_owned())),
                        sign: '-',
                        right: Box::new(other),
                    }),
                }
            }
            Kind::Sign("(") => {
                self.bump();
                // `(a > b)` is a value too: true or false.
                let term = self.argument()?;
                self.need(")")?;
                Ok(term)
            }
            // `?field`: EQL's way to say that a field may not exist at all.
            Kind::Sign("?") if self.rules == Rules::Eql => {
                self.sign_more()?;
                self.primary()
            }
            Kind::Word(word) => {
                let span = token.span.clone();
                match word.to_ascii_lowercase().as_str() {
                    "true" => {
                        self.bump();
                        return Ok(Term::Truth(true));
                    }
                    "false" => {
                        self.bump();
                        return Ok(Term::Truth(false));
                    }
                    "null" => {
                        self.bump();
                        return Ok(Term::Null);
                    }
                    _ => {}
                }
                self.bump();
                if self.is_sign("(") {
                    return self.call(word, span);
                }
                let mut name = Name { text: word.clone(), span };
                // `field::type` and `items[0]`.
                if self.sign("::") {
                    let kind = self.name("a type")?;
                    return Ok(Term::Call {
                        name: format!("to_{}", kind.text.to_ascii_lowercase()),
                        arguments: vec![Term::Field(name)],
                        span: kind.span,
                    });
                }
                while self.is_sign("[") && self.second().is_some_and(Token::is_number) {
                    self.bump();
                    self.bump();
                    self.need("]")?;
                    name.span.end = self.behind();
                }
                Ok(Term::Field(name))
            }
            Kind::Sign(_) => Err(self.expected("a field or a value")),
        }
    }

    fn call(&mut self, word: &str, span: Range<usize>) -> Result<Term, Diagnostic> {
        let written = word.to_ascii_lowercase();
        let (name, folds) =
            written.strip_suffix('~').map_or((written.as_str(), false), |name| (name, true));
        self.need("(")?;
        let mut arguments = Vec::new();
        if self.is_sign("*") {
            self.bump();
        } else {
            while !self.is_sign(")") {
                arguments.push(self.argument()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        self.need(")")?;
        let span = span.start..self.behind();
        Ok(self.known(name, folds, arguments, span))
    }

    /// An argument: a term, or a condition, as in `CASE(a == b, …)`.
    fn argument(&mut self) -> Result<Term, Diagnostic> {
        let before = self.at;
        let term = self.term()?;
        if self.is_sign(",") || self.is_sign(")") {
            return Ok(term);
        }
        self.at = before;
        Ok(Term::Condition(Level { clauses: vec![self.either()?] }))
    }

    /// Functions of a field and plain texts are patterns over the field.
    fn known(&self, name: &str, folds: bool, arguments: Vec<Term>, span: Range<usize>) -> Term {
        let call = |arguments| Term::Call {
            name: if folds { format!("{name}~") } else { name.to_owned() },
            arguments,
            span: span.clone(),
        };
        if matches!(name, "isnull" | "isnotnull") && arguments.len() == 1 {
            let mut arguments = arguments;
            let clause = self.presence(arguments.remove(0), name == "isnotnull", span.start);
            return Term::Condition(Level { clauses: vec![clause] });
        }
        let Some((Term::Field(field), rest)) = arguments.split_first() else {
            return call(arguments);
        };
        let mut texts = Vec::new();
        for argument in rest {
            match argument {
                Term::Text(text) => texts.push(text.clone()),
                Term::Truth(_) if name == "endswith" || name == "startswith" => {}
                _ => return call(arguments),
            }
        }
        if texts.is_empty() {
            return call(arguments);
        }
        let of = |before: bool, text: &str, after: bool| {
            let mut value = Value::text(text, span.clone());
            value.quoted = false;
            if before {
                value.parts.insert(0, crate::ast::Part::Star);
            }
            if after {
                value.parts.push(crate::ast::Part::Star);
            }
            Predicate::Value(value.folding(folds))
        };
        let predicates: Vec<Predicate> = match name {
            "stringcontains" | "contains" => {
                texts.iter().map(|text| of(true, text, true)).collect()
            }
            "startswith" | "starts_with" => {
                texts.iter().map(|text| of(false, text, true)).collect()
            }
            "endswith" | "ends_with" => texts.iter().map(|text| of(true, text, false)).collect(),
            "wildcard" => texts
                .iter()
                .map(|text| {
                    Predicate::Value(Value::pattern(text, true, span.clone()).folding(true))
                })
                .collect(),
            "cidrmatch" | "cidr_match" | "mv_contains" => texts
                .iter()
                .map(|text| Predicate::Value(Value::text(text.clone(), span.clone())))
                .collect(),
            "match" | "regex" => texts
                .iter()
                .map(|text| {
                    let flag = if folds { "(?i)" } else { "" };
                    Predicate::Regex(format!("{flag}{text}"))
                })
                .collect(),
            _ => return call(arguments),
        };
        let clauses = predicates
            .into_iter()
            .map(|predicate| matched(field.clone(), predicate, span.clone()))
            .collect();
        Term::Condition(Level { clauses: vec![Clause::group(clauses, Conjunction::Or)] })
    }
}

fn matched(name: Name, predicate: Predicate, span: Range<usize>) -> Clause {
    Clause {
        conjunction: Conjunction::Implicit,
        modifier: Modifier::None,
        node: Node::Match { field: Some(name), predicate },
        span,
    }
}

fn mirrored(sign: Sign) -> Sign {
    match sign {
        Sign::Less => Sign::Greater,
        Sign::LessOrEqual => Sign::GreaterOrEqual,
        Sign::Greater => Sign::Less,
        Sign::GreaterOrEqual => Sign::LessOrEqual,
        same => same,
    }
}

/// Microseconds of a unit of time.
pub(crate) fn unit_micros(unit: &str) -> Option<i64> {
    const SECOND: i64 = 1_000_000;
    Some(match unit.to_ascii_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => SECOND / 1_000,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "m" | "min" | "minute" | "minutes" => 60 * SECOND,
        "h" | "hour" | "hours" => 3_600 * SECOND,
        "d" | "day" | "days" => 86_400 * SECOND,
        "w" | "week" | "weeks" => 7 * 86_400 * SECOND,
        _ => return None,
    })
}
