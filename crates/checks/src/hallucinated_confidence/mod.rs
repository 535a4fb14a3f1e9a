//! Names, signatures, options and packages that look right and are not. One file a check.

pub mod crypto_misuse;
pub mod unknown_module;
pub mod unsound_suppression;
