//! THE list of checks, alphabetical by id. A new check is one file in its failure mode's folder, one `mod` line there, one
//! line here, and one page of examples in `specs/`.

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId};

use crate::context::Context;
use crate::facts::source::SourceFile;
use crate::flow::Flow;
use crate::report::Report;
use crate::rules::Rules;
use crate::suppression::Used;
use crate::{
    architecture_drift, compounding_error, hallucinated_confidence, shared_blind_spot, superficial_security,
};

/// Every check, alphabetical by id.
pub static CHECKS: &[&Check] = &[
    &compounding_error::calendar_arithmetic::CHECK,
    &superficial_security::catastrophic_regex::CHECK,
    &compounding_error::check_then_act::CHECK,
    &superficial_security::client_side_secret::CHECK,
    &superficial_security::code_injection::CHECK,
    &superficial_security::command_injection::CHECK,
    &superficial_security::cross_site_scripting::CHECK,
    &hallucinated_confidence::crypto_misuse::CHECK,
    &superficial_security::debug_mode::CHECK,
    &superficial_security::default_credentials::CHECK,
    &architecture_drift::dependency_cycle::CHECK,
    &superficial_security::error_detail_leak::CHECK,
    &superficial_security::fail_open::CHECK,
    &superficial_security::fallback_secret::CHECK,
    &compounding_error::fault_reported_as_client_error::CHECK,
    &compounding_error::fixed_utc_offset::CHECK,
    &compounding_error::float_money::CHECK,
    &superficial_security::hardcoded_secret::CHECK,
    &superficial_security::inconsistent_parameterization::CHECK,
    &superficial_security::insecure_cookie::CHECK,
    &superficial_security::ldap_injection::CHECK,
    &compounding_error::leaked_resource::CHECK,
    &superficial_security::log_injection::CHECK,
    &compounding_error::lossy_sanitization::CHECK,
    &superficial_security::mass_assignment::CHECK,
    &superficial_security::missing_authorization::CHECK,
    &superficial_security::missing_csrf_protection::CHECK,
    &superficial_security::missing_rate_limit::CHECK,
    &superficial_security::missing_security_headers::CHECK,
    &compounding_error::missing_transaction::CHECK,
    &shared_blind_spot::mocked_subject::CHECK,
    &compounding_error::naive_datetime::CHECK,
    &compounding_error::no_graceful_shutdown::CHECK,
    &superficial_security::open_redirect::CHECK,
    &superficial_security::path_traversal::CHECK,
    &compounding_error::per_connection_limit::CHECK,
    &superficial_security::permissive_cors::CHECK,
    &superficial_security::plaintext_password::CHECK,
    &superficial_security::plaintext_secret::CHECK,
    &superficial_security::process_local_session::CHECK,
    &compounding_error::process_local_state::CHECK,
    &compounding_error::query_in_loop::CHECK,
    &superficial_security::server_side_request_forgery::CHECK,
    &superficial_security::session_fixation::CHECK,
    &shared_blind_spot::skipped_test::CHECK,
    &superficial_security::sql_injection::CHECK,
    &compounding_error::stale_cache::CHECK,
    &compounding_error::swallowed_error::CHECK,
    &shared_blind_spot::tautological_test::CHECK,
    &shared_blind_spot::test_without_assertion::CHECK,
    &superficial_security::timing_unsafe_comparison::CHECK,
    &superficial_security::trust_boundary_violation::CHECK,
    &compounding_error::unbounded_cache::CHECK,
    &superficial_security::unbounded_input::CHECK,
    &compounding_error::unbounded_result::CHECK,
    &compounding_error::unenforced_foreign_key::CHECK,
    &compounding_error::unhandled_rejection::CHECK,
    &hallucinated_confidence::unknown_module::CHECK,
    &superficial_security::unsafe_deserialization::CHECK,
    &hallucinated_confidence::unsound_suppression::CHECK,
    &compounding_error::unvalidated_input::CHECK,
    &superficial_security::unvalidated_upload::CHECK,
    &superficial_security::unverified_token::CHECK,
    &superficial_security::user_enumeration::CHECK,
    &superficial_security::weak_password_reset::CHECK,
    &superficial_security::weak_randomness::CHECK,
    &superficial_security::xml_external_entities::CHECK,
    &superficial_security::xpath_injection::CHECK,
];

/// A check: what it is, and what it does.
pub struct Check {
    /// What it is.
    pub meta: Meta,
    /// What it does.
    pub run: Run,
}

/// What a check is.
pub struct Meta {
    /// Its identifier: the name of its file, its page and its examples.
    pub id: RuleId,
    /// Raised whenever its judgement changes.
    pub version: u32,
    /// The failure mode that it answers.
    pub failure_mode: FailureMode,
    /// Whether the verdict waits for it.
    pub need: Need,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// What it applies to, after "there is no": `test`, `comparison of secrets`.
    pub applies_to: &'static str,
    /// The closed list of its ways to be wrong; empty when there is but one.
    pub variants: &'static [&'static str],
    /// Its own source (`include_str!`), whose leading `//!` lines are its page.
    pub source: &'static str,
}

impl Meta {
    /// What it looks for, why, and how to fix it: the leading `//!` lines of its source, as Markdown.
    pub fn page(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
    }
}

/// How a check runs.
#[derive(Clone, Copy)]
pub enum Run {
    /// For each file on its own, in parallel, while who answers requests is still being read: of handlers it knows nothing.
    File(fn(&Context<'_>, &SourceFile, &mut Report<'_>)),
    /// Once over the whole project.
    Project(fn(&Context<'_>, &mut Report<'_>)),
    /// Once over who answers requests. Where routes could not be read, finding nobody says nothing.
    Handlers(fn(&Context<'_>, &mut Report<'_>)),
    /// Once over what callers send and where it gets to.
    Flow(fn(&Context<'_>, &Flow, &mut Report<'_>)),
    /// Once, after all others, with what they found to be set aside; of handlers it knows nothing.
    Afterwards(fn(&Context<'_>, &Applied<'_>, &mut Report<'_>)),
}

/// What the suppressions of a tree came to.
pub struct Applied<'a> {
    pub(crate) used: &'a Used,
    pub(crate) ran: &'a [RuleId],
    pub(crate) rules: &'a Rules,
}

impl Applied<'_> {
    /// Whether the suppression at this place of the file's list set a finding of `id` aside.
    pub fn is_used(&self, path: &str, at: usize, id: &RuleId) -> bool {
        self.used.contains(&(path.to_owned(), at, id.clone()))
    }

    /// The ids of the project's own rules.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.list().iter().map(|rule| rule.id().as_str())
    }

    /// Whether the check has run, so that it could have found something.
    pub fn has_run(&self, id: &RuleId) -> bool {
        self.ran.contains(id)
    }
}

/// The check with this identifier.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.meta.id.as_str() == id)
}
