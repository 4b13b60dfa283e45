//! Log text made harmless for each output. This is the one file that escapes.
//!
//! Whoever wrote the log text may be the attacker: it must not become an element, a formula, a
//! link or a command to the terminal, and it must not hide. Control and direction characters are
//! shown as their code points.

use std::fmt::Write;

/// Text as HTML text or a quoted attribute.
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
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            letter if is_hidden(letter) => {
                push(
                    &mut escaped,
                    format_args!("<span class=\"cp\">U+{:04X}</span>", u32::from(letter)),
                );
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Text as the value of an HTML attribute.
pub fn attribute(text: &str) -> String {
    html(&visible(text))
}

/// Text within a line of Markdown, or a cell of its table.
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::markdown("a|*b*"), "a\\|\\*b\\*");
/// ```
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '\n' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' | '&' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Text as a fenced block's content: nothing in it can close the fence that [`fence`] opens.
pub fn code(text: &str) -> String {
    visible(text)
}

/// A fence longer than any run of backticks in the text.
pub fn fence(text: &str) -> String {
    let mut longest = 0usize;
    let mut run = 0usize;
    for letter in text.chars() {
        run = if letter == '`' { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest.saturating_add(1).max(3))
}

/// A cell of a CSV file, quoted where needed; one that a spreadsheet would run is led by a quote.
///
/// # Example
///
/// ```
/// use egret_report::escape::csv;
///
/// assert_eq!(csv("=1+1"), "'=1+1");
/// assert_eq!(csv("a,b"), "\"a,b\"");
/// ```
pub fn csv(text: &str) -> String {
    let text = visible(text);
    // A number may begin with a minus sign.
    let formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Text for a terminal: line feeds and tabs stay, every other control character is shown.
///
/// # Example
///
/// ```
/// assert_eq!(egret_report::escape::terminal("a\u{1b}[2J"), "a\u{fffd}<U+001B>[2J".replace('\u{fffd}', ""));
/// ```
pub fn terminal(text: &str) -> String {
    visible(text)
}

/// Hidden characters as `<U+202E>`.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && letter != '\t' && is_hidden(letter) {
            push(&mut shown, format_args!("<U+{:04X}>", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Control characters, and those that change direction or take no room.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(arguments);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn html_has_no_element_but_our_own(text in ".{0,200}") {
            let escaped = html(&text).replace("<span class=\"cp\">", "").replace("</span>", "");
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn an_attribute_cannot_end(text in ".{0,200}") {
            prop_assert!(!attribute(&text).contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn nothing_moves_the_cursor(text in ".{0,200}") {
            prop_assert!(terminal(&text).chars().all(|letter| !letter.is_control() || letter == '\n' || letter == '\t'));
        }

        #[test]
        fn no_cell_is_a_formula(text in "[=+@-].{0,40}") {
            let cell = csv(&text);
            let first = cell.trim_start_matches('"').chars().next();
            prop_assert!(first == Some('\'') || text.parse::<f64>().is_ok());
        }

        #[test]
        fn a_fence_is_not_closed_from_inside(text in "[`a\n]{0,60}") {
            prop_assert!(!text.contains(&fence(&text)));
        }
    }
}
