//! Express applications that leave errors to Express, whose own handler sends the stack trace.

use seaworthy_core::{Confidence, Severity};

use crate::context::Context;
use crate::facts::nodes::each_node;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent};
use crate::facts::values::called_name;
use crate::facts::words::has_word;
use crate::framework::Framework;
use crate::framework::conduct::Conduct;
use crate::language::Language;
use crate::report::Report;

/// Says where an Express application has no error handler of its own.
pub(super) fn judge(context: &Context<'_>, report: &mut Report<'_>) {
    if !context.web.handlers.iter().any(|handler| handler.framework == Framework::Express) {
        return;
    }
    let applications: Vec<(&SourceFile, Extent)> =
        scripts(context).flat_map(|(_, file)| applications(file)).collect();
    if applications.is_empty() {
        return;
    }
    report.trial();
    let conduct = Conduct::of(context);
    if scripts(context).any(|(at, file)| has_handler(&conduct, at, file)) || runs_in_production(context) {
        return;
    }
    for (file, extent) in applications {
        let message = "this application has no error handler: Express answers JSON that does not parse, and whatever a handler throws, with a stack trace, unless NODE_ENV is \"production\", which nothing in this tree sets";
        report.add(
            report
                .at(file, extent, message)
                .variant("default-handler")
                .severity(Severity::Warning)
                .confidence(Confidence::High)
                .advice("add an error handler after all routes: `app.use((err, req, res, next) => { … })` with four parameters, which logs the error and answers `err.status` or 500 with a fixed text; set NODE_ENV=production where it runs"),
        );
    }
}

fn scripts<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a SourceFile)> + use<'a> {
    let is_script = |file: &SourceFile| matches!(file.language, Language::JavaScript | Language::TypeScript);
    context.files.iter().enumerate().filter(move |(_, file)| !file.is_test && is_script(file))
}

/// Where applications are made.
fn applications(file: &SourceFile) -> Vec<(&SourceFile, Extent)> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, _| {
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
            && matches!(
                file.resolve(&call.callee).as_deref(),
                Some("express" | "express.default" | "express.express")
            )
        {
            found.push((file, expr.extent));
        }
        true
    });
    found
}

/// Whether a file gives an application a handler of errors.
fn has_handler<'a>(conduct: &Conduct<'a>, at: usize, file: &'a SourceFile) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, around| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && called_name(&call.callee) == Some("use")
        {
            found |= call.arguments.iter().any(|given| match &given.value.kind {
                ExprKind::Function(function) => function.parameters.len() == 4,
                _ => {
                    let callee = given.value.call().map_or(&given.value, |inner: &Call| &inner.callee);
                    let named = called_name(callee)
                        .is_some_and(|name| has_word(name, &["error", "errors", "boom", "exception", "err"]))
                        || callee.dotted().is_some_and(|name| {
                            has_word(&name, &["error", "errors", "boom", "exception", "err"])
                        });
                    named
                        || conduct
                            .target(at, around, callee)
                            .is_some_and(|(_, function)| function.parameters.len() == 4)
                }
            });
        }
        !found
    });
    found
}

/// Whether something in the tree that starts the program sets NODE_ENV.
fn runs_in_production(context: &Context<'_>) -> bool {
    let says = |text: &str| {
        text.match_indices("NODE_ENV").any(|(at, word)| {
            let rest = text.get(at + word.len()..).unwrap_or_default();
            rest.trim_start_matches(['=', ':', ' ', '"', '\'', '\t', ','])
                .trim_start()
                .starts_with("production")
                || rest.lines().nth(1).is_some_and(|next| {
                    next.trim().trim_start_matches("value:").trim().trim_matches(['"', '\'']) == "production"
                })
        })
    };
    plain_text::entries(context)
        .into_iter()
        .filter(|entry| !plain_text::is_example(&entry.path))
        .any(|entry| plain_text::text(context, entry).is_some_and(|text| says(&text)))
        || scripts(context).any(|(_, file)| file.path.contains("ecosystem") && says(&file.text))
}
