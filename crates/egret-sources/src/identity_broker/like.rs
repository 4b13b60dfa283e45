//! Texts with gaps: `*` stands for any text, `{}` for the part that is wanted.

/// A text with gaps in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Like {
    /// Text before the first gap.
    first: String,
    /// Text behind each gap; the last one ends the whole.
    others: Vec<String>,
    /// Which gap is the wanted part.
    wanted: Option<usize>,
}

impl Like {
    /// A text with `*` for any text.
    pub(super) fn any(text: &str) -> Self {
        let mut pieces = text.split('*').map(str::to_owned);
        let first = pieces.next().unwrap_or_default();
        Self { first, others: pieces.collect(), wanted: None }
    }

    /// A text with `*` for any text and one `{}` for the part that is wanted; `None` when there is
    /// not exactly one.
    pub(super) fn part(text: &str) -> Option<Self> {
        let (before, after) = text.split_once("{}")?;
        if after.contains("{}") {
            return None;
        }
        let (mut like, behind) = (Self::any(before), Self::any(after));
        like.wanted = Some(like.others.len());
        like.others.push(behind.first);
        like.others.extend(behind.others);
        Some(like)
    }

    /// The wanted part of a text that is like this, or all of it when no part is.
    ///
    /// Each gap takes as little as it can; a wanted part with nothing in it is none.
    pub(super) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let Some((last, middle)) = self.others.split_last() else {
            return (text == self.first).then_some(text);
        };
        let mut rest = text.strip_prefix(self.first.as_str())?.strip_suffix(last.as_str())?;
        let mut part = None;
        for (gap, piece) in middle.iter().enumerate() {
            let (filled, behind) = rest.split_once(piece.as_str())?;
            if self.wanted == Some(gap) {
                part = Some(filled);
            }
            rest = behind;
        }
        match self.wanted {
            None => Some(text),
            Some(_) => Some(part.unwrap_or(rest)).filter(|part| !part.is_empty()),
        }
    }

    /// Letters that are not gaps; of several that fit a text, the one with most says most.
    pub(super) fn weight(&self) -> usize {
        self.others.iter().map(String::len).fold(self.first.len(), usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts() {
        #[rustfmt::skip]
        let rows = [
            ("grant.*", "grant.created", true),
            ("grant.*", "ungrant.created", false),
            ("T*I", "T2007I", true),
            ("T*I", "TI", true),
            ("T*T", "T", false),
            ("*/creds/*", "aws/creds/ops", true),
            ("*/creds/*", "aws/sts/ops", false),
            ("*", "", true),
            ("x", "x", true),
            ("x", "xx", false),
        ];
        for (like, text, want) in rows {
            assert_eq!(Like::any(like).find(text).is_some(), want, "{like} {text}");
        }
    }

    #[test]
    fn parts() {
        #[rustfmt::skip]
        let rows = [
            ("oidc-{}", "oidc-ana@example.org", Some("ana@example.org")),
            ("oidc-{}", "oidc-", None),
            ("oidc-{}", "ldap-ana", None),
            ("*/creds/{}", "aws/creds/a/creds/b", Some("a/creds/b")),
            ("*/{}/*", "aws/creds/ops", Some("creds")),
            ("{}/creds/*", "aws/creds/ops", Some("aws")),
            ("{}", "é", Some("é")),
        ];
        for (like, text, want) in rows {
            assert_eq!(Like::part(like).unwrap().find(text), want, "{like} {text}");
        }
        assert_eq!((Like::part("x*"), Like::part("{}{}")), (None, None));
    }
}
