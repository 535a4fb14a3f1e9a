//! Walking the syntax.
