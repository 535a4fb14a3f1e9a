//! What functions that are not of the project do: where something from outside does harm, what makes it harmless, and what it
//! is part of afterwards.
//!
//! Of a function that nobody here knows, what it gives back is taken to be its own: a query's rows are not what the query was made of.

mod admitted;
mod javascript;
mod later;
mod log;
mod objects;
mod python;
mod rust;
mod texts;

use super::call::Given;
use super::matching;
use super::operator::joined;
use super::outside;
use super::pattern;
use super::rendered;
use super::risk::{Risk, Risks};
use super::root;
use super::stored;
use super::value::{Beside, Shape, Taint, Value};
use super::walk::Walk;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal, Text};
use crate::facts::words::words;

/// One place where something from outside does harm.
pub(super) struct Sink {
    /// The dotted name of the function; after a dot alone, a method of this name of anything.
    pub(super) name: &'static str,
    /// The harm.
    pub(super) risk: Risk,
    /// Which argument.
    pub(super) takes: Takes,
    /// What else must hold.
    pub(super) when: When,
}

/// Which argument does harm.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// The one at this place, or of this name.
    At(usize, &'static str),
    /// Any.
    Any,
    /// What the method is called on.
    Receiver,
}

/// What else must hold for an argument to do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Nothing.
    Always,
    /// It is put into this kind of text.
    Among(Beside),
    /// A shell reads it: `shell=True`, `{ shell: true }`, a list that begins with a shell.
    Shell,
    /// No `Loader` is given that only makes plain values.
    UnsafeLoader,
    /// The parser is told to follow entities.
    Entities,
    /// The text is put into a page, or is the page.
    Page,
    /// A pattern that may be known stands beside it: an expression, or a name.
    Pattern,
    /// What of the line is not written with its line ends escaped (`%r`).
    PlainLine,
    /// It is put among words of SQL, or a database is given it.
    Statement,
    /// A file that came in is kept there, or a picture.
    Upload,
}

/// What becomes of what a function is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Makes {
    /// What it gives back is made of everything given and of what it is called on.
    Keeps,
    /// As it is, and what was made harmless by writing it differently is what it was before.
    Undoes,
    /// A path of which every `..` is worked out.
    Normal,
    /// Texts as one path, whichever of them begin with a slash, and every `..` worked out.
    Below,
    /// The way from one folder to a path: it begins with `..` when the path is outside.
    Related,
    /// A list or object of what it is given.
    Many,
    /// The same without these.
    Without(Risks),
    /// A number, a truth, a digest.
    Nothing,
}

const fn sink(name: &'static str, risk: Risk, takes: Takes, when: When) -> Sink {
    Sink { name, risk, takes, when }
}

