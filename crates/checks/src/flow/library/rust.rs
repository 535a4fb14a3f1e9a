//! Rust's standard library, and the crates that services are made with.

use std::rc::Rc;

use super::admitted;
use super::{Makes, Sink, Takes, When, begins_with_shell, sink};
use crate::facts::syntax::{Call, Expr, ExprKind, Text};
use crate::facts::values::referred;
use crate::facts::words::words;
use crate::flow::call::Given;
use crate::flow::known::Known;
use crate::flow::operator::{below, joined};
use crate::flow::pattern;
use crate::flow::risk::{Risk, Risks};
use crate::flow::typed;
use crate::flow::value::{Beside, Shape, Value};
use crate::flow::walk::Walk;

/// Where something from outside does harm.
pub(super) const SINKS: &[Sink] = &[
    sink("sqlx.query", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("sqlx.query_as", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("sqlx.query_scalar", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("sqlx.raw_sql", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("sqlx.query_with", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("sqlx.QueryBuilder.new", Risk::Query, Takes::At(0, "init"), When::Always),
    sink("sqlx.QueryBuilder.new().push", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("diesel.sql_query", Risk::Query, Takes::At(0, "query"), When::Always),
    sink("diesel.dsl.sql", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("sea_orm.Statement.from_string", Risk::Query, Takes::At(1, "stmt"), When::Always),
    // rusqlite, tokio-postgres and their kin: the statement is the first argument.
    sink(".execute", Risk::Query, Takes::At(0, "sql"), When::Statement),
    sink(".execute_batch", Risk::Query, Takes::At(0, "sql"), When::Statement),
    sink(".batch_execute", Risk::Query, Takes::At(0, "sql"), When::Statement),
    sink(".prepare", Risk::Query, Takes::At(0, "sql"), When::Statement),
    sink(".query", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".query_row", Risk::Query, Takes::At(0, "sql"), When::Statement),
    sink(".query_one", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".query_opt", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".simple_query", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("std.process.Command.new", Risk::Command, Takes::At(0, "program"), When::Always),
    sink("tokio.process.Command.new", Risk::Command, Takes::At(0, "program"), When::Always),
    sink("actix_files.NamedFile.open", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("actix_files.NamedFile.open_async", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("tower_http.services.ServeFile.new", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("reqwest.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("reqwest.blocking.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axum.response.Html", Risk::Markup, Takes::At(0, "content"), When::Always),
    sink("axum.response.Redirect.to", Risk::Redirect, Takes::At(0, "uri"), When::Always),
    sink("axum.response.Redirect.temporary", Risk::Redirect, Takes::At(0, "uri"), When::Always),
    sink("axum.response.Redirect.permanent", Risk::Redirect, Takes::At(0, "uri"), When::Always),
    sink("actix_web.web.Redirect.to", Risk::Redirect, Takes::At(0, "to"), When::Always),
];

const FILE: Sink = sink("a file", Risk::Path, Takes::At(0, "path"), When::Always);
const BOTH_FILES: Sink = sink("a file", Risk::Path, Takes::Any, When::Always);
const ADDRESS: Sink = sink("an address", Risk::Request, Takes::At(0, "url"), When::Always);
const ADDRESS_BEHIND: Sink = sink("an address", Risk::Request, Takes::At(1, "url"), When::Always);
const PAGE: Sink = sink("a page", Risk::Markup, Takes::At(0, "body"), When::Page);

/// Functions that come many times over: those of `std::fs` and `tokio::fs`, and the methods of a client of reqwest.
pub(super) fn family(walk: &Walk<'_, '_>, dotted: &str, name: &str, expr: &Expr) -> Option<&'static Sink> {
    let file = dotted.strip_prefix("std.fs.").or_else(|| dotted.strip_prefix("tokio.fs."));
    match (file, name) {
        (Some("copy" | "rename" | "hard_link"), _) => return Some(&BOTH_FILES),
        (
            Some(
                "read" | "read_to_string" | "write" | "remove_file" | "remove_dir" | "remove_dir_all"
                | "create_dir" | "create_dir_all" | "read_dir" | "File.open" | "File.create",
            ),
            _,
        ) => return Some(&FILE),
        _ => {}
    }
    let sends = matches!(name, "get" | "post" | "put" | "patch" | "delete" | "head");
    if (sends || name == "request") && (typed::is_of_client(dotted) || is_kept_client(walk, expr)) {
        return Some(if sends { &ADDRESS } else { &ADDRESS_BEHIND });
    }
    // What is not said to be a page is plain text: https://docs.rs/actix-web/4/actix_web/trait.MessageBody.html
    let written = walk.shown(expr.extent);
    let is_page = dotted.starts_with("actix_web.HttpResponse.") && name == "body" && written.contains("html");
    is_page.then_some(&PAGE)
}

/// Whether a method is called on what is named for a client of HTTP, and of which no type says what it is: `http_client.get(url)`.
fn is_kept_client(walk: &Walk<'_, '_>, expr: &Expr) -> bool {
    let Some(ExprKind::Member { object, .. }) = expr.call().map(|call| &call.callee.kind) else {
        return false;
    };
    let written = walk.shown(object.extent);
    let words = words(written.rsplit('.').next().unwrap_or_default());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_named = match words.as_slice() {
        ["http" | "client"] => true,
        [before @ .., "client"] => before.iter().any(|word| matches!(*word, "http" | "reqwest")),
        _ => false,
    };
    is_named && !typed::is_declared(walk, object)
}

/// What functions make of what they are given.
pub(super) fn makes(dotted: &str) -> Option<Makes> {
    let last = dotted.rsplit('.').next().unwrap_or(dotted);
    match dotted {
        "uuid.Uuid.parse_str" | "uuid.Uuid.from_str" => return Some(Makes::Nothing),
        _ if ["html_escape.", "ammonia.", "askama_escape.", "v_htmlescape."]
            .iter()
            .any(|of| dotted.starts_with(of)) =>
        {
            return Some(Makes::Without(Risks::of(&[Risk::Markup])));
        }
        "urlencoding.encode" => {
            let risks = [Risk::Markup, Risk::Path, Risk::Redirect, Risk::Request, Risk::Query, Risk::Command];
            return Some(Makes::Without(Risks::of(&risks)));
        }
        "shell_escape.escape" | "shlex.try_quote" | "shlex.quote" => {
            return Some(Makes::Without(Risks::of(&[Risk::Command])));
        }
        _ => {}
    }
    let wraps = matches!(
        dotted,
        "Some" | "Ok" | "Box.new" | "String.from" | "std.sync.Arc.new" | "std.borrow.Cow.from" | "Into.into"
    );
    let wraps_path = matches!(dotted, "std.path.Path.new" | "std.path.PathBuf.from");
    (wraps || wraps_path || last == "AssertSqlSafe" || last == "from_utf8_lossy").then_some(Makes::Keeps)
}

/// Macros, and what is more than what it is given.
pub(super) fn special<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    of: Option<(&Value<'a>, &'a Expr)>,
    given: &Given<'a>,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Value<'a>> {
    match dotted {
        "format" | "std.format" => return Some(put_together(walk, given)),
        "write" | "writeln" => {
            let (target, rest) = call.arguments.split_first()?;
            let text = Given {
                positional: given.positional.get(1..).unwrap_or_default().to_vec(),
                named: given.named.clone(),
                written: rest,
            };
            let added = put_together(walk, &text);
            let target = referred(&target.value);
            let held = walk.eval(target);
            walk.set_known(target, joined(&held, &added));
            return Some(Value::UNKNOWN);
        }
        "vec" => return Some(Value::of(Shape::List(Rc::new(given.positional.clone())))),
        "url.Url.parse" | "reqwest.Url.parse" => return given.positional.first().cloned(),
        "tokio.net.lookup_host" => return Some(looked_up(walk, given.positional.first()?)),
        // They follow every link and work out every `..`, and say nothing of where that is.
        "std.fs.canonicalize" | "tokio.fs.canonicalize" => {
            return Some(resolved(given.positional.first()?));
        }
        "regex.Regex.new" | "regex.bytes.Regex.new" => {
            let pattern = given.positional.first().and_then(Value::text)?;
            return Some(Value::of(pattern::compiled(pattern, "")));
        }
        "std.sync.LazyLock.new" | "std.cell.LazyCell.new" | "once_cell.sync.Lazy.new" => {
            return Some(walk.call_back(given.positional.first()?, Vec::new(), expr.extent));
        }
        "String.new" => return Some(Value::of(Shape::Text(Text::default()))),
        "std.process.Command.new" | "tokio.process.Command.new" => {
            return Some(Value::of(Shape::List(Rc::new(given.positional.clone()))));
        }
        _ => {}
    }
    let (of, object) = of?;
    let name = super::method_of(expr);
    // What is made of something of a library by looking into it is still that: `Client::builder().build().unwrap()`.
    let stays = matches!(name, "clone" | "unwrap" | "expect" | "as_ref" | "await" | "map_err");
    if stays && matches!(of.shape, Shape::Name(_)) {
        return Some(of.clone());
    }
    if matches!(name, "insert_header" | "append_header") {
        return Some(header(walk, of, given, expr));
    }
    method(walk, of, object, name, given, expr)
}

/// `insert_header(("Location", url))`.
fn header<'a>(walk: &mut Walk<'_, 'a>, of: &Value<'a>, given: &Given<'a>, expr: &'a Expr) -> Value<'a> {
    if let Some(Shape::List(pair)) = given.positional.first().map(|first| &first.shape)
        && let [name, value] = pair.as_slice()
    {
        let is_location = name.text().is_some_and(|name| name.eq_ignore_ascii_case("location"))
            || matches!(&name.shape, Shape::Name(name) if name.ends_with("LOCATION"));
        if is_location {
            walk.arrive(Risk::Redirect, expr.extent, expr.extent, "Location", value);
        }
    }
    of.clone()
}

/// What `format!("..{}..{name}", a)` makes.
fn put_together<'a>(walk: &Walk<'_, 'a>, given: &Given<'a>) -> Value<'a> {
    let Some(pattern) = given.positional.first().and_then(Value::text) else {
        return Value::made_of(&given.all());
    };
    let mut whole = Value::of(Shape::Text(Text::default()));
    let (mut next, mut rest) = (1, pattern);
    while let Some((before, after)) = rest.split_once('{') {
        whole = joined(&whole, &Value::of(Shape::Text(Text::from(before.replace("}}", "}")))));
        if let Some(after) = after.strip_prefix('{') {
            whole = joined(&whole, &Value::of(Shape::Text(Text::from("{"))));
            rest = after;
            continue;
        }
        let Some((hole, after)) = after.split_once('}') else { break };
        let name = hole.split(':').next().unwrap_or_default().trim();
        let value = match name.parse::<usize>() {
            Ok(at) => given.positional.get(at + 1).cloned(),
            Err(_) if name.is_empty() => {
                next += 1;
                given.positional.get(next - 1).cloned()
            }
            Err(_) => given.under(name).cloned().or_else(|| walk.held_under(name)),
        };
        whole = joined(&whole, &value.unwrap_or(Value::UNKNOWN));
        rest = after;
    }
    joined(&whole, &Value::of(Shape::Text(Text::from(rest.replace("}}", "}")))))
}

/// The addresses of a host, of which there is one at least: nobody who only fetches asks for them.
/// Limit: what is then asked of them is not seen.
fn looked_up<'a>(walk: &mut Walk<'_, 'a>, host: &Value<'a>) -> Value<'a> {
    let mut addresses = Value::tainted(host.all_taints()).marked(Beside::RESOLVED);
    for taint in &addresses.taints {
        walk.clear(&taint.origin.key, Known::without(Risks::of(&[Risk::Request])));
    }
    addresses.each_taint(&mut |taint| taint.open = Risks::NONE);
    addresses
}

/// A path as the file system has it.
fn resolved<'a>(path: &Value<'a>) -> Value<'a> {
    Value::made_of(&[path]).marked(Beside(Beside::NORMAL.0 | Beside::PARTED.0))
}

/// Methods of `Option`, `Result`, smart pointers and texts that give back what they are called on.
const SAME: &[&str] = &[
    "clone",
    "cloned",
    "copied",
    "to_owned",
    "get_ref",
    "into_owned",
    "as_str",
    "as_deref",
    "as_ref",
    "as_mut",
    "as_bytes",
    "into_bytes",
    "to_vec",
    "into",
    "into_inner",
    "unwrap",
    "expect",
    "unwrap_or_default",
    "ok",
    "ok_or",
    "ok_or_else",
    "map_err",
    "iter",
    "into_iter",
    "by_ref",
    "borrow",
    "deref",
    "context",
    "with_context",
    "trim",
    "trim_start",
    "trim_end",
    "chars",
    "bytes",
    "collect",
    "to_path_buf",
    "as_path",
    "rev",
    "components",
    "0",
];
/// Methods that give a path, or anything else, as a text, of which a beginning is a beginning of letters.
const AS_TEXT: &[&str] = &["to_string", "to_string_lossy", "to_str", "display", "into_string"];
/// Methods whose answer is a truth or a number.
const TELLS: &[&str] = &[
    "len",
    "is_empty",
    "is_match",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "count",
    "as_u64",
    "as_i64",
    "as_f64",
    "as_bool",
    "is_absolute",
    "position",
    "find_map_or",
    "is_some_and",
    "contains_key",
];

/// A method of a text, a path, an `Option` or a list; `None` for those that other languages have by the same name.
pub(super) fn method<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    object: &'a Expr,
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    let first = given.positional.first();
    let subject = chained(object);
    let told = |walk: &Walk<'_, 'a>, name: &str| walk.implied_by_method(name, (subject, of), given).value();
    let value = match name {
        _ if SAME.contains(&name) => of.clone(),
        _ if AS_TEXT.contains(&name) => {
            let mut text = of.clone();
            text.each_taint(&mut |taint| taint.beside = taint.beside.without(Beside::PARTED));
            text
        }
        // `Url::parse(..)` is a function of a type.
        "parse" if of.is_tainted() || !matches!(of.shape, Shape::Name(_)) => typed::parsed(walk, of, expr),
        "starts_with" => told(walk, "startsWith"),
        "contains" => told(walk, "includes"),
        "ends_with" => told(walk, "endsWith"),
        "all" | "any" => admitted::told(walk, (of, object, subject), name, given),
        _ if TELLS.contains(&name) => Value::UNKNOWN,
        // Of what a number stands in for, or is compared with, there are only numbers.
        "unwrap_or" | "min" | "max" | "clamp"
            if matches!(first?.shape, Shape::Number(_) | Shape::Truth(_)) =>
        {
            Value::UNKNOWN
        }
        "unwrap_or" => of.or(first?),
        "get_or_init" => walk.call_back(first?, Vec::new(), expr.extent),
        "unwrap_or_else" | "or_else" => {
            let other = walk.call_back(first?, Vec::new(), expr.extent);
            of.or(&other)
        }
        "map" | "and_then" | "filter_map" | "then" if !matches!(of.shape, Shape::List(_)) => {
            let function = first?.clone();
            match function.shape {
                Shape::Function(..) => {
                    let item = match of.shape {
                        Shape::Unknown | Shape::Object(..) => of.clone(),
                        _ => walk.item_of(of),
                    };
                    walk.call_back(&function, vec![item], expr.extent)
                }
                _ => of.clone(),
            }
        }
        "filter" => {
            let (function, call) = (first?.clone(), walk.next_call);
            let made = walk.call_back(&function, vec![of.clone()], expr.extent);
            let sifted = walk.sifted((of, object), name, (&function, call), &made);
            // What may be there or not is no list.
            Value { shape: of.shape.clone(), taints: sifted.taints }
        }
        "push_str" | "push" if !matches!(of.shape, Shape::List(_)) => {
            walk.set_known(subject, joined(of, first?));
            Value::UNKNOWN
        }
        "arg" | "args" => return argument(walk, (of, object), given, expr),
        _ => return located(walk, of, name, first),
    };
    Some(value)
}

/// A method of a path, of a URL or of the name of a host.
fn located<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    name: &str,
    first: Option<&Value<'a>>,
) -> Option<Value<'a>> {
    let value = match name {
        // Without a folder: https://doc.rust-lang.org/std/path/struct.Path.html#method.file_name
        "file_name" | "file_stem" | "extension" => Value::made_of(&[of]).without(Risks::of(&[Risk::Path])),
        "to_socket_addrs" | "socket_addrs" => looked_up(walk, of),
        "lookup_ip" => looked_up(walk, first?),
        "canonicalize" => resolved(of),
        // https://docs.rs/url/latest/url/struct.Url.html#method.host_str
        "host_str" | "host" | "domain" if of.is_tainted() => {
            Value::tainted(of.all_taints()).marked(Beside::HOST)
        }
        "join" if of.beginning().is_some_and(|of| of.contains("://")) => on_page(of, first?),
        "join" if !matches!(of.shape, Shape::List(_)) => below(of, first?),
        _ => return None,
    };
    Some(value)
}

