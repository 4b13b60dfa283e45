//! Sigma rules: detections and correlations, compiled to the same tree as every other query.
//!
//! Texts compare without regard to case, `*` and `?` are wildcards, `null` is a missing field.
//!
//! # Source
//!
//! <https://sigmahq.io/sigma-specification/>

mod correlation;
mod fields;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use egret_query::{Comparison, Condition, Piece};
use rsigma_parser::ast::{
    ConditionExpr, CorrelationRule, Detection, DetectionItem, Modifier, Quantifier,
    SelectorPattern, SigmaRule,
};
use rsigma_parser::value::{SigmaString, SigmaValue, SpecialChar, StringPart};

pub(crate) use self::correlation::Correlation;
use crate::{Asked, Kind, Rule, Unread};

/// Reads files of one or more documents each.
pub(crate) fn read(files: &[(PathBuf, String)]) -> (Vec<Rule>, Vec<Unread>) {
    let (mut rules, mut unread) = (Vec::new(), Vec::new());
    // By id and by name, since a correlation may use either.
    let mut named: BTreeMap<String, SigmaRule> = BTreeMap::new();
    let mut correlations: Vec<(PathBuf, CorrelationRule)> = Vec::new();
    for (file, text) in files {
        let collection = match rsigma_parser::parse_sigma_yaml(text) {
            Ok(collection) => collection,
            Err(error) => {
                let reason = format!("expected a Sigma rule: {error}");
                unread.push(Unread { file: file.clone(), reason });
                continue;
            }
        };
        for error in &collection.errors {
            unread.push(Unread { file: file.clone(), reason: error.clone() });
        }
        for rule in collection.rules {
            for name in [&rule.id, &rule.name].into_iter().flatten() {
                named.insert(name.clone(), rule.clone());
            }
            rules.push(of_detection(file, &rule));
        }
        correlations.extend(collection.correlations.into_iter().map(|one| (file.clone(), one)));
        for filter in collection.filters {
            let reason = format!("the filter `{}` is not applied", filter.title);
            unread.push(Unread { file: file.clone(), reason });
        }
    }
    for (file, correlation) in correlations {
        rules.push(of_correlation(&file, &correlation, &named));
    }
    (rules, unread)
}

fn of_detection(file: &Path, rule: &SigmaRule) -> Rule {
    let kind = match compiled(rule) {
        Ok(condition) => Kind::Query(Asked::Condition(condition)),
        Err(reason) => Kind::Unsupported(reason),
    };
    Rule {
        id: rule.id.clone().unwrap_or_else(|| stem(file)),
        title: rule.title.clone(),
        level: rule.level.map_or_else(String::new, |level| level.as_str().to_owned()),
        language: "sigma",
        attack: attack(&rule.tags),
        datasets: fields::dataset(&rule.logsource)
            .map(|one| one.as_str().to_owned())
            .into_iter()
            .collect(),
        file: file.to_owned(),
        kind,
    }
}

