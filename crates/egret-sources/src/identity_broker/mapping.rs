//! Mapping files: which member of a broker's record is which field.
//!
//! `docs/identity-brokers.md` describes the language for those who write such a file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use egret_model::aws::{account_of_arn, name_of_arn};
use egret_model::ecs::{Field, FieldKind};
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};

use super::like::Like;
use super::presets::BUILT_IN;
use super::without_port;
use crate::json::tokens::all;

/// Where a record without a preset may have its time.
pub(super) const USUAL_TIMES: [&str; 6] =
    ["@timestamp", "timestamp", "time", "event_time", "eventTime", "published"];

/// A mapping file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is no TOML, or not of the shape that mappings have.
    #[error("not a broker mapping: {detail}")]
    Shape {
        /// What the TOML reader says, with line and column and the keys that it knows there.
        detail: String,
    },
    /// It holds no preset.
    #[error("expected at least one `[[preset]]`, found none")]
    Empty,
    /// A preset leaves out what it needs, or says it in a way that means nothing.
    #[error("preset `{preset}`: expected {expected}")]
    Incomplete {
        /// Id of the preset.
        preset: String,
        /// What is missing.
        expected: String,
    },
    /// Two presets have the same id.
    #[error("preset `{preset}` is there twice")]
    Twice {
        /// Their id.
        preset: String,
    },
    /// A line maps to a field that the catalogue does not have.
    #[error("preset `{preset}`: `{field}` is not a field of the catalogue")]
    UnknownField {
        /// Id of the preset.
        preset: String,
        /// The name found.
        field: String,
    },
    /// A line maps to a field that a mapping cannot set.
    #[error(
        "preset `{preset}`: `{field}` cannot be mapped to; expected a text, address, number, date or boolean that Egret does not set itself"
    )]
    UnfitField {
        /// Id of the preset.
        preset: String,
        /// The name found.
        field: String,
    },
}

/// One kind of broker record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) id: String,
    pub(super) title: String,
    /// What `event.provider` becomes.
    pub(super) broker: String,
    /// Sets of conditions; a record is of this kind when all of one set hold.
    sets: Vec<Vec<Condition>>,
    /// Paths to the time, best first, between `\n` and `\t`.
    pub(super) times: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    /// Paths that mean the same, in and out of envelopes.
    paths: Vec<String>,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// Something lies at or below the path, or nothing does.
    Exists(bool),
    /// A text is one of these.
    AnyOf(Vec<String>),
    /// A text begins so.
    Prefix(String),
    /// A text is like one of these.
    Like(Vec<Like>),
}

/// One line of `map`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    from: From,
    to: Field,
    when: Vec<Condition>,
    parts: Vec<Like>,
    take: Vec<Take>,
    values: Values,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum From {
    /// Paths between `\n` and `\t`, best first.
    Paths(Vec<String>),
    /// A text that no record need say.
    Constant(String),
}

/// What to make of a text before it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Take {
    /// What follows the last `/`.
    LastSegment,
    /// The address of `address:port`.
    WithoutPort,
    /// The account that an ARN names.
    AccountOfArn,
    /// The last part of an ARN.
    NameOfArn,
    /// Small letters.
    Lowercase,
}

/// Texts and what they mean; without any, each means itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Values {
    exact: BTreeMap<String, String>,
    /// The one that says most first.
    like: Vec<(Like, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    preset: Vec<FilePreset>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePreset {
    id: String,
    title: String,
    broker: Option<String>,
    #[serde(rename = "match")]
    conditions: Vec<FileCondition>,
    #[serde(default)]
    or_match: Vec<Vec<FileCondition>>,
    #[serde(default)]
    envelope: OneOrMore,
    #[serde(default)]
    time: OneOrMore,
    map: Vec<FileLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCondition {
    path: String,
    exists: Option<bool>,
    equals: Option<String>,
    any_of: Option<Vec<String>>,
    prefix: Option<String>,
    like: Option<OneOrMore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLine {
    from: Option<OneOrMore>,
    value: Option<String>,
    to: String,
    #[serde(default)]
    when: Vec<FileCondition>,
    #[serde(default)]
    part: OneOrMore,
    #[serde(default)]
    take: Vec<Take>,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// A text, or a list of texts.
#[derive(Debug, Default)]
struct OneOrMore(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMore;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMore, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMore(texts))
            }
        }

        // A table's keys are no texts of a list; asking for any shape keeps the place in errors.
        deserializer.deserialize_any(Texts)
    }
}

