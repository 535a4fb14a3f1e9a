//! The happy path is right, attacks go unanswered. One file a check.

pub mod catastrophic_regex;
pub mod client_side_secret;
pub mod code_injection;
pub mod command_injection;
pub mod cross_site_scripting;
pub mod debug_mode;
pub mod default_credentials;
pub mod error_detail_leak;
pub mod fallback_secret;
pub mod hardcoded_secret;
pub mod ldap_injection;
pub mod log_injection;
pub mod missing_rate_limit;
pub mod open_redirect;
pub mod path_traversal;
pub mod permissive_cors;
pub mod server_side_request_forgery;
pub mod sql_injection;
pub mod timing_unsafe_comparison;
pub mod trust_boundary_violation;
pub mod unsafe_deserialization;
pub mod unverified_token;
pub mod user_enumeration;
pub mod weak_randomness;
pub mod xml_external_entities;
pub mod xpath_injection;
