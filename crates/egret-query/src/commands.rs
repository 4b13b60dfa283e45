//! Steps behind a pipe: those of ES|QL, and those that playbooks borrow from Splunk.

use std::ops::Range;

use crate::ast::{Aggregate, Clause, Level, Name, Node, Order, Stage, Term};
use crate::diagnostic::{Code, Diagnostic};
use crate::terms::{Kind, Rules, Terms, Token, tokens};

/// Reads an ES|QL query: `FROM … | … | …`.
///
/// # Errors
///
/// The first syntax error.
pub(crate) fn esql(text: &str) -> Result<(Vec<Stage>, Vec<Diagnostic>), Diagnostic> {
    let tokens = tokens(text)?;
    let mut reader = Reader { diagnostics: Vec::new(), rules: Rules::Esql, length: text.len() };
    let mut parts = tokens.split(|token| token.is_sign("|"));
    let from = parts.next().unwrap_or_default();
    if !from.first().is_some_and(|token| token.is_word("from")) {
        let span = from.first().map_or(0..text.len(), |token| token.span.clone());
        return Err(Diagnostic::new(Code::Syntax, span, "expected `FROM` at the beginning"));
    }
    let mut stages = Vec::new();
    for part in parts {
        reader.step(part, &mut stages)?;
    }
    Ok((stages, reader.diagnostics))
}

/// Reads what stands behind a query's first pipe; `offset` is its place in the text.
///
/// # Errors
///
/// The first syntax error.
pub(crate) fn pipes(
    text: &str,
    offset: usize,
) -> Result<(Vec<Stage>, Vec<Diagnostic>), Diagnostic> {
    let moved = |mut error: Diagnostic| {
        error.span = error.span.start.saturating_add(offset)..error.span.end.saturating_add(offset);
        error
    };
    let tokens: Vec<Token> = tokens(text)
        .map_err(moved)?
        .into_iter()
        .map(|token| Token {
            span: token.span.start.saturating_add(offset)..token.span.end.saturating_add(offset),
            ..token
        })
        .collect();
    let length = text.len().saturating_add(offset);
    let mut reader = Reader { diagnostics: Vec::new(), rules: Rules::Pipe, length };
    let mut stages = Vec::new();
    for part in tokens.split(|token| token.is_sign("|")).filter(|part| !part.is_empty()) {
        let first = part.first().map_or(offset..length, |token| token.span.clone());
        let last = part.last().map_or(length, |token| token.span.end);
        reader.diagnostics.push(Diagnostic::new(
            Code::Pipe,
            first.start..last,
            "run as a step of a pipeline, which Lucene and KQL do not have",
        ));
        reader.step(part, &mut stages)?;
    }
    Ok((stages, reader.diagnostics))
}

struct Reader {
    diagnostics: Vec<Diagnostic>,
    rules: Rules,
    length: usize,
}

impl Reader {
    fn step(&mut self, tokens: &[Token], stages: &mut Vec<Stage>) -> Result<(), Diagnostic> {
        let end = tokens.last().map_or(self.length, |token| token.span.end);
        let mut terms = Terms::new(tokens, end, self.rules);
        let command = terms.name("a command")?;
        let lower = command.text.to_ascii_lowercase();
        match lower.as_str() {
            "where" | "search" | "filter" => stages.push(Stage::Where(terms.condition()?)),
            "eval" => stages.push(Stage::Eval(assignments(&mut terms)?)),
            "stats" => stages.push(stats(&mut terms)?),
            "inline" | "inlinestats" => {
                if lower == "inline" && !terms.word("stats") {
                    return Err(terms.expected("`stats`"));
                }
                if let Stage::Stats { aggregates, by } = stats(&mut terms)? {
                    stages.push(Stage::InlineStats { aggregates, by });
                }
            }
            "timechart" => timechart(&mut terms, stages)?,
            "top" => top(&mut terms, stages)?,
            "keep" | "fields" | "table" => {
                // `fields + a`, `fields - a`.
                let drop = lower == "fields" && terms.sign("-");
                terms.sign("+");
                let names = names(&mut terms)?;
                stages.push(if drop { Stage::Drop(names) } else { Stage::Keep(names) });
            }
            "drop" => stages.push(Stage::Drop(names(&mut terms)?)),
            "rename" => stages.push(Stage::Rename(renames(&mut terms)?)),
            "sort" => stages.push(Stage::Sort(orders(&mut terms)?)),
            "limit" | "head" | "take" => {
                let count = match terms.bump().map(|token| &token.kind) {
                    Some(Kind::Number(number)) => number.parse().ok(),
                    None if lower == "head" => Some(10),
                    _ => None,
                };
                let Some(count) = count else { return Err(terms.expected("a whole number")) };
                stages.push(Stage::Limit(count));
            }
            "dedup" => stages.push(Stage::Dedup(names(&mut terms)?)),
            "mv_expand" | "mvexpand" => stages.push(Stage::Expand(terms.name("a field")?)),
            "dissect" | "grok" | "rex" => {
                let stage =
                    if lower == "rex" { rex(&mut terms)? } else { extract(&lower, &mut terms)? };
                stages.push(stage);
            }
            _ => return Err(unsupported(&command)),
        }
        if !terms.is_done() {
            return Err(terms.expected(&format!("the end of `{lower}`")));
        }
        Ok(())
    }
}

