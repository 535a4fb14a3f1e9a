//! What is deleted from texts that are kept: quotes, words of SQL, letters, what stands between `<` and `>`.

use super::{is_kept, is_of_request, root, say};
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_expr, enclosing_function};
use crate::facts::passwords::last_name;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Literal, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::has_word;
use crate::report::Report;
use seaworthy_core::Severity;

/// Words of functions that are said to make input harmless.
const SANITIZERS: &[&str] =
    &["sanitize", "sanitise", "sanitizer", "sanitized", "cleanse", "antisql", "injection", "xss"];

/// Words of texts that are not what a person is called or has written: they may be narrowed.
const NARROW: &[&str] = &[
    "file",
    "filename",
    "path",
    "slug",
    "key",
    "id",
    "token",
    "phone",
    "tel",
    "css",
    "class",
    "identifier",
    "ident",
    "column",
    "table",
    "color",
    "colour",
    "etag",
    "env",
    "shell",
    "search",
    "query",
    "term",
    "tag",
    "tags",
    "number",
    "digits",
    "zip",
    "iban",
    "card",
    "isbn",
    "currency",
    "amount",
    "price",
    "host",
    "domain",
    "url",
    "header",
    "csv",
    "json",
    "code",
    "username",
    "handle",
    "login",
    "label",
    "namespace",
    "metric",
    "uuid",
    "hash",
];

/// Words of what people are called and write.
const WRITTEN: &[&str] = &[
    "name",
    "firstname",
    "lastname",
    "surname",
    "fullname",
    "title",
    "comment",
    "text",
    "message",
    "bio",
    "address",
    "city",
    "description",
    "content",
    "subject",
    "note",
    "review",
    "author",
];

/// What a replacement deletes, and from what.
fn replacement<'e>(file: &SourceFile, call: &'e Call) -> Option<(String, &'e Expr)> {
    let name = called_name(&call.callee)?;
    let given = |at: usize| call.arguments.get(at).map(|given| &given.value);
    let pattern = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(Literal::Regex { pattern, .. }) => Some(pattern.to_string()),
        _ => expr.string().map(str::to_owned),
    };
    let (pattern, by, of) = match name {
        "replace" | "replaceAll" => {
            let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
            (pattern(given(0)?)?, given(1)?, &**object)
        }
        "sub" if file.resolve(&call.callee).is_some_and(|path| path == "re.sub") => {
            (pattern(given(0)?)?, given(1)?, given(2)?)
        }
        _ => return None,
    };
    (by.string() == Some("")).then_some((pattern, of))
}

pub(super) fn judge<'a>(
    (context, file): (&Context<'a>, &'a SourceFile),
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    call: &'a Call,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) {
    let Some((pattern, of)) = replacement(file, call) else { return };
    // Of a chain the first is enough.
    if matches!(&of.kind, ExprKind::Call(inner) if replacement(file, inner).is_some()) {
        return;
    }
    let function = enclosing_function(around).map_or("", |function| function.name.as_str());
    let bound = bound_name(expr, around);
    let subject = last_name(root(of)).unwrap_or_default();
    let names = [function, subject, bound.unwrap_or_default()];
    if names.iter().any(|name| has_word(name, NARROW)) {
        return;
    }
    // A function that is called a sanitiser is made for what is kept.
    let said = has_word(function, SANITIZERS);
    let named = || names.iter().any(|name| has_word(name, SANITIZERS));
    let mut brought =
        || (named() || is_of_request(file, values, of, around)) && !is_header(values, of, around);
    if !said && !brought() {
        return;
    }
    report.trial();
    if !said && !is_kept(context, file, expr, around) {
        return;
    }
    let shown = pattern.chars().take(30).collect::<String>();
    let advice = "keep what was sent: bind values in SQL, escape where it is shown, and refuse with 400 what is not allowed";
    let negated_letters = pattern.starts_with("[^")
        && pattern.contains("a-z")
        && !pattern.contains("\\p{")
        && !pattern.contains("\\u")
        && !pattern.contains("\u{c0}");
    let is_quotes = matches!(pattern.as_str(), "'" | "''")
        || pattern.starts_with('[') && !pattern.starts_with("[^") && pattern.contains('\'');
    let is_words = deletes_sql(&pattern);
    if is_quotes || is_words {
        let what = if is_quotes { "quotes are" } else { "words of SQL are" };
        let message = format!(
            "{what} deleted from `{subject}` (`{shown}`): O'Brien is OBrien for ever, and a bound parameter needs none of it"
        );
        say(file, expr.extent, ("deleted", Severity::Error), message, advice, report);
    } else if negated_letters
        && [subject, bound.unwrap_or_default()].iter().any(|name| has_word(name, WRITTEN))
    {
        let message = format!(
            "every letter but A to Z is deleted from `{subject}` (`{shown}`): José is Jos, and a name in another script is empty"
        );
        say(file, expr.extent, ("deleted", Severity::Error), message, advice, report);
    } else if pattern.starts_with("<[^>]")
        || pattern.starts_with("<.*?>")
        || pattern.starts_with("<.+?>")
        || pattern.starts_with("<\\/?[^>]")
    {
        let message = format!(
            "what stands between `<` and `>` is deleted from `{subject}`: of `a < b and c > d` half is gone, and it is no protection against scripts"
        );
        say(file, expr.extent, ("deleted", Severity::Warning), message, advice, report);
    }
}

/// What the result is called: the nearest of the key of a record, the keyword and the name that it is bound to.
fn bound_name<'a>(expr: &Expr, around: Around<'a, '_>) -> Option<&'a str> {
    let mut inner = expr.extent;
    around.iter().rev().find_map(|node| {
        let is_inner = |part: &Expr| part.extent == inner;
        let name = match node {
            Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
                entries.iter().find(|(_, value)| is_inner(value)).and_then(|(key, _)| key.as_ref()?.string())
            }
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => call
                .arguments
                .iter()
                .find(|given| is_inner(&given.value))
                .and_then(|given| given.name.as_deref()),
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                assign.targets.first().and_then(last_name)
            }
            _ => None,
        };
        inner = node.extent();
        name
    })
}

/// Whether a value is a header: its quotes are the protocol's.
fn is_header<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> bool {
    let mut found = false;
    for origin in values.origins(root(expr), around) {
        each_in_expr(origin, &mut |node, _| {
            if let Node::Expr(Expr { kind: ExprKind::Member { object, name, .. }, .. }) = node {
                let is_request = matches!(called_name(object), Some("req" | "request" | "ctx" | "c"));
                found |= name == "headers" || is_request && matches!(name.as_str(), "get" | "header");
            }
            !found
        });
    }
    found
}

/// Whether a pattern is made of words of SQL, or is the mark of its comments: `--selected` and `dropdown-` are neither.
fn deletes_sql(pattern: &str) -> bool {
    const SQL: &[&str] = &["drop", "select", "insert", "union", "delete", "update", "truncate"];
    let spelled = pattern.replace("\\b", " ").replace("\\s", " ");
    let parts: Vec<&str> = spelled
        .split(|character: char| !character.is_alphanumeric() && !matches!(character, '-' | '_'))
        .filter(|part| !part.is_empty())
        .collect();
    parts.iter().any(|part| *part == "--" || SQL.contains(&part.to_lowercase().as_str()))
}
