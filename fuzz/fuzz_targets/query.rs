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
                let place = text.get(diagnostic.span.clone());
                assert!(place.is_some(), "{} points outside the text", diagnostic.code);
            }
        }
    }
});
