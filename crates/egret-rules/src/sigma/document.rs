//! The documents of a file, each read for itself: what is wrong with one is said with its title, and
//! the others are read.

use egret_model::limits::QUERY_DEPTH_MAX;
use rsigma_parser::ast::{CorrelationRule, FilterRule, Level, SigmaRule};
use yaml_serde::{Mapping, Value};

use crate::Refusal;

/// One document.
#[derive(Debug)]
pub(super) struct Document {
    /// `document 2`, where its file holds several.
    pub(super) place: Option<String>,
    /// Its title; empty where it has none.
    pub(super) title: String,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) level: String,
    pub(super) tags: Vec<String>,
    /// What it holds, or why that cannot be read.
    pub(super) content: Result<Content, Refusal>,
    /// What was passed over in it.
    pub(super) notes: Vec<String>,
}

/// What a document holds.
#[derive(Debug)]
pub(super) enum Content {
    Detection(Box<SigmaRule>),
    Correlation(Box<CorrelationRule>),
    Filter(Box<FilterRule>),
}

/// Brackets that may be open at once. Time that the YAML parser takes grows with their square.
const BRACKETS_MAX: usize = 1_000;

/// Every document of a file.
pub(super) fn documents(text: &str) -> Vec<Document> {
    let texts = parts(text);
    // `action: global` and its like make one document a part of others.
    let is_action = |part: &str| part.lines().any(|line| line.starts_with("action:"));
    if texts.iter().any(|part| is_action(part)) {
        return collected(text, &texts);
    }
    let several = texts.len() > 1;
    let numbered = texts.iter().zip(1usize..);
    numbered
        .map(|(part, number)| one(part, several.then(|| format!("document {number}"))))
        .collect()
}

/// How many brackets are open at once at most; those in values count too.
fn open_brackets(text: &str) -> usize {
    let (mut open, mut most) = (0usize, 0usize);
    for letter in text.bytes() {
        match letter {
            b'[' | b'{' => open = open.saturating_add(1),
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// The text cut at its `---`; a line that begins so is never part of a value.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0usize, 0usize);
    for line in text.split_inclusive('\n') {
        let behind = line.strip_prefix("---");
        if behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(char::is_whitespace))
        {
            parts.extend(text.get(start..at));
            start = at.saturating_add("---".len());
        }
        at = at.saturating_add(line.len());
    }
    parts.extend(text.get(start..));
    let says = |line: &str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with(['#', '%']) && line != "..."
    };
    parts.retain(|part| part.lines().any(says));
    parts
}

/// A document's text as YAML.
fn mapping_of(text: &str) -> Result<Mapping, Refusal> {
    if open_brackets(text) > BRACKETS_MAX {
        let reason = format!("expected YAML, found more than {BRACKETS_MAX} open brackets");
        return Err(Refusal::failed(reason));
    }
    match yaml_serde::from_str(text) {
        Ok(Value::Mapping(mapping)) => Ok(mapping),
        Ok(_) => Err(Refusal::failed("expected a Sigma rule, found YAML that is no mapping")),
        Err(error) => {
            Err(Refusal::failed(format!("expected YAML: {}", one_line(&error.to_string()))))
        }
    }
}

fn one(text: &str, place: Option<String>) -> Document {
    let mapping = mapping_of(text);
    let text_of = |name: &str| {
        mapping.as_ref().ok().and_then(|mapping| mapping.get(name)?.as_str()).map(str::to_owned)
    };
    let tags = mapping.as_ref().ok().and_then(|mapping| mapping.get("tags")?.as_sequence());
    let tags = tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut notes = Vec::new();
    Document {
        place,
        title: text_of("title").unwrap_or_default(),
        id: text_of("id"),
        name: text_of("name"),
        level: text_of("level").filter(|text| text.parse::<Level>().is_ok()).unwrap_or_default(),
        tags,
        content: mapping.and_then(|mapping| read(text, mapping, &mut notes)),
        notes,
    }
}

fn read(text: &str, mut mapping: Mapping, notes: &mut Vec<String>) -> Result<Content, Refusal> {
    let changed = prepared(&mut mapping)?;
    let rewritten = if changed { yaml_serde::to_string(&mapping).ok() } else { None };
    let read = rsigma_parser::parse_sigma_yaml(rewritten.as_deref().unwrap_or(text));
    let collection = read.map_err(|error| not_sigma(&error.to_string()))?;
    let errors = collection.errors.iter().map(|error| one_line(error));
    let content = collection
        .rules
        .into_iter()
        .map(|rule| Content::Detection(Box::new(rule)))
        .chain(collection.correlations.into_iter().map(|rule| Content::Correlation(Box::new(rule))))
        .chain(collection.filters.into_iter().map(|filter| Content::Filter(Box::new(filter))))
        .next();
    match content {
        Some(content) => {
            notes.extend(errors.map(|error| format!("passed over: {error}")));
            Ok(content)
        }
        None => Err(not_sigma(&errors.collect::<Vec<_>>().join("; "))),
    }
}

