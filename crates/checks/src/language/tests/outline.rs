//! The syntax in a line or two of text, for tests to compare: every part is there, offsets are not.

use std::fmt::Write;

use crate::facts::syntax::{
    Argument, Assign, Call, CallStyle, Class, Declares, Expr, ExprKind, Function, Import, ImportedName,
    Literal, Loop, Module, Parameter, SequenceKind, Stmt, StmtKind, TemplatePart, Try,
};

/// One line a statement, bodies indented.
pub(super) fn outline(module: &Module) -> String {
    let mut out = String::new();
    body(&module.body, 0, &mut out);
    out
}

fn body(statements: &[Stmt], level: usize, out: &mut String) {
    for statement in statements {
        stmt(statement, level, out);
    }
}

fn part(name: &str, statements: &[Stmt], level: usize, out: &mut String) {
    if !statements.is_empty() {
        line(level, name, out);
        body(statements, level + 1, out);
    }
}

fn line(level: usize, text: &str, out: &mut String) {
    let _ = writeln!(out, "{}{text}", "  ".repeat(level));
}

fn stmt(node: &Stmt, level: usize, out: &mut String) {
    match &node.kind {
        StmtKind::Expr(value) => line(level, &expr(value), out),
        StmtKind::Value(value) => line(level, &format!("value {}", expr(value)), out),
        StmtKind::Return(value) => line(level, &format!("return {}", optional(value.as_ref())), out),
        StmtKind::Raise { value, cause } => {
            line(
                level,
                &format!("raise {} from {}", optional(value.as_ref()), optional(cause.as_ref())),
                out,
            );
        }
        StmtKind::Assert { test, message } => {
            line(level, &format!("assert {} : {}", expr(test), optional(message.as_ref())), out);
        }
        StmtKind::Assign(node) => assign(node, level, out),
        StmtKind::If { test, then, otherwise } => {
            line(level, &format!("if {}", expr(test)), out);
            body(then, level + 1, out);
            part("else", otherwise, level, out);
        }
        StmtKind::Loop(node) => looped(node, level, out),
        StmtKind::Try(node) => tried(node, level, out),
        StmtKind::With { items, body: inner, is_async } => {
            let items: Vec<String> = items
                .iter()
                .map(|(value, name)| format!("{} as {}", expr(value), optional(name.as_ref())))
                .collect();
            line(level, &format!("{}with {}", asynchronous(*is_async), items.join(", ")), out);
            body(inner, level + 1, out);
        }
        StmtKind::Match { value, arms } => {
            line(level, &format!("match {}", expr(value)), out);
            for arm in arms {
                let guard =
                    arm.guard.as_ref().map(|guard| format!(" if {}", expr(guard))).unwrap_or_default();
                line(level, &format!("case {}{guard}", optional(arm.pattern.as_ref())), out);
                body(&arm.body, level + 1, out);
            }
        }
        _ => declaration(node, level, out),
    }
}

fn declaration(node: &Stmt, level: usize, out: &mut String) {
    match &node.kind {
        StmtKind::Function(node) => {
            line(level, &head(node), out);
            body(&node.body, level + 1, out);
        }
        StmtKind::Class(node) => {
            line(level, &class_head(node), out);
            body(&node.body, level + 1, out);
        }
        StmtKind::Namespace { name, decorators, body: inner } => {
            line(level, &format!("{}namespace {name}", decorations(decorators)), out);
            body(inner, level + 1, out);
        }
        StmtKind::Import(node) => line(level, &import(node), out),
        StmtKind::Export(names) => line(level, &format!("export {}", imported(names)), out),
        StmtKind::Block(inner) => {
            line(level, "block", out);
            body(inner, level + 1, out);
        }
        StmtKind::Delete(items) => line(level, &format!("delete {}", all(items)), out),
        StmtKind::Global(names) => line(level, &format!("global {}", names.join(" ")), out),
        StmtKind::Break => line(level, "break", out),
        StmtKind::Continue => line(level, "continue", out),
        StmtKind::Empty => line(level, "empty", out),
        StmtKind::Other(items) => line(level, &format!("other {}", all(items)), out),
        _ => {}
    }
}

fn assign(node: &Assign, level: usize, out: &mut String) {
    let declares = match node.declares {
        Declares::No => "",
        Declares::Constant => "const ",
        Declares::Variable => "var ",
        Declares::Field => "field ",
        Declares::Type => "type ",
    };
    let targets: Vec<String> = node.targets.iter().map(expr).collect();
    let annotation = node.annotation.as_ref().map(|ty| format!(": {}", expr(ty))).unwrap_or_default();
    let op = node.op.map(|op| format!("{op:?}")).unwrap_or_default();
    let value = node.value.as_ref().map(|value| format!(" {op}= {}", expr(value))).unwrap_or_default();
    let public = public(node.is_public);
    line(level, &format!("{public}{declares}{}{annotation}{value}", targets.join(" = ")), out);
    part("else", &node.otherwise, level, out);
}