fn of_correlation(
    file: &Path,
    rule: &CorrelationRule,
    named: &BTreeMap<String, SigmaRule>,
) -> Rule {
    let mut datasets = Vec::new();
    let mut parts = Vec::new();
    let mut problem = None;
    for name in &rule.rules {
        match named.get(name) {
            Some(detection) => {
                datasets.extend(
                    fields::dataset(&detection.logsource).map(|one| one.as_str().to_owned()),
                );
                match compiled(detection) {
                    Ok(condition) => parts.push((name.clone(), Asked::Condition(condition))),
                    Err(reason) => problem = Some(format!("`{name}`: {reason}")),
                }
            }
            None => {
                problem = Some(format!("it names a rule `{name}` that is not among those read"));
            }
        }
    }
    let product = rule.rules.iter().find_map(|name| named.get(name));
    let kind = match problem {
        Some(reason) => Kind::Unsupported(reason),
        None => match Correlation::of(rule, |name| {
            fields::ecs(name, product.map(|rule| &rule.logsource))
        }) {
            Ok(correlation) => Kind::Correlation(parts, correlation),
            Err(reason) => Kind::Unsupported(reason),
        },
    };
    datasets.sort();
    datasets.dedup();
    Rule {
        id: rule.id.clone().unwrap_or_else(|| stem(file)),
        title: rule.title.clone(),
        level: rule.level.map_or_else(String::new, |level| level.as_str().to_owned()),
        language: "sigma",
        attack: attack(&rule.tags),
        datasets,
        file: file.to_owned(),
        kind,
    }
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
pub(crate) fn compiled(rule: &SigmaRule) -> Result<Condition, String> {
    if let Some(timeframe) = &rule.detection.timeframe {
        return Err(format!(
            "`timeframe: {timeframe}` belongs to counting conditions, which Sigma has as correlations now"
        ));
    }
    let selections = rule.detection.named.iter();
    let named: BTreeMap<&str, &Detection> =
        selections.map(|(name, detection)| (name.as_str(), detection)).collect();
    let compiler = Compiler { rule };
    let any = rule
        .detection
        .conditions
        .iter()
        .map(|condition| compiler.condition(condition, &named))
        .collect::<Result<Vec<_>, _>>()?;
    if any.is_empty() {
        return Err("expected a `condition`, found none".to_owned());
    }
    let wanted = Condition::any(any);
    Ok(match fields::dataset(&rule.logsource) {
        // The log source is part of what the rule says.
        Some(dataset) => {
            let is_of = Condition::value(
                "event.dataset",
                vec![Piece::Text(dataset.as_str().to_owned())],
                false,
            );
            Condition::all(vec![is_of, wanted])
        }
        None => wanted,
    })
}

struct Compiler<'r> {
    rule: &'r SigmaRule,
}

impl Compiler<'_> {
    fn condition(
        &self,
        condition: &ConditionExpr,
        named: &BTreeMap<&str, &Detection>,
    ) -> Result<Condition, String> {
        let each = |parts: &[ConditionExpr]| -> Result<Vec<Condition>, String> {
            parts.iter().map(|part| self.condition(part, named)).collect()
        };
        Ok(match condition {
            ConditionExpr::And(parts) => Condition::all(each(parts)?),
            ConditionExpr::Or(parts) => Condition::any(each(parts)?),
            ConditionExpr::Not(part) => self.condition(part, named)?.negated(),
            ConditionExpr::Identifier(name) => {
                let detection = named.get(name.as_str()).ok_or_else(|| {
                    format!("the condition names `{name}`, and no selection is called so")
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
                    return Err(format!("`{condition}` fits no selection"));
                }
                match quantifier {
                    Quantifier::Any | Quantifier::Count(1) => Condition::any(chosen),
                    Quantifier::All => Condition::all(chosen),
                    Quantifier::Count(count) => {
                        let count = usize::try_from(*count).unwrap_or(usize::MAX);
                        Condition::any(choices(&chosen, count))
                    }
                }
            }
        })
    }

    fn detection(&self, detection: &Detection) -> Result<Condition, String> {
        let each = |parts: &[Detection]| -> Result<Vec<Condition>, String> {
            parts.iter().map(|part| self.detection(part)).collect()
        };
        Ok(match detection {
            Detection::AllOf(items) => Condition::all(
                items.iter().map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?,
            ),
            Detection::AnyOf(parts) => Condition::any(each(parts)?),
            Detection::And(parts) => Condition::all(each(parts)?),
            Detection::Keywords(values) => {
                Condition::any(values.iter().map(keyword).collect::<Result<Vec<_>, _>>()?)
            }
            Detection::Conditional { named, condition } => {
                let named: BTreeMap<&str, &Detection> =
                    named.iter().map(|(name, detection)| (name.as_str(), detection)).collect();
                self.condition(condition, &named)?
            }
            Detection::ArrayMatch { field, .. } => {
                return Err(format!("conditions on single elements of `{field}` are not run"));
            }
        })
    }

    fn item(&self, item: &DetectionItem) -> Result<Condition, String> {
        let Some(name) = &item.field.name else {
            let all = item.values.iter().map(keyword).collect::<Result<Vec<_>, _>>()?;
            return Ok(if item.field.has_modifier(Modifier::All) {
                Condition::all(all)
            } else {
                Condition::any(all)
            });
        };
        let field = fields::ecs(name, Some(&self.rule.logsource));
        let has = |modifier| item.field.has_modifier(modifier);
        for modifier in &item.field.modifiers {
            let known = matches!(
                modifier,
                Modifier::Contains
                    | Modifier::StartsWith
                    | Modifier::EndsWith
                    | Modifier::All
                    | Modifier::Re
                    | Modifier::Cidr
                    | Modifier::Cased
                    | Modifier::Exists
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
                return Err(format!("the modifier `{modifier:?}` of `{name}` is not run"));
            }
        }
        let folds = !has(Modifier::Cased);
        let mut values = Vec::new();
        for value in &item.values {
            values.push(if has(Modifier::Exists) {
                let is_there = !matches!(value, SigmaValue::Bool(false));
                let exists = Condition::exists(&field);
                if is_there { exists } else { exists.negated() }
            } else if has(Modifier::Re) {
                let mut flags = String::new();
                for (modifier, flag) in [
                    (Modifier::IgnoreCase, 'i'),
                    (Modifier::Multiline, 'm'),
                    (Modifier::DotAll, 's'),
                ] {
                    if has(modifier) {
                        flags.push(flag);
                    }
                }
                let regex = original(value);
                let regex = if flags.is_empty() { regex } else { format!("(?{flags}){regex}") };
                Condition::regex(&field, &regex)
            } else if has(Modifier::Cidr) {
                Condition::value(&field, vec![Piece::Text(original(value))], false)
            } else if let Some(comparison) = [
                (Modifier::Gt, Comparison::Greater),
                (Modifier::Gte, Comparison::GreaterOrEqual),
                (Modifier::Lt, Comparison::Less),
                (Modifier::Lte, Comparison::LessOrEqual),
            ]
            .into_iter()
            .find_map(|(modifier, comparison)| has(modifier).then_some(comparison))
            {
                Condition::compared(&field, comparison, &value.to_string())
            } else {
                plain(&field, value, folds, item)
            });
        }
        let joined =
            if has(Modifier::All) { Condition::all(values) } else { Condition::any(values) };
        Ok(if has(Modifier::Neq) { joined.negated() } else { joined })
    }
}

