//! The answer, its reasons, its limits; and what was asked.

use egret_model::report::Report;

use super::heading;
use crate::document::{Block, Inline, text, value};
use crate::words::verdict_tone;

pub(super) fn verdict(report: &Report) -> Vec<Block> {
    let verdict = &report.verdict;
    let mut blocks = vec![
        heading(2, "verdict", "Verdict", Some(verdict.level.as_str().replace('_', " "))),
        Block::Verdict {
            word: verdict.level.as_str().replace('_', " "),
            tone: verdict_tone(verdict.level),
            confidence: format!("Confidence in this is {}.", verdict.confidence.as_str()),
            headline: verdict.headline.clone(),
        },
    ];
    if !verdict.reasons.is_empty() {
        blocks.push(heading(3, "reasons", "Why", None));
        blocks.push(Block::List(
            verdict
                .reasons
                .iter()
                .map(|reason| {
                    let mut line = vec![text(reason.text.clone())];
                    for finding in &reason.findings {
                        line.push(text(" "));
                        let movement = finding.replace('F', "M");
                        line.push(Inline::Link { to: movement.clone(), text: movement });
                    }
                    line
                })
                .collect(),
        ));
    }
    for (id, title, lines) in [
        ("would-change", "What would change it", &verdict.would_change),
        ("limits", "What cannot be known", &verdict.limits),
        ("next-steps", "Next steps", &verdict.next_steps),
    ] {
        if !lines.is_empty() {
            blocks.push(heading(3, id, title, None));
            blocks.push(Block::List(lines.iter().map(|line| vec![text(line.clone())]).collect()));
        }
    }
    blocks
}

pub(super) fn scope(report: &Report) -> Vec<Block> {
    let case = &report.case;
    let mut facts = vec![
        ("Case".to_owned(), vec![value(case.id.clone())]),
        (
            "Window".to_owned(),
            vec![
                value(case.window.start.to_string()),
                text(" to "),
                value(case.window.end.to_string()),
                text(format!("; {}", case.window_reason)),
            ],
        ),
        ("Reference time".to_owned(), vec![value(case.reference_time.to_string())]),
        (
            "Pattern".to_owned(),
            vec![
                text(case.pattern.name.clone()),
                text(", SHA-256 "),
                value(case.pattern.sha256.clone()),
            ],
        ),
        ("Written by".to_owned(), vec![text(format!("Egret {}", case.egret_version))]),
    ];
    for binding in &case.bindings {
        let shown: Vec<String> = binding
            .values
            .iter()
            .map(|value| if value.is_empty() { "(any)".to_owned() } else { value.clone() })
            .collect();
        facts.push((
            format!("<{}>", binding.name),
            vec![value(shown.join(", ")), text(format!("; {}", binding.origin))],
        ));
    }
    vec![heading(2, "scope", "Scope", None), Block::Facts(facts)]
}
