//! The body of a request in one function, and the names that hold it or one of its fields.

use std::collections::BTreeMap;

use crate::facts::faults::is_tried;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Assign, Expr, ExprKind, Extent, Function, Literal, LogicalOp, Parameter, Stmt, StmtKind,
};
use crate::facts::values::{called_name, returned};
use crate::framework::conduct::{Called, Conduct};
use crate::language::Language;

/// Calls that a body is followed through to where it is read: `self.read_json()` and what that calls.
const STEPS: usize = 3;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A JSON body: any type.
    Json,
    /// The query: a text, or in Express a list of them.
    Query,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) kind: Kind,
    /// Whether there is a value where the field is missing.
    pub(super) has_default: bool,
}

/// A function that is handed the body: the place of its file and itself, with the parameters that hold it.
pub(super) type Handed<'a> = ((usize, &'a Function), Vec<(String, Kind)>);

/// What a function has of a request.
pub(super) struct Fields<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) function: &'a Function,
    pub(super) bodies: Vec<(String, Kind)>,
    pub(super) names: BTreeMap<String, Field>,
    /// Where the body is read.
    pub(super) read_at: Option<Extent>,
    file: usize,
}

impl<'a> Fields<'a> {
    /// `None` when it has nothing of it.
    pub(super) fn of(
        conduct: &Conduct<'a>,
        (file, function): (usize, &'a Function),
        given: Vec<(String, Kind)>,
    ) -> Option<Self> {
        let source = conduct.context().files.get(file)?;
        let mut fields =
            Self { source, function, bodies: given, names: BTreeMap::new(), read_at: None, file };
        fields.bind(conduct);
        let mut reads = !fields.bodies.is_empty() || !fields.names.is_empty();
        if !reads {
            each_in_body(&function.body, &mut |node, _| {
                reads |= node.expr().is_some_and(|expr| fields.field_of(expr).is_some());
                !reads
            });
        }
        (reads || !fields.handed_on(conduct).is_empty()).then_some(fields)
    }

    /// Reads the assignments, twice: a name may be bound from one that is bound below.
    fn bind(&mut self, conduct: &Conduct<'a>) {
        let function = self.function;
        for _ in 0..2 {
            each_in_body(&function.body, &mut |node, _| {
                if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) = node {
                    self.assign(conduct, assign, *extent);
                }
                true
            });
        }
        // What is also bound to something else may have been made right.
        let mut other: Vec<String> = Vec::new();
        each_in_body(&function.body, &mut |node, _| {
            if let Some((target, value)) = node.assignment()
                && let ExprKind::Name(name) = &target.kind
                && self.field_of(value).is_none()
                && self.names.contains_key(name.as_str())
            {
                other.push(name.to_string());
            }
            true
        });
        other.iter().for_each(|name| drop(self.names.remove(name)));
    }

    fn assign(&mut self, conduct: &Conduct<'a>, assign: &'a Assign, extent: Extent) {
        let (Some(value), [target]) = (&assign.value, assign.targets.as_slice()) else { return };
        let body = self.body_of(value).or_else(|| self.read_by_function(conduct, value));
        match (&target.kind, body) {
            (ExprKind::Name(name), Some(kind)) => {
                if !self.bodies.iter().any(|(known, _)| known == name.as_str()) {
                    self.bodies.push((name.to_string(), kind));
                }
                self.read_at.get_or_insert(extent);
            }
            (ExprKind::Record { entries, .. }, Some(kind)) => {
                self.read_at.get_or_insert(extent);
                self.take_apart(entries, kind);
            }
            (ExprKind::Name(name), None) => {
                if let Some(field) = self.field_of(value) {
                    self.read_at.get_or_insert(extent);
                    self.names.insert(name.to_string(), field);
                }
            }
            _ => {}
        }
    }

