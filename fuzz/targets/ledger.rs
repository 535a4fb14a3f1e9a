//! An export of a ledger, from somebody else.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = seaworthy_ledger::parse_export(bytes);
});
