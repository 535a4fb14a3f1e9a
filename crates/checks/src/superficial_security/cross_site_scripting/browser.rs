//! Scripts of a page: what a server answered, the address or the storage holds becomes part of the page as markup.
//!
//! Limit: names are followed within one file; of a function of another file it is only seen whether it fetches.

use std::collections::HashMap;

use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Argument, BinaryOp, Call, Expr, ExprKind, Extent, Function, Parameter, Stmt, StmtKind, TemplatePart,
};
use crate::facts::values::{Bound, FileValues, called_name, entry, returned};
use crate::facts::words::has_word;
use crate::language::Language;

/// Names, calls and parts that are followed from one sink.
const STEPS: usize = 400;
/// How deep.
const DEPTH: usize = 24;

/// Words that a file with a sink holds.
const SIGNS: &[&str] =
    &["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "InnerHTML", ".html("];

/// Fields that are numbers, whatever they are of.
const NUMBERS: &[&str] = &[
    "id", "length", "count", "index", "size", "total", "price", "stock", "quantity", "qty", "amount", "page",
    "score", "year", "width", "height", "status", "x", "y",
];

/// What `localStorage` gives.
const STORAGE: &str = "what the storage holds";

/// Something that gets into a page as markup.
pub(super) struct Arrived {
    /// The statement or call.
    pub(super) place: Extent,
    /// The value in it.
    pub(super) value: Extent,
    /// By what: `innerHTML`.
    pub(super) into: String,
    /// Where it comes from, and where that is in the file.
    pub(super) from: &'static str,
    pub(super) source: Extent,
    /// Whether others get it there only through this page or another of its origin.
    pub(super) is_own: bool,
}

/// What is found, and how many places were looked at.
pub(super) fn read(context: &Context<'_>, file: &SourceFile) -> (Vec<Arrived>, u64) {
    let (mut found, mut looked) = (Vec::new(), 0);
    let is_script = matches!(file.language, Language::JavaScript | Language::TypeScript) && !file.is_test;
    if !is_script || !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return (found, looked);
    }
    let mut page = Page::of(context, file);
    each_node(&file.syntax, &mut |node, around| {
        for (into, value) in sinks(node) {
            looked += 1;
            page.steps = STEPS;
            if let Some(taint) = page.markup(value, around, DEPTH) {
                let place = match node {
                    Node::Expr(expr) => expr.extent,
                    Node::Stmt(stmt) => stmt.extent,
                    Node::Handler(handler) => handler.extent,
                };
                found.push(Arrived {
                    place,
                    value: taint.value,
                    into: into.to_owned(),
                    from: taint.from,
                    source: taint.source,
                    is_own: taint.from == STORAGE,
                });
            }
        }
        true
    });
    (found, looked)
}

/// The values that a node makes markup of.
fn sinks(node: Node<'_>) -> Vec<(&str, &Expr)> {
    let written = |target: &Expr| matches!(&target.kind, ExprKind::Member { name, .. } if matches!(name.as_str(), "innerHTML" | "outerHTML"));
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            let target = assign.targets.first().filter(|target| written(target));
            target.and_then(called_name).zip(assign.value.as_ref()).into_iter().collect()
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }) if written(target) => {
            called_name(target).map(|name| (name, &**value)).into_iter().collect()
        }
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
            let Some(name) = called_name(&call.callee) else { return Vec::new() };
            let at = match (name, call.callee.dotted().as_deref()) {
                ("insertAdjacentHTML", _) => 1,
                (
                    "write" | "writeln",
                    Some("document.write" | "document.writeln" | "window.document.write"),
                ) => 0,
                ("html", _) if is_jquery(&call.callee) => 0,
                _ => return Vec::new(),
            };
            call.arguments.get(at).map(|given| (name, &given.value)).into_iter().collect()
        }
        Node::Expr(Expr { kind: ExprKind::Markup(markup), .. }) => markup
            .attributes
            .iter()
            .filter(|(name, _)| name == "dangerouslySetInnerHTML")
            .filter_map(|(name, value)| Some((name.as_str(), entry(value.as_ref()?, "__html")?)))
            .collect(),
        _ => Vec::new(),
    }
}

