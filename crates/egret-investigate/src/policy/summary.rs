//! Pieces that stand open, put together into exposures.
//!
//! Equal receivers under equal conditions become one; what is said once without a condition is not
//! said again with one.

use std::collections::{BTreeMap, BTreeSet};

use super::action::reads;
use super::condition::{Clause, shown};
use super::delivery::{is_delivery_account, is_delivery_service};
use super::deny::Piece;
use super::pattern::{Pattern, Work};
use super::principal::Audience;
use super::{Exposure, Part, THROUGH};

/// Rows of one receiver that are compared with each other; beyond that they stay as they are.
const COMPARED_MAX: usize = 200;

/// To whom, as an [`Exposure`] says it, with what narrows it.
type Receiver = (&'static str, String, Vec<String>);

type Patterns = Vec<Pattern>;

/// All exposures, sorted.
pub(super) fn exposures(pieces: &[Piece], work: &Work) -> Vec<Exposure> {
    // Actions that one receiver has on the same resources under the same conditions.
    let mut actions: BTreeMap<(Receiver, Option<String>, Patterns), BTreeSet<Pattern>> =
        BTreeMap::new();
    for piece in pieces {
        let (receiver, only) = receiver(piece);
        actions
            .entry((receiver, only, piece.reach.resources.clone()))
            .or_default()
            .extend(piece.reach.actions.iter().cloned());
    }
    // Principals of one account that have the same; `None` among them is all of the account.
    let mut principals: BTreeMap<(Receiver, Patterns, Patterns), BTreeSet<Option<String>>> =
        BTreeMap::new();
    for ((receiver, only, resources), actions) in actions {
        let actions: Vec<Pattern> = actions.into_iter().collect();
        principals.entry((receiver, actions, resources)).or_default().insert(only);
    }
    let mut parts: BTreeMap<(&'static str, String), Vec<Part>> = BTreeMap::new();
    for (((kind, id, mut conditions), actions, resources), only) in principals {
        // All of them are named, or one of them is the account.
        let only: Option<Vec<String>> = only.into_iter().collect();
        if let Some(only) = only {
            let one = if only.len() > 1 { "is one of" } else { "is" };
            conditions.push(format!("principal {one} {}", shown(&only)));
        }
        conditions.sort();
        let part = Part { actions, resources, conditions };
        parts.entry((kind, id)).or_default().push(part);
    }
    if let Some(services) = parts.get_mut(&("aws_service", "*".to_owned())) {
        let everyone = of_everyone(pieces);
        services.retain_mut(|part| !part.lose(&everyone, work));
    }
    let mut exposures: Vec<Exposure> = parts
        .into_iter()
        .flat_map(|((kind, id), parts)| {
            let parts = without_repetition(parts, work);
            parts.into_iter().map(move |part| (kind, id.clone(), part)).collect::<Vec<_>>()
        })
        .map(|(kind, id, part)| {
            let reads = reads(&part.actions, work);
            part.exposure(kind, &id, reads)
        })
        .filter(|exposure| exposure.reads || !delivers(exposure))
        .collect();
    exposures.sort();
    exposures.dedup();
    exposures
}

fn receiver(piece: &Piece) -> (Receiver, Option<String>) {
    let mut conditions: Vec<String> = piece.clauses.iter().map(Clause::words).collect();
    let (kind, id, only, through) = match &piece.who {
        Audience::Everyone => ("public", "*", None, None),
        Audience::Account { id, only, through } => {
            ("aws_account", id.as_str(), only.clone(), through.as_ref())
        }
        Audience::Organization { id, through } => {
            ("organization", id.as_str(), None, through.as_ref())
        }
        Audience::Service(service) => ("aws_service", service.as_str(), None, None),
        Audience::Principal(id) => ("principal", id.as_str(), None, None),
        Audience::Canonical(id) => ("canonical_user", id.as_str(), None, None),
    };
    conditions.extend(through.map(|service| match service.as_str() {
        "*" => format!("{THROUGH}an AWS service"),
        service => format!("{THROUGH}{service}"),
    }));
    conditions.sort();
    conditions.dedup();
    ((kind, id.to_owned(), conditions), only)
}

/// What is open to everyone, and so to services, under the conditions that are any for a service: it
/// lacks what tells about a caller.
fn of_everyone(pieces: &[Piece]) -> Vec<Part> {
    let of_everyone = pieces.iter().filter(|piece| piece.who == Audience::Everyone);
    let part = |piece: &Piece| Part {
        actions: piece.reach.actions.clone(),
        resources: piece.reach.resources.clone(),
        conditions: piece
            .clauses
            .iter()
            .filter(|clause| !(clause.meaning.is_caller() && clause.missing))
            .map(Clause::words)
            .collect(),
    };
    of_everyone.take(COMPARED_MAX).map(part).collect()
}

fn delivers(exposure: &Exposure) -> bool {
    match exposure.kind {
        "aws_service" => is_delivery_service(&exposure.id),
        "aws_account" => is_delivery_account(&exposure.id),
        _ => false,
    }
}

/// The parts without what another part says under fewer conditions.
fn without_repetition(parts: Vec<Part>, work: &Work) -> Vec<Part> {
    if parts.len() > COMPARED_MAX {
        return parts;
    }
    let mut kept: Vec<Part> = Vec::new();
    let mut waiting: std::collections::VecDeque<Part> = parts.into();
    while let Some(mut part) = waiting.pop_front() {
        if !part.lose(kept.iter().chain(&waiting), work) {
            kept.push(part);
        }
    }
    kept
}
