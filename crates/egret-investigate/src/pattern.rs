//! Investigation patterns: Markdown documents in the team's own template, read as they are.
//!
//! The headings carry the meaning: phases with purpose, steps, expected outcomes and pivot points;
//! correlation techniques with an example; artifacts, false positives and completion criteria. A
//! fenced block under a step holds queries. Nothing has to be added to a document for it to run,
//! and what is not understood is kept as a step for a person.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use egret_model::evidence::sha256_hex;

/// The pattern that runs when none is given.
pub const DEFAULT_PATTERN: &str = include_str!("../patterns/aws-data-exfiltration.md");

/// A pattern, as its document says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// First heading.
    pub name: String,
    /// SHA-256 of the document.
    pub sha256: String,
    /// What must be there and be checked before the first step.
    pub preparation: Vec<ListItem>,
    /// Phases and techniques, in document order.
    pub sections: Vec<Section>,
    /// Artifacts that are required.
    pub required_artifacts: Vec<ListItem>,
    /// Artifacts that are optional.
    pub optional_artifacts: Vec<ListItem>,
    /// Benign scenarios: scenario, indicators, how to verify.
    pub false_positives: Vec<[String; 3]>,
    /// Findings without which the case stays open.
    pub required_findings: Vec<ListItem>,
    /// Documents without which the case stays open.
    pub required_documents: Vec<ListItem>,
}

/// A phase or a technique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `p1`, `p2`, … for phases, `t1`, … for techniques.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// Steps in order. A technique's example is its last step.
    pub steps: Vec<PatternStep>,
    /// What should be known at its end.
    pub outcomes: Vec<ListItem>,
    /// When to turn to another investigation.
    pub pivots: Vec<ListItem>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternStep {
    /// `p1.s2`: section and position.
    pub id: String,
    /// What it asks.
    pub title: String,
    /// What it names in detail.
    pub details: Vec<String>,
    /// Fenced blocks under it, verbatim.
    pub blocks: Vec<String>,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// Section-like prefix and position, stable within the document.
    pub id: String,
    /// As the document words it, without its mark-up.
    pub text: String,
    /// Lines below it.
    pub details: Vec<String>,
}

/// A document that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is no first-level heading to name it.
    #[error("the pattern has no title: expected a first line such as `# My Investigation Pattern`")]
    NoTitle,
    /// Nothing in it can be run or ticked off.
    #[error(
        "the pattern has no steps: expected a heading such as `### Phase 1: …` with a list under \
         `**Steps:**`, or a technique with a fenced example"
    )]
    NoSteps,
}

