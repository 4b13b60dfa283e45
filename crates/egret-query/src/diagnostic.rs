//! What there is to say about a query: code, place, message, help. Rendering is the front end's.

use std::ops::Range;

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The query was not run.
    Error,
    /// It was run, and may not mean what its writer thinks.
    Warning,
    /// It was run; this says how it was read.
    Note,
}

macro_rules! codes {
    ($($variant:ident $text:literal $severity:ident $about:literal;)+) => {
        /// Stable codes. Documented in `docs/query-language.md`, which a test compares.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $about] $variant),+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// How serious it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it means.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),+ }
            }
        }
    };
}

codes! {
    Syntax "E-SYNTAX" Error "The text cannot be read as a query.";
    Unbound "E-UNBOUND" Error "A placeholder has no value.";
    Ambiguous "E-AMBIGUOUS" Error "AND and OR stand side by side without parentheses, and the readings differ.";
    Field "E-FIELD" Error "No source fills a field of this name.";
    Type "E-TYPE" Error "The value does not fit the field's type.";
    Limit "E-LIMIT" Error "The query is longer or more deeply nested than is read.";
    Unsupported "E-UNSUPPORTED" Error "The construct is understood and cannot be run.";
    RepairStrict "E-REPAIR-STRICT" Error "Strict reading refuses text that would have to be repaired.";
    NoField "W-NOFIELD" Warning "No source fills a field of this name; it is read as missing.";
    QuotedWildcard "W-QUOTED-WILDCARD" Warning "A star or question mark in quotes is run as a wildcard.";
    Precedence "W-PRECEDENCE" Warning "AND-ed time bounds after an OR chain were applied to the whole chain.";
    LowercaseOperator "W-LOWERCASE-OP" Warning "A lower-case and, or, not is read as an operator.";
    Now "W-NOW" Note "`now` is the case's reference time.";
    NegatedRange "R-NEGATED-RANGE" Warning "`[NOT value]` is read as: the field is there and is not the value.";
    BareValue "R-BARE-CIDR" Note "An unquoted value with `:` or `/` is read up to the next space.";
    Comparison "W-LT" Note "A comparison sign is read as a range.";
    Language "N-LANGUAGE" Note "Which language the text was taken for, and why.";
    Nested "N-NESTED" Note "Conditions on one element of a list are read as conditions on any of its elements.";
    Pipe "R-PIPE" Note "What stands behind a pipe is no part of the query's language and is run as a pipeline.";
    Columns "N-COLUMNS" Note "A step is passed over, since it names what only Elasticsearch has.";
    Comment "N-COMMENT" Note "Comment lines are left out.";
    FreeText "N-FREETEXT" Note "A term without a field is looked for, ignoring case, in the main text fields.";
    Ignored "N-IGNORED" Note "Boost, fuzziness and slop only rank results and are left out.";
    Expression "P-EXPR" Note "Arithmetic in a placeholder was carried out on its value.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something to say about a place in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// How serious it is.
    pub severity: Severity,
    /// Bytes of the text it is about.
    pub span: Range<usize>,
    /// In words: what was expected, what was found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// With the code's own severity and no help.
    pub fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), span, message: message.into(), help: None }
    }

    /// With its place cut to a text of that length: what is missing at the end has no byte.
    #[must_use]
    pub(crate) fn within(mut self, length: usize) -> Self {
        self.span = self.span.start.min(length)..self.span.end.min(length);
        self
    }

    /// With help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_documented() {
        let page = include_str!("../../../docs/query-language.md");
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands for two things");
            assert!(page.contains(&format!("| {code} | ")), "{code} is not documented");
            assert!(code.about().ends_with('.'));
        }
    }
}
