//! HTTP/1.1 as a prober needs it: requests no client library would send, connections held and released on purpose, the bytes that were
//! sent, and how each exchange ended.
//!
//! Blocking sockets and threads, not an asynchronous runtime: the last byte of many requests has to leave within microseconds, and
//! a handful of threads is all a probe uses.

mod answer;
mod client;
mod connection;
mod request;
pub mod shell;

pub use answer::{Exchange, Timing, TransportError};
pub use client::{Client, Connect, released_together};
pub use connection::{Connection, Held};
pub use request::Request;
