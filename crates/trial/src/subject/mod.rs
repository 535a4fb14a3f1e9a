//! What a probe is about, named by a promise or found by trying: who can log in and how that is proven, and what can be written and read back.
//!
//! Nothing found here rests on a guess alone. A session is proven by an operation that succeeds with it and fails without; a write is proven by
//! reading its unique value back. What cannot be proven is no subject.

mod promised;
mod session;
mod template;
mod write;

pub use session::{Session, find_session};
pub use template::Template;
pub use write::{Written, find_writes};
