//! Conditions: one clause for each operator and key, all of which must hold.
//!
//! A clause is kept so that its opposite is a clause too, since what a Deny leaves is the opposite
//! of its condition. Whether a missing key fulfils the clause is part of it: that is where `IfExists`,
//! `ForAllValues` and the negated operators let in more than they seem to.

use serde_json::Value;

use super::CLAUSES_MAX;
use super::document::{TooLarge, member, text, texts};
use super::key::{Meaning, meaning};

/// Values of a clause that are written out; the rest is counted.
const VALUES_SHOWN: usize = 20;

/// Characters of a value that are written out.
const VALUE_CHARS_SHOWN: usize = 200;

/// How values are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// Same text.
    Equals,
    /// Text with wildcards; ARNs too, whose two operators are one.
    Like,
    /// Address in a network.
    Network,
    /// Key missing.
    Absent,
    /// Any other operator, in words.
    Other(String),
}

/// What a key with several values must fulfil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// The key has one value.
    One,
    /// `ForAnyValue`.
    Any,
    /// `ForAllValues`.
    All,
}

/// One operator with one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Clause {
    /// What the key is about.
    pub meaning: Meaning,
    /// How values are compared.
    pub test: Test,
    /// The key as AWS writes it.
    pub key: String,
    /// Values, sorted: one of them must match, or none if negated.
    pub values: Vec<String>,
    /// Whether no value may match.
    pub negated: bool,
    /// Whether a request without the key fulfils it.
    pub missing: bool,
    scope: Scope,
}

/// The clauses of a statement, and whether all of its condition was readable.
pub(super) fn clauses(statement: &Value) -> Result<(Vec<Clause>, bool), TooLarge> {
    let condition = match member(statement, "Condition") {
        None | Some(Value::Null) => return Ok((Vec::new(), true)),
        Some(condition) => condition,
    };
    let Value::Object(operators) = condition else { return Ok((Vec::new(), false)) };
    // EventBridge writes its one condition in three members.
    if let (Some(operator), Some(key), Some(value)) = (
        member(condition, "type").and_then(text),
        member(condition, "key").and_then(text),
        member(condition, "value"),
    ) {
        let (clause, readable) = Clause::read(&operator, &key, value)?;
        return Ok((vec![clause], readable));
    }
    let mut clauses = Vec::new();
    let mut readable = true;
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else {
            readable = false;
            continue;
        };
        for (key, values) in keys {
            let (clause, whole) = Clause::read(operator, key, values)?;
            readable &= whole;
            clauses.push(clause);
            if clauses.len() > CLAUSES_MAX {
                return Err(TooLarge);
            }
        }
    }
    clauses.sort();
    clauses.dedup();
    Ok((clauses, readable))
}

impl Clause {
    fn read(operator: &str, key: &str, values: &Value) -> Result<(Self, bool), TooLarge> {
        let texts = texts(Some(values))?;
        let folded = operator.to_ascii_lowercase();
        let (scope, name) = match folded.split_once(':') {
            Some(("foranyvalue", name)) => (Scope::Any, name),
            Some(("forallvalues", name)) => (Scope::All, name),
            _ => (Scope::One, folded.as_str()),
        };
        let (name, if_exists) = match name.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (test, mut negated) = test(name);
        let (mut key, mut meaning) = meaning(key);
        let mut values = texts.list;
        // A value that cannot be read is one that is not known to be inside.
        if texts.unreadable {
            values.push("(no text)".to_owned());
        }
        if test == Test::Absent {
            negated = !values.iter().any(|value| value.eq_ignore_ascii_case("true"));
            values.clear();
        }
        if let Some((swapped, value)) = resource_side(&key, &values) {
            (key, meaning) = super::key::meaning(swapped);
            values = vec![value.to_owned()];
        }
        values.sort();
        values.dedup();
        let missing = match (&test, scope) {
            (Test::Absent, _) => !negated,
            (_, _) if if_exists => true,
            (_, Scope::Any) => false,
            (_, Scope::All) => true,
            (_, Scope::One) => negated,
        };
        Ok((Self { meaning, test, key, values, negated, missing, scope }, !texts.unreadable))
    }

    /// The clause that holds just when this one does not.
    pub(super) fn opposite(&self) -> Self {
        Self {
            negated: !self.negated,
            missing: !self.missing,
            scope: match self.scope {
                Scope::One => Scope::One,
                Scope::Any => Scope::All,
                Scope::All => Scope::Any,
            },
            ..self.clone()
        }
    }

