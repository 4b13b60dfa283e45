//! The lexer: reads words, quoted texts, regular expressions and placeholders off a query text.
//!
//! What a character means depends on where it stands (`/` opens a regular expression only at the
//! start of a value, `:` ends a field name and is part of a value), so the parser asks for the
//! token it can use.

use std::ops::Range;

use crate::ast::{Part, Value};
use crate::diagnostic::{Code, Diagnostic};

/// A position in a text.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Where a bare word stands, which decides where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where a clause begins: a `:` ends it.
    Name,
    /// After `field:`: it may hold `:` and `/`.
    Value,
    /// Between brackets.
    Range,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn slice(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at = self.at.saturating_add(letter.len_utf8());
        Some(letter)
    }

    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    pub(crate) fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    pub(crate) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.skip(token.len());
        }
        found
    }

    /// Takes a word such as `AND`, when it stands alone.
    pub(crate) fn take_keyword(&mut self, keyword: &str, any_case: bool) -> Option<Range<usize>> {
        let start = self.at;
        let head = self.rest().get(..keyword.len())?;
        let same = if any_case { head.eq_ignore_ascii_case(keyword) } else { head == keyword };
        let after = self.rest().get(keyword.len()..)?.chars().next();
        let alone = after.is_none_or(|letter| letter.is_whitespace() || "()\"".contains(letter));
        if same && alone {
            self.skip(keyword.len());
            return Some(start..self.at);
        }
        None
    }

    /// A text in quotes; the opening quote is next.
    pub(crate) fn quoted(&mut self) -> Result<Value, Diagnostic> {
        let start = self.at;
        self.bump();
        let mut parts = Parts::default();
        loop {
            if let Some(hole) = self.hole() {
                parts.push(hole);
                continue;
            }
            // Only where the whole text is one.
            if parts.is_only_stars()
                && let Some(hole) = self.bracket_hole(|letter| letter == '"')
            {
                parts.push(hole);
                continue;
            }
            match self.bump() {
                None => {
                    return Err(Diagnostic::new(
                        Code::Syntax,
                        start..self.at,
                        "expected a closing quote, found the end of the query",
                    )
                    .help("close the text with `\"`"));
                }
                Some('"') => break,
                Some('\\') => match self.bump() {
                    Some(letter) => parts.letter(letter),
                    None => parts.letter('\\'),
                },
                Some('*') => parts.push(Part::Star),
                Some('?') => parts.push(Part::Question),
                Some(letter) => parts.letter(letter),
            }
        }
        Ok(Value { parts: parts.done(), quoted: true, folds: false, span: start..self.at })
    }

    /// A word without quotes; empty when none is next.
    pub(crate) fn word(&mut self, place: Place) -> Value {
        let start = self.at;
        let mut parts = Parts::default();
        let mut braces = 0usize;
        while let Some(letter) = self.peek() {
            if let Some(hole) = self.hole() {
                parts.push(hole);
                continue;
            }
            let ends = match letter {
                letter if letter.is_whitespace() => true,
                '(' | ')' | '"' => true,
                ':' | '<' | '>' | '^' | '~' | '|' if place == Place::Name => true,
                '^' | '~' if place == Place::Value => true,
                ']' if place == Place::Range => true,
                '}' if place == Place::Range => braces == 0,
                '[' | ']' | '{' | '}' => place != Place::Range,
                _ => false,
            };
            if ends {
                break;
            }
            self.bump();
            match letter {
                '\\' => match self.bump() {
                    Some(letter) => parts.letter(letter),
                    None => parts.letter('\\'),
                },
                '*' => parts.push(Part::Star),
                '?' => parts.push(Part::Question),
                letter => {
                    if letter == '{' {
                        braces = braces.saturating_add(1);
                    } else if letter == '}' {
                        braces = braces.saturating_sub(1);
                    }
                    parts.letter(letter);
                }
            }
        }
        Value { parts: parts.done(), quoted: false, folds: false, span: start..self.at }
    }

    /// A regular expression; the opening slash is next.
    pub(crate) fn regex(&mut self) -> Result<String, Diagnostic> {
        let start = self.at;
        self.bump();
        let mut regex = String::new();
        loop {
            match self.bump() {
                None => {
                    return Err(Diagnostic::new(
                        Code::Syntax,
                        start..self.at,
                        "expected a closing `/` of the regular expression, found the end",
                    )
                    .help("put the value in quotes when it is a path or an address"));
                }
                Some('/') => return Ok(regex),
                Some('\\') if self.peek() == Some('/') => {
                    self.bump();
                    regex.push('/');
                }
                Some(letter) => regex.push(letter),
            }
        }
    }

    /// The placeholder that is next, and its length.
    pub(crate) fn hole_ahead(&self) -> Option<(Part, usize)> {
        let mut ahead = self.clone();
        let hole = ahead.hole()?;
        Some((hole, ahead.at.saturating_sub(self.at)))
    }

    /// `<name>` or `<name-2h>`, when one is next.
    fn hole(&mut self) -> Option<Part> {
        let inside = self.rest().strip_prefix('<')?;
        let (inside, _) = inside.split_once('>')?;
        let hole = hole_of(inside)?;
        self.skip(inside.len().saturating_add(2));
        Some(hole)
    }

    /// `[name]`, as some playbooks write placeholders, when one is next and nothing but stars stands
    /// between it and the end of the value.
    pub(crate) fn bracket_hole(&mut self, ends: fn(char) -> bool) -> Option<Part> {
        let inside = self.rest().strip_prefix('[')?;
        let (inside, behind) = inside.split_once(']')?;
        // A range, or text that happens to stand in brackets, looks otherwise.
        let is_name = inside.len() > 2
            && inside.starts_with(|letter: char| letter.is_ascii_lowercase())
            && inside.chars().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_+-".contains(letter)
            });
        let ends_there = behind.trim_start_matches('*').chars().next().is_none_or(ends);
        let hole = hole_of(inside).filter(|_| is_name && ends_there)?;
        self.skip(inside.len().saturating_add(2));
        Some(hole)
    }
}

/// The placeholder that stands in such signs.
fn hole_of(inside: &str) -> Option<Part> {
    let name_len = inside
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(inside.len());
    let (name, arithmetic) = inside.split_at_checked(name_len)?;
    if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let offset = if arithmetic.is_empty() {
        None
    } else {
        let unit = arithmetic.chars().next_back()?;
        let number = arithmetic.strip_suffix(unit)?.replace(' ', "");
        if !"smhdwMy".contains(unit) {
            return None;
        }
        Some((number.parse().ok()?, unit))
    };
    Some(Part::Hole { name: name.to_owned(), offset })
}

/// Pieces under construction; neighbouring letters become one.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
}

impl Parts {
    fn letter(&mut self, letter: char) {
        if let Some(Part::Literal(text)) = self.parts.last_mut() {
            text.push(letter);
        } else {
            self.parts.push(Part::Literal(letter.to_string()));
        }
    }

    fn is_only_stars(&self) -> bool {
        self.parts.iter().all(|part| *part == Part::Star)
    }

    fn push(&mut self, part: Part) {
        self.parts.push(part);
    }

    fn done(self) -> Vec<Part> {
        self.parts
    }
}
