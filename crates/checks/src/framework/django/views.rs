//! Views: functions with their decorators, and classes with what they build on
//! (<https://docs.djangoproject.com/en/5.2/topics/class-based-views/>).

use seaworthy_core::surface::Input;

use super::super::project::{ExprAt, FunctionAt, Project, STEPS};
use super::super::web::{Guard, Reach};
use super::super::words::method_names;
use super::settings::{DEFAULTS, Settings};
use super::urls::is_as_view;
use super::{fields, is_named};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Call, Class, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};

/// Methods of HTTP that a class may answer, and how they are called in it.
const METHODS: &[(&str, &str)] =
    &[("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];

/// What the classes of Django and of Django REST framework answer by themselves.
const GENERIC: &[(&str, &[&str])] = &[
    ("TemplateView", &["get"]),
    ("RedirectView", &["get", "post", "put", "patch", "delete"]),
    ("ListView", &["get"]),
    ("DetailView", &["get"]),
    ("CreateView", &["get", "post", "put"]),
    ("UpdateView", &["get", "post", "put"]),
    ("DeleteView", &["get", "post", "delete"]),
    ("FormView", &["get", "post", "put"]),
    ("ArchiveIndexView", &["get"]),
    ("YearArchiveView", &["get"]),
    ("MonthArchiveView", &["get"]),
    ("DayArchiveView", &["get"]),
    ("DateDetailView", &["get"]),
    ("LoginView", &["get", "post", "put"]),
    ("LogoutView", &["post"]),
    ("PasswordChangeView", &["get", "post", "put"]),
    ("PasswordChangeDoneView", &["get"]),
    ("PasswordResetView", &["get", "post", "put"]),
    ("PasswordResetDoneView", &["get"]),
    ("PasswordResetConfirmView", &["get", "post", "put"]),
    ("PasswordResetCompleteView", &["get"]),
    ("ListAPIView", &["get"]),
    ("CreateAPIView", &["post"]),
    ("RetrieveAPIView", &["get"]),
    ("UpdateAPIView", &["put", "patch"]),
    ("DestroyAPIView", &["delete"]),
    ("ListCreateAPIView", &["get", "post"]),
    ("RetrieveUpdateAPIView", &["get", "put", "patch"]),
    ("RetrieveDestroyAPIView", &["get", "delete"]),
    ("RetrieveUpdateDestroyAPIView", &["get", "put", "patch", "delete"]),
    ("ObtainAuthToken", &["post"]),
    ("TokenObtainPairView", &["post"]),
    ("TokenRefreshView", &["post"]),
    ("TokenVerifyView", &["post"]),
];

/// Where a class that answers by itself is told what to do, by method or action.
const INSTEAD: &[(&str, &[&str])] = &[
    ("get", &["list", "retrieve", "get_context_data", "get_queryset", "get_object"]),
    ("list", &["get_queryset"]),
    ("retrieve", &["get_object", "get_queryset"]),
    ("post", &["create", "perform_create", "form_valid"]),
    ("create", &["perform_create"]),
    ("put", &["update", "perform_update", "form_valid"]),
    ("update", &["perform_update"]),
    ("patch", &["partial_update", "update", "perform_update"]),
    ("partial_update", &["update", "perform_update"]),
    ("delete", &["destroy", "perform_destroy", "form_valid"]),
    ("destroy", &["perform_destroy"]),
];

/// Who answers one method.
pub(super) struct Answer<'a> {
    pub(super) method: String,
    pub(super) function: Option<FunctionAt<'a>>,
    pub(super) guards: Vec<Guard<'a>>,
    pub(super) inputs: Vec<Input>,
}

/// A class with everything that it builds on.
pub(super) struct View<'a> {
    /// Itself and the classes of the project that it builds on, nearest first.
    pub(super) line: Vec<(usize, &'a Class)>,
    /// The classes of others, by their last name, and where they are named.
    pub(super) others: Vec<(String, String, usize, &'a Expr)>,
}

impl<'a> View<'a> {
    /// Follows the bases.
    pub(super) fn of(project: &Project<'a>, at: usize, class: &'a Class) -> Self {
        let mut view = Self { line: Vec::new(), others: Vec::new() };
        view.follow(project, at, class, STEPS);
        view
    }

    fn follow(&mut self, project: &Project<'a>, at: usize, class: &'a Class, steps: usize) {
        let Some(left) = steps.checked_sub(1) else { return };
        if self.line.iter().any(|(_, known)| std::ptr::eq(*known, class)) {
            return;
        }
        self.line.push((at, class));
        for base in &class.bases {
            match project.class_within(at, &[], &base.value) {
                Some((at, class)) => self.follow(project, at, class, left),
                None => {
                    let name =
                        project.file(at).and_then(|file| file.resolve(&base.value)).unwrap_or_default();
                    let last = called_name(&base.value).unwrap_or_default().to_owned();
                    self.others.push((last, name, at, &base.value));
                }
            }
        }
    }

    /// The nearest method of a name.
    pub(super) fn method(&self, name: &str) -> Option<FunctionAt<'a>> {
        self.line.iter().find_map(|(at, class)| {
            class.body.iter().find_map(|stmt| match &stmt.kind {
                StmtKind::Function(function) if function.name == name => Some((*at, &**function)),
                _ => None,
            })
        })
    }

    /// The nearest value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<(usize, &'a Expr)> {
        self.line.iter().find_map(|(at, class)| {
            class.body.iter().rev().find_map(|stmt| match &stmt.kind {
                StmtKind::Assign(assign) if assign.targets.iter().any(|target| is_named(target, name)) => {
                    assign.value.as_ref().map(|value| (*at, value))
                }
                _ => None,
            })
        })
    }

    /// Whether it is one of Django REST framework.
    pub(super) fn is_rest(&self) -> bool {
        self.others.iter().any(|(last, name, ..)| {
            name.starts_with("rest_framework") || last.ends_with("APIView") || last.ends_with("ViewSet")
        })
    }

    /// The method that answers, or the one that tells the class what to do.
    pub(super) fn answering(&self, name: &str) -> Option<FunctionAt<'a>> {
        let instead = INSTEAD.iter().find(|(of, _)| *of == name).map(|(_, instead)| *instead);
        self.method(name).or_else(|| instead.into_iter().flatten().find_map(|name| self.method(name)))
    }

    /// What stands before every method: mixins, decorators of the class, and the classes that Django REST framework asks.
    pub(super) fn guards(
        &self,
        project: &Project<'a>,
        settings: &Settings<'a>,
        options: Option<&'a Call>,
    ) -> Vec<Guard<'a>> {
        let mut guards = Vec::new();
        for (at, class) in &self.line {
            guards.extend(class.decorators.iter().map(|expr| guard(project, *at, expr, None)));
            for base in &class.bases {
                let name = called_name(&base.value).unwrap_or_default();
                let asks = name.ends_with("Mixin")
                    && !matches!(
                        name,
                        "CreateModelMixin"
                            | "ListModelMixin"
                            | "RetrieveModelMixin"
                            | "UpdateModelMixin"
                            | "DestroyModelMixin"
                    );
                if asks {
                    let function = project.class_within(*at, &[], &base.value).and_then(|(file, class)| {
                        let asked = ["dispatch", "test_func", "has_permission", "get_queryset", "setup"];
                        asked.iter().find_map(|name| project.method_of(file, class, name, STEPS))
                    });
                    let function = function
                        .or_else(|| self.method("test_func").filter(|_| name == "UserPassesTestMixin"));
                    guards.push(Guard {
                        file: *at,
                        expr: &base.value,
                        option: None,
                        function,
                        reach: Reach::Route,
                    });
                }
            }
        }
        if self.is_rest() {
            let permissions = self.method("get_permissions");
            // What is given back there stands in the place of the classes, unless it asks for them.
            let instead = permissions.is_some_and(|(_, function)| !falls_back(function));
            for (_, attribute) in
                DEFAULTS.iter().filter(|(_, one)| !(instead && *one == "permission_classes"))
            {
                let own = options.and_then(|call| keyword(&call.arguments, attribute));
                let at = self.line.first().map_or(0, |(at, _)| *at);
                let own = own.map(|list| (at, list)).or_else(|| self.attribute(attribute));
                match own {
                    Some((at, list)) => guards.extend(asked(project, at, list, attribute)),
                    None => guards.extend(defaults(settings, attribute)),
                }
            }
            if let Some((at, function)) = permissions {
                guards.extend(made(project, at, function));
            }
        }
        guards
    }
}

