//! Any text under any reading is compiled, or refused with a reason and a place in the text.
#![no_main]

use egret_query::{Bindings, Options, Reading, compile};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let bindings = Bindings::new();
    for reading in [Reading::Investigator, Reading::Standard, Reading::Lucene] {
        let options = Options {
            bindings: &bindings,
            now: jiff::Timestamp::UNIX_EPOCH,
            reading,
            strict: false,
            ignore_case: false,
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
