//! # path-traversal
//!
//! Something that a caller sends says which file is read, written or deleted, and nothing keeps it inside the folder that was meant:
//! `../../etc/passwd`, or an absolute path, which `join` takes instead of everything before it.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request reaches the path of a file: `open`, `send_file`, `FileResponse`, `shutil`, `pathlib`, `fs.*`,
//!   `res.sendFile` without `root`, `std::fs`, `tokio::fs`, `NamedFile`.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! A check counts when it keeps what it promises: the path is resolved *before* it is compared, and compared with the folder *and a separator*
//! (`/data` alone admits `/database`: 42 of 75 generated programs that compare do so), or by `is_relative_to`, `commonpath`, or part by part as
//! Rust's `Path::starts_with` does; `canonicalize` alone keeps nothing inside. So does a test of every part of the path (`components()`). Left alone:
//! `secure_filename`, `basename`, `safe_join`, `send_from_directory`, segments of a route (which hold no slash), numbers, and names looked up in a list.
//!
//! ## What to do
//!
//! ```python
//! path = (ROOT / name).resolve()
//! if not path.is_relative_to(ROOT):
//!     abort(404)
//! ```
//!
//! Better still: keep files under names of your own (`uuid4().hex`), and the caller's name only in the database.
//!
//! Source: [CWE-22](https://cwe.mitre.org/data/definitions/22.html), [CWE-36](https://cwe.mitre.org/data/definitions/36.html).

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::flow::finding::{Words, say};
use crate::flow::{Flow, Risk};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("path-traversal"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends says which file",
        applies_to: "file opened in a handler",
        variants: &[],
        source: include_str!("path_traversal.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Path,
    into: "the path of",
    harm: "`../` in it leads out of the folder that was meant",
    severity: Severity::Error,
    python: "resolve, then compare: `path = (ROOT / name).resolve()`, refuse unless `path.is_relative_to(ROOT)`; or keep only the last part: `secure_filename(name)`",
    script: "resolve, then compare: `const full = path.resolve(ROOT, name)`, refuse unless `full.startsWith(ROOT + path.sep)`; or keep only `path.basename(name)`",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}
