//! A source file, read into the common syntax.
#![no_main]

use seaworthy_checks::language::Language;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(language) = Language::of_path("x.tsx") {
        let _ = language.parse("x.tsx", text);
    }
});
