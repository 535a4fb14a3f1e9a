//! # inconsistent-parameterization
//!
//! Every statement of the program binds its values, and one has them pasted into its text. Whoever wrote it knew how: it is a slip, and it is
//! where the first `O'Brien` breaks and the first attacker gets in. Data that comes from the database or from another part of the program is no safer than
//! what comes with a request; it only takes longer.
//!
//! ## What is reported
//!
//! Only where the program binds elsewhere: at least three statements with parameters, and more than are pasted. The nearest one that binds is shown beside it.
//!
//! - **warning**: a value that is no constant stands in the text of a statement where a parameter could: between quotes, or after `=`, `<`, `>`, `LIKE`;
//! - **note**: the same, or a name that is pasted in, where `sql-injection` already shows the way from a request.
//!
//! Left alone: statements built from the program's own constants and lists, lists of placeholders (`IN (?, ?, ?)`), numbers, names of
//! tables and columns, what goes through a quoting function, and migrations.
//!
//! ## What to do
//!
//! Write it as the statement beside it is written: `WHERE name = ?` and the value in the list of parameters. For a list, `IN (${ids.map(() => "?")})` with the ids
//! bound.
//!
//! Source: [CWE-89](https://cwe.mitre.org/data/definitions/89.html); [PEP 249](https://peps.python.org/pep-0249/#paramstyle) on parameters; Engler et al., "Bugs as deviant
//! behavior" (SOSP 2001).

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_expr, each_node, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::sql::{self, HOLE};
use crate::facts::syntax::{
    BinaryOp, Call, CallStyle, Expr, ExprKind, Extent, Literal, Stmt, StmtKind, TemplatePart,
};
use crate::facts::values::{Bound, FileValues, called_name};
use crate::facts::words::has_word;
use crate::flow::{Flow, Risk};
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("inconsistent-parameterization"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "one statement is pasted together where the others bind",
        applies_to: "statement of SQL",
        variants: &[],
        source: include_str!("inconsistent_parameterization.rs"),
    },
    run: Run::Flow(run),
};

/// Statements with parameters from which a program has a habit.
const HABIT: usize = 3;

/// A statement that binds its values.
struct Binding<'a> {
    file: &'a SourceFile,
    place: Extent,
    table: Option<String>,
}

/// A statement into whose text a value is pasted.
struct Pasted<'a> {
    file: &'a SourceFile,
    /// The text.
    place: Extent,
    /// What is pasted, as it is written.
    value: String,
    table: Option<String>,
}

/// What is put into a text: a value, or the name that Rust's `format!("{name}")` takes.
#[derive(Clone, Copy)]
enum Hole<'a> {
    Value(&'a Expr),
    Name(&'a str),
}

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    let (mut bindings, mut pasted) = (Vec::new(), Vec::new());
    let is_sql = |file: &&SourceFile| {
        let has = |word: &str| file.text.contains(word);
        !file.is_test
            && (has("SELECT ")
                || has("select ")
                || has("INSERT ")
                || has("UPDATE ")
                || has("DELETE ")
                || has("insert into"))
    };
    for file in context.files.iter().filter(is_sql) {
        read(file, &mut bindings, &mut pasted);
    }
    if bindings.len() < HABIT || pasted.len() >= bindings.len() {
        return;
    }
    bindings.iter().for_each(|_| report.trial());
    let mut said: Vec<(String, u32)> = Vec::new();
    for arrival in flow.arrivals.iter().filter(|arrival| arrival.risk == Risk::Query) {
        let Some(file) = context.files.get(arrival.file) else { continue };
        let line = file.lines.line(arrival.extent.start);
        if said.contains(&(file.path.clone(), line)) {
            continue;
        }
        said.push((file.path.clone(), line));
        let message = format!(
            "{} is pasted into this statement, where {} others bind their values",
            arrival.what,
            bindings.len()
        );
        say(
            file,
            arrival.extent,
            message,
            Severity::Note,
            nearest(&bindings, file, arrival.extent, None),
            report,
        );
    }
    for pasted in &pasted {
        report.trial();
        // What a request brings there is said above; its statement may be made some lines before it is run.
        let function = pasted.file.symbol_at(pasted.place.start);
        let is_known = flow.arrivals.iter().any(|arrival| {
            arrival.risk == Risk::Query
                && context.files.get(arrival.file).is_some_and(|file| {
                    std::ptr::eq(file, pasted.file) && file.symbol_at(arrival.extent.start) == function
                })
        });
        if is_known {
            continue;
        }
        let message = format!(
            "`{}` is pasted into the text of this statement, where {} others bind their values: a quote in it breaks the statement or changes what it means",
            pasted.value.chars().take(60).collect::<String>(),
            bindings.len()
        );
        let beside = nearest(&bindings, pasted.file, pasted.place, pasted.table.as_deref());
        say(pasted.file, pasted.place, message, Severity::Warning, beside, report);
    }
}