fn unsupported(command: &Name) -> Diagnostic {
    Diagnostic::new(
        Code::Unsupported,
        command.span.clone(),
        format!("the command `{}` is not run", command.text),
    )
    .help(
        "`where`, `eval`, `stats`, `inline stats`, `timechart`, `top`, `keep`, `fields`, `table`, `drop`, `rename`, \
         `sort`, `limit`, `head`, `dedup`, `mv_expand`, `dissect`, `grok` and `rex` are",
    )
}

fn names(terms: &mut Terms<'_>) -> Result<Vec<Name>, Diagnostic> {
    let mut names = Vec::new();
    loop {
        if terms.is_sign("*") {
            let span = terms.here();
            terms.bump();
            names.push(Name { text: "*".to_owned(), span });
        } else {
            names.push(terms.name("a column")?);
        }
        // Splunk's lists may go without commas.
        if !terms.sign(",") && terms.is_done() {
            return Ok(names);
        }
    }
}

fn assignments(terms: &mut Terms<'_>) -> Result<Vec<(String, Term)>, Diagnostic> {
    let mut columns = Vec::new();
    loop {
        let name = terms.name("the name of a column")?;
        terms.need("=")?;
        columns.push((name.text, condition_or_term(terms)?));
        if !terms.sign(",") {
            return Ok(columns);
        }
    }
}

/// A term; or a condition, whose value is true or false.
fn condition_or_term(terms: &mut Terms<'_>) -> Result<Term, Diagnostic> {
    let level = terms.condition()?;
    Ok(unwrapped(level))
}

/// What stood alone is itself, not "is it true".
fn unwrapped(level: Level) -> Term {
    if let [Clause { node: Node::Compare { left, right: Term::Truth(true), .. }, modifier, .. }] =
        level.clauses.as_slice()
        && *modifier == crate::ast::Modifier::None
    {
        return left.clone();
    }
    Term::Condition(level)
}

fn renames(terms: &mut Terms<'_>) -> Result<Vec<(Name, String)>, Diagnostic> {
    let mut pairs = Vec::new();
    loop {
        let old = terms.name("a column")?;
        if terms.sign("=") {
            // `rename new = old`.
            pairs.push((terms.name("a column")?, old.text));
        } else if terms.word("as") {
            pairs.push((old, terms.name("a new name")?.text));
        } else {
            return Err(terms.expected("`as`"));
        }
        if !terms.sign(",") {
            return Ok(pairs);
        }
    }
}

fn orders(terms: &mut Terms<'_>) -> Result<Vec<Order>, Diagnostic> {
    let mut orders = Vec::new();
    loop {
        // Splunk's `sort - count`, and a number of rows that it may begin with.
        let mut descending = terms.sign("-");
        terms.sign("+");
        let term = terms.term()?;
        if terms.word("desc") {
            descending = true;
        } else {
            terms.word("asc");
        }
        if terms.word("nulls") && !terms.word("first") && !terms.word("last") {
            return Err(terms.expected("`first` or `last`"));
        }
        orders.push(Order { term, descending });
        if !terms.sign(",") && terms.is_done() {
            return Ok(orders);
        }
    }
}

/// `count, dc(user.name) as users, x = sum(bytes) where … by a, b`.
fn stats(terms: &mut Terms<'_>) -> Result<Stage, Diagnostic> {
    let mut aggregates = Vec::new();
    while !terms.is_done() && !terms.is_word("by") {
        aggregates.push(aggregate(terms)?);
        terms.sign(",");
    }
    let mut by = Vec::new();
    if terms.word("by") {
        loop {
            by.push(key(terms)?);
            // `by a b`, as Splunk has it.
            if !terms.sign(",") && terms.is_done() {
                break;
            }
        }
    }
    Ok(Stage::Stats { aggregates, by })
}

