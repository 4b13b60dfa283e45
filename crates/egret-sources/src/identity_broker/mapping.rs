//! Mapping files: which member of a broker's record is which field.

use egret_model::ecs::{Field, FieldKind};
use serde::Deserialize;

use crate::json::tokens::first;

/// The presets that come with Egret.
const BUILT_IN: &str = include_str!("../../sources/identity_broker.toml");

/// Where a record without a preset may have its time.
pub(super) const USUAL_TIMES: [&str; 6] =
    ["@timestamp", "timestamp", "time", "event_time", "eventTime", "published"];

/// A mapping file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is no TOML, or not of the shape that mappings have.
    #[error("not a broker mapping: {detail}")]
    Shape {
        /// What the TOML reader says, with line and column.
        detail: String,
    },
    /// It holds no preset.
    #[error("expected at least one `[[preset]]`, found none")]
    Empty,
    /// A preset leaves out what it needs.
    #[error("preset `{preset}`: expected {expected}")]
    Incomplete {
        /// Id of the preset.
        preset: String,
        /// What is missing.
        expected: &'static str,
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
    conditions: Vec<Condition>,
    /// Paths to the time, best first, between `\n` and `\t`.
    pub(super) times: Vec<String>,
    /// Paths between `\n` and `\t`, and the field each is.
    pub(super) map: Vec<(String, Field)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    path: String,
    equals: Option<String>,
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
    #[serde(rename = "match")]
    conditions: Vec<FileCondition>,
    #[serde(default)]
    time: Vec<String>,
    map: Vec<FileLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCondition {
    path: String,
    equals: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLine {
    from: String,
    to: String,
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
        let id = preset.id;
        if presets.iter().any(|known| known.id == id) {
            return Err(MappingError::Twice { preset: id });
        }
        let incomplete = |expected| MappingError::Incomplete { preset: id.clone(), expected };
        let paths = preset.conditions.iter().map(|one| &one.path);
        let mut paths = paths.chain(&preset.time).chain(preset.map.iter().map(|line| &line.from));
        if id.is_empty() || paths.any(String::is_empty) {
            return Err(incomplete("an id, and no empty path"));
        }
        if preset.conditions.is_empty() {
            return Err(incomplete(
                "at least one line in `match`; without, every record would be of this kind",
            ));
        }
        let times = if preset.time.is_empty() {
            USUAL_TIMES.iter().map(|path| needle(path)).collect()
        } else {
            preset.time.iter().map(|path| needle(path)).collect()
        };
        let conditions = preset
            .conditions
            .into_iter()
            .map(|one| Condition { path: below(&one.path).to_owned(), equals: one.equals });
        let map = preset
            .map
            .iter()
            .map(|line| Ok((needle(&line.from), field_of(&id, &line.to)?)))
            .collect::<Result<_, _>>()?;
        presets.push(Preset {
            conditions: conditions.collect(),
            title: preset.title,
            times,
            map,
            id,
        });
    }
    Ok(presets)
}

/// The presets that come with Egret.
///
/// # Errors
///
/// None, as a test shows; the type is that of [`read`].
pub(super) fn built_in() -> Result<Vec<Preset>, MappingError> {
    read(BUILT_IN)
}

fn below(path: &str) -> &str {
    path.strip_prefix("identity_broker.").unwrap_or(path)
}

/// A path as it stands among tokens.
pub(super) fn needle(path: &str) -> String {
    format!("\n{}\t", below(path))
}

fn field_of(preset: &str, name: &str) -> Result<Field, MappingError> {
    let field = Field::by_name(name).ok_or_else(|| MappingError::UnknownField {
        preset: preset.to_owned(),
        field: name.to_owned(),
    })?;
    let sets_itself = [
        "@timestamp",
        "event.dataset",
        "log.file.path",
        "log.offset",
        "related.user",
        "related.ip",
    ];
    let unfit = matches!(field.kind(), FieldKind::Flattened | FieldKind::Json)
        || sets_itself.contains(&name)
        || name.starts_with("egret.evidence.");
    if unfit {
        return Err(MappingError::UnfitField { preset: preset.to_owned(), field: name.to_owned() });
    }
    Ok(field)
}

impl Preset {
    /// Whether a record with these tokens is of this kind.
    pub(super) fn applies(&self, tokens: &str) -> bool {
        self.conditions.iter().all(|condition| match &condition.equals {
            Some(value) => tokens
                .lines()
                .filter_map(|line| line.split_once('\t'))
                .any(|(path, found)| path == condition.path && found == value),
            None => tokens.lines().any(|line| {
                line.strip_prefix(condition.path.as_str())
                    .is_some_and(|rest| rest.starts_with(['\t', '.']))
            }),
        })
    }

    /// The first of the preset's times that a record has.
    pub(super) fn time<'t>(&self, tokens: &'t str) -> Option<&'t str> {
        self.times.iter().find_map(|needle| first(tokens, needle))
    }
}

#[cfg(test)]
mod tests {
    use egret_model::ecs::catalog::fields;

    use super::*;

    #[test]
    fn the_built_in_presets_are_whole() {
        let presets = built_in().unwrap();
        assert!(presets.iter().any(|preset| {
            preset.map.contains(&(
                "\naudit.observer.info.credentials.aws.role\t".to_owned(),
                fields::BROKER_ROLE,
            ))
        }));
    }

    #[test]
    fn a_mapping_that_is_wrong_says_where() {
        let preset = |lines: &str| format!("[[preset]]\nid = \"p\"\ntitle = \"P\"\n{lines}");
        #[rustfmt::skip]
        let rows = [
            ("", "expected at least one `[[preset]]`, found none".to_owned()),
            (&preset("match = []\nmap = []"), "preset `p`: expected at least one line in `match`; without, every record would be of this kind".to_owned()),
            (&preset("match = [{path=\"\"}]\nmap = []"), "preset `p`: expected an id, and no empty path".to_owned()),
            (&preset("match = [{path=\"a\"}]\nmap = [{from=\"a\", to=\"user.nam\"}]"), "preset `p`: `user.nam` is not a field of the catalogue".to_owned()),
            (&preset("match = [{path=\"a\"}]\nmap = [{from=\"a\", to=\"@timestamp\"}]"), "preset `p`: `@timestamp` cannot be mapped to; expected a text, address, number, date or boolean that Egret does not set itself".to_owned()),
            (&[preset("match = [{path=\"a\"}]\nmap = []"), preset("match = [{path=\"a\"}]\nmap = []")].join("\n"), "preset `p` is there twice".to_owned()),
        ];
        for (toml, want) in rows {
            assert_eq!(read(toml).unwrap_err().to_string(), want);
        }
        let error = read("[[preset]]\nid = 7").unwrap_err().to_string();
        assert!(error.starts_with("not a broker mapping: ") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn conditions() {
        let toml = "[[preset]]\nid=\"t\"\ntitle=\"T\"\nmatch=[{path=\"event\", equals=\"start\"}, {path=\"identity_broker.role\"}]\nmap=[]";
        let preset = &read(toml).unwrap()[0];
        assert!(preset.applies("\nevent\tstart\nrole.arn\tx\n"));
        assert!(!preset.applies("\nevent\tstart\nroles\tx\n"));
        assert!(!preset.applies("\nevent\tstop\nrole\tx\n"));
    }
}