/// Whether `get_permissions` asks for the classes that the view or the settings name.
fn falls_back(function: &Function) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        found |= node.expr().is_some_and(|expr| match &expr.kind {
            ExprKind::Name(name) => name == "super",
            ExprKind::Member { name, .. } => name == "permission_classes",
            _ => false,
        });
        !found
    });
    found
}

/// What the settings put in the place of an attribute.
fn defaults<'s, 'a>(
    settings: &'s Settings<'a>,
    attribute: &str,
) -> impl Iterator<Item = Guard<'a>> + use<'s, 'a> {
    let attribute = attribute.to_owned();
    settings.defaults.iter().filter(move |(of, _)| *of == attribute).map(|(_, guard)| guard.clone())
}

/// The classes of a list: `permission_classes = [IsAuthenticated & IsOwner]`.
fn asked<'a>(project: &Project<'a>, at: usize, list: &'a Expr, option: &'static str) -> Vec<Guard<'a>> {
    let origins = project.origins(at, &[], list, STEPS);
    let mut found = Vec::new();
    for (at, _, origin) in origins {
        let items: Vec<&'a Expr> = match &origin.kind {
            ExprKind::Sequence { items, .. } => items.iter().collect(),
            _ => vec![origin],
        };
        for expr in items {
            let class = project.class_within(at, &[], expr.call().map_or(expr, |call| &call.callee));
            let function = class.and_then(|(file, class)| {
                let methods = ["has_permission", "has_object_permission", "authenticate", "allow_request"];
                methods.iter().find_map(|name| project.method_of(file, class, name, STEPS))
            });
            found.push(Guard { file: at, expr, option: Some(option), function, reach: Reach::Route });
        }
    }
    found
}

