//! Regular expressions: whether the engine takes one, and Lucene's in the engine's syntax.

use std::ops::Range;

use super::Lowering;
use super::text::escaped_regex;
use crate::diagnostic::{Code, Diagnostic};

impl Lowering<'_> {
    /// The regular expression as it is run. One that the engine will not take is an error of the query
    /// here, since there it would stop every query of the same scan.
    pub(super) fn checked(&mut self, written: &str, whole: String, span: &Range<usize>) -> String {
        let Err(error) = regex::Regex::new(&whole) else { return whole };
        let text = error.to_string();
        // The engine prints the expression with a sign below the place; the reason stands last.
        let reason = text.rsplit("error: ").next().unwrap_or_default().trim();
        let code = match error {
            regex::Error::CompiledTooBig(_) => Code::Limit,
            _ if reason.ends_with("not supported") => Code::Unsupported,
            _ => Code::Syntax,
        };
        self.errors.push(Diagnostic::new(
            code,
            span.clone(),
            format!("the regular expression `{written}` cannot be run: {reason}"),
        ));
        whole
    }
}

/// Lucene's regular expressions in the engine's syntax; the sign that cannot be translated when
/// one cannot.
///
/// Lucene has no anchors and no look-around: `^`, `$` and a backslash before most letters are that
/// letter; `\d`, `\w`, `\s` and their opposites are classes. `~`, `&`, `<`, `@` and `#` are operators of its own.
pub(super) fn lucene_regex(regex: &str) -> Result<String, char> {
    let mut translated = String::with_capacity(regex.len());
    let mut letters = regex.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                // Classes that Lucene has since 8.6; none may leave the line.
                Some(class @ ('d' | 'w' | 'S')) => {
                    translated.push('\\');
                    translated.push(class);
                }
                Some('s') if in_class => translated.push_str(r" \t\r\f"),
                Some('s') => translated.push_str(r"[ \t\r\f]"),
                Some(class @ ('D' | 'W')) if !in_class => {
                    translated.push_str(r"[^\n\");
                    translated.push(class.to_ascii_lowercase());
                    translated.push(']');
                }
                Some(next) => translated.push_str(&escaped_regex(&next.to_string())),
                None => translated.push_str("\\\\"),
            },
            '[' if !in_class => {
                in_class = true;
                translated.push('[');
                if letters.peek() == Some(&'^') {
                    letters.next();
                    // A negated class must not cross a line of tokens.
                    translated.push_str("^\\n");
                }
            }
            ']' if in_class => {
                in_class = false;
                translated.push(']');
            }
            '[' | '&' | '~' if in_class => {
                translated.push('\\');
                translated.push(letter);
            }
            _ if in_class => translated.push(letter),
            '.' => translated.push_str("[^\\n]"),
            '^' | '$' => {
                translated.push('\\');
                translated.push(letter);
            }
            '~' | '&' | '@' | '<' | '#' => return Err(letter),
            '"' => {
                for quoted in letters.by_ref() {
                    if quoted == '"' {
                        break;
                    }
                    translated.push_str(&escaped_regex(&quoted.to_string()));
                }
            }
            other => translated.push(other),
        }
    }
    Ok(translated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lucene_regular_expressions() {
        #[rustfmt::skip]
        let rows = [
            ("role-[0-9]+", Ok("role-[0-9]+".to_owned())),
            ("a.c", Ok("a[^\\n]c".to_owned())),
            ("^a$", Ok("\\^a\\$".to_owned())),
            ("[^a]", Ok("[^\\na]".to_owned())),
            ("a\"b.c\"", Ok("ab\\.c".to_owned())),
            (r"\d+\w\.\s\W", Ok(r"\d+\w\.[ \t\r\f][^\n\w]".to_owned())),
            ("~a", Err('~')),
        ];
        for (regex, want) in rows {
            assert_eq!(lucene_regex(regex), want, "{regex}");
        }
    }
}
