//! One statement: who, what, under which condition.

use serde_json::Value;

use super::condition::{Clause, clauses};
use super::document::{TooLarge, member, text, texts};
use super::pattern::{Glob, Pattern};
use super::principal::Principals;

/// Actions on resources. Without a resource element it is the resource that the policy is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// Actions; a statement that names none, which AWS refuses, counts as all.
    pub actions: Vec<Pattern>,
    /// Resources; empty when not written.
    pub resources: Vec<Pattern>,
}

/// A statement that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Whom it is about.
    pub principals: Principals,
    /// What it is about.
    pub reach: Reach,
    /// When it applies: all must hold.
    pub clauses: Vec<Clause>,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// It opens.
    Allow(Statement),
    /// It closes.
    Deny(Statement),
}

/// Reads a statement; `None` when it does nothing.
///
/// Where a part cannot be read, an Allow counts without it, and a Deny does not count at all: what
/// is not understood narrows nothing.
pub(super) fn read(statement: &Value) -> Result<Option<Effect>, TooLarge> {
    let effect = member(statement, "Effect").and_then(text).unwrap_or_default();
    let allow = effect.eq_ignore_ascii_case("Allow");
    if !allow && !effect.eq_ignore_ascii_case("Deny") {
        return Ok(None);
    }
    let (principals, whole_principals) = Principals::of(statement)?;
    let (clauses, whole_clauses) = clauses(statement)?;
    let (actions, whole_actions) = element(statement, "Action", "NotAction", Glob::action)?;
    let (resources, whole_resources) =
        element(statement, "Resource", "NotResource", Glob::resource)?;
    let whole = whole_principals && whole_clauses && whole_actions && whole_resources;
    if !allow && (!whole || actions.is_empty()) {
        return Ok(None);
    }
    let actions = if actions.is_empty() { vec![Pattern::new(Glob::action("*"))] } else { actions };
    let statement = Statement { principals, reach: Reach { actions, resources }, clauses };
    Ok(Some(if allow { Effect::Allow(statement) } else { Effect::Deny(statement) }))
}

/// An element or its negation, and whether all of it was readable.
fn element(
    statement: &Value,
    name: &str,
    negation: &str,
    glob: fn(&str) -> Glob,
) -> Result<(Vec<Pattern>, bool), TooLarge> {
    if let Some(value) = member(statement, name) {
        let texts = texts(Some(value))?;
        let mut patterns: Vec<Pattern> =
            texts.list.iter().map(|text| Pattern::new(glob(text))).collect();
        patterns.sort();
        patterns.dedup();
        return Ok((patterns, !texts.unreadable));
    }
    let Some(value) = member(statement, negation) else { return Ok((Vec::new(), true)) };
    let texts = texts(Some(value))?;
    let mut except: Vec<Glob> = texts.list.iter().map(|text| glob(text)).collect();
    except.sort();
    except.dedup();
    Ok((vec![Pattern::all_but(except)], !texts.unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        #[rustfmt::skip]
        let rows = [
            ("allow",                       r#"{"Effect":"Allow","Action":"s3:*","Resource":"r"}"#, "allow [s3:*] [r]"),
            ("members in any case",         r#"{"effect":"Allow","action":["b","a"]}"#, "allow [a, b] []"),
            ("all but",                     r#"{"Effect":"Allow","NotAction":["s3:Put*","s3:Delete*"],"NotResource":"r"}"#, "allow [everything but s3:Delete*, s3:Put*] [everything but r]"),
            ("no action counts as all",     r#"{"Effect":"Allow"}"#, "allow [*] []"),
            ("no effect",                   r#"{"Action":"s3:*"}"#, "nothing"),
            ("effect of another kind",      r#"{"Effect":["Allow"]}"#, "nothing"),
            ("deny",                        r#"{"Effect":"Deny","Action":"s3:*"}"#, "deny [s3:*] []"),
            ("deny without action",         r#"{"Effect":"Deny"}"#, "nothing"),
            ("deny with an unread condition", r#"{"Effect":"Deny","Action":"s3:*","Condition":"x"}"#, "nothing"),
            ("deny with an unread resource", r#"{"Effect":"Deny","Action":"s3:*","NotResource":[{}]}"#, "nothing"),
            ("allow with an unread resource", r#"{"Effect":"Allow","Action":"s3:*","Resource":[{},"r"]}"#, "allow [s3:*] [r]"),
            ("no object",                   r#""x""#, "nothing"),
        ];
        let list =
            |list: &[Pattern]| list.iter().map(Pattern::to_string).collect::<Vec<_>>().join(", ");
        for (name, statement, want) in rows {
            let got = match read(&serde_json::from_str(statement).unwrap()).unwrap() {
                None => "nothing".to_owned(),
                Some(effect) => {
                    let (word, statement) = match effect {
                        Effect::Allow(statement) => ("allow", statement),
                        Effect::Deny(statement) => ("deny", statement),
                    };
                    let reach = statement.reach;
                    format!("{word} [{}] [{}]", list(&reach.actions), list(&reach.resources))
                }
            };
            assert_eq!(got, want, "row: {name}");
        }
    }
}