    /// The same for fewer values.
    pub(super) fn with(&self, values: Vec<String>) -> Self {
        Self { values, ..self.clone() }
    }

    /// Whether it holds only where the key has one of the values.
    pub(super) fn is_strict(&self) -> bool {
        !self.negated
            && !self.missing
            && !self.values.is_empty()
            && matches!(self.test, Test::Equals | Test::Like | Test::Network)
    }

    /// Whether it holds for every value of the key.
    pub(super) fn says_nothing(&self) -> bool {
        !self.negated && self.test == Test::Like && self.values.iter().any(|value| value == "*")
    }
}

/// The operator's comparison, and whether it is negated. Times and numbers are put into words.
fn test(name: &str) -> (Test, bool) {
    let words = |words: &str| Test::Other(words.to_owned());
    match name {
        "stringequals"
        | "stringequalsignorecase"
        | "bool"
        | "binaryequals"
        | "numericequals"
        | "dateequals" => (Test::Equals, false),
        "stringnotequals" | "stringnotequalsignorecase" | "numericnotequals" | "datenotequals" => {
            (Test::Equals, true)
        }
        "stringlike" | "arnlike" | "arnequals" => (Test::Like, false),
        "stringnotlike" | "arnnotlike" | "arnnotequals" => (Test::Like, true),
        "ipaddress" => (Test::Network, false),
        "notipaddress" => (Test::Network, true),
        "null" => (Test::Absent, false),
        "numericlessthan" => (words("less than"), false),
        "numericlessthanequals" => (words("at most"), false),
        "numericgreaterthan" => (words("more than"), false),
        "numericgreaterthanequals" => (words("at least"), false),
        "datelessthan" => (words("before"), false),
        "datelessthanequals" => (words("not after"), false),
        "dategreaterthan" => (words("after"), false),
        "dategreaterthanequals" => (words("not before"), false),
        other => (words(other), false),
    }
}

/// "The resource is the caller's" says the same as "the caller is the resource's".
fn resource_side(key: &str, values: &[String]) -> Option<(&'static str, &'static str)> {
    let [value] = values else { return None };
    match (key, value.to_ascii_lowercase().as_str()) {
        ("aws:ResourceOrgID", "${aws:principalorgid}") => {
            Some(("aws:PrincipalOrgID", "${aws:ResourceOrgID}"))
        }
        ("aws:ResourceAccount", "${aws:principalaccount}") => {
            Some(("aws:PrincipalAccount", "${aws:ResourceAccount}"))
        }
        ("aws:ResourceOrgID", "${aws:sourceorgid}") => {
            Some(("aws:SourceOrgID", "${aws:ResourceOrgID}"))
        }
        ("aws:ResourceAccount", "${aws:sourceaccount}") => {
            Some(("aws:SourceAccount", "${aws:ResourceAccount}"))
        }
        _ => None,
    }
}

impl Clause {
    /// The clause in words.
    pub(super) fn words(&self) -> String {
        let (key, values) = (&self.key, shown(&self.values));
        let several = self.values.len() > 1;
        let said = match (&self.test, self.negated, several) {
            (Test::Absent, false, _) => return format!("{key} is absent"),
            (Test::Absent, true, _) => return format!("{key} is present"),
            (Test::Network, false, _) => format!("{key} in {values}"),
            (Test::Network, true, _) => format!("{key} not in {values}"),
            (Test::Equals, false, false) => format!("{key} is {values}"),
            (Test::Equals, false, true) => format!("{key} is one of {values}"),
            (Test::Equals, true, false) => format!("{key} is not {values}"),
            (Test::Equals, true, true) => format!("{key} is none of {values}"),
            (Test::Like, false, false) => format!("{key} like {values}"),
            (Test::Like, false, true) => format!("{key} like one of {values}"),
            (Test::Like, true, false) => format!("{key} not like {values}"),
            (Test::Like, true, true) => format!("{key} like none of {values}"),
            (Test::Other(words), false, _) => format!("{key} {words} {values}"),
            (Test::Other(words), true, _) => format!("not ({key} {words} {values})"),
        };
        let said = match (self.scope, self.negated) {
            (Scope::All, _) => format!("every value of {said}"),
            (Scope::Any, true) => format!("a value of {said}"),
            _ => said,
        };
        match (self.negated, self.missing) {
            (false, true) => format!("{said}, or absent"),
            (true, false) => format!("{said}, and present"),
            _ => said,
        }
    }
}

