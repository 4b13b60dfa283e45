//! Actions and resources as patterns, and what one leaves of another.
//!
//! A pattern is a text in which `*` stands for any characters and `?` for one, less other such
//! texts: `NotAction` and `NotResource` are everything less a list, and a Deny takes patterns away.
//! All comparisons err on the same side: what is not plainly covered counts as not covered, what is
//! not plainly apart counts as overlapping.

use std::cell::Cell;
use std::fmt;

/// Steps of comparison that one policy may cost. A policy of the greatest length that AWS takes
/// needs some hundred thousand; a hostile one stops here, and what is then still open stays open.
const STEPS_MAX: u64 = 20_000_000;

/// Exceptions that one pattern may gather; what a further Deny takes away is then not taken.
const EXCEPT_MAX: usize = 100;

/// Steps of comparison left.
#[derive(Debug)]
pub(super) struct Work(Cell<u64>);

impl Work {
    /// All steps left.
    pub(super) fn new() -> Self {
        Self(Cell::new(STEPS_MAX))
    }

    /// Whether no steps are left.
    fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Whether so many steps were left; they no longer are.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.0.get().checked_sub(u64::try_from(steps).unwrap_or(u64::MAX));
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// Text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glob {
    /// As written.
    text: String,
    /// As compared.
    key: String,
}

impl Glob {
    /// An action: its case does not matter.
    pub(super) fn action(text: &str) -> Self {
        Self { text: text.to_owned(), key: text.to_ascii_lowercase() }
    }

    /// A resource: its case matters.
    pub(super) fn resource(text: &str) -> Self {
        Self { text: text.to_owned(), key: text.to_owned() }
    }

    /// As compared: an action in lower case.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    fn covers(&self, other: &Self, work: &Work) -> bool {
        covers(&self.key, &other.key, work)
    }

    fn meets(&self, other: &Self, work: &Work) -> bool {
        meets(&self.key, &other.key, work)
    }
}

/// What a glob matches, less what others do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    include: Glob,
    except: Vec<Glob>,
}

impl Pattern {
    /// Just this.
    pub(super) fn new(include: Glob) -> Self {
        Self { include, except: Vec::new() }
    }

    /// Everything but those.
    pub(super) fn all_but(except: Vec<Glob>) -> Self {
        Self { include: Glob::resource("*"), except }
    }

    /// An action as [`fmt::Display`] writes it.
    pub(super) fn of_action(text: &str) -> Self {
        Self::read(text, " but ", Glob::action)
    }

    /// A resource as [`fmt::Display`] writes it. A key may hold the word, so only an ARN after it
    /// is an exception.
    pub(super) fn of_resource(text: &str) -> Self {
        Self::read(text, " but arn:", Glob::resource)
    }

    fn read(text: &str, but: &str, glob: fn(&str) -> Glob) -> Self {
        if let Some(except) = text.strip_prefix("everything but ") {
            return Self::all_but(except.split(", ").map(glob).collect());
        }
        match text.split_once(but) {
            Some((include, _)) => {
                let except = text.get(include.len().saturating_add(" but ".len())..);
                Self {
                    include: glob(include),
                    except: except.unwrap_or_default().split(", ").map(glob).collect(),
                }
            }
            None => Self::new(glob(text)),
        }
    }

    /// What it starts from, before anything is taken away.
    pub(super) fn include(&self) -> &Glob {
        &self.include
    }

    /// Whether it is just `*`.
    pub(super) fn is_all(&self) -> bool {
        self.include.key == "*" && self.except.is_empty()
    }

    /// Whether all that it matches, the other matches too.
    pub(super) fn covered_by(&self, other: &Self, work: &Work) -> bool {
        other.include.covers(&self.include, work)
            && other.except.iter().all(|gone| {
                !gone.meets(&self.include, work)
                    || self.except.iter().any(|own| own.covers(gone, work))
            })
    }

    /// Whether something may match both.
    pub(super) fn meets(&self, other: &Glob, work: &Work) -> bool {
        self.include.meets(other, work) && !self.except.iter().any(|gone| gone.covers(other, work))
    }

