//! THE list of probes, alphabetical. One new probe is one file and one line here.

use super::Probe;

/// Every probe.
pub static PROBES: &[&Probe] = &[
    &super::concurrent_users::PROBE,
    &super::crash_recovery::PROBE,
    &super::malformed_input::PROBE,
    &super::password_guessing::PROBE,
    &super::replicas::PROBE,
];
