//! Fenced blocks: several queries, their titles, and the placeholders in them.

use std::collections::BTreeMap;

use crate::ast::Part;
use crate::language::Language;
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

/// Cuts a block into queries, at blank lines and comment lines between complete queries; a line that
/// begins with `|`, `and` or `or` goes on with the query before it.
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
    let mut blocks: Vec<Block> = Vec::new();
    // Comments between two queries; which of them they belong to is known by the next line.
    let mut title: Option<String> = None;
    let mut between: Option<String> = None;
    let mut open: Option<(usize, usize)> = None;
    let mut is_over = false;
    let mut at = 0usize;
    for line in block.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let comment = comment_of(line);
        if comment.is_some() || line.trim().is_empty() {
            is_over = open.and_then(|range| text_in(block, range)).is_some_and(is_complete);
            let held = if is_over { &mut between } else { &mut title };
            if (is_over || open.is_none()) && held.is_none() {
                *held = comment.map(str::to_owned);
            }
            continue;
        }
        if is_over && !goes_on(line) {
            let whole = open.take();
            blocks.extend(whole.and_then(|range| Block::of(block, range, title.take())));
            title = between.take();
        }
        (is_over, between) = (false, None);
        let from = open.map_or(start, |(from, _)| from);
        open = Some((from, at));
    }
    blocks.extend(open.and_then(|range| Block::of(block, range, title)));
    blocks
}

/// Cuts a block whose language is known: EQL, ES|QL and KQL take blank lines and comments inside a
/// query, so only a line `---` or `;` ends one.
pub fn split_in(block: &str, language: Language) -> Vec<Block> {
    if matches!(language, Language::Auto | Language::Lucene) {
        return split(block);
    }
    let mut blocks = Vec::new();
    let (mut from, mut at) = (0usize, 0usize);
    for line in block.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        if matches!(line.trim(), "---" | ";") {
            blocks.extend(Block::of(block, (from, start), None));
            from = at;
        }
    }
    blocks.extend(Block::of(block, (from, at), None));
    blocks.retain(|one| {
        one.text.lines().any(|line| !line.trim().is_empty() && comment_of(line).is_none())
    });
    blocks
}

impl Block {
    fn of(block: &str, range: (usize, usize), title: Option<String>) -> Option<Self> {
        let text = text_in(block, range)?;
        let lead = text.len().saturating_sub(text.trim_start().len());
        Some(Self { title, text: text.trim().to_owned(), offset: range.0.saturating_add(lead) })
    }
}

fn text_in(block: &str, (start, end): (usize, usize)) -> Option<&str> {
    block.get(start..end)
}

/// Whether a line cannot begin a query.
fn goes_on(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    first.starts_with(['|', ')', ']'])
        || ["and", "or"].iter().any(|word| first.eq_ignore_ascii_case(word))
        || first.starts_with("&&")
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
            || last.ends_with([':', '(', '[', '{', '!', '|', ',']);
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
    fn a_line_that_begins_with_a_pipe_goes_on() {
        let text = "FROM logs-*\n\n// who\n| WHERE a == 1\n\n| LIMIT 1\n\n# Then\nb: 2\n";
        let blocks = split(text);
        let texts: Vec<_> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["FROM logs-*\n\n// who\n| WHERE a == 1\n\n| LIMIT 1", "b: 2"]);
        let titles: Vec<_> = blocks.iter().map(|block| block.title.as_deref()).collect();
        assert_eq!(titles, [None, Some("Then")]);
        let texts = |text: &str| split(text).into_iter().map(|one| one.text).collect::<Vec<_>>();
        assert_eq!(texts("a: 1\n\nand b: 2\n\nc: 3"), ["a: 1\n\nand b: 2", "c: 3"]);
        assert_eq!(texts("FROM x | KEEP a,\n\nb"), ["FROM x | KEEP a,\n\nb"]);
    }

    #[test]
    fn a_language_that_was_named_is_cut_where_the_text_says_so() {
        let texts = |text: &str, language| -> Vec<String> {
            split_in(text, language).into_iter().map(|one| one.text).collect()
        };
        let text = "FROM x\n\n// why\nWHERE a == 1\n---\nFROM y\n;\n// nothing\n";
        assert_eq!(texts(text, Language::Esql), ["FROM x\n\n// why\nWHERE a == 1", "FROM y"]);
        assert_eq!(texts("a: 1\n\nb: 2", Language::Lucene), ["a: 1", "b: 2"]);
        assert_eq!(texts("a: 1\n\nand b: 2", Language::Kql), ["a: 1\n\nand b: 2"]);
        assert_eq!(split_in("a\n---\n b", Language::Eql)[1].offset, 7);
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