/// `$("#list").html(..)`.
fn is_jquery(callee: &Expr) -> bool {
    match &callee.kind {
        ExprKind::Member { object, .. } => is_jquery(object),
        ExprKind::Call(call) => is_jquery(&call.callee),
        ExprKind::Name(name) => matches!(name.as_str(), "$" | "jQuery") || name.starts_with('$'),
        _ => false,
    }
}

/// Something that nobody of this page has written.
#[derive(Clone, Copy)]
struct Taint {
    value: Extent,
    from: &'static str,
    source: Extent,
}

type Site<'a> = (&'a Call, Vec<Node<'a>>);

/// One script.
struct Page<'a, 'c> {
    context: &'c Context<'a>,
    file: &'a SourceFile,
    values: FileValues<'a>,
    /// Every call by the last name of what is called.
    calls: HashMap<&'a str, Vec<Site<'a>>>,
    /// Where a function is handed to somebody by its name: `.then(show)`.
    handed: HashMap<&'a str, Vec<Site<'a>>>,
    /// The calls that are given a function as it is written.
    given: HashMap<*const Function, Site<'a>>,
    functions: HashMap<&'a str, (&'a Function, Vec<Node<'a>>)>,
    steps: usize,
}

impl<'a, 'c> Page<'a, 'c> {
    fn of(context: &'c Context<'a>, file: &'a SourceFile) -> Self {
        let mut page = Self {
            context,
            file,
            values: FileValues::of(&file.syntax),
            calls: HashMap::new(),
            handed: HashMap::new(),
            given: HashMap::new(),
            functions: HashMap::new(),
            steps: STEPS,
        };
        each_node(&file.syntax, &mut |node, around| {
            if let Some(call) = node.expr().and_then(Expr::call) {
                if let Some(name) = called_name(&call.callee) {
                    page.calls.entry(name).or_default().push((call, around.to_vec()));
                }
                for Argument { value, .. } in &call.arguments {
                    match &value.kind {
                        ExprKind::Name(name) => {
                            page.handed.entry(name).or_default().push((call, around.to_vec()))
                        }
                        ExprKind::Function(function) => {
                            page.given.insert(std::ptr::from_ref(&**function), (call, around.to_vec()));
                        }
                        _ => {}
                    }
                }
            }
            if let Some(function) = node.function() {
                let bound = match around.last() {
                    Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
                        assign.targets.first().and_then(called_name)
                    }
                    _ => None,
                };
                let name = Some(function.name.as_str()).filter(|name| !name.is_empty()).or(bound);
                if let Some(name) = name {
                    let mut inside = around.to_vec();
                    inside.push(node);
                    page.functions.entry(name).or_insert((function, inside));
                }
            }
            true
        });
        page
    }

    /// Whether a value becomes markup with something of others in it.
    fn markup(&mut self, expr: &'a Expr, around: Around<'a, '_>, depth: usize) -> Option<Taint> {
        // A part of a page that a server made is fetched, or kept, as a whole: that server has to escape.
        let origins = self.values.origins(expr, around);
        if origins.iter().all(|origin| self.is_whole_answer(origin, around, DEPTH)) {
            return None;
        }
        self.taint(expr, around, depth)
    }

    /// Whether a value is the text of an answer as a whole: `await response.text()`, what `.then((response) => response.text())` hands on.
    fn is_whole_answer(&mut self, expr: &'a Expr, around: Around<'a, '_>, depth: usize) -> bool {
        let Some(left) = depth.checked_sub(1) else { return false };
        match &expr.kind {
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => {
                self.is_whole_answer(value, around, left)
            }
            ExprKind::Call(call) => {
                let given = match (called_name(&call.callee), call.arguments.first()) {
                    (Some("text" | "getItem"), _) => return true,
                    (Some("then"), Some(given)) => &given.value,
                    _ => &call.callee,
                };
                let Some((function, inside)) = self.function_of(given, around) else { return false };
                let given_back = returned(function);
                !given_back.is_empty()
                    && given_back.into_iter().all(|value| self.is_whole_answer(value, &inside, left))
            }
            ExprKind::Name(name) => {
                let bound = self.values.bound(name, around);
                !bound.is_empty()
                    && bound.into_iter().all(|bound| match bound {
                        Bound::To(value) => self.is_whole_answer(value, around, left),
                        Bound::Parameter(parameter) => self.is_handed_whole(parameter, around, left),
                        Bound::Updated(..) | Bound::PartOf(_) => false,
                    })
            }
            _ => false,
        }
    }

    /// Whether a parameter is what a promise of a whole answer hands on.
    fn is_handed_whole(&mut self, parameter: &'a Parameter, around: Around<'a, '_>, left: usize) -> bool {
        let is_its = |function: &&Function| {
            function.parameters.first().is_some_and(|first| std::ptr::eq(first, parameter))
        };
        let function = around.iter().rev().filter_map(|node| node.function()).find(is_its);
        let Some((call, around)) =
            function.and_then(|function| self.given.get(&std::ptr::from_ref(function)).cloned())
        else {
            return false;
        };
        match &call.callee.kind {
            ExprKind::Member { object, name, .. } if name == "then" => {
                self.is_whole_answer(object, &around, left)
            }
            _ => false,
        }
    }

    /// Whether a value holds something of others that is not escaped.
    fn taint(&mut self, expr: &'a Expr, around: Around<'a, '_>, depth: usize) -> Option<Taint> {
        let left = depth.checked_sub(1)?;
        self.steps = self.steps.checked_sub(1)?;
        if let Some(from) = source(expr) {
            return Some(Taint { value: expr.extent, from, source: expr.extent });
        }
        let here = |taint: Taint| Taint { value: expr.extent, ..taint };
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, around, left).map(here),
            ExprKind::Member { object, name, .. } => {
                let is_number =
                    NUMBERS.contains(&name.as_str()) || has_word(name, &["id", "count", "price", "total"]);
                if is_number { None } else { self.taint(object, around, left).map(here) }
            }
            ExprKind::Index { object, .. } => self.taint(object, around, left).map(here),
            ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Spread(value) => {
                self.taint(value, around, left)
            }
            ExprKind::Template(template) => template.parts.iter().find_map(|part| match part {
                TemplatePart::Value(value) => self.taint(value, around, left),
                TemplatePart::Text(_) => None,
            }),
            ExprKind::Binary { op: BinaryOp::Add, left: first, right: second }
            | ExprKind::Logical { left: first, right: second, .. }
            | ExprKind::Conditional { then: first, otherwise: second, .. } => {
                self.taint(first, around, left).or_else(|| self.taint(second, around, left))
            }
            ExprKind::Sequence { items, .. } => items.iter().find_map(|item| self.taint(item, around, left)),
            ExprKind::Call(call) => self.call(call, around, left),
            _ => None,
        }
    }

    fn call(&mut self, call: &'a Call, around: Around<'a, '_>, left: usize) -> Option<Taint> {
        let name = called_name(&call.callee)?;
        let path = call.callee.dotted().unwrap_or_default();
        let is_clean = has_word(
            name,
            &[
                "escape", "esc", "sanitize", "sanitise", "purify", "encode", "clean", "safe", "strip",
                "format", "number", "url",
            ],
        ) || has_word(&path, &["purify", "sanitizer", "sanitize", "escape"])
            || matches!(
                name,
                "Number"
                    | "parseInt"
                    | "parseFloat"
                    | "toFixed"
                    | "encodeURIComponent"
                    | "encodeURI"
                    | "toLocaleString"
                    | "toLocaleDateString"
                    | "toISOString"
                    | "getTime"
                    | "indexOf"
                    | "Boolean"
                    | "t"
                    | "h"
                    | "e"
            );
        if is_clean {
            return None;
        }
        if let ExprKind::Member { object, .. } = &call.callee.kind {
            match name {
                "map" | "flatMap" => {
                    let function = call.arguments.first()?;
                    let (function, inside) = self.function_of(&function.value, around)?;
                    return self.given_back(function, &inside, left);
                }
                "join" | "filter" | "slice" | "sort" | "reverse" | "concat" | "trim" | "toString" | "at"
                | "find" | "toUpperCase" | "toLowerCase" | "replace" | "json" | "text" | "get" | "split"
                | "substring" | "substr" | "pop" | "shift" | "then" | "values" | "entries" | "data" => {
                    // `.replace(/</g, "&lt;")` escapes.
                    let first = call.arguments.first().map(|given| self.file.text_of(given.value.extent));
                    let escapes = name == "replace"
                        && first.is_some_and(|first| first.contains('<') || first.contains("[&"));
                    return if escapes { None } else { self.taint(object, around, left) };
                }
                _ => {}
            }
        }
        if matches!(
            path.as_str(),
            "decodeURIComponent" | "decodeURI" | "String" | "JSON.parse" | "atob" | "unescape"
        ) {
            return self.taint(&call.arguments.first()?.value, around, left);
        }
        if let Some((function, inside)) = self.function_of(&call.callee, around) {
            return self.given_back(function, &inside, left);
        }
        // Of another file: whether it fetches.
        let (_, function) = called_function(self.context, self.file, &call.callee)?;
        let mut fetches = false;
        each_in_body(&function.body, &mut |node, _| {
            fetches |= node.expr().and_then(source).is_some();
            !fetches
        });
        fetches.then_some(Taint {
            value: call.callee.extent,
            from: "what a server answered",
            source: call.callee.extent,
        })
    }

    /// A function that is written here, or one of this file by its name.
    fn function_of(&self, expr: &'a Expr, around: Around<'a, '_>) -> Option<(&'a Function, Vec<Node<'a>>)> {
        match &expr.kind {
            ExprKind::Function(function) => {
                let mut inside = around.to_vec();
                inside.push(Node::Expr(expr));
                Some((function, inside))
            }
            ExprKind::Name(name) => self.functions.get(name.as_str()).cloned(),
            _ => None,
        }
    }

    fn given_back(&mut self, function: &'a Function, inside: &[Node<'a>], left: usize) -> Option<Taint> {
        returned(function).into_iter().find_map(|value| self.taint(value, inside, left))
    }

    fn name(&mut self, name: &'a str, around: Around<'a, '_>, left: usize) -> Option<Taint> {
        let bound = self.values.bound(name, around);
        bound.into_iter().find_map(|bound| match bound {
            Bound::To(value) | Bound::Updated(_, value) => self.taint(value, around, left),
            Bound::PartOf(value) => {
                let state = value.call().is_some_and(|call| called_name(&call.callee) == Some("useState"));
                if state { self.state(value, around, left) } else { self.taint(value, around, left) }
            }
            Bound::Parameter(parameter) => self.parameter(parameter, around, left),
        })
    }

    /// `const [post, setPost] = useState()`: what the second is called with, the first holds.
    fn state(&mut self, made: &'a Expr, around: Around<'a, '_>, left: usize) -> Option<Taint> {
        let mut setter = None;
        for function in around.iter().filter_map(|node| node.function()) {
            each_in_body(&function.body, &mut |node, _| {
                if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
                    && assign.value.as_ref().is_some_and(|value| std::ptr::eq(value, made))
                    && let Some(ExprKind::Sequence { items, .. }) =
                        assign.targets.first().map(|target| &target.kind)
                {
                    setter = items.get(1).and_then(called_name);
                }
                setter.is_none()
            });
        }
        let setter = setter?;
        let called = self.calls.get(setter).cloned().unwrap_or_default();
        let direct = called
            .into_iter()
            .find_map(|(call, around)| self.taint(&call.arguments.first()?.value, &around, left));
        direct.or_else(|| {
            let handed = self.handed.get(setter).cloned().unwrap_or_default();
            handed.into_iter().find_map(|(call, around)| self.receiver(call, &around, left))
        })
    }

    /// Whoever calls the function: by name, or as what `.map(..)`, `.then(..)` and a listener are given.
    fn parameter(&mut self, parameter: &'a Parameter, around: Around<'a, '_>, left: usize) -> Option<Taint> {
        let function = around
            .iter()
            .rev()
            .filter_map(|node| node.function())
            .find(|function| function.parameters.iter().any(|own| std::ptr::eq(own, parameter)))?;
        let at = function.parameters.iter().position(|own| std::ptr::eq(own, parameter))?;
        if let Some((call, around)) = self.given.get(&std::ptr::from_ref(function)).cloned() {
            let is_message = called_name(&call.callee) == Some("addEventListener")
                && call.arguments.first().and_then(|given| given.value.string()) == Some("message");
            if is_message {
                let place = parameter.pattern.extent;
                return Some(Taint { value: place, from: "what another window sent", source: place });
            }
            // The second of `.map` is a number, the second of `.reduce` an item.
            let is_item = at == 0 || called_name(&call.callee) == Some("reduce");
            return if is_item { self.receiver(call, &around, left) } else { None };
        }
        let name = self
            .functions
            .iter()
            .find(|(_, (known, _))| std::ptr::eq(*known, function))
            .map(|(name, _)| *name)?;
        let called = self.calls.get(name).cloned().unwrap_or_default();
        let direct = called
            .into_iter()
            .find_map(|(call, around)| self.taint(&call.arguments.get(at)?.value, &around, left));
        direct.or_else(|| {
            let handed = self.handed.get(name).cloned().unwrap_or_default();
            handed
                .into_iter()
                .filter(|_| at == 0)
                .find_map(|(call, around)| self.receiver(call, &around, left))
        })
    }

    /// What `.map(..)`, `.forEach(..)` and `.then(..)` hand on.
    fn receiver(&mut self, call: &'a Call, around: Around<'a, '_>, left: usize) -> Option<Taint> {
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
        let hands_on =
            matches!(name.as_str(), "map" | "forEach" | "then" | "filter" | "flatMap" | "reduce" | "find");
        let from = object.call().filter(|inner| name == "then" && called_name(&inner.callee) == Some("then"));
        // `.then((response) => response.json()).then((data) => ..)`.
        if let Some(inner) = from
            && let Some(function) = inner.arguments.first()
            && let Some((function, inside)) = self.function_of(&function.value, around)
        {
            return self.given_back(function, &inside, left);
        }
        if hands_on { self.taint(object, around, left) } else { None }
    }
}

/// Where something of others comes in.
fn source(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Call(call) => {
            let path = call.callee.dotted().unwrap_or_default();
            match path.as_str() {
                "fetch" | "window.fetch" | "axios" | "axios.get" | "axios.post" | "$.getJSON" | "$.get"
                | "$.ajax" | "$.post" => Some("what a server answered"),
                "localStorage.getItem" | "sessionStorage.getItem" | "window.localStorage.getItem" => {
                    Some(STORAGE)
                }
                _ => None,
            }
        }
        ExprKind::Member { .. } => {
            let path = expr.dotted()?;
            let path = path.strip_prefix("window.").or(path.strip_prefix("document.")).unwrap_or(&path);
            match path {
                "location.search" | "location.hash" | "location.href" | "URL" | "documentURI"
                | "referrer" => Some("the address"),
                _ => None,
            }
        }
        _ => None,
    }
}
