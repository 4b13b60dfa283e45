//! States as badges: a word, a shape that repeats it, a colour last.

use egret_model::report::{Authorised, CheckStatus, Confidence, Grade, Movement, StepStatus};

use crate::document::{Badge, Inline, Shape, Tone};
use crate::words::plain;

fn badge(word: impl Into<String>, shape: Shape, tone: Tone) -> Inline {
    Inline::Badge(Badge { word: word.into(), shape, tone })
}

/// How far a movement is proved, of itself.
pub(crate) fn grade(grade: Grade) -> Inline {
    badge(grade.as_str(), Shape::Bars(bars(grade)), Tone::Plain)
}

/// How far this movement is proved; red only for what is outside and not known to be allowed.
pub(crate) fn movement(movement: &Movement) -> Inline {
    let tone = if is_outside(movement) { Tone::Out } else { Tone::Plain };
    badge(movement.grade.as_str(), Shape::Bars(bars(movement.grade)), tone)
}

/// Whether the other side has the data and is not known to be allowed to.
pub(crate) fn is_outside(movement: &Movement) -> bool {
    movement.grade == Grade::Received
        && movement.destination.authorised != Authorised::Yes
        && movement.destination.external != Some(false)
}

fn bars(grade: Grade) -> u8 {
    match grade {
        Grade::Prepared => 0,
        Grade::Enabled => 1,
        Grade::Attempted => 2,
        Grade::Performed => 3,
        Grade::Received => 4,
    }
}

pub(crate) fn authorised(authorised: Authorised) -> Inline {
    match authorised {
        Authorised::Yes => badge("yes", Shape::Check, Tone::Held),
        Authorised::No => badge("no", Shape::Cross, Tone::Out),
        Authorised::Unknown => badge("unknown", Shape::Ring, Tone::Gap),
    }
}

pub(crate) fn step(status: StepStatus) -> Inline {
    match status {
        StepStatus::Answered => badge("rows found", Shape::Check, Tone::Plain),
        StepStatus::Empty => badge("nothing found", Shape::Dash, Tone::Plain),
        StepStatus::NotCovered => badge("cannot be determined", Shape::Hatch, Tone::Gap),
        StepStatus::Manual => badge("for a person", Shape::Half, Tone::Gap),
        StepStatus::Failed => badge("failed", Shape::Cross, Tone::Out),
        StepStatus::Unbound => badge("value missing", Shape::Half, Tone::Gap),
    }
}

pub(crate) fn check(status: CheckStatus) -> Inline {
    match status {
        CheckStatus::Met => badge("met", Shape::Check, Tone::Held),
        CheckStatus::NotMet => badge("not met", Shape::Cross, Tone::Gap),
        CheckStatus::Unknown => badge("cannot be determined", Shape::Hatch, Tone::Gap),
    }
}

pub(crate) fn confidence(confidence: Confidence) -> Inline {
    badge(confidence.as_str(), Shape::Dot, Tone::Plain)
}

/// Whether a pivot's condition holds.
pub(crate) fn triggered(triggered: Option<bool>) -> Inline {
    match triggered {
        Some(true) => badge("holds", Shape::Check, Tone::Gap),
        Some(false) => badge("does not hold", Shape::Dash, Tone::Plain),
        None => badge("for a person", Shape::Half, Tone::Gap),
    }
}

/// A state that the record keeps as a word. One that is not known here keeps its word.
pub(crate) fn state(word: &str) -> Inline {
    match word {
        "met" => badge("met", Shape::Check, Tone::Held),
        "held" => badge("held", Shape::Check, Tone::Held),
        "found" => badge("found", Shape::Check, Tone::Plain),
        "supported" => badge("supported", Shape::Check, Tone::Plain),
        "contradicted" => badge("contradicted", Shape::Cross, Tone::Plain),
        "nothing_found" => badge("nothing found", Shape::Dash, Tone::Plain),
        "not_covered" | "unknown" => badge("cannot be determined", Shape::Hatch, Tone::Gap),
        "not_testable" => badge("cannot be tested", Shape::Hatch, Tone::Gap),
        "open" => badge("open", Shape::Half, Tone::Gap),
        "manual" => badge("for a person", Shape::Half, Tone::Gap),
        "waived" => badge("waived", Shape::Dash, Tone::Gap),
        "failed" => badge("failed", Shape::Cross, Tone::Out),
        "weakened" => badge("weakened", Shape::Cross, Tone::Gap),
        "not_met" => badge("not met", Shape::Cross, Tone::Gap),
        other => badge(plain(other), Shape::Dot, Tone::Plain),
    }
}

/// A severity of a note on a query.
pub(crate) fn severity(word: &str) -> Inline {
    match word {
        "error" => badge("error", Shape::Cross, Tone::Out),
        "warning" => badge("warning", Shape::Half, Tone::Gap),
        other => badge(plain(other), Shape::Dot, Tone::Plain),
    }
}
