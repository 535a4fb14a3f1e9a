//! Where foreign keys are switched on, and for which connections that counts.

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::opened::{Library, Opened, hands_on};
use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::sql;
use crate::facts::syntax::{Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// Whether foreign keys are on for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enforced {
    Yes,
    /// Nothing in the program switches them on.
    Never,
    /// They are switched on for another connection, which is not handed on.
    Elsewhere,
    CannotTell,
}

/// The places that switch them on.
pub(super) struct Pragmas<'a> {
    sites: Vec<Site<'a>>,
}

struct Site<'a> {
    language: Language,
    /// The functions around it, innermost last; none at the top of a file.
    functions: Vec<&'a Function>,
}

impl<'a> Pragmas<'a> {
    pub(super) fn of(context: &Context<'a>, files: &[&'a SourceFile]) -> Self {
        let mut sites = Vec::new();
        // Texts that hold the pragma: where one is used is where it is switched on.
        let mut held: Vec<String> = scripts_with_pragma(context);
        let says = ["foreign_keys", "FOREIGN_KEYS", "Foreign_Keys", "DBCONFIG_ENABLE_FKEY"];
        for file in files.iter().filter(|file| file.mentions(&says)) {
            each_node(&file.syntax, &mut |node, around| {
                let Some(expr) = node.expr().filter(|expr| switches_on(expr)) else { return true };
                let functions: Vec<&Function> = around.iter().filter_map(|node| node.function()).collect();
                let constant = match around.last() {
                    Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
                        assign.targets.first().and_then(called_name).map(str::to_owned)
                    }
                    _ => None,
                };
                match constant.filter(|_| functions.is_empty() && expr.call().is_none()) {
                    Some(name) => held.push(name),
                    None => sites.push(Site { language: file.language, functions }),
                }
                true
            });
        }
        for file in files.iter().filter(|_| !held.is_empty()) {
            each_node(&file.syntax, &mut |node, around| {
                let name = node.expr().and_then(|expr| expr.string().or_else(|| called_name(expr)));
                if name.is_some_and(|name| {
                    held.iter().any(|held| name == held || name.ends_with(&format!("/{held}")))
                }) {
                    let functions: Vec<&Function> =
                        around.iter().filter_map(|node| node.function()).collect();
                    if !functions.is_empty() {
                        sites.push(Site { language: file.language, functions });
                    }
                }
                true
            });
        }
        Self { sites }
    }

    /// Whether they are on for this connection.
    pub(super) fn on(&self, file: &SourceFile, opened: &Opened<'_>) -> Enforced {
        let same = |site: &&Site<'_>| {
            site.language == file.language
                || (site.language != Language::Python && file.language != Language::Python)
        };
        let sites: Vec<&Site<'_>> = self.sites.iter().filter(same).collect();
        if sites.is_empty() {
            return Enforced::Never;
        }
        // One connection for all, or a hook on every new one: anywhere is right.
        if opened.is_shared || opened.library != Library::Python {
            return Enforced::Yes;
        }
        let Some(opener) = opened.function else { return Enforced::Yes };
        let is_on = |site: &&Site<'_>| {
            site.functions.is_empty()
                || site.functions.iter().any(|function| std::ptr::eq(*function, opener))
                || site.functions.iter().any(|function| {
                    calls(opener, &function.name) || (calls(function, &opener.name) && hands_on(function))
                })
        };
        if sites.iter().any(is_on) {
            return Enforced::Yes;
        }
        let elsewhere = |site: &&Site<'_>| {
            site.functions.last().is_some_and(|function| {
                !hands_on(function) && (opens(function) || calls(function, &opener.name))
            })
        };
        if sites.iter().all(elsewhere) { Enforced::Elsewhere } else { Enforced::CannotTell }
    }
}

/// Names of `.sql` files that switch them on.
fn scripts_with_pragma(context: &Context<'_>) -> Vec<String> {
    let scripts =
        context.tree.entries().iter().filter(|entry| !entry.foreign && entry.path.ends_with(".sql"));
    scripts
        .filter(|entry| {
            let text = context.tree.read_text(&entry.path, SOURCE_FILE_BYTES).unwrap_or_default();
            text.contains("foreign_keys")
                && sql::script(&text).iter().any(|one| one.pragma("foreign_keys") == Some(true))
        })
        .map(|entry| entry.name().to_owned())
        .collect()
}

/// A text, an entry or a name that switches foreign keys on.
fn switches_on(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => name.contains("DBCONFIG_ENABLE_FKEY"),
        ExprKind::Record { entries, .. } => entries.iter().any(|(key, value)| {
            key.as_ref().and_then(Expr::string) == Some("foreign_keys") && !is_off(value)
        }),
        ExprKind::Call(call) => {
            let texts: Vec<String> =
                call.arguments.iter().filter_map(|argument| sql::text_of(&argument.value)).collect();
            let named = texts.iter().any(|text| text == "foreign_keys");
            let set = texts
                .iter()
                .any(|text| text.starts_with("foreign_keys") && text.contains(['=', '(']) && turns_on(text));
            (named && !call.arguments.last().is_some_and(|argument| is_off(&argument.value))) || set
        }
        ExprKind::Sequence { items, .. } => match items.as_slice() {
            [name, value] => name.string() == Some("foreign_keys") && !is_off(value),
            _ => false,
        },
        ExprKind::Literal(_) | ExprKind::Template(_) => {
            let text = sql::text_of(expr).unwrap_or_default();
            let lower = text.to_lowercase();
            lower.contains("pragma")
                && lower.match_indices("foreign_keys").any(|(at, _)| lower.get(at..).is_some_and(turns_on))
        }
        _ => false,
    }
}

/// `foreign_keys = ON`, with what follows it.
fn turns_on(text: &str) -> bool {
    let rest = text.get("foreign_keys".len()..).unwrap_or_default().trim_start();
    let Some(value) = rest.strip_prefix(['=', '(']) else { return false };
    let value = value.trim_start().to_lowercase();
    !["off", "0", "false", "no"].iter().any(|off| value.starts_with(off))
}

fn is_off(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Literal(Literal::Integer(number)) => number == "0",
        ExprKind::Literal(Literal::Boolean(on)) => !on,
        _ => value.string().is_some_and(|text| matches!(text.to_lowercase().as_str(), "off" | "0" | "false")),
    }
}

/// Whether a function calls one of this name, or hands it on by name.
fn calls(function: &Function, name: &str) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        found |= !name.is_empty() && node.expr().and_then(called_name) == Some(name);
        !found
    });
    found
}

/// Whether a function opens a connection itself.
fn opens(function: &Function) -> bool {
    calls(function, "connect")
}