    /// What the other takes of it, or somewhat more, and what that leaves. Where no pattern says
    /// what is left, nothing is taken.
    fn cut(self, by: &Self, work: &Work) -> (Option<Self>, Vec<Self>) {
        if self.covered_by(by, work) {
            return (Some(self), Vec::new());
        }
        let few = self.except.len().saturating_add(by.except.len()) <= EXCEPT_MAX;
        if !few || work.is_spent() || !self.meets(&by.include, work) {
            return (None, vec![self]);
        }
        if by.except.is_empty() {
            // What both match no pattern may say. The whole says too much, but nothing that is not
            // open: what the other does not match is in the rest anyway.
            let mut taken = self.clone();
            if self.include.covers(&by.include, work) {
                taken.include = by.include.clone();
                taken.except.retain(|gone| gone.meets(&by.include, work));
            }
            let mut left = self;
            left.lose(by.include.clone());
            return (Some(taken), vec![left]);
        }
        if !by.include.covers(&self.include, work) {
            return (None, vec![self]);
        }
        let mut taken = self.clone();
        let mut left = Vec::new();
        for spared in &by.except {
            if !self.meets(spared, work) {
                continue;
            }
            if !self.include.covers(spared, work) {
                return (None, vec![self]);
            }
            let mut part = self.clone();
            part.include = spared.clone();
            part.except.retain(|gone| gone.meets(spared, work));
            left.push(part);
            taken.lose(spared.clone());
        }
        (Some(taken), left)
    }

    fn lose(&mut self, glob: Glob) {
        self.except.push(glob);
        self.except.sort();
        self.except.dedup();
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.except.is_empty() {
            return f.write_str(&self.include.text);
        }
        let include = if self.include.key == "*" { "everything" } else { &self.include.text };
        let except: Vec<&str> = self.except.iter().map(|gone| gone.text.as_str()).collect();
        write!(f, "{include} but {}", except.join(", "))
    }
}

/// What the second list takes of the first, and what that leaves.
pub(super) fn cut(list: &[Pattern], by: &[Pattern], work: &Work) -> (Vec<Pattern>, Vec<Pattern>) {
    let mut taken = Vec::new();
    let mut left = list.to_vec();
    for other in by {
        let mut next = Vec::new();
        for pattern in left {
            let (hit, rest) = pattern.cut(other, work);
            taken.extend(hit);
            next.extend(rest);
        }
        left = next;
    }
    (taken, left)
}

/// Whether the first text matches all that the second does: its wildcards are matched as if they
/// were characters that only a `*` stands for.
pub(super) fn covers(general: &str, specific: &str, work: &Work) -> bool {
    if general == "*" || general == specific {
        return true;
    }
    if work.is_spent() {
        return false;
    }
    let general: Vec<char> = general.chars().collect();
    let specific: Vec<char> = specific.chars().collect();
    let (mut at_general, mut at_specific) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(have) = specific.get(at_specific) {
        if !work.spend(1) {
            return false;
        }
        match general.get(at_general) {
            Some('*') => {
                star = Some((at_general, at_specific));
                at_general = at_general.saturating_add(1);
            }
            Some(want) if want == have || (*want == '?' && *have != '*') => {
                at_general = at_general.saturating_add(1);
                at_specific = at_specific.saturating_add(1);
            }
            _ => {
                let Some((general_star, specific_star)) = star else { return false };
                let next = specific_star.saturating_add(1);
                star = Some((general_star, next));
                at_general = general_star.saturating_add(1);
                at_specific = next;
            }
        }
    }
    general.iter().skip(at_general).all(|left| *left == '*')
}

