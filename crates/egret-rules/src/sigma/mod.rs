//! Sigma rules: detections and correlations, compiled to the same tree as every other query.
//!
//! Texts compare without regard to case, `*` and `?` are wildcards, `null` is a missing field.
//!
//! # Source
//!
//! <https://sigmahq.io/sigma-specification/>

mod correlation;
mod document;
mod fields;
mod values;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use egret_model::ecs::{Field, FieldKind, alias};
use egret_model::limits::QUERY_CLAUSES_MAX;
use egret_query::{Comparison, Condition, Piece, Place};
use rsigma_parser::ast::{
    ConditionExpr, CorrelationRule, Detection, DetectionItem, FilterRuleTarget, Modifier,
    Quantifier, SelectorPattern, SigmaRule,
};
use rsigma_parser::value::{SigmaString, SigmaValue, SpecialChar, StringPart};

pub(crate) use self::correlation::Correlation;
use self::document::{Content, Document, documents};
use self::fields::Logs;
use crate::{Asked, Kind, Refusal, Rule, Unread};

/// What a correlation may name.
#[derive(Clone, Copy)]
enum Named<'d> {
    Detection(&'d SigmaRule),
    /// Something else, and what.
    Other(&'static str),
    /// A document that could not be read.
    Unread,
    /// A title of several rules.
    Several,
}

/// Every name of every document, to what it stands for.
struct Names<'d> {
    /// By id and by name.
    own: BTreeMap<&'d str, Named<'d>>,
    /// By title, which some writers take for a name.
    titles: BTreeMap<&'d str, Named<'d>>,
}

impl<'d> Names<'d> {
    fn of(documents: &'d [(PathBuf, Document)]) -> Self {
        let mut names = Self { own: BTreeMap::new(), titles: BTreeMap::new() };
        for (_, document) in documents {
            let named = match &document.content {
                Ok(Content::Detection(rule)) => Named::Detection(rule),
                Ok(Content::Correlation(_)) => Named::Other("a correlation"),
                Ok(Content::Filter(_)) => Named::Other("a filter"),
                Err(_) => Named::Unread,
            };
            for name in [&document.id, &document.name].into_iter().flatten() {
                names.own.insert(name, named);
            }
            names
                .titles
                .entry(&document.title)
                .and_modify(|known| *known = Named::Several)
                .or_insert(named);
        }
        names
    }

    /// The detection that a correlation names.
    fn detection(&self, name: &str) -> Result<&'d SigmaRule, Refusal> {
        let found = self.own.get(name).or_else(|| self.titles.get(name));
        let refused = |what: &str| Err(Refusal::unsupported(format!("it names `{name}`, {what}")));
        match found {
            Some(Named::Detection(rule)) => Ok(rule),
            Some(Named::Other(what)) => {
                refused(&format!("which is {what}; correlations of detections are run"))
            }
            Some(Named::Unread) => refused("which could not be read"),
            Some(Named::Several) => {
                refused("the title of several rules; an `id` or a `name` tells them apart")
            }
            None => refused("and no rule among those read is called so"),
        }
    }
}

