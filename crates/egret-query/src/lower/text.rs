//! Pieces of a value as text, as a `LIKE` pattern, and as a regular expression.

use crate::ast::Part;

/// The pieces as plain text, wildcards as their signs.
pub(crate) fn literal(pieces: &[Part]) -> String {
    pieces
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Star => "*",
            Part::Question => "?",
            Part::Hole { .. } => "",
        })
        .collect()
}

/// The pieces as a term: in quotes, unless stars are in it, which quotes would make letters.
pub(super) fn printed(pieces: &[Part]) -> String {
    let wild = pieces.iter().any(|part| matches!(part, Part::Star | Part::Question));
    let is_special = |letter: char| {
        if wild {
            !(letter.is_alphanumeric() || matches!(letter, '_' | '.'))
        } else {
            matches!(letter, '"' | '\\' | '*' | '?' | '<')
        }
    };
    let mut text = String::new();
    for part in pieces {
        match part {
            Part::Literal(literal) => {
                for letter in literal.chars() {
                    if is_special(letter) {
                        text.push('\\');
                    }
                    text.push(letter);
                }
            }
            Part::Star => text.push('*'),
            Part::Question => text.push('?'),
            Part::Hole { .. } => {}
        }
    }
    if wild { text } else { format!("\"{text}\"") }
}

pub(super) fn quoted(text: &str) -> String {
    printed(&[Part::Literal(text.to_owned())])
}

/// The pieces as a `LIKE` pattern.
pub(super) fn pattern(pieces: &[Part]) -> String {
    pieces
        .iter()
        .map(|part| match part {
            Part::Literal(text) => escaped_like(text),
            Part::Star => "%".to_owned(),
            Part::Question => "_".to_owned(),
            Part::Hole { .. } => String::new(),
        })
        .collect()
}

pub(super) fn escaped_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// The pieces as a regular expression that stays within a line.
pub(super) fn regex_of(pieces: &[Part]) -> String {
    pieces
        .iter()
        .map(|part| match part {
            Part::Literal(text) => escaped_regex(text),
            Part::Star => "[^\\n]*".to_owned(),
            Part::Question => "[^\\n]".to_owned(),
            Part::Hole { .. } => String::new(),
        })
        .collect()
}

pub(super) fn escaped_regex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\.+*?()|[]{}^$#&-~/".contains(letter) || letter.is_whitespace() {
            match letter {
                '\n' => escaped.push_str("\\n"),
                '\t' => escaped.push_str("\\t"),
                ' ' => escaped.push(' '),
                '&' | '~' | '#' | '-' | '/' => escaped.push(letter),
                _ => {
                    escaped.push('\\');
                    escaped.push(letter);
                }
            }
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

pub(super) fn one_line_text(text: &str) -> String {
    text.replace(['\t', '\n'], " ")
}

pub(super) fn one_line(pieces: &[Part]) -> Vec<Part> {
    pieces
        .iter()
        .map(|part| match part {
            Part::Literal(text) => Part::Literal(one_line_text(text)),
            other => other.clone(),
        })
        .collect()
}
