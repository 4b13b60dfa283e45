//! Conditions: one clause for each operator and key, all of which must hold.
//!
//! A clause is kept so that its opposite is a clause too, since what a Deny leaves is the opposite
//! of its condition. Whether a missing key fulfils the clause is part of it: that is where `IfExists`,
//! `ForAllValues` and the negated operators let in more than they seem to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::CLAUSES_MAX;
use super::document::{TooLarge, member, text, texts};
use super::key::{Meaning, meaning};
use super::pattern::Work;

/// Values of a clause that are written out; the rest is counted.
const VALUES_SHOWN: usize = 200;

/// Characters of a value that are written out.
const VALUE_CHARS_SHOWN: usize = 200;

/// How values are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// Same text, number or truth value.
    Equals(Kind),
    /// Text with wildcards, or the parts of an ARN each with wildcards.
    Like(Kind),
    /// Address in a network.
    Network,
    /// Key missing.
    Absent,
    /// Any other operator, in words.
    Other(String),
}

/// Of what sort values are. It makes two clauses differ that otherwise say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Text whose case does not matter.
    AnyCase,
    /// `true` or `false`.
    Bool,
    /// Number, time or bytes.
    Other,
    /// ARN, whose two operators are one.
    Arn,
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
        if test == Test::Equals(Kind::Bool) {
            for value in &mut values {
                value.make_ascii_lowercase();
            }
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

    /// That a key is there and has this value.
    pub(super) fn is(key: &str, value: &str) -> Self {
        let (key, meaning) = meaning(key);
        let values = vec![value.to_owned()];
        let (test, scope) = (Test::Equals(Kind::Text), Scope::One);
        Self { meaning, test, key, values, negated: false, missing: false, scope }
    }

    /// The clause that holds just when this one does not.
    pub(super) fn opposite(&self) -> Self {
        let mut opposite = Self {
            missing: !self.missing,
            scope: match self.scope {
                Scope::One => Scope::One,
                Scope::Any => Scope::All,
                Scope::All => Scope::Any,
            },
            ..self.clone()
        };
        let other = match (&self.test, self.scope, self.values.as_slice()) {
            (Test::Equals(Kind::Bool), Scope::One, [value]) => match value.as_str() {
                "true" => Some("false"),
                "false" => Some("true"),
                _ => None,
            },
            _ => None,
        };
        match other {
            Some(other) => opposite.values = vec![other.to_owned()],
            None => opposite.negated = !self.negated,
        }
        opposite
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
            && matches!(self.test, Test::Equals(_) | Test::Like(_) | Test::Network)
    }

    /// Whether it holds for every value of the key.
    pub(super) fn says_nothing(&self) -> bool {
        !self.negated
            && matches!(self.test, Test::Like(_))
            && self.values.iter().any(|value| value == "*")
    }
}

