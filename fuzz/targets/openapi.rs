//! An OpenAPI document, from a stranger's service.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = seaworthy_trial::schema::read(bytes);
});