/// A call of something outside the project.
pub(super) fn called<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    of: Option<(&Value<'a>, &'a Expr)>,
    given: &Given<'a>,
    expr: &'a Expr,
    call: &'a Call,
) -> Value<'a> {
    if dotted == root::NEXT {
        // `next(error)` does not let it through.
        if given.positional.first().is_none_or(|first| matches!(first.shape, Shape::Null)) {
            walk.pass();
        }
        return Value::UNKNOWN;
    }
    if given.all().iter().any(|value| matches!(&value.shape, Shape::Name(name) if name == root::NEXT)) {
        walk.pass();
    }
    if let Some(value) = outside::called(walk, dotted, given, expr) {
        return value;
    }
    let (script, rust) = (walk.is_script(), walk.is_rust());
    let name = dotted.rsplit('.').next().unwrap_or(dotted);
    sinks(walk, dotted, name, of.map(|(of, _)| of), given, expr);
    if let Some((of, _)) = of
        && let Some(regex) = pattern::read(&of.shape)
        && let Some(value) = matching::method(walk, method_of(expr), regex, given, expr.extent)
    {
        return value;
    }
    stored::written(walk, name, of.map(|(of, _)| of), given);
    if let Some(statement) = stored::prepared(name, given.positional.first()) {
        return statement;
    }
    if let Some(value) = later::started(walk, dotted, name, given, expr) {
        return value;
    }
    if ends(dotted, call) {
        walk.stop();
        return Value::UNKNOWN;
    }
    if !rust && let Some(page) = rendered::called(walk, dotted, name, given, expr) {
        return page;
    }
    if script && let Some(value) = javascript::special(walk, dotted, of, given, expr) {
        return value;
    }
    if rust && let Some(value) = rust::special(walk, dotted, of, given, (expr, call)) {
        return value;
    }
    if walk.is_python()
        && let Some(value) = python::special(walk, dotted, given, expr)
    {
        return value;
    }
    if walk.is_python()
        && let Some(value) = matching::function(walk, dotted, given, expr.extent)
    {
        return value;
    }
    if let Some(implied) = walk.implied_by_function(dotted, given) {
        return implied.value();
    }
    let makes = makes(walk, dotted);
    if let Some(makes) = makes {
        return made(makes, given, of.map(|(of, _)| of));
    }
    // A method of something of a library, that a text or a list has too: on something tainted it is theirs.
    if let Some((of, object)) = of
        && (of.is_tainted() || texts::is_known(name) && is_plain(of, given))
    {
        return method(walk, of, object, name, given, expr);
    }
    let rows = stored::rows(walk, name, given.positional.first(), expr);
    call_backs(walk, given, rows.clone().unwrap_or(Value::UNKNOWN), expr.extent);
    let mut value = rows.unwrap_or(Value::UNKNOWN);
    value.shape = Shape::Name(Text::from(format!("{dotted}()")));
    value
}

/// What a function of a library makes, in the language under way.
fn makes(walk: &Walk<'_, '_>, dotted: &str) -> Option<Makes> {
    match (walk.is_script(), walk.is_rust()) {
        (true, _) => javascript::makes(dotted),
        (_, true) => rust::makes(dotted),
        _ => python::makes(dotted),
    }
}

/// The name of the method that a call is of.
fn method_of(expr: &Expr) -> &str {
    match expr.call().map(|call| &call.callee.kind) {
        Some(ExprKind::Member { name, .. }) => name,
        _ => "",
    }
}

/// Whether something is, or behaves like, a list or a dictionary: nothing of a library that is given a function to call.
fn is_plain(of: &Value<'_>, given: &Given<'_>) -> bool {
    let called_back = given.all().iter().any(|value| matches!(value.shape, Shape::Function(..)));
    !matches!(of.shape, Shape::Name(_)) || !called_back
}

/// Calls every function that is among what a function of a library is given.
fn call_backs<'a>(walk: &mut Walk<'_, 'a>, given: &Given<'a>, first: Value<'a>, extent: Extent) {
    let functions: Vec<Value<'a>> =
        given.all().into_iter().filter(|value| matches!(value.shape, Shape::Function(..))).cloned().collect();
    for function in functions {
        // Node's callbacks are given the error first.
        walk.call_back(&function, vec![Value::UNKNOWN, first.clone()], extent);
    }
}

/// Whether nothing goes on after a call: it throws, or ends the process.
fn ends(dotted: &str, _call: &Call) -> bool {
    const ENDS: &[&str] = &[
        "flask.abort",
        "werkzeug.exceptions.abort",
        "sys.exit",
        "os._exit",
        "exit",
        "quit",
        "process.exit",
        "next/navigation.redirect",
        "next/navigation.permanentRedirect",
        "next/navigation.notFound",
        "next/navigation.forbidden",
        "next/navigation.unauthorized",
        "request:koa.throw",
        "django.core.exceptions.PermissionDenied",
    ];
    ENDS.contains(&dotted)
}

