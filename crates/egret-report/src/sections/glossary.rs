//! Words as the report uses them.

use egret_model::report::{Report, VerdictLevel};

use crate::document::{Block, Fact, Group, Section, fact, text};
use crate::references::References;

pub(super) fn section<'a>(_: &'a Report, _: &mut References<'a>) -> Section {
    let mut facts: Vec<Fact> = [
        VerdictLevel::NotSupported,
        VerdictLevel::Possible,
        VerdictLevel::Likely,
        VerdictLevel::Confirmed,
        VerdictLevel::Undetermined,
    ]
    .into_iter()
    .map(|level| {
        let (word, meaning) = super::verdict::level(level);
        fact(crate::words::capital(word), vec![text(meaning)])
    })
    .collect();
    facts.extend(
        [
            ("Enabled", "A door was opened: a share, policy or grant. Says nothing about use."),
            ("Attempted", "Tried, and denied or failed."),
            ("Performed", "A copy was made, or data was read."),
            ("Received", "The other side is known to have it."),
            ("Bound", "Which side of the truth an amount lies on: exactly, at least, at most; “about” where nothing tells."),
            ("Nothing found", "Searched in logs that would have shown it, and not there."),
            ("Cannot be determined", "No log at hand would show it. Not the same as nothing found."),
            ("Reading", "How a query was understood where its text allows more than one meaning."),
            ("Reference time", "What “now” means in the case. All ages count to it."),
            ("Quarantined", "A record that could not be read, kept with its place and the reason."),
        ]
        .map(|(word, meaning)| fact(word, vec![text(meaning)])),
    );
    Section {
        id: "glossary",
        group: Group::Record,
        label: "Glossary",
        title: "Words as this report uses them".to_owned(),
        note: super::note(""),
        lead: Vec::new(),
        blocks: vec![Block::Facts(facts)],
    }
}
