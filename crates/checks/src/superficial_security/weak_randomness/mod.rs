//! # weak-randomness
//!
//! A session id, a token, a password or a reset code that is made with a generator for games and statistics can be worked out: Python's
//! `random` and JavaScript's `Math.random` give all their future values away after some of their past ones (624 numbers of the Mersenne
//! Twister, 3 of V8's xorshift128+), a UUID of version 1 is the time and the machine's address, and a time can be tried through.
//!
//! ## What is reported
//!
//! By where the value goes, followed through names, texts, digests and functions: not by the call alone.
//!
//! - **error**: a token, a session or remember-me cookie, a password, a key, a code that lets somebody in (reset, verification, one-time), or
//!   whatever a caller's cookie is compared with, made with `random.*`, `numpy.random`, `Math.random`, `uuid1`, the clock, `SmallRng`, `fastrand`
//!   or a generator with a fixed seed;
//! - **warning**: a salt, an initialisation vector, an invitation or a voucher made so.
//!
//! Left alone: everything else that is random (samples, choices with weights, what is called a token and only given back by a
//! function whose name says nothing of who is let in, jitter, games, colours, ids and file names that guard nothing), `random.SystemRandom`,
//! `secrets`, `uuid4`, `crypto.*`, `rand::rng()`, values that something strong is mixed into, and programs that make up data for tests or demonstrations.
//!
//! ## What to do
//!
//! Python: `secrets.token_urlsafe(32)`, `secrets.choice(..)`, `secrets.randbelow(1_000_000)`. JavaScript: `crypto.randomBytes(32).toString("hex")`,
//! `crypto.randomInt(1_000_000)`, `crypto.randomUUID()`. Rust: `rand::rng()` or `getrandom`.
//!
//! Source: [CWE-330](https://cwe.mitre.org/data/definitions/330.html), [CWE-338](https://cwe.mitre.org/data/definitions/338.html);
//! <https://docs.python.org/3/library/random.html> ("should not be used for security purposes");
//! <https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/Math/random>; RFC 9562, section 8.

mod generator;
mod purpose;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId};

use self::generator::{Generator, generator, is_strong};
use self::purpose::{Purpose, purpose};
use crate::context::Context;
use crate::facts::destination::{Destination, Destinations};
use crate::facts::nodes::{Around, Node, each_in_expr, each_node, enclosing_statement};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, StmtKind};
use crate::facts::values::{FileValues, called_name, keyword};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("weak-randomness"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a secret that can be worked out",
        applies_to: "generator that is not for secrets",
        variants: &["generator", "clock", "uuid1"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Texts of which one stands in every file that makes a weak value with a generator.
const GENERATORS: &[&str] = &[
    "random",
    "uuid1",
    "SmallRng",
    "fastrand",
    "oorandom",
    "seed_from",
    "uniqid",
    "shortid",
    "now_v1",
    "uuid/v1",
    "v1 as",
    "v1:",
    "XorShift",
    "Pcg",
];

/// Texts of which one stands in every file that asks what time it is.
const CLOCKS: &[&str] = &["time.time", "Date.now", "new Date(", "utcnow", "datetime.now"];

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let mut whereto = Destinations::of(context.files);
    for (at, file) in context.files.iter().enumerate() {
        let has = |list: &[&str]| list.iter().any(|word| file.text.contains(word));
        // The time is asked for everywhere.
        let by_clock = has(&["oken", "ession", "assword", "ecret"]) && has(CLOCKS);
        if !file.is_test && (by_clock || has(GENERATORS)) && !makes_data_up(&file.path) {
            judge(context, &mut whereto, (at, file), by_clock, report);
        }
    }
}

/// Whether a file makes up what demonstrations and tests are filled with, by its path.
fn makes_data_up(path: &str) -> bool {
    const PARTS: &[&str] = &[
        "seed",
        "seeds",
        "seeder",
        "fixtures",
        "fixture",
        "mock",
        "mocks",
        "faker",
        "fake",
        "demo",
        "demos",
        "examples",
        "benchmarks",
        "generator",
        "dummy",
    ];
    path.split('/').any(|part| has_word(part.split('.').next().unwrap_or(part), PARTS))
}

/// Whether a time is made into a text that looks random: it is written in letters, or hashed.
fn is_disguised(whole: &Expr) -> bool {
    let mut disguised = false;
    each_in_expr(whole, &mut |node, _| {
        disguised |= match node.expr().map(|expr| &expr.kind) {
            Some(ExprKind::Call(call)) => matches!(
                called_name(&call.callee),
                Some(
                    "toString"
                        | "hexdigest"
                        | "digest"
                        | "str"
                        | "hex"
                        | "String"
                        | "b64encode"
                        | "urlsafe_b64encode"
                        | "btoa"
                        | "format"
                )
            ),
            Some(ExprKind::Template(_)) => true,
            _ => false,
        };
        !disguised
    });
    disguised
}

fn judge<'a>(
    context: &Context<'a>,
    whereto: &mut Destinations<'a>,
    (at, file): (usize, &'a SourceFile),
    by_clock: bool,
    report: &mut Report<'_>,
) {
    let mut values = FileValues::of(&file.syntax);
    let mut said: Vec<(usize, Extent)> = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        let Some(made) = generator(file, &mut values, expr, around) else { return true };
        let whole = whole(expr, around);
        if made.variant == "clock" && !(by_clock && is_disguised(whole))
            || is_mixed(file, whole)
            || takes_one(expr, around)
        {
            return true;
        }
        report.trial();
        let places = whereto.find(at, expr, around);
        let Some((place, purpose)) = first(context, &places, &made) else { return true };
        // What is made of several weak values is one secret.
        if !said.contains(&(place.file, place.extent)) {
            said.push((place.file, place.extent));
            say(context, file, expr, (&made, place, &purpose), report);
        }
        true
    });
}

