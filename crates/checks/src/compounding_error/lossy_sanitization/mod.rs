//! # lossy-sanitization
//!
//! "Sanitising" that damages what people send. Quotes are deleted, so that O'Brien is OBrien for ever; a password is put into small letters, so that a thousand
//! passwords open one account; text is escaped on the way in, so that `&amp;#39;` is in the mail. It looks like security and gives none: SQL is safe because values are bound, and a
//! page is safe because it escapes what it shows.
//!
//! ## What is reported
//!
//! - **error**, `password`: a password is put into capital or small letters before it is hashed, compared with the one that is kept, or kept (**warning**: white space is cut off, or it is
//!   shortened);
//! - **error**, `deleted`: quotes or words of SQL are deleted from what a request brings and is then kept, or by a function that is called a sanitiser; letters other than A to Z are deleted from
//!   a name or text of a person that is kept;
//! - **warning**, `deleted`: what stands between `<` and `>` is deleted from what is kept (`a < b and c > d`);
//! - **warning**, `escaped`: what a request brings is escaped for HTML and then kept;
//! - **warning**, `markup-by-regex`: XML is taken apart with a regular expression (**note**: HTML): comments, entities, attributes and CDATA are read wrong.
//!
//! What is hashed or kept is followed within one file. Left alone: escaping where a page is made, sanitisers of HTML (`bleach`, DOMPurify, `sanitize-html`), file names, slugs and search terms,
//! headers, what is only counted, compared or answered, addresses in small letters, phone numbers, and passwords that are only judged (`if not password.strip()`,
//! `COMMON.has(password.toLowerCase())`).
//!
//! ## What to do
//!
//! Keep what was sent, refuse what is not allowed with 400, bind values in SQL, escape where it is shown, and read XML with a parser (`defusedxml`, `fast-xml-parser`).
//!
//! Source: [CWE-116](https://cwe.mitre.org/data/definitions/116.html); [OWASP Input Validation](https://cheatsheetseries.owasp.org/cheatsheets/Input_Validation_Cheat_Sheet.html) (a name may hold an
//! apostrophe); NIST SP 800-63B, 5.1.1.2 (passwords are taken as they are); RFC 8265 (case is preserved in passwords).

mod deleted;
mod fate;
mod password;

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use self::fate::End;
use crate::context::Context;
use crate::facts::absence::root_name;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::passwords::last_name;
use crate::facts::received::is_received;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal};
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
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
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
            password::judge((context, file), expr, call, around, report);
            deleted::judge((context, file), &mut values, expr, call, around, report);
            escaped((context, file), &mut values, expr, call, around, report);
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

/// What is escaped for HTML and then kept: `html.escape(data["title"])` in what is bound, `body("title").escape()`.
fn escaped<'a>(
    (context, file): (&Context<'a>, &'a SourceFile),
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
    if is_kept(context, file, expr, around) {
        let message = format!(
            "`{}` is escaped for HTML and then kept: the text in the database is `O&#x27;Brien`, shown so in mails and files, and escaped twice in pages",
            file.text_of(given.value.extent)
        );
        say(file, expr.extent, ("escaped", Severity::Warning), message, advice, report);
    }
}

/// Whether a value ends in a database, in a collection that outlives the function, or in a field of what is not made here.
fn is_kept<'a>(context: &Context<'a>, file: &'a SourceFile, expr: &'a Expr, around: Around<'a, '_>) -> bool {
    fate::reaches(context, file, expr, around, &|end| match end {
        End::Given { call, .. } => fate::stores(file, call),
        End::Field(target) => !matches!(root_name(target), Some("res" | "response")),
        End::Compared(_) => false,
    })
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
