//! EQL, Elastic's event query language: `any where …`, `sequence by … [ … ] [ … ]`, `sample by …`.
//!
//! # Source
//!
//! <https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax>

use egret_model::limits::QUERY_CLAUSES_MAX;

use crate::ast::{Clause, Level, Name, Node, Order, Predicate, Sequence, Stage, Step, Term, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::terms::{Kind, Rules, Terms, tokens, unit_micros};

/// What an EQL text asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Eql {
    /// Single events.
    Events(Level),
    /// Events that follow one another.
    Sequence(Sequence),
}

/// The field that holds an event's category, where nothing else is said.
pub(crate) const CATEGORY: &str = "event.category";

/// Reads a query and the pipes behind it; the word before `where` is a value of `category`.
///
/// # Errors
///
/// The first syntax error.
pub(crate) fn parse(text: &str, category: &str) -> Result<(Eql, Vec<Stage>), Diagnostic> {
    let tokens = tokens(text)?;
    let mut terms = Terms::new(&tokens, text.len(), Rules::Eql);
    let query = if terms.is_word("sequence") || terms.is_word("sample") {
        Eql::Sequence(sequence(&mut terms, category)?)
    } else {
        Eql::Events(event(&mut terms, category)?)
    };
    let mut stages = Vec::new();
    while terms.sign("|") {
        stages.push(pipe(&mut terms)?);
    }
    if !terms.is_done() {
        return Err(terms.expected("the end of the query"));
    }
    Ok((query, stages))
}

/// `category where condition`.
fn event(terms: &mut Terms<'_>, field: &str) -> Result<Level, Diagnostic> {
    let category = match terms.peek().map(|token| &token.kind) {
        Some(Kind::Text(text)) => {
            let name = Name { text: text.clone(), span: terms.here() };
            terms.bump();
            name
        }
        _ => terms.name("an event category such as `any`")?,
    };
    if !terms.word("where") {
        return Err(terms.expected("`where`").help("an event is written `any where condition`"));
    }
    let condition = terms.condition()?;
    if category.text == "any" {
        return Ok(condition);
    }
    // The category is a field like any other.
    let field = Name { text: field.to_owned(), span: category.span.clone() };
    let value = Value::text(category.text, category.span.clone());
    let is_of = Clause::of(
        Node::Match { field: Some(field), predicate: Predicate::Value(value) },
        category.span,
    );
    let mut clauses = vec![is_of];
    clauses.extend(condition.clauses);
    let both = Clause::group(clauses, crate::ast::Conjunction::And);
    Ok(Level { clauses: vec![both] })
}

fn by(terms: &mut Terms<'_>) -> Result<Vec<Term>, Diagnostic> {
    let mut keys = Vec::new();
    if terms.word("by") {
        loop {
            keys.push(terms.term()?);
            if !terms.sign(",") {
                break;
            }
        }
    }
    Ok(keys)
}

fn sequence(terms: &mut Terms<'_>, category: &str) -> Result<Sequence, Diagnostic> {
    let start = terms.here();
    let any_order = terms.is_word("sample");
    terms.bump();
    let mut shared = by(terms)?;
    let mut maxspan = None;
    if terms.word("with") {
        let what = terms.name("`maxspan`")?;
        if !what.text.eq_ignore_ascii_case("maxspan") {
            return Err(Diagnostic::new(
                Code::Syntax,
                what.span,
                format!("expected `maxspan`, found `{}`", what.text),
            ));
        }
        terms.need("=")?;
        maxspan = Some(span(terms)?);
    }
    if shared.is_empty() {
        // `with maxspan=1h by field` is written too.
        shared = by(terms)?;
    }
    let mut steps = Vec::new();
    let mut until = None;
    while terms.is_sign("[") || terms.is_sign("!") {
        steps.push(step(terms, &shared, category)?);
        if steps.len() > QUERY_CLAUSES_MAX {
            return Err(Diagnostic::new(Code::Limit, start, "the sequence has too many steps"));
        }
    }
    if terms.word("until") {
        until = Some(step(terms, &shared, category)?);
    }
    let keys = steps.first().map_or(0, |step: &Step| step.by.len());
    if steps.iter().chain(&until).any(|step| step.by.len() != keys) {
        return Err(Diagnostic::new(
            Code::Syntax,
            start,
            "expected the same number of `by` keys in every step",
        ));
    }
    let present = steps.iter().filter(|step| !step.missing).count();
    let runs: u32 = steps.iter().map(|step| step.runs).fold(0, u32::saturating_add);
    if present == 0 || steps.len() < 2 && runs < 2 {
        return Err(Diagnostic::new(
            Code::Syntax,
            start,
            format!("expected at least two steps in `[…]`, found {}", steps.len()),
        ));
    }
    if steps.iter().any(|step| step.missing) && maxspan.is_none() {
        return Err(Diagnostic::new(
            Code::Syntax,
            start,
            "a missing event `![…]` needs `with maxspan=…`, or it could still come",
        ));
    }
    Ok(Sequence { steps, maxspan, until, any_order })
}

