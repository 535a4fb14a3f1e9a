//! # lossy-sanitization
//!
//! "Sanitising" that damages what people send. Quotes are deleted, so that O'Brien is OBrien for ever; a password is put into small letters, so that a thousand
//! passwords open one account; text is escaped on the way in, so that `&amp;#39;` is in the mail. It looks like security and gives none: SQL is safe because values are bound, and a
//! page is safe because it escapes what it shows.
//!
//! ## What is reported
//!
//! - **error**, `password`: a password is put into capital or small letters before it is hashed or compared (**warning**: white space is cut off, or it is shortened);
//! - **error**, `deleted`: quotes or words of SQL are deleted from what a request brings, or by a function that is called a sanitiser; letters other than A to Z are deleted from
//!   a name or text of a person;
//! - **warning**, `deleted`: what stands between `<` and `>` is deleted from what a request brings (`a < b and c > d`);
//! - **warning**, `escaped`: what a request brings is escaped for HTML and then kept;
//! - **warning**, `markup-by-regex`: XML is taken apart with a regular expression (**note**: HTML): comments, entities, attributes and CDATA are read wrong.
//!
//! Left alone: escaping where a page is made, sanitisers of HTML (`bleach`, DOMPurify, `sanitize-html`), file names, slugs and search terms, addresses in small letters, phone numbers, and
//! tests for emptiness (`if not password.strip()`).
//!
//! ## What to do
//!
//! Keep what was sent, refuse what is not allowed with 400, bind values in SQL, escape where it is shown, and read XML with a parser (`defusedxml`, `fast-xml-parser`).
//!
//! Source: [CWE-116](https://cwe.mitre.org/data/definitions/116.html); [OWASP Input Validation](https://cheatsheetseries.owasp.org/cheatsheets/Input_Validation_Cheat_Sheet.html) (a name may hold an
//! apostrophe); NIST SP 800-63B, 5.1.1.2 (passwords are taken as they are); RFC 8265 (case is preserved in passwords).

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node, enclosing_function};
use crate::facts::passwords::{is_password_name, last_name};
use crate::facts::received::is_received;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::values::{Bound, FileValues, called_name};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("lossy-sanitization"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "sanitising that damages what people send",
        applies_to: "replacement in what a request brings",
        variants: &["password", "deleted", "escaped", "markup-by-regex"],
        source: include_str!("lossy_sanitization.rs"),
    },
    run: Run::File(run),
};

/// Words of functions that are said to make input harmless.
const SANITIZERS: &[&str] =
    &["sanitize", "sanitise", "sanitizer", "sanitized", "cleanse", "antisql", "injection", "xss"];

/// Words of functions that judge a password and keep nothing of it.
const JUDGES: &[&str] =
    &["validate", "validator", "similar", "strength", "common", "score", "check", "weak", "policy"];

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

fn run(_: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    const SIGNS: &[&str] = &["replace", "re.sub", "assword", "escape(", "<", "passwd"];
    let is_written = matches!(file.language, Language::Python | Language::JavaScript | Language::TypeScript);
    if file.is_test || !is_written || !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return;
    }
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
        {
            password(file, expr, call, around, report);
            deleted(file, &mut values, expr, call, around, report);
            escaped(file, &mut values, expr, call, around, report);
            by_regex(file, expr, call, report);
        }
        true
    });
}

fn say(
    file: &SourceFile,
    place: Extent,
    (variant, severity): (&'static str, Severity),
    message: String,
    advice: &'static str,
    report: &mut Report<'_>,
) {
    report.add(report.at(file, place, message).variant(variant).graded(severity).advice(advice));
}

/// `password.strip()`, `password.toLowerCase()`, `password.slice(0, 20)`.
fn password(file: &SourceFile, expr: &Expr, call: &Call, around: Around<'_, '_>, report: &mut Report<'_>) {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    let Some(of) = last_name(object).filter(|of| {
        is_password_name(of) && !has_word(of, &["hash", "hashed", "field", "label", "hint", "type"])
    }) else {
        return;
    };
    let short = call.arguments.len() == 2
        && call
            .arguments
            .get(1)
            .and_then(|given| crate::facts::numbers::constant(&given.value))
            .is_some_and(|end| (1.0..64.0).contains(&end));
    let (severity, done) = match name.as_str() {
        "lower" | "upper" | "toLowerCase" | "toUpperCase" | "casefold" => {
            (Severity::Error, "put into letters of one size: `Secret1` and `sECRET1` open the same account")
        }
        "strip" | "trim" => (
            Severity::Warning,
            "cut at its ends: whoever has a space there has another password than they think, and gets in nowhere else that keeps it",
        ),
        "slice" | "substring" | "substr" if short => {
            (Severity::Warning, "shortened: what follows does not count")
        }
        _ => return,
    };
    report.trial();
    // Whether it is a common one, or like the name, is asked of any spelling.
    let mut functions = around.iter().filter_map(|node| node.function());
    let judges = functions.any(|function| has_word(&function.name, JUDGES));
    if judges || is_only_asked(around) {
        return;
    }
    say(
        file,
        expr.extent,
        ("password", severity),
        format!("`{of}` is {done}"),
        "take the password as it was sent, and refuse what is too long or too short",
        report,
    );
}

