//! The Markdown report: what it holds, and that nothing in a report can become part of it.

use egret_model::report::Report;
use egret_report::{Format, escape, render};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TextMergeStream};

use crate::sample;

fn text(report: &Report) -> String {
    render(report, Format::Markdown).unwrap()
}

fn events(text: &str) -> Vec<Event<'_>> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    TextMergeStream::new(Parser::new_ext(text, options)).collect()
}

/// How many elements of each kind that a line can start or hold there are.
fn starts(text: &str) -> [usize; 5] {
    let mut starts = [0usize; 5];
    for event in events(text) {
        let kind = match event {
            Event::Start(Tag::Heading { .. }) => 0,
            Event::Start(Tag::CodeBlock(_)) => 1,
            Event::Start(Tag::Emphasis) => 2,
            Event::FootnoteReference(_) => 3,
            Event::Start(Tag::FootnoteDefinition(_)) => 4,
            _ => continue,
        };
        starts[kind] = starts[kind].saturating_add(1);
    }
    starts
}

#[test]
fn reports_as_written() {
    let incident = sample::incident();
    insta::assert_snapshot!("markdown_incident", text(&incident));
    insta::assert_snapshot!("markdown_quiet", text(&sample::quiet()));
    insta::assert_snapshot!("markdown_hostile", text(&sample::hostile(&incident, sample::HOSTILE)));
}

/// Hostile text adds no element to what the same report holds without it.
#[test]
fn hostile_text_is_no_markup() {
    let incident = sample::incident();
    let hostile = text(&sample::hostile(&incident, sample::HOSTILE));
    let mut footnotes = (0, 0);
    for event in events(&hostile) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("markup: {html}"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                panic!("link: {dest_url}")
            }
            Event::Start(Tag::Emphasis | Tag::Strikethrough | Tag::BlockQuote(_))
            | Event::TaskListMarker(_) => {
                // The marking is the one emphasis of a report.
                assert!(matches!(event, Event::Start(Tag::Emphasis)), "{event:?}");
            }
            Event::FootnoteReference(_) => footnotes.0 += 1,
            Event::Start(Tag::FootnoteDefinition(_)) => footnotes.1 += 1,
            _ => {}
        }
    }
    // The same places filled with a word: states that are text are then unknown in both.
    let plain = text(&sample::hostile(&incident, " etc"));
    assert_eq!(starts(&hostile), starts(&plain));
    assert!(footnotes.1 > 10 && footnotes.0 >= footnotes.1, "{footnotes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any text comes back as it was, hidden characters shown, and makes no element.
    #[test]
    fn text_stays_text(tried in "\\PC{1,40}|[\\x20-\\x7e]{1,40}|[-+*#>=_~`|:.()\\[\\]<&! 0-9wa/\\\\]{1,24}") {
        let with = |tried: &str| {
            let mut report = sample::quiet();
            // A limit stands at the front of a list's item; a headline follows our own words.
            report.verdict.limits = vec![tried.to_owned()];
            report.verdict.headline = tried.to_owned();
            text(&report)
        };
        let (ordinary, tried_text) = (with("a"), with(&tried));
        let kinds = |text: &str| -> Vec<String> {
            events(text)
                .iter()
                .filter_map(|event| match event {
                    Event::Text(_) => None,
                    other => Some(format!("{other:?}")),
                })
                .collect()
        };
        let shown = escape::terminal_line(&tried);
        // Spaces at the ends of a line are Markdown's own.
        let wanted = shown.trim_matches(' ');
        prop_assume!(!wanted.is_empty());
        prop_assert_eq!(kinds(&ordinary), kinds(&tried_text));
        let found = events(&tried_text).iter().any(|event| matches!(event, Event::Text(found) if **found == *wanted));
        prop_assert!(found, "{:?} is not in\n{}", wanted, tried_text);
    }

    /// A value is one code span, in a line and in a cell.
    #[test]
    fn values_stay_values(value in "\\PC{1,40}|[`|\\\\ a]{1,16}") {
        for in_table in [false, true] {
            let span = escape::markdown_value(&value, in_table);
            let text = if in_table { format!("| a | b |\n| - | - |\n| {span} | c |\n") } else { format!("x {span} y\n") };
            let found: String = events(&text)
                .into_iter()
                .filter_map(|event| match event {
                    Event::Code(code) => Some(code.to_string()),
                    Event::Text(text) if !["a", "b", "c", "x ", " y"].contains(&&*text) => Some(text.to_string()),
                    _ => None,
                })
                .collect();
            let shown = escape::terminal_line(&value);
            if shown.trim().is_empty() {
                continue;
            }
            prop_assert!(found.trim().trim_start_matches("x ").trim_end_matches(" y").contains(shown.trim()), "{:?} in {:?}", found, text);
        }
    }
}
