//! # unhandled-rejection
//!
//! Since Node 15 a promise that fails and that nobody listens to ends the process, and so does an error thrown in a callback or an `error` event
//! without a listener. One request is enough: `{"password": 1}` makes `bcrypt.compare` fail inside the callback of a query, the process is
//! gone, and with it everybody else's requests. Whoever finds it can repeat it after each restart. Of 711 generated Express programs, 33
//! die of one request.
//!
//! ## What is reported
//!
//! In files that a service of Node is made of:
//!
//! - **error**, where a request leads there: an `async` callback that nobody waits for (a query's or file's `(err, row) => …`, `on`, `setTimeout`,
//!   `forEach`, `new Promise(async …)`) with an `await` outside `try`; `throw` in such a callback; an `async` handler of Express 4 with an `await`
//!   outside `try` and nothing wrapped around it (Express 5 forwards the error; the version is read from package-lock.json or
//!   package.json); a promise of an own `async` function, or a `.then(..)`, that is neither awaited nor caught;
//!   `createReadStream(..).pipe(..)` without a listener to `error`;
//! - **warning**: the same where no request leads; or where `process.on("unhandledRejection")` keeps the process alive: then the request is never
//!   answered. A pool of `pg` or a client of `redis` without a listener to `error`: a restart of the database ends the service.
//!
//! Left alone: what runs once at the start (a service that cannot start should end), handlers that catch everything, wrappers, `express-async-errors`,
//! Fastify, Koa, Nest and Hono, which forward what their handlers throw; what runs in browsers.
//!
//! ## What to do
//!
//! ```js
//! router.get("/users/:id", async (req, res, next) => {            // Express 4
//!   try { res.json(await find(req.params.id)); } catch (error) { next(error); }
//! });
//!
//! stream.pipeline(fs.createReadStream(file), res, (error) => error && res.destroy(error));
//! ```
//!
//! Make promises of callbacks (`util.promisify`, `fs/promises`) instead of mixing both.
//!
//! Source: [Node, `--unhandled-rejections`](https://nodejs.org/api/cli.html#--unhandled-rejectionsmode); [Node, error
//! events](https://nodejs.org/api/events.html#error-events); Express, [error handling](https://expressjs.com/en/guide/error-handling.html);
//! node-postgres, [pool events](https://node-postgres.com/apis/pool#error). Each of the errors was tried with Express 4 and 5 on Node 20.

mod callback;
mod express;
mod floating;
mod request;
mod wrapper;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::request::Requests;
use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::plain_text::{is_browser_source, is_example};
use crate::facts::service::server_files;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, Extent};
use crate::facts::values::called_name;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unhandled-rejection"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "one failing request ends the process",
        applies_to: "asynchronous callback of a Node service",
        variants: &[
            "async-callback",
            "throw-in-callback",
            "async-handler",
            "floating-promise",
            "stream",
            "emitter",
        ],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Something that ends the process.
struct Ends {
    extent: Extent,
    variant: &'static str,
    /// What happens, before what it comes to.
    what: String,
    advice: String,
    /// Whether a request leads there.
    by_request: bool,
    /// Whether it is said even where no request leads.
    always: bool,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let served = server_files(context);
    let files: Vec<(usize, &SourceFile)> = context
        .files
        .iter()
        .enumerate()
        .filter(|(at, file)| {
            served.contains(at)
                && matches!(file.language, Language::JavaScript | Language::TypeScript)
                && !file.is_test
                && !is_example(&file.path)
                && !is_browser_source(file)
        })
        .collect();
    let kept_alive = files.iter().any(|(_, file)| keeps_alive(file));
    let requests = Requests::of(context);
    for (at, file) in &files {
        let mut found = Vec::new();
        let mut looked = 0;
        callback::find(file, &requests, &mut found, &mut looked);
        floating::find(context, file, &requests, &mut found, &mut looked);
        express::find(context, *at, &mut found, &mut looked);
        (0..looked).for_each(|_| report.trial());
        found.sort_by_key(|ends| (ends.extent.start, ends.variant));
        for ends in found.iter().filter(|ends| ends.by_request || ends.always) {
            say(file, ends, kept_alive, report);
        }
    }
}

fn say(file: &SourceFile, ends: &Ends, kept_alive: bool, report: &mut Report<'_>) {
    let comes_to = match (kept_alive, ends.by_request) {
        (true, true) if ends.variant == "floating-promise" => "its failure is told to nobody",
        (true, true) => "the request is never answered",
        (true, false) => "nobody handles it where it happens",
        (false, true) => "one such request ends the process, and everybody else's requests with it",
        (false, false) => "the process ends",
    };
    let severity = if ends.by_request && !kept_alive { Severity::Error } else { Severity::Warning };
    report.add(
        report
            .at(file, ends.extent, format!("{}: {comes_to}", ends.what))
            .variant(ends.variant)
            .severity(severity)
            .confidence(Confidence::High)
            .advice(ends.advice.clone()),
    );
}

/// Whether the program listens to what nobody else handled.
fn keeps_alive(file: &SourceFile) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, _| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && matches!(called_name(&call.callee), Some("on" | "once" | "addListener"))
        {
            let event = call.arguments.first().and_then(|argument| argument.value.string());
            // A listener that ends the process itself changes nothing.
            let leaves = call.arguments.get(1).is_some_and(|argument| exits(file, &argument.value));
            found |= matches!(event, Some("unhandledRejection" | "uncaughtException")) && !leaves;
        }
        !found
    });
    found
}

fn exits(file: &SourceFile, listener: &Expr) -> bool {
    file.text_of(listener.extent).contains("exit")
}
