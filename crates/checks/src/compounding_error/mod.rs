//! An hour off, a cent off, right 99.8% of the time. One file a check.

pub mod calendar_arithmetic;
pub mod check_then_act;
pub mod fault_reported_as_client_error;
pub mod fixed_utc_offset;
pub mod float_money;
pub mod leaked_resource;
pub mod lossy_sanitization;
pub mod missing_transaction;
pub mod naive_datetime;
pub mod no_graceful_shutdown;
pub mod process_local_state;
pub mod query_in_loop;
pub mod swallowed_error;
pub mod unbounded_result;
pub mod unenforced_foreign_key;
pub mod unhandled_rejection;
pub mod unvalidated_input;
