//! Locally sensible, globally incoherent. One file a check.