    /// `const { name, amount = 1 } = body`.
    fn take_apart(&mut self, entries: &[(Option<Expr>, Expr)], kind: Kind) {
        for (key, bound) in entries {
            let Some(key) = key.as_ref().and_then(|key| key.string().or_else(|| called_name(key))) else {
                continue;
            };
            let (local, has_default) = match &bound.kind {
                ExprKind::Name(name) => (name, false),
                ExprKind::Assign { target, .. } => match &target.kind {
                    ExprKind::Name(name) => (name, true),
                    _ => continue,
                },
                _ => continue,
            };
            self.names.insert(local.to_string(), Field { key: key.to_owned(), kind, has_default });
        }
    }

    /// What a function of the project has of the request, by a call that hands it the body or a field; `None` when it is handed neither.
    pub(super) fn of_call(&self, conduct: &Conduct<'a>, called: &Called<'a>) -> Option<Self> {
        let (file, function) = called.to;
        let source = conduct.context().files.get(file)?;
        let mut fields =
            Self { source, function, bodies: Vec::new(), names: BTreeMap::new(), read_at: None, file };
        for (parameter, given) in parameters(function).zip(&called.call.arguments) {
            match (&parameter.pattern.kind, self.body_of(&given.value), self.field_of(&given.value)) {
                (ExprKind::Name(name), Some(kind), _) => fields.bodies.push((name.to_string(), kind)),
                (ExprKind::Record { entries, .. }, Some(kind), _) => fields.take_apart(entries, kind),
                (ExprKind::Name(name), None, Some(field)) => {
                    fields.names.insert(name.to_string(), field);
                }
                _ => {}
            }
        }
        if fields.bodies.is_empty() && fields.names.is_empty() {
            return None;
        }
        fields.bind(conduct);
        Some(fields)
    }

    /// The place of its file, and the function.
    pub(super) fn at(&self) -> (usize, &'a Function) {
        (self.file, self.function)
    }

