//! `urlpatterns`: lists of `path` and `re_path`, what they include, and lists that are added to one another.

use std::collections::BTreeSet;

use super::super::path;
use super::super::project::{ExprAt, Project, STEPS};
use super::super::routing::{Answering, Framework, Routing, handler};
use super::super::words::{keyword_or, text_within};
use super::settings::Settings;
use super::{is_named, module, rest, top, views};
use crate::facts::syntax::{BinaryOp, Call, Expr, ExprKind, Extent, StmtKind};
use crate::facts::values::called_name;
use seaworthy_core::surface::{Input, Route};

/// Files that include files, and lists in lists, that are followed.
const DEPTH: usize = 12;

/// The path before something, with the values in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// Without the slash that every path begins with.
    path: String,
    inputs: Vec<Input>,
    depth: usize,
}

impl From<String> for Before {
    fn from(path: String) -> Self {
        Self { path, inputs: Vec::new(), depth: 0 }
    }
}

impl Before {
    /// What stands below a part of a path.
    pub(super) fn below(&self, written: &Written) -> Option<Self> {
        let pattern = match written {
            Written::Route(text) => path::flask(text),
            Written::Regex(text) => {
                let text = text.trim_start_matches('^').trim_start_matches("\\A");
                let mut pattern = path::regex(&format!("/{text}"), &[])?;
                pattern.path.remove(0);
                pattern
            }
        };
        let mut inputs = self.inputs.clone();
        inputs.extend(pattern.inputs);
        Some(Self { path: format!("{}{}", self.path, pattern.path), inputs, depth: self.depth })
    }

    fn deeper(&self) -> Option<Self> {
        (self.depth < DEPTH).then(|| Self { depth: self.depth + 1, ..self.clone() })
    }
}

/// A part of a path as it is written.
pub(super) enum Written {
    /// `orders/<int:id>/`
    Route(String),
    /// `^orders/(?P<id>\d+)/$`
    Regex(String),
}

/// Goes through the files of URLs.
pub(super) struct Walk<'r, 'a, 's> {
    pub(super) routing: &'r mut Routing<'a>,
    pub(super) settings: &'s Settings<'a>,
    /// The routers of Django REST framework, and what is registered on them.
    pub(super) routers: rest::Routers<'a>,
    reached: BTreeSet<usize>,
}

impl<'r, 'a, 's> Walk<'r, 'a, 's> {
    /// Nothing read yet.
    pub(super) fn new(routing: &'r mut Routing<'a>, settings: &'s Settings<'a>) -> Self {
        let routers = rest::Routers::of(routing.project);
        Self { routing, settings, routers, reached: BTreeSet::new() }
    }

    /// The files whose URLs were read.
    pub(super) fn reached(&self) -> &BTreeSet<usize> {
        &self.reached
    }

    /// Notes what could not be understood.
    pub(super) fn unread(&mut self, at: usize, extent: Extent, why: &str) {
        self.routing.unread(at, extent, why);
    }

    pub(super) fn project(&self) -> &'a Project<'a> {
        self.routing.project
    }

    /// The URLs of a file, below what is before them.
    pub(super) fn module(&mut self, at: usize, before: &mut Before) {
        let (Some(before), Some(file)) = (before.deeper(), self.project().file(at)) else { return };
        self.reached.insert(at);
        let mut statements = Vec::new();
        top(&file.syntax.body, &mut statements);
        for stmt in statements {
            match &stmt.kind {
                StmtKind::Assign(assign)
                    if assign.targets.iter().any(|target| is_named(target, "urlpatterns")) =>
                {
                    if let Some(value) = &assign.value {
                        self.list((at, Vec::new(), value), &before);
                    }
                }
                StmtKind::Expr(expr) => self.added(at, expr, &before),
                _ => {}
            }
        }
    }

    /// `urlpatterns.append(path(..))`.
    fn added(&mut self, at: usize, expr: &'a Expr, before: &Before) {
        let Some(call) = expr.call() else { return };
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
        if is_named(object, "urlpatterns")
            && let Some(last) = call.arguments.last()
        {
            match name.as_str() {
                "append" | "insert" => self.item((at, Vec::new(), &last.value), before),
                "extend" => self.list((at, Vec::new(), &last.value), before),
                _ => self.unread(at, expr.extent, "how the URLs are changed here could not be read"),
            }
        }
    }

    /// A list of URLs.
    fn list(&mut self, (at, within, expr): ExprAt<'a>, before: &Before) {
        let Some(before) = before.deeper() else { return };
        match &expr.kind {
            ExprKind::Sequence { items, .. } => {
                for item in items {
                    self.item((at, within.clone(), item), &before);
                }
            }
            ExprKind::Binary { op: BinaryOp::Add, left, right } => {
                self.list((at, within.clone(), left), &before);
                self.list((at, within, right), &before);
            }
            ExprKind::Name(name) if name == "urlpatterns" => {}
            ExprKind::Call(call) => match called_name(&call.callee) {
                // Files, which are no routes of the program.
                Some("static" | "staticfiles_urlpatterns" | "debug_toolbar_urls") => {}
                // The suffix `.json` is added to what there is.
                Some("format_suffix_patterns" | "list" | "decorator_include") => {
                    if let Some(first) = call.arguments.first() {
                        self.list((at, within, &first.value), &before);
                    }
                }
                Some("i18n_patterns") => {
                    let below = before.below(&Written::Route("<str:language>/".to_owned()));
                    for argument in &call.arguments {
                        if let Some(below) = below.as_ref().filter(|_| argument.name.is_none()) {
                            self.item((at, within.clone(), &argument.value), below);
                        }
                    }
                }
                _ => self.item((at, within, expr), &before),
            },
            ExprKind::Member { name, .. } if name == "urls" || name == "urlpatterns" => {
                self.included((at, within, expr), &before);
            }
            ExprKind::Name(_) | ExprKind::Member { .. } => {
                let origins = self.project().origins(at, &within, expr, STEPS);
                for origin in origins {
                    if std::ptr::eq(origin.2, expr) {
                        self.unread(at, expr.extent, "a list of URLs that could not be read");
                    } else {
                        self.list(origin, &before);
                    }
                }
            }
            _ => self.unread(at, expr.extent, "a list of URLs that is made at run time"),
        }
    }