fn plain(field: &str, value: &SigmaValue, folds: bool, item: &DetectionItem) -> Condition {
    let mut pieces = match value {
        SigmaValue::Null => return Condition::exists(field).negated(),
        SigmaValue::String(text) => pieces(text),
        other => vec![Piece::Text(other.to_string())],
    };
    let has = |modifier| item.field.has_modifier(modifier);
    if has(Modifier::Contains) || has(Modifier::EndsWith) {
        pieces.insert(0, Piece::Any);
    }
    if has(Modifier::Contains) || has(Modifier::StartsWith) {
        pieces.push(Piece::Any);
    }
    // Numbers, addresses and truths have no case.
    let is_text = matches!(value, SigmaValue::String(_));
    Condition::value(field, pieces, folds && is_text)
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

fn keyword(value: &SigmaValue) -> Result<Condition, String> {
    match value {
        SigmaValue::String(text) => Ok(Condition::text(pieces(text))),
        SigmaValue::Null => Err("a keyword cannot be `null`".to_owned()),
        other => Ok(Condition::text(vec![Piece::Text(other.to_string())])),
    }
}

/// Every way to choose so many, all of them together.
fn choices(from: &[Condition], count: usize) -> Vec<Condition> {
    fn choose(from: &[Condition], count: usize, so_far: &[Condition], found: &mut Vec<Condition>) {
        if count == 0 {
            found.push(Condition::all(so_far.to_vec()));
            return;
        }
        for (at, one) in from.iter().enumerate() {
            let rest = from.get(at.saturating_add(1)..).unwrap_or_default();
            let mut longer = so_far.to_vec();
            longer.push(one.clone());
            choose(rest, count.saturating_sub(1), &longer, found);
        }
    }
    let mut found = Vec::new();
    choose(from, count, &[], &mut found);
    found
}