fn say(
    file: &SourceFile,
    place: Extent,
    message: String,
    severity: Severity,
    beside: Option<&Binding<'_>>,
    report: &mut Report<'_>,
) {
    let advice = match file.language {
        Language::Python => {
            "put a parameter (`?`, `%s`) in the text and the value in the parameters, as the statement beside it does"
        }
        _ => {
            "put a parameter (`?`, `$1`) in the text and the value in the parameters, as the statement beside it does"
        }
    };
    let mut draft =
        report.at(file, place, message).severity(severity).confidence(Confidence::Medium).advice(advice);
    if let Some(beside) = beside {
        draft = draft.related(beside.file, beside.place, "this one binds");
    }
    report.add(draft);
}

/// The binding statement to show: about the same table, then in the same file, then near.
fn nearest<'b, 'a>(
    bindings: &'b [Binding<'a>],
    file: &SourceFile,
    place: Extent,
    table: Option<&str>,
) -> Option<&'b Binding<'a>> {
    bindings.iter().min_by_key(|binding| {
        let same_file = std::ptr::eq(binding.file, file);
        let same_table = table.is_some() && binding.table.as_deref() == table;
        (!same_file, !same_table, binding.place.start.abs_diff(place.start))
    })
}

fn read<'a>(file: &'a SourceFile, bindings: &mut Vec<Binding<'a>>, pasted: &mut Vec<Pasted<'a>>) {
    let mut values = FileValues::of(&file.syntax);
    let is_migration = file.path.contains("migration") || file.path.contains("alembic");
    each_node(&file.syntax, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        if let Some(call) = expr.call()
            && let Some(table) = bound(call)
        {
            bindings.push(Binding { file, place: expr.extent, table });
        }
        let is_text = matches!(expr.kind, ExprKind::Template(_) | ExprKind::Binary { .. })
            || expr.call().is_some_and(|call| called_name(&call.callee) == Some("format"));
        if !is_text {
            return true;
        }
        let mut holes = Vec::new();
        let Some(text) = joined(expr, &mut holes) else { return true };
        let statements = sql::statements(&text);
        let is_sql = !statements.is_empty() || is_more_of_a_statement(&mut values, &text, around);
        if !is_sql {
            return true;
        }
        if holes.len() <= text.matches(HOLE).count() && !is_migration {
            // A pragma takes no parameters.
            let binds = !statements.iter().any(|statement| statement.verb == sql::Verb::Pragma);
            let mut seats = text.match_indices(HOLE).map(|(at, _)| at).zip(&holes);
            let found = seats.find(|(at, value)| {
                binds && stands_for_value(&text, *at) && !is_own(&mut values, **value, around, file)
            });
            if let Some((_, hole)) = found {
                let value = match hole {
                    Hole::Value(value) => file.text_of(value.extent).to_owned(),
                    Hole::Name(name) => (*name).to_owned(),
                };
                let table = statements.first().and_then(|statement| statement.table.clone());
                pasted.push(Pasted { file, place: expr.extent, value, table });
            }
        }
        // Its parts are read with it.
        false
    });
}

/// The table of a statement that is given with its parameters; `None` when it is no such call.
fn bound(call: &Call) -> Option<Option<String>> {
    let first = &call.arguments.first()?.value;
    let text = sql::text_of(first)?;
    let has_parameter = ["?", "%s", "$1", "%("].iter().any(|mark| text.contains(mark))
        || text.split(':').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    let prepares = called_name(&call.callee) == Some("prepare");
    // sqlx binds in a chain.
    let chained =
        matches!(called_name(&call.callee), Some("query" | "query_as" | "query_scalar" | "sql_query"));
    let statements = sql::statements(&text);
    let statement =
        statements.first().filter(|_| has_parameter && (prepares || chained || call.arguments.len() > 1))?;
    Some(statement.table.clone())
}

