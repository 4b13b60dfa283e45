//! Fenced blocks: several queries, their titles, and the placeholders in them.

use std::collections::BTreeMap;

use crate::ast::Part;
use crate::lucene::cursor::{Cursor, Place};

/// One query of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The comment before it.
    pub title: Option<String>,
    /// Its text, without comment lines around it.
    pub text: String,
    /// Byte offset of the text in the block.
    pub offset: usize,
}

/// Cuts a block into queries, at blank lines and comment lines between complete queries.
///
/// # Example
///
/// ```
/// use egret_query::split;
///
/// let blocks = split("# Find the role\nevent.action: \"AssumeRole\"\n\n# Then\nuser.name: \"ana\"\n");
/// assert_eq!(blocks.len(), 2);
/// assert_eq!(blocks[0].title.as_deref(), Some("Find the role"));
/// assert_eq!(blocks[1].text, "user.name: \"ana\"");
/// ```
pub fn split(block: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut title: Option<String> = None;
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0usize;
    let mut close = |open: &mut Option<(usize, usize)>, title: &mut Option<String>| {
        if let Some((start, end)) = open.take()
            && let Some(text) = block.get(start..end)
        {
            let trimmed = text.trim();
            let lead = text.len().saturating_sub(text.trim_start().len());
            blocks.push(Block {
                title: title.take(),
                text: trimmed.to_owned(),
                offset: start.saturating_add(lead),
            });
        }
    };
    for line in block.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let is_comment = comment_of(line).is_some();
        if is_comment || line.trim().is_empty() {
            let complete =
                open.and_then(|(start, end)| block.get(start..end)).is_some_and(is_complete);
            if complete {
                close(&mut open, &mut title);
            }
            if open.is_none()
                && let Some(comment) = comment_of(line)
                && title.is_none()
            {
                title = Some(comment.to_owned());
            }
        } else {
            let from = open.map_or(start, |(from, _)| from);
            open = Some((from, at));
        }
    }
    close(&mut open, &mut title);
    blocks
}

/// Text of a comment line.
fn comment_of(line: &str) -> Option<&str> {
    let line = line.trim();
    line.strip_prefix('#')
        .or_else(|| line.strip_prefix("//"))
        .map(|text| text.trim_start_matches('#').trim())
}

/// Whether nothing is missing at its end.
fn is_complete(text: &str) -> bool {
    let last = text.split_whitespace().next_back().unwrap_or_default();
    let dangling =
        ["AND", "OR", "NOT", "&&", "||", "TO"].iter().any(|word| last.eq_ignore_ascii_case(word))
            || last.ends_with([':', '(', '[', '{', '!']);
    let mut depth = 0i64;
    let mut in_quotes = false;
    let mut escaped = false;
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_quotes = !in_quotes,
            '(' | '[' if !in_quotes => depth = depth.saturating_add(1),
            ')' | ']' if !in_quotes => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    !dangling && depth <= 0 && !in_quotes
}

/// The text with comment lines blanked, so that places in it stay the same.
pub(crate) fn without_comments(text: &str) -> (String, bool) {
    let mut blanked = String::with_capacity(text.len());
    let mut any = false;
    for line in text.split_inclusive('\n') {
        if comment_of(line).is_some() {
            any = true;
            for letter in line.chars() {
                if letter == '\n' {
                    blanked.push('\n');
                } else {
                    blanked.extend(std::iter::repeat_n(' ', letter.len_utf8()));
                }
            }
        } else {
            blanked.push_str(line);
        }
    }
    (blanked, any)
}

/// Names of the placeholders in a query, in order of appearance, each once.
///
/// # Example
///
/// ```
/// use egret_query::placeholders;
///
/// assert_eq!(
///     placeholders("user.name: \"<username>\" AND @timestamp: [<start_time-2h> TO <start_time>]"),
///     ["username", "start_time"],
/// );
/// ```
pub fn placeholders(text: &str) -> Vec<String> {
    let (text, _) = without_comments(text);
    let mut names: Vec<String> = Vec::new();
    let mut cursor = Cursor::new(&text);
    let ends = |letter: char| letter.is_whitespace() || "\")".contains(letter);
    while !cursor.is_done() {
        let hole = match cursor.peek() {
            Some('<') => cursor.clone().word(Place::Value).parts.into_iter().next(),
            Some('[') => cursor.clone().bracket_hole(ends),
            _ => None,
        };
        if let Some(Part::Hole { name, .. }) = hole
            && !names.contains(&name)
        {
            names.push(name);
        }
        cursor.bump();
    }
    names
}

/// Values of placeholders; several are any-of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings(BTreeMap<String, Vec<String>>);

impl Bindings {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the values of a placeholder, in place of those it had.
    pub fn set(
        &mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) {
        self.0.insert(name.into(), values.into_iter().map(Into::into).collect());
    }

    /// The values of a placeholder.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Names that have values, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dangling_operator_or_an_open_parenthesis_holds_a_query_together() {
        let blocks = split("a: 1 AND\n# why\nb: 2\n\n(c: 3 OR\n\n d: 4)\n");
        let texts: Vec<_> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["a: 1 AND\n# why\nb: 2", "(c: 3 OR\n\n d: 4)"]);
        assert_eq!(blocks[1].offset, 21);
    }

    #[test]
    fn a_comment_alone_is_no_query() {
        assert!(split("# only words\n// and more\n\n").is_empty());
    }

    #[test]
    fn blanked_comments_keep_places() {
        let (text, any) = without_comments("# hé\na: 1");
        assert!(any);
        assert_eq!(text.find("a: 1"), "# hé\na: 1".find("a: 1"));
    }
}