/// Reads files of one or more documents each.
pub(crate) fn read(files: &[(PathBuf, String)]) -> (Vec<Rule>, Vec<Unread>) {
    let all: Vec<(PathBuf, Document)> = files
        .iter()
        .flat_map(|(file, text)| {
            let documents = documents(text);
            documents.into_iter().map(|document| (file.clone(), document))
        })
        .collect();
    let names = Names::of(&all);
    let (mut rules, mut unread) = (Vec::new(), Vec::new());
    for (file, _) in files.iter().filter(|(file, _)| all.iter().all(|(known, _)| known != file)) {
        let reason = "expected a Sigma rule, found no document".to_owned();
        unread.push(Unread { file: file.clone(), reason });
    }
    for (file, document) in &all {
        let (datasets, kind) = match &document.content {
            Ok(Content::Detection(rule)) => {
                let kind = match compiled(rule) {
                    Ok(condition) => Kind::Query(Asked::Condition(condition)),
                    Err(refusal) => Kind::Refused(refusal),
                };
                (fields::logs(&rule.logsource).datasets(), kind)
            }
            Ok(Content::Correlation(rule)) => of_correlation(rule, &names),
            Ok(Content::Filter(_)) => {
                let reason = "filters are not applied; the rules that it names run without it";
                (Vec::new(), Kind::Refused(Refusal::unsupported(reason)))
            }
            // Nobody could tell which rule it is.
            Err(refusal) if document.title.is_empty() => {
                let place = document.place.iter().map(|place| format!("{place}: "));
                let reason = format!("{}{}", place.collect::<String>(), refusal.reason);
                unread.push(Unread { file: file.clone(), reason });
                continue;
            }
            Err(refusal) => (Vec::new(), Kind::Refused(refusal.clone())),
        };
        let mut notes = document.notes.clone();
        notes.extend(filters_of(document, &all));
        rules.push(Rule {
            id: document.id.clone().unwrap_or_else(|| stem(file)),
            title: document.title.clone(),
            level: document.level.clone(),
            language: "sigma",
            attack: attack(&document.tags),
            datasets,
            file: file.clone(),
            notes,
            kind,
        });
    }
    (rules, unread)
}

/// Filters that name a rule, or one that a correlation is of.
fn filters_of(document: &Document, all: &[(PathBuf, Document)]) -> Vec<String> {
    let mut own: Vec<&str> = vec![&document.title];
    own.extend([&document.id, &document.name].into_iter().flatten().map(String::as_str));
    if let Ok(Content::Correlation(rule)) = &document.content {
        own.extend(rule.rules.iter().map(String::as_str));
    }
    let is_named = |target: &FilterRuleTarget| match target {
        FilterRuleTarget::Specific(names) => names.iter().any(|name| own.contains(&name.as_str())),
        FilterRuleTarget::Any => false,
    };
    let titles = all.iter().filter_map(|(_, other)| match &other.content {
        Ok(Content::Filter(filter)) if is_named(&filter.rules) => Some(&filter.title),
        _ => None,
    });
    titles.map(|title| format!("the filter `{title}` is not applied")).collect()
}

