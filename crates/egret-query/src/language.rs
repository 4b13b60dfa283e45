//! Which language a text is written in.

use egret_model::limits::QUERY_BYTES_MAX;

use crate::ast::{Level, Sequence, Stage};
use crate::diagnostic::{Code, Diagnostic};
use crate::{commands, eql, kql, lucene};

/// A language that queries are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Whatever the text looks like.
    Auto,
    /// Lucene's `query_string`, as playbooks write it.
    Lucene,
    /// Kibana's query language.
    Kql,
    /// Elastic's event query language.
    Eql,
    /// ES|QL.
    Esql,
}

impl Language {
    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lucene => "Lucene",
            Self::Kql => "KQL",
            Self::Eql => "EQL",
            Self::Esql => "ES|QL",
        }
    }

    /// The language of a text, and what tells it.
    ///
    /// # Example
    ///
    /// ```
    /// use egret_query::Language;
    ///
    /// assert_eq!(Language::of("any where event.action == \"GetObject\"").0, Language::Eql);
    /// assert_eq!(Language::of("FROM logs-* | WHERE event.action == \"GetObject\"").0, Language::Esql);
    /// assert_eq!(Language::of("user.name: ana and not event.outcome: failure").0, Language::Kql);
    /// assert_eq!(Language::of("user.name: ana AND @timestamp: [now-1d TO now]").0, Language::Lucene);
    /// ```
    pub fn of(text: &str) -> (Self, &'static str) {
        let plain = outside_quotes(text);
        let words: Vec<&str> = plain.split_whitespace().collect();
        let first = words.first().copied().unwrap_or_default();
        let second = words.get(1).copied().unwrap_or_default();
        if first.eq_ignore_ascii_case("from") && !second.is_empty() && !second.starts_with(':') {
            return (Self::Esql, "it begins with `FROM`");
        }
        if first == "sequence" || first == "sample" {
            return (Self::Eql, "it begins with `sequence` or `sample`");
        }
        if second == "where" && !first.ends_with(':') {
            return (Self::Eql, "it begins with `category where`");
        }
        // What stands behind a pipe is the same in both.
        let query = plain.split('|').next().unwrap_or_default();
        let words: Vec<&str> = query.split_whitespace().collect();
        let has = |word: &str| words.contains(&word);
        let bracketed =
            query.contains(" TO ") || query.contains("_exists_") || query.contains("&&");
        if bracketed || has("AND") || has("OR") || has("NOT") || text.contains("||") {
            return (Self::Lucene, "it has operators in capitals, or ranges in brackets");
        }
        if has("and") || has("or") || has("not") || query.contains("(not ") {
            return (Self::Kql, "it has operators in lower case, and none in capitals");
        }
        if query.contains('{') && query.contains('}') && query.contains(":{")
            || query.contains(": {")
        {
            return (Self::Kql, "it has a nested field in braces");
        }
        (Self::Lucene, "nothing in it says otherwise")
    }
}

/// The text with what stands in quotes left out.
fn outside_quotes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                inside = !inside;
                plain.push('"');
            }
            letter if !inside => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// A text as its language's parser understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) language: Language,
    pub(crate) body: Body,
    pub(crate) stages: Vec<Stage>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Events.
    Events(Level),
    /// Events that follow one another.
    Sequence(Sequence),
}

/// Refuses a text that is longer than is read.
pub(crate) fn within_limit(text: &str) -> Result<(), Diagnostic> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(Diagnostic::new(
            Code::Limit,
            0..text.len(),
            format!("the query has {} bytes; at most {QUERY_BYTES_MAX} are read", text.len()),
        ));
    }
    Ok(())
}

/// Reads a text; comment lines must be gone already. `category` is the field that EQL's word before
/// `where` is a value of.
///
/// # Errors
///
/// The first syntax error.
pub(crate) fn parse(
    text: &str,
    language: Language,
    strict: bool,
    category: &str,
) -> Result<Parsed, Diagnostic> {
    within_limit(text)?;
    let mut diagnostics = Vec::new();
    let language = if language == Language::Auto {
        let (language, why) = Language::of(text);
        diagnostics.push(
            Diagnostic::new(
                Code::Language,
                0..text.trim_end().len(),
                format!("read as {}: {why}", language.title()),
            )
            .help("choose another with `--lang`"),
        );
        language
    } else {
        language
    };
    let everything = || {
        Body::Events(Level {
            clauses: vec![crate::ast::Clause::of(crate::ast::Node::Everything, 0..0)],
        })
    };
    let (body, stages, mut more) = match language {
        Language::Eql => {
            let (query, stages) = eql::parse(text, category)?;
            let body = match query {
                eql::Eql::Events(level) => Body::Events(level),
                eql::Eql::Sequence(sequence) => Body::Sequence(sequence),
            };
            (body, stages, Vec::new())
        }
        Language::Esql => {
            let (stages, diagnostics) = commands::esql(text)?;
            (everything(), stages, diagnostics)
        }
        Language::Kql | Language::Lucene | Language::Auto => {
            let cut = pipe_of(text).filter(|_| !strict);
            let query = text.get(..cut.unwrap_or(text.len())).unwrap_or(text);
            let (level, mut diagnostics) = if language == Language::Kql {
                kql::parse(query, strict)?
            } else {
                lucene::parse(query, strict)?
            };
            let stages = match cut {
                Some(cut) => {
                    let behind = cut.saturating_add(1);
                    let rest = text.get(behind..).unwrap_or_default();
                    let (stages, mut more) = commands::pipes(rest, behind)?;
                    diagnostics.append(&mut more);
                    stages
                }
                None => Vec::new(),
            };
            (Body::Events(level), stages, diagnostics)
        }
    };
    diagnostics.append(&mut more);
    Ok(Parsed { language, body, stages, diagnostics })
}

/// Where the first pipe stands that is no OR sign, outside quotes, brackets and regular expressions.
fn pipe_of(text: &str) -> Option<usize> {
    let mut escaped = false;
    let mut quoted = false;
    let mut regex = false;
    let mut before = ' ';
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if escaped {
            escaped = false;
            before = letter;
            continue;
        }
        match letter {
            '\\' => escaped = true,
            '"' if !regex => quoted = !quoted,
            '/' if !quoted && (regex || matches!(before, ':' | '(' | ' ' | '\n')) => {
                // A slash that opens needs one that closes.
                let closes = text
                    .get(at.saturating_add(1)..)
                    .is_some_and(|rest| rest.lines().next().is_some_and(|line| line.contains('/')));
                regex = !regex && closes;
            }
            '|' if !quoted && !regex => {
                if letters.peek().is_some_and(|(_, next)| *next == '|') {
                    letters.next();
                } else {
                    return Some(at);
                }
            }
            _ => {}
        }
        before = letter;
    }
    None
}
