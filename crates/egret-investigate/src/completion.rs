//! What the pattern requires before the case may close, and where it says to turn elsewhere.
//!
//! Required findings and documents are recognised by the words of their line, so that another
//! pattern's own wording is judged too; a line that nothing recognises is for a person.

use egret_model::report::{
    Authorised, Completion, CompletionItem, Grade, Movement, Pivot, Verdict, VerdictLevel,
};

use crate::movements::named;
use crate::pattern::{ListItem, Pattern};

/// What completion is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// The movements.
    pub movements: &'a [Movement],
    /// Whether every movement with an actor leads back to somebody.
    pub attributed: bool,
    /// Number of signs of sensitive data.
    pub sensitivity: usize,
    /// Number of lines of the timeline.
    pub timeline: usize,
    /// Number of controls judged.
    pub controls: usize,
    /// Number of actors.
    pub actors: usize,
}

/// Judges each required finding and document.
pub fn completion(pattern: &Pattern, standing: &Standing<'_>) -> Completion {
    let findings: Vec<CompletionItem> =
        pattern.required_findings.iter().map(|item| finding(item, standing)).collect();
    let documents: Vec<CompletionItem> =
        pattern.required_documents.iter().map(|item| document(item, standing)).collect();
    let closable = findings.iter().chain(&documents).all(|item| item.status == "met");
    Completion { findings, documents, closable }
}

fn item(line: &ListItem, status: &str, detail: impl Into<String>) -> CompletionItem {
    CompletionItem {
        id: line.id.clone(),
        title: line.text.clone(),
        status: status.to_owned(),
        detail: detail.into(),
    }
}

fn finding(line: &ListItem, standing: &Standing<'_>) -> CompletionItem {
    let text = line.text.to_lowercase();
    let has = |word: &str| text.contains(word);
    let level = standing.verdict.level;
    if has("confirmation") || has("occurred") {
        return match level {
            VerdictLevel::Confirmed | VerdictLevel::NotSupported => {
                item(line, "met", format!("the verdict is {}", level.as_str()))
            }
            _ => item(
                line,
                "open",
                format!("the verdict is {}, which decides nothing", level.as_str()),
            ),
        };
    }
    if has("specific data") || has("accessed or transferred") {
        return if standing.movements.is_empty() && level == VerdictLevel::NotSupported {
            item(line, "met", "no movement of data was found")
        } else if standing.movements.is_empty() {
            item(line, "open", "no movement was found, and the logs have blind spots")
        } else {
            item(
                line,
                "met",
                format!("{} movements name their resources", standing.movements.len()),
            )
        };
    }
    if has("attribution") || has("intent") {
        return if standing.attributed && !standing.movements.is_empty() {
            item(
                line,
                "manual",
                "the actors are named; what they intended is for a person to decide",
            )
        } else {
            item(line, "open", "not every movement leads back to somebody")
        };
    }
    if has("sensitivity") || has("impact") {
        return item(
            line,
            "manual",
            format!(
                "{} signs of sensitive data were found; a person decides what they mean",
                standing.sensitivity
            ),
        );
    }
    if has("control") {
        return item(line, "manual", format!("{} controls were looked at", standing.controls));
    }
    item(line, "manual", "a person has to judge this")
}

fn document(line: &ListItem, standing: &Standing<'_>) -> CompletionItem {
    let text = line.text.to_lowercase();
    let has = |word: &str| text.contains(word);
    if has("timeline") {
        return if standing.timeline > 0 {
            item(line, "met", format!("{} lines, in the report", standing.timeline))
        } else if standing.movements.is_empty() {
            item(line, "met", "no movement, so no events to put in order")
        } else {
            item(line, "open", "no event of the actors is in the logs")
        };
    }
    if has("list of all") || has("affected resources") {
        return item(
            line,
            "met",
            "the report lists resources and objects as far as they are logged",
        );
    }
    if has("recommendation") {
        return item(
            line,
            "manual",
            format!("{} next steps are proposed", standing.verdict.next_steps.len()),
        );
    }
    if has("control") {
        return item(line, "manual", format!("{} controls were looked at", standing.controls));
    }
    item(line, "manual", "a person has to write this")
}

/// Judges each pivot point of the pattern by the words of its condition.
pub fn pivots(pattern: &Pattern, standing: &Standing<'_>) -> Vec<Pivot> {
    pattern
        .sections
        .iter()
        .flat_map(|section| &section.pivots)
        .map(|line| pivot(line, standing))
        .collect()
}

fn pivot(line: &ListItem, standing: &Standing<'_>) -> Pivot {
    let text = line.text.to_lowercase();
    let condition = text.split(',').next().unwrap_or(&text);
    let has = |word: &str| condition.contains(word);
    let moved = || standing.movements.iter().filter(|movement| movement.grade != Grade::Attempted);
    let (triggered, handover) = if has("multiple actors") {
        (
            Some(standing.actors > 1),
            format!("{} principals stand behind the movements", standing.actors),
        )
    } else if has("another aws account") {
        let accounts: std::collections::BTreeSet<String> = moved()
            .filter(|movement| movement.destination.external == Some(true))
            .filter_map(|movement| movement.destination.account.clone())
            .collect();
        (
            Some(!accounts.is_empty()),
            if accounts.is_empty() {
                "no movement names an outside account".to_owned()
            } else {
                format!("accounts: {}", accounts.into_iter().collect::<Vec<_>>().join(", "))
            },
        )
    } else if has("network-based") {
        let receivers: std::collections::BTreeSet<String> = moved()
            .filter(|movement| {
                matches!(movement.channel.as_str(), "network_egress" | "dns_tunnel")
                    && movement.destination.authorised != Authorised::Yes
            })
            .map(|movement| named(&movement.destination))
            .collect();
        (
            Some(!receivers.is_empty()),
            if receivers.is_empty() {
                "no large outbound flow and no data in DNS names is listed".to_owned()
            } else {
                format!("addresses: {}", receivers.into_iter().collect::<Vec<_>>().join(", "))
            },
        )
    } else if has("minimal or no sensitive") {
        (None, format!("{} signs of sensitive data were found", standing.sensitivity))
    } else if has("sensitive data was exposed") {
        (
            (standing.sensitivity > 0 && standing.verdict.level >= VerdictLevel::Likely)
                .then_some(true),
            format!(
                "{} signs of sensitive data were found; whether it is highly sensitive is for a \
                 person to say",
                standing.sensitivity
            ),
        )
    } else {
        (None, "a person has to say".to_owned())
    };
    Pivot { id: line.id.clone(), condition: line.text.clone(), triggered, handover }
}
