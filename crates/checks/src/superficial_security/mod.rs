//! The happy path is right, attacks go unanswered. One file a check.

pub mod client_side_secret;
pub mod error_detail_leak;
pub mod hardcoded_secret;
pub mod missing_rate_limit;
pub mod timing_unsafe_comparison;
pub mod user_enumeration;
