//! A plan file. What is read must describe itself without a panic too.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(plan) = seaworthy_core::Plan::read(text) {
        let _ = plan.tables();
    }
});
