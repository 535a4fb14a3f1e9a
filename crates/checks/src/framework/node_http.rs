//! Programs on Node's own `http`: what the function given to `createServer` compares method and URL with
//! (<https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener>).

use std::collections::HashMap;

use seaworthy_core::surface::{Input, InputPlace, Route};

use super::inputs::{Carried, Carries, Reader, Scope};
use super::path::{self, Pattern};
use super::project::{FunctionAt, Project};
use super::routing::{Framework, Routing, handler};
use super::words::{constant, text_of};
use crate::facts::nodes::{Around, Node, each_in_body, each_node};
use crate::facts::syntax::{Call, CompareOp, Expr, ExprKind, Extent, Literal, LogicalOp, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name};
use crate::language::Language;

/// What the texts in a condition are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Method,
    Url,
}

/// Names and calls that are looked through to see what a value is.
const STEPS: usize = 8;

/// Notes the routes of every listener.
pub(super) fn read(routing: &mut Routing<'_>) {
    for (at, file) in routing.project.files().filter(|(_, file)| file.language != Language::Python) {
        if file.language == Language::Rust {
            continue;
        }
        each_node(&file.syntax, &mut |node, around| {
            if let Some(expr) = node.expr()
                && let Some(call) = expr.call()
                && matches!(
                    file.resolve(&call.callee).as_deref(),
                    Some("http.createServer" | "https.createServer" | "http.default.createServer")
                )
            {
                server(routing, at, around, expr, call);
            }
            true
        });
    }
}

fn server<'a>(routing: &mut Routing<'a>, at: usize, around: Around<'a, '_>, whole: &Expr, call: &'a Call) {
    let Some(listener) = call.arguments.last().map(|argument| &argument.value) else {
        return routing.unread(at, whole.extent, "what this server answers is given to it later");
    };
    // Express's application is a listener itself, and read as such; Koa's makes one.
    let application = listener.call().filter(|call| called_name(&call.callee) == Some("callback"));
    let application = application.and_then(|call| match &call.callee.kind {
        ExprKind::Member { object, .. } => Some(&**object),
        _ => None,
    });
    if !routing.objects(at, around, application.unwrap_or(listener)).is_empty() {
        return;
    }
    let Some(function) = routing.project.function(at, around, listener) else {
        return routing.unread(
            at,
            whole.extent,
            "the function that this server answers with could not be told",
        );
    };
    let mut listener = Listener::new(routing.project, function);
    listener.read();
    let Listener { routes, unclear, .. } = listener;
    if routes.is_empty() && unclear.is_empty() {
        routing.unread(at, whole.extent, "what it answers is not decided by comparing the URL with texts");
    }
    unclear.into_iter().for_each(|(extent, why)| routing.unread(function.0, extent, why));
    for (extent, route) in routes {
        routing.found(Framework::NodeHttp, (function.0, extent), route, Some(function));
    }
}

/// One listener.
struct Listener<'p, 'a> {
    project: &'p Project<'a>,
    function: FunctionAt<'a>,
    request: String,
    values: Values<'a>,
    routes: Vec<(Extent, Route)>,
    unclear: Vec<(Extent, &'static str)>,
}

impl<'p, 'a> Listener<'p, 'a> {
    fn new(project: &'p Project<'a>, function: FunctionAt<'a>) -> Self {
        let request = function
            .1
            .parameters
            .first()
            .and_then(|parameter| parameter.pattern.dotted())
            .unwrap_or_default();
        let values = Values::of_function(function.1);
        Self { project, function, request, values, routes: Vec::new(), unclear: Vec::new() }
    }

    fn read(&mut self) {
        let body = &self.function.1.body;
        each_in_body(body, &mut |node, around| {
            match node {
                Node::Stmt(Stmt { kind: StmtKind::Match { value, arms }, .. }) => {
                    self.switch(value, arms, around)
                }
                Node::Expr(expr) => self.expr(expr, around),
                _ => {}
            }
            true
        });
    }