fn not_sigma(error: &str) -> Refusal {
    Refusal::failed(format!("expected a Sigma rule: {}", one_line(error)))
}

/// A document of which only its content, or what is wrong with it, is known.
fn nameless(content: Result<Content, Refusal>) -> Document {
    Document {
        place: None,
        title: String::new(),
        id: None,
        name: None,
        level: String::new(),
        tags: Vec::new(),
        content,
        notes: Vec::new(),
    }
}

/// Files whose documents are parts of one another.
fn collected(text: &str, parts: &[&str]) -> Vec<Document> {
    for part in parts {
        let prepared = mapping_of(part).and_then(|mut mapping| prepared(&mut mapping));
        if let Err(refusal) = prepared {
            return vec![nameless(Err(refusal))];
        }
    }
    let collection = match rsigma_parser::parse_sigma_yaml(text) {
        Ok(collection) => collection,
        Err(error) => return vec![nameless(Err(not_sigma(&error.to_string())))],
    };
    let mut documents: Vec<Document> = Vec::new();
    for rule in collection.rules {
        documents.push(Document {
            title: rule.title.clone(),
            id: rule.id.clone(),
            name: rule.name.clone(),
            level: rule.level.map_or_else(String::new, |level| level.as_str().to_owned()),
            tags: rule.tags.clone(),
            ..nameless(Ok(Content::Detection(Box::new(rule))))
        });
    }
    for rule in collection.correlations {
        documents.push(Document {
            title: rule.title.clone(),
            id: rule.id.clone(),
            name: rule.name.clone(),
            level: rule.level.map_or_else(String::new, |level| level.as_str().to_owned()),
            tags: rule.tags.clone(),
            ..nameless(Ok(Content::Correlation(Box::new(rule))))
        });
    }
    for filter in collection.filters {
        documents.push(Document {
            title: filter.title.clone(),
            ..nameless(Ok(Content::Filter(Box::new(filter))))
        });
    }
    documents.extend(collection.errors.iter().map(|error| nameless(Err(not_sigma(error)))));
    documents
}