/// The first of what a value becomes that nobody may know.
fn first<'d>(
    context: &Context<'_>,
    places: &'d [Destination],
    made: &Generator,
) -> Option<(&'d Destination, Purpose)> {
    places.iter().find_map(|place| {
        let file = context.files.get(place.file)?;
        let purpose = purpose(place, places, made).filter(|_| !makes_data_up(&file.path))?;
        // What tells one request to somebody else's service from the next has to be new, not secret.
        let is_asked = purpose.is_nonce
            && ["fetch(", "axios", "requests.", "http.request", "https.request", "OAuth", "oauth"]
                .iter()
                .any(|word| file.text.contains(word));
        if is_asked {
            return None;
        }
        Some((place, purpose))
    })
}

/// Whether one of what there is is taken as it is: `random.choice(tokens)` makes no token up. Several, one after the other, do.
fn takes_one(expr: &Expr, around: Around<'_, '_>) -> bool {
    let Some(call) = expr.call() else { return false };
    let name = called_name(&call.callee);
    // What is likelier than the rest is no secret: `random.choices(words, weights=shares)`.
    if name == Some("choices") {
        let by_place = call.arguments.iter().filter(|given| given.name.is_none()).count() > 1;
        let by_name = ["weights", "cum_weights"].iter().any(|name| keyword(&call.arguments, name).is_some());
        return by_place || by_name;
    }
    if !matches!(name, Some("choice" | "choose" | "sample")) {
        return false;
    }
    match around.last() {
        Some(Node::Stmt(stmt)) => match &stmt.kind {
            StmtKind::Assign(assign) => assign.op.is_none(),
            StmtKind::Return(_) => true,
            _ => false,
        },
        _ => false,
    }
}

/// The whole value that an expression is a part of, as far as its statement says.
fn whole<'a>(expr: &'a Expr, around: Around<'a, '_>) -> &'a Expr {
    let value = match enclosing_statement(around).map(|stmt| &stmt.kind) {
        Some(StmtKind::Assign(assign)) => assign.value.as_ref(),
        Some(StmtKind::Return(value)) => value.as_ref(),
        _ => around
            .iter()
            .rev()
            .take_while(|node| node.function().is_none())
            .filter_map(|node| node.expr())
            .last(),
    };
    value.unwrap_or(expr)
}

/// Whether something strong stands beside a weak value, in the statement that uses it.
fn is_mixed(file: &SourceFile, whole: &Expr) -> bool {
    let mut strong = false;
    each_in_expr(whole, &mut |node, _| {
        strong |= node.expr().is_some_and(|part| is_strong(file, part));
        !strong
    });
    strong
}

fn say(
    context: &Context<'_>,
    file: &SourceFile,
    expr: &Expr,
    (made, place, purpose): (&Generator, &Destination, &Purpose),
    report: &mut Report<'_>,
) {
    let message = format!("{} is made with `{}`: {}", purpose.what, made.name, made.harm);
    let advice = match file.language {
        Language::Python => {
            "make it with `secrets.token_urlsafe(32)` (letters: `secrets.choice`, digits: `secrets.randbelow`)"
        }
        Language::Rust => "make it with `rand::rng()` (a generator for secrets), or with `getrandom`",
        _ => {
            "make it with `crypto.randomBytes(32).toString(\"hex\")` (digits: `crypto.randomInt`, ids: `crypto.randomUUID()`)"
        }
    };
    let mut draft = report
        .at(file, expr.extent, message)
        .variant(made.variant)
        .severity(purpose.severity)
        .confidence(Confidence::High)
        .advice(advice);
    let apart = file.lines.line(place.extent.start) != file.lines.line(expr.extent.start);
    if let Some(there) = context.files.get(place.file)
        && (!std::ptr::eq(there, file) || apart)
    {
        draft = draft.related(there, place.extent, format!("what it becomes: {}", purpose.what));
    }
    report.add(draft);
}
