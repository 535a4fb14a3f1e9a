//! One method of a handler class, walked through with everything that it hands the path to.

use std::collections::HashSet;

use super::super::inputs::{Carried, Carries};
use super::super::path::Pattern;
use super::super::project::{FunctionAt, Project};
use super::super::words::text_of;
use super::table::{self, Row};
use super::{group_names, pattern};
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Call, Class, CompareOp, Expr, ExprKind, Extent, Function, LogicalOp, Parameter, Stmt, StmtKind,
};
use crate::facts::values::{Bound, Values, called_name};

/// Functions in functions that are followed.
const DEPTH: usize = 6;
/// Names and calls that are looked through to see whether a value is the path.
const STEPS: usize = 8;

/// A route that was found.
pub(super) struct Answer<'a> {
    pub(super) pattern: Pattern,
    /// The file of the comparison.
    pub(super) at: usize,
    /// The comparison.
    pub(super) extent: Extent,
    /// What answers, and the part of it that is about this route alone.
    pub(super) function: FunctionAt<'a>,
    pub(super) body: &'a [Stmt],
}

/// What could not be understood: file, place, and why.
pub(super) type Unclear = (usize, Extent, &'static str);

/// A function that is being walked through.
struct Here<'a> {
    at: usize,
    file: &'a SourceFile,
    function: &'a Function,
    values: Values<'a>,
    /// Parameters that hold the path.
    paths: HashSet<String>,
    /// Parameters that hold a text: mostly the method.
    texts: Carries,
}

pub(super) struct Walk<'p, 'a> {
    project: &'p Project<'a>,
    class: &'a Class,
    method: String,
    answers: Vec<Answer<'a>>,
    /// Paths only known by their beginning.
    prefixes: Vec<Answer<'a>>,
    unclear: Vec<Unclear>,
    walked: HashSet<(usize, u32)>,
}

impl<'p, 'a> Walk<'p, 'a> {
    pub(super) fn new(project: &'p Project<'a>, class: &'a Class, method: &str) -> Self {
        let method = method.to_owned();
        Self {
            project,
            class,
            method,
            answers: Vec::new(),
            prefixes: Vec::new(),
            unclear: Vec::new(),
            walked: HashSet::new(),
        }
    }

    /// Walks through a function that is called with nothing but the handler.
    pub(super) fn function(&mut self, at: usize, function: &'a Function) {
        self.walk(at, function, HashSet::new(), Carries::new(), DEPTH);
    }

    /// The routes, and what could not be understood.
    pub(super) fn finish(mut self) -> (Vec<Answer<'a>>, Vec<Unclear>) {
        for prefix in self.prefixes {
            // A beginning below which there are other comparisons only leads to them.
            let start = prefix.pattern.path.split('{').next().unwrap_or_default().to_owned();
            let leads = self.answers.iter().any(|answer| {
                answer.pattern.path.len() > start.len() && answer.pattern.path.starts_with(&start)
            });
            if !leads {
                self.answers.push(prefix);
            }
        }
        (self.answers, self.unclear)
    }

