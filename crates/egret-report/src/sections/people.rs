//! Who did it, in which order, and who stands behind the credential.

use egret_model::report::Report;

use super::{heading, limited};
use crate::document::{Block, text, value};
use crate::words::thousands;

pub(super) fn timeline(report: &Report) -> Vec<Block> {
    let mut blocks =
        vec![heading(2, "timeline", "Timeline", Some(report.timeline.len().to_string()))];
    if report.timeline.is_empty() {
        blocks.push(Block::Paragraph(vec![text(
            "No movement is listed, so there is no story to put in order.",
        )]));
        return blocks;
    }
    let (shown, more) = limited(&report.timeline);
    let rows = shown
        .iter()
        .map(|entry| {
            let mut when = vec![value(entry.time.to_string())];
            if entry.until != entry.time {
                when.push(text(" to "));
                when.push(value(entry.until.to_string()));
            }
            vec![
                when,
                vec![text(entry.phase.replace('_', " "))],
                vec![text(entry.text.clone())],
                vec![text(entry.confidence.as_str())],
                vec![text(format!("{} ", entry.source)), value(entry.event_id.clone())],
            ]
        })
        .collect();
    blocks.push(Block::Table {
        caption: "What the actors of the movements did, from 12 hours before the first to 2 hours \
                  after the last; like events that follow one another are drawn together"
            .to_owned(),
        heads: ["When (UTC)", "Phase", "What", "Confidence", "Record"].map(str::to_owned).to_vec(),
        rows,
    });
    blocks.extend(more);
    blocks
}

pub(super) fn actors(report: &Report) -> Vec<Block> {
    if report.actors.is_empty() {
        return Vec::new();
    }
    let list = |values: &[String]| {
        const SHOWN: usize = 8;
        let mut line = values.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if values.len() > SHOWN {
            line.push_str(&format!(" and {} more", values.len().saturating_sub(SHOWN)));
        }
        vec![value(line)]
    };
    let (shown, more) = limited(&report.actors);
    let rows = shown
        .iter()
        .map(|actor| {
            vec![
                vec![value(actor.principal.clone())],
                list(&actor.access_keys),
                list(&actor.addresses),
                list(&actor.user_agents),
                vec![text(format!(
                    "{}, {} failed",
                    thousands(actor.events),
                    thousands(actor.failures)
                ))],
                vec![text(actor.movements.join(" "))],
            ]
        })
        .collect();
    let mut blocks = vec![
        heading(2, "actors", "Actors", Some(report.actors.len().to_string())),
        Block::Table {
            caption: "Principals behind the movements, within the window".to_owned(),
            heads: ["Principal", "Access keys", "Addresses", "User agents", "Events", "Movements"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        },
    ];
    blocks.extend(more);
    blocks
}

pub(super) fn chains(report: &Report) -> Vec<Block> {
    if report.chains.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![heading(
        2,
        "chains",
        "From credential to person",
        Some(report.chains.len().to_string()),
    )];
    let (shown, more) = limited(&report.chains);
    for chain in shown {
        let origin = chain.origin.clone().unwrap_or_else(|| "not known".to_owned());
        let mut facts = vec![("Leads to".to_owned(), vec![value(origin)])];
        for hop in &chain.hops {
            facts.push((
                hop.kind.replace('_', " "),
                vec![
                    value(hop.time.to_string()),
                    text(format!(" {} (confidence {}) ", hop.reason, hop.confidence.as_str())),
                    value(hop.event_id.clone()),
                ],
            ));
        }
        for missing in &chain.missing {
            facts.push(("Missing".to_owned(), vec![text(missing.clone())]));
        }
        blocks.push(Block::Heading {
            level: 3,
            id: format!("chain-{}", chain.access_key_id),
            text: chain.access_key_id.clone(),
            note: None,
        });
        blocks.push(Block::Facts(facts));
    }
    blocks.extend(more);
    blocks
}
