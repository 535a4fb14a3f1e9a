//! The happy path is right, attacks go unanswered. One file a check.
