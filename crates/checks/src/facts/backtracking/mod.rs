//! How long a backtracking engine, such as Python's `re` and JavaScript's, works on a pattern in the worst case: texts that should be
//! hard are made from the pattern's own loops, and the steps are counted that a machine which tries as these engines do takes for them. Nothing is
//! said of a pattern for which no such text was found.
//!
//! Limit: patterns with back references, lookaround and possessive loops are not read.

mod attack;
mod machine;
mod program;

pub use self::attack::{Attack, Growth, attack};
pub use self::program::{Engine, Flags, Pattern, Start};

#[cfg(test)]
mod tests;