    fn walk(
        &mut self,
        at: usize,
        function: &'a Function,
        paths: HashSet<String>,
        texts: Carries,
        depth: usize,
    ) {
        let (Some(left), Some(file)) = (depth.checked_sub(1), self.project.file(at)) else { return };
        if !self.walked.insert((at, function.name_extent.start)) {
            return;
        }
        let here = Here { at, file, function, values: Values::of_function(function), paths, texts };
        each_in_body(&function.body, &mut |node, around| {
            match node {
                Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) => {
                    if let Some(iterable) = &each.iterable {
                        self.table(&here, iterable, false);
                    }
                }
                Node::Stmt(Stmt { kind: StmtKind::Match { value, arms }, .. })
                    if self.is_path(&here, value, STEPS) =>
                {
                    for arm in arms {
                        let Some(case) = &arm.pattern else { continue };
                        match case.string() {
                            Some(text) => self.text(&here, case.extent, text, &arm.body),
                            None if matches!(case.kind, ExprKind::Name(_)) => {}
                            None => {
                                self.unclear.push((at, case.extent, "a case of the path that is no text"))
                            }
                        }
                    }
                }
                Node::Expr(expr) => self.expr(&here, expr, around, left),
                _ => {}
            }
            true
        });
    }

    fn expr(&mut self, here: &Here<'a>, expr: &'a Expr, around: Around<'a, '_>, depth: usize) {
        match &expr.kind {
            ExprKind::Compare { left, rest } => {
                if let [(op, right)] = rest.as_slice() {
                    self.compare(here, expr, left, *op, right, around);
                }
            }
            ExprKind::Index { object, .. } => self.table(here, object, false),
            ExprKind::Call(call) => {
                self.called(here, expr, call, around);
                self.follow(here, call, depth);
            }
            _ => {}
        }
    }

    fn compare(
        &mut self,
        here: &Here<'a>,
        whole: &Expr,
        left: &'a Expr,
        op: CompareOp,
        right: &'a Expr,
        around: Around<'a, '_>,
    ) {
        let (other, is_in) = match op {
            CompareOp::Equal | CompareOp::NotEqual if self.is_path(here, left, STEPS) => (right, false),
            CompareOp::Equal | CompareOp::NotEqual if self.is_path(here, right, STEPS) => (left, false),
            CompareOp::In | CompareOp::NotIn if self.is_path(here, left, STEPS) => (right, true),
            CompareOp::In | CompareOp::NotIn => return self.table(here, right, false),
            _ => return,
        };
        let body = self.branch(here, whole, around, matches!(op, CompareOp::NotEqual | CompareOp::NotIn));
        let Some(body) = body else { return };
        if is_in && let ExprKind::Sequence { items, .. } = &other.kind {
            for item in items {
                match text_of(self.project, here.at, item) {
                    Some(text) => self.text(here, item.extent, &text, body),
                    None => self.unclear.push((
                        here.at,
                        item.extent,
                        "the path is compared with something that is no text",
                    )),
                }
            }
            return;
        }
        match text_of(self.project, here.at, other) {
            Some(text) if !is_in => self.text(here, whole.extent, &text, body),
            _ if is_in => self.table(here, other, true),
            _ => self.unclear.push((
                here.at,
                whole.extent,
                "the path is compared with something that is no text",
            )),
        }
    }

    /// What runs when the test around holds: the branch of the innermost `if` in whose test it stands, or the rest of the function.
    /// `None` when the same test asks for another method.
    fn branch(
        &self,
        here: &Here<'a>,
        whole: &Expr,
        around: Around<'a, '_>,
        negated: bool,
    ) -> Option<&'a [Stmt]> {
        let statements: Vec<&'a Stmt> = around
            .iter()
            .filter_map(|node| match node {
                Node::Stmt(stmt) => Some(*stmt),
                _ => None,
            })
            .collect();
        for (level, outer) in statements.iter().enumerate() {
            let StmtKind::If { test, then, .. } = &outer.kind else { continue };
            // In its test, or in what runs when it holds; an `else` says nothing of the method.
            let inner = statements.get(level + 1);
            let holds = inner.is_none_or(|inner| then.iter().any(|stmt| std::ptr::eq(stmt, *inner)));
            if holds && self.other_method(here, test) {
                return None;
            }
        }
        // `self.command == "GET" and ..`, `.. if method == "GET" else None`.
        for (level, node) in around.iter().enumerate() {
            let Some(outer) = node.expr() else { continue };
            let asked = match &outer.kind {
                ExprKind::Logical { .. } => self.other_method(here, outer),
                ExprKind::Conditional { test, then, .. } => {
                    let inner = around.get(level + 1).and_then(|node| node.expr()).unwrap_or(whole);
                    std::ptr::eq(&**then, inner) && self.other_method(here, test)
                }
                _ => false,
            };
            if asked {
                return None;
            }
        }
        let stmt = statements.last();
        match stmt {
            Some(Stmt { kind: StmtKind::If { then, .. }, .. }) if !negated => Some(then),
            _ => Some(&here.function.body),
        }
    }

    /// Whether a test asks for a method that is not the one at hand.
    fn other_method(&self, here: &Here<'a>, test: &Expr) -> bool {
        match &test.kind {
            ExprKind::Logical { op: LogicalOp::And, left, right } => {
                self.other_method(here, left) || self.other_method(here, right)
            }
            ExprKind::Compare { left, rest } => {
                let [(CompareOp::Equal, right)] = rest.as_slice() else { return false };
                let is_method = left.dotted().as_deref() == Some("self.command")
                    || matches!(&left.kind, ExprKind::Name(name) if here.texts.contains_key(name.as_str()));
                is_method
                    && right.string().is_some_and(|text| {
                        text != self.method && text.chars().all(|c| c.is_ascii_uppercase())
                    })
            }
            _ => false,
        }
    }

    /// `path.startswith(..)`, `re.fullmatch(.., path)`, `TABLE.get(path)`, `path.split("/")`.
    fn called(&mut self, here: &Here<'a>, whole: &'a Expr, call: &'a Call, around: Around<'a, '_>) {
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
        let Some(first) = call.arguments.first().map(|argument| &argument.value) else { return };
        let of_path = self.is_path(here, object, STEPS);
        match name.as_str() {
            "startswith" if of_path => self.prefix(here, whole, first, around),
            "endswith" if of_path => {
                self.unclear.push((here.at, whole.extent, "the path is only compared at its end"))
            }
            "split" if of_path && first.string() == Some("/") => {
                self.unclear.push((
                    here.at,
                    whole.extent,
                    "the path is taken apart, and its parts are compared one by one",
                ));
            }
            "match" | "fullmatch" | "search" => {
                let function = here.file.resolve(&call.callee).is_some_and(|name| name.starts_with("re."));
                let (written, value) = match call.arguments.get(1).filter(|_| function) {
                    Some(second) => (first, &second.value),
                    None => (&**object, first),
                };
                if self.is_path(here, value, STEPS) && !self.of_table(here, written) {
                    self.regex(here, whole, written, around);
                }
            }
            "get" | "items" => self.table(here, object, false),
            _ => {}
        }
    }

    fn prefix(&mut self, here: &Here<'a>, whole: &Expr, first: &'a Expr, around: Around<'a, '_>) {
        let Some(body) = self.branch(here, whole, around, false) else { return };
        let Some(text) = text_of(self.project, here.at, first) else {
            self.unclear.push((
                here.at,
                whole.extent,
                "the beginning that the path is compared with is no text",
            ));
            return;
        };
        let taken = body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Assign(assign) => {
                assign.targets.first().and_then(Expr::dotted).filter(|name| !name.contains('.'))
            }
            _ => None,
        });
        let path = format!("{text}{{{}}}", taken.unwrap_or_else(|| "rest".to_owned()));
        let pattern = super::path::starlette(&path);
        let (function, body) = self.answerer(here, body);
        self.prefixes.push(Answer { pattern, at: here.at, extent: whole.extent, function, body });
    }

    fn regex(&mut self, here: &Here<'a>, whole: &Expr, written: &'a Expr, around: Around<'a, '_>) {
        let constant = super::super::words::constant(self.project, here.at, written);
        let field = table::value(self.project, here.at, self.class, written);
        let (at, value) = constant.or(field).unwrap_or((here.at, written));
        let text = text_of(self.project, at, table::compiled(value).unwrap_or(value));
        // The match is mostly bound first, and asked for in an `if` afterwards: what runs then is looked for in the whole function.
        let Some(body) = self.branch(here, whole, around, false) else { return };
        let (function, body) = self.answerer(here, body);
        let groups = text.as_deref().map_or(0, |text| text.matches('(').count());
        let names = if function.1.name == here.function.name {
            Vec::new()
        } else {
            group_names(Some(function.1), groups)
        };
        match text.and_then(|text| pattern(&text, true, &names)) {
            Some(pattern) => {
                self.answers.push(Answer { pattern, at: here.at, extent: whole.extent, function, body })
            }
            None => self.unclear.push((
                here.at,
                whole.extent,
                "a regular expression for the path that could not be read as a path",
            )),
        }
    }

    /// Whether a pattern is an item of something that a loop goes through.
    fn of_table(&self, here: &Here<'a>, written: &Expr) -> bool {
        matches!(&written.kind, ExprKind::Name(name) if here.values.bound(name).iter().any(|bound| matches!(bound, Bound::PartOf(_))))
    }

    fn text(&mut self, here: &Here<'a>, extent: Extent, text: &str, body: &'a [Stmt]) {
        if !text.starts_with('/') {
            return;
        }
        let (function, body) = self.answerer(here, body);
        let pattern = Pattern { path: text.to_owned(), inputs: Vec::new() };
        self.answers.push(Answer { pattern, at: here.at, extent, function, body });
    }

    /// The function that a branch calls to answer, or the branch itself.
    fn answerer(&self, here: &Here<'a>, body: &'a [Stmt]) -> (FunctionAt<'a>, &'a [Stmt]) {
        let whole = std::ptr::eq(body, here.function.body.as_slice());
        let [first, rest @ ..] = body else { return ((here.at, here.function), body) };
        let value = match &first.kind {
            StmtKind::Expr(value) | StmtKind::Return(Some(value)) => Some(value),
            _ => None,
        };
        let alone = rest.iter().all(|stmt| matches!(stmt.kind, StmtKind::Return(None)));
        let called = value.and_then(Expr::call).filter(|_| alone && !whole);
        let called = called.and_then(|call| self.project.function(here.at, &[], &call.callee));
        called.map_or(((here.at, here.function), body), |(at, function)| ((at, function), &function.body))
    }

    /// Takes the lines of a table, when it is one.
    fn table(&mut self, here: &Here<'a>, expr: &'a Expr, must: bool) {
        let value = table::value(self.project, here.at, self.class, expr);
        let rows = value.and_then(|(at, value)| Some((at, table::rows(self.project, at, value)?)));
        let Some((at, rows)) = rows else {
            let empty = value.is_some_and(|(_, value)| {
                matches!(&value.kind, ExprKind::Sequence { items, .. } if items.is_empty())
                    || matches!(&value.kind, ExprKind::Record { entries, .. } if entries.is_empty())
            });
            let routes = expr.dotted().is_some_and(|name| {
                name.to_lowercase().contains("route") || name.to_lowercase().contains("handlers")
            });
            if must || (empty && routes) {
                self.unclear.push((here.at, expr.extent, "a table of routes that could not be read"));
            }
            return;
        };
        for Row { method, path, is_regex, handler, extent } in rows {
            if method.is_some_and(|method| method != self.method) {
                continue;
            }
            let function = handler.and_then(|handler| self.handler(at, handler));
            let groups = path.matches('(').count();
            let names = group_names(function.map(|(_, function)| function), groups);
            let Some(pattern) = pattern(&path, is_regex, &names) else {
                self.unclear.push((
                    at,
                    extent,
                    "a pattern of a table of routes that could not be read as a path",
                ));
                continue;
            };
            let function = function.unwrap_or((here.at, here.function));
            let body = function.1.body.as_slice();
            let known = self.answers.iter().any(|answer| answer.at == at && answer.extent == extent);
            if !known {
                self.answers.push(Answer { pattern, at, extent, function, body });
            }
        }
    }

    /// What a line of a table has for a handler: in a class, its own methods come before what the file imports; `getattr` takes their
    /// names as texts.
    fn handler(&self, at: usize, expr: &'a Expr) -> Option<FunctionAt<'a>> {
        let name = match &expr.kind {
            ExprKind::Name(name) => Some(name.as_str()),
            _ => expr.string(),
        };
        let own = self.class.body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Function(function) if Some(function.name.as_str()) == name => Some((at, &**function)),
            _ => None,
        });
        own.or_else(|| self.project.function(at, &[], expr))
    }

    /// Goes into the functions of the project that are called, with what they are given.
    fn follow(&mut self, here: &Here<'a>, call: &'a Call, depth: usize) {
        if call.callee.dotted().is_none() {
            return;
        }
        let Some((at, function)) = self.project.function(here.at, &[], &call.callee) else { return };
        let own = matches!(&call.callee.kind, ExprKind::Member { object, .. } if matches!(object.dotted().as_deref(), Some("self" | "cls")));
        let parameters: Vec<&Parameter> = function.parameters.iter().skip(usize::from(own)).collect();
        let (mut paths, mut texts) = (HashSet::new(), Carries::new());
        for (index, argument) in call.arguments.iter().enumerate() {
            let named = argument.name.as_ref().map(ToString::to_string);
            let Some(name) = named.or_else(|| parameters.get(index)?.pattern.dotted()) else { continue };
            if self.is_path(here, &argument.value, STEPS) {
                paths.insert(name);
            } else if let Some(text) = self.method_text(here, &argument.value) {
                texts.insert(name, Carried::Text(text));
            }
        }
        if own || !paths.is_empty() {
            self.walk(at, function, paths, texts, depth);
        }
    }

    fn method_text(&self, here: &Here<'a>, value: &Expr) -> Option<String> {
        if value.dotted().as_deref() == Some("self.command") {
            return Some(self.method.clone());
        }
        match &value.kind {
            ExprKind::Name(name) => match here.texts.get(name.as_str()) {
                Some(Carried::Text(text)) => Some(text.clone()),
                _ => None,
            },
            _ => value.string().map(str::to_owned),
        }
    }

    /// Whether an expression is the path of the request, with or without its query.
    fn is_path(&self, here: &Here<'a>, expr: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        match &expr.kind {
            ExprKind::Name(name) => {
                here.paths.contains(name.as_str())
                    || here.values.bound(name).iter().any(|bound| match bound {
                        Bound::To(value) => self.is_path(here, value, left),
                        Bound::PartOf(value) => value.call().is_some_and(|call| {
                            matches!(called_name(&call.callee), Some("partition" | "split"))
                                && matches!(&call.callee.kind, ExprKind::Member { object, .. } if self.is_path(here, object, left))
                        }),
                        _ => false,
                    })
            }
            ExprKind::Member { object, name, .. } if name == "path" => {
                object.dotted().as_deref() == Some("self") || self.is_parsed(here, object, left)
            }
            ExprKind::Index { object, index } => {
                let first = matches!(&index.kind, ExprKind::Literal(crate::facts::syntax::Literal::Integer(text)) if text == "0");
                let split = object.call().filter(|call| matches!(called_name(&call.callee), Some("split" | "partition")));
                let by_query = split.and_then(|call| call.arguments.first()).and_then(|argument| argument.value.string()) == Some("?");
                let of_path = split.is_some_and(|call| {
                    matches!(&call.callee.kind, ExprKind::Member { object, .. } if self.is_path(here, object, left))
                });
                first && by_query && of_path
            }
            ExprKind::Call(call) => match (&call.callee.kind, called_name(&call.callee)) {
                (ExprKind::Member { object, .. }, Some("rstrip" | "strip" | "lower" | "removesuffix")) => self.is_path(here, object, left),
                (_, Some("unquote" | "unquote_plus" | "normpath")) => {
                    call.arguments.first().is_some_and(|argument| self.is_path(here, &argument.value, left))
                }
                _ => false,
            },
            ExprKind::Logical { left: first, .. } => self.is_path(here, first, left),
            _ => false,
        }
    }

    /// Whether an expression is the path taken apart by `urllib.parse`.
    fn is_parsed(&self, here: &Here<'a>, expr: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        match &expr.kind {
            ExprKind::Name(name) => here.values.bound(name).iter().any(|bound| match bound {
                Bound::To(value) => self.is_parsed(here, value, left),
                _ => false,
            }),
            ExprKind::Call(call) => {
                let parses = matches!(called_name(&call.callee), Some("urlparse" | "urlsplit"));
                parses
                    && call
                        .arguments
                        .first()
                        .is_some_and(|argument| self.is_path(here, &argument.value, left))
            }
            _ => false,
        }
    }
}
