//! # sql-injection
//!
//! Something that a caller sends is put together with the text of a statement. The demo works with every name that is tried; the first
//! `O'Brien` is an error, and the first who sends `' OR 1=1 --` reads, changes or deletes what is not theirs.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request reaches the text of a statement (`execute`, `executescript`, `query`, `prepare`, `raw`, SQLAlchemy's
//!   `text`, `sqlx::query`, `diesel::sql_query`), through any functions, files, formats and lists in between. The way is shown.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: values that are bound (`?`, `%s`, `$1`, tagged templates), numbers, what was checked against a list or a pattern that admits no
//! quote, identifiers chosen from constants, and statements built only from the program's own text.
//!
//! ## What to do
//!
//! Bind every value: `db.execute("SELECT * FROM notes WHERE owner = ?", (owner,))`, `pool.query("… WHERE owner = $1", [owner])`. What cannot be bound (a
//! column to sort by) is looked up: `COLUMNS = {"name": "name", "age": "age"}; COLUMNS[request.args["sort"]]`.
//!
//! Source: [CWE-89](https://cwe.mitre.org/data/definitions/89.html); [PEP 249](https://peps.python.org/pep-0249/#paramstyle) on parameters;
//! [OWASP SQL Injection Prevention](https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html).

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
        id: RuleId::known("sql-injection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is put into SQL",
        applies_to: "statement of SQL in a handler",
        variants: &[],
        source: include_str!("sql_injection.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Query,
    into: "the SQL of",
    harm: "whoever sends it writes the query",
    severity: Severity::Error,
    python: "bind it: `execute(\"… WHERE id = ?\", (value,))`; a name of a table or column comes from a list of those allowed",
    script: "bind it: `query(\"… WHERE id = ?\", [value])` (`$1` with pg); a name of a table or column comes from a list of those allowed",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}