impl Pattern {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`PatternError`] when it has no title or nothing to do. Anything else is kept as a step.
    pub fn parse(markdown: &str) -> Result<Self, PatternError> {
        let blocks = blocks_of(markdown);
        let mut pattern = Self {
            name: String::new(),
            sha256: sha256_hex(markdown.as_bytes()),
            preparation: Vec::new(),
            sections: Vec::new(),
            required_artifacts: Vec::new(),
            optional_artifacts: Vec::new(),
            false_positives: Vec::new(),
            required_findings: Vec::new(),
            required_documents: Vec::new(),
        };
        let mut place = Place::default();
        for block in &blocks {
            pattern.take(&mut place, block);
        }
        pattern.sections.retain(|section| {
            !section.steps.is_empty() || !section.pivots.is_empty() || !section.outcomes.is_empty()
        });
        if pattern.name.is_empty() {
            return Err(PatternError::NoTitle);
        }
        if pattern.sections.iter().all(|section| section.steps.is_empty()) {
            return Err(PatternError::NoSteps);
        }
        Ok(pattern)
    }

    fn take(&mut self, place: &mut Place, block: &Block) {
        match block {
            Block::Heading(1, text) if self.name.is_empty() => self.name.clone_from(text),
            Block::Heading(1 | 2, text) => {
                *place = Place { chapter: Chapter::of(text), ..Place::default() };
                place.part.clone_from(text);
            }
            Block::Heading(_, text) => {
                place.part.clone_from(text);
                place.label.clear();
                place.section = None;
                if matches!(place.chapter, Chapter::Method | Chapter::Techniques | Chapter::Other) {
                    self.open_section(place, text);
                }
            }
            Block::Paragraph { label, text } => {
                if let Some(label) = label {
                    place.label = label.to_lowercase();
                }
                let purpose = label.as_deref().is_some_and(|label| is(label, "purpose"));
                if let Some(section) = self.section(place)
                    && purpose
                {
                    section.purpose.clone_from(text);
                }
            }
            Block::List(items) => self.take_list(place, items),
            Block::Code(text) => {
                let title = if place.label.is_empty() { "query" } else { &place.label };
                let title = format!("{}: {title}", place.part);
                if self.section(place).is_none()
                    && matches!(
                        place.chapter,
                        Chapter::Method | Chapter::Techniques | Chapter::Other
                    )
                {
                    let part = place.part.clone();
                    self.open_section(place, &part);
                }
                if let Some(section) = self.section(place) {
                    let id = format!("{}.s{}", section.id, section.steps.len().saturating_add(1));
                    section.steps.push(PatternStep {
                        id,
                        title,
                        details: Vec::new(),
                        blocks: vec![text.clone()],
                    });
                }
            }
            Block::Table(rows) if place.chapter == Chapter::FalsePositives => {
                for row in rows {
                    let cell = |at: usize| row.get(at).cloned().unwrap_or_default();
                    self.false_positives.push([cell(0), cell(1), cell(2)]);
                }
            }
            Block::Table(_) => {}
        }
    }

    fn open_section(&mut self, place: &mut Place, title: &str) {
        let letter = if place.chapter == Chapter::Techniques { 't' } else { 'p' };
        let number = self
            .sections
            .iter()
            .filter(|section| section.id.starts_with(letter))
            .count()
            .saturating_add(1);
        place.section = Some(self.sections.len());
        self.sections.push(Section {
            id: format!("{letter}{number}"),
            title: title.to_owned(),
            purpose: String::new(),
            steps: Vec::new(),
            outcomes: Vec::new(),
            pivots: Vec::new(),
        });
    }

    fn section(&mut self, place: &Place) -> Option<&mut Section> {
        self.sections.get_mut(place.section?)
    }

    fn take_list(&mut self, place: &Place, items: &[Item]) {
        let part = place.part.to_lowercase();
        let (list, prefix) = match place.chapter {
            Chapter::Preparation => (&mut self.preparation, "prep"),
            Chapter::Artifacts if part.contains("optional") => {
                (&mut self.optional_artifacts, "optional")
            }
            Chapter::Artifacts => (&mut self.required_artifacts, "artifact"),
            Chapter::Completion if part.contains("document") => {
                (&mut self.required_documents, "document")
            }
            Chapter::Completion => (&mut self.required_findings, "finding"),
            Chapter::Method | Chapter::Techniques | Chapter::Other => {
                return self.take_section_list(place, items);
            }
            Chapter::FalsePositives => return,
        };
        for item in items {
            let id = format!("{prefix}.{}", list.len().saturating_add(1));
            list.push(item.as_list_item(id));
        }
    }

    fn take_section_list(&mut self, place: &Place, items: &[Item]) {
        let label = place.label.clone();
        let Some(section) = self.section(place) else { return };
        let number = |list: usize, at: usize| list.saturating_add(at).saturating_add(1);
        if label.starts_with("pivot") {
            let have = section.pivots.len();
            section.pivots.extend(items.iter().enumerate().map(|(at, item)| {
                item.as_list_item(format!("{}.pivot{}", section.id, number(have, at)))
            }));
        } else if label.contains("outcome") {
            let have = section.outcomes.len();
            section.outcomes.extend(items.iter().enumerate().map(|(at, item)| {
                item.as_list_item(format!("{}.outcome{}", section.id, number(have, at)))
            }));
        } else {
            let have = section.steps.len();
            section.steps.extend(items.iter().enumerate().map(|(at, item)| PatternStep {
                id: format!("{}.s{}", section.id, number(have, at)),
                title: item.text.trim_end_matches(':').to_owned(),
                details: item.details(),
                blocks: item.codes(),
            }));
        }
    }
}

/// Where in the document reading has come to.
#[derive(Debug, Default)]
struct Place {
    chapter: Chapter,
    part: String,
    label: String,
    section: Option<usize>,
}

/// What a second-level heading announces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Chapter {
    Preparation,
    Method,
    Techniques,
    Artifacts,
    FalsePositives,
    Completion,
    #[default]
    Other,
}

