//! Passwords that are changed before they are hashed, compared or kept.

use super::fate::{self, End, own_function, reaches};
use super::{root, say};
use crate::context::Context;
use crate::facts::nodes::Around;
use crate::facts::numbers::constant;
use crate::facts::passwords::{
    hashes, is_kept_password_name, is_password_name, last_name, mentions, password_use,
};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::values::{called_name, same_text};
use crate::facts::words::{has_word, words};
use crate::report::Report;
use seaworthy_core::Severity;

/// Words of whose password it is: who is given both logs somebody in.
const WHO: &[&str] = &["name", "user", "username", "email", "mail", "login", "account", "hash", "hashed"];

/// `password.strip()`, `password.toLowerCase()`, `password.slice(0, 20)`.
pub(super) fn judge<'a>(
    (context, file): (&Context<'a>, &'a SourceFile),
    expr: &'a Expr,
    call: &'a Call,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) {
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
            .and_then(|given| constant(&given.value))
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
    let counts = reaches(context, file, expr, around, &|end| match end {
        End::Given { call, name } => takes_password(context, file, call, name),
        End::Compared(other) => {
            let is_itself = same_text(&file.text, root(object), root(other));
            last_name(other).is_some_and(is_kept_password_name) && !is_itself
        }
        End::Field(target) => last_name(target).is_some_and(is_kept_password_name),
    });
    if counts {
        say(
            file,
            expr.extent,
            ("password", severity),
            format!("`{of}` is {done}"),
            "take the password as it was sent, and refuse what is too long or too short",
            report,
        );
    }
}

/// Whether a call hashes, compares or keeps the password that it is given.
fn takes_password<'a>(context: &Context<'a>, file: &'a SourceFile, call: &Call, name: Option<&str>) -> bool {
    let called = called_name(&call.callee).unwrap_or_default();
    let of_record = name.is_some_and(is_kept_password_name) && called.starts_with(char::is_uppercase);
    // What a function of the file does with it is seen there.
    let logs_in = own_function(context, file, call).is_none()
        && words(called).first().is_some_and(|first| {
            matches!(first.as_str(), "check" | "verify" | "authenticate" | "login" | "register")
        })
        && call.arguments.len() >= 2
        && call.arguments.iter().any(|given| mentions(&given.value, WHO));
    password_use(file, call).is_some()
        || hashes(call)
        || of_record
        || logs_in
        || matches!(called, "execute" | "query" | "run")
        || fate::stores(file, call)
}
