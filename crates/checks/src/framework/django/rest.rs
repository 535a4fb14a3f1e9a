//! Routers of Django REST framework: view sets below a prefix (<https://www.django-rest-framework.org/api-guide/routers/>).

use std::collections::BTreeMap;

use seaworthy_core::surface::Input;

use super::super::origins::anonymous;
use super::super::project::{Place, Project};
use super::super::routing::Routing;
use super::super::words::{keyword_or, method_names, text_within};
use super::python;
use super::urls::{Before, Walk, Written};
use super::views::{self, Answer, View};
use crate::facts::nodes::{Node, each_node};
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Literal, StmtKind};
use crate::facts::values::{called_name, keyword};

/// The methods of the two routes that every view set may have, and the actions that answer them.
const LIST: &[(&str, &str)] = &[("get", "list"), ("post", "create")];
const DETAIL: &[(&str, &str)] =
    &[("get", "retrieve"), ("put", "update"), ("patch", "partial_update"), ("delete", "destroy")];

/// The actions that classes of others bring.
const ACTIONS: &[(&str, &[&str])] = &[
    ("ModelViewSet", &["list", "create", "retrieve", "update", "partial_update", "destroy"]),
    ("ReadOnlyModelViewSet", &["list", "retrieve"]),
    ("ListModelMixin", &["list"]),
    ("CreateModelMixin", &["create"]),
    ("RetrieveModelMixin", &["retrieve"]),
    ("UpdateModelMixin", &["update", "partial_update"]),
    ("DestroyModelMixin", &["destroy"]),
];

/// A router.
#[derive(Clone)]
pub(super) struct Router<'a> {
    has_root: bool,
    slash: &'static str,
    registered: Vec<(usize, Vec<&'a Function>, &'a Expr, &'a Call)>,
    /// The routers whose view sets it takes over: `router.registry.extend(other.registry)`.
    takes: Vec<Place>,
}

/// The routers of the project, by the place of the call that makes each.
pub(super) struct Routers<'a> {
    by_place: BTreeMap<Place, Router<'a>>,
}

impl<'a> Routers<'a> {
    /// Finds them and what is registered on them.
    pub(super) fn of(project: &Project<'a>) -> Self {
        let mut routers = Self { by_place: BTreeMap::new() };
        for (at, file) in python(project).filter(|(_, file)| file.text.contains("Router")) {
            each_node(&file.syntax, &mut |node, _| {
                let Node::Expr(expr) = node else { return true };
                let Some(call) = expr.call() else { return true };
                let name = file.resolve(&call.callee).unwrap_or_default();
                let last = name.rsplit('.').next().unwrap_or_default();
                if name.contains('.') && matches!(last, "DefaultRouter" | "SimpleRouter") {
                    let bare = keyword(&call.arguments, "trailing_slash").is_some_and(|value| {
                        matches!(value.kind, ExprKind::Literal(Literal::Boolean(false)))
                    });
                    let router = Router {
                        has_root: last == "DefaultRouter",
                        slash: if bare { "" } else { "/" },
                        registered: Vec::new(),
                        takes: Vec::new(),
                    };
                    routers.by_place.insert(anonymous(at, expr), router);
                }
                true
            });
        }
        if !routers.by_place.is_empty() {
            routers.register(project);
        }
        routers
    }

    fn register(&mut self, project: &Project<'a>) {
        for (at, file) in python(project) {
            each_node(&file.syntax, &mut |node, around| {
                let Node::Expr(expr) = node else { return true };
                let Some(call) = expr.call() else { return true };
                let ExprKind::Member { object, name, .. } = &call.callee.kind else { return true };
                let within = super::super::project::within(around);
                match (name.as_str(), &object.kind) {
                    ("register", _) => {
                        for place in self.places(project, at, &within, object) {
                            if let Some(router) = self.by_place.get_mut(&place) {
                                router.registered.push((at, within.clone(), expr, call));
                            }
                        }
                    }
                    ("extend", ExprKind::Member { object, name, .. }) if name == "registry" => {
                        let taken = call.arguments.first().and_then(|first| match &first.value.kind {
                            ExprKind::Member { object, .. } => {
                                Some(self.places(project, at, &within, object))
                            }
                            _ => None,
                        });
                        for place in self.places(project, at, &within, object) {
                            if let Some(router) = self.by_place.get_mut(&place) {
                                router.takes.extend(taken.clone().unwrap_or_default());
                            }
                        }
                    }
                    _ => {}
                }
                true
            });
        }
    }

    fn places(
        &self,
        project: &Project<'a>,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Vec<Place> {
        let mut found = Vec::new();
        let mut left: Vec<(Place, usize)> = project
            .places(at, within, expr, super::STEPS)
            .into_iter()
            .map(|place| (place, super::STEPS))
            .collect();
        while let Some((place, steps)) = left.pop() {
            if self.by_place.contains_key(&place) {
                found.push(place);
            } else if let Some(steps) = steps.checked_sub(1) {
                left.extend(project.sources(&place).into_iter().map(|place| (place, steps)));
            }
        }
        found
    }

