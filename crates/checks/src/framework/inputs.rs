//! What a handler reads of a request, by name: through its locals, and through the functions that it hands the request to.

use std::collections::{BTreeMap, HashMap};

use seaworthy_core::surface::{Input, InputKind, InputPlace};

use super::project::{FunctionAt, Project, Within};
use super::schema::{self, Field};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Argument, Call, CompareOp, Expr, ExprKind, Function, Literal, Parameter, ParameterKind, Stmt, StmtKind,
    UnaryOp,
};
use crate::facts::values::{Bound, Values, called_name, keyword, returned};
use crate::language::Language;

/// Functions that are followed from a handler, one in another.
const DEPTH: usize = 3;
/// Functions that are followed from a handler altogether.
const FUNCTIONS: usize = 48;
/// Names and expressions that are looked through to see where a value comes from.
const STEPS: usize = 8;

/// What a parameter carries when a function is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Carried {
    /// The request itself.
    Request,
    /// Everything that a request carries in one place.
    Place(InputPlace),
    /// A text, mostly the name of an input.
    Text(String),
}

/// What the names of a function carry.
pub(super) type Carries = HashMap<String, Carried>;

/// A function that is being read.
pub(super) struct Scope<'a> {
    /// Its file, by its place in the list.
    pub(super) at: usize,
    /// Its file.
    pub(super) file: &'a SourceFile,
    /// What its parameters carry.
    pub(super) carries: Carries,
    /// The functions around what is read, the one being read last.
    within: Within<'a>,
    values: Values<'a>,
}

/// Says which place of a request an expression stands for, in one framework.
pub(super) type Carrier = for<'a> fn(&Reader<'_, 'a>, &Scope<'a>, &'a Expr) -> Option<InputPlace>;
/// Says which single value of a request an expression stands for: `req.get("Host")`.
pub(super) type Single = for<'a> fn(&Scope<'a>, &'a Expr) -> Option<(String, InputPlace)>;

/// One input as it is read at one place.
struct Reading {
    name: String,
    place: InputPlace,
    required: bool,
    kind: InputKind,
}

/// Reads what handlers read.
pub(super) struct Reader<'p, 'a> {
    project: &'p Project<'a>,
    carrier: Carrier,
    single: Single,
    inputs: BTreeMap<(InputPlace, String), (InputKind, bool)>,
    left: usize,
}

impl<'p, 'a> Reader<'p, 'a> {
    /// Nothing read yet.
    pub(super) fn new(project: &'p Project<'a>, carrier: Carrier, single: Single) -> Self {
        Self { project, carrier, single, inputs: BTreeMap::new(), left: FUNCTIONS }
    }

    /// What a handler reads, in the order of place and name.
    pub(super) fn inputs_of(self, (at, function): FunctionAt<'a>, carries: Carries) -> Vec<Input> {
        self.inputs_of_body((at, function), &function.body, carries)
    }

    /// What a part of a handler reads.
    pub(super) fn inputs_of_body(
        mut self,
        (at, function): FunctionAt<'a>,
        body: &'a [Stmt],
        carries: Carries,
    ) -> Vec<Input> {
        self.read(at, function, body, carries, DEPTH);
        let input = |((place, name), (kind, required))| Input { name, place, kind, required };
        self.inputs.into_iter().map(input).collect()
    }

    fn add(&mut self, reading: Reading) {
        let known = self.inputs.entry((reading.place, reading.name)).or_insert((InputKind::Unknown, false));
        if known.0 == InputKind::Unknown {
            known.0 = reading.kind;
        }
        known.1 |= reading.required;
    }

