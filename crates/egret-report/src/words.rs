//! Amounts, times and badges in words.

use egret_model::report::{Authorised, Bound, Citation, Grade, StepStatus, VerdictLevel, Volume};

use crate::document::{Badge, Inline, Tone};

pub(crate) use egret_model::words::thousands;

/// Bytes in a decimal unit beside the exact number.
fn bytes(bytes: u64) -> String {
    let exact = format!("{} bytes", thousands(bytes));
    if bytes < 1_000 { exact } else { format!("{} ({exact})", egret_model::words::bytes(bytes)) }
}

/// An amount with its bound.
pub(crate) fn volume(volume: &Volume) -> String {
    match (volume.value, volume.bound) {
        (Some(value), Bound::Exact) => bytes(value),
        (Some(value), Bound::Lower) => format!("at least {}", bytes(value)),
        (Some(value), Bound::Upper) => format!("at most {}", bytes(value)),
        (Some(value), Bound::Unknown) => format!("about {}", bytes(value)),
        (None, _) => "not known".to_owned(),
    }
}

pub(crate) fn grade(grade: Grade, tone: Tone) -> Inline {
    let bars = match grade {
        Grade::Enabled => 1,
        Grade::Attempted => 2,
        Grade::Performed => 3,
        Grade::Received => 4,
    };
    Inline::Badge(Badge { word: grade.as_str().to_owned(), bars: Some(bars), sign: "", tone })
}

pub(crate) fn authorised(authorised: Authorised) -> Inline {
    let (word, sign, tone) = match authorised {
        Authorised::Yes => ("authorised", "✓", Tone::Held),
        Authorised::No => ("not authorised", "×", Tone::Out),
        Authorised::Unknown => ("not known whether authorised", "◌", Tone::Gap),
    };
    Inline::Badge(Badge { word: word.to_owned(), bars: None, sign, tone })
}

pub(crate) fn step(status: StepStatus) -> Inline {
    let (word, sign, tone) = match status {
        StepStatus::Answered => ("answered", "✓", Tone::Plain),
        StepStatus::Empty => ("nothing found", "–", Tone::Held),
        StepStatus::NotCovered => ("cannot be determined", "▨", Tone::Gap),
        StepStatus::Manual => ("for a person", "◐", Tone::Gap),
        StepStatus::Failed => ("failed", "×", Tone::Out),
        StepStatus::Unbound => ("no value", "◐", Tone::Gap),
    };
    Inline::Badge(Badge { word: word.to_owned(), bars: None, sign, tone })
}

/// A state word of the record as a badge.
pub(crate) fn state(word: &str) -> Inline {
    let (sign, tone) = match word {
        "met" | "held" => ("✓", Tone::Held),
        "found" | "supported" => ("✓", Tone::Plain),
        "nothing_found" => ("–", Tone::Held),
        "not_covered" | "not_testable" | "unknown" => ("▨", Tone::Gap),
        "open" | "manual" => ("◐", Tone::Gap),
        "failed" | "not_met" | "weakened" => ("×", Tone::Out),
        _ => ("·", Tone::Plain),
    };
    Inline::Badge(Badge { word: word.replace('_', " "), bars: None, sign, tone })
}

pub(crate) fn verdict_tone(level: VerdictLevel) -> Tone {
    match level {
        VerdictLevel::Confirmed | VerdictLevel::Likely => Tone::Out,
        VerdictLevel::Possible | VerdictLevel::Undetermined => Tone::Gap,
        VerdictLevel::NotSupported => Tone::Held,
    }
}

/// A record as a reader finds it.
pub(crate) fn record(citation: &Citation) -> Vec<Inline> {
    if citation.file.is_empty() {
        return vec![Inline::Value(citation.id.clone())];
    }
    vec![
        Inline::Value(citation.id.clone()),
        Inline::Text(format!(" in {} record {}", citation.file, citation.record)),
    ]
}
