//! Laws of the front end: print after parse is stable, and no text makes it panic.

use egret_query::{Bindings, Language, Options, Reading, compile, normalise};
use proptest::prelude::*;

/// A word that is no operator of the language.
fn word(pattern: &'static str) -> impl Strategy<Value = String> {
    pattern.prop_filter("operators", |word| !["and", "or", "not", "to"].contains(&word.as_str()))
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        word("[a-z0-9_.]{1,8}"),
        "\"[a-zA-Z0-9 :/*?.@-]{0,12}\"",
        "\"<[a-z_]{1,8}>\\*\"",
        "[a-z]{0,3}\\*[a-z]{0,3}",
        "/[a-z]{1,4}\\.\\*/",
        "\\[[0-9]{1,4} TO [0-9]{1,4}\\]",
        "\\{[0-9]{1,4} TO \\*\\]",
        "\\[NOT \"[a-z0-9.]{1,8}\"\\]",
        (word("[a-z]{1,4}"), "[a-z]{1,4}").prop_map(|(one, other)| format!("({one} OR {other}*)")),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let clause = prop_oneof![
        (prop_oneof![Just("user.name"), Just("event.action"), Just("aws.s3.object.key")], value())
            .prop_map(|(field, value)| format!("{field}: {value}")),
        word("[a-z]{1,8}"),
        Just("_exists_: user.name".to_owned()),
        Just("*:*".to_owned()),
    ];
    clause.prop_recursive(3, 16, 4, |inner| {
        (
            prop::collection::vec(
                (
                    prop_oneof![Just(" AND "), Just(" OR "), Just(" ")],
                    prop_oneof![Just(""), Just("NOT "), Just("+")],
                    inner,
                ),
                1..4,
            ),
            any::<bool>(),
        )
            .prop_map(|(clauses, group)| {
                let mut text = String::new();
                for (number, (sign, modifier, clause)) in clauses.iter().enumerate() {
                    if number > 0 {
                        text.push_str(sign);
                    }
                    text.push_str(modifier);
                    text.push_str(clause);
                }
                if group { format!("({text})") } else { format!("(user.name: x {text})") }
            })
    })
}

proptest! {
    #[test]
    fn printing_is_the_parsers_inverse(text in query()) {
        let once = normalise(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error:?}")))?;
        let twice = normalise(&once).map_err(|error| TestCaseError::fail(format!("{once}: {error:?}")))?;
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn any_text_is_read_or_explained(text in ".{0,200}") {
        let bindings = Bindings::new();
        let options = Options {
            bindings: &bindings,
            now: jiff::Timestamp::UNIX_EPOCH,
            language: Language::Lucene,
            reading: Reading::Investigator,
            strict: false,
            ignore_case: false,
            unknown_is_missing: false,
        };
        if let Err(diagnostics) = compile(&text, &options) {
            prop_assert!(!diagnostics.is_empty());
            for diagnostic in diagnostics {
                prop_assert!(diagnostic.span.start <= diagnostic.span.end);
                prop_assert!(diagnostic.span.end <= text.len());
            }
        }
    }
}