    fn scope(&self, at: usize, function: &'a Function, carries: Carries) -> Option<Scope<'a>> {
        let within = self.project.within_function(at, function);
        Some(Scope {
            at,
            file: self.project.file(at)?,
            carries,
            within,
            values: Values::of_function(function),
        })
    }

    fn read(&mut self, at: usize, function: &'a Function, body: &'a [Stmt], carries: Carries, depth: usize) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        for parameter in &function.parameters {
            self.parameter(parameter, &carries);
        }
        let Some(scope) = self.scope(at, function, carries) else { return };
        let mut locals = HashMap::new();
        each_in_body(body, &mut |node, around| {
            match node {
                Node::Stmt(stmt) => self.stmt(&scope, stmt, &mut locals),
                Node::Expr(expr) => {
                    let written = matches!(around.last(), Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }))
                        if assign.targets.iter().any(|target| std::ptr::eq(target, expr)));
                    let called = matches!(around.last().and_then(|node| node.expr()).and_then(Expr::call), Some(call)
                        if std::ptr::eq(&call.callee, expr));
                    if !written
                        && !called
                        && let Some(reading) = self.reading(&scope, expr)
                    {
                        self.add(reading);
                    }
                    self.convert(&scope, expr, &locals);
                    self.fitted(&scope, expr);
                    if let (Some(call), Some(left)) = (expr.call(), depth.checked_sub(1)) {
                        self.called(&scope, call, left);
                    }
                }
                Node::Handler(_) => {}
            }
            true
        });
    }

    /// `function create({name, price})`, called with the body.
    fn parameter(&mut self, parameter: &'a Parameter, carries: &Carries) {
        let ExprKind::Record { entries, .. } = &parameter.pattern.kind else { return };
        let Some(Carried::Place(place)) = carries.get("{}") else { return };
        let place = *place;
        for (key, _) in entries {
            if let Some(name) = key.as_ref().and_then(Expr::string) {
                self.add(Reading { name: name.to_owned(), place, required: false, kind: InputKind::Unknown });
            }
        }
    }

    fn stmt(
        &mut self,
        scope: &Scope<'a>,
        stmt: &'a Stmt,
        locals: &mut HashMap<String, (InputPlace, String)>,
    ) {
        match &stmt.kind {
            StmtKind::Assign(assign) => {
                let (Some(target), Some(value)) = (assign.targets.first(), &assign.value) else { return };
                match &target.kind {
                    ExprKind::Record { entries, .. } => {
                        let Some(place) = self.place(scope, value, STEPS) else { return };
                        for (key, local) in entries {
                            let Some(name) = key.as_ref().and_then(Expr::string) else { continue };
                            let kind = InputKind::Unknown;
                            self.add(Reading {
                                name: name.to_owned(),
                                place,
                                required: place == InputPlace::Path,
                                kind,
                            });
                            let local = match &local.kind {
                                ExprKind::Assign { target, .. } => target,
                                _ => local,
                            };
                            locals.extend(local.dotted().map(|local| (local, (place, name.to_owned()))));
                        }
                    }
                    ExprKind::Name(local) => {
                        if let Some((place, name)) = self.input(scope, value, locals) {
                            locals.insert(local.to_string(), (place, name));
                        }
                    }
                    _ => {}
                }
            }
            // Whoever leaves when a value is absent cannot do without it.
            StmtKind::If { test, then, .. } if leaves(then) => {
                let mut absent = Vec::new();
                missing(test, &mut absent);
                for expr in absent {
                    let key = match &expr.kind {
                        ExprKind::Compare { left, rest } => {
                            let place = rest.first().and_then(|(_, right)| self.place(scope, right, STEPS));
                            place.zip(left.string().map(str::to_owned))
                        }
                        _ => self.input(scope, expr, locals),
                    };
                    if let Some((place, name)) = key {
                        self.add(Reading { name, place, required: true, kind: InputKind::Unknown });
                    }
                }
            }
            _ => {}
        }
    }

    /// The input that an expression is, with conversions and defaults looked through.
    fn input(
        &self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        locals: &HashMap<String, (InputPlace, String)>,
    ) -> Option<(InputPlace, String)> {
        if let Some(reading) = self.reading(scope, expr) {
            return Some((reading.place, reading.name));
        }
        match &expr.kind {
            ExprKind::Name(name) => locals.get(name.as_str()).cloned(),
            ExprKind::Logical { left, .. } => self.input(scope, left, locals),
            // The first of the values that `parse_qs` gives.
            ExprKind::Index { object, index }
                if matches!(index.kind, ExprKind::Literal(Literal::Integer(_))) =>
            {
                self.input(scope, object, locals)
            }
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => self.input(scope, value, locals),
            ExprKind::Call(call) => match &call.callee.kind {
                ExprKind::Member { object, .. } => self.input(scope, object, locals),
                ExprKind::Name(_) => self.input(scope, &call.arguments.first()?.value, locals),
                _ => None,
            },
            _ => None,
        }
    }

    /// `int(x)`, `Number(x)`, `isinstance(x, list)`: what a value is taken for.
    fn convert(&mut self, scope: &Scope<'a>, expr: &'a Expr, locals: &HashMap<String, (InputPlace, String)>) {
        let Some(call) = expr.call() else { return };
        let Some(name) = called_name(&call.callee) else { return };
        let Some(first) = call.arguments.first() else { return };
        let kind = match name {
            "isinstance" => call
                .arguments
                .get(1)
                .and_then(|argument| called_name(&argument.value))
                .map_or(InputKind::Unknown, kind_of),
            "isArray" => InputKind::List,
            "isInteger" | "isSafeInteger" => InputKind::Integer,
            name => kind_of(name),
        };
        if kind != InputKind::Unknown
            && let Some((place, name)) = self.input(scope, &first.value, locals)
        {
            self.add(Reading { name, place, required: false, kind });
        }
    }

    /// `schema.parse(req.body)`: the fields that a schema asks for.
    fn fitted(&mut self, scope: &Scope<'a>, expr: &'a Expr) {
        let Some(call) = expr.call() else { return };
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
        let fits = matches!(
            name.as_str(),
            "parse"
                | "safeParse"
                | "parseAsync"
                | "safeParseAsync"
                | "validate"
                | "validateAsync"
                | "validateSync"
        );
        let Some(first) = call.arguments.first().filter(|_| fits) else { return };
        let Some(place) = self.place(scope, &first.value, STEPS) else { return };
        for Field { name, kind, required } in schema::fields(self.project, scope.at, &scope.within, object) {
            self.add(Reading { name, place, required, kind });
        }
    }

    /// The input that an expression reads by name.
    fn reading(&self, scope: &Scope<'a>, expr: &'a Expr) -> Option<Reading> {
        if let Some((name, place)) = (self.single)(scope, expr) {
            return Some(Reading { name, place, required: false, kind: InputKind::Unknown });
        }
        let python = scope.file.language == Language::Python;
        match &expr.kind {
            ExprKind::Index { object, index } => {
                let name = self.text(scope, index)?;
                let place = self.place(scope, object, STEPS)?;
                Some(Reading { name, place, required: python, kind: InputKind::Unknown })
            }
            ExprKind::Member { object, name, .. } if !python => {
                let place = self.place(scope, object, STEPS)?;
                if place == InputPlace::File && matches!(name.as_str(), "length" | "map" | "forEach") {
                    return None;
                }
                Some(Reading {
                    name: name.to_string(),
                    place,
                    required: place == InputPlace::Path,
                    kind: InputKind::Unknown,
                })
            }
            ExprKind::Call(call) => {
                let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
                if !matches!(name.as_str(), "get" | "getlist" | "pop" | "get_all" | "getfirst" | "getAll") {
                    return None;
                }
                let name = self.text(scope, &call.arguments.first()?.value)?;
                let place = self.place(scope, object, STEPS)?;
                let kind = keyword(&call.arguments, "type")
                    .and_then(called_name)
                    .map_or(InputKind::Unknown, kind_of);
                Some(Reading { name, place, required: false, kind })
            }
            _ => None,
        }
    }

    /// The text that an expression is: a literal, or a parameter that a literal was passed for.
    fn text(&self, scope: &Scope<'a>, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(name) => match scope.carries.get(name.as_str()) {
                Some(Carried::Text(text)) => Some(text.clone()),
                _ => None,
            },
            _ => expr.string().map(str::to_owned),
        }
    }

    /// The place of the request that an expression stands for as a whole.
    pub(super) fn place(&self, scope: &Scope<'a>, expr: &'a Expr, steps: usize) -> Option<InputPlace> {
        let left = steps.checked_sub(1)?;
        if let Some(place) = (self.carrier)(self, scope, expr) {
            return Some(place);
        }
        match &expr.kind {
            ExprKind::Name(name) => match scope.carries.get(name.as_str()) {
                Some(Carried::Place(place)) => Some(*place),
                _ => scope.values.bound(name).iter().find_map(|bound| match bound {
                    Bound::To(value) => self.place(scope, value, left),
                    _ => None,
                }),
            },
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => self.place(scope, value, left),
            ExprKind::Logical { left: first, .. } => self.place(scope, first, left),
            ExprKind::Conditional { then, otherwise, .. } => {
                self.place(scope, then, left).or_else(|| self.place(scope, otherwise, left))
            }
            ExprKind::Call(call) => {
                let (at, function) = self.project.function(scope.at, &[], callee(call)?)?;
                // What is passed may be what this call is bound to: `html = clean(html)`. So its steps count as ours.
                let carries = self.carried(scope, call, function, left);
                let inner = self.scope(at, function, carries)?;
                returned(function)
                    .into_iter()
                    .find_map(|value| self.place(&inner, value, left.min(STEPS / 2)))
            }
            _ => None,
        }
    }

    /// Whether an expression comes from one whose text has this word, through locals and the project's functions.
    pub(super) fn comes_from(&self, scope: &Scope<'a>, expr: &'a Expr, word: &str, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        if scope.file.text_of(expr.extent).contains(word) {
            return true;
        }
        match &expr.kind {
            ExprKind::Name(name) => scope.values.bound(name).iter().any(|bound| match bound {
                Bound::To(value) | Bound::PartOf(value) => self.comes_from(scope, value, word, left),
                _ => false,
            }),
            ExprKind::Call(call) => {
                let of_object = matches!(&call.callee.kind, ExprKind::Member { object, .. } if self.comes_from(scope, object, word, left));
                let of_function = || {
                    let (at, function) = self.project.function(scope.at, &[], callee(call)?)?;
                    let inner = self.scope(at, function, Carries::new())?;
                    returned(function)
                        .into_iter()
                        .any(|value| self.comes_from(&inner, value, word, left))
                        .then_some(())
                };
                of_object
                    || call
                        .arguments
                        .iter()
                        .any(|argument| self.comes_from(scope, &argument.value, word, left))
                    || of_function().is_some()
            }
            ExprKind::Member { object: value, .. } | ExprKind::Index { object: value, .. } => {
                self.comes_from(scope, value, word, left)
            }
            _ => false,
        }
    }

    fn called(&mut self, scope: &Scope<'a>, call: &'a Call, depth: usize) {
        let Some((at, function)) =
            callee(call).and_then(|callee| self.project.function(scope.at, &[], callee))
        else {
            return;
        };
        let carries = self.carried(scope, call, function, STEPS);
        let own = called_on_itself(call);
        if own
            || scope.file.language == Language::Python
            || carries.values().any(|carried| !matches!(carried, Carried::Text(_)))
        {
            self.read(at, function, &function.body, carries, depth);
        }
    }

    /// What the arguments of a call carry, by the parameters they are for.
    fn carried(&self, scope: &Scope<'a>, call: &'a Call, function: &Function, steps: usize) -> Carries {
        let receives = function
            .parameters
            .first()
            .is_some_and(|first| matches!(first.pattern.dotted().as_deref(), Some("self" | "cls")));
        let skipped = usize::from(receives && called_on_itself(call));
        let positional: Vec<&Parameter> = function
            .parameters
            .iter()
            .filter(|parameter| matches!(parameter.kind, ParameterKind::Positional | ParameterKind::Either))
            .skip(skipped)
            .collect();
        let mut carries = Carries::new();
        for (index, Argument { name, value }) in call.arguments.iter().enumerate() {
            let Some(carried) = self.carries(scope, value, steps) else { continue };
            let named = name.as_ref().map(ToString::to_string);
            let parameter = positional
                .get(index)
                .map(|parameter| parameter.pattern.dotted().unwrap_or_else(|| "{}".to_owned()));
            carries.extend(named.or(parameter).map(|name| (name, carried)));
        }
        carries
    }

    fn carries(&self, scope: &Scope<'a>, value: &'a Expr, steps: usize) -> Option<Carried> {
        if let ExprKind::Name(name) = &value.kind
            && let Some(carried) = scope.carries.get(name.as_str())
        {
            return Some(carried.clone());
        }
        let place = self.place(scope, value, steps).map(Carried::Place);
        place.or_else(|| value.string().map(|text| Carried::Text(text.to_owned())))
    }
}

