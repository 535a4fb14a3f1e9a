//! # unvalidated-input
//!
//! The form in the demo always sends a text for the name and a number for the amount. The next program sends `{"name": 1}`, a list, nothing at all, or
//! `-5`: where nothing looks at what came, the answer is a 500 with a stack trace in the log, or the stock goes up by selling minus five. The caller's mistake looks
//! like a fault of the service, alarms ring for it, and real faults go under.
//!
//! ## What is reported
//!
//! - **error**, `not-a-number`: an amount, price or quantity of the body becomes a float with `float(..)`, and what follows lets `NaN` through, since every comparison with
//!   it is false (`float("nan") < 0`); what happens only where it is in bounds (`if 0 < price < 1000: save(price)`) lets none through;
//! - **error**, `negative`: an amount, price or quantity of the body is used or kept, and nothing ever compares it with anything: not what stands before the
//!   handler, no function that is handed the body or the field, no `CHECK` of the table;
//! - **warning**, `wrong-type`: a field of the body (or the query) is used as a text, number or list with nothing that looks at its type, so that another
//!   type raises and is answered with 500; a key is read that may be missing; a number of the query is converted and no bad one is caught.
//!
//! One finding a function says `wrong-type`, with its fields. Left alone: what a schema checks (pydantic, zod, joi, ajv, the schema of a Fastify route, express-validator, marshmallow, serializers and
//! forms), what is looked at with `isinstance`, `typeof`, `Array.isArray` or a pattern, what is converted (`str(..)`, `String(..)`), what is compared with
//! a list, and what happens inside a `try` that catches it.
//!
//! ## What to do
//!
//! Say once, at the boundary, what a body has to be, and answer 400 or 422 otherwise:
//!
//! ```python
//! class NewProduct(BaseModel):
//!     name: str = Field(min_length=1, max_length=200)
//!     price: condecimal(ge=0, decimal_places=2)
//! ```
//!
//! ```js
//! const NewProduct = z.object({ name: z.string().min(1).max(200), price: z.number().nonnegative().finite() });
//! ```
//!
//! Source: [CWE-20](https://cwe.mitre.org/data/definitions/20.html), [CWE-1284](https://cwe.mitre.org/data/definitions/1284.html); RFC 9110, 15.5.1 and 15.5.21 (400 and 422 are what a malformed
//! body is answered with); RFC 8259, 6 (JSON has no NaN, Python's reader and `float` take it).

mod amounts;
mod checked;
mod elsewhere;
mod fields;
mod uses;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::elsewhere::Elsewhere;
use self::fields::{Fields, Kind};
use self::uses::Use;
use crate::context::Context;
use crate::database::is_embedded;
use crate::facts::syntax::Function;
use crate::facts::words::has_word;
use crate::framework::conduct::Conduct;
use crate::framework::web::{Guard, Handler};
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unvalidated-input"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "what a caller sends is used whatever it is",
        applies_to: "handler that reads a body",
        variants: &["not-a-number", "negative", "wrong-type"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Functions that a body is followed through from one handler.
const FUNCTIONS: usize = 24;

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    let conduct = Conduct::of(context);
    let mut seen: Vec<*const Function> = Vec::new();
    let keeps_in_sqlite = is_embedded(context);
    for handler in &context.web.handlers {
        if handler.guards.iter().any(is_schema) {
            continue;
        }
        let followed = followed(&conduct, handler);
        let elsewhere =
            Elsewhere { conduct: &conduct, handler, followed: &followed, tables: &context.database.tables };
        for fields in &followed {
            if seen.contains(&std::ptr::from_ref(fields.function)) {
                continue;
            }
            seen.push(fields.function);
            report.trial();
            judge(fields, &elsewhere, keeps_in_sqlite, report);
        }
    }
}

/// Whether what stands before a handler checks what comes.
fn is_schema(guard: &Guard<'_>) -> bool {
    const CHECKS: &[&str] = &[
        "validate",
        "validator",
        "validation",
        "validated",
        "schema",
        "celebrate",
        "zod",
        "joi",
        "yup",
        "serializer",
        "checks",
        "expects",
        "use_args",
        "use_kwargs",
        "arguments",
        "dto",
    ];
    let mut found = guard.option.is_some_and(|option| has_word(option, &["schema", "serializer"]));
    crate::facts::nodes::each_in_expr(guard.expr, &mut |node, _| {
        found |= node
            .expr()
            .and_then(crate::facts::values::called_name)
            .is_some_and(|name| has_word(name, CHECKS));
        // express-validator's `body("email").isEmail()`.
        found |= node.expr().and_then(|expr| expr.call()).is_some_and(|call| {
            matches!(
                crate::facts::values::called_name(&call.callee),
                Some("body" | "check" | "checkSchema" | "query")
            )
        });
        !found
    });
    found || guard.function.is_some_and(|(_, function)| has_word(&function.name, CHECKS))
}

/// The handler, and the functions of the project that it hands the body to.
fn followed<'a>(conduct: &Conduct<'a>, handler: &Handler<'a>) -> Vec<Fields<'a>> {
    let mut found: Vec<Fields<'a>> = Vec::new();
    let mut open = vec![((handler.file, handler.function), Vec::new())];
    while let Some((at, given)) = open.pop() {
        if found.len() >= FUNCTIONS || found.iter().any(|known| std::ptr::eq(known.function, at.1)) {
            continue;
        }
        let Some(fields) = Fields::of(conduct, at, given) else { continue };
        open.extend(fields.handed_on(conduct));
        found.push(fields);
    }
    found
}

fn judge<'a>(
    fields: &Fields<'a>,
    elsewhere: &Elsewhere<'_, 'a>,
    keeps_in_sqlite: bool,
    report: &mut Report<'_>,
) {
    let checked = checked::of(fields);
    if checked.whole {
        return;
    }
    amounts::judge(fields, &checked, elsewhere, report);
    let mut uses = uses::of(fields, &checked, keeps_in_sqlite);
    uses.sort_by_key(|used| used.place.start);
    let mut named: Vec<&Use> = Vec::new();
    for used in &uses {
        if !named.iter().any(|known| known.key == used.key) {
            named.push(used);
        }
    }
    let Some(first) = named.first() else { return };
    let file = fields.source;
    let place = fields.read_at.unwrap_or(first.place);
    let others: Vec<String> = named.iter().skip(1).take(4).map(|used| format!("`{}`", used.key)).collect();
    let more = if others.is_empty() { String::new() } else { format!(" ({} likewise)", others.join(", ")) };
    let advice = match (file.language, first.kind) {
        (Language::Python, Kind::Query) => {
            "catch the `ValueError` and answer 400, or let the framework convert (`request.args.get(\"page\", 1, type=int)`)"
        }
        (Language::Python, _) => {
            "say what the body has to be in one place (a pydantic model, a marshmallow schema) and answer 400 or 422 otherwise"
        }
        _ => {
            "say what the body has to be in one place (zod, ajv, the route's schema) and answer 400 or 422 otherwise"
        }
    };
    let mut draft = report
        .at(file, place, format!("{}{more}", first.message()))
        .variant("wrong-type")
        .severity(Severity::Warning)
        .confidence(Confidence::High)
        .identified_by(named.iter().map(|used| used.key.as_str()).collect::<Vec<_>>().join(" "))
        .advice(advice);
    for used in named.iter().take(4).filter(|used| used.place != place) {
        draft = draft.related(file, used.place, used.note.clone());
    }
    report.add(draft);
}