/// The presets of a mapping file, in its order.
///
/// # Errors
///
/// [`MappingError`] for the first thing that is wrong.
pub(super) fn read(toml: &str) -> Result<Vec<Preset>, MappingError> {
    let file: File = toml::from_str(toml)
        .map_err(|error| MappingError::Shape { detail: error.to_string().trim_end().to_owned() })?;
    if file.preset.is_empty() {
        return Err(MappingError::Empty);
    }
    let mut presets: Vec<Preset> = Vec::with_capacity(file.preset.len());
    for preset in file.preset {
        if presets.iter().any(|known| known.id == preset.id) {
            return Err(MappingError::Twice { preset: preset.id });
        }
        presets.push(Reading { id: &preset.id, envelope: &preset.envelope.0 }.preset(&preset)?);
    }
    Ok(presets)
}

/// The presets that come with Egret.
///
/// # Errors
///
/// None, as a test shows; the type is that of [`read`].
pub(super) fn built_in() -> Result<Vec<Preset>, MappingError> {
    let mut presets = Vec::new();
    for (_, toml) in BUILT_IN {
        presets.extend(read(toml)?);
    }
    Ok(presets)
}

/// A preset while it is read.
#[derive(Clone, Copy)]
struct Reading<'f> {
    id: &'f str,
    envelope: &'f [String],
}