/// The operator's comparison, and whether it is negated. Times and numbers are put into words.
fn test(name: &str) -> (Test, bool) {
    let words = |words: &str| Test::Other(words.to_owned());
    match name {
        "stringequals" => (Test::Equals(Kind::Text), false),
        "stringnotequals" => (Test::Equals(Kind::Text), true),
        "stringequalsignorecase" => (Test::Equals(Kind::AnyCase), false),
        "stringnotequalsignorecase" => (Test::Equals(Kind::AnyCase), true),
        "bool" => (Test::Equals(Kind::Bool), false),
        "binaryequals" | "numericequals" | "dateequals" => (Test::Equals(Kind::Other), false),
        "numericnotequals" | "datenotequals" => (Test::Equals(Kind::Other), true),
        "stringlike" => (Test::Like(Kind::Text), false),
        "stringnotlike" => (Test::Like(Kind::Text), true),
        "arnlike" | "arnequals" => (Test::Like(Kind::Arn), false),
        "arnnotlike" | "arnnotequals" => (Test::Like(Kind::Arn), true),
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

/// Keys that have several values, so that two demands on one do not rule each other out.
const SEVERAL: [&str; 6] = [
    "aws:CalledVia",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceNamesList",
    "aws:SourceOrgPaths",
    "aws:TagKeys",
    "aws:VpceOrgPaths",
];

/// The clauses without what others among them make needless; `None` when they rule each other out.
pub(super) fn consistent(mut clauses: Vec<Clause>) -> Option<Vec<Clause>> {
    clauses.sort_by(|one, other| one.key.cmp(&other.key).then_with(|| one.cmp(other)));
    clauses.dedup();
    let mut kept = Vec::with_capacity(clauses.len());
    for same in clauses.chunk_by(|one, other| one.key == other.key) {
        kept.extend(consistent_of_key(same)?);
    }
    kept.sort();
    Some(kept)
}

fn consistent_of_key(clauses: &[Clause]) -> Option<Vec<Clause>> {
    let plain = |clause: &&Clause| {
        clause.test == Test::Equals(Kind::Text)
            && clause.scope == Scope::One
            && !clause.values.iter().any(|value| value.contains("${"))
    };
    let strict = clauses.iter().find(|clause| {
        plain(clause) && clause.is_strict() && !SEVERAL.contains(&clause.key.as_str())
    });
    let Some(strict) = strict else {
        // The same with the key there says more.
        let needless = |clause: &Clause| {
            clause.missing
                && clauses.iter().any(|other| *other == Clause { missing: false, ..clause.clone() })
        };
        return Some(clauses.iter().filter(|clause| !needless(clause)).cloned().collect());
    };
    let mut values = strict.values.clone();
    let (plain, others): (Vec<&Clause>, Vec<&Clause>) = clauses.iter().partition(plain);
    for clause in plain {
        let listed: BTreeSet<&String> = clause.values.iter().collect();
        values.retain(|value| listed.contains(value) != clause.negated);
    }
    let strict = strict.with(values);
    (!strict.values.is_empty()).then(|| others.into_iter().cloned().chain([strict]).collect())
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
            (Test::Equals(_), false, false) => format!("{key} is {values}"),
            (Test::Equals(_), false, true) => format!("{key} is one of {values}"),
            (Test::Equals(_), true, false) => format!("{key} is not {values}"),
            (Test::Equals(_), true, true) => format!("{key} is none of {values}"),
            (Test::Like(_), false, false) => format!("{key} like {values}"),
            (Test::Like(_), false, true) => format!("{key} like one of {values}"),
            (Test::Like(_), true, false) => format!("{key} not like {values}"),
            (Test::Like(_), true, true) => format!("{key} like none of {values}"),
            (Test::Other(words), false, _) => format!("{key} {words} {values}"),
            (Test::Other(words), true, _) => format!("not ({key} {words} {values})"),
        };
        let said = match (self.scope, self.negated) {
            (Scope::All, _) => format!("every value of {said}"),
            (Scope::Any, true) => format!("a value of {said}"),
            _ => said,
        };
        let said = match self.test {
            Test::Equals(Kind::AnyCase) => format!("{said}, in any case"),
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

/// Values as they are written out. One that looks like two is put in quotes.
pub(super) fn shown(values: &[String]) -> String {
    let mut shown: Vec<String> = values
        .iter()
        .take(VALUES_SHOWN)
        .map(|value| match value.char_indices().nth(VALUE_CHARS_SHOWN) {
            Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
            None if value.contains(", ") => format!("{value:?}"),
            None => value.clone(),
        })
        .collect();
    let more = values.len().saturating_sub(VALUES_SHOWN);
    if more > 0 {
        shown.push(format!("{MORE}{more} more"));
    }
    shown.join(", ")
}

/// Beginning of the words for values that are not written out.
const MORE: &str = "and ";

/// Whether what the first condition says follows from the second, both in words: the same, or the
/// same of more values.
pub(super) fn follows(said: &str, from: &str, work: &Work) -> bool {
    if said == from {
        return true;
    }
    if !work.spend(said.len().saturating_add(from.len())) {
        return false;
    }
    let (Some((key, verb, values)), Some((other, same, others))) = (parts(said), parts(from))
    else {
        return false;
    };
    let counted = |values: &BTreeSet<&str>| {
        values.iter().any(|value| value.starts_with(MORE) && value.ends_with(" more"))
    };
    let wider =
        if verb.contains("not") { values.is_subset(&others) } else { others.is_subset(&values) };
    key == other && verb == same && wider && !counted(&values) && !counted(&others)
}

/// Key, verb and values of a condition in words.
fn parts(words: &str) -> Option<(&str, &'static str, BTreeSet<&str>)> {
    const VERBS: [(&str, &str); 10] = [
        (" is one of ", "is"),
        (" is none of ", "is not"),
        (" is not ", "is not"),
        (" is ", "is"),
        (" like one of ", "like"),
        (" like none of ", "not like"),
        (" not like ", "not like"),
        (" like ", "like"),
        (" not in ", "not in"),
        (" in ", "in"),
    ];
    let (key, verb, values) = VERBS
        .iter()
        .filter_map(|(words_of, verb)| {
            words.split_once(words_of).map(|(key, values)| (key, *verb, values))
        })
        .min_by_key(|(key, _, values)| (key.len(), values.len()))?;
    Some((key, verb, values.split(", ").collect()))
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
            (r#"{"Bool":{"aws:MultiFactorAuthPresent":true}}"#, "aws:MultiFactorAuthPresent is true", "aws:MultiFactorAuthPresent is false, or absent"),
            (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"False"}}"#, "aws:MultiFactorAuthPresent is false, or absent", "aws:MultiFactorAuthPresent is true"),
            (r#"{"StringEqualsIgnoreCase":{"a:b":"x"}}"#, "a:b is x, in any case", "a:b is not x, in any case"),
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
    fn clauses_together() {
        #[rustfmt::skip]
        let rows = [
            ("different keys", r#"{"StringEquals":{"a:b":"x","a:c":"y"}}"#, "a:b is x; a:c is y"),
            ("what both allow", r#"{"StringEquals":{"a:b":["x","y"]},"StringEqualsIfExists":{"a:b":["y","z"]}}"#, "a:b is y"),
            ("less what one forbids", r#"{"StringEquals":{"a:b":["x","y"]},"StringNotEquals":{"a:b":"x"}}"#, "a:b is y"),
            ("nothing in common", r#"{"StringEquals":{"a:b":"x"},"StringNotEquals":{"a:b":"x"}}"#, "never"),
            ("variables may be anything", r#"{"StringEquals":{"a:b":"${aws:username}"},"StringNotEquals":{"a:b":"x"}}"#, "a:b is ${aws:username}; a:b is not x"),
            ("other operators stay", r#"{"StringEquals":{"a:b":"x"},"StringLike":{"a:b":"y*"}}"#, "a:b is x; a:b like y*"),
            ("keys of several values", r#"{"StringEquals":{"aws:TagKeys":"x"},"StringEqualsIfExists":{"aws:TagKeys":"y"}}"#, "aws:TagKeys is x; aws:TagKeys is y, or absent"),
            ("there, and if there", r#"{"Bool":{"a:b":"true"},"BoolIfExists":{"a:b":"true"}}"#, "a:b is true"),
        ];
        for (name, condition, want) in rows {
            let statement = format!(r#"{{"Condition":{condition}}}"#);
            let clauses = clauses(&serde_json::from_str(&statement).unwrap()).unwrap().0;
            let got = consistent(clauses).map_or_else(
                || "never".to_owned(),
                |clauses| clauses.iter().map(Clause::words).collect::<Vec<_>>().join("; "),
            );
            assert_eq!(got, want, "row: {name}");
        }
    }

    #[test]
    fn long_values_are_cut() {
        let clause = one(r#"{"StringEquals":{"a:b":"x"}}"#);
        let long = clause.with(vec!["é".repeat(300); 205]).words();
        assert!(long.ends_with("…, and 5 more"), "{long}");
        assert!(long.chars().count() < 200 * 203 + 40);
    }

    #[test]
    fn conditions_that_follow() {
        #[rustfmt::skip]
        let rows = [
            ("the same",            "a is x",               "a is x",               true),
            ("of more values",      "a is one of x, y",     "a is x",               true),
            ("of fewer values",     "a is x",               "a is one of x, y",     false),
            ("or absent",           "a is x, or absent",    "a is x",               true),
            ("not absent",          "a is x",               "a is x, or absent",    false),
            ("of fewer exceptions", "a is not x",           "a is none of x, y",    true),
            ("of more exceptions",  "a is none of x, y",    "a is not x",           false),
            ("networks",            "a in x, y",            "a in y",               true),
            ("patterns",            "a like one of x*, y*", "a like x*",            true),
            ("another verb",        "a like one of x, y",   "a is x",               false),
            ("another key",         "b is one of x, y",     "a is x",               false),
            ("values not shown",    "a is one of x, y, and 5 more", "a is x",       false),
            ("one that looks like two", "a is one of x, y", r#"a is "x, y""#,       false),
            ("a verb in a value",   "a is one of x in y, z", "a is x in y",         true),
            ("no verb",             "through s3",           "through sns",          false),
        ];
        for (name, said, from, want) in rows {
            assert_eq!(follows(said, from, &Work::new()), want, "row: {name}");
        }
    }
}