impl Chapter {
    fn of(heading: &str) -> Self {
        let heading = heading.to_lowercase();
        let has = |word: &str| heading.contains(word);
        if has("pre-investigation") || has("preparation") || has("prerequisite") {
            Self::Preparation
        } else if has("false positive") {
            Self::FalsePositives
        } else if has("completion") || has("exit criteria") {
            Self::Completion
        } else if has("artifact") || has("artefact") || has("deliverable") {
            Self::Artifacts
        } else if has("technique") || has("correlation") {
            Self::Techniques
        } else if has("methodology") || has("phase") || has("procedure") {
            Self::Method
        } else {
            Self::Other
        }
    }
}

fn is(label: &str, word: &str) -> bool {
    label.trim_end_matches(':').trim().eq_ignore_ascii_case(word)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Heading(u8, String),
    Paragraph { label: Option<String>, text: String },
    List(Vec<Item>),
    Code(String),
    Table(Vec<Vec<String>>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Item {
    text: String,
    children: Vec<Block>,
}

impl Item {
    fn as_list_item(&self, id: String) -> ListItem {
        ListItem { id, text: self.text.clone(), details: self.details() }
    }

    fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        for child in &self.children {
            match child {
                Block::Paragraph { text, .. } => details.push(text.clone()),
                Block::List(items) => {
                    for item in items {
                        details.push(item.text.clone());
                        details.extend(item.details());
                    }
                }
                _ => {}
            }
        }
        details
    }

    fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for child in &self.children {
            match child {
                Block::Code(text) => codes.push(text.clone()),
                Block::List(items) => codes.extend(items.iter().flat_map(Item::codes)),
                _ => {}
            }
        }
        codes
    }
}

/// The document as a tree of the few blocks a pattern is made of.
fn blocks_of(markdown: &str) -> Vec<Block> {
    let mut events = Parser::new_ext(markdown, Options::ENABLE_TABLES).peekable();
    let mut blocks = Vec::new();
    while events.peek().is_some() {
        read_block(&mut events, &mut blocks);
    }
    blocks
}

type Events<'a> = std::iter::Peekable<Parser<'a>>;

/// Takes one block, or one event that starts none.
fn read_block(events: &mut Events<'_>, into: &mut Vec<Block>) {
    match events.next() {
        Some(Event::Start(Tag::Heading { level, .. })) => {
            let (_, text) = read_inline(events, |end| matches!(end, TagEnd::Heading(_)));
            into.push(Block::Heading(level_number(level), text));
        }
        Some(Event::Start(Tag::Paragraph)) => {
            let (label, text) = read_inline(events, |end| *end == TagEnd::Paragraph);
            into.push(Block::Paragraph { label, text });
        }
        Some(Event::Start(Tag::CodeBlock(kind))) => {
            let mut code = String::new();
            for event in events.by_ref() {
                match event {
                    Event::Text(text) => code.push_str(&text),
                    Event::End(TagEnd::CodeBlock) => break,
                    _ => {}
                }
            }
            // An indented block is prose set apart; only a fenced one is meant to be run.
            if matches!(kind, CodeBlockKind::Fenced(_)) {
                into.push(Block::Code(code));
            } else {
                into.push(Block::Paragraph { label: None, text: code });
            }
        }
        Some(Event::Start(Tag::List(_))) => {
            let mut items = Vec::new();
            while let Some(event) = events.next() {
                match event {
                    Event::Start(Tag::Item) => items.push(read_item(events)),
                    Event::End(TagEnd::List(_)) => break,
                    _ => {}
                }
            }
            into.push(Block::List(items));
        }
        Some(Event::Start(Tag::Table(_))) => into.push(Block::Table(read_table(events))),
        _ => {}
    }
}

fn read_item(events: &mut Events<'_>) -> Item {
    let mut item = Item::default();
    loop {
        match events.peek() {
            None => break,
            Some(Event::End(TagEnd::Item)) => {
                events.next();
                break;
            }
            Some(Event::Start(
                Tag::Paragraph
                | Tag::List(_)
                | Tag::CodeBlock(_)
                | Tag::Heading { .. }
                | Tag::Table(_),
            )) => {
                let mut blocks = Vec::new();
                read_block(events, &mut blocks);
                for block in blocks {
                    match block {
                        // A loose list wraps its text in a paragraph.
                        Block::Paragraph { text, .. } if item.text.is_empty() => item.text = text,
                        other => item.children.push(other),
                    }
                }
            }
            Some(_) => {
                if let Some(event) = events.next() {
                    push_inline(&event, &mut item.text);
                }
            }
        }
    }
    item.text = item.text.trim().to_owned();
    item
}