/// `[category where condition] by key with runs=3`.
fn step(terms: &mut Terms<'_>, shared: &[Term], category: &str) -> Result<Step, Diagnostic> {
    let missing = terms.sign("!");
    terms.need("[")?;
    let condition = event(terms, category)?;
    terms.need("]")?;
    let mut keys = shared.to_vec();
    keys.extend(by(terms)?);
    let mut runs = 1;
    if terms.is_word("with") {
        terms.bump();
        let what = terms.name("`runs`")?;
        if !what.text.eq_ignore_ascii_case("runs") {
            return Err(Diagnostic::new(
                Code::Syntax,
                what.span,
                format!("expected `runs`, found `{}`", what.text),
            ));
        }
        terms.need("=")?;
        match terms.term()? {
            Term::Number(number) => {
                runs = number
                    .parse()
                    .ok()
                    .filter(|runs| (1..=100).contains(runs))
                    .ok_or_else(|| terms.expected("a number of runs from 1 to 100"))?;
            }
            _ => return Err(terms.expected("a number of runs")),
        }
    }
    Ok(Step { condition, by: keys, runs, missing })
}

/// `10m`, also written `10 m`, `0.5h` and `10` seconds.
fn span(terms: &mut Terms<'_>) -> Result<i64, Diagnostic> {
    let here = terms.here();
    match terms.term()? {
        Term::Duration(micros) => Ok(micros),
        Term::Number(number) => {
            let unit = match terms.peek().map(|token| &token.kind) {
                Some(Kind::Word(word)) => unit_micros(word),
                _ => None,
            };
            let seconds = number.parse::<i64>().ok();
            match (seconds, unit) {
                (Some(number), Some(unit)) => {
                    terms.bump();
                    Ok(number.saturating_mul(unit))
                }
                (Some(number), None) => Ok(number.saturating_mul(1_000_000)),
                _ => Err(Diagnostic::new(Code::Syntax, here, "expected a span such as `10m`")),
            }
        }
        _ => Err(Diagnostic::new(Code::Syntax, here, "expected a span such as `10m`")),
    }
}

/// `| head 10`, `| tail 5`, `| sort field`, `| unique field`, `| count`, `| filter condition`.
fn pipe(terms: &mut Terms<'_>) -> Result<Stage, Diagnostic> {
    let name = terms.name("a pipe such as `head`")?;
    let number = |terms: &mut Terms<'_>| -> Result<usize, Diagnostic> {
        match terms.term()? {
            Term::Number(number) => {
                number.parse().ok().ok_or_else(|| terms.expected("a whole number"))
            }
            _ => Err(terms.expected("a whole number")),
        }
    };
    let timestamp = || Term::Field(Name { text: "@timestamp".to_owned(), span: name.span.clone() });
    Ok(match name.text.to_ascii_lowercase().as_str() {
        "head" => Stage::Limit(number(terms)?),
        "tail" => {
            return Err(Diagnostic::new(Code::Unsupported, name.span, "`tail` is not run")
                .help(format!("use `| sort` and `| head {}`", number(terms).unwrap_or(10))));
        }
        "sort" => {
            let mut orders = Vec::new();
            loop {
                orders.push(Order { term: terms.term()?, descending: false });
                if !terms.sign(",") {
                    break;
                }
            }
            Stage::Sort(orders)
        }
        "unique" => {
            let mut names = Vec::new();
            loop {
                names.push(terms.name("a field")?);
                if !terms.sign(",") {
                    break;
                }
            }
            Stage::Dedup(names)
        }
        "filter" => Stage::Where(terms.condition()?),
        "count" => {
            let mut by = Vec::new();
            while let Some(Kind::Word(_)) = terms.peek().map(|token| &token.kind) {
                let name = terms.name("a field")?;
                by.push((name.text.clone(), Term::Field(name)));
                terms.sign(",");
            }
            Stage::Stats {
                aggregates: vec![crate::ast::Aggregate {
                    name: "count".to_owned(),
                    function: "count".to_owned(),
                    argument: Some(timestamp()),
                    filter: None,
                    span: name.span,
                }],
                by,
            }
        }
        other => {
            return Err(Diagnostic::new(
                Code::Unsupported,
                name.span,
                format!("the pipe `{other}` is not run"),
            )
            .help("`head`, `sort`, `unique`, `filter` and `count` are"));
        }
    })
}
