//! The happy path is right, attacks go unanswered. One file a check.

pub mod client_side_secret;
pub mod default_credentials;
pub mod fallback_secret;
pub mod hardcoded_secret;
pub mod timing_unsafe_comparison;
