#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| egret_fuzz::check_source("cloudfront", input));
