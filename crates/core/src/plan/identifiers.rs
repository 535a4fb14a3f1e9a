//! Every identifier of a check, probe or oracle, whether or not it exists yet. Names are stable; adding is free.
//!
//! The plan may name any of them, so that a plan written for a newer version is understood by an older one.

/// All identifiers, in ascending order.
pub const ALL: &[&str] = &[
    "boundary-violation",
    "calendar-arithmetic",
    "catastrophic-regex",
    "check-then-act",
    "client-faults",
    "client-secrets",
    "client-side-secret",
    "code-injection",
    "command-injection",
    "concurrent-users",
    "conformance",
    "contract-drift",
    "crash-recovery",
    "cross-site-scripting",
    "crypto-misuse",
    "debug-mode",
    "default-credentials",
    "dependency-cycle",
    "dependency-faults",
    "deprecated-api",
    "differential",
    "duplicated-logic",
    "error-detail-leak",
    "extension-point-bypass",
    "fail-open",
    "fallback-secret",
    "fault-reported-as-client-error",
    "fixed-utc-offset",
    "float-money",
    "forbidden-flow",
    "forged-requests",
    "hardcoded-secret",
    "inconsistent-error-handling",
    "inconsistent-parameterization",
    "injected-input",
    "insecure-cookie",
    "ldap-injection",
    "leaked-details",
    "leaked-resource",
    "legacy-headers",
    "live",
    "load",
    "log-injection",
    "lossy-sanitization",
    "malformed-input",
    "mass-assignment",
    "missing-authorization",
    "missing-csrf-protection",
    "missing-headers",
    "missing-rate-limit",
    "missing-security-headers",
    "missing-sign-off",
    "missing-transaction",
    "mocked-subject",
    "naive-datetime",
    "no-external-evidence",
    "no-graceful-shutdown",
    "object-authorization",
    "open-redirect",
    "outbound-requests",
    "password-guessing",
    "path-traversal",
    "per-connection-limit",
    "permissive-cors",
    "plaintext-password",
    "plaintext-secret",
    "process-local-session",
    "process-local-state",
    "query-in-loop",
    "rate-limit-identity",
    "recording",
    "reflected-script",
    "replicas",
    "resource-exhaustion",
    "rounding",
    "same-session-tests",
    "secret-timing",
    "server-side-request-forgery",
    "session-cookies",
    "session-fixation",
    "signature-mismatch",
    "skipped-test",
    "soak",
    "sql-injection",
    "stale-cache",
    "stale-reads",
    "surviving-mutant",
    "swallowed-error",
    "tautological-test",
    "test-without-assertion",
    "time-zones",
    "timing-unsafe-comparison",
    "trust-boundary-violation",
    "unbounded-cache",
    "unbounded-input",
    "unbounded-result",
    "unenforced-foreign-key",
    "unhandled-rejection",
    "unknown-api",
    "unknown-module",
    "unknown-option",
    "unknown-package",
    "unplanned-module",
    "unsafe-deserialization",
    "unsound-suppression",
    "unvalidated-input",
    "unvalidated-upload",
    "unverified-api",
    "unverified-token",
    "upload-content-type",
    "user-enumeration",
    "weak-password-reset",
    "weak-randomness",
    "xml-external-entities",
    "xpath-injection",
];

/// What stands before the id of a project's own rule, so that it can never be one of ours.
pub const RULE_PREFIX: &str = "rules/";

/// Whether `id` is that of a project's own rule. Whether there is such a rule, the rules tell.
pub fn is_own_rule(id: &str) -> bool {
    id.strip_prefix(RULE_PREFIX).is_some_and(|own| !own.is_empty())
}

/// Whether `id` is one of them.
pub fn is_known(id: &str) -> bool {
    ALL.binary_search(&id).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_sorted_and_without_repetition() {
        assert!(super::ALL.is_sorted_by(|a, b| a < b));
    }
}
