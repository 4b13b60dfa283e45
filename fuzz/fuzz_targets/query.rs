//! Any text in any language and under any reading is compiled, or refused with a reason and a place in the text.
#![no_main]

use egret_query::{Bindings, Language, Options, Reading, compile};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let bindings = Bindings::new();
    let readings = [Reading::Investigator, Reading::Standard, Reading::Lucene];
    let lucene = readings.map(|reading| (Language::Lucene, reading));
    let others = [Language::Auto, Language::Kql, Language::Eql, Language::Esql]
        .map(|language| (language, Reading::Investigator));
    for (language, reading) in lucene.into_iter().chain(others) {
        let options = Options {
            bindings: &bindings,
            now: jiff::Timestamp::UNIX_EPOCH,
            language,
            reading,
            strict: false,
            ignore_case: false,
            unknown_is_missing: false,
        };
        if let Err(diagnostics) = compile(text, &options) {
            assert!(!diagnostics.is_empty(), "refused without a reason");
            for diagnostic in diagnostics {
                let span = diagnostic.span;
                // What is missing at the end is pointed at just behind it.
                assert!(span.end <= text.len() + 1, "{} points outside the text", diagnostic.code);
                let place = text.get(span.start..span.end.min(text.len()));
                assert!(place.is_some(), "{} points into a character", diagnostic.code);
            }
        }
    }
});