/// The text that an expression makes, with [`HOLE`] for each value, and these in order.
fn joined<'a>(expr: &'a Expr, holes: &mut Vec<Hole<'a>>) -> Option<String> {
    if let Some(text) = expr.string() {
        return Some(text.to_owned());
    }
    match &expr.kind {
        ExprKind::Template(template) if template.tag.is_none() => {
            let mut text = String::new();
            for part in &template.parts {
                match part {
                    TemplatePart::Text(part) => text.push_str(part),
                    TemplatePart::Value(value) => {
                        text.push(HOLE);
                        holes.push(Hole::Value(value));
                    }
                }
            }
            Some(text)
        }
        ExprKind::Binary { op: BinaryOp::Add, left, right } => {
            let mut side = |side: &'a Expr| {
                let before = holes.len();
                joined(side, holes).unwrap_or_else(|| {
                    holes.truncate(before);
                    holes.push(Hole::Value(side));
                    HOLE.to_string()
                })
            };
            let text = side(left) + &side(right);
            text.chars().any(|c| c != HOLE).then_some(text)
        }
        ExprKind::Binary { op: BinaryOp::Modulo, left, right } => {
            let given = match &right.kind {
                ExprKind::Sequence { items, .. } => items.iter().collect(),
                _ => vec![&**right],
            };
            holes.extend(given.into_iter().map(Hole::Value));
            Some(joined(left, &mut Vec::new())?.replace("%s", &HOLE.to_string()).replace("%d", "0"))
        }
        ExprKind::Call(call) if call.style == CallStyle::Macro => {
            (called_name(&call.callee) == Some("format")).then(|| formatted(call, holes))?
        }
        ExprKind::Call(call) => {
            let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
            let text = object.string().filter(|_| called_name(&call.callee) == Some("format"))?;
            // Only the plain form can be put in order.
            let plain = text.matches("{}").count() == call.arguments.len();
            holes.extend(call.arguments.iter().map(|given| Hole::Value(&given.value)).filter(|_| plain));
            plain.then(|| text.replace("{}", &HOLE.to_string()))
        }
        _ => None,
    }
}

/// The text of Rust's `format!`.
fn formatted<'a>(call: &'a Call, holes: &mut Vec<Hole<'a>>) -> Option<String> {
    let mut given = call.arguments.iter().skip(1);
    let mut parts = call.arguments.first()?.value.string()?.split('{');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        let name = name.split(':').next().unwrap_or_default();
        let named = || call.arguments.iter().find(|given| given.name.as_deref() == Some(name));
        holes.push(match name {
            "" => Hole::Value(&given.next()?.value),
            name => named().map_or(Hole::Name(name), |given| Hole::Value(&given.value)),
        });
        text.push(HOLE);
        text.push_str(rest);
    }
    Some(text)
}

/// Whether a text is added to one that is a statement: `sql += f" AND name = '{name}'"`.
fn is_more_of_a_statement<'a>(values: &mut FileValues<'a>, text: &str, around: Around<'a, '_>) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    if !matches!(first, "AND" | "OR" | "WHERE" | "and" | "or" | "where") {
        return false;
    }
    let Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) = around.last() else { return false };
    let Some(ExprKind::Name(name)) = assign.targets.first().map(|target| &target.kind) else { return false };
    assign.op == Some(BinaryOp::Add)
        && values.bound(name, around).iter().any(|bound| {
            matches!(bound, Bound::To(value) if sql::text_of(value).is_some_and(|text| !sql::statements(&text).is_empty()))
        })
}

/// Whether the hole at this offset stands where a parameter could: between quotes, or after a comparison.
fn stands_for_value(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    if before.matches('\'').count() % 2 == 1 {
        // `date(x, '-{days} days')` is a piece of a text that is no value of its own; `LIKE '%{q}%'` is.
        let opened = before.rsplit('\'').next().unwrap_or_default();
        return opened.trim_matches(['%', '_', ',', '"', HOLE]).is_empty();
    }
    let before = before.trim_end();
    let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    (before.ends_with(['=', '<', '>']) && !before.ends_with(":=")) || word.eq_ignore_ascii_case("like")
}

