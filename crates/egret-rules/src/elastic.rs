//! Elastic's detection rules, as their repository keeps them: TOML with a `[rule]` table.
//!
//! # Source
//!
//! <https://www.elastic.co/docs/solutions/security/detect-and-alert>, rule types `query`, `threshold`,
//! `new_terms`, `eql` and `esql`.

use std::collections::BTreeSet;
use std::path::Path;

use egret_model::dataset::Dataset;
use egret_query::Language;
use toml::{Table, Value};

use crate::{Asked, Counting, Kind, NewTerms, Refusal, Rule};

const SECOND: i64 = 1_000_000;

/// Reads one file; the error says what was expected and found.
pub(crate) fn read(text: &str, file: &Path) -> Result<Rule, String> {
    let document: Table = text
        .parse()
        .map_err(|error: toml::de::Error| format!("expected TOML: {}", error.message()))?;
    let rule = document
        .get("rule")
        .and_then(Value::as_table)
        .ok_or("expected a table `[rule]`, found none")?;
    let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
    let stem =
        file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let or_stem = |text: &str| if text.is_empty() { stem.clone() } else { text.to_owned() };
    let kind = text("type");
    if kind.is_empty() {
        return Err("expected `type = \"…\"` in `[rule]`, found none".to_owned());
    }
    let (language, title) = match text("language") {
        // Its query is the job's, in no language.
        _ if kind == "machine_learning" => (Language::Kql, "machine_learning"),
        "lucene" => (Language::Lucene, "lucene"),
        "eql" => (Language::Eql, "eql"),
        "esql" => (Language::Esql, "esql"),
        _ => (Language::Kql, "kql"),
    };
    let indices: Vec<&str> = rule
        .get("index")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let query = text("query");
    let category = text("event_category_override");
    let asked = || match language {
        Language::Eql if !category.is_empty() => Asked::Eql(query.to_owned(), category.to_owned()),
        _ => Asked::Text(query.to_owned(), language),
    };
    let alerts = query.contains(".alerts-security")
        || indices.iter().any(|index| index.contains(".alerts-"))
        || query.contains("kibana.alert.");
    let kind = if alerts {
        Kind::Refused(Refusal::unsupported(
            "it looks at alerts of other rules, which no log of a case holds",
        ))
    } else {
        match kind {
            _ if query.trim().is_empty() && kind != "machine_learning" => {
                return Err("expected `query = …` in `[rule]`, found none".to_owned());
            }
            "query" | "saved_query" | "eql" | "esql" => Kind::Query(asked()),
            "threshold" => Kind::Counting(asked(), threshold(rule)?),
            "new_terms" => Kind::NewTerms(asked(), new_terms(rule)?),
            other => {
                Kind::Refused(Refusal::unsupported(format!("rules of type `{other}` are not run")))
            }
        }
    };
    let mut attack: Vec<String> = Vec::new();
    for threat in list(rule, "threat") {
        for technique in list(threat, "technique") {
            attack.extend(technique.get("id").and_then(Value::as_str).map(str::to_owned));
            for below in list(technique, "subtechnique") {
                attack.extend(below.get("id").and_then(Value::as_str).map(str::to_owned));
            }
        }
    }
    attack.sort();
    attack.dedup();
    Ok(Rule {
        id: or_stem(text("rule_id")),
        title: or_stem(text("name")),
        level: text("severity").to_owned(),
        language: title,
        attack,
        datasets: datasets(&indices, query),
        file: file.to_owned(),
        notes: Vec::new(),
        kind,
    })
}

fn list<'t>(table: &'t Table, name: &str) -> impl Iterator<Item = &'t Table> {
    table
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_table)
}

/// Datasets that a value of the query names; where it names none, those of a `FROM` and of the index
/// patterns. One that no source reads is among them, so that this can be said.
fn datasets(indices: &[&str], query: &str) -> Vec<String> {
    let known = || {
        let all = Dataset::ALL.iter().filter(|dataset| **dataset != Dataset::OTHER);
        all.map(|dataset| dataset.as_str())
    };
    let words = |text: &'_ str| -> Vec<String> {
        text.split(|letter: char| !(letter.is_ascii_alphanumeric() || ".*_-".contains(letter)))
            .map(str::to_owned)
            .collect()
    };
    let named = words(query);
    let mut found: BTreeSet<String> =
        known().filter(|name| named.iter().any(|word| word == name)).map(str::to_owned).collect();
    if !found.is_empty() {
        return found.into_iter().collect();
    }
    let from = query.split('|').next().filter(|_| {
        query.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("from"))
    });
    let mut patterns: Vec<String> = indices.iter().map(|index| (*index).to_owned()).collect();
    patterns.extend(from.map(words).unwrap_or_default());
    for pattern in &patterns {
        found.extend(known().filter(|name| covers(pattern, name)).map(str::to_owned));
        let stem = stem(pattern).unwrap_or_default().trim_end_matches('.');
        if stem.contains('.') && !known().any(|name| covers(pattern, name)) {
            found.insert(stem.to_owned());
        }
    }
    found.into_iter().collect()
}