impl Reading<'_> {
    fn preset(self, preset: &FilePreset) -> Result<Preset, MappingError> {
        if self.id.is_empty() || self.envelope.iter().any(String::is_empty) {
            return Err(self.incomplete("an id, and no empty path"));
        }
        let mut sets = vec![self.conditions(&preset.conditions)?];
        for set in &preset.or_match {
            sets.push(self.conditions(set)?);
        }
        if sets.iter().any(Vec::is_empty) {
            return Err(self.incomplete(
                "at least one line in `match` and in each list of `or_match`; without, every record would be of this kind",
            ));
        }
        let times = if preset.time.0.is_empty() {
            USUAL_TIMES.iter().flat_map(|path| self.needles(path)).collect()
        } else {
            self.all_needles(&preset.time.0)?
        };
        let lines = preset.map.iter().map(|line| self.line(line)).collect::<Result<_, _>>()?;
        Ok(Preset {
            id: preset.id.clone(),
            title: preset.title.clone(),
            broker: preset.broker.as_ref().unwrap_or(&preset.id).clone(),
            sets,
            times,
            lines,
        })
    }

    fn conditions(self, conditions: &[FileCondition]) -> Result<Vec<Condition>, MappingError> {
        conditions.iter().map(|one| self.condition(one)).collect()
    }

    fn condition(self, condition: &FileCondition) -> Result<Condition, MappingError> {
        if condition.path.is_empty() {
            return Err(self.incomplete("an id, and no empty path"));
        }
        let equals = condition.equals.clone().map(|text| Test::AnyOf(vec![text]));
        let any_of = condition.any_of.clone().map(Test::AnyOf);
        let prefix = condition.prefix.clone().map(Test::Prefix);
        let like = condition.like.as_ref();
        let like = like.map(|like| Test::Like(like.0.iter().map(|one| Like::any(one)).collect()));
        let exists = condition.exists.map(Test::Exists);
        let mut tests = [equals, any_of, prefix, like, exists].into_iter().flatten();
        let test = tests.next().unwrap_or(Test::Exists(true));
        if tests.next().is_some() {
            return Err(self.incomplete(format!(
                "one of `exists`, `equals`, `any_of`, `prefix` and `like` beside `path = \"{}\"`, found several",
                condition.path
            )));
        }
        Ok(Condition { paths: self.paths(&condition.path), test })
    }

    fn line(self, line: &FileLine) -> Result<Line, MappingError> {
        let from = match (&line.from, &line.value) {
            (Some(from), None) if !from.0.is_empty() => From::Paths(self.all_needles(&from.0)?),
            (None, Some(value)) => From::Constant(value.clone()),
            _ => {
                return Err(self.incomplete(format!(
                    "either `from`, with a path, or `value` beside `to = \"{}\"`",
                    line.to
                )));
            }
        };
        let parts = line.part.0.iter().map(|part| {
            Like::part(part)
                .ok_or_else(|| self.incomplete(format!("`{{}}` once in `part`, found `{part}`")))
        });
        let (like, exact): (Vec<_>, Vec<_>) =
            line.values.iter().partition(|(text, _)| text.contains('*'));
        let mut values = Values {
            exact: exact.into_iter().map(|(text, is)| (text.clone(), is.clone())).collect(),
            like: like.into_iter().map(|(text, is)| (Like::any(text), is.clone())).collect(),
        };
        values.like.sort_by_key(|(like, _)| std::cmp::Reverse(like.weight()));
        Ok(Line {
            from,
            to: self.field(&line.to)?,
            when: self.conditions(&line.when)?,
            parts: parts.collect::<Result<_, _>>()?,
            take: line.take.clone(),
            values,
        })
    }

    /// A path by itself and below each envelope.
    fn paths(self, path: &str) -> Vec<String> {
        let path = below(path);
        let enveloped = self.envelope.iter().map(|outer| format!("{}.{path}", below(outer)));
        std::iter::once(path.to_owned()).chain(enveloped).collect()
    }

    fn needles(self, path: &str) -> impl Iterator<Item = String> {
        self.paths(path).into_iter().map(|path| needle(&path))
    }

    fn all_needles(self, paths: &[String]) -> Result<Vec<String>, MappingError> {
        if paths.iter().any(String::is_empty) {
            return Err(self.incomplete("an id, and no empty path"));
        }
        Ok(paths.iter().flat_map(|path| self.needles(path)).collect())
    }

    fn field(self, name: &str) -> Result<Field, MappingError> {
        let (preset, field) = (self.id.to_owned(), name.to_owned());
        let Some(known) = Field::by_name(name) else {
            return Err(MappingError::UnknownField { preset, field });
        };
        let sets_itself = [
            "@timestamp",
            "event.dataset",
            "log.file.path",
            "log.offset",
            "related.user",
            "related.ip",
        ];
        let unfit = matches!(known.kind(), FieldKind::Flattened | FieldKind::Json)
            || sets_itself.contains(&name)
            || name.starts_with("egret.evidence.");
        if unfit {
            return Err(MappingError::UnfitField { preset, field });
        }
        Ok(known)
    }

    fn incomplete(self, expected: impl Into<String>) -> MappingError {
        MappingError::Incomplete { preset: self.id.to_owned(), expected: expected.into() }
    }
}

fn below(path: &str) -> &str {
    path.strip_prefix("identity_broker.").unwrap_or(path)
}

/// A path as it stands among tokens.
pub(super) fn needle(path: &str) -> String {
    format!("\n{}\t", below(path))
}

impl Preset {
    /// Whether a record with these tokens is of this kind.
    pub(super) fn applies(&self, tokens: &str) -> bool {
        self.sets.iter().any(|set| set.iter().all(|condition| condition.holds(tokens)))
    }