/// A correlation, and the datasets of its rules.
fn of_correlation(rule: &CorrelationRule, names: &Names<'_>) -> (Vec<String>, Kind) {
    let mut datasets = Vec::new();
    let mut parts = Vec::new();
    let mut first = None;
    let mut refused: Option<Refusal> = None;
    for name in &rule.rules {
        let part = names.detection(name).and_then(|detection| {
            datasets.extend(fields::logs(&detection.logsource).datasets());
            first.get_or_insert(detection);
            compiled(detection).map_err(|refusal| refusal.within(&format!("`{name}`")))
        });
        match part {
            Ok(condition) => parts.push((name.clone(), Asked::Condition(condition))),
            Err(refusal) => refused = Some(refused.unwrap_or(refusal)),
        }
    }
    datasets.sort();
    datasets.dedup();
    let ecs = |name: &str| fields::ecs(name, first.map(|rule| &rule.logsource));
    let kind = match refused {
        Some(refusal) => Kind::Refused(refusal),
        None => match Correlation::of(rule, ecs) {
            Ok(correlation) => Kind::Correlation(parts, correlation),
            Err(reason) => Kind::Refused(Refusal::unsupported(reason)),
        },
    };
    (datasets, kind)
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// `attack.t1537` as `T1537`.
fn attack(tags: &[String]) -> Vec<String> {
    let mut found: Vec<String> = tags
        .iter()
        .filter_map(|tag| tag.to_ascii_lowercase().strip_prefix("attack.").map(str::to_owned))
        .filter(|tag| {
            tag.starts_with('t') && tag.chars().nth(1).is_some_and(|two| two.is_ascii_digit())
        })
        .map(|tag| tag.to_ascii_uppercase())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The condition that a rule's detection section states.
fn compiled(rule: &SigmaRule) -> Result<Condition, Refusal> {
    let logs = fields::logs(&rule.logsource);
    if let Logs::None(what) = &logs {
        return Err(Refusal::unsupported(format!(
            "no log at hand could show it: its log source ({what}) is none that is read"
        )));
    }
    if let Some(timeframe) = &rule.detection.timeframe {
        return Err(Refusal::unsupported(format!(
            "`timeframe: {timeframe}` belongs to counting conditions, which Sigma has as correlations now"
        )));
    }
    let selections = rule.detection.named.iter();
    let named: BTreeMap<&str, &Detection> =
        selections.map(|(name, detection)| (name.as_str(), detection)).collect();
    let compiler = Compiler { rule, logs: &logs, left: Cell::new(QUERY_CLAUSES_MAX) };
    let any = rule
        .detection
        .conditions
        .iter()
        .map(|condition| compiler.condition(condition, &named))
        .collect::<Result<Vec<_>, _>>()?;
    if any.is_empty() {
        return Err(Refusal::failed("expected a `condition`, found none"));
    }
    // The log source is part of what the rule says.
    let (name, star) = match &logs {
        Logs::Dataset(dataset) => (dataset.as_str(), None),
        Logs::Aws | Logs::None(_) => ("aws.", Some(Piece::Any)),
    };
    let mut pieces = vec![Piece::Text(name.to_owned())];
    pieces.extend(star);
    let is_of = Condition::value("event.dataset", pieces, false);
    Ok(Condition::all(vec![is_of, Condition::any(any)]))
}

struct Compiler<'r> {
    rule: &'r SigmaRule,
    logs: &'r Logs,
    /// Values that may still come: a condition may name a selection many times.
    left: Cell<usize>,
}

impl Compiler<'_> {
    fn condition(
        &self,
        condition: &ConditionExpr,
        named: &BTreeMap<&str, &Detection>,
    ) -> Result<Condition, Refusal> {
        let each = |parts: &[ConditionExpr]| -> Result<Vec<Condition>, Refusal> {
            parts.iter().map(|part| self.condition(part, named)).collect()
        };
        Ok(match condition {
            ConditionExpr::And(parts) => Condition::all(each(parts)?),
            ConditionExpr::Or(parts) => Condition::any(each(parts)?),
            ConditionExpr::Not(part) => self.condition(part, named)?.negated(),
            ConditionExpr::Identifier(name) => {
                let detection = named.get(name.as_str()).ok_or_else(|| {
                    Refusal::failed(format!(
                        "the condition names `{name}`, and no selection is called so"
                    ))
                })?;
                self.detection(detection)?
            }
            ConditionExpr::Selector { quantifier, pattern } => {
                let mut chosen = Vec::new();
                for (name, detection) in named {
                    let fits = match pattern {
                        // Names with an underscore in front are the writer's own.
                        SelectorPattern::Them => !name.starts_with('_'),
                        SelectorPattern::Pattern(pattern) => egret_model::glob::fits(pattern, name),
                    };
                    if fits {
                        chosen.push(self.detection(detection)?);
                    }
                }
                if chosen.is_empty() {
                    return Err(Refusal::failed(format!("`{condition}` fits no selection")));
                }
                match quantifier {
                    Quantifier::Any | Quantifier::Count(1) => Condition::any(chosen),
                    Quantifier::All => Condition::all(chosen),
                    Quantifier::Count(count) => {
                        let count = usize::try_from(*count).unwrap_or(usize::MAX);
                        if count > chosen.len() {
                            return Err(Refusal::failed(format!(
                                "`{condition}` never holds: {} selections fit",
                                chosen.len()
                            )));
                        }
                        Condition::at_least(count, chosen)
                    }
                }
            }
        })
    }

    fn detection(&self, detection: &Detection) -> Result<Condition, Refusal> {
        let each = |parts: &[Detection]| -> Result<Vec<Condition>, Refusal> {
            parts.iter().map(|part| self.detection(part)).collect()
        };
        Ok(match detection {
            Detection::AllOf(items) => Condition::all(
                items.iter().map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?,
            ),
            Detection::AnyOf(parts) => Condition::any(each(parts)?),
            Detection::And(parts) => Condition::all(each(parts)?),
            Detection::Keywords(values) => Condition::any(self.keywords(values)?),
            Detection::Conditional { named, condition } => {
                let named: BTreeMap<&str, &Detection> =
                    named.iter().map(|(name, detection)| (name.as_str(), detection)).collect();
                self.condition(condition, &named)?
            }
            Detection::ArrayMatch { field, .. } => {
                return Err(Refusal::unsupported(format!(
                    "conditions on single elements of `{field}` are not run"
                )));
            }
        })
    }

    /// Counts values, so that no rule becomes a tree that fills the memory before it is refused.
    fn spend(&self, values: usize) -> Result<(), Refusal> {
        let left = self.left.get().checked_sub(values);
        self.left.set(left.ok_or_else(|| {
            Refusal::unsupported(format!(
                "its conditions come to more than {QUERY_CLAUSES_MAX} values"
            ))
        })?);
        Ok(())
    }

    fn keywords(&self, values: &[SigmaValue]) -> Result<Vec<Condition>, Refusal> {
        self.spend(values.len())?;
        let dataset = match self.logs {
            Logs::Dataset(dataset) => Some(*dataset),
            Logs::Aws | Logs::None(_) => None,
        };
        let keyword = |value: &SigmaValue| match value {
            SigmaValue::String(text) => Ok(Condition::text(pieces(text), dataset)),
            SigmaValue::Null => Err(Refusal::failed("a keyword cannot be `null`")),
            other => Ok(Condition::text(vec![Piece::Text(other.to_string())], dataset)),
        };
        values.iter().map(keyword).collect()
    }

    fn item(&self, item: &DetectionItem) -> Result<Condition, Refusal> {
        let has = |modifier| item.field.has_modifier(modifier);
        let Some(name) = &item.field.name else {
            let other = |one: &&Modifier| !matches!(one, Modifier::All | Modifier::Contains);
            if let Some(modifier) = item.field.modifiers.iter().find(other) {
                return Err(Refusal::unsupported(format!(
                    "the modifier `{}` of keywords is not run",
                    written(*modifier)
                )));
            }
            let all = self.keywords(&item.values)?;
            return Ok(if has(Modifier::All) { Condition::all(all) } else { Condition::any(all) });
        };
        let field = fields::ecs(name, Some(&self.rule.logsource));
        for modifier in &item.field.modifiers {
            let known = matches!(
                modifier,
                Modifier::Contains
                    | Modifier::StartsWith
                    | Modifier::EndsWith
                    | Modifier::All
                    | Modifier::Base64
                    | Modifier::Base64Offset
                    | Modifier::Wide
                    | Modifier::WindAsh
                    | Modifier::Re
                    | Modifier::Cidr
                    | Modifier::Cased
                    | Modifier::Exists
                    | Modifier::FieldRef
                    | Modifier::Gt
                    | Modifier::Gte
                    | Modifier::Lt
                    | Modifier::Lte
                    | Modifier::Neq
                    | Modifier::IgnoreCase
                    | Modifier::Multiline
                    | Modifier::DotAll
            );
            if !known {
                return Err(Refusal::unsupported(format!(
                    "the modifier `{}` of `{name}` is not run",
                    written(*modifier)
                )));
            }
        }
        self.spend(item.values.len())?;
        let values = item
            .values
            .iter()
            .map(|value| self.value(&field, value, item))
            .collect::<Result<Vec<_>, _>>()?;
        let joined =
            if has(Modifier::All) { Condition::all(values) } else { Condition::any(values) };
        Ok(if has(Modifier::Neq) { joined.negated() } else { joined })
    }

    /// One value of a field.
    fn value(
        &self,
        field: &str,
        value: &SigmaValue,
        item: &DetectionItem,
    ) -> Result<Condition, Refusal> {
        let has = |modifier| item.field.has_modifier(modifier);
        let folds = !has(Modifier::Cased);
        if has(Modifier::Exists) {
            let is_there = !matches!(value, SigmaValue::Bool(false));
            let exists = Condition::exists(field);
            return Ok(if is_there { exists } else { exists.negated() });
        }
        if has(Modifier::FieldRef) {
            let other = fields::ecs(&original(value), Some(&self.rule.logsource));
            let place = if has(Modifier::Contains) {
                Place::Anywhere
            } else if has(Modifier::StartsWith) {
                Place::Start
            } else if has(Modifier::EndsWith) {
                Place::End
            } else {
                Place::Whole
            };
            return Ok(Condition::refers(field, place, &other, folds));
        }
        if has(Modifier::Re) {
            let flags: String =
                [(Modifier::IgnoreCase, 'i'), (Modifier::Multiline, 'm'), (Modifier::DotAll, 's')]
                    .into_iter()
                    .filter_map(|(modifier, flag)| has(modifier).then_some(flag))
                    .collect();
            let regex = original(value);
            let regex = if flags.is_empty() { regex } else { format!("(?{flags}){regex}") };
            return Ok(Condition::regex(field, &regex));
        }
        if has(Modifier::Cidr) {
            return network(field, &original(value));
        }
        let comparison = [
            (Modifier::Gt, Comparison::Greater),
            (Modifier::Gte, Comparison::GreaterOrEqual),
            (Modifier::Lt, Comparison::Less),
            (Modifier::Lte, Comparison::LessOrEqual),
        ]
        .into_iter()
        .find_map(|(modifier, comparison)| has(modifier).then_some(comparison));
        if let Some(comparison) = comparison {
            return Ok(Condition::compared(field, comparison, &value.to_string()));
        }
        let written = match value {
            SigmaValue::Null => return Ok(Condition::exists(field).negated()),
            SigmaValue::String(text) => pieces(text),
            other => vec![Piece::Text(other.to_string())],
        };
        // Numbers, addresses and truths have no case.
        let folds = folds && matches!(value, SigmaValue::String(_));
        let variants = values::variants(written, &item.field).map_err(Refusal::unsupported)?;
        self.spend(variants.len().saturating_sub(1))?;
        let around = |mut pieces: Vec<Piece>| {
            if has(Modifier::Contains) || has(Modifier::EndsWith) {
                pieces.insert(0, Piece::Any);
            }
            if has(Modifier::Contains) || has(Modifier::StartsWith) {
                pieces.push(Piece::Any);
            }
            Condition::value(field, pieces, folds)
        };
        Ok(Condition::any(variants.into_iter().map(around).collect()))
    }
}

