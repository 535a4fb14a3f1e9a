//! An hour off, a cent off, right 99.8% of the time. One file a check.
