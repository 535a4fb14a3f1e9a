//! The happy path is right, attacks go unanswered. One file a check.

pub mod client_side_secret;
pub mod debug_mode;
pub mod default_credentials;
pub mod fallback_secret;
pub mod hardcoded_secret;
pub mod permissive_cors;
pub mod timing_unsafe_comparison;