/// A key of a group: a column, or `name = term`.
fn key(terms: &mut Terms<'_>) -> Result<(String, Term), Diagnostic> {
    let start = terms.here().start;
    let term = terms.term()?;
    if terms.sign("=") {
        let Term::Field(name) = term else { return Err(terms.expected("a column")) };
        return Ok((name.text, terms.term()?));
    }
    let name = match &term {
        Term::Field(name) => name.text.clone(),
        Term::Call { name, .. } => format!("{name}_{start}"),
        _ => format!("key_{start}"),
    };
    Ok((name, term))
}

fn aggregate(terms: &mut Terms<'_>) -> Result<Aggregate, Diagnostic> {
    let start = terms.here().start;
    let mut name = terms.name("an aggregate such as `count`")?;
    let mut given = None;
    if terms.sign("=") {
        given = Some(name.text);
        name = terms.name("an aggregate such as `count`")?;
    }
    let mut function = name.text.to_ascii_lowercase();
    let mut argument = None;
    if terms.sign("(") {
        if terms.sign("*") {
        } else if !terms.is_sign(")") {
            argument = Some(condition_or_term(terms)?);
            while terms.sign(",") {
                terms.term()?;
            }
        }
        terms.need(")")?;
    }
    let written: String = match &argument {
        Some(Term::Field(field)) => format!("{function}({})", field.text),
        Some(_) => format!("{function}(…)"),
        None => function.clone(),
    };
    if let Some(plain) = function.strip_suffix('~') {
        function = plain.to_owned();
    }
    let filter = if terms.word("where") { Some(terms.condition()?) } else { None };
    if terms.word("as") {
        given = Some(terms.name("the name of a column")?.text);
    }
    let span: Range<usize> = start..terms.behind();
    Ok(Aggregate { name: given.unwrap_or(written), function, argument, filter, span })
}

/// `timechart span=1h count by field`.
fn timechart(terms: &mut Terms<'_>, stages: &mut Vec<Stage>) -> Result<(), Diagnostic> {
    let here = terms.here();
    let mut span = 3_600_000_000;
    if terms.word("span") {
        terms.need("=")?;
        match terms.term()? {
            Term::Duration(micros) => span = micros,
            _ => return Err(terms.expected("a span such as `1h`")),
        }
    }
    let Stage::Stats { mut aggregates, mut by } = stats(terms)? else { return Ok(()) };
    if aggregates.is_empty() {
        aggregates.push(Aggregate {
            name: "count".to_owned(),
            function: "count".to_owned(),
            argument: None,
            filter: None,
            span: here.clone(),
        });
    }
    let time = || Term::Field(Name { text: "@timestamp".to_owned(), span: here.clone() });
    let bin = Term::Call {
        name: "bucket".to_owned(),
        arguments: vec![time(), Term::Duration(span)],
        span: here.clone(),
    };
    by.insert(0, ("@timestamp".to_owned(), bin));
    stages.push(Stage::Stats { aggregates, by });
    stages.push(Stage::Sort(vec![Order { term: time(), descending: false }]));
    Ok(())
}

/// `top 10 field`: how often each value stands there.
fn top(terms: &mut Terms<'_>, stages: &mut Vec<Stage>) -> Result<(), Diagnostic> {
    let span = terms.here();
    let mut most = 10;
    if let Some(Token { kind: Kind::Number(number), .. }) = terms.peek() {
        most = number.parse().unwrap_or(most);
        terms.bump();
    }
    let by = names(terms)?.into_iter().map(|name| (name.text.clone(), Term::Field(name))).collect();
    let count = Name { text: "count".to_owned(), span: span.clone() };
    stages.push(Stage::Stats {
        aggregates: vec![Aggregate {
            name: "count".to_owned(),
            function: "count".to_owned(),
            argument: None,
            filter: None,
            span,
        }],
        by,
    });
    stages.push(Stage::Sort(vec![Order { term: Term::Field(count), descending: true }]));
    stages.push(Stage::Limit(most));
    Ok(())
}

/// `dissect field "pattern"`, `grok field "pattern"`.
fn extract(command: &str, terms: &mut Terms<'_>) -> Result<Stage, Diagnostic> {
    let from = terms.term()?;
    let span = terms.here();
    let Some(Kind::Text(pattern)) = terms.bump().map(|token| &token.kind) else {
        return Err(terms.expected("a pattern in quotes"));
    };
    while terms.word("append_separator") {
        terms.need("=")?;
        terms.term()?;
    }
    let (regex, columns) =
        if command == "dissect" { dissected(pattern) } else { grokked(pattern, &span)? };
    Ok(Stage::Extract { from, regex, columns })
}

