//! Free-form documents as searchable tokens, as [`egret_model::ecs::tokens_column`] describes them.
//!
//! Newer EC2 actions wrap what was asked and answered in one more object, `<Action>Request` and
//! `<Action>Response`, and older ones do not. That object is seen through, so one path finds both.

use std::ops::Range;

use egret_model::limits::{JSON_DEPTH_MAX, TOKENS_MAX};

use super::cursor::{Cursor, Raw, Stop, Visit, whole};

/// A document as written, and where its tokens are in [`Tokens`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flat<'a> {
    /// The JSON text.
    pub(crate) json: &'a str,
    tokens: Range<usize>,
}

/// What the names at the root of a document mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Root {
    /// Nothing but themselves.
    #[default]
    Plain,
    /// One of them may be an EC2 wrapper, which is seen through.
    Ec2,
    /// One of them, or the first part of them, may be this name, which the field has already.
    Below(&'static str),
    /// Nothing but themselves, but names at any depth begin with a small letter, as a service's
    /// own export has them and the AWS command line has not.
    Camel,
}

/// Tokens of the documents of one record.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    text: String,
    path: String,
    /// Length of the path before each open member.
    marks: Vec<usize>,
    leaves: usize,
    root: Root,
}

impl Tokens {
    /// Forgets all documents; memory is kept.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
    }

    /// Reads the value the cursor stands at; `None` for `null`.
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub(crate) fn flatten<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        root: Root,
    ) -> Result<Option<Flat<'a>>, Stop> {
        let (start, from) = (cursor.at(), self.text.len());
        self.path.clear();
        self.marks.clear();
        self.leaves = 0;
        self.root = root;
        self.text.push('\n');
        cursor.walk(self)?;
        let json = cursor.since(start);
        if json == "null" {
            self.text.truncate(from);
            return Ok(None);
        }
        Ok(Some(Flat { json, tokens: from..self.text.len() }))
    }

    /// The tokens of a document.
    pub(crate) fn of(&self, flat: &Flat<'_>) -> &str {
        self.text.get(flat.tokens.clone()).unwrap_or_default()
    }

    /// The first value under a path. `needle` is the path between `\n` and `\t`.
    pub(crate) fn first(&self, flat: Option<&Flat<'_>>, needle: &str) -> Option<&str> {
        first(self.of(flat?), needle)
    }

    fn begin_leaf(&mut self) -> bool {
        if self.leaves >= TOKENS_MAX || self.marks.len() > JSON_DEPTH_MAX {
            return false;
        }
        self.leaves = self.leaves.saturating_add(1);
        self.text.push_str(&self.path);
        self.text.push('\t');
        true
    }
}

/// The first value under a path among some tokens. `needle` is the path between `\n` and `\t`.
pub(crate) fn first<'t>(tokens: &'t str, needle: &str) -> Option<&'t str> {
    let at = memchr::memmem::find(tokens.as_bytes(), needle.as_bytes())?;
    let rest = tokens.get(at.saturating_add(needle.len())..)?;
    rest.split('\n').next().filter(|value| !value.is_empty())
}

/// Every value under a path among some tokens that is not empty. `needle` is as for [`first`].
pub(crate) fn all<'t>(tokens: &'t str, needle: &str) -> impl Iterator<Item = &'t str> {
    let mut rest = tokens;
    std::iter::from_fn(move || {
        loop {
            let at = memchr::memmem::find(rest.as_bytes(), needle.as_bytes())?;
            let behind = rest.get(at.saturating_add(needle.len())..)?;
            // The line feed behind the value may begin the next needle and is not passed over.
            let value = behind.get(..memchr::memchr(b'\n', behind.as_bytes())?)?;
            rest = behind.get(value.len()..)?;
            if !value.is_empty() {
                return Some(value);
            }
        }
    })
}

/// Every path and value among some tokens, in the order logged.
pub(crate) fn leaves(tokens: &str) -> impl Iterator<Item = (&str, &str)> {
    tokens.split('\n').filter_map(|line| line.split_once('\t'))
}

/// Adds a string to a token: a tab or line feed would end it early.
fn push_raw(to: &mut String, raw: Raw<'_>) {
    if raw.escaped {
        raw.each_char(|char| to.push(if matches!(char, '\t' | '\n') { ' ' } else { char }));
    } else {
        to.push_str(raw.text);
    }
}

impl Visit for Tokens {
    fn member(&mut self, key: Raw<'_>, object: bool) {
        let before = self.path.len();
        let mut key = key;
        let seen_through = match self.root {
            Root::Ec2 if self.marks.is_empty() => object && is_wrapper(key.text),
            Root::Below(name) if self.marks.is_empty() => {
                let below = key.text.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
                key.text = below.unwrap_or(key.text);
                object && key.text == name
            }
            _ => false,
        };
        self.marks.push(before);
        if seen_through || self.marks.len() > JSON_DEPTH_MAX {
            return;
        }
        if before > 0 {
            self.path.push('.');
        }
        let at = self.path.len();
        push_raw(&mut self.path, key);
        if self.root == Root::Camel
            && let Some(first) = self.path.get_mut(at..at.saturating_add(1))
        {
            first.make_ascii_lowercase();
        }
    }

