//! What it may mean: explanations tested, impact, controls.

use egret_model::report::Report;

use super::heading;
use crate::document::{Block, Inline, text, value};
use crate::words::{record, state, thousands, volume};

pub(super) fn hypotheses(report: &Report) -> Vec<Block> {
    if report.movements.is_empty() || report.hypotheses.is_empty() {
        return Vec::new();
    }
    let rows = report
        .hypotheses
        .iter()
        .map(|hypothesis| {
            let list = |lines: &[String]| {
                vec![text(if lines.is_empty() { "–".to_owned() } else { lines.join("; ") })]
            };
            vec![
                vec![text(hypothesis.title.clone())],
                vec![state(&hypothesis.status), text(format!(" {:+}", hypothesis.score))],
                list(&hypothesis.r#for),
                list(&hypothesis.against),
                vec![text(hypothesis.next_check.clone())],
            ]
        })
        .collect();
    vec![
        heading(2, "explanations", "Explanations, tested", None),
        Block::Table {
            caption:
                "Each explanation with what speaks for and against it; weights are in bands of \
                      half a power of ten and are a stated judgement, not a measurement"
                    .to_owned(),
            heads: ["Explanation", "State", "For", "Against", "What would decide it"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        },
    ]
}

pub(super) fn impact(report: &Report) -> Vec<Block> {
    let impact = &report.impact;
    if impact.resources.is_empty() {
        return Vec::new();
    }
    let rows = impact
        .resources
        .iter()
        .map(|one| {
            vec![
                vec![
                    text(format!("{} ", one.resource.kind.replace('_', " "))),
                    value(one.resource.id.clone()),
                ],
                vec![text(one.objects.map_or("not counted".to_owned(), thousands))],
                vec![text(volume(&one.bytes)), text(format!("; {}", one.bytes.method))],
                vec![text(one.movements.join(" "))],
            ]
        })
        .collect();
    let mut blocks = vec![
        heading(2, "impact", "Impact", None),
        Block::Table {
            caption: "Affected resources".to_owned(),
            heads: ["Resource", "Objects", "Amount", "Movements"].map(str::to_owned).to_vec(),
            rows,
        },
    ];
    if impact.sensitivity.is_empty() {
        blocks.push(Block::Paragraph(vec![text(
            "No name of an object or resource hints at sensitive data. Names are no proof of what \
             is inside.",
        )]));
    } else {
        blocks.push(heading(3, "sensitivity", "Signs of sensitive data", None));
        blocks.push(Block::List(
            impact
                .sensitivity
                .iter()
                .map(|sign| {
                    let mut line: Vec<Inline> = vec![text(format!(
                        "{}: {} objects, such as ",
                        sign.sign,
                        thousands(sign.objects)
                    ))];
                    line.push(value(sign.examples.join(", ")));
                    line
                })
                .collect(),
        ));
    }
    for (id, title, lines) in [
        ("regulations", "Clocks that may run", &impact.regulations),
        ("business", "To be weighed", &impact.business),
    ] {
        if !lines.is_empty() {
            blocks.push(heading(3, id, title, None));
            blocks.push(Block::List(lines.iter().map(|line| vec![text(line.clone())]).collect()));
        }
    }
    blocks
}

pub(super) fn controls(report: &Report) -> Vec<Block> {
    if report.controls.is_empty() {
        return Vec::new();
    }
    vec![
        heading(2, "controls", "Controls", Some(report.controls.len().to_string())),
        Block::Table {
            caption: "Controls that could have stopped or shown it".to_owned(),
            heads: ["Control", "State", "What that rests on", "Records"]
                .map(str::to_owned)
                .to_vec(),
            rows: report
                .controls
                .iter()
                .map(|control| {
                    vec![
                        vec![text(control.title.clone())],
                        vec![state(&control.status)],
                        vec![text(control.detail.clone())],
                        control.citations.iter().take(5).flat_map(record).collect(),
                    ]
                })
                .collect(),
        },
    ]
}
