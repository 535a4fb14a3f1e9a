//! The vocabulary of Seaworthy and its decision: pure types, no I/O, no clock, no SQL.