/// Whether a value is the program's own: a constant, a number, placeholders, something quoted.
fn is_own<'a>(
    values: &mut FileValues<'a>,
    hole: Hole<'a>,
    around: Around<'a, '_>,
    file: &SourceFile,
) -> bool {
    let is_number_by_name = |name: &str| {
        enclosing_function(around).is_some_and(|function| {
            function.parameters.iter().any(|parameter| {
                let typed = parameter.annotation.as_ref().and_then(called_name);
                parameter.pattern.dotted().as_deref() == Some(name)
                    && matches!(
                        typed,
                        Some(
                            "int"
                                | "float"
                                | "bool"
                                | "number"
                                | "boolean"
                                | "i64"
                                | "i32"
                                | "u64"
                                | "u32"
                                | "usize"
                                | "datetime"
                                | "date"
                                | "UUID"
                                | "Uuid"
                        )
                    )
            })
        })
    };
    let value = match hole {
        Hole::Value(value) => value,
        Hole::Name(name) => return is_constant(name) || is_mark(name) || is_number_by_name(name),
    };
    values.origins(value, around).iter().all(|origin| match &origin.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Name(name) => is_constant(name) || is_mark(name) || is_number_by_name(name),
        ExprKind::Member { name, .. } => is_constant(name) || is_mark(name) || matches!(name.as_str(), "length" | "table" | "column" | "value" | "name" if is_fixed(file, origin)),
        // `SORTS[sort]`, `TABLES.get(kind)`.
        ExprKind::Index { object, .. } => called_name(object).is_some_and(is_constant),
        ExprKind::Binary { op: BinaryOp::Add, .. } | ExprKind::Template(_) => has_mark(origin),
        ExprKind::Binary { .. } => true,
        ExprKind::Call(call) => is_own_call(call, origin),
        ExprKind::Comprehension(_) => has_mark(origin),
        _ => false,
    })
}

/// A member of a class or enumeration: `Status.OPEN.value`, `Model.table`.
fn is_fixed(file: &SourceFile, expr: &Expr) -> bool {
    file.text_of(expr.extent).starts_with(char::is_uppercase)
}

fn is_own_call(call: &Call, whole: &Expr) -> bool {
    let name = called_name(&call.callee).unwrap_or_default();
    let of_constant = matches!(&call.callee.kind, ExprKind::Member { object, .. } if name == "get" && called_name(object).is_some_and(is_constant));
    matches!(
        name,
        "int"
            | "float"
            | "Number"
            | "parseInt"
            | "parseFloat"
            | "len"
            | "time"
            | "now"
            | "floor"
            | "round"
            | "strftime"
            | "isoformat"
            | "toISOString"
            | "to_int"
            | "bool"
            | "uuid4"
    ) || has_word(
        name,
        &[
            "quote",
            "escape",
            "literal",
            "ident",
            "identifier",
            "adapt",
            "placeholder",
            "placeholders",
            "mark",
            "sanitize",
            "bind",
            "param",
            "quoted",
        ],
    ) || of_constant
        || has_mark(whole)
}

fn is_constant(name: &str) -> bool {
    name.len() > 1 && !name.chars().any(|c| c.is_ascii_lowercase())
}

fn is_mark(name: &str) -> bool {
    has_word(
        name,
        &[
            "placeholder",
            "placeholders",
            "marks",
            "mark",
            "qmarks",
            "params",
            "binds",
            "ph",
            "bind",
            "param",
            "paramstyle",
        ],
    )
}

/// Whether an expression writes placeholders: `",".join("?" * n)`, `ids.map(() => "?")`.
fn has_mark(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Literal(Literal::String(text)), .. }) if text.contains('?') || text.contains("%s") || text.starts_with(['$', ':', '@']));
        if let Node::Expr(Expr { kind: ExprKind::Template(template), .. }) = node {
            found |= template
                .parts
                .iter()
                .any(|part| matches!(part, TemplatePart::Text(text) if text.ends_with(['$', ':', '@'])));
        }
        !found
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_between_quotes_or_after_a_comparison() {
        let at =
            |text: &str| stands_for_value(&text.replace('#', &HOLE.to_string()), text.find('#').unwrap_or(0));
        for value in ["WHERE name = '#'", "WHERE a = #", "WHERE a LIKE '%#%'", "WHERE a > #"] {
            assert!(at(value), "{value}");
        }
        for other in [
            "SELECT # FROM a",
            "ORDER BY #",
            "WHERE a IN (#)",
            "WHERE a = $#",
            "datetime('now', '-# days')",
            "LIMIT #",
        ] {
            assert!(!at(other), "{other}");
        }
    }
}