fn read_table(events: &mut Events<'_>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut in_head = false;
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::TableHead) => in_head = true,
            Event::End(TagEnd::TableHead) => {
                in_head = false;
                row.clear();
            }
            Event::Start(Tag::TableCell) => {
                let (_, text) = read_inline(events, |end| *end == TagEnd::TableCell);
                row.push(text);
            }
            Event::End(TagEnd::TableRow) if !in_head => rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::Table) => break,
            _ => {}
        }
    }
    rows
}

/// Text up to the end tag, and the leading bold label (`**Steps:**`) when there is one. The label
/// is not part of the text.
fn read_inline(
    events: &mut Events<'_>,
    is_end: impl Fn(&TagEnd) -> bool,
) -> (Option<String>, String) {
    let mut label = None;
    let mut text = String::new();
    let mut bold = String::new();
    let mut in_bold = false;
    for event in events.by_ref() {
        match event {
            Event::End(end) if is_end(&end) => break,
            Event::Start(Tag::Strong) => in_bold = true,
            Event::End(TagEnd::Strong) => {
                in_bold = false;
                let done = std::mem::take(&mut bold);
                if text.trim().is_empty() && label.is_none() && done.trim_end().ends_with(':') {
                    label = Some(done.trim().trim_end_matches(':').to_owned());
                } else {
                    text.push_str(&done);
                }
            }
            event => push_inline(&event, if in_bold { &mut bold } else { &mut text }),
        }
    }
    (label, text.trim().to_owned())
}

fn push_inline(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(part) | Event::Code(part) => text.push_str(part),
        Event::SoftBreak | Event::HardBreak => text.push(' '),
        _ => {}
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_pattern_is_read_whole() {
        let pattern = Pattern::parse(DEFAULT_PATTERN).unwrap();
        assert_eq!(pattern.name, "AWS Data Exfiltration Investigation Pattern");
        let ids: Vec<_> = pattern.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["p1", "p2", "p3", "t1", "t2"]);
        let blocks: usize = pattern
            .sections
            .iter()
            .flat_map(|section| &section.steps)
            .map(|step| step.blocks.len())
            .sum();
        assert_eq!(blocks, 9);
        assert_eq!(pattern.sections.iter().map(|section| section.pivots.len()).sum::<usize>(), 9);
        assert_eq!(pattern.required_artifacts.len(), 4);
        assert_eq!(pattern.optional_artifacts.len(), 4);
        assert_eq!(pattern.false_positives.len(), 3);
        assert_eq!(pattern.false_positives[0][0], "Legitimate data migration");
        assert_eq!(pattern.required_findings.len(), 5);
        assert_eq!(pattern.required_documents.len(), 5);
        assert_eq!(pattern.preparation.len(), 3);
        assert_eq!(pattern.preparation[1].details.len(), 4);
        let first = &pattern.sections[0].steps[0];
        assert_eq!(first.title, "Determine the exact AWS resources involved");
        assert!(first.blocks[0].starts_with("# Example CloudTrail query"));
        assert!(pattern.sections[0].purpose.starts_with("Establish what data"));
        assert_eq!(pattern.sections[0].steps[3].details.len(), 4);
    }

    #[test]
    fn another_document_of_the_template_is_read_too() {
        let pattern = Pattern::parse(
            "# Other\n\n## Investigation Methodology\n\n### Phase 1: Look\n\n**Purpose:** see\n\n\
             **Steps:**\n1. One\n\n   more words\n\n   ```\n   user.name: \"<u>\"\n   ```\n2. Two\n   \
             - a\n   - b\n\n**Pivot Points:**\n- if so\n\n## Odd chapter\n\n```sh\naws s3 ls\n```\n",
        )
        .unwrap();
        assert_eq!(pattern.sections.len(), 2);
        let steps = &pattern.sections[0].steps;
        assert_eq!(steps[0].blocks, ["user.name: \"<u>\"\n"]);
        assert_eq!(steps[0].details, ["more words"]);
        assert_eq!(steps[1].details, ["a", "b"]);
        assert_eq!(pattern.sections[0].pivots[0].id, "p1.pivot1");
        assert_eq!(pattern.sections[1].steps[0].blocks, ["aws s3 ls\n"]);
    }

    #[test]
    fn a_document_without_title_or_steps_says_so() {
        assert_eq!(Pattern::parse("text"), Err(PatternError::NoTitle));
        assert_eq!(Pattern::parse("# Title\n\ntext"), Err(PatternError::NoSteps));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_explained(text in "[#*\\-` a\n|0-9.]{0,300}") {
            drop(Pattern::parse(&text));
        }
    }
}
