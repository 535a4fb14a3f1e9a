//! What an expression says of where a value goes: what keeps it, what it is called by, who is asked for it.

use crate::facts::nodes::{Around, Node, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, CompareOp, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// Calls whose result is made of what they are given.
pub(super) const KEEPS: &[&str] = &[
    "str",
    "int",
    "float",
    "bytes",
    "hex",
    "format",
    "join",
    "list",
    "tuple",
    "sorted",
    "map",
    "floor",
    "round",
    "ceil",
    "trunc",
    "abs",
    "Number",
    "String",
    "parseInt",
    "from",
    "btoa",
    "b64encode",
    "urlsafe_b64encode",
    "standard_b64encode",
    "hexlify",
    "encode",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "update",
    "charAt",
    "at",
    "concat",
    "replace",
    "replaceAll",
    "reduce",
    "flatMap",
    "fromCharCode",
    "chr",
    "repeat",
    "Array",
    "BigInt",
    "max",
    "min",
    "filter",
    "bytearray",
    "to_string",
    "Some",
    "Ok",
    "then",
    "b32encode",
    "md5_hex",
    "digest",
    "compute",
    "format_args",
    "Date",
    "isoformat",
    "strftime",
    "nth",
];

/// Methods that put what they are given into what they are called on.
pub(super) const PUTS: &[&str] = &["append", "push", "add", "update", "insert", "extend", "push_str"];

/// Whether two values are asked to be the same.
pub(super) fn is_equality(op: CompareOp) -> bool {
    matches!(op, CompareOp::Equal | CompareOp::NotEqual | CompareOp::StrictEqual | CompareOp::StrictNotEqual)
}

/// Whether one stretch lies in another.
pub(super) fn holds(outer: Extent, inner: Extent) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether an expression reads a cookie or a header of a request: where callers show who they are.
pub(super) fn brings_credential(file: &SourceFile, expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Member { object, name, .. }, .. }) = node {
            let of = file.resolve(object).or_else(|| object.dotted()).unwrap_or_default();
            let of = of.rsplit('.').next().unwrap_or_default();
            found |= matches!(
                name.as_str(),
                "cookies" | "headers" | "COOKIES" | "authorization" | "signedCookies"
            ) && matches!(of, "request" | "req" | "ctx" | "self" | "c");
        }
        !found
    });
    found
}

/// What a text that is put together begins with, or is called by: `"remember" + id`, `` `reset:${id}` ``, `SESSION_KEY`.
pub(super) fn beginning(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Template(template) => match template.parts.first() {
            Some(crate::facts::syntax::TemplatePart::Text(text)) => text.to_string(),
            _ => String::new(),
        },
        ExprKind::Binary { op: BinaryOp::Add, left, .. } => beginning(left),
        _ => expr.string().map(str::to_owned).unwrap_or_default(),
    }
}

/// Every text that is written in an expression: of a path what names the file.
pub(super) fn written(expr: &Expr) -> String {
    let mut text = String::new();
    let mut put = |part: &str| {
        text.push_str(part);
        text.push(' ');
    };
    each_in_expr(expr, &mut |node, _| {
        match node.expr().map(|expr| &expr.kind) {
            Some(ExprKind::Template(template)) => {
                for part in &template.parts {
                    if let crate::facts::syntax::TemplatePart::Text(part) = part {
                        put(part);
                    }
                }
            }
            Some(ExprKind::Name(name) | ExprKind::Member { name, .. }) => put(name),
            _ => {
                if let Some(part) = node.expr().and_then(Expr::string) {
                    put(part);
                }
            }
        }
        true
    });
    text.trim_end().to_owned()
}

/// Whether a thing is what texts are made of, letter by letter.
pub(super) fn is_alphabet(expr: &Expr) -> bool {
    const WORDS: &[&str] = &[
        "chars",
        "characters",
        "alphabet",
        "charset",
        "letters",
        "digits",
        "pool",
        "symbols",
        "possible",
        "set",
        "char",
        "alphanumeric",
        "hex",
        "source",
    ];
    expr.string().is_some()
        || called_name(expr).is_some_and(|name| crate::facts::words::has_word(name, WORDS))
        || matches!(&expr.kind, ExprKind::Call(call) if called_name(&call.callee) == Some("split"))
}

/// Whether an expression is assigned to.
pub(super) fn is_target(expr: &Expr, outside: Around<'_, '_>) -> bool {
    match outside.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
            assign.targets.iter().any(|target| std::ptr::eq(target, expr))
        }
        Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => std::ptr::eq(&**target, expr),
        _ => false,
    }
}

/// Whether a name is bound here, and not read.
pub(super) fn is_written(used: &Expr, around: Around<'_, '_>) -> bool {
    is_target(used, around)
        || matches!(around.last(), Some(Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }))
            if each.target.as_ref().is_some_and(|target| std::ptr::eq(target, used)))
}

/// Whether a file of one language can import one of the other.
pub(super) fn is_kin(one: Language, other: Language) -> bool {
    let script = |language| matches!(language, Language::JavaScript | Language::TypeScript);
    one == other || script(one) && script(other)
}

/// The name under which others import a file.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    // A package is known by its folder.
    match stem {
        "__init__" | "index" | "mod" | "lib" => path.rsplit('/').nth(1).unwrap_or(stem),
        _ => stem,
    }
}

/// Whether a file imports a module of this name.
pub(super) fn imports(file: &SourceFile, stem: &str) -> bool {
    file.imports.iter().any(|fact| {
        let ends = |module: &str| {
            module.rsplit(['.', '/', ':']).find(|part| !matches!(*part, "js" | "ts" | "mjs" | "cjs"))
                == Some(stem)
        };
        ends(&fact.import.module) || fact.import.names.iter().any(|taken| taken.name == stem)
    })
}

/// Whether what is called is imported from a module of this name.
pub(super) fn is_from(file: &SourceFile, callee: &Expr, stem: &str) -> bool {
    file.resolve(callee).is_some_and(|path| path.split(['.', '/']).rev().skip(1).any(|part| part == stem))
}