/// What `get_permissions` may give back.
fn made<'a>(project: &Project<'a>, at: usize, function: &'a Function) -> Vec<Guard<'a>> {
    let mut lists = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)), .. }) => lists.push(value),
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => lists.extend(&assign.value),
            _ => {}
        }
        true
    });
    let lists = lists.into_iter().filter(|list| matches!(list.kind, ExprKind::Sequence { .. }));
    lists.flat_map(|list| asked(project, at, list, "get_permissions")).collect()
}

fn guard<'a>(project: &Project<'a>, at: usize, expr: &'a Expr, option: Option<&'a str>) -> Guard<'a> {
    let callee = expr.call().map_or(expr, |call| &call.callee);
    let own = project.function_within(at, &[], expr, STEPS);
    let function = own.or_else(|| project.function_within(at, &[], callee, STEPS));
    Guard { file: at, expr, option, function, reach: Reach::Route }
}

/// Who answers at a URL with this view; nobody when that could not be told.
pub(super) fn answers<'a>(
    project: &Project<'a>,
    settings: &Settings<'a>,
    view: &ExprAt<'a>,
) -> Vec<Answer<'a>> {
    read(project, settings, view, Vec::new(), STEPS)
}

fn read<'a>(
    project: &Project<'a>,
    settings: &Settings<'a>,
    (at, within, expr): &ExprAt<'a>,
    mut around: Vec<Guard<'a>>,
    steps: usize,
) -> Vec<Answer<'a>> {
    let Some(left) = steps.checked_sub(1) else { return Vec::new() };
    match &expr.kind {
        ExprKind::Call(call) if is_as_view(call) => {
            let ExprKind::Member { object, .. } = &call.callee.kind else { return Vec::new() };
            let Some((file, class)) = project.class_within(*at, within, object) else {
                return others(called_name(object).unwrap_or_default(), around);
            };
            of_class(project, settings, (file, class), call, &around)
        }
        // An object that is called for each request: `Latest()` of a `Feed`.
        ExprKind::Call(call) if call.arguments.is_empty() => {
            match project.class_within(*at, within, &call.callee) {
                Some((file, class)) => {
                    let view = View::of(project, file, class);
                    vec![answer(project, &view, ("*", "__call__"), around)]
                }
                None => Vec::new(),
            }
        }
        // `login_required(view)`, `cache_page(60)(view)`.
        ExprKind::Call(call) => {
            let Some(inner) = call.arguments.iter().rev().find(|argument| argument.name.is_none()) else {
                return Vec::new();
            };
            around.push(guard(project, *at, &call.callee, None));
            read(project, settings, &(*at, within.clone(), &inner.value), around, left)
        }
        ExprKind::Function(function) => of_function(project, settings, (*at, function), around),
        _ => {
            let place = project.find_within(*at, within, expr);
            if let Some(function) = place.and_then(|place| project.function_at(&place)) {
                return of_function(project, settings, function, around);
            }
            let origins = project.origins(*at, within, expr, left);
            let mut other = origins.iter().filter(|(_, _, origin)| !std::ptr::eq(*origin, *expr));
            match other.next() {
                Some(origin) => read(project, settings, origin, around, left),
                // A function of a package.
                None => {
                    let named = project.file(*at).and_then(|file| file.resolve(expr));
                    let is_other = named.is_some_and(|name| name.contains('.') && !name.starts_with('.'));
                    let of_project =
                        project.find_within(*at, within, expr).is_some_and(|place| place.file != *at);
                    if is_other && !of_project { others("", around) } else { Vec::new() }
                }
            }
        }
    }
}

/// A view of a package that is used as it is.
fn others<'a>(name: &str, guards: Vec<Guard<'a>>) -> Vec<Answer<'a>> {
    let known = GENERIC.iter().find(|(generic, _)| *generic == name);
    let methods = known.map_or(&["*"][..], |(_, methods)| *methods);
    let answer = |method: &&str| Answer {
        method: method.to_uppercase(),
        function: None,
        guards: guards.clone(),
        inputs: Vec::new(),
    };
    methods.iter().map(answer).collect()
}

