//! Repository rules, tests, benchmarks and generated documents.
fn main() {}