/// What a function of a library makes of what it is given.
pub(super) fn made<'a>(makes: Makes, given: &Given<'a>, of: Option<&Value<'a>>) -> Value<'a> {
    let mut parts = given.all();
    parts.extend(of);
    match makes {
        Makes::Nothing => Value::UNKNOWN,
        Makes::Keeps => match (parts.as_slice(), &parts.first().map(|part| &part.shape)) {
            ([one], Some(Shape::Text(_) | Shape::Number(_))) => (*one).clone(),
            // A path without `..` is put behind another one.
            _ if given.all().len() > 1 => {
                let mut whole = Value::made_of(&parts);
                whole.each_taint(&mut |taint| taint.beside = taint.beside.without(Beside::NORMAL));
                let last = given.positional.last().map(Value::all_taints).unwrap_or_default();
                // Of a path with more behind it, `..` leads out.
                let is_last = |taint: &Taint| last.iter().any(|last| last.origin == taint.origin);
                whole.each_taint(&mut |taint| {
                    if is_last(taint) {
                        return;
                    }
                    *taint = Value::tainted(vec![taint.clone()]).climbing().taints.remove(0);
                });
                whole
            }
            _ => Value::made_of(&parts),
        },
        Makes::Undoes => {
            let mut value = Value::made_of(&parts);
            value.each_taint(&mut |taint| taint.open = Risks::ALL);
            value
        }
        Makes::Without(risks) => Value::made_of(&parts).without(risks),
        Makes::Related => Value::made_of(&parts).marked(Beside::RELATED),
        Makes::Many => match given.positional.as_slice() {
            [one] if matches!(one.shape, Shape::List(_) | Shape::Record(_) | Shape::Object(..)) => {
                one.clone()
            }
            _ => Value::made_of(&parts).into_many(),
        },
        Makes::Normal => Value::made_of(&parts).marked(Beside::NORMAL),
        Makes::Below => {
            let mut whole = Value::UNKNOWN;
            for (at, part) in given.all().into_iter().enumerate() {
                whole = if at == 0 { Value::made_of(&[part]) } else { joined(&whole, part) };
            }
            Value::made_of(&[&whole]).marked(Beside::NORMAL)
        }
    }
}

/// A method of a value of which no more is known than what it may be made of.
pub(super) fn method<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    object: &'a Expr,
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Value<'a> {
    if given.all().iter().any(|value| matches!(&value.shape, Shape::Name(name) if name == root::NEXT)) {
        walk.pass();
    }
    sinks(walk, "", name, Some(of), given, expr);
    if walk.is_rust()
        && let Some(value) = rust::method(walk, of, object, name, given, expr)
    {
        return value;
    }
    stored::written(walk, name, Some(of), given);
    if let Some(statement) = stored::prepared(name, given.positional.first()) {
        return statement;
    }
    if let Some(rows) = stored::rows(walk, name, given.positional.first(), expr) {
        call_backs(walk, given, rows.clone(), expr.extent);
        return rows;
    }
    if let Some(value) = later::started(walk, "", name, given, expr) {
        return value;
    }
    texts::method(walk, of, object, name, given, expr)
}

/// Something is assigned to a member of something outside: `location.href = x`, `element.innerHTML = x`.
pub(super) fn assigned<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    key: &str,
    value: &Value<'a>,
    extent: Extent,
) {
    if matches!(dotted, "answer:" | "request:koa") && key == "body" && !walk.is_typed_plain() {
        walk.arrive_page(value, extent, extent, "the body of the answer");
    }
}

/// Looks at a call as a place where something does harm.
fn sinks<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    name: &str,
    of: Option<&Value<'a>>,
    given: &Given<'a>,
    expr: &'a Expr,
) {
    let list = match (walk.is_script(), walk.is_rust()) {
        (true, _) => javascript::SINKS,
        (_, true) => rust::SINKS,
        _ => python::SINKS,
    };
    if walk.is_rust()
        && let Some(sink) = rust::family(walk, dotted, name, expr)
    {
        reached(walk, sink, of, given, expr);
    }
    if walk.is_script()
        && let Some(sink) = javascript::family(dotted)
    {
        reached(walk, sink, of, given, expr);
    }
    for sink in list {
        let fits = match sink.name.strip_prefix('.') {
            Some(method) => of.is_some() && method == name,
            None => sink.name == dotted,
        };
        if fits {
            reached(walk, sink, of, given, expr);
        }
    }
}

/// What is removed or moved whole, so that `..` takes the folder above with it.
const REMOVES: &[&str] = &["shutil.rmtree", "shutil.move", "os.rename", "os.replace"];

