//! From a credential back towards a person.

use std::collections::BTreeSet;

use egret_model::report::{Chain, Report};

use super::{limited, note, open, paragraph};
use crate::document::{Block, Chain as Drawn, Group, Inline, Link, Section, text, value};
use crate::references::{References, deciding};
use crate::words::{length, plain};

pub(super) fn section<'a>(report: &'a Report, references: &mut References<'a>) -> Section {
    let unknown = report.chains.iter().filter(|chain| chain.origin.is_none()).count();
    let broken = report.chains.iter().filter(|chain| !chain.missing.is_empty()).count();
    // The credentials behind the verdict first; the sort keeps the record's order among equals.
    let deciding: BTreeSet<&str> = deciding(report)
        .into_iter()
        .filter_map(|movement| movement.actor.access_key_id.as_deref())
        .collect();
    let mut chains: Vec<&Chain> = report.chains.iter().collect();
    chains.sort_by_key(|chain| !deciding.contains(chain.access_key_id.as_str()));
    let (shown, cut) = limited(&chains, "chains");
    let mut blocks: Vec<Block> =
        shown.iter().map(|chain| Block::Chain(drawn(chain, references))).collect();
    if blocks.is_empty() {
        blocks.push(paragraph("No credential was traced back: no movement names an access key."));
    }
    if let Some(cut) = cut {
        blocks.push(Block::Remark(vec![text(cut)]));
    }
    Section {
        id: "chains",
        group: Group::Findings,
        label: "Attribution",
        title: title(report.chains.len(), unknown, broken),
        note: if broken > 0 {
            open(format!("{broken} with gaps"))
        } else {
            note(length(&report.chains))
        },
        lead: vec![text(
            "From the credential used, one link at a time, back towards a sign-in. Each link says \
             why the two records belong together. Dashed: no log at hand shows the link.",
        )],
        blocks,
    }
}

fn title(all: usize, unknown: usize, broken: usize) -> String {
    let led = match (all, unknown) {
        (0, _) => return "No credential was traced back".to_owned(),
        (1, 0) => "The credential leads back to an origin".to_owned(),
        (1, _) => "Where the credential came from is not known".to_owned(),
        (all, 0) => format!("All {all} credentials lead back to an origin"),
        (all, unknown) => {
            format!("{} of {all} credentials lead back to an origin", all.saturating_sub(unknown))
        }
    };
    match broken {
        0 => led,
        _ if all == 1 => format!("{led}; a link is not in the logs"),
        broken => format!("{led}; in {broken} a link is not in the logs"),
    }
}

fn drawn<'a>(chain: &'a Chain, references: &mut References<'a>) -> Drawn {
    let mut links: Vec<Link> = Vec::new();
    for hop in &chain.hops {
        let mut when = vec![Inline::Time(hop.time), text(" ")];
        when.extend(references.cite_event(&hop.event_id));
        links.push(Link {
            title: kind(&hop.kind),
            lines: vec![
                vec![value(hop.principal.clone())],
                vec![text(hop.reason.clone())],
                vec![text(format!("confidence {}", hop.confidence.as_str()))],
                when,
            ],
            missing: false,
        });
    }
    for missing in &chain.missing {
        links.push(Link {
            title: "Not in the logs".to_owned(),
            lines: vec![vec![text(missing.clone())]],
            missing: true,
        });
    }
    let mut title = vec![value(chain.access_key_id.clone()), text(" leads back to ")];
    title.push(match &chain.origin {
        Some(origin) => value(origin.clone()),
        None => text("nobody that the logs name"),
    });
    if chain.hops.is_empty() && chain.missing.is_empty() {
        links.push(Link {
            title: "Nothing before it".to_owned(),
            lines: vec![vec![text("no record of where it came from was found")]],
            missing: true,
        });
    }
    Drawn { title, links }
}

fn kind(kind: &str) -> String {
    match kind {
        "assume_role" => "Role assumed".to_owned(),
        "broker" => "Identity broker".to_owned(),
        "idp_login" => "Sign-in".to_owned(),
        "instance_profile" => "Instance profile".to_owned(),
        other => crate::words::capital(&plain(other)),
    }
}