/// A function with what its decorators say.
fn of_function<'a>(
    project: &Project<'a>,
    settings: &Settings<'a>,
    (at, function): FunctionAt<'a>,
    mut guards: Vec<Guard<'a>>,
) -> Vec<Answer<'a>> {
    let mut methods: Option<Vec<String>> = None;
    let mut own: Vec<&str> = Vec::new();
    let mut is_rest = false;
    for decorator in &function.decorators {
        let name = called_name(decorator.call().map_or(decorator, |call| &call.callee)).unwrap_or_default();
        let first = decorator.call().and_then(|call| call.arguments.first()).map(|argument| &argument.value);
        match name {
            "require_GET" | "require_safe" => methods = Some(vec!["GET".to_owned()]),
            "require_POST" => methods = Some(vec!["POST".to_owned()]),
            "require_http_methods" => {
                methods = first.and_then(|list| method_names(project, at, list)).or(methods)
            }
            "api_view" => {
                is_rest = true;
                let asked =
                    first.map_or(Some(vec!["GET".to_owned()]), |list| method_names(project, at, list));
                methods = asked.or(methods);
            }
            _ => match (DEFAULTS.iter().find(|(_, attribute)| *attribute == name), first) {
                (Some((_, attribute)), Some(list)) => {
                    own.push(attribute);
                    guards.extend(asked(project, at, list, attribute));
                }
                _ => guards.push(guard(project, at, decorator, None)),
            },
        }
    }
    for (_, attribute) in DEFAULTS.iter().filter(|(_, attribute)| is_rest && !own.contains(attribute)) {
        guards.extend(defaults(settings, attribute));
    }
    let methods = methods.unwrap_or_else(|| vec!["*".to_owned()]);
    let asked = methods.into_iter().filter(|method| !matches!(method.as_str(), "HEAD" | "OPTIONS"));
    let inputs = fields::read_by(project, (at, function));
    asked
        .map(|method| Answer {
            method,
            function: Some((at, function)),
            guards: guards.clone(),
            inputs: inputs.clone(),
        })
        .collect()
}

/// A class: `as_view()`, `as_view({"get": "list"})`.
fn of_class<'a>(
    project: &Project<'a>,
    settings: &Settings<'a>,
    (at, class): (usize, &'a Class),
    call: &'a Call,
    around: &[Guard<'a>],
) -> Vec<Answer<'a>> {
    let view = View::of(project, at, class);
    let mut guards = around.to_vec();
    guards.extend(view.guards(project, settings, Some(call)));
    let mapped: Option<Vec<(&str, &str)>> =
        call.arguments.first().and_then(|first| match &first.value.kind {
            ExprKind::Record { entries, .. } => entries
                .iter()
                .map(|(method, action)| Some((method.as_ref()?.string()?, action.string()?)))
                .collect(),
            _ => None,
        });
    let answered = |name: &str| {
        let generic =
            |last: &String| GENERIC.iter().any(|(of, methods)| of == last && methods.contains(&name));
        view.method(name).is_some() || view.others.iter().any(|(last, ..)| generic(last))
    };
    let restricted =
        view.attribute("http_method_names").and_then(|(at, list)| method_names(project, at, list));
    let own: Vec<(&str, &str)> = match mapped {
        Some(mapped) => mapped,
        None => METHODS.iter().map(|(name, _)| (*name, *name)).filter(|(name, _)| answered(name)).collect(),
    };
    own.into_iter()
        .filter(|(method, _)| restricted.as_ref().is_none_or(|all| all.contains(&method.to_uppercase())))
        .map(|(method, action)| answer(project, &view, (method, action), guards.clone()))
        .collect()
}

/// One method of a class.
pub(super) fn answer<'a>(
    project: &Project<'a>,
    view: &View<'a>,
    (method, action): (&str, &str),
    mut guards: Vec<Guard<'a>>,
) -> Answer<'a> {
    let function = view.answering(action);
    for (at, function) in
        [view.method("dispatch").filter(|_| action != "dispatch"), view.method(action)].into_iter().flatten()
    {
        let own = function.decorators.iter().filter(|decorator| {
            let callee = decorator.call().map_or(*decorator, |call| &call.callee);
            called_name(callee) != Some("action")
                && !callee.dotted().is_some_and(|dotted| dotted.contains(".mapping."))
        });
        guards.extend(own.map(|decorator| guard(project, at, decorator, None)));
    }
    let inputs = fields::of_view(project, view, (method, action), function);
    Answer { method: method.to_uppercase(), function, guards, inputs }
}
