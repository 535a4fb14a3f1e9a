//! The plan.
pub struct Plan;
