//! The ways to write "this variable, or else this constant".

use super::refusal::{is_of_one_environment, tells_environments_apart};
use crate::facts::environment::{Variable, is_variable_name, variable};
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Assign, BinaryOp, Call, Class, Expr, ExprKind, Extent, Function, LogicalOp, Stmt, StmtKind, Try,
};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{Bound, FileValues, called_name, entry, keyword, returned};
use crate::language::Language;
use crate::superficial_security::hardcoded_secret::by_name::literal_text;

/// Wrappings that are looked through.
const STEPS: u32 = 8;

/// Expressions that are looked at to find the variable that one reads. Limit: a name may be bound hundreds of times.
const BUDGET: u32 = 128;

/// A variable with the constant that stands in for it.
pub(in crate::superficial_security) struct Fallback<'a> {
    /// The variable, or what the value is called where that is not known.
    pub(in crate::superficial_security) variable: String,
    /// The constant's text.
    pub(in crate::superficial_security) constant: String,
    /// The name by which the constant is written, when it has one.
    pub(in crate::superficial_security) constant_name: Option<&'a str>,
    /// The whole of it.
    pub(in crate::superficial_security) extent: Extent,
    /// What its value is bound to.
    pub(in crate::superficial_security) bound: Option<&'a str>,
}

impl Fallback<'_> {
    /// Every name that the value has.
    pub(in crate::superficial_security) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.variable.as_str()).chain(self.bound)
    }
}

/// A constant: its text, and the name by which it is written.
type Constant<'a> = (String, Option<&'a str>);

/// The fallbacks of a file, in order, and how many variables that are named for a secret it reads.
pub(in crate::superficial_security) fn fallbacks(file: &SourceFile) -> (Vec<Fallback<'_>>, u64) {
    // Words of the environment and of settings; a schema of a script may stand for itself.
    let words = ["env", "Env", "ENV", "onfig", "CONFIG", "etting", "SETTING", "cfg", "conf"];
    if !file.mentions(&words)
        && (file.language == Language::Python || !file.mentions(&["default", "prefault"]))
    {
        return (Vec::new(), 0);
    }
    let mut search =
        Search { file, values: FileValues::of(&file.syntax), found: Vec::new(), reads: 0, budget: BUDGET };
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        search.node(node, around);
        true
    });
    let mut found = search.found;
    found.sort_by_key(|fallback| (fallback.extent.start, fallback.extent.end));
    found.dedup_by(|later, earlier| later.extent == earlier.extent);
    (found, search.reads)
}

struct Search<'a> {
    file: &'a SourceFile,
    values: FileValues<'a>,
    found: Vec<Fallback<'a>>,
    reads: u64,
    /// Expressions that may still be looked at for the question at hand.
    budget: u32,
}

impl<'a> Search<'a> {
    fn node(&mut self, node: Node<'a>, around: Around<'a, '_>) {
        match node {
            Node::Expr(expr) => self.expr(expr, around),
            Node::Stmt(stmt) => self.stmt(stmt, around),
            Node::Handler(_) => {}
        }
        if let Some(class) = node.class() {
            self.settings_class(class, around);
        }
        if let Some(function) = node.function() {
            self.function(function, around);
        }
    }

    fn add(&mut self, name: &str, constant: Constant<'a>, extent: Extent, around: Around<'a, '_>) {
        if is_of_one_environment(around) {
            return;
        }
        let bound = bound_to(extent, around);
        let (constant, constant_name) = constant;
        self.found.push(Fallback { variable: name.to_owned(), constant, constant_name, extent, bound });
    }

