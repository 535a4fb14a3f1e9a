//! Answers of addresses that somebody chose, read whole.

use seaworthy_core::{Confidence, Severity};

use super::Unbounded;
use super::script::is_request_part;
use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal};
use crate::facts::values::{Bound, Values, called_name, keyword};
use crate::facts::words::has_word;
use crate::framework::conduct::Step;
use crate::language::Language;
use crate::report::Report;

pub(super) fn judge<'a>(
    context: &Context<'_>,
    step: &Step<'a>,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    let values = Values::of_function(step.function);
    each_in_body(&step.function.body, &mut |node, _| {
        let Node::Expr(expr) = node else { return true };
        let Some(call) = expr.call() else { return true };
        let Some(address) = address(step, call) else { return true };
        if !is_chosen(&values, address) {
            return true;
        }
        report.trial();
        if is_bounded(context, step, call) {
            return true;
        }
        let text = call.callee.dotted().unwrap_or_default();
        found.push(Unbounded {
            file: step.source,
            extent: call.callee.extent,
            variant: "answer",
            severity: Severity::Warning,
            confidence: Confidence::Medium,
            message: format!("`{text}` reads whatever the address `{}` answers into memory, however long it is: who chooses the address can take all there is", step.source.text_of(address.extent)),
            advice: advice(step.source.language),
        });
        true
    });
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "stream the answer and stop at your limit: `with client.stream(\"GET\", url) as answer`, `requests.get(url, stream=True)` and `iter_content`"
        }
        _ => {
            "give it a limit: `axios.get(url, { maxContentLength: 1_000_000, maxBodyLength: 1_000_000, … })`"
        }
    }
}

/// The address of a call that fetches something and reads it whole.
fn address<'a>(step: &Step<'a>, call: &'a Call) -> Option<&'a Expr> {
    let path = step.source.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let name = called_name(&call.callee)?;
    let fetches = match step.source.language {
        Language::Python => {
            (path.starts_with("requests.") || path.starts_with("httpx.") || path.starts_with("client."))
                && matches!(name, "get" | "post" | "put" | "request")
        }
        _ => {
            path == "axios"
                || path.starts_with("axios.") && matches!(name, "get" | "post" | "put" | "request" | "head")
        }
    };
    let given = &call.arguments.first().filter(|_| fetches)?.value;
    match &given.kind {
        ExprKind::Record { entries, .. } => entries
            .iter()
            .find(|(key, _)| key.as_ref().and_then(Expr::string) == Some("url"))
            .map(|(_, value)| value),
        _ => Some(given),
    }
}

/// Whether somebody outside chooses an address: it is of the request, or of what is kept, and no text of the program.
fn is_chosen(values: &Values<'_>, address: &Expr) -> bool {
    let named = |name: &str| {
        has_word(name, &["url", "uri", "link", "href", "target", "hook", "webhook", "callback", "address"])
    };
    match &address.kind {
        ExprKind::Name(name) => {
            let bound = values.bound(name);
            let own = bound.iter().any(|bound| matches!(bound, Bound::To(value) if matches!(value.kind, ExprKind::Template(_) | ExprKind::Literal(_) | ExprKind::Binary { .. })));
            let passed = bound.iter().any(|bound| matches!(bound, Bound::Parameter(_)));
            !own && named(name) && name.chars().any(char::is_lowercase) && (passed || is_request_part(bound))
        }
        ExprKind::Member { object, name, .. } => {
            named(name)
                && matches!(&object.kind, ExprKind::Name(of) if !has_word(of, &["config", "settings", "env", "options", "self", "this", "constants", "process"]) && of.chars().any(char::is_lowercase))
        }
        ExprKind::Index { object, index } => {
            index.string().is_some_and(named)
                && !matches!(&object.kind, ExprKind::Member { name, .. } | ExprKind::Name(name) if has_word(name, &["config", "environ", "env", "settings"]))
        }
        _ => false,
    }
}

fn is_bounded(context: &Context<'_>, step: &Step<'_>, call: &Call) -> bool {
    if step.source.language == Language::Python {
        let streams = keyword(&call.arguments, "stream")
            .is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))));
        return streams;
    }
    let here = call.arguments.iter().any(|given| {
        let text = step.source.text_of(given.value.extent);
        text.contains("maxContentLength")
            || text.contains("'stream'")
            || text.contains("\"stream\"")
            || text.contains("...")
    });
    here || context.files.iter().any(|file| {
        file.text.contains("axios.defaults.maxContentLength")
            || file.text.contains("axios.create(") && file.text.contains("maxContentLength")
    })
}