    /// `switch (req.url)`, `` switch (`${req.method} ${req.url}`) ``.
    fn switch(&mut self, value: &'a Expr, arms: &'a [crate::facts::syntax::Arm], around: Around<'a, '_>) {
        let both = matches!(&value.kind, ExprKind::Template(_) | ExprKind::Binary { .. })
            && self.mentions(value, Part::Url);
        if !both && self.part(value, STEPS) != Some(Part::Url) {
            return;
        }
        for arm in arms {
            let Some(case) = &arm.pattern else { continue };
            let text = text_of(self.project, self.function.0, case);
            let split =
                text.as_deref().map(|text| text.split_once(' ').filter(|_| both).unwrap_or(("", text)));
            match split {
                Some((method, url)) if url.starts_with('/') => {
                    let method =
                        if method.is_empty() { self.method(around, None) } else { vec![method.to_owned()] };
                    let pattern = Pattern { path: url.to_owned(), inputs: Vec::new() };
                    self.add(case.extent, method, pattern, &arm.body);
                }
                _ => self.unclear.push((case.extent, "a case of the URL that is no text")),
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr, around: Around<'a, '_>) {
        match &expr.kind {
            ExprKind::Compare { left, rest } => {
                let [(CompareOp::Equal | CompareOp::StrictEqual, right)] = rest.as_slice() else { return };
                let other = match (self.part(left, STEPS), self.part(right, STEPS)) {
                    (Some(Part::Url), _) => right,
                    (_, Some(Part::Url)) => left,
                    _ => return,
                };
                match text_of(self.project, self.function.0, other) {
                    Some(url) => {
                        let methods = self.method(around, Some(expr));
                        let pattern = Pattern { path: url, inputs: Vec::new() };
                        self.add(expr.extent, methods, pattern, self.branch(around));
                    }
                    None => {
                        self.unclear.push((expr.extent, "the URL is compared with something that is no text"))
                    }
                }
            }
            ExprKind::Index { index, .. }
                if self.part(index, STEPS) == Some(Part::Url) || self.mentions_in_key(index) =>
            {
                self.unclear.push((expr.extent, "the URL is looked up in a table that is not read"));
            }
            ExprKind::Call(call) => self.called(expr, call, around),
            _ => {}
        }
    }

    fn mentions_in_key(&self, index: &'a Expr) -> bool {
        matches!(index.kind, ExprKind::Template(_) | ExprKind::Binary { .. })
            && self.mentions(index, Part::Url)
    }

    /// `url.startsWith("/x/")`, `url.match(/../)`, `/../.test(url)`, and functions that get the request.
    fn called(&mut self, whole: &'a Expr, call: &'a Call, around: Around<'a, '_>) {
        let arguments: Vec<&Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
        if let ExprKind::Member { object, name, .. } = &call.callee.kind {
            let of_url = self.part(object, STEPS) == Some(Part::Url);
            let first_is_url =
                arguments.first().is_some_and(|first| self.part(first, STEPS) == Some(Part::Url));
            match (name.as_str(), of_url) {
                ("startsWith", true) => {
                    let text =
                        arguments.first().and_then(|first| text_of(self.project, self.function.0, first));
                    let Some(text) = text else {
                        return self
                            .unclear
                            .push((whole.extent, "the beginning that the URL is compared with is no text"));
                    };
                    let methods = self.method(around, Some(whole));
                    self.add(
                        whole.extent,
                        methods,
                        path::starlette(&format!("{text}{{rest}}")),
                        self.branch(around),
                    );
                }
                ("match", true) => self.regex(whole, arguments.first().copied(), around),
                ("test" | "exec", _) if first_is_url => self.regex(whole, Some(object), around),
                ("endsWith" | "includes", true) => {
                    self.unclear.push((whole.extent, "the URL is only compared in part"))
                }
                ("split", true) if arguments.first().and_then(|first| first.string()) == Some("/") => {
                    self.unclear.push((
                        whole.extent,
                        "the URL is taken apart, and its parts are compared one by one",
                    ));
                }
                ("get" | "has", false) if first_is_url => {
                    self.unclear.push((whole.extent, "the URL is looked up in a table that is not read"));
                }
                _ => {}
            }
        }
    }

    fn regex(&mut self, whole: &Expr, written: Option<&'a Expr>, around: Around<'a, '_>) {
        let local = |expr: &'a Expr| match &expr.kind {
            ExprKind::Name(name) => match self.values.bound(name) {
                [Bound::To(value)] => Some(*value),
                _ => constant(self.project, self.function.0, expr).map(|(_, value)| value),
            },
            _ => Some(expr),
        };
        let pattern = written.and_then(local).and_then(|value| match &value.kind {
            ExprKind::Literal(Literal::Regex { pattern, .. }) => path::regex(pattern, &[]),
            _ => None,
        });
        match pattern {
            Some(pattern) => {
                let methods = self.method(around, Some(whole));
                self.add(whole.extent, methods, pattern, self.branch(around));
            }
            None => self
                .unclear
                .push((whole.extent, "a regular expression for the URL that could not be read as a path")),
        }
    }

    fn add(&mut self, extent: Extent, methods: Vec<String>, pattern: Pattern, body: &'a [Stmt]) {
        if !pattern.path.starts_with('/') {
            return;
        }
        let mut inputs = pattern.inputs;
        inputs.extend(self.inputs(body));
        for method in methods {
            let handler = handler(self.project, Some(self.function));
            let route = Route { method, path: pattern.path.clone(), handler, inputs: inputs.clone() };
            self.routes.push((extent, route));
        }
    }

    /// What runs when the test around holds.
    fn branch(&self, around: Around<'a, '_>) -> &'a [Stmt] {
        let stmt = around.iter().rev().find_map(|node| match node {
            Node::Stmt(stmt) => Some(*stmt),
            _ => None,
        });
        match stmt {
            Some(Stmt { kind: StmtKind::If { then, .. }, .. }) => then,
            _ => &self.function.1.body,
        }
    }