/// What is called, when it is a name or a member of one.
fn callee(call: &Call) -> Option<&Expr> {
    call.callee.dotted().is_some().then_some(&call.callee)
}

/// `self.f()`, `this.f()`.
fn called_on_itself(call: &Call) -> bool {
    matches!(&call.callee.kind, ExprKind::Member { object, .. } if matches!(object.dotted().as_deref(), Some("self" | "this" | "cls")))
}

/// What a conversion or type of this name makes.
pub(super) fn kind_of(name: &str) -> InputKind {
    match name {
        "int" | "parseInt" | "BigInt" => InputKind::Integer,
        "float" | "Number" | "parseFloat" | "Decimal" => InputKind::Number,
        "str" | "String" => InputKind::Text,
        "bool" | "Boolean" => InputKind::Boolean,
        "list" | "List" | "tuple" | "set" => InputKind::List,
        "dict" | "Dict" | "object" => InputKind::Object,
        _ => InputKind::Unknown,
    }
}

/// Whether a body gives an answer and goes no further.
fn leaves(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Raise { .. } => true,
        // `ctx.throw(400)` of Koa.
        StmtKind::Expr(expr) => expr.call().and_then(|call| called_name(&call.callee)) == Some("throw"),
        _ => false,
    })
}

/// The expressions whose absence makes a test true: `not x`, `!x`, `x is None`, `x === undefined`, `"x" not in data`.
fn missing<'a>(test: &'a Expr, found: &mut Vec<&'a Expr>) {
    match &test.kind {
        ExprKind::Unary { op: UnaryOp::Not, value } => found.push(value),
        ExprKind::Logical { op: crate::facts::syntax::LogicalOp::Or, left, right } => {
            missing(left, found);
            missing(right, found);
        }
        ExprKind::Compare { left, rest } => {
            if let [(op, right)] = rest.as_slice() {
                let nothing = matches!(right.kind, ExprKind::Literal(Literal::Null))
                    || right.dotted().as_deref() == Some("undefined");
                match op {
                    CompareOp::NotIn => found.push(test),
                    CompareOp::Is | CompareOp::Equal | CompareOp::StrictEqual if nothing => found.push(left),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