fn reached<'a>(
    walk: &mut Walk<'_, 'a>,
    sink: &Sink,
    of: Option<&Value<'a>>,
    given: &Given<'a>,
    expr: &'a Expr,
) {
    let whole = Value::made_of(&given.all());
    let (value, extent) = match sink.takes {
        Takes::At(index, name) => match given.at_or(index, name) {
            Some(value) => (value.clone(), given.extent(index, name).unwrap_or(expr.extent)),
            None => return,
        },
        Takes::Any => (whole, expr.extent),
        Takes::Receiver => match of {
            Some(of) => (of.clone(), expr.extent),
            None => return,
        },
    };
    let fits = match sink.when {
        When::Always => true,
        When::Among(beside) => {
            !value.is_tainted() || value.all_taints().iter().any(|taint| taint.beside.has(beside))
        }
        When::Shell => is_for_shell(&value, given),
        When::UnsafeLoader => !has_plain_loader(walk, given),
        When::Entities => follows_entities(given),
        When::Pattern => has_pattern(expr),
        When::PlainLine => true,
        When::Statement => is_statement(&value, &receiver(walk, expr)),
        When::Upload => of.is_some_and(|of| is_upload(of, &receiver(walk, expr))),
        When::Page if is_declared_otherwise(given) || walk.is_said_plain(expr.extent) => return,
        When::Page => return walk.arrive_page(&value, expr.extent, extent, &walk.shown(callee(expr))),
    };
    if fits {
        let value = match sink.when {
            _ if REMOVES.contains(&sink.name) => value.climbing(),
            When::Shell => shell_part(&value),
            When::PlainLine => log::plain(given, walk.is_script()),
            _ => value,
        };
        let into = walk.shown(callee(expr));
        walk.arrive(sink.risk, expr.extent, extent, &into, &value);
    }
}

/// The words of the name of what a method is called on: `self.db`, `get_connection()`.
fn receiver(walk: &Walk<'_, '_>, expr: &Expr) -> Vec<String> {
    let Some(ExprKind::Member { object, .. }) = expr.call().map(|call| &call.callee.kind) else {
        return Vec::new();
    };
    let written = match &object.kind {
        ExprKind::Call(call) => walk.shown(call.callee.extent),
        _ => walk.shown(object.extent),
    };
    words(written.rsplit('.').next().unwrap_or(&written))
}

/// Whether what is executed is a statement of SQL: by its words, or because a database is to execute it.
fn is_statement(value: &Value<'_>, receiver: &[String]) -> bool {
    const DATABASES: &[&str] = &[
        "c",
        "con",
        "conn",
        "connect",
        "connection",
        "cur",
        "cursor",
        "database",
        "db",
        "engine",
        "pool",
        "session",
        "sql",
        "sqlite",
        "transaction",
        "tx",
    ];
    !value.is_tainted()
        || value.all_taints().iter().any(|taint| taint.beside.has(Beside::QUERY))
        || receiver.iter().any(|word| DATABASES.contains(&word.as_str()))
}

/// Whether a file that came in, or a picture, is kept by its own method.
fn is_upload(of: &Value<'_>, receiver: &[String]) -> bool {
    const FILES: &[&str] = &[
        "attachment",
        "avatar",
        "document",
        "file",
        "image",
        "img",
        "photo",
        "pic",
        "picture",
        "thumb",
        "thumbnail",
        "upload",
        "uploaded",
    ];
    let is_one =
        matches!(&of.shape, Shape::Name(name) if name.starts_with("from:") || name.starts_with("PIL."));
    is_one || of.is_tainted() || receiver.iter().any(|word| FILES.contains(&word.as_str()))
}

/// Whether a call that tries a pattern names it: `text.replace(/x/, ..)`, `PATTERN.search(text)`, `re.search(r"x", text)`.
fn has_pattern(expr: &Expr) -> bool {
    let Some(call) = expr.call() else { return false };
    let is_regex = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Literal::Regex { .. }));
    let named = |expr: &Expr| matches!(expr.kind, ExprKind::Name(_));
    let first = call.arguments.first().map(|given| &given.value);
    let of = match &call.callee.kind {
        ExprKind::Member { object, .. } => Some(&**object),
        _ => None,
    };
    first.is_some_and(|first| {
        is_regex(first) || named(first) || first.string().is_some_and(|text| text.len() > 3)
    }) || of.is_some_and(|of| is_regex(of) || named(of))
}