fn looped(node: &Loop, level: usize, out: &mut String) {
    let mut text = format!("{}loop", asynchronous(node.is_async));
    for (word, value) in [("for", &node.target), ("in", &node.iterable), ("while", &node.test)] {
        if let Some(value) = value {
            let _ = write!(text, " {word} {}", expr(value));
        }
    }
    line(level, &text, out);
    part("header", &node.header, level + 1, out);
    body(&node.body, level + 1, out);
    part("else", &node.otherwise, level, out);
}

fn tried(node: &Try, level: usize, out: &mut String) {
    line(level, "try", out);
    body(&node.body, level + 1, out);
    for handler in &node.handlers {
        let (caught, binding) = (optional(handler.caught.as_ref()), optional(handler.binding.as_ref()));
        line(level, &format!("except {caught} as {binding}"), out);
        body(&handler.body, level + 1, out);
    }
    part("else", &node.otherwise, level, out);
    part("finally", &node.finally, level, out);
}

fn head(node: &Function) -> String {
    let parameters: Vec<String> = node.parameters.iter().map(parameter).collect();
    let mut text = format!(
        "{}{}{}fn ",
        decorations(&node.decorators),
        public(node.is_public),
        asynchronous(node.is_async)
    );
    if node.is_static {
        text.insert_str(0, "static ");
    }
    let star = if node.is_generator { "*" } else { "" };
    let returns = node.returns.as_ref().map(|ty| format!(" -> {}", expr(ty))).unwrap_or_default();
    let bodyless = if node.has_body { "" } else { ";" };
    let _ = write!(text, "{star}{}({}){returns}{bodyless}", node.name, parameters.join(", "));
    text
}

fn parameter(node: &Parameter) -> String {
    let kind = format!("{:?}", node.kind);
    let annotation = node.annotation.as_ref().map(|ty| format!(": {}", expr(ty))).unwrap_or_default();
    let default = node.default.as_ref().map(|value| format!(" = {}", expr(value))).unwrap_or_default();
    format!("{}{kind} {}{annotation}{default}", decorations(&node.decorators), expr(&node.pattern))
}

fn class_head(node: &Class) -> String {
    let bases = arguments(&node.bases);
    let kind = format!("{:?}", node.kind).to_lowercase();
    format!("{}{}{kind} {}({bases})", decorations(&node.decorators), public(node.is_public), node.name)
}

fn decorations(nodes: &[Expr]) -> String {
    nodes.iter().map(|node| format!("@{} ", expr(node))).collect()
}

fn public(is: bool) -> &'static str {
    if is { "pub " } else { "" }
}

fn asynchronous(is: bool) -> &'static str {
    if is { "async " } else { "" }
}

fn import(node: &Import) -> String {
    let mut text = format!("import {:?} {}{}", node.kind, ".".repeat(node.level as usize), node.module);
    if let Some(alias) = &node.alias {
        let _ = write!(text, " as {alias}");
    }
    if !node.names.is_empty() {
        let _ = write!(text, " {{{}}}", imported(&node.names));
    }
    if node.star {
        text.push_str(" *");
    }
    text
}

fn imported(names: &[ImportedName]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| match &name.alias {
            Some(alias) => format!("{} as {alias}", name.name),
            None => name.name.to_string(),
        })
        .collect();
    names.join(", ")
}

fn optional(node: Option<&Expr>) -> String {
    node.map_or_else(|| "-".to_owned(), expr)
}