/// Whether a value is only looked at: `if not password.strip()`, `len(password.strip()) < 8`.
fn is_only_asked(around: Around<'_, '_>) -> bool {
    for node in around.iter().rev() {
        match node {
            Node::Expr(Expr {
                kind: ExprKind::Unary { op: UnaryOp::Not, .. } | ExprKind::Compare { .. },
                ..
            })
            | Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. }) => return true,
            // `password.lower().strip()` goes on.
            Node::Expr(Expr { kind: ExprKind::Call(call), .. })
                if matches!(called_name(&call.callee), Some("strip" | "trim" | "lower" | "toLowerCase")) => {}
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                return matches!(
                    called_name(&call.callee),
                    Some(
                        "len"
                            | "test"
                            | "match"
                            | "search"
                            | "find"
                            | "indexOf"
                            | "includes"
                            | "startswith"
                            | "startsWith"
                            | "endswith"
                            | "endsWith"
                            | "count"
                    )
                );
            }
            Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. }) if name == "length" => return true,
            Node::Expr(Expr { kind: ExprKind::Logical { .. } | ExprKind::Member { .. }, .. }) => {}
            _ => return false,
        }
    }
    false
}

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

fn root(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call(call) => match (&call.callee.kind, called_name(&call.callee)) {
            (
                ExprKind::Member { object, .. },
                Some("replace" | "replaceAll" | "strip" | "trim" | "lower" | "toLowerCase"),
            ) => root(object),
            (_, Some("str" | "String" | "sub")) => {
                call.arguments.last().map_or(expr, |given| root(&given.value))
            }
            _ => expr,
        },
        _ => expr,
    }
}

/// Whether a value is what a request brings, by itself or by the name that it is bound to.
fn is_of_request<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> bool {
    let expr = root(expr);
    if is_received(file, expr) || reads_body(values, expr, around) {
        return true;
    }
    values
        .origins(expr, around)
        .into_iter()
        .any(|origin| is_received(file, origin) || reads_body(values, origin, around))
        || matches!(&expr.kind, ExprKind::Name(name) if values.bound(name, around).iter().any(|bound| matches!(bound, Bound::PartOf(value) if is_received(file, value))))
}

/// `data["name"]` after `data = request.get_json()`.
fn reads_body<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> bool {
    let object = match &expr.kind {
        ExprKind::Index { object, .. } | ExprKind::Member { object, .. } => object,
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } if name == "get" => object,
            _ => return false,
        },
        _ => return false,
    };
    let ExprKind::Name(name) = &object.kind else { return false };
    values.bound(name, around).iter().any(|bound| match bound {
        Bound::To(value) => {
            let mut found = false;
            crate::facts::nodes::each_in_expr(value, &mut |node, _| {
                if let Some(inner) = node.expr() {
                    let name = called_name(inner);
                    let called = inner.call().and_then(|call| called_name(&call.callee));
                    found |= called == Some("get_json") || matches!(name, Some("body" | "json")) && matches!(&inner.kind, ExprKind::Member { object, .. } if matches!(called_name(object), Some("req" | "request")));
                }
                !found
            });
            found
        }
        _ => false,
    })
}

fn deleted<'a>(
    file: &SourceFile,
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
    let bound = around.iter().rev().find_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.first().and_then(last_name),
        _ => None,
    });
    let subject = last_name(root(of)).unwrap_or_default();
    let names = [function, subject, bound.unwrap_or_default()];
    if names.iter().any(|name| has_word(name, NARROW)) {
        return;
    }
    let said = names.iter().any(|name| has_word(name, SANITIZERS));
    let brought = is_of_request(file, values, of, around);
    if !said && !brought {
        return;
    }
    report.trial();
    let shown = pattern.chars().take(30).collect::<String>();
    let advice = "keep what was sent: bind values in SQL, escape where it is shown, and refuse with 400 what is not allowed";
    let negated_letters = pattern.starts_with("[^")
        && pattern.contains("a-z")
        && !pattern.contains("\\p{")
        && !pattern.contains("\\u")
        && !pattern.contains("\u{c0}");
    let is_quotes = matches!(pattern.as_str(), "'" | "''")
        || pattern.starts_with('[') && !pattern.starts_with("[^") && pattern.contains('\'');
    let is_words =
        ["drop", "select", "--", "insert", "union"].iter().any(|word| pattern.to_lowercase().contains(word))
            && pattern != "---";
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

