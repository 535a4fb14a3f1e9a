//! What the settings say: the root of the URLs, the middleware, and what Django REST framework asks where a view says nothing
//! (<https://docs.djangoproject.com/en/5.2/ref/settings/>).

use super::super::origins::entry;
use super::super::project::{FunctionAt, Project};
use super::super::web::{Guard, Reach};
use super::{is_named, module, python, top};
use crate::facts::syntax::{BinaryOp, Expr, ExprKind, StmtKind};
use crate::facts::values::called_name;

/// Settings of Django REST framework, and the attribute of a view that stands in their place.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("DEFAULT_AUTHENTICATION_CLASSES", "authentication_classes"),
    ("DEFAULT_PERMISSION_CLASSES", "permission_classes"),
    ("DEFAULT_THROTTLE_CLASSES", "throttle_classes"),
];

/// What all the files of settings say together.
pub(super) struct Settings<'a> {
    /// The files of the roots.
    pub(super) roots: Vec<usize>,
    /// What stands before everything.
    pub(super) middleware: Vec<Guard<'a>>,
    /// What stands before the views of Django REST framework that say nothing themselves, by the attribute in its place.
    pub(super) defaults: Vec<(&'static str, Guard<'a>)>,
}

impl<'a> Settings<'a> {
    /// Reads them. Files of settings are known by what they assign.
    pub(super) fn of(project: &Project<'a>) -> Self {
        let mut settings = Self { roots: Vec::new(), middleware: Vec::new(), defaults: Vec::new() };
        for (at, file) in python(project) {
            let mut statements = Vec::new();
            top(&file.syntax.body, &mut statements);
            for stmt in statements {
                match &stmt.kind {
                    StmtKind::Assign(assign) => {
                        let Some(value) = &assign.value else { continue };
                        for target in &assign.targets {
                            settings.assigned(project, at, target, value);
                        }
                    }
                    // `MIDDLEWARE.append("..")`, `MIDDLEWARE.insert(0, "..")`.
                    StmtKind::Expr(expr) => {
                        let Some(call) = expr.call() else { continue };
                        if let ExprKind::Member { object, .. } = &call.callee.kind
                            && is_named(object, "MIDDLEWARE")
                            && let Some(last) = call.arguments.last()
                        {
                            settings.middleware(project, at, &last.value);
                        }
                    }
                    _ => {}
                }
            }
        }
        settings
    }

    fn assigned(&mut self, project: &Project<'a>, at: usize, target: &Expr, value: &'a Expr) {
        if is_named(target, "ROOT_URLCONF") {
            let root = value.string().and_then(|dotted| module(project, dotted));
            self.roots.extend(root.filter(|root| !self.roots.contains(root)));
        } else if is_named(target, "MIDDLEWARE") || is_named(target, "MIDDLEWARE_CLASSES") {
            self.middleware(project, at, value);
        } else if is_named(target, "REST_FRAMEWORK")
            && let ExprKind::Record { entries, .. } = &value.kind
        {
            for (setting, attribute) in DEFAULTS {
                let Some(list) = entry(entries, setting) else { continue };
                for expr in items(list) {
                    let function = expr.string().and_then(|dotted| named(project, dotted));
                    let option = Some(*setting);
                    let guard = Guard { file: at, expr, option, function, reach: Reach::Application };
                    self.defaults.push((attribute, guard));
                }
            }
        }
    }

    fn middleware(&mut self, project: &Project<'a>, at: usize, value: &'a Expr) {
        for expr in items(value) {
            let known = self.middleware.iter().any(|guard| guard.expr.string() == expr.string());
            if known || expr.string().is_none() {
                continue;
            }
            let function = expr.string().and_then(|dotted| named(project, dotted));
            let option = Some("MIDDLEWARE");
            self.middleware.push(Guard { file: at, expr, option, function, reach: Reach::Application });
        }
    }
}

/// The items of a list, of lists that are added, and of what a list is made of.
fn items(value: &Expr) -> Vec<&Expr> {
    match &value.kind {
        ExprKind::Sequence { items: list, .. } => list.iter().flat_map(items).collect(),
        ExprKind::Spread(value) => items(value),
        ExprKind::Binary { op: BinaryOp::Add, left, right } => [items(left), items(right)].concat(),
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("list" | "tuple")) => {
            call.arguments.iter().flat_map(|argument| items(&argument.value)).collect()
        }
        ExprKind::Literal(_) => vec![value],
        _ => Vec::new(),
    }
}

/// What a dotted text means in the project: a function, or the method of a class that is called for each request.
fn named<'a>(project: &Project<'a>, dotted: &str) -> Option<FunctionAt<'a>> {
    const CALLED: &[&str] = &[
        "process_request",
        "process_view",
        "__call__",
        "has_permission",
        "authenticate",
        "allow_request",
        "has_object_permission",
    ];
    let (of, name) = dotted.rsplit_once('.')?;
    let file = module(project, of)?;
    let place = super::super::project::Place { file, scope: 0, name: name.to_owned() };
    if let Some(class) = project.context.defined.classes.get(&(file, name)) {
        return CALLED.iter().find_map(|method| project.method_of(file, class, method, super::STEPS));
    }
    project.function_at(&place)
}