    /// Whether an expression is the body, or the query.
    pub(super) fn body_of(&self, expr: &Expr) -> Option<Kind> {
        match &expr.kind {
            ExprKind::Name(name) => {
                self.bodies.iter().find(|(known, _)| known == name.as_str()).map(|(_, kind)| *kind)
            }
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => self.body_of(value),
            ExprKind::Logical { left, .. } => self.body_of(left),
            ExprKind::Member { object, name, .. } => {
                let of = called_name(object)?;
                let is_request = matches!(of, "req" | "request");
                match (self.source.language, name.as_str()) {
                    (Language::Python, "json") if is_request && !self.is_called(expr) => Some(Kind::Json),
                    (Language::Python, "args" | "query_params" | "rel_url") if is_request => {
                        Some(Kind::Query)
                    }
                    (Language::Python, _) => None,
                    (_, "body") if is_request => Some(Kind::Json),
                    (_, "query") if is_request => Some(Kind::Query),
                    _ => None,
                }
            }
            ExprKind::Call(call) => {
                let name = called_name(&call.callee)?;
                let of = match &call.callee.kind {
                    ExprKind::Member { object, .. } => called_name(object),
                    _ => None,
                };
                match (name, of) {
                    ("get_json" | "json", Some("request" | "req")) => Some(Kind::Json),
                    ("loads", Some("json")) => {
                        let given =
                            call.arguments.first().map(|given| self.source.text_of(given.value.extent))?;
                        ["request", "rfile", "read_body", "self.body"]
                            .iter()
                            .any(|sign| given.contains(sign))
                            .then_some(Kind::Json)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `await request.json()` is a call of what otherwise reads as a member.
    fn is_called(&self, expr: &Expr) -> bool {
        self.source.text.get(expr.extent.end as usize..).is_some_and(|rest| rest.starts_with('('))
    }

    /// Whether a function of the project gives the body back: `self.read_json()`.
    fn read_by_function(&self, conduct: &Conduct<'a>, value: &'a Expr) -> Option<Kind> {
        let call = unwrapped(value).call()?;
        let calls = conduct.calls((self.file, self.function));
        let to = calls.iter().find(|called| std::ptr::eq(called.call, call))?.to;
        reads_body(conduct, to, STEPS)
    }

    /// The field that an expression is.
    pub(super) fn field_of(&self, expr: &Expr) -> Option<Field> {
        match &expr.kind {
            ExprKind::Name(name) => self.names.get(name.as_str()).cloned(),
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => self.field_of(value),
            ExprKind::Logical { op: LogicalOp::Or | LogicalOp::Coalesce, left, right } => {
                let is_value = matches!(
                    right.kind,
                    ExprKind::Literal(_) | ExprKind::Sequence { .. } | ExprKind::Record { .. }
                );
                self.field_of(left).filter(|_| is_value).map(|field| Field { has_default: true, ..field })
            }
            ExprKind::Index { object, index } => {
                let kind = self.body_of(object)?;
                Some(Field { key: index.string()?.to_owned(), kind, has_default: false })
            }
            ExprKind::Member { object, name, .. } if self.source.language != Language::Python => {
                let kind = self.body_of(object)?;
                Some(Field { key: name.to_string(), kind, has_default: false })
            }
            ExprKind::Call(call) => {
                let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
                if name != "get" || self.source.language != Language::Python {
                    return None;
                }
                let kind = self.body_of(object)?;
                let key = call.arguments.first()?.value.string()?.to_owned();
                // Flask converts: `request.args.get("page", 1, type=int)`.
                if call.arguments.iter().any(|given| given.name.as_deref() == Some("type")) {
                    return None;
                }
                let default = call.arguments.get(1).map(|given| &given.value);
                let has_default =
                    default.is_some_and(|default| !matches!(default.kind, ExprKind::Literal(Literal::Null)));
                Some(Field { key, kind, has_default })
            }
            _ => None,
        }
    }

    /// The functions of the project that are handed the whole body, outside of any `try`.
    pub(super) fn handed_on(&self, conduct: &Conduct<'a>) -> Vec<Handed<'a>> {
        let mut found = Vec::new();
        let calls = conduct.calls((self.file, self.function));
        each_in_body(&self.function.body, &mut |node, around| {
            let Some(call) = node.expr().and_then(Expr::call) else { return true };
            if is_tried(around) {
                return true;
            }
            let Some(called) = calls.iter().find(|called| std::ptr::eq(called.call, call)) else {
                return true;
            };
            let mut given = Vec::new();
            for (parameter, argument) in parameters(called.to.1).zip(&call.arguments) {
                let kind =
                    self.body_of(&argument.value).or_else(|| self.read_by_function(conduct, &argument.value));
                if let (Some(name), Some(kind)) = (parameter.pattern.dotted(), kind)
                    && parameter
                        .annotation
                        .as_ref()
                        .is_none_or(|written| matches!(called_name(written), Some("dict" | "any" | "object")))
                {
                    given.push((name, kind));
                }
            }
            if !given.is_empty() {
                found.push((called.to, given));
            }
            true
        });
        found
    }
}

/// What a caller gives a function: its parameters without the object.
fn parameters(function: &Function) -> impl Iterator<Item = &Parameter> {
    let is_object =
        |parameter: &&Parameter| matches!(parameter.pattern.dotted().as_deref(), Some("self" | "cls"));
    function.parameters.iter().filter(move |parameter| !is_object(parameter))
}

fn unwrapped(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => unwrapped(value),
        ExprKind::Logical { left, .. } => unwrapped(left),
        _ => expr,
    }
}

fn reads_body<'a>(
    conduct: &Conduct<'a>,
    (file, function): (usize, &'a Function),
    steps: usize,
) -> Option<Kind> {
    let left = steps.checked_sub(1)?;
    let source = conduct.context().files.get(file)?;
    let none = Fields { source, function, bodies: Vec::new(), names: BTreeMap::new(), read_at: None, file };
    let given = returned(function);
    // Whoever looks at it before giving it back has checked something.
    let text = source.text_of(function.span());
    let checks = text.contains("isinstance") || text.contains("typeof");
    let direct = given.iter().find_map(|value| none.body_of(value));
    let calls = conduct.calls((file, function));
    let below = || {
        calls
            .iter()
            .filter(|called| {
                given
                    .iter()
                    .any(|value| unwrapped(value).call().is_some_and(|call| std::ptr::eq(call, called.call)))
            })
            .find_map(|called| reads_body(conduct, called.to, left))
    };
    direct.or_else(below).filter(|_| !checks)
}
