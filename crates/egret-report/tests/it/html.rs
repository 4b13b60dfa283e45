//! The page: what it holds, and that nothing in a report can become part of it.

use std::collections::{BTreeMap, BTreeSet};

use egret_model::limits::{REPORT_RECORDS_MAX, REPORT_ROWS_MAX, REPORT_TEXT_CHARS_MAX};
use egret_model::report::{Citation, Movement, Report};
use egret_report::{Format, render};
use html5gum::{Token, Tokenizer};
use proptest::prelude::*;

use crate::sample;

fn page(report: &Report) -> String {
    render(report, Format::Html).unwrap()
}

/// A page as a browser's tokenizer sees it.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Open(String, BTreeMap<String, String>),
    Close(String),
    Text(String),
}

/// The pieces of a page, its boxed code points turned back into what they stand for.
fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut boxed = false;
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    for token in Tokenizer::new(page) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let attributes: BTreeMap<String, String> = tag
                    .attributes
                    .iter()
                    .map(|(name, value)| (utf8(name), utf8(&value.value)))
                    .collect();
                if attributes.get("class").is_some_and(|class| class == "cp") {
                    boxed = true;
                } else {
                    pieces.push(Piece::Open(utf8(&tag.name), attributes));
                }
            }
            Token::EndTag(_) if boxed => boxed = false,
            Token::EndTag(tag) => pieces.push(Piece::Close(utf8(&tag.name))),
            Token::String(text) => {
                let mut text = utf8(&text.value);
                if boxed {
                    let number = u32::from_str_radix(text.strip_prefix("U+").unwrap(), 16).unwrap();
                    text = char::from_u32(number).unwrap().to_string();
                }
                match pieces.last_mut() {
                    Some(Piece::Text(before)) => before.push_str(&text),
                    _ => pieces.push(Piece::Text(text)),
                }
            }
            Token::Doctype(_) => {}
            Token::Comment(comment) => panic!("a comment: {comment:?}"),
            Token::Error(error) => panic!("not well-formed: {error:?}"),
        }
    }
    pieces
}