/// Brings a document into the form that is read, and refuses conditions that cannot be; whether
/// anything changed.
fn prepared(document: &mut Mapping) -> Result<bool, Refusal> {
    let mut changed = false;
    for section in ["detection", "filter", "correlation"] {
        let Some(Value::Mapping(section)) = document.get_mut(section) else { continue };
        let names: Vec<String> =
            section.keys().filter_map(Value::as_str).map(str::to_owned).collect();
        match section.get_mut("condition") {
            Some(Value::String(condition)) => changed |= condition_of(condition, &names)?,
            Some(Value::Sequence(conditions)) => {
                for condition in conditions {
                    if let Value::String(condition) = condition {
                        changed |= condition_of(condition, &names)?;
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(Value::Mapping(correlation)) = document.get_mut("correlation") {
        // Some write the field of a `value_count` beside its condition.
        let field = correlation.get("field").cloned();
        if let (Some(field), Some(Value::Mapping(condition))) =
            (field, correlation.get_mut("condition"))
            && !condition.contains_key("field")
        {
            condition.insert(Value::String("field".to_owned()), field);
            changed = true;
        }
    }
    for value in document.values() {
        shallow(value)?;
    }
    Ok(changed)
}

/// Refuses conditions of any place that nest too deep for the parser.
fn shallow(value: &Value) -> Result<(), Refusal> {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Mapping(mapping) => {
                if let Some(condition) = mapping.get("condition").and_then(Value::as_str) {
                    within_depth(condition)?;
                }
                open.extend(mapping.values());
            }
            Value::Sequence(list) => open.extend(list),
            _ => {}
        }
    }
    Ok(())
}

/// Puts operators into lower case, and checks the condition; whether it changed.
fn condition_of(condition: &mut String, names: &[String]) -> Result<bool, Refusal> {
    if let Some((_, behind)) = condition.split_once('|') {
        let (what, instead) = if behind.trim_start().to_ascii_lowercase().starts_with("near") {
            ("near", "`temporal`")
        } else {
            ("count() …", "`event_count` or `value_count`")
        };
        return Err(Refusal::unsupported(format!(
            "conditions with a pipe, such as `| {what}`, are no longer Sigma; write a correlation of type {instead}"
        )));
    }
    within_depth(condition)?;
    let written = condition.clone();
    let is_operator = |word: &str| {
        ["and", "or", "not", "of", "all", "any", "them"]
            .iter()
            .any(|operator| word.eq_ignore_ascii_case(operator))
            && !names.iter().any(|name| name == word)
    };
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-*".contains(letter);
    let mut lowered = String::with_capacity(written.len());
    let mut word = String::new();
    for letter in written.chars().chain(std::iter::once(' ')) {
        if is_part(letter) {
            word.push(letter);
            continue;
        }
        if is_operator(&word) {
            word.make_ascii_lowercase();
        }
        lowered.push_str(&std::mem::take(&mut word));
        lowered.push(letter);
    }
    lowered.pop();
    if let Err(error) = rsigma_parser::parse_condition(&lowered) {
        let column =
            error.location().map_or_else(String::new, |at| format!(" at letter {}", at.col));
        let text = error.to_string();
        // The parser draws the place; its last line says what belongs there.
        let reason = text.rsplit('\n').find_map(|line| line.trim().strip_prefix("= "));
        let reason = reason.map_or_else(|| one_line(&text), str::to_owned);
        let shown: String = written.chars().take(80).collect();
        return Err(Refusal::failed(format!(
            "the condition `{}` cannot be read{column}: {reason}",
            one_line(&shown)
        )));
    }
    let changed = lowered != written;
    *condition = lowered;
    Ok(changed)
}

/// Refuses what nests deeper than the parser, which recurses, can take.
fn within_depth(condition: &str) -> Result<(), Refusal> {
    let spaced = condition.replace('(', " ( ").replace(')', " ) ");
    // Operators and parentheses around the place, and how many of them each parenthesis adds.
    let (mut around, mut added, mut negations) = (0usize, Vec::new(), 0usize);
    for word in spaced.split_whitespace() {
        match word {
            "(" => {
                let more = negations.saturating_add(1);
                around = around.saturating_add(more);
                added.push(more);
                negations = 0;
            }
            ")" => {
                around = around.saturating_sub(added.pop().unwrap_or(0));
                negations = 0;
            }
            _ if word.eq_ignore_ascii_case("not") => negations = negations.saturating_add(1),
            _ => negations = 0,
        }
        if around.saturating_add(negations) >= QUERY_DEPTH_MAX {
            return Err(Refusal::failed(format!(
                "the condition nests deeper than {QUERY_DEPTH_MAX} parentheses and negations"
            )));
        }
    }
    Ok(())
}

/// A message of several lines in one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_a_file() {
        #[rustfmt::skip]
        let rows: [(&str, &str, &[&str]); 7] = [
            ("one", "a: 1\n", &["a: 1\n"]),
            ("two", "---\na: 1\n---\nb: |\n  ---\n  x\n", &["\na: 1\n", "\nb: |\n  ---\n  x\n"]),
            ("comments are none", "# x\n---\na: 1\n--- # y\nb: 2", &["\na: 1\n", " # y\nb: 2"]),
            ("a line that only begins so", "a: 1\n----\n", &["a: 1\n----\n"]),
            ("nothing", "", &[]),
            ("only marks", "---\n---\n...\n", &[]),
            ("carriage returns", "a: 1\r\n---\r\nb: 2\r\n", &["a: 1\r\n", "\r\nb: 2\r\n"]),
        ];
        for (name, text, want) in rows {
            assert_eq!(parts(text), want, "row: {name}");
        }
    }

    #[test]
    fn brackets() {
        let deep = format!("title: x\na: {}", "[".repeat(200_000));
        let documents = documents(&deep);
        let [Document { content: Err(refusal), .. }] = documents.as_slice() else {
            panic!("{documents:?}");
        };
        assert_eq!(refusal.reason, "expected YAML, found more than 1000 open brackets");
        assert_eq!(open_brackets("[a]{b: [c]}"), 2);
    }

    #[test]
    fn conditions() {
        let names = ["a".to_owned(), "b".to_owned(), "NOT".to_owned()];
        let long = "(a) or not a and ".repeat(200);
        let deep = |open: &str, close: &str, times: usize| {
            format!("{}a{}", open.repeat(times), close.repeat(times))
        };
        #[rustfmt::skip]
        let rows: [(&str, Result<&str, &str>); 12] = [
            ("a AND NOT b", Err("cannot be read")),
            ("a AND b", Ok("a and b")),
            ("1 OF a* or ALL OF THEM", Ok("1 of a* or all of them")),
            ("a and android_and", Ok("a and android_and")),
            ("a | count() > 5", Err("`event_count` or `value_count`")),
            ("a | near b", Err("`temporal`")),
            ("a and", Err("the condition `a and` cannot be read at letter 6: expected")),
            (&deep("(", ")", 60), Ok("")),
            (&deep("(", ")", 30_000), Err("nests deeper than 64")),
            (&deep("not ", "", 3_000), Err("nests deeper than 64")),
            (&deep("not (", ")", 40), Err("nests deeper than 64")),
            (long.trim_end_matches("and "), Ok("")),
        ];
        for (condition, want) in rows {
            let mut text = condition.to_owned();
            let got = condition_of(&mut text, &names);
            match (got, want) {
                (Ok(_), Ok(want)) => assert!(want.is_empty() || text == want, "{text}"),
                (Err(refusal), Err(want)) => {
                    assert!(refusal.reason.contains(want), "{}", refusal.reason);
                }
                (got, want) => panic!("{condition}: {got:?}, not {want:?}"),
            }
        }
    }
}