    fn expr(&mut self, expr: &'a Expr, around: Around<'a, '_>) {
        if let Some(read) = variable(self.file, expr) {
            self.reads += u64::from(is_counted(read.name));
            if let Some(constant) = read.default.and_then(|default| self.constant(default, around)) {
                self.add(read.name, constant, expr.extent, around);
            }
        }
        match &expr.kind {
            ExprKind::Logical { op: LogicalOp::Or | LogicalOp::Coalesce, left, right } => {
                self.choice(left, right, expr.extent, around);
            }
            ExprKind::Assign {
                target,
                op: Some(BinaryOp::Logical(LogicalOp::Or | LogicalOp::Coalesce)),
                value,
            } => {
                self.choice(target, value, expr.extent, around);
            }
            ExprKind::Conditional { test, then, otherwise } if !tells_environments_apart(test) => {
                self.choice(then, otherwise, expr.extent, around);
                self.choice(otherwise, then, expr.extent, around);
            }
            ExprKind::Call(call) => self.call(call, expr, around),
            ExprKind::Statement(stmt) => self.value_statement(stmt, expr, around),
            ExprKind::Record { entries, .. } => {
                for (key, value) in entries {
                    let key = key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)));
                    self.schema(key, value, around);
                }
            }
            _ => {}
        }
    }

    /// One value, or else another.
    fn choice(&mut self, value: &'a Expr, otherwise: &'a Expr, extent: Extent, around: Around<'a, '_>) {
        let Some(constant) = self.constant(otherwise, around) else { return };
        if let Some(read) = self.read(value, around, STEPS) {
            self.add(read.name, constant, extent, around);
        } else if let Some(name) = setting(value) {
            self.add(name, constant, extent, around);
        }
    }

    /// Rust's `env::var("X").unwrap_or_else(|_| "dev".into())`, envalid's and convict's options.
    fn call(&mut self, call: &'a Call, expr: &'a Expr, around: Around<'a, '_>) {
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
        if !matches!(name.as_str(), "unwrap_or" | "unwrap_or_else" | "or_else" | "map_or") {
            return;
        }
        let fallback = call.arguments.first().and_then(|argument| self.constant(&argument.value, around));
        if let (Some(constant), Some(read)) = (fallback, self.read(object, around, STEPS)) {
            self.add(read.name, constant, expr.extent, around);
        }
    }

    /// Rust's `match env::var("X") { Ok(v) => v, Err(_) => "dev".into() }` and `if let Ok(v) = env::var("X") { v } else { "dev".into() }`.
    fn value_statement(&mut self, stmt: &'a Stmt, expr: &'a Expr, around: Around<'a, '_>) {
        let (value, bodies): (&Expr, Vec<&[Stmt]>) = match &stmt.kind {
            StmtKind::Match { value, arms } => (value, arms.iter().map(|arm| arm.body.as_slice()).collect()),
            StmtKind::If { test: Expr { kind: ExprKind::Matches { value, .. }, .. }, otherwise, .. } => {
                (value, vec![otherwise])
            }
            _ => return,
        };
        let Some(read) = self.read(value, around, STEPS) else { return };
        let constant = bodies.into_iter().find_map(|body| match body {
            [.., Stmt { kind: StmtKind::Value(value) | StmtKind::Expr(value), .. }] => {
                self.constant(value, around)
            }
            _ => None,
        });
        if let Some(constant) = constant {
            self.add(read.name, constant, expr.extent, around);
        }
    }

    /// A schema's default: `JWT_SECRET: z.string().default("dev")`, `str({ default: "dev" })`, `{ env: "JWT_SECRET", default: "dev" }`.
    fn schema(&mut self, key: Option<&'a str>, value: &'a Expr, around: Around<'a, '_>) {
        let named = entry(value, "env").and_then(Expr::string).filter(|name| is_variable_name(name));
        let (name, default) = match (&value.kind, named) {
            (ExprKind::Record { .. }, Some(name)) => (name, entry(value, "default")),
            (ExprKind::Call(call), _) => {
                let Some(name) = key.filter(|name| is_variable_name(name)) else { return };
                let first = call.arguments.first().map(|argument| &argument.value);
                let default = match called_name(&call.callee) {
                    Some("default" | "prefault") => first,
                    Some("str" | "string") => first.and_then(|first| entry(first, "default")),
                    _ => default_in_chain(&call.callee),
                };
                (name, default)
            }
            _ => return,
        };
        if let Some(constant) = default.and_then(|default| self.constant(default, around)) {
            self.add(name, constant, value.extent, around);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt, around: Around<'a, '_>) {
        match &stmt.kind {
            StmtKind::Assign(assign) => self.assign(assign, stmt.extent, around),
            StmtKind::If { test, then, otherwise } if !tells_environments_apart(test) => {
                self.filled_in(test, then, stmt, around);
                self.filled_in(test, otherwise, stmt, around);
            }
            StmtKind::Try(tried) => self.tried(tried, around),
            _ => {}
        }
    }

    /// `secret ||= "dev"` as a statement, `const { JWT_SECRET = "dev" } = process.env`.
    fn assign(&mut self, assign: &'a Assign, extent: Extent, around: Around<'a, '_>) {
        let (Some(value), Some(target)) = (&assign.value, assign.targets.first()) else { return };
        if matches!(assign.op, Some(BinaryOp::Logical(LogicalOp::Or | LogicalOp::Coalesce))) {
            self.choice(target, value, extent, around);
        }
        let ExprKind::Record { entries, .. } = &target.kind else { return };
        if !matches!(value.dotted().as_deref(), Some("process.env" | "Bun.env" | "env" | "import.meta.env")) {
            return;
        }
        for (key, target) in entries {
            let name = key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)));
            if let (Some(name), ExprKind::Assign { target: local, value, .. }) = (name, &target.kind) {
                self.reads += u64::from(is_counted(name));
                if let Some((constant, constant_name)) = self.constant(value, around) {
                    self.found.push(Fallback {
                        variable: name.to_owned(),
                        constant,
                        constant_name,
                        extent: target.extent,
                        bound: called_name(local),
                    });
                }
            }
        }
    }

    /// `if (!secret) secret = "dev"`, when `secret` is read from the environment elsewhere.
    fn filled_in(&mut self, test: &'a Expr, body: &'a [Stmt], whole: &'a Stmt, around: Around<'a, '_>) {
        for stmt in body {
            let Some((target, value)) = assigned(stmt) else { continue };
            let Some(constant) = self.constant(value, around) else { continue };
            if !mentions(test, target) && self.read(test, around, STEPS).is_none() {
                continue;
            }
            let mut around = around.to_vec();
            around.push(Node::Stmt(whole));
            let read = self.read(target, &around, STEPS).or_else(|| self.bound_read(target, &around, STEPS));
            if let Some(read) = read {
                self.add(read.name, constant, stmt.extent, &around);
            }
        }
    }

    /// `try: X = os.environ["X"]` with `except KeyError: X = "dev"`.
    fn tried(&mut self, tried: &'a Try, around: Around<'a, '_>) {
        let reads: Vec<(&Expr, Variable<'a>)> = tried
            .body
            .iter()
            .filter_map(assigned)
            .filter_map(|(target, value)| Some((target, self.read(value, around, STEPS)?)))
            .collect();
        for stmt in tried.handlers.iter().flat_map(|handler| &handler.body) {
            let Some((target, value)) = assigned(stmt) else { continue };
            let Some(constant) = self.constant(value, around) else { continue };
            if let Some((_, read)) = reads.iter().find(|(other, _)| other.dotted() == target.dotted()) {
                let mut around = around.to_vec();
                around.push(Node::Stmt(stmt));
                self.add(read.name, constant, stmt.extent, &around);
            }
        }
    }

    /// Fields of pydantic's settings: `secret_key: str = "dev"` is read from `SECRET_KEY`.
    fn settings_class(&mut self, class: &'a Class, around: Around<'a, '_>) {
        let is_settings = class
            .bases
            .iter()
            .filter_map(|base| called_name(&base.value))
            .any(|base| base.ends_with("Settings"));
        if self.file.language != Language::Python || !is_settings || is_of_one_environment(around) {
            return;
        }
        for field in &class.body {
            let StmtKind::Assign(assign) = &field.kind else { continue };
            let Some(name) = assign.targets.first().and_then(called_name) else { continue };
            self.reads += u64::from(is_counted(name));
            let Some(value) = &assign.value else { continue };
            let default = match &value.kind {
                ExprKind::Call(call) if matches!(called_name(&call.callee), Some("Field" | "SecretStr")) => {
                    let first = call.arguments.first().filter(|argument| argument.name.is_none());
                    keyword(&call.arguments, "default").or(first.map(|first| &first.value))
                }
                _ => Some(value),
            };
            if let Some((constant, constant_name)) =
                default.and_then(|default| self.constant(default, around))
            {
                let variable = name.to_owned();
                self.found.push(Fallback {
                    variable,
                    constant,
                    constant_name,
                    extent: field.extent,
                    bound: Some(name),
                });
            }
        }
    }

    /// A function that returns the variable, or a constant.
    fn function(&mut self, function: &'a Function, around: Around<'a, '_>) {
        if function.name.is_empty() || function.body.is_empty() {
            return;
        }
        let returned = returned(function);
        let read = returned.iter().find_map(|value| self.read(value, around, STEPS));
        let Some(read) = read else { return };
        for value in returned {
            if let Some(constant) = self.constant(value, around)
                && self.read(value, around, STEPS).is_none()
                && !is_under_environment(function, value)
            {
                let bound = Some(function.name.as_str());
                let (constant, constant_name) = constant;
                let variable = read.name.to_owned();
                self.found.push(Fallback { variable, constant, constant_name, extent: value.extent, bound });
            }
        }
    }

    /// The variable that an expression reads, through casts, trimming, choices and local names.
    fn read(&mut self, expr: &'a Expr, around: Around<'a, '_>, steps: u32) -> Option<Variable<'a>> {
        let left = steps.checked_sub(1)?;
        if steps == STEPS {
            self.budget = BUDGET;
        }
        self.budget = self.budget.checked_sub(1)?;
        if let Some(read) = variable(self.file, expr) {
            return Some(read);
        }
        match &expr.kind {
            ExprKind::Name(_) => {
                let origins = self.values.origins(expr, around);
                origins
                    .into_iter()
                    .filter(|origin| !std::ptr::eq(*origin, expr))
                    .find_map(|origin| self.read(origin, around, left))
                    .or_else(|| self.bound_read(expr, around, left))
            }
            ExprKind::Await(value) | ExprKind::Propagate(value) | ExprKind::Cast { value, .. } => {
                self.read(value, around, left)
            }
            ExprKind::Unary { value, .. } => self.read(value, around, left),
            ExprKind::Logical { left: first, right, .. } => {
                self.read(first, around, left).or_else(|| self.read(right, around, left))
            }
            ExprKind::Call(call) => match &call.callee.kind {
                ExprKind::Member { object, name, .. } if is_transparent(name) => {
                    self.read(object, around, left)
                }
                ExprKind::Member { name, .. } if name == "from" => {
                    self.read(&call.arguments.first()?.value, around, left)
                }
                ExprKind::Name(name)
                    if matches!(
                        name.as_str(),
                        "String" | "str" | "bytes" | "SecretStr" | "Secret" | "Some"
                    ) =>
                {
                    self.read(&call.arguments.first()?.value, around, left)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The variable that a name has among other values.
    fn bound_read(&mut self, target: &Expr, around: Around<'a, '_>, steps: u32) -> Option<Variable<'a>> {
        let left = steps.checked_sub(1)?;
        let ExprKind::Name(name) = &target.kind else { return None };
        let bound = self.values.bound(name, around);
        bound.iter().find_map(|bound| match bound {
            Bound::To(value) => match &value.kind {
                ExprKind::Name(_) => None,
                _ => self.read(value, around, left),
            },
            _ => None,
        })
    }

    /// The text of a constant: a literal, what is put together of literals, a name that is bound to nothing else.
    fn constant(&mut self, expr: &'a Expr, around: Around<'a, '_>) -> Option<Constant<'a>> {
        self.constant_in(expr, around, STEPS)
    }

    fn constant_in(&mut self, expr: &'a Expr, around: Around<'a, '_>, steps: u32) -> Option<Constant<'a>> {
        let left = steps.checked_sub(1)?;
        if let Some(text) = literal_text(expr) {
            return is_text_of_secret(text).then(|| (text.to_owned(), None));
        }
        match &expr.kind {
            ExprKind::Name(name) => match self.values.bound(name, around).as_slice() {
                [Bound::To(value)] => {
                    let (text, _) = self.constant_in(value, around, left)?;
                    Some((text, Some(name.as_str())))
                }
                _ => None,
            },
            ExprKind::Binary { op: BinaryOp::Add, left: first, right } => {
                let (mut text, _) = self.constant_in(first, around, left)?;
                text.push_str(&self.constant_in(right, around, left)?.0);
                Some((text, None))
            }
            ExprKind::Call(call) => {
                let first = call.arguments.first();
                match &call.callee.kind {
                    ExprKind::Member { object, name, .. }
                        if matches!(name.as_str(), "repeat" | "trim" | "as_ref" | "as_str" | "clone") =>
                    {
                        self.constant_in(object, around, left)
                    }
                    ExprKind::Member { name, .. } if name == "from" => {
                        self.constant_in(&first?.value, around, left)
                    }
                    ExprKind::Name(name)
                        if matches!(name.as_str(), "String" | "Secret" | "SecretStr" | "Ok" | "Some") =>
                    {
                        self.constant_in(&first?.value, around, left)
                    }
                    _ => None,
                }
            }
            ExprKind::Function(function) => match function.body.as_slice() {
                [Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Value(value), .. }] => {
                    self.constant_in(value, around, left)
                }
                _ => None,
            },
            ExprKind::Cast { value, .. } => self.constant_in(value, around, left),
            _ => None,
        }
    }
}

/// Methods that hand on a text or an option of one.
fn is_transparent(name: &str) -> bool {
    matches!(
        name,
        "trim"
            | "strip"
            | "encode"
            | "toString"
            | "ok"
            | "map"
            | "filter"
            | "as_deref"
            | "as_ref"
            | "clone"
            | "to_string"
            | "unwrap_or_default"
            | "lower"
            | "get_secret_value"
            | "and_then"
    )
}

/// A constant that can be a secret: no path, no address.
fn is_text_of_secret(text: &str) -> bool {
    !text.starts_with(['/', '.', '~']) && !text.contains("://") && text.len() <= 4096
}

/// Whether a read of this name counts as one that could have had a constant.
fn is_counted(name: &str) -> bool {
    crate::facts::words::has_word(name, &["secret", "secretkey", "signing", "jwt", "hmac", "encryption"])
}

/// `config.jwtSecret`, `settings.SECRET_KEY`, `app.config["SECRET_KEY"]`.
fn setting(value: &Expr) -> Option<&str> {
    let is_settings = |object: &Expr| {
        called_name(object)
            .is_some_and(|name| matches!(name, "config" | "settings" | "cfg" | "conf" | "CONFIG"))
    };
    match &value.kind {
        ExprKind::Member { object, name, .. } if is_settings(object) => Some(name),
        ExprKind::Index { object, index } if is_settings(object) => index.string(),
        _ => None,
    }
}

/// The name and the value of a statement that assigns one.
fn assigned(stmt: &Stmt) -> Option<(&Expr, &Expr)> {
    match &stmt.kind {
        StmtKind::Assign(assign) if assign.op.is_none() => {
            Some((assign.targets.first()?, assign.value.as_ref()?))
        }
        StmtKind::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
            Some((target, value))
        }
        StmtKind::Block(body) => match body.as_slice() {
            [only] => assigned(only),
            _ => None,
        },
        _ => None,
    }
}

fn mentions(test: &Expr, target: &Expr) -> bool {
    let wanted = target.dotted();
    let mut found = false;
    crate::facts::nodes::each_in_expr(test, &mut |node, _| {
        found |= wanted.is_some() && node.expr().is_some_and(|expr| expr.dotted() == wanted);
        !found
    });
    found
}

/// The default that a chain of calls gives on its way: `z.string().default("dev").describe(..)`.
fn default_in_chain(callee: &Expr) -> Option<&Expr> {
    let ExprKind::Member { object, .. } = &callee.kind else { return None };
    let call = object.call()?;
    if called_name(&call.callee) == Some("default") {
        return call.arguments.first().map(|argument| &argument.value);
    }
    default_in_chain(&call.callee)
}

/// Whether a value is returned under a condition that asks which environment this is.
fn is_under_environment(function: &Function, value: &Expr) -> bool {
    let mut found = false;
    crate::facts::nodes::each_in_body(&function.body, &mut |node, around| {
        if node.expr().is_some_and(|expr| std::ptr::eq(expr, value)) {
            found = is_of_one_environment(around);
        }
        !found
    });
    found
}

/// What the value of a place is bound to: a name, a key, a keyword argument, or the function that returns it.
fn bound_to<'a>(extent: Extent, around: Around<'a, '_>) -> Option<&'a str> {
    let holds = |expr: &Expr| expr.extent.start <= extent.start && extent.end <= expr.extent.end;
    for node in around.iter().rev() {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                return target_name(assign.targets.first()?);
            }
            Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. }) => {}
            Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
                let parameter = function
                    .parameters
                    .iter()
                    .find(|parameter| parameter.default.as_ref().is_some_and(holds));
                return Some(parameter.map_or(function.name.as_str(), |parameter| {
                    called_name(&parameter.pattern).unwrap_or_default()
                }));
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => return target_name(target),
            Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
                let (key, _) = entries.iter().find(|(_, value)| holds(value))?;
                return key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)));
            }
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                let given = call.arguments.iter().find(|argument| holds(&argument.value));
                if let Some(name) =
                    given.and_then(|given| given.name.as_deref()).filter(|name| *name != "default")
                {
                    return Some(name);
                }
            }
            _ => {}
        }
    }
    None
}

fn target_name(target: &Expr) -> Option<&str> {
    match &target.kind {
        ExprKind::Index { index, .. } => index.string(),
        _ => called_name(target),
    }
}