/// What a chain of methods that only look at a thing is about: `name` in `name.as_str().chars()`.
fn chained(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. }
                if SAME.contains(&name.as_str()) || AS_TEXT.contains(&name.as_str()) =>
            {
                chained(object)
            }
            _ => expr,
        },
        ExprKind::Unary { value, .. } => chained(value),
        _ => expr,
    }
}

/// An address as it is meant on a page of another one: https://docs.rs/url/latest/url/struct.Url.html#method.join
fn on_page<'a>(page: &Value<'a>, address: &Value<'a>) -> Value<'a> {
    let stays = address.beginning().is_some_and(|text| !text.starts_with("//") && !text.contains("://"));
    let stays = if stays { Risks::of(&[Risk::Request, Risk::Redirect]) } else { Risks::NONE };
    below(page, &address.clone().without(stays))
}

/// `.arg(x)` of a command: what a shell is given to read does harm.
fn argument<'a>(
    walk: &mut Walk<'_, 'a>,
    (of, object): (&Value<'a>, &'a Expr),
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    let Shape::List(known) = &of.shape else { return None };
    let mut items = known.as_ref().clone();
    let first = given.positional.first()?;
    match &first.shape {
        Shape::List(more) => items.extend(more.iter().cloned()),
        _ => items.push(first.clone()),
    }
    let read = items.get(2).filter(|_| known.len() <= 2).cloned();
    let whole = Value::of(Shape::List(Rc::new(items)));
    if let Some(read) = read.filter(|_| begins_with_shell(&whole)) {
        let extent = given.extent(0, "arg").unwrap_or(expr.extent);
        walk.arrive(Risk::Command, expr.extent, extent, "arg", &read);
    }
    let mut base = object;
    while let ExprKind::Call(call) = &base.kind
        && let ExprKind::Member { object, .. } = &call.callee.kind
    {
        base = object;
    }
    if matches!(base.kind, ExprKind::Name(_)) && matches!(walk.eval(base).shape, Shape::List(_)) {
        walk.set_known(base, whole.clone());
    }
    Some(whole)
}