/// A modifier as rules write it.
fn written(modifier: Modifier) -> String {
    format!("|{modifier:?}").to_ascii_lowercase()
}

/// Addresses of a network.
fn network(field: &str, text: &str) -> Result<Condition, Refusal> {
    let is_network =
        text.parse::<ipnet::IpNet>().is_ok() || text.parse::<std::net::IpAddr>().is_ok();
    if !is_network {
        return Err(Refusal::failed(format!(
            "expected a network such as `10.0.0.0/8` for `{field}`, found `{text}`"
        )));
    }
    let canonical = alias::canonical(field);
    let known = Field::by_name(&canonical);
    let is_address = |field: Field| {
        field.kind() == FieldKind::Ip || field.name().strip_suffix(".address").is_some()
    };
    let is_below = known.is_none()
        && Field::all().any(|field| {
            field.kind() == FieldKind::Flattened
                && canonical.strip_prefix(field.name()).is_some_and(|path| path.starts_with('.'))
        });
    if is_below || known.is_some_and(|field| !is_address(field)) {
        return Err(Refusal::unsupported(format!(
            "`{field}` is no column of addresses, so no network is looked for in it"
        )));
    }
    Ok(Condition::value(field, vec![Piece::Text(text.to_owned())], false))
}

/// The value as it was written, for regular expressions and networks.
fn original(value: &SigmaValue) -> String {
    match value {
        SigmaValue::String(text) => text.original.clone(),
        other => other.to_string(),
    }
}

fn pieces(text: &SigmaString) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = text
        .parts
        .iter()
        .map(|part| match part {
            StringPart::Plain(text) => Piece::Text(text.clone()),
            StringPart::Special(SpecialChar::WildcardMulti) => Piece::Any,
            StringPart::Special(SpecialChar::WildcardSingle) => Piece::One,
        })
        .collect();
    if pieces.is_empty() {
        pieces.push(Piece::Text(String::new()));
    }
    pieces
}