fn tags(pieces: &[Piece]) -> Vec<&str> {
    pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Open(name, _) | Piece::Close(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
        .collect()
}

fn samples() -> Vec<(&'static str, Report)> {
    let incident = sample::incident();
    vec![
        ("hostile", sample::hostile(&incident, sample::HOSTILE)),
        ("many", many()),
        ("quiet", sample::quiet()),
        ("incident", incident),
    ]
}

/// More of everything than a page holds.
fn many() -> Report {
    let mut report = sample::incident();
    let wanted = REPORT_ROWS_MAX.saturating_add(7);
    let numbers = || (1u64..).take(wanted);
    report.timeline = numbers()
        .zip(report.timeline.iter().cycle())
        .map(|(number, entry)| {
            let mut entry = entry.clone();
            entry.event_id = format!("t-{number}");
            entry.citation =
                Citation { id: entry.event_id.clone(), record: number, ..entry.citation };
            entry
        })
        .collect();
    report.movements = numbers()
        .zip(report.movements.iter().cycle())
        .map(|(number, movement)| Movement {
            id: format!("M{number}"),
            events: (1..=20)
                .map(|event| Citation {
                    id: format!("m-{number}-{event}"),
                    file: "logs/many.json".to_owned(),
                    record: event,
                })
                .collect(),
            ..movement.clone()
        })
        .collect();
    report.case.title = "x".repeat(REPORT_TEXT_CHARS_MAX.saturating_add(1));
    report
}

#[test]
fn pages_as_written() {
    let incident = sample::incident();
    for (name, report) in [
        ("incident", &incident),
        ("quiet", &sample::quiet()),
        ("hostile", &sample::hostile(&incident, sample::HOSTILE)),
    ] {
        let page = page(report);
        // The style sheet is a file of its own, and would drown the rest.
        let (head, rest) = page.split_once("<style>").unwrap();
        let (_, body) = rest.split_once("</style>").unwrap();
        insta::assert_snapshot!(format!("page_{name}"), format!("{head}<style>…</style>{body}"));
    }
}

#[test]
fn a_page_asks_for_nothing_and_runs_nothing() {
    let elements = BTreeSet::from([
        "a",
        "body",
        "caption",
        "circle",
        "code",
        "dd",
        "defs",
        "desc",
        "details",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "li",
        "line",
        "main",
        "meta",
        "nav",
        "ol",
        "p",
        "path",
        "pattern",
        "pre",
        "rect",
        "section",
        "small",
        "span",
        "strong",
        "style",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "text",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "ul",
    ]);
    for (name, report) in samples() {
        for piece in pieces(&page(&report)) {
            let Piece::Open(tag, attributes) = piece else { continue };
            assert!(elements.contains(tag.as_str()), "{name}: <{tag}>");
            for (attribute, value) in attributes {
                assert!(!attribute.starts_with("on"), "{name}: {attribute}");
                assert!(
                    !["style", "src", "srcset", "action"].contains(&attribute.as_str()),
                    "{name}: {attribute}"
                );
                if attribute == "href" {
                    assert!(value.starts_with('#'), "{name}: a link to {value}");
                }
            }
        }
    }
}

#[test]
fn anchors_are_there_once_and_headings_descend_in_order() {
    for (name, report) in samples() {
        let pieces = pieces(&page(&report));
        let mut ids = BTreeSet::new();
        let mut links = BTreeSet::new();
        let mut level = 0;
        for piece in &pieces {
            let Piece::Open(tag, attributes) = piece else { continue };
            if let Some(id) = attributes.get("id") {
                assert!(ids.insert(id.clone()), "{name}: twice {id}");
            }
            links
                .extend(attributes.get("href").map(|href| href.trim_start_matches('#').to_owned()));
            links.extend(
                attributes
                    .get("aria-labelledby")
                    .into_iter()
                    .flat_map(|ids| ids.split(' ').map(str::to_owned)),
            );
            if let Some(this) = tag.strip_prefix('h').and_then(|level| level.parse::<u8>().ok()) {
                assert!(this <= level + 1, "{name}: h{this} after h{level}");
                level = this;
            }
            if tag == "th" {
                assert!(attributes.contains_key("scope"), "{name}: a head without scope");
            }
        }
        assert_eq!(links.difference(&ids).collect::<Vec<_>>(), Vec::<&String>::new(), "{name}");
    }
}

/// Tags close what they opened, so that no text can move from one place to another.
#[test]
fn tags_are_balanced() {
    for (name, report) in samples() {
        let page = page(&report);
        let mut open: Vec<String> = Vec::new();
        for token in Tokenizer::new(&page) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let tag_name = String::from_utf8(tag.name.to_vec()).unwrap();
                    if !tag.self_closing && tag_name != "meta" {
                        open.push(tag_name);
                    }
                }
                Token::EndTag(tag) => {
                    assert_eq!(open.pop().unwrap().as_bytes(), &**tag.name, "{name}");
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let report = many();
    let page = page(&report);
    assert!(
        page.contains("The first 500 of 507 movements are shown; report.json holds all of them.")
    );
    assert!(
        page.contains(
            "500 of 507 lines are shown, chosen as above; report.json holds all of them."
        )
    );
    assert!(page.contains("lines not shown here; report.json holds them"));
    assert!(page.contains("… (1 more characters in report.json)"));
    assert!(page.contains(&format!("id=\"record-{REPORT_RECORDS_MAX}\"")));
    assert!(!page.contains(&format!("id=\"record-{}\"", REPORT_RECORDS_MAX.saturating_add(1))));
    assert!(page.contains("The list ends at 2,000 records"));
}

/// The end of a long story is where the data leaves: it is kept, and so is what the verdict rests
/// on, wherever it stands.
#[test]
fn a_cut_keeps_what_decides() {
    let mut report = many();
    let last = report.movements.last_mut().unwrap();
    last.events.clone_from(&report.findings.first().unwrap().citations);
    let id = last.id.clone();
    let mut end = report.timeline.last().unwrap().clone();
    end.phase = "transfer".to_owned();
    end.text = "the data leaves".to_owned();
    report.timeline.push(end);
    let page = page(&report);
    let first_row = page.find("id=\"movement-").unwrap();
    assert_eq!(page.find(&format!("id=\"movement-{id}\"")), Some(first_row));
    assert!(page.contains("the data leaves"));
}

/// What is not in the logs is not said to be absent.
#[test]
fn an_empty_report_claims_nothing() {
    let page = page(&sample::quiet());
    for claim in ["Nothing found, and", ">nothing found<", "checks met</span>", "authorised</h2>"] {
        assert!(!page.contains(claim), "{claim}");
    }
    assert!(page.contains("No way out was searched, so nothing is said to be absent."));
    assert!(page.contains("No event is among the evidence, so nothing can be said to be absent."));
}

#[test]
fn the_numbers_of_records_have_to_add_up() {
    let mut report = sample::incident();
    report.ingest.stored -= 1;
    assert!(page(&report).contains("The numbers of records do not add up"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any text comes back as it was, and makes no element.
    #[test]
    fn text_stays_text(text in "\\PC{1,60}|[\\x00-\\x7f]{1,60}|[\\u{200b}-\\u{2070}<&\"'=>/!-]{1,40}") {
        let with = |text: &str| {
            let mut report = sample::quiet();
            report.verdict.headline = format!("({text})");
            report.case.id = format!("({text})");
            report.case.pattern.name = format!("({text})");
            page(&report)
        };
        let (ordinary, tried) = (with("a"), with(&text));
        let (ordinary, tried) = (pieces(&ordinary), pieces(&tried));
        prop_assert_eq!(tags(&ordinary), tags(&tried));
        let wanted = format!("({text})");
        let places = tried.iter().filter(|piece| matches!(piece, Piece::Text(found) if *found == wanted)).count();
        // Headline, case in the title block and in the scope, pattern in the title block.
        prop_assert!(places >= 3, "found in {} places", places);
    }
}
