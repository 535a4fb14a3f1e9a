//! The one place that reads the clock.

use seaworthy_core::Timestamp;

/// Now, to the millisecond: finer is not in the formats.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