    /// The first of the preset's times that a record has.
    pub(super) fn time<'t>(&self, tokens: &'t str) -> Option<&'t str> {
        self.times.iter().find_map(|needle| all(tokens, needle).next())
    }

    /// The fields that a record with these tokens gives, each once, in the order of the lines.
    pub(super) fn fields<'t>(&'t self, tokens: &'t str) -> Vec<(Field, Cow<'t, str>)> {
        let mut found: Vec<(Field, Cow<'t, str>)> = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            if found.iter().any(|(field, _)| *field == line.to) {
                continue;
            }
            if let Some(value) = line.value(tokens) {
                found.push((line.to, value));
            }
        }
        found
    }
}

impl Condition {
    fn holds(&self, tokens: &str) -> bool {
        match &self.test {
            Test::Exists(wanted) => self.something(tokens) == *wanted,
            Test::AnyOf(texts) => {
                self.texts(tokens).any(|found| texts.iter().any(|text| text == found))
            }
            Test::Prefix(prefix) => self.texts(tokens).any(|found| found.starts_with(prefix)),
            Test::Like(likes) => {
                self.texts(tokens).any(|found| likes.iter().any(|like| like.find(found).is_some()))
            }
        }
    }

    /// Whether a text that is not empty lies at or below one of the paths.
    fn something(&self, tokens: &str) -> bool {
        tokens.lines().filter_map(|line| line.split_once('\t')).any(|(found, text)| {
            !text.is_empty()
                && self.paths.iter().any(|path| {
                    found
                        .strip_prefix(path.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
        })
    }

    fn texts<'t>(&self, tokens: &'t str) -> impl Iterator<Item = &'t str> {
        tokens
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(path, _)| self.paths.iter().any(|known| known == path))
            .map(|(_, text)| text)
    }
}

impl Line {
    fn value<'t>(&'t self, tokens: &'t str) -> Option<Cow<'t, str>> {
        if !self.when.iter().all(|condition| condition.holds(tokens)) {
            return None;
        }
        match &self.from {
            From::Constant(text) => Some(Cow::Borrowed(text)),
            From::Paths(paths) => {
                paths.iter().flat_map(|path| all(tokens, path)).find_map(|text| self.made_of(text))
            }
        }
    }

    /// What this line makes of a text; `None` when it is not a text it is for.
    fn made_of<'t>(&'t self, text: &'t str) -> Option<Cow<'t, str>> {
        let part = if self.parts.is_empty() {
            text
        } else {
            self.parts.iter().find_map(|part| part.find(text))?
        };
        let mut text = Cow::Borrowed(part);
        for take in &self.take {
            text = match text {
                Cow::Borrowed(text) => take.of(text)?,
                Cow::Owned(text) => Cow::Owned(take.of(&text)?.into_owned()),
            };
        }
        let text = self.values.of(text)?;
        Some(text).filter(|text| !text.is_empty())
    }
}

impl Take {
    fn of(self, text: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::LastSegment => text.rsplit('/').next().unwrap_or(text),
            Self::WithoutPort => without_port(text),
            Self::AccountOfArn => account_of_arn(text)?,
            Self::NameOfArn => name_of_arn(text),
            Self::Lowercase => return Some(Cow::Owned(text.to_lowercase())),
        }))
    }
}