/// What is escaped for HTML and then kept: `html.escape(data["title"])` in what is bound, `body("title").escape()`.
fn escaped<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    call: &'a Call,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) {
    let Some(name) = called_name(&call.callee) else { return };
    if !matches!(name, "escape" | "escapeHtml" | "escape_html" | "htmlspecialchars" | "escapeHTML") {
        return;
    }
    let path = file.resolve(&call.callee).unwrap_or_default();
    if path.starts_with("re.")
        || path.contains("regex")
        || matches!(path.as_str(), "glob.escape" | "mysql.escape" | "pg.escape")
    {
        return;
    }
    let advice = "keep what was sent and escape where it is shown";
    // express-validator's chain changes the request itself.
    if call.arguments.is_empty() {
        let of_field = chain_root(&call.callee).is_some_and(|root| {
            matches!(called_name(&root.callee), Some("body" | "check"))
                && root.arguments.first().is_some_and(|given| given.value.string().is_some())
        });
        if of_field {
            report.trial();
            say(file, expr.extent, ("escaped", Severity::Warning), "the field is escaped for HTML on the way in: `O'Brien` is kept as `O&#x27;Brien`, shown so in mails and files, and escaped twice in pages".to_owned(), advice, report);
        }
        return;
    }
    let Some(given) = call.arguments.first() else { return };
    if !is_of_request(file, values, &given.value, around) {
        return;
    }
    report.trial();
    let is_kept = |around: Around<'a, '_>| {
        around.iter().rev().filter_map(|node| node.expr()).filter_map(Expr::call).any(keeps)
    };
    let bound = around.iter().rev().find_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.first(),
        _ => None,
    });
    let kept_by_name = bound.is_some_and(|bound| match &bound.kind {
        ExprKind::Name(name) => enclosing_function(around).is_some_and(|function| {
            let mut found = false;
            crate::facts::nodes::each_in_body(&function.body, &mut |node, around| {
                found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(other), .. }) if other == name)
                    && is_kept_at(around);
                !found
            });
            found
        }),
        _ => false,
    });
    if is_kept(around) || kept_by_name {
        let message = format!(
            "`{}` is escaped for HTML and then kept: the text in the database is `O&#x27;Brien`, shown so in mails and files, and escaped twice in pages",
            file.text_of(given.value.extent)
        );
        say(file, expr.extent, ("escaped", Severity::Warning), message, advice, report);
    }
}

fn is_kept_at(around: Around<'_, '_>) -> bool {
    around.iter().rev().filter_map(|node| node.expr()).filter_map(Expr::call).any(keeps)
}

/// Whether a call keeps what it is given.
fn keeps(call: &Call) -> bool {
    match called_name(&call.callee) {
        Some("execute" | "run") => true,
        Some("create" | "insert" | "insertOne" | "insert_one" | "add" | "save" | "update" | "updateOne") => {
            matches!(call.callee.kind, ExprKind::Member { .. })
        }
        _ => false,
    }
}

/// The call that a chain of methods begins with: `body("name")` of `body("name").trim().escape`.
fn chain_root(callee: &Expr) -> Option<&Call> {
    let ExprKind::Member { object, .. } = &callee.kind else { return None };
    let call = object.call()?;
    chain_root(&call.callee).or(Some(call))
}

/// `re.findall(r"<item>(.*?)</item>", xml)`, `xml.match(/<title>(.*?)<\/title>/)`.
fn by_regex(file: &SourceFile, expr: &Expr, call: &Call, report: &mut Report<'_>) {
    let Some(name) = called_name(&call.callee) else { return };
    let first = call.arguments.first().map(|given| &given.value);
    let object = match &call.callee.kind {
        ExprKind::Member { object, .. } => Some(&**object),
        _ => None,
    };
    let (pattern, subject) = match name {
        "match" | "matchAll" if file.language != Language::Python => (first, object),
        "exec" => (object, first),
        "findall" | "search" | "match" | "finditer"
            if file.resolve(&call.callee).is_some_and(|path| path.starts_with("re.")) =>
        {
            (first, call.arguments.get(1).map(|given| &given.value))
        }
        _ => return,
    };
    let pattern = match pattern.map(|pattern| &pattern.kind) {
        Some(ExprKind::Literal(Literal::Regex { pattern, .. })) => pattern.to_string(),
        Some(ExprKind::Literal(Literal::String(text))) => text.to_string(),
        _ => return,
    };
    let has_element = pattern.contains('<')
        && (pattern.contains("</") || pattern.contains("<\\/"))
        && pattern.contains('(');
    let Some(subject) = subject.filter(|_| has_element) else { return };
    report.trial();
    let called = last_name(root(subject)).unwrap_or_default();
    let function = file.symbol_at(expr.extent.start).rsplit('.').next().unwrap_or_default();
    let is_xml = [called, function]
        .iter()
        .any(|name| has_word(name, &["xml", "svg", "rss", "feed", "atom", "opml", "soap", "sitemap"]));
    let severity = if is_xml { Severity::Warning } else { Severity::Note };
    let what = if is_xml { "XML" } else { "markup" };
    let message = format!(
        "{what} is taken apart with a regular expression: a comment, CDATA, an attribute, an entity or another order of tags is read wrong"
    );
    let advice = match file.language {
        Language::Python => "read it with a parser: `defusedxml.ElementTree`, `html.parser`, BeautifulSoup",
        _ => "read it with a parser: `fast-xml-parser`, `cheerio`, `DOMParser`",
    };
    say(file, expr.extent, ("markup-by-regex", severity), message, advice, report);
}