    /// The methods that the conditions around ask for; any where none does.
    fn method(&self, around: Around<'a, '_>, whole: Option<&Expr>) -> Vec<String> {
        let mut found = Vec::new();
        let statements: Vec<&Stmt> = around
            .iter()
            .filter_map(|node| if let Node::Stmt(stmt) = node { Some(*stmt) } else { None })
            .collect();
        for (level, outer) in statements.iter().enumerate() {
            let inner = statements.get(level + 1);
            match &outer.kind {
                StmtKind::If { test, then, .. } => {
                    let in_test = inner.is_none() && whole.is_some();
                    if in_test || inner.is_none_or(|inner| then.iter().any(|stmt| std::ptr::eq(stmt, *inner)))
                    {
                        self.methods_in(test, &mut found);
                    }
                }
                StmtKind::Match { value, arms } if self.part(value, STEPS) == Some(Part::Method) => {
                    let arm = arms.iter().find(|arm| {
                        inner.is_some_and(|inner| arm.body.iter().any(|stmt| std::ptr::eq(stmt, *inner)))
                    });
                    found.extend(arm.and_then(|arm| arm.pattern.as_ref()?.string()).map(str::to_owned));
                }
                _ => {}
            }
        }
        if found.is_empty() { vec!["*".to_owned()] } else { found }
    }

    fn methods_in(&self, test: &'a Expr, found: &mut Vec<String>) {
        match &test.kind {
            ExprKind::Logical { op: LogicalOp::And | LogicalOp::Or, left, right } => {
                self.methods_in(left, found);
                self.methods_in(right, found);
            }
            ExprKind::Compare { left, rest } => {
                if let [(CompareOp::Equal | CompareOp::StrictEqual, right)] = rest.as_slice()
                    && self.part(left, STEPS) == Some(Part::Method)
                {
                    found.extend(right.string().map(str::to_owned));
                }
            }
            _ => {}
        }
    }