#[cfg(test)]
impl Clause {
    /// Whether it holds for a key with these values; `None` when the request lacks the key.
    pub(super) fn holds(&self, actual: Option<&[String]>) -> bool {
        use super::law::matches;
        let Some(actual) = actual else { return self.missing };
        if self.test == Test::Absent {
            return self.negated;
        }
        let hit = |have: &String| {
            self.values.iter().any(|want| matches(&self.test, want, have)) != self.negated
        };
        match self.scope {
            Scope::One | Scope::Any => actual.iter().any(hit),
            Scope::All => actual.iter().all(hit),
        }
    }
}

fn shown(values: &[String]) -> String {
    let mut shown: Vec<String> = values
        .iter()
        .take(VALUES_SHOWN)
        .map(|value| match value.char_indices().nth(VALUE_CHARS_SHOWN) {
            Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
            None => value.clone(),
        })
        .collect();
    let more = values.len().saturating_sub(VALUES_SHOWN);
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(condition: &str) -> Clause {
        let statement = format!(r#"{{"Condition":{condition}}}"#);
        clauses(&serde_json::from_str(&statement).unwrap()).unwrap().0.remove(0)
    }

    #[test]
    fn words_and_their_opposites() {
        #[rustfmt::skip]
        let rows = [
            (r#"{"StringEquals":{"sts:externalid":"x"}}"#, "sts:ExternalId is x", "sts:ExternalId is not x"),
            (r#"{"StringEquals":{"a:b":["y","x"]}}"#, "a:b is one of x, y", "a:b is none of x, y"),
            (r#"{"StringEqualsIfExists":{"a:b":"x"}}"#, "a:b is x, or absent", "a:b is not x, and present"),
            (r#"{"StringNotEquals":{"a:b":"x"}}"#, "a:b is not x", "a:b is x"),
            (r#"{"StringNotEqualsIfExists":{"a:b":"x"}}"#, "a:b is not x", "a:b is x"),
            (r#"{"ArnLike":{"aws:sourcearn":"arn:aws:s3:::b"}}"#, "aws:SourceArn like arn:aws:s3:::b", "aws:SourceArn not like arn:aws:s3:::b"),
            (r#"{"IpAddress":{"AWS:SourceIP":"198.51.100.0/24"}}"#, "aws:SourceIp in 198.51.100.0/24", "aws:SourceIp not in 198.51.100.0/24"),
            (r#"{"Bool":{"aws:MultiFactorAuthPresent":true}}"#, "aws:MultiFactorAuthPresent is true", "aws:MultiFactorAuthPresent is not true"),
            (r#"{"Null":{"aws:SourceVpce":"true"}}"#, "aws:SourceVpce is absent", "aws:SourceVpce is present"),
            (r#"{"Null":{"aws:SourceVpce":false}}"#, "aws:SourceVpce is present", "aws:SourceVpce is absent"),
            (r#"{"ForAllValues:StringLike":{"a:b":"x*"}}"#, "every value of a:b like x*, or absent", "a value of a:b not like x*, and present"),
            (r#"{"ForAnyValue:StringLike":{"a:b":"x*"}}"#, "a:b like x*", "every value of a:b not like x*"),
            (r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}"#, "aws:CurrentTime before 2026-01-01T00:00:00Z", "not (aws:CurrentTime before 2026-01-01T00:00:00Z)"),
            (r#"{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}"#, "aws:PrincipalOrgID is ${aws:ResourceOrgID}", "aws:PrincipalOrgID is not ${aws:ResourceOrgID}"),
            (r#"{"type":"StringEquals","key":"aws:PrincipalOrgID","value":"o-example"}"#, "aws:PrincipalOrgID is o-example", "aws:PrincipalOrgID is not o-example"),
            (r#"{"Sounds":{"a:b":{"x":1}}}"#, "a:b sounds (no text)", "not (a:b sounds (no text))"),
        ];
        for (condition, want, opposite) in rows {
            let clause = one(condition);
            assert_eq!(clause.words(), want, "row: {condition}");
            let words = clause.opposite().words();
            assert_eq!(words, opposite, "row: {condition}, turned");
            assert_eq!(clause.opposite().opposite(), clause, "row: {condition}");
        }
    }

    #[test]
    fn long_values_are_cut() {
        let clause = one(r#"{"StringEquals":{"a:b":"x"}}"#);
        let long = clause.with(vec!["é".repeat(300); 25]).words();
        assert!(long.ends_with("…, and 5 more"), "{long}");
        assert!(long.chars().count() < 20 * 203 + 40);
    }
}
