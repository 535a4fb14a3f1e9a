//! Whether a program handles the signals that end it.

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// Which signals a program handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signals {
    /// None.
    None,
    /// Ctrl-C only.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// Packages that handle SIGTERM for the program.
const PACKAGES: &[&str] = &[
    "close-with-grace",
    "http-terminator",
    "http-graceful-shutdown",
    "@godaddy/terminus",
    "lightship",
    "stoppable",
    "fastify-graceful-shutdown",
    "express-graceful-shutdown",
    "exit-hook",
    "async-exit-hook",
    "graceful-shutdown",
    "@mollycule/graceful-shutdown",
    "signal_hook",
    "signal_hook_tokio",
    "tokio_graceful_shutdown",
    "pm2",
    "uvicorn",
    "hypercorn",
];

/// Which signals the files of one language handle.
pub(super) fn handled(context: &Context<'_>, files: &[&SourceFile], language: Language) -> Signals {
    let mut signals = Signals::None;
    for file in files.iter().filter(|file| super::family(file.language) == language) {
        if PACKAGES.iter().any(|package| imports(file, package)) {
            return Signals::Terminate;
        }
        each_node(&file.syntax, &mut |node, around| {
            signals = signals.max(mention(node, around));
            signals != Signals::Terminate
        });
        // The crate `ctrlc` handles SIGTERM with a feature of that purpose.
        if imports(file, "ctrlc") && cargo_says(context, "termination") {
            signals = Signals::Terminate;
        }
    }
    signals
}

/// What one node says of signals.
fn mention(node: Node<'_>, around: Around<'_, '_>) -> Signals {
    let Node::Handler(handler) = node else {
        let Some(expr) = node.expr() else { return Signals::None };
        let name = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
            _ => expr.string().unwrap_or_default(),
        };
        let signals = match name {
            "SIGTERM" | "terminate" | "enableShutdownHooks" => Signals::Terminate,
            "SIGINT" | "ctrl_c" => Signals::Interrupt,
            _ => return Signals::None,
        };
        return if is_sent(around) || (name == "terminate" && !of_signal_kind(expr)) {
            Signals::None
        } else {
            signals
        };
    };
    let interrupt = handler.caught.as_ref().is_some_and(|caught| {
        let mut found = false;
        crate::facts::nodes::each_in_expr(caught, &mut |node, _| {
            found |= node.expr().and_then(called_name) == Some("KeyboardInterrupt");
            !found
        });
        found
    });
    if interrupt { Signals::Interrupt } else { Signals::None }
}

/// Tokio's `SignalKind::terminate()`, not a child's `terminate()`.
fn of_signal_kind(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Member { object, .. } if called_name(object) == Some("SignalKind"))
}

/// `os.kill(pid, SIGTERM)`: sent to another, not handled.
fn is_sent(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| {
        node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee)).is_some_and(|name| {
            matches!(
                name,
                "kill" | "killpg" | "send_signal" | "pthread_kill" | "tgkill" | "raise_signal" | "emit"
            )
        })
    })
}

/// Whether a file imports a package, or something in it.
pub(super) fn imports(file: &SourceFile, package: &str) -> bool {
    file.imports.iter().any(|fact| {
        let module = fact.import.module.strip_prefix("node:").unwrap_or(&fact.import.module);
        module == package
            || module.strip_prefix(package).is_some_and(|rest| rest.starts_with(['.', '/', ':']))
    })
}

fn cargo_says(context: &Context<'_>, word: &str) -> bool {
    let entries =
        context.tree.entries().iter().filter(|entry| !entry.foreign && entry.name() == "Cargo.toml");
    entries
        .filter_map(|entry| context.tree.read_text(&entry.path, SOURCE_FILE_BYTES))
        .any(|text| text.contains(word))
}