    /// Whether an expression is the method or the URL, the latter with or without its query.
    fn part(&self, expr: &Expr, steps: usize) -> Option<Part> {
        let left = steps.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Name(name) => self.values.bound(name).iter().find_map(|bound| match bound {
                Bound::To(value) => self.part(value, left),
                // `const { method, url } = req`, `const { pathname } = new URL(..)`.
                Bound::PartOf(value)
                    if name == "method" && value.dotted().as_deref() == Some(&self.request) =>
                {
                    Some(Part::Method)
                }
                Bound::PartOf(value) if name == "url" && value.dotted().as_deref() == Some(&self.request) => {
                    Some(Part::Url)
                }
                Bound::PartOf(value) if name == "pathname" && self.is_parsed(value, left) => Some(Part::Url),
                Bound::PartOf(value) => value.call().and_then(|call| match &call.callee.kind {
                    ExprKind::Member { object, name, .. } if name == "split" => self.part(object, left),
                    _ => None,
                }),
                _ => None,
            }),
            ExprKind::Member { object, name, .. } => match name.as_str() {
                "method" if object.dotted().as_deref() == Some(&self.request) => Some(Part::Method),
                "url" if object.dotted().as_deref() == Some(&self.request) => Some(Part::Url),
                "pathname" if self.is_parsed(object, left) => Some(Part::Url),
                _ => None,
            },
            ExprKind::Index { object, .. } => match &object.call()?.callee.kind {
                ExprKind::Member { object, name, .. } if name == "split" => self.part(object, left),
                _ => None,
            },
            ExprKind::Call(call) => match (&call.callee.kind, called_name(&call.callee)?) {
                (ExprKind::Member { object, .. }, "toLowerCase" | "toUpperCase" | "replace" | "trim") => {
                    self.part(object, left)
                }
                (_, "decodeURIComponent" | "decodeURI") => self.part(&call.arguments.first()?.value, left),
                _ => None,
            },
            ExprKind::Logical { left: first, .. } | ExprKind::Cast { value: first, .. } => {
                self.part(first, left)
            }
            _ => None,
        }
    }

    /// Whether an expression is the URL taken apart: `new URL(req.url, base)`, `url.parse(req.url)`.
    fn is_parsed(&self, expr: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        match &expr.kind {
            ExprKind::Name(name) => self.values.bound(name).iter().any(|bound| match bound {
                Bound::To(value) => self.is_parsed(value, left),
                _ => false,
            }),
            ExprKind::Call(call) => {
                let parses = matches!(called_name(&call.callee), Some("URL" | "parse"));
                let first = call.arguments.first().map(|argument| &argument.value);
                parses
                    && first.is_some_and(|first| {
                        self.part(first, left) == Some(Part::Url) || self.mentions(first, Part::Url)
                    })
            }
            _ => false,
        }
    }

    /// Whether a template or a sum has the part in it.
    fn mentions(&self, expr: &Expr, part: Part) -> bool {
        match &expr.kind {
            ExprKind::Template(template) => template.parts.iter().any(|piece| match piece {
                crate::facts::syntax::TemplatePart::Value(value) => self.part(value, STEPS) == Some(part),
                crate::facts::syntax::TemplatePart::Text(_) => false,
            }),
            ExprKind::Binary { left, right, .. } => [left, right]
                .iter()
                .any(|side| self.part(side, STEPS) == Some(part) || self.mentions(side, part)),
            _ => false,
        }
    }

    fn inputs(&self, body: &'a [Stmt]) -> Vec<Input> {
        let carries: Carries = HashMap::from([(self.request.clone(), Carried::Request)]);
        Reader::new(self.project, carrier, single).inputs_of_body(self.function, body, carries)
    }
}

/// `req.headers`; `JSON.parse(..)` of what came.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    match &expr.kind {
        ExprKind::Member { object, name, .. } if name == "headers" => {
            let ExprKind::Name(object) = &object.kind else { return None };
            (scope.carries.get(object.as_str()) == Some(&Carried::Request)).then_some(InputPlace::Header)
        }
        ExprKind::Call(call) if call.callee.dotted().as_deref() == Some("JSON.parse") => {
            Some(InputPlace::Json)
        }
        _ => None,
    }
}

/// `url.searchParams.get("name")`.
pub(super) fn single<'a>(_: &Scope<'a>, expr: &'a Expr) -> Option<(String, InputPlace)> {
    let call = expr.call()?;
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let query = called_name(object) == Some("searchParams") && matches!(name.as_str(), "get" | "getAll");
    let name = call.arguments.first()?.value.string().filter(|_| query)?;
    Some((name.to_owned(), InputPlace::Query))
}
