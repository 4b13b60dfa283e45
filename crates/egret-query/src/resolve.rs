//! Field names to what they stand for, with "did you mean".

use egret_model::ecs::{ALIASES, Field, FieldKind, alias};

use crate::ast::Name;
use crate::diagnostic::{Code, Diagnostic};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A field of the catalogue.
    Field(Field),
    /// A path below a flattened field.
    Below(Field, String),
    /// A column that a step of a pipeline made.
    Column(String),
}

impl Target {
    /// Name as the catalogue spells it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Field(field) => field.name().to_owned(),
            Self::Below(field, path) => format!("{}.{path}", field.name()),
            Self::Column(name) => name.clone(),
        }
    }
}

/// Finds what a name stands for.
///
/// # Errors
///
/// [`Code::Field`], with the nearest names.
pub(crate) fn resolve(name: &Name) -> Result<Target, Diagnostic> {
    let canonical = alias::canonical(&name.text);
    if let Some(field) = Field::by_name(&canonical) {
        return Ok(Target::Field(field));
    }
    for field in Field::all().filter(|field| field.kind() == FieldKind::Flattened) {
        if let Some(path) = canonical.strip_prefix(field.name())
            && let Some(path) = path.strip_prefix('.')
            && !path.is_empty()
        {
            return Ok(Target::Below(field, path.replace(['\t', '\n'], " ")));
        }
    }
    let mut unknown = Diagnostic::new(
        Code::Field,
        name.span.clone(),
        format!("no source fills a field `{}`", name.text),
    );
    let near = nearest(&name.text);
    if !near.is_empty() {
        unknown = unknown.help(format!(
            "did you mean {}?",
            near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        ));
    }
    Err(unknown)
}

/// Every field whose name fits one with stars in it, by its own spelling or an alias.
pub(crate) fn matching(pattern: &str) -> Vec<Target> {
    let fits = |name: &str| egret_model::glob::fits(pattern, name);
    let aliased = ALIASES.iter().filter(|alias| fits(alias.alias)).map(|alias| alias.name);
    let mut found: Vec<Field> = Field::all()
        .filter(|field| fits(field.name()))
        .chain(aliased.filter_map(Field::by_name))
        .collect();
    found.sort_by_key(|field| field.index());
    found.dedup();
    found.into_iter().map(Target::Field).collect()
}

/// Up to three names that are spelled alike, or that continue the one given.
fn nearest(name: &str) -> Vec<&'static str> {
    let wanted = name.to_lowercase();
    let most = (wanted.len() / 4).clamp(2, 6);
    let names = Field::all().map(Field::name).chain(ALIASES.iter().map(|alias| alias.alias));
    let mut found: Vec<(usize, &'static str)> = names
        .filter(|known| !known.starts_with("egret."))
        .filter_map(|known| {
            if known.starts_with(&format!("{wanted}.")) || known.ends_with(&format!(".{wanted}")) {
                return Some((0, known));
            }
            let apart = distance(&wanted, known);
            (apart <= most).then_some((apart, known))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Letters to change, add or take away to get from one text to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut diagonal = row.first().copied().unwrap_or(0);
        if let Some(first) = row.first_mut() {
            *first = at.saturating_add(1);
        }
        for (column, other) in b.iter().enumerate() {
            let left = row.get(column).copied().unwrap_or(0);
            let above = row.get(column.saturating_add(1)).copied().unwrap_or(0);
            let changed = diagonal.saturating_add(usize::from(letter != *other));
            diagonal = above;
            if let Some(cell) = row.get_mut(column.saturating_add(1)) {
                *cell = changed.min(left.saturating_add(1)).min(above.saturating_add(1));
            }
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(name: &str) -> Option<String> {
        resolve(&Name { text: name.to_owned(), span: 0..name.len() }).unwrap_err().help
    }

    #[test]
    fn names() {
        let of = |text: &str| {
            resolve(&Name { text: text.to_owned(), span: 0..0 }).map(|target| target.name())
        };
        assert_eq!(of("client.ip").unwrap(), "source.ip");
        assert_eq!(
            of("aws.cloudtrail.flattened.request_parameters.roleArn").unwrap(),
            "aws.cloudtrail.request_parameters.roleArn"
        );
        assert_eq!(
            of("identity_broker.audit.observer.info.credentials.aws.role").unwrap(),
            "identity_broker.audit.observer.info.credentials.aws.role"
        );
        assert_eq!(help("aws.s3.bucket").as_deref(), Some("did you mean `aws.s3.bucket.name`?"));
        assert_eq!(help("event.acton").as_deref(), Some("did you mean `event.action`?"));
        assert_eq!(help("completely.different.thing.altogether"), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