/// `rex field=name "(?<column>…)"`.
fn rex(terms: &mut Terms<'_>) -> Result<Stage, Diagnostic> {
    if !terms.word("field") {
        return Err(terms.expected("`field=`"));
    }
    terms.need("=")?;
    extract("grok", terms)
}

/// A dissect pattern as a regular expression.
fn dissected(pattern: &str) -> (String, Vec<String>) {
    let mut regex = String::from("(?s)^");
    let mut columns = Vec::new();
    let mut rest = pattern;
    while let Some((literal, behind)) = rest.split_once("%{") {
        regex.push_str(&quoted(literal));
        let Some((key, behind)) = behind.split_once('}') else { break };
        let last = behind.is_empty();
        let any = if last { ".*" } else { ".*?" };
        let (key, padded) = match key.strip_suffix("->") {
            Some(key) => (key, true),
            None => (key, false),
        };
        let name = key.trim_start_matches(['+', '&', '*']);
        if name.is_empty() || name.starts_with('?') {
            regex.push_str(&format!("(?:{any})"));
        } else {
            let name = name.split('/').next().unwrap_or(name);
            regex.push_str(&format!("({any})"));
            columns.push(name.to_owned());
        }
        if padded {
            regex.push_str("\\s*");
        }
        rest = behind;
    }
    regex.push_str(&quoted(rest));
    if rest.is_empty() {
        regex.push('$');
    }
    (regex, columns)
}

/// Grok's own patterns that rules use.
const GROK: &[(&str, &str)] = &[
    ("DATA", ".*?"),
    ("GREEDYDATA", ".*"),
    ("WORD", r"\b\w+\b"),
    ("NOTSPACE", r"\S+"),
    ("SPACE", r"\s*"),
    ("INT", r"[+-]?[0-9]+"),
    ("NUMBER", r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"),
    ("BASE10NUM", r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"),
    ("POSINT", r"\b[1-9][0-9]*\b"),
    ("NONNEGINT", r"\b[0-9]+\b"),
    ("IPV4", r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"),
    ("IP", r"(?:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+|(?:[0-9]{1,3}\.){3}[0-9]{1,3})"),
    ("HOSTNAME", r"\b[0-9A-Za-z][0-9A-Za-z.-]*\b"),
    ("USERNAME", r"[a-zA-Z0-9._-]+"),
    ("USER", r"[a-zA-Z0-9._-]+"),
    ("EMAILADDRESS", r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[0-9A-Za-z][0-9A-Za-z.-]*"),
    ("UUID", r"[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}"),
    ("QUOTEDSTRING", r#""(?:[^"\\]|\\.)*""#),
];

/// A grok pattern as a regular expression.
fn grokked(pattern: &str, span: &Range<usize>) -> Result<(String, Vec<String>), Diagnostic> {
    let mut regex = String::from("(?s)");
    let mut columns = Vec::new();
    let mut rest = pattern;
    loop {
        let next = ["%{", "(?<"].iter().filter_map(|sign| Some((rest.find(sign)?, *sign))).min();
        let Some((at, sign)) = next else {
            regex.push_str(rest);
            return Ok((regex, columns));
        };
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        // Groups without a name would shift the ones with one.
        regex.push_str(before);
        let behind = behind.get(sign.len()..).unwrap_or_default();
        if sign == "(?<" {
            // Look-behind is no name.
            if behind.starts_with(['=', '!']) {
                return Err(Diagnostic::new(
                    Code::Unsupported,
                    span.clone(),
                    "look-behind in a regular expression is not run",
                ));
            }
            let Some((name, behind)) = behind.split_once('>') else {
                return Err(Diagnostic::new(
                    Code::Syntax,
                    span.clone(),
                    "expected `>` after a name",
                ));
            };
            columns.push(name.to_owned());
            regex.push('(');
            rest = behind;
            continue;
        }
        let Some((inside, behind)) = behind.split_once('}') else {
            return Err(Diagnostic::new(Code::Syntax, span.clone(), "expected `}` after `%{`"));
        };
        let mut parts = inside.split(':');
        let kind = parts.next().unwrap_or_default();
        let Some((_, known)) = GROK.iter().find(|(name, _)| *name == kind) else {
            return Err(Diagnostic::new(
                Code::Unsupported,
                span.clone(),
                format!("the grok pattern `{kind}` is not known"),
            ));
        };
        match parts.next() {
            Some(name) => {
                columns.push(name.to_owned());
                regex.push_str(&format!("({known})"));
            }
            None => regex.push_str(&format!("(?:{known})")),
        }
        rest = behind;
    }
}

fn quoted(literal: &str) -> String {
    let mut quoted = String::new();
    for letter in literal.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(letter) {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}
