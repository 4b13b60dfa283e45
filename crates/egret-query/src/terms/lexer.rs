//! Words, texts, numbers and signs of an expression.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic};

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A name or keyword: `event.action`, `in~`, a name in backticks.
    Word(String),
    /// Text in quotes, without its escapes.
    Text(String),
    /// A number as written.
    Number(String),
    /// `==`, `(`, …
    Sign(&'static str),
}

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

impl Token {
    /// Whether it is that word, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(found) if found == sign)
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number(_))
    }

    /// As a message shows it.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(text) | Kind::Number(text) => text.clone(),
            Kind::Text(text) => format!("\"{text}\""),
            Kind::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Longest first.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "=~", "::", "(", ")", "[", "]", "{", "}", ",", "|", ":", "<", ">", "=",
    "+", "-", "*", "/", "%", "?", "!",
];

/// Cuts a text into tokens; comments (`//` to the end of the line, `/* … */`) are left out.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Diagnostic> {
    let mut found = Vec::new();
    let mut at = 0usize;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if letter.is_whitespace() {
            at = at.saturating_add(letter.len_utf8());
            continue;
        }
        if rest.starts_with("//") {
            at = at.saturating_add(rest.find('\n').unwrap_or(rest.len()));
            continue;
        }
        if rest.starts_with("/*") {
            at = at.saturating_add(rest.find("*/").map_or(rest.len(), |end| end.saturating_add(2)));
            continue;
        }
        let (kind, length) = if letter == '"' || letter == '\'' {
            quoted(rest, letter, at)?
        } else if letter == '`' {
            let inside = rest.get(1..).unwrap_or_default();
            let Some(end) = inside.find('`') else {
                return Err(open(at..text.len(), "`"));
            };
            let name = inside.get(..end).unwrap_or_default();
            (Kind::Word(name.to_owned()), end.saturating_add(2))
        } else if letter.is_ascii_digit() {
            number(rest)
        } else if letter.is_alphabetic() || matches!(letter, '_' | '@' | '$') {
            word(rest)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign(sign), sign.len())
        } else {
            return Err(Diagnostic::new(
                Code::Syntax,
                at..at.saturating_add(letter.len_utf8()),
                format!("`{letter}` has no meaning here"),
            ));
        };
        let end = at.saturating_add(length);
        found.push(Token { kind, span: at..end });
        at = end;
    }
    Ok(found)
}

fn open(span: Range<usize>, quote: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, span, format!("expected a closing {quote}, found the end"))
}

/// A name may hold dots, and a star that stands for others; `~` ends a keyword.
fn word(rest: &str) -> (Kind, usize) {
    let mut length = rest
        .find(|letter: char| {
            !(letter.is_alphanumeric() || matches!(letter, '_' | '.' | '@' | '$' | '-'))
        })
        .unwrap_or(rest.len());
    // `a-b` is a name, `a -b` a difference; a dash at the end belongs to what follows.
    while rest.get(..length).is_some_and(|word| word.ends_with(['-', '.'])) {
        length = length.saturating_sub(1);
    }
    let behind = rest.get(length..).unwrap_or_default();
    if behind.starts_with('~') || behind.starts_with(".*") {
        let more = if behind.starts_with('~') { 1 } else { 2 };
        length = length.saturating_add(more);
    } else if behind.starts_with('*')
        && behind.chars().nth(1).is_none_or(|next| matches!(next, ',' | '\n' | '|'))
    {
        length = length.saturating_add(1);
    }
    (Kind::Word(rest.get(..length).unwrap_or_default().to_owned()), length)
}

fn number(rest: &str) -> (Kind, usize) {
    let mut length = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let fraction = rest.get(length..).unwrap_or_default();
    if let Some(behind) = fraction.strip_prefix('.')
        && behind.starts_with(|letter: char| letter.is_ascii_digit())
    {
        let digits = behind.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(behind.len());
        length = length.saturating_add(digits).saturating_add(1);
    }
    (Kind::Number(rest.get(..length).unwrap_or_default().to_owned()), length)
}

/// A text; three quotes hold one without escapes.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(Kind, usize), Diagnostic> {
    if let Some(inside) = rest.strip_prefix("\"\"\"") {
        let Some(end) = inside.find("\"\"\"") else {
            return Err(open(at..at.saturating_add(rest.len()), "`\"\"\"`"));
        };
        let text = inside.get(..end).unwrap_or_default();
        return Ok((Kind::Text(text.to_owned()), end.saturating_add(6)));
    }
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        if letter == quote {
            return Ok((Kind::Text(text), place.saturating_add(1)));
        }
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some((_, 'n')) => text.push('\n'),
            Some((_, 't')) => text.push('\t'),
            Some((_, 'r')) => text.push('\r'),
            Some((_, escaped)) => text.push(escaped),
            None => break,
        }
    }
    Err(open(at..at.saturating_add(rest.len()), &format!("`{quote}`")))
}