/// The dataset, or the beginning of one, that an index pattern names: `aws.cloudtrail` of
/// `logs-aws.cloudtrail-*`.
fn stem(pattern: &str) -> Option<&str> {
    pattern.strip_prefix("logs-")?.split(['-', '*']).next()
}

/// Whether an index pattern such as `logs-aws.cloudtrail-*` or `logs-okta*` is about a dataset;
/// `logs-*` is about none in particular.
fn covers(pattern: &str, dataset: &str) -> bool {
    let Some(stem) = stem(pattern) else { return false };
    let behind = pattern.strip_prefix("logs-").and_then(|rest| rest.get(stem.len()..));
    let open = behind.is_some_and(|behind| behind.starts_with('*'));
    stem == dataset || open && !stem.is_empty() && dataset.starts_with(stem)
}

/// A value, or a list of them, as texts.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn number(value: Option<&Value>) -> Option<u64> {
    u64::try_from(value?.as_integer()?).ok()
}

fn threshold(rule: &Table) -> Result<Counting, String> {
    let threshold =
        rule.get("threshold").and_then(Value::as_table).ok_or("expected `[rule.threshold]`")?;
    let at_least =
        number(threshold.get("value")).ok_or("expected `value` in `[rule.threshold]`")?;
    let mut further = list(threshold, "cardinality").filter_map(|one| {
        let field = one.get("field").and_then(Value::as_str).filter(|field| !field.is_empty())?;
        Some((field.to_owned(), number(one.get("value"))?))
    });
    let and_values = further.next();
    Ok(Counting {
        by: texts(threshold.get("field")),
        values_of: None,
        at_least,
        at_most: None,
        and_values,
        span: look_back(rule),
    })
}

/// How far a run of the rule looks back: `from = "now-9m"`, six minutes where it does not say.
fn look_back(rule: &Table) -> i64 {
    rule.get("from").and_then(Value::as_str).and_then(ago).unwrap_or(360 * SECOND)
}

/// Microseconds of `now-9m`.
fn ago(text: &str) -> Option<i64> {
    let rest = text.trim().strip_prefix("now-")?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
    let (count, unit) = rest.split_at_checked(digits)?;
    let unit = match unit.chars().next()? {
        's' => 1,
        'm' => 60,
        'h' | 'H' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 365 * 86_400,
        _ => return None,
    };
    count.parse::<i64>().ok()?.checked_mul(unit)?.checked_mul(SECOND)
}

fn new_terms(rule: &Table) -> Result<NewTerms, String> {
    let new_terms =
        rule.get("new_terms").and_then(Value::as_table).ok_or("expected `[rule.new_terms]`")?;
    let of = texts(new_terms.get("value"));
    if of.is_empty() {
        return Err("expected `value = […]` in `[rule.new_terms]`, found none".to_owned());
    }
    let start = list(new_terms, "history_window_start")
        .find_map(|one| ago(one.get("value").and_then(Value::as_str)?));
    Ok(NewTerms { of, history: start.unwrap_or(14 * 86_400 * SECOND) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_that_a_rule_is_about() {
        for (indices, query, want) in [
            (&["filebeat-*", "logs-aws.cloudtrail-*"][..], "*", &["aws.cloudtrail"][..]),
            (&["logs-aws.elb_logs-*"], "*", &["aws.elb_logs"]),
            (&["logs-okta*"], "*", &["okta.system"]),
            (&["logs-aws.route53*"], "*", &["aws.route53_resolver_logs"]),
            (
                &[],
                "from logs-aws.cloudtrail-*, logs-okta.system-* | limit 1",
                &["aws.cloudtrail", "okta.system"],
            ),
            (&["filebeat-*"], "event.dataset:aws.vpcflow", &["aws.vpcflow"]),
            (&["filebeat-*"], "aws.cloudtrail.error_code: *", &[]),
            (&["logs-*", "logs-system.auth-*"], "other", &["system.auth"]),
            // What the query says is narrower than where it looks.
            (&["logs-aws*"], "event.dataset: aws.vpcflow", &["aws.vpcflow"]),
            (&[], "from logs-aws.eks_audit-* metadata _id | where a == 1", &["aws.eks_audit"]),
            (
                &[],
                "from logs-aws* | where data_stream.dataset == \"aws.cloudtrail\"",
                &["aws.cloudtrail"],
            ),
            (
                &["logs-aws.cloudtrail-*"],
                "aws.s3.bucket.name: logs-web.example.com",
                &["aws.cloudtrail"],
            ),
        ] {
            assert_eq!(datasets(indices, query), want, "{indices:?} {query}");
        }
    }
}
