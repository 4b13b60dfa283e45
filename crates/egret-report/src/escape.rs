//! Log text made harmless for each output. This is the one file that escapes.
//!
//! Whoever wrote the log text may be the attacker: it must not become an element, a formula, a
//! link or a command to the terminal, and it must not hide. Characters that do not show, or that
//! change how their neighbours show, are written as their code points.
//!
//! | output | what could happen | what is done |
//! |---|---|---|
//! | HTML | an element, an attribute, an entity | `& < > " '` as entities |
//! | Markdown | emphasis, a link, a table cell, a heading, raw HTML | backslashes; values in code spans |
//! | CSV | a formula run by a spreadsheet, a new cell or row | a leading quote; quoting |
//! | terminal | colours, cursor moves, a changed window title | no control character passes |
//!
//! # Source
//!
//! * HTML: <https://html.spec.whatwg.org/multipage/parsing.html>
//! * Markdown: <https://spec.commonmark.org/0.31.2/>, tables and autolinks as in GFM
//! * CSV: <https://owasp.org/www-community/attacks/CSV_Injection>
//! * direction: CVE-2021-42574, <https://www.unicode.org/reports/tr9/>

use std::fmt::Write;

/// Text as HTML text or a quoted attribute's value; line feeds and tabs stay as they are.
///
/// Hidden characters become `<span class="cp">U+202E</span>`, so the result is for text, not for
/// an attribute; see [`attribute`].
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::html("<b>\u{202e}"), "&lt;b&gt;<span class=\"cp\">U+202E</span>");
/// ```
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => escaped.push(letter),
            letter if is_hidden(letter) => push(
                &mut escaped,
                format_args!("<span class=\"cp\">U+{:04X}</span>", u32::from(letter)),
            ),
            letter => push_entity(&mut escaped, letter),
        }
    }
    escaped
}

/// Text as HTML text within a line: line feeds and tabs are shown as code points too.
pub fn html_line(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            push(
                &mut escaped,
                format_args!("<span class=\"cp\">U+{:04X}</span>", u32::from(letter)),
            );
        } else {
            push_entity(&mut escaped, letter);
        }
    }
    escaped
}

/// Text as the value of a quoted HTML attribute.
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::attribute("a\" onload=\"b"), "a&quot; onload=&quot;b");
/// ```
pub fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in visible(text, false).chars() {
        push_entity(&mut escaped, letter);
    }
    escaped
}

fn push_entity(escaped: &mut String, letter: char) {
    match letter {
        '&' => escaped.push_str("&amp;"),
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '"' => escaped.push_str("&quot;"),
        '\'' => escaped.push_str("&#39;"),
        letter => escaped.push(letter),
    }
}

/// Text within a line of Markdown, or within a cell of its table, wherever in the line it stands.
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::markdown("a|*b* s3_bucket"), "a\\|\\*b\\* s3_bucket");
/// assert_eq!(egret_report::escape::markdown("https://example.com"), "https\\://example.com");
/// assert_eq!(egret_report::escape::markdown("1. 2025-07-15 2.9"), "1\\. 2025-07-15 2.9");
/// ```
pub fn markdown(text: &str) -> String {
    let visible = visible(text, false);
    let letters: Vec<char> = visible.chars().collect();
    let mut escaped = String::with_capacity(visible.len().saturating_add(8));
    let at = |index: Option<usize>| index.and_then(|index| letters.get(index)).copied();
    // What starts a block does so at the front, after spaces; a number starts a list there.
    let (mut at_front, mut in_number) = (true, true);
    for (index, letter) in letters.iter().copied().enumerate() {
        let before = at(index.checked_sub(1));
        let after = at(index.checked_add(1));
        let needed = match letter {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' => true,
            // Within a word an underscore is only that.
            '_' => {
                !(before.is_some_and(char::is_alphanumeric)
                    && after.is_some_and(char::is_alphanumeric))
            }
            // A scheme, or a host, would be linked by itself.
            ':' => at_front || after == Some('/'),
            '.' if before.is_some_and(|before| before.eq_ignore_ascii_case(&'w')) => true,
            '.' | ')' => in_number && after.is_none_or(|after| after == ' '),
            '#' | '+' | '-' | '=' | '(' => at_front,
            _ => false,
        };
        if needed {
            escaped.push('\\');
        }
        escaped.push(letter);
        at_front = at_front && letter == ' ';
        in_number = in_number && (letter == ' ' || letter.is_ascii_digit());
    }
    escaped
}