/// Whether some text matches both.
pub(super) fn meets(one: &str, other: &str, work: &Work) -> bool {
    if one == "*" || other == "*" || one == other {
        return true;
    }
    let plain = |text: &str| !text.contains(['*', '?']);
    if plain(one) && plain(other) {
        return false;
    }
    if work.is_spent() {
        return true;
    }
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    if !work.spend(one.len().saturating_add(1).saturating_mul(other.len().saturating_add(1))) {
        return true;
    }
    // `below[at]`: the rest of `one` after this character and the rest of `other` from `at` meet.
    let mut below: Vec<bool> = Vec::with_capacity(other.len().saturating_add(1));
    for at in 0..=other.len() {
        below.push(other.iter().skip(at).all(|left| *left == '*'));
    }
    for have in one.iter().rev() {
        let mut row = vec![false; below.len()];
        for at in (0..=other.len()).rev() {
            let want = other.get(at);
            let next = at.saturating_add(1);
            let right = row.get(next).copied().unwrap_or(false);
            let down = below.get(at).copied().unwrap_or(false);
            let both = below.get(next).copied().unwrap_or(false);
            let met = match (have, want) {
                ('*', None) => down,
                ('*', Some(_)) | (_, Some('*')) => down || right,
                (_, None) => false,
                (have, Some(want)) => (have == want || *have == '?' || *want == '?') && both,
            };
            if let Some(cell) = row.get_mut(at) {
                *cell = met;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        #[rustfmt::skip]
        let rows = [
            ("the same",                   "s3:getobject",  "s3:getobject",        true,  true),
            ("star covers a name",         "s3:get*",       "s3:getobject",        true,  true),
            ("star covers a star",         "s3:*",          "s3:get*",             true,  true),
            ("a name covers no star",      "s3:getobject",  "s3:get*",             false, true),
            ("overlap without cover",      "s3:*acl",       "s3:get*",             false, true),
            ("apart",                      "s3:put*",       "s3:get*",             false, false),
            ("one character",              "s3:get?",       "s3:getx",             true,  true),
            ("one character is not none",  "s3:get?",       "s3:get",              false, false),
            ("? covers no star",           "s3:?",          "s3:*",                false, true),
            ("star is also nothing",       "s3:get*",       "s3:get",              true,  true),
            ("two stars",                  "a*b*c",         "a1b2b3c",             true,  true),
            ("end must fit",               "a*b",           "abc",                 false, false),
            ("bucket and object",          "arn:aws:s3:::b/*", "arn:aws:s3:::b",   false, false),
            ("empty",                      "",              "",                    true,  true),
            ("empty and star",             "",              "*",                   false, true),
        ];
        let work = Work::new();
        for (name, general, specific, cover, meet) in rows {
            assert_eq!(covers(general, specific, &work), cover, "row: {name}");
            assert_eq!(meets(general, specific, &work), meet, "row: {name}");
            assert_eq!(meets(specific, general, &work), meet, "row: {name}, turned");
        }
    }

    /// Name, list, by what it is cut, taken, left.
    type Row = (
        &'static str,
        &'static str,
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    );

    #[test]
    fn cuts() {
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("whole", "s3:GetObject", "s3:Get*", &["s3:GetObject"], &[]),
            ("apart", "s3:GetObject", "s3:Put*", &[], &["s3:GetObject"]),
            ("part", "s3:*", "s3:GetObject", &["s3:GetObject"], &["s3:* but s3:GetObject"]),
            ("part of what is left", "s3:* but s3:Get*", "s3:GetObject", &[], &["s3:* but s3:Get*"]),
            ("all but", "s3:*", "everything but s3:Put*", &["s3:* but s3:Put*"], &["s3:Put*"]),
            ("all but something else", "s3:Get*", "everything but kms:*", &["s3:Get*"], &[]),
            ("all but that", "s3:GetObject", "everything but s3:*", &[], &["s3:GetObject"]),
            ("all but something, less that", "everything but s3:*", "kms:*", &["kms:*"], &["everything but kms:*, s3:*"]),
            ("overlap", "s3:*Acl", "s3:Get*", &["s3:*Acl"], &["s3:*Acl but s3:Get*"]),
            ("overlap that no pattern says", "s3:*Acl", "everything but s3:Get*", &[], &["s3:*Acl"]),
            ("case", "S3:getobject", "s3:Get*", &["S3:getobject"], &[]),
        ];
        let work = Work::new();
        let texts = |list: Vec<Pattern>| list.iter().map(Pattern::to_string).collect::<Vec<_>>();
        for (name, list, by, taken, left) in rows {
            let got = cut(&[Pattern::of_action(list)], &[Pattern::of_action(by)], &work);
            assert_eq!(texts(got.0), *taken, "row: {name}");
            assert_eq!(texts(got.1), *left, "row: {name}");
        }
    }

    #[test]
    fn work_ends() {
        let work = Work(Cell::new(3));
        assert!(!covers("a*b", "aaaaaaaa", &work), "not plainly covered");
        assert!(meets("a*b", "c*d", &work), "not plainly apart");
    }

    proptest::proptest! {
        /// Both questions against every text of three letters.
        #[test]
        fn agrees_with_matching(one in "[ab*?]{0,4}", other in "[ab*?]{0,4}") {
            let work = Work::new();
            let mut texts = vec![String::new()];
            for length in 0..5 {
                let longer: Vec<String> = texts
                    .iter()
                    .filter(|text| text.len() == length)
                    .flat_map(|text| ["a", "b", "c"].map(|letter| format!("{text}{letter}")))
                    .collect();
                texts.extend(longer);
            }
            let hits = |glob: &str, text: &str| covers(glob, text, &work);
            let both = texts.iter().any(|text| hits(&one, text) && hits(&other, text));
            if both {
                proptest::prop_assert!(meets(&one, &other, &work));
            }
            if covers(&one, &other, &work) {
                proptest::prop_assert!(texts.iter().all(|text| hits(&one, text) || !hits(&other, text)));
            }
        }
    }
}
