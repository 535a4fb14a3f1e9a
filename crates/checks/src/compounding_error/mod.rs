//! An hour off, a cent off, right 99.8% of the time. One file a check.

pub mod fault_reported_as_client_error;
pub mod float_money;
pub mod naive_datetime;
pub mod swallowed_error;
