//! Tree to text: the parser's inverse.

use std::fmt::Write;

use crate::ast::{Bound, Clause, Conjunction, Level, Modifier, Node, Part, Predicate, Value};

/// A query's tree as text that reads back as the same tree.
pub(crate) fn print(level: &Level) -> String {
    let mut text = String::new();
    for (at, clause) in level.clauses.iter().enumerate() {
        if at > 0 {
            text.push_str(match clause.conjunction {
                Conjunction::And => " AND ",
                Conjunction::Or => " OR ",
                Conjunction::Implicit => " ",
            });
        }
        push_clause(&mut text, clause);
    }
    text
}

fn push_clause(text: &mut String, clause: &Clause) {
    text.push_str(match clause.modifier {
        Modifier::None => "",
        Modifier::Must => "+",
        Modifier::Not => "NOT ",
    });
    match &clause.node {
        Node::Everything => text.push_str("*:*"),
        // Lucene has no such thing; whoever prints for it asks first.
        Node::Compare { .. } => text.push_str("<comparison of two terms>"),
        Node::Group(level) => push(text, format_args!("({})", print(level))),
        Node::AtLeast { count, of } => {
            push(text, format_args!("<at least {count} of ({})>", print(of)));
        }
        Node::Match { field: None, predicate } => push_predicate(text, predicate),
        Node::Match { field: Some(name), predicate: Predicate::Exists } => {
            push(text, format_args!("_exists_:{}", escaped_name(&name.text)));
        }
        Node::Match { field: Some(name), predicate } => {
            push(text, format_args!("{}:", escaped_name(&name.text)));
            push_predicate(text, predicate);
        }
    }
}

/// A value group's clauses leave the field away.
fn inner(level: &Level) -> String {
    let mut text = String::new();
    for (at, clause) in level.clauses.iter().enumerate() {
        if at > 0 {
            text.push_str(match clause.conjunction {
                Conjunction::And => " AND ",
                Conjunction::Or => " OR ",
                Conjunction::Implicit => " ",
            });
        }
        text.push_str(match clause.modifier {
            Modifier::None => "",
            Modifier::Must => "+",
            Modifier::Not => "NOT ",
        });
        if let Node::Match { predicate, .. } = &clause.node {
            push_predicate(&mut text, predicate);
        }
    }
    text
}

fn push_predicate(text: &mut String, predicate: &Predicate) {
    match predicate {
        Predicate::Value(value) | Predicate::Anywhere(value, _) => text.push_str(&shown(value)),
        Predicate::Regex(regex) => push(text, format_args!("/{}/", regex.replace('/', "\\/"))),
        Predicate::RustRegex(regex) => {
            push(text, format_args!("/.*({}).*/", regex.replace('/', "\\/")));
        }
        Predicate::Range { from, to } => {
            let end = |bound: &Option<Bound>| {
                bound.as_ref().map_or("*".to_owned(), |bound| shown(&bound.value))
            };
            let inclusive =
                |bound: &Option<Bound>| bound.as_ref().is_none_or(|bound| bound.inclusive);
            let open = if inclusive(from) { '[' } else { '{' };
            let close = if inclusive(to) { ']' } else { '}' };
            push(text, format_args!("{open}{} TO {}{close}", end(from), end(to)));
        }
        Predicate::ThereAndNot(value) => push(text, format_args!("[NOT {}]", shown(value))),
        Predicate::Values(level) => push(text, format_args!("({})", inner(level))),
        Predicate::Exists => text.push('*'),
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(arguments);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

fn shown(value: &Value) -> String {
    let mut text = String::new();
    if value.quoted {
        text.push('"');
    }
    for part in &value.parts {
        match part {
            Part::Literal(literal) => {
                for letter in literal.chars() {
                    let special = if value.quoted {
                        matches!(letter, '"' | '\\' | '*' | '?' | '<')
                    } else {
                        !letter.is_alphanumeric() && !matches!(letter, '_' | '.' | '-')
                            || letter == '-'
                    };
                    if special {
                        text.push('\\');
                    }
                    text.push(letter);
                }
            }
            Part::Star => text.push('*'),
            Part::Question => text.push('?'),
            Part::Hole { name, offset: None } => push(&mut text, format_args!("<{name}>")),
            Part::Hole { name, offset: Some((number, unit)) } => {
                push(&mut text, format_args!("<{name}{number:+}{unit}>"));
            }
        }
    }
    if value.quoted {
        text.push('"');
    }
    text
}

fn escaped_name(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        if !letter.is_alphanumeric() && !matches!(letter, '_' | '.' | '@') {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}
