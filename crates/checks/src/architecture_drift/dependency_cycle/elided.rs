//! Imports that TypeScript leaves out of what it makes: those of which only types are used
//! (<https://www.typescriptlang.org/tsconfig/#verbatimModuleSyntax>).

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use crate::context::Context;
use crate::facts::imports::ImportFact;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{ClassKind, Declares, Expr, ExprKind, ImportKind, Stmt, StmtKind};
use crate::language::Language;

/// Whether the compiler is told to keep imports as they are written.
pub(super) fn are_kept(context: &Context<'_>) -> bool {
    let has_script = context.files.iter().any(|file| file.language == Language::TypeScript);
    let configurations = context.tree.entries().iter().filter(|entry| {
        !entry.foreign && entry.name().starts_with("tsconfig") && entry.name().ends_with(".json")
    });
    has_script
        && configurations.filter_map(|entry| context.tree.read_text(&entry.path, SOURCE_FILE_BYTES)).any(
            |text| {
                let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                text.contains("\"verbatimModuleSyntax\":true")
                    || text.contains("\"preserveValueImports\":true")
                    || text.contains("\"importsNotUsedAsValues\":\"preserve\"")
            },
        )
}

/// Whether nothing is left of an import of another file at run time: each name that it takes is a type there, or stands for a type
/// wherever it is used here.
pub(super) fn is_elided(file: &SourceFile, fact: &ImportFact, to: &SourceFile) -> bool {
    let import = &fact.import;
    if file.language != Language::TypeScript
        || import.kind != ImportKind::Static
        || import.names.is_empty()
        || import.star
        || import.alias.is_some()
    {
        return false;
    }
    let mut left = import.names.iter().filter(|taken| !is_type(to, &taken.name)).peekable();
    if left.peek().is_none() {
        return true;
    }
    let locals: Vec<&str> = left.map(|taken| taken.alias.as_ref().unwrap_or(&taken.name).as_str()).collect();
    !stands_for_value(file, &locals)
}

/// Whether a file declares a name as an interface or another type, and as nothing else.
fn is_type(file: &SourceFile, name: &str) -> bool {
    let (mut types, mut values) = (false, false);
    for stmt in &file.syntax.body {
        match &stmt.kind {
            StmtKind::Class(class) if class.name == name => match class.kind {
                ClassKind::Interface => types = true,
                _ => values = true,
            },
            StmtKind::Assign(assign) => {
                let named = assign.targets.iter().any(|target| is_named(target, name));
                match assign.declares {
                    Declares::Type => types |= named,
                    _ => values |= named,
                }
            }
            StmtKind::Function(function) => values |= function.name == name,
            StmtKind::Namespace { name: own, .. } => values |= own == name,
            _ => {}
        }
    }
    types && !values
}

fn is_named(target: &Expr, name: &str) -> bool {
    matches!(&target.kind, ExprKind::Name(own) if own == name)
}

/// Whether one of these names is used in a file as anything else than a type. With decorators a type may be kept for run time
/// (`emitDecoratorMetadata`), and counts.
fn stands_for_value(file: &SourceFile, names: &[&str]) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, around| {
        found |= node.class().is_some_and(|class| !class.decorators.is_empty());
        match node {
            // `export { Comment }`
            Node::Stmt(Stmt { kind: StmtKind::Export(exported), .. }) => {
                found |= exported.iter().any(|one| names.contains(&one.name.as_str()));
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) if assign.declares == Declares::Type => {
                return false;
            }
            Node::Expr(Expr { kind: ExprKind::Name(name), .. }) => {
                found |= names.contains(&name.as_str()) && !in_type(node, around);
            }
            // `<Comment />`
            Node::Expr(Expr { kind: ExprKind::Markup(_), extent }) => {
                found |= names.iter().any(|name| file.text_of(*extent).contains(name));
            }
            _ => {}
        }
        !found && node.class().is_none_or(|class| class.kind != ClassKind::Interface)
    });
    found
}

/// Whether a node is, or is a part of, a type that is written for something.
fn in_type(node: Node<'_>, around: Around<'_, '_>) -> bool {
    let mut inner = node.expr();
    for outer in around.iter().rev() {
        let Some(expr) = inner else { return false };
        let is_it = |written: Option<&Expr>| written.is_some_and(|written| std::ptr::eq(written, expr));
        let function = outer.function();
        let of_function = function.is_some_and(|function| {
            is_it(function.returns.as_ref())
                || function.parameters.iter().any(|parameter| is_it(parameter.annotation.as_ref()))
        });
        let here = match outer {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => is_it(assign.annotation.as_ref()),
            Node::Expr(Expr { kind: ExprKind::Cast { to, .. }, .. }) => is_it(to.as_deref()),
            _ => false,
        };
        if of_function || here {
            return true;
        }
        inner = outer.expr();
    }
    false
}