    fn member_end(&mut self) {
        if let Some(before) = self.marks.pop() {
            self.path.truncate(before);
        }
    }

    fn text(&mut self, value: Raw<'_>) {
        if self.begin_leaf() {
            push_raw(&mut self.text, value);
            self.text.push('\n');
        }
    }

    fn plain(&mut self, value: &str) {
        if self.begin_leaf() {
            self.text.push_str(whole(value));
            self.text.push('\n');
        }
    }
}

/// Whether a root member is the extra object of newer EC2 actions.
fn is_wrapper(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_uppercase())
        && (key.ends_with("Request") || key.ends_with("Response"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens_of(json: &str, root: Root) -> Option<String> {
        let mut tokens = Tokens::default();
        let flat = tokens.flatten(&mut Cursor::new(json), root).unwrap()?;
        assert_eq!(flat.json, json);
        Some(tokens.of(&flat).to_owned())
    }

    #[test]
    fn documents() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("as the catalogue shows it",
             r#"{"roleArn":"arn:aws:iam::111122223333:role/Ops","tags":[{"key":"a"},{"key":"b"}]}"#,
             Some("\nroleArn\tarn:aws:iam::111122223333:role/Ops\ntags.key\ta\ntags.key\tb\n")),
            ("numbers, booleans, nulls", r#"{"a":7.0,"b":7.5,"c":true,"d":null}"#,
             Some("\na\t7\nb\t7.5\nc\ttrue\n")),
            ("a value cannot begin a line of its own", r#"{"a\tb":"x\ny\tz"}"#, Some("\na b\tx y z\n")),
            ("arrays in arrays", r#"{"a":[["x"],["y",["z"]]]}"#, Some("\na\tx\na\ty\na\tz\n")),
            ("EC2 wrapper", r#"{"CreateNatGatewayRequest":{"SubnetId":"subnet-1"}}"#, Some("\nSubnetId\tsubnet-1\n")),
            ("no wrapper: a value", r#"{"LastRequest":"x"}"#, Some("\nLastRequest\tx\n")),
            ("no wrapper: below the root", r#"{"a":{"XRequest":{"b":1}}}"#, Some("\na.XRequest.b\t1\n")),
            ("a bare string", r#""HIDDEN""#, Some("\n\tHIDDEN\n")),
            ("nothing in it", "{}", Some("\n")),
            ("null", "null", None),
        ];
        for (name, json, want) in rows {
            assert_eq!(tokens_of(json, Root::Ec2).as_deref(), *want, "row: {name}");
        }
    }

    #[test]
    fn one_path_however_a_record_is_nested() {
        for json in [
            r#"{"identity_broker":{"audit":{"role":"Ops"}}}"#,
            r#"{"identity_broker.audit.role":"Ops"}"#,
            r#"{"identity_broker":{"audit.role":"Ops"}}"#,
            r#"{"audit":{"role":"Ops"}}"#,
        ] {
            let tokens = tokens_of(json, Root::Below("identity_broker"));
            assert_eq!(tokens.as_deref(), Some("\naudit.role\tOps\n"), "{json}");
        }
    }

    #[test]
    fn one_path_however_names_begin() {
        for json in [r#"{"Service":{"EventLastSeen":"x"}}"#, r#"{"service":{"eventLastSeen":"x"}}"#]
        {
            let tokens = tokens_of(json, Root::Camel);
            assert_eq!(tokens.as_deref(), Some("\nservice.eventLastSeen\tx\n"), "{json}");
        }
    }

    #[test]
    fn caps_hold() {
        let many = format!("[{}]", vec!["1"; TOKENS_MAX + 10].join(","));
        let tokens = tokens_of(&many, Root::Plain).unwrap();
        assert_eq!(tokens.lines().count(), TOKENS_MAX + 1);
        let depth = JSON_DEPTH_MAX + 1;
        let deep = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert_eq!(tokens_of(&deep, Root::Plain).as_deref(), Some("\n"));
    }

    #[test]
    fn first_value_of_a_path() {
        let tokens = "\nkey\tone\nkey\ttwo\nempty\t\n";
        assert_eq!(first(tokens, "\nkey\t"), Some("one"));
        assert_eq!(first(tokens, "\nempty\t"), None);
        assert_eq!(first(tokens, "\ney\t"), None);
        assert_eq!(all(tokens, "\nkey\t").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(all(tokens, "\nempty\t").next(), None);
    }
}