impl Values {
    fn of<'t>(&'t self, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
        if self.exact.is_empty() && self.like.is_empty() {
            return Some(text);
        }
        let exact = self.exact.get(text.as_ref());
        let like = || self.like.iter().find(|(like, _)| like.find(&text).is_some());
        let meant = exact.or_else(|| like().map(|(_, meant)| meant))?;
        Some(Cow::Borrowed(meant.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use egret_model::ecs::catalog::fields;

    use super::*;

    #[test]
    fn the_built_in_presets_are_whole() {
        let mut ids = std::collections::BTreeSet::new();
        for (name, toml) in BUILT_IN {
            let presets = read(toml).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(presets[0].id, *name, "the first preset of a file has the file's name");
            for preset in presets {
                assert!(preset.id.starts_with(name), "{name}: `{}`", preset.id);
                assert!(ids.insert(preset.id.clone()), "`{}` is there twice", preset.id);
            }
        }
        let tokens = "\naudit.observer.info.credentials.aws.role\tOps\n";
        let presets = built_in().unwrap();
        let preset = presets.iter().find(|preset| preset.applies(tokens)).unwrap();
        assert_eq!(preset.fields(tokens), [(fields::BROKER_ROLE, Cow::Borrowed("Ops"))]);
    }

    #[test]
    fn a_mapping_that_is_wrong_says_where() {
        let preset = |lines: &str| format!("[[preset]]\nid = \"p\"\ntitle = \"P\"\n{lines}");
        #[rustfmt::skip]
        let rows = [
            ("", "expected at least one `[[preset]]`, found none".to_owned()),
            (&preset("match = []\nmap = []"), "preset `p`: expected at least one line in `match` and in each list of `or_match`; without, every record would be of this kind".to_owned()),
            (&preset("match = [{path=\"\"}]\nmap = []"), "preset `p`: expected an id, and no empty path".to_owned()),
            (&preset("match = [{path=\"a\"}]\nmap = [{from=\"a\", to=\"user.nam\"}]"), "preset `p`: `user.nam` is not a field of the catalogue".to_owned()),
            (&preset("match = [{path=\"a\"}]\nmap = [{from=\"a\", to=\"@timestamp\"}]"), "preset `p`: `@timestamp` cannot be mapped to; expected a text, address, number, date or boolean that Egret does not set itself".to_owned()),
            (&preset("match = [{path=\"a\", equals=\"x\", prefix=\"x\"}]\nmap = []"), "preset `p`: expected one of `exists`, `equals`, `any_of`, `prefix` and `like` beside `path = \"a\"`, found several".to_owned()),
            (&preset("match = [{path=\"a\"}]\nmap = [{to=\"user.name\"}]"), "preset `p`: expected either `from`, with a path, or `value` beside `to = \"user.name\"`".to_owned()),
            (&preset("match = [{path=\"a\"}]\nmap = [{from=\"a\", part=\"x\", to=\"user.name\"}]"), "preset `p`: expected `{}` once in `part`, found `x`".to_owned()),
            (&[preset("match = [{path=\"a\"}]\nmap = []"), preset("match = [{path=\"a\"}]\nmap = []")].join("\n"), "preset `p` is there twice".to_owned()),
        ];
        for (toml, want) in rows {
            assert_eq!(read(toml).unwrap_err().to_string(), want);
        }
        #[rustfmt::skip]
        let rows = [
            ("[[preset]]\nid = 7".to_owned(), "line 2", "expected a string"),
            (preset("match = [{path=\"a\"}]\nmpa = []"), "line 5", "expected one of `id`, `title`, `broker`, `match`, `or_match`, `envelope`, `time`, `map`"),
            (preset("match = [\n{pth=\"a\"}]\nmap = []"), "line 5", "expected one of `path`, `exists`, `equals`, `any_of`, `prefix`, `like`"),
            (preset("match = [{path=\"a\"}]\nmap = [{form=\"a\", to=\"user.name\"}]"), "line 5", "expected one of `from`, `value`, `to`, `when`, `part`, `take`, `values`"),
            (preset("match = [{path=\"a\"}]\nmap = [{from=\"a\", to=\"user.name\", take=[\"half\"]}]"), "line 5", "expected one of `last_segment`, `without_port`, `account_of_arn`, `name_of_arn`, `lowercase`"),
            (preset("match = [{path=\"a\"}]\nmap = [{from=7, to=\"user.name\"}]"), "line 5", "expected a text or a list of texts"),
        ];
        for (toml, line, expected) in rows {
            let error = read(&toml).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn conditions() {
        #[rustfmt::skip]
        let rows = [
            ("[{path=\"event\", equals=\"start\"}, {path=\"identity_broker.role\"}]", "\nevent\tstart\nrole.arn\tx\n", true),
            ("[{path=\"event\", equals=\"start\"}, {path=\"identity_broker.role\"}]", "\nevent\tstart\nroles\tx\n", false),
            ("[{path=\"event\", equals=\"start\"}, {path=\"identity_broker.role\"}]", "\nevent\tstop\nrole\tx\n", false),
            ("[{path=\"role\"}]", "\nrole\t\n", false),
            ("[{path=\"role\", exists=false}]", "\nrole\t\n", true),
            ("[{path=\"role\", exists=false}]", "\nrole.arn\tx\n", false),
            ("[{path=\"e\", any_of=[\"a\",\"b\"]}]", "\ne\tc\ne\tb\n", true),
            ("[{path=\"e\", prefix=\"ab\"}]", "\ne\tabc\n", true),
            ("[{path=\"e\", prefix=\"ab\"}]", "\ne\ta\n", false),
            ("[{path=\"e\", like=\"db.*\"}]", "\ne\tdb.start\n", true),
            ("[{path=\"e\", like=[\"x*\",\"db.*\"]}]", "\ne\tapp.start\n", false),
            ("[{path=\"e\", like=\"never\"}]\nor_match = [[{path=\"f\"}, {path=\"g\"}], [{path=\"h\"}]]", "\nh\t1\n", true),
            ("[{path=\"e\", like=\"never\"}]\nor_match = [[{path=\"f\"}, {path=\"g\"}], [{path=\"h\"}]]", "\nf\t1\n", false),
            ("[{path=\"e\"}]\nenvelope = \"detail\"", "\ndetail.e\t1\n", true),
        ];
        for (conditions, tokens, want) in rows {
            let toml = format!("[[preset]]\nid=\"t\"\ntitle=\"T\"\nmatch={conditions}\nmap=[]");
            assert_eq!(read(&toml).unwrap()[0].applies(tokens), want, "{conditions} {tokens:?}");
        }
    }

    #[test]
    fn lines() {
        let tokens = "\narn\tarn:aws:iam::111122223333:role/Ops\nip\t198.51.100.7:443\npath\taws/creds/ops\ncode\tT2007I\nname\toidc-ANA@example.org\nlist\tx\nlist\toidc-bo\n";
        #[rustfmt::skip]
        let rows = [
            ("from=\"arn\"", Some("arn:aws:iam::111122223333:role/Ops")),
            ("from=[\"none\", \"path\"]", Some("aws/creds/ops")),
            ("from=\"none\"", None),
            ("value=\"constant\"", Some("constant")),
            ("value=\"constant\", when=[{path=\"arn\"}]", Some("constant")),
            ("value=\"constant\", when=[{path=\"none\"}]", None),
            ("from=\"arn\", take=[\"account_of_arn\"]", Some("111122223333")),
            ("from=\"arn\", take=[\"name_of_arn\", \"lowercase\"]", Some("ops")),
            ("from=[\"path\", \"arn\"], take=[\"account_of_arn\"]", Some("111122223333")),
            ("from=\"ip\", take=[\"without_port\"]", Some("198.51.100.7")),
            ("from=\"path\", take=[\"last_segment\"]", Some("ops")),
            ("from=\"name\", part=[\"ldap-{}\", \"oidc-{}\"], take=[\"lowercase\"]", Some("ana@example.org")),
            ("from=\"list\", part=\"oidc-{}\"", Some("bo")),
            ("from=\"path\", part=\"{}/sts/*\"", None),
            ("from=\"code\", values={ \"T*I\"=\"success\", \"*\"=\"failure\" }", Some("success")),
            ("from=\"code\", values={ \"T2007I\"=\"exact\", \"T*I\"=\"success\" }", Some("exact")),
            ("from=\"code\", values={ \"x\"=\"y\" }", None),
        ];
        for (line, want) in rows {
            let toml = format!(
                "[[preset]]\nid=\"t\"\ntitle=\"T\"\nmatch=[{{path=\"arn\"}}]\nmap=[{{{line}, to=\"user.name\"}}]"
            );
            let presets = read(&toml).unwrap();
            let found = presets[0].fields(tokens);
            assert_eq!(found.first().map(|(_, value)| value.as_ref()), want, "{line}");
        }
    }
}