    /// One URL, or what brings several.
    fn item(&mut self, (at, within, expr): ExprAt<'a>, before: &Before) {
        if let ExprKind::Spread(value) = &expr.kind {
            return self.list((at, within, value), before);
        }
        let call = match &expr.kind {
            ExprKind::Call(call) => call,
            // A URL that has a name of its own.
            ExprKind::Name(_) => {
                let origins = self.project().origins(at, &within, expr, STEPS);
                return match origins.as_slice() {
                    [origin] if origin.2.call().is_some() => self.item(origin.clone(), before),
                    _ => self.unread(at, expr.extent, "a URL that could not be read"),
                };
            }
            _ => return self.unread(at, expr.extent, "a URL that could not be read"),
        };
        let name = called_name(&call.callee).unwrap_or_default();
        let route = keyword_or(call, if name == "path" { "route" } else { "regex" }, 0);
        let (Some(route), Some(view)) = (route, keyword_or(call, "view", 1)) else {
            if name == "include" {
                return self.included((at, within, expr), before);
            }
            return self.unread(at, expr.extent, "a URL that could not be read");
        };
        let text = text_within(self.project(), at, &within, route);
        let written = match (name, text) {
            ("path", Some(text)) => Written::Route(text),
            ("re_path" | "url", Some(text)) => Written::Regex(text),
            (_, None) => return self.unread(at, expr.extent, "the path of this URL is not written as text"),
            _ => return self.unread(at, expr.extent, "a URL that could not be read"),
        };
        let Some(below) = before.below(&written) else {
            return self.unread(
                at,
                expr.extent,
                "the path of this URL has parts that are not one value each",
            );
        };
        if view.call().is_some_and(|call| called_name(&call.callee) == Some("include"))
            || matches!(&view.kind, ExprKind::Member { name, .. } if name == "urls")
        {
            return self.included((at, within, view), &below);
        }
        self.view((at, within, view), (at, expr.extent), &below);
    }

    /// `include("shop.urls")`, `include((patterns, "name"))`, `include(router.urls)`, `router.urls`.
    fn included(&mut self, (at, within, expr): ExprAt<'a>, before: &Before) {
        let Some(before) = before.deeper() else { return };
        let included = expr
            .call()
            .filter(|call| called_name(&call.callee) == Some("include"))
            .and_then(|call| keyword_or(call, "arg", 0));
        let written = included.unwrap_or(expr);
        // With the name of the application beside it.
        let written = match &written.kind {
            ExprKind::Sequence { kind: crate::facts::syntax::SequenceKind::Tuple, items } => {
                items.first().unwrap_or(written)
            }
            _ => written,
        };
        if let Some(dotted) = text_within(self.project(), at, &within, written) {
            return match module(self.project(), &dotted) {
                Some(file) => self.module(file, &mut before.clone()),
                None if dotted.starts_with("django.") => {}
                None => {
                    let why = format!(
                        "the routes of the package {} are not read",
                        dotted.split('.').next().unwrap_or_default()
                    );
                    self.unread(at, expr.extent, &why);
                }
            };
        }
        if let ExprKind::Member { object, name, .. } = &written.kind
            && name == "urls"
        {
            if object.dotted().is_some_and(|object| object.ends_with("site")) {
                return;
            }
            if let Some(router) = self.routers.named(self.routing, at, &within, object) {
                return rest::urls(self, &router, (at, expr.extent), &before);
            }
        }
        if let Some(file) = written.dotted().and_then(|dotted| self.project().module(at, &dotted)) {
            return self.module(file, &mut before.clone());
        }
        match &written.kind {
            ExprKind::Sequence { .. } | ExprKind::Name(_) | ExprKind::Binary { .. } => {
                self.list((at, within, written), &before)
            }
            _ => self.unread(at, expr.extent, "what is included here could not be read"),
        }
    }

    /// A view at a path.
    fn view(&mut self, view: ExprAt<'a>, at: (usize, Extent), below: &Before) {
        let answers = views::answers(self.project(), self.settings, &view);
        if answers.is_empty() {
            return self.unread(at.0, at.1, "the view of this URL could not be told");
        }
        self.answer(answers, at, below);
    }

    /// Notes who answers at a path.
    pub(super) fn answer(&mut self, answers: Vec<views::Answer<'a>>, at: (usize, Extent), below: &Before) {
        for answer in answers {
            let mut inputs = below.inputs.clone();
            inputs.extend(answer.inputs);
            let route = Route {
                method: answer.method,
                path: format!("/{}", below.path),
                handler: handler(self.routing.project, answer.function),
                inputs,
            };
            let mut guards = self.settings.middleware.clone();
            guards.extend(answer.guards);
            let answering = Answering { function: answer.function, guards };
            self.routing.answered(Framework::Django, at, route, answering);
        }
    }
}

/// Whether a call is one that wraps a view: anything that is neither `path` nor the view itself.
pub(super) fn is_as_view(call: &Call) -> bool {
    called_name(&call.callee) == Some("as_view")
}