    /// The router that an expression means, with everything that is registered on it.
    pub(super) fn named(
        &self,
        routing: &Routing<'a>,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Option<Router<'a>> {
        let place = self.places(routing.project, at, within, expr).into_iter().next()?;
        let mut router = self.by_place.get(&place)?.clone();
        for taken in std::mem::take(&mut router.takes) {
            router
                .registered
                .extend(self.by_place.get(&taken).map(|other| other.registered.clone()).unwrap_or_default());
        }
        Some(router)
    }
}

/// The URLs of a router.
pub(super) fn urls<'a>(
    walk: &mut Walk<'_, 'a, '_>,
    router: &Router<'a>,
    at: (usize, Extent),
    before: &Before,
) {
    for (file, within, expr, call) in &router.registered {
        let written = (*file, expr.extent);
        let prefix = keyword_or(call, "prefix", 0)
            .and_then(|prefix| text_within(walk.project(), *file, within, prefix));
        let class = keyword_or(call, "viewset", 1)
            .and_then(|class| walk.project().class_within(*file, within, class));
        let (Some(prefix), Some((of, class))) = (prefix, class) else {
            walk.unread(
                written.0,
                written.1,
                "the prefix or the view set that is registered here could not be read",
            );
            continue;
        };
        let view = View::of(walk.project(), of, class);
        view_set(walk, router, &view, &prefix, written, before);
    }
    if router.has_root {
        let answer = Answer {
            method: "GET".to_owned(),
            function: None,
            guards: Vec::new(),
            inputs: Vec::<Input>::new(),
        };
        walk.answer(vec![answer], at, before);
    }
}

fn view_set<'a>(
    walk: &mut Walk<'_, 'a, '_>,
    router: &Router<'a>,
    view: &View<'a>,
    prefix: &str,
    at: (usize, Extent),
    before: &Before,
) {
    let project = walk.project();
    let text = |name: &str| {
        let (file, value) = view.attribute(name)?;
        text_within(project, file, &[], value)
    };
    let lookup = text("lookup_url_kwarg").or_else(|| text("lookup_field")).unwrap_or_else(|| "pk".to_owned());
    let value = text("lookup_value_regex").unwrap_or_else(|| "[^/.]+".to_owned());
    let lookup = format!("(?P<{lookup}>{value})");
    let restricted =
        view.attribute("http_method_names").and_then(|(at, list)| method_names(project, at, list));
    let allowed = |method: &str| restricted.as_ref().is_none_or(|all| all.contains(&method.to_uppercase()));
    let has = |action: &str| {
        let brings =
            |last: &String| ACTIONS.iter().any(|(of, actions)| of == last && actions.contains(&action));
        view.method(action).is_some() || view.others.iter().any(|(last, ..)| brings(last))
    };
    let join = |parts: &[&str]| {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        let slash = if parts.is_empty() { "" } else { router.slash };
        Written::Regex(format!("{}{slash}", parts.join("/")))
    };
    let guards = view.guards(project, walk.settings, None);
    for (parts, actions) in [(vec![prefix], LIST), (vec![prefix, lookup.as_str()], DETAIL)] {
        let present = actions.iter().filter(|(method, action)| has(action) && allowed(method));
        let answers: Vec<Answer<'a>> = present
            .map(|(method, action)| views::answer(project, view, (method, action), guards.clone()))
            .collect();
        put(walk, answers, at, before, &join(&parts));
    }
    for extra in extras(project, view) {
        let guards = view.guards(project, walk.settings, Some(extra.call));
        let answers = extra.methods.iter().filter(|(method, _)| allowed(method));
        let answers = answers.map(|(method, action)| {
            let answer = views::answer(project, view, (method, action), guards.clone());
            Answer { method: method.to_uppercase(), ..answer }
        });
        let lookup = if extra.is_detail { lookup.as_str() } else { "" };
        put(walk, answers.collect(), at, before, &join(&[prefix, lookup, &extra.path]));
    }
}

fn put<'a>(
    walk: &mut Walk<'_, 'a, '_>,
    answers: Vec<Answer<'a>>,
    at: (usize, Extent),
    before: &Before,
    written: &Written,
) {
    if answers.is_empty() {
        return;
    }
    match before.below(written) {
        Some(below) => walk.answer(answers, at, &below),
        None => walk.unread(at.0, at.1, "the path of this view set has parts that are not one value each"),
    }
}

/// A method of a view set that has a route of its own.
struct Extra<'a> {
    call: &'a Call,
    is_detail: bool,
    path: String,
    methods: Vec<(String, String)>,
}

/// `@action(detail=True, methods=["post"], url_path="..")`, and `@name.mapping.delete`.
fn extras<'a>(project: &Project<'a>, view: &View<'a>) -> Vec<Extra<'a>> {
    let mut found: Vec<(String, Extra<'a>)> = Vec::new();
    let functions = view.line.iter().flat_map(|(at, class)| {
        class.body.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Function(function) => Some((*at, &**function)),
            _ => None,
        })
    });
    for (at, function) in functions {
        for decorator in &function.decorators {
            if let Some(call) = decorator.call().filter(|call| called_name(&call.callee) == Some("action")) {
                let is_detail = keyword(&call.arguments, "detail")
                    .is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))));
                let methods =
                    keyword(&call.arguments, "methods").and_then(|list| method_names(project, at, list));
                let methods = methods.unwrap_or_else(|| vec!["GET".to_owned()]);
                let named = keyword(&call.arguments, "url_path");
                let path = named.and_then(|path| text_within(project, at, &[], path));
                let name = function.name.to_string();
                let methods =
                    methods.into_iter().map(|method| (method.to_lowercase(), name.clone())).collect();
                let path = path.unwrap_or_else(|| name.clone());
                found.push((name, Extra { call, is_detail, path, methods }));
            } else if let Some((of, method)) = decorator.dotted().and_then(|dotted| {
                let (of, method) = dotted.split_once(".mapping.")?;
                Some((of.to_owned(), method.to_owned()))
            }) && let Some((_, extra)) = found.iter_mut().find(|(name, _)| *name == of)
            {
                extra.methods.push((method, function.name.to_string()));
            }
        }
    }
    found.into_iter().map(|(_, extra)| extra).collect()
}