fn all(nodes: &[Expr]) -> String {
    nodes.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn arguments(nodes: &[Argument]) -> String {
    let each = |node: &Argument| match &node.name {
        Some(name) => format!("{name}={}", expr(&node.value)),
        None => expr(&node.value),
    };
    nodes.iter().map(each).collect::<Vec<_>>().join(", ")
}

fn nested(body_of: &[Stmt]) -> String {
    let mut out = String::new();
    body(body_of, 0, &mut out);
    out.trim_end().replace('\n', "; ")
}

fn expr(node: &Expr) -> String {
    match &node.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Member { object, name, optional } => {
            format!("{}{}.{name}", expr(object), if *optional { "?" } else { "" })
        }
        ExprKind::Index { object, index } => format!("{}[{}]", expr(object), expr(index)),
        ExprKind::Range(parts) => {
            parts.iter().map(|part| optional(part.as_ref())).collect::<Vec<_>>().join("..")
        }
        ExprKind::Call(node) => call(node),
        ExprKind::Literal(node) => literal(node),
        ExprKind::Unary { op, value } => format!("{op:?}({})", expr(value)),
        ExprKind::Binary { op, left, right } => format!("({} {op:?} {})", expr(left), expr(right)),
        ExprKind::Logical { op, left, right } => format!("({} {op:?} {})", expr(left), expr(right)),
        ExprKind::Compare { left, rest } => {
            let rest: String = rest.iter().map(|(op, right)| format!(" {op:?} {}", expr(right))).collect();
            format!("({}{rest})", expr(left))
        }
        ExprKind::Conditional { test, then, otherwise } => {
            format!("({} ? {} : {})", expr(test), expr(then), expr(otherwise))
        }
        ExprKind::Assign { target, op, value } => {
            let op = op.map(|op| format!("{op:?}")).unwrap_or_default();
            format!("({} {op}:= {})", expr(target), expr(value))
        }
        _ => compound(node),
    }
}

fn compound(node: &Expr) -> String {
    match &node.kind {
        ExprKind::Function(node) => format!("<{} {{ {} }}>", head(node), nested(&node.body)),
        ExprKind::Class(node) => format!("<{} {{ {} }}>", class_head(node), nested(&node.body)),
        ExprKind::Sequence { kind, items } => {
            let (open, close) = match kind {
                SequenceKind::List => ('[', ']'),
                SequenceKind::Tuple => ('(', ')'),
                SequenceKind::Set => ('{', '}'),
            };
            format!("{open}{}{close}", all(items))
        }
        ExprKind::Record { of, entries } => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| match key {
                    Some(key) => format!("{}: {}", expr(key), expr(value)),
                    None => format!("...{}", expr(value)),
                })
                .collect();
            format!("{}{{{}}}", of.as_ref().map(|of| expr(of)).unwrap_or_default(), entries.join(", "))
        }
        ExprKind::Comprehension(node) => {
            let key = node.key.as_ref().map(|key| format!("{}: ", expr(key))).unwrap_or_default();
            let clauses: String = node
                .clauses
                .iter()
                .map(|(target, iterable, tests)| {
                    let tests: String = tests.iter().map(|test| format!(" if {}", expr(test))).collect();
                    format!(" for {} in {}{tests}", expr(target), expr(iterable))
                })
                .collect();
            format!("{:?}<{key}{}{clauses}>", node.kind, expr(&node.element))
        }
        ExprKind::Template(node) => {
            let parts: String = node
                .parts
                .iter()
                .map(|part| match part {
                    TemplatePart::Text(text) => text.to_string(),
                    TemplatePart::Value(value) => format!("${{{}}}", expr(value)),
                })
                .collect();
            format!("{}`{parts}`", node.tag.as_ref().map(expr).unwrap_or_default())
        }
        ExprKind::Await(value) => format!("await {}", expr(value)),
        ExprKind::Yield(value) => format!("yield {}", optional(value.as_deref())),
        ExprKind::Spread(value) => format!("*{}", expr(value)),
        ExprKind::Propagate(value) => format!("{}?", expr(value)),
        ExprKind::Cast { value, to } => format!("({} as {})", expr(value), optional(to.as_deref())),
        ExprKind::Matches { pattern, value } => format!("({} matches {})", expr(value), expr(pattern)),
        ExprKind::Markup(node) => {
            let attributes: String = node
                .attributes
                .iter()
                .map(|(name, value)| format!(" {name}={}", optional(value.as_ref())))
                .collect();
            format!("<{}{attributes}>{}</>", node.name, all(&node.children))
        }
        ExprKind::Statement(node) => format!("{{ {} }}", nested(std::slice::from_ref(node))),
        ExprKind::Other(items) => format!("other({})", all(items)),
        _ => String::new(),
    }
}

fn call(node: &Call) -> String {
    let style = match node.style {
        CallStyle::Plain => "",
        CallStyle::New => "new ",
        CallStyle::Macro => "macro ",
    };
    let optional = if node.optional { "?." } else { "" };
    format!("{style}{}{optional}({})", expr(&node.callee), arguments(&node.arguments))
}

fn literal(node: &Literal) -> String {
    match node {
        Literal::String(text) => format!("{text:?}"),
        Literal::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
        Literal::Integer(number) => number.to_string(),
        Literal::Float(number) => format!("{number}f"),
        Literal::Boolean(boolean) => boolean.to_string(),
        Literal::Null => "null".to_owned(),
        Literal::Regex { pattern, flags } => format!("/{pattern}/{flags}"),
        Literal::Ellipsis => "...".to_owned(),
    }
}