/// A value as a code span of Markdown, where nothing but the span's own end means anything.
///
/// In a cell of a table a bar would end the cell, and is written with a backslash, which the table
/// takes away again; elsewhere it stays as it is.
///
/// # Example
///
/// ```
/// use egret_report::escape::markdown_value;
///
/// assert_eq!(markdown_value("a|b", false), "`a|b`");
/// assert_eq!(markdown_value("a|b", true), "`a\\|b`");
/// assert_eq!(markdown_value("tick ` tock", false), "`` tick ` tock ``");
/// ```
pub fn markdown_value(value: &str, in_table: bool) -> String {
    let shown = visible(value, false);
    if shown.is_empty() {
        return String::new();
    }
    if shown.trim().is_empty() {
        // A code span of spaces alone is not one everywhere.
        return shown.replace(' ', "\\<U+0020\\>");
    }
    // A backslash before a bar would be read as the table's own, and cannot be told apart from it.
    if in_table && shown.contains("\\|") {
        return markdown(value);
    }
    let fence = "`".repeat(longest_run(&shown).saturating_add(1));
    // One space on each side is taken away again when both are there.
    let padded = shown.starts_with([' ', '`']) || shown.ends_with([' ', '`', '\\']);
    let shown = if in_table { shown.replace('|', "\\|") } else { shown };
    if padded || fence.len() > 1 {
        format!("{fence} {shown} {fence}")
    } else {
        format!("{fence}{shown}{fence}")
    }
}

/// Text as a fenced block's content: nothing in it can close the fence that [`fence`] opens.
pub fn code(text: &str) -> String {
    visible(text, true)
}

/// A fence longer than any run of backticks in the text.
pub fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).saturating_add(1).max(3))
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0usize;
    let mut run = 0usize;
    for letter in text.chars() {
        run = if letter == '`' { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// A cell of a CSV file, quoted where needed; one that a spreadsheet would run is led by a quote.
///
/// A plain number may begin with its sign.
///
/// # Example
///
/// ```
/// use egret_report::escape::csv;
///
/// assert_eq!(csv("=1+1"), "'=1+1");
/// assert_eq!(csv(" @SUM(A1)"), "' @SUM(A1)");
/// assert_eq!(csv("-12.5"), "-12.5");
/// assert_eq!(csv("a,b"), "\"a,b\"");
/// ```
pub fn csv(text: &str) -> String {
    let text = visible(text, true);
    let text = if is_formula(&text) { format!("'{text}") } else { text };
    if text.contains(['"', ',', ';', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn is_formula(text: &str) -> bool {
    // Spreadsheets differ in whether they trim; the wide signs are read as the narrow ones.
    let begins = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || text.starts_with(['\t', '\n']);
    let number = text.chars().all(|letter| letter.is_ascii_digit() || "+-.eE".contains(letter))
        && text.parse::<f64>().is_ok();
    begins && !number
}

/// Text for a terminal: line feeds and tabs stay, every other control character is shown.
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::terminal("a\u{1b}[2J"), "a<U+001B>[2J");
/// ```
pub fn terminal(text: &str) -> String {
    visible(text, true)
}

/// One value for a line of a terminal: it cannot begin a line of its own either.
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::terminal_line("a\nVerdict: none"), "a<U+000A>Verdict: none");
/// ```
pub fn terminal_line(text: &str) -> String {
    visible(text, false)
}

/// Hidden characters as `<U+202E>`; line feeds and tabs stay when lines are wanted.
fn visible(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let stays = lines && (letter == '\n' || letter == '\t');
        if !stays && is_hidden(letter) {
            push(&mut shown, format_args!("<U+{:04X}>", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Control characters, those that change direction, and those that take no room or look like a
/// space: two values that differ must look different.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{00a0}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(arguments);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row per trick.
    #[test]
    fn cells() {
        #[rustfmt::skip]
        let rows = [
            ("ordinary", "ana", "ana"),
            ("empty", "", ""),
            ("formula", "=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"),
            ("formula after a space", " =1", "' =1"),
            ("formula after a tab", "\t=1", "'\t=1"),
            ("wide sign", "\u{ff1d}1", "'\u{ff1d}1"),
            ("negative number", "-5", "-5"),
            ("exponent", "-1.5e3", "-1.5e3"),
            ("a word that floats parse", "-inf", "'-inf"),
            ("two numbers", "-1-1", "'-1-1"),
            ("quotes", "say \"a\"", "\"say \"\"a\"\"\""),
            ("a new row", "a\nb", "\"a\nb\""),
            ("another separator", "a;b", "\"a;b\""),
            ("carriage return", "a\rb", "a<U+000D>b"),
        ];
        for (name, text, want) in rows {
            assert_eq!(csv(text), want, "row: {name}");
        }
    }

    #[test]
    fn what_hides_is_shown() {
        for letter in [
            '\u{0}',
            '\u{7f}',
            '\u{9b}',
            '\u{a0}',
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let shown = format!("<U+{:04X}>", u32::from(letter));
            assert_eq!(terminal(&format!("a{letter}b")), format!("a{shown}b"));
        }
        assert_eq!(terminal("naïve 日本語 🙂"), "naïve 日本語 🙂");
    }
}