/// Whether an answer says that it is no page: `mimetype="text/csv"`, `headers={"Content-Type": "text/plain"}`.
fn is_declared_otherwise(given: &Given<'_>) -> bool {
    let header = given.under("headers").is_some_and(|headers| match &headers.shape {
        Shape::Record(fields) => fields.iter().any(|(name, kind)| {
            name.eq_ignore_ascii_case("content-type")
                && kind.text().is_some_and(|kind| !kind.contains("html") && !kind.contains("svg"))
        }),
        _ => false,
    });
    header
        || ["mimetype", "content_type", "media_type"]
            .iter()
            .filter_map(|name| given.under(name))
            .any(|kind| kind.text().is_some_and(|kind| !kind.contains("html") && !kind.contains("svg")))
}

/// Where what is called is written.
pub(super) fn callee(expr: &Expr) -> Extent {
    match &expr.kind {
        ExprKind::Call(call) => call.callee.extent,
        _ => expr.extent,
    }
}

/// Whether an option asks for a shell.
fn asks_for_shell(given: &Given<'_>) -> bool {
    let option = |value: &Value<'_>| match &value.shape {
        Shape::Record(fields) => fields.get("shell").is_some_and(|shell| shell.truth() != Some(false)),
        _ => false,
    };
    given.under("shell").is_some_and(|shell| shell.truth() != Some(false))
        || given.positional.iter().any(option)
}

/// Whether a shell reads a command line.
fn is_for_shell(value: &Value<'_>, given: &Given<'_>) -> bool {
    asks_for_shell(given)
        || begins_with_shell(value)
        // The program itself is what the caller says.
        || matches!(&value.shape, Shape::List(items) if items.first().is_some_and(Value::is_tainted))
        || !matches!(value.shape, Shape::List(_)) && value.is_tainted() && is_program(value)
}

/// Something tainted from its first letter on, given as the program to run.
fn is_program(value: &Value<'_>) -> bool {
    value.beginning().is_none() && !value.taints.iter().any(|taint| taint.beside.has(Beside::TEXT))
}

fn begins_with_shell(value: &Value<'_>) -> bool {
    const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "cmd", "cmd.exe", "powershell"];
    const OPTIONS: &[&str] = &["-c", "/c", "/C", "-lc", "-Command"];
    let Shape::List(items) = &value.shape else { return false };
    let is_one = |at: usize, of: &[&str]| {
        let texts = items.get(at).map(Value::texts).unwrap_or_default();
        texts.iter().any(|text| of.contains(&text.rsplit("/bin/").next().unwrap_or(text)))
    };
    is_one(0, SHELLS) && is_one(1, OPTIONS)
}

/// The part of a command line that a shell reads, or the program.
fn shell_part<'a>(value: &Value<'a>) -> Value<'a> {
    match &value.shape {
        Shape::List(items) if begins_with_shell(value) => items.get(2).cloned().unwrap_or(Value::UNKNOWN),
        Shape::List(items) => items.first().cloned().unwrap_or(Value::UNKNOWN),
        _ => value.clone(),
    }
}

fn has_plain_loader(walk: &Walk<'_, '_>, given: &Given<'_>) -> bool {
    let written = given.extent(1, "Loader").map(|extent| walk.shown(extent)).unwrap_or_default();
    written.contains("Safe") || written.contains("BaseLoader")
}

fn follows_entities(given: &Given<'_>) -> bool {
    given.all().iter().any(|value| matches!(&value.shape, Shape::Name(name) if name.starts_with("entities:")))
        || given.positional.iter().any(|value| match &value.shape {
            Shape::Record(fields) => ["noent", "replaceEntities"]
                .iter()
                .any(|option| fields.get(*option).is_some_and(|on| on.truth() == Some(true))),
            _ => false,
        })
}
