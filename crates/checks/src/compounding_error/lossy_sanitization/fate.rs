//! What becomes of a changed value: followed through what it is made a part of, the names that it is bound to, and the functions of the same
//! file that it is handed to or given back by.
//!
//! Limit: in which order statements run is told by where they stand.

use crate::context::Context;
use crate::facts::absence::root_name;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, Node, each_in_body, each_node, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::sql;
use crate::facts::syntax::{BinaryOp, Call, CallStyle, CompareOp, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name};
use crate::facts::words::words;

/// Where a value ends.
pub(super) enum End<'a> {
    /// In a call: as an argument, in one, or as the object whose method is called.
    Given {
        call: &'a Call,
        /// The keyword or the key of the record that it is given under.
        name: Option<&'a str>,
    },
    /// It is compared with this.
    Compared(&'a Expr),
    /// In a field of something that is not made here.
    Field(&'a Expr),
}

/// Whether a value ends in one of the places that are sought.
pub(super) fn reaches<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    expr: &'a Expr,
    around: Around<'a, '_>,
    is_sought: &dyn Fn(End<'a>) -> bool,
) -> bool {
    Follower { context, file, is_sought, seen: Vec::new() }.follow(expr, around, None)
}

/// Where a walk outward goes on.
enum Next<'a> {
    /// With what the value is now a part of.
    On(&'a Expr),
    /// Nowhere; whether it was a place that is sought.
    Ends(bool),
}

struct Follower<'a, 'c> {
    context: &'c Context<'a>,
    file: &'a SourceFile,
    is_sought: &'c dyn Fn(End<'a>) -> bool,
    /// Names (with where their function begins) and functions that were followed.
    seen: Vec<(u32, &'a str)>,
}

impl<'a> Follower<'a, '_> {
    /// From a value outward. `scope` is the function that `around` begins in.
    fn follow(&mut self, expr: &'a Expr, around: Around<'a, '_>, scope: Option<&'a Function>) -> bool {
        let (mut inner, mut rest, mut key) = (expr, around, None);
        while let Some((outer, before)) = rest.split_last() {
            rest = before;
            let next = match outer {
                Node::Expr(outer) => self.through(outer, inner, &mut key, (rest, scope)),
                Node::Stmt(stmt) => Next::Ends(self.stated(stmt, inner, rest, scope)),
                Node::Handler(_) => Next::Ends(false),
            };
            match next {
                Next::On(outer) => inner = outer,
                Next::Ends(found) => return found,
            }
        }
        false
    }

    fn through(
        &mut self,
        outer: &'a Expr,
        inner: &'a Expr,
        key: &mut Option<&'a str>,
        (rest, scope): (Around<'a, '_>, Option<&'a Function>),
    ) -> Next<'a> {
        let is = |part: &Expr| std::ptr::eq(part, inner);
        match &outer.kind {
            ExprKind::Call(call) => self.called(call, outer, inner, *key, (rest, scope)),
            // A method of it; what is asked of it otherwise is a number.
            ExprKind::Member { .. } => {
                let is_called = matches!(rest.last(), Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. })) if std::ptr::eq(&call.callee, outer));
                if is_called { Next::On(outer) } else { Next::Ends(false) }
            }
            ExprKind::Index { object, index } if is(object) && matches!(index.kind, ExprKind::Range(_)) => {
                Next::On(outer)
            }
            ExprKind::Conditional { test, .. } if is(test) => Next::Ends(false),
            ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Modulo, .. }
            | ExprKind::Conditional { .. }
            | ExprKind::Logical { .. }
            | ExprKind::Template(_)
            | ExprKind::Sequence { .. }
            | ExprKind::Spread(_)
            | ExprKind::Await(_)
            | ExprKind::Propagate(_)
            | ExprKind::Cast { .. } => Next::On(outer),
            ExprKind::Comprehension(made) if is(&made.element) => Next::On(outer),
            ExprKind::Record { entries, .. } => {
                let entry = entries.iter().find(|(_, value)| is(value));
                *key = entry.and_then(|(key, _)| key.as_ref()?.string()).or(*key);
                Next::On(outer)
            }
            ExprKind::Compare { left, rest } => {
                let pair = match rest.as_slice() {
                    [(op, right)] if is_equality(*op) => Some(if is(left) { right } else { &**left }),
                    _ => None,
                };
                Next::Ends(pair.is_some_and(|other| (self.is_sought)(End::Compared(other))))
            }
            ExprKind::Assign { target, value, .. } if is(value) => {
                if self.bound(target, outer.extent.end, rest, scope) {
                    Next::Ends(true)
                } else {
                    Next::On(outer)
                }
            }
            _ => Next::Ends(false),
        }
    }

    fn called(
        &mut self,
        call: &'a Call,
        outer: &'a Expr,
        inner: &'a Expr,
        key: Option<&'a str>,
        (rest, scope): (Around<'a, '_>, Option<&'a Function>),
    ) -> Next<'a> {
        let called = called_name(&call.callee).unwrap_or_default();
        if std::ptr::eq(&call.callee, inner) {
            return match called {
                _ if keeps_text(called) => Next::On(outer),
                _ => Next::Ends((self.is_sought)(End::Given { call, name: key })),
            };
        }
        // The object of the method that is called here stands inside the callee.
        let Some(at) = call.arguments.iter().position(|given| std::ptr::eq(&given.value, inner)) else {
            return Next::Ends(false);
        };
        let name = key.or_else(|| call.arguments.get(at).and_then(|given| given.name.as_deref()));
        // `found.append(value)` of a list that is made here: what becomes of the list?
        if collects(called)
            && let Some(root) = root_name(&call.callee)
            && let Some(function) = enclosing_function(rest).or(scope)
            && is_made_in(function, root)
        {
            return Next::Ends(self.named(function, root, outer.extent.end));
        }
        if (self.is_sought)(End::Given { call, name }) || self.handed(call, at) {
            return Next::Ends(true);
        }
        if builds(call, called) { Next::On(outer) } else { Next::Ends(false) }
    }

    /// What a function of the file does with the parameter.
    fn handed(&mut self, call: &'a Call, at: usize) -> bool {
        let Some(function) = own_function(self.context, self.file, call) else { return false };
        let mut parameters =
            function.parameters.iter().filter_map(|parameter| match &parameter.pattern.kind {
                ExprKind::Name(name) if !matches!(name.as_str(), "self" | "cls") => Some(name.as_str()),
                _ => None,
            });
        let by_name = call.arguments.get(at).and_then(|given| given.name.as_deref());
        let parameter = match by_name {
            Some(name) => parameters.find(|parameter| *parameter == name),
            None => parameters.nth(at),
        };
        parameter.is_some_and(|name| self.named(function, name, 0))
    }

    fn stated(
        &mut self,
        stmt: &'a Stmt,
        inner: &'a Expr,
        rest: Around<'a, '_>,
        scope: Option<&'a Function>,
    ) -> bool {
        match &stmt.kind {
            StmtKind::Assign(assign) => {
                let is_value = assign.value.as_ref().is_some_and(|value| std::ptr::eq(value, inner));
                is_value
                    && assign.targets.iter().any(|target| self.bound(target, stmt.extent.end, rest, scope))
            }
            StmtKind::Return(Some(_)) | StmtKind::Value(_) => self.given_back(rest, scope),
            _ => false,
        }
    }

    /// `items.map((item) => item.trim())` is the value of the call; what a function of the file gives back, its callers have.
    fn given_back(&mut self, rest: Around<'a, '_>, scope: Option<&'a Function>) -> bool {
        let inside = rest.iter().rposition(|node| node.function().is_some());
        let outside = inside.and_then(|at| rest.get(..at)).and_then(<[_]>::split_last);
        if let Some((Node::Expr(whole @ Expr { kind: ExprKind::Call(call), .. }), before)) = outside
            && matches!(called_name(&call.callee), Some("map" | "flatMap" | "then"))
        {
            return self.follow(whole, before, scope);
        }
        let Some(function) = enclosing_function(rest).or(scope) else { return false };
        if !self.is_new(function, "") {
            return false;
        }
        let (context, file) = (self.context, self.file);
        let mut found = false;
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) = node
                && own_function(context, file, call).is_some_and(|called| std::ptr::eq(called, function))
            {
                found |= self.follow(expr, around, None);
            }
            !found
        });
        found
    }

    /// What becomes of it under the name that it is bound to.
    fn bound(
        &mut self,
        target: &'a Expr,
        from: u32,
        rest: Around<'a, '_>,
        scope: Option<&'a Function>,
    ) -> bool {
        let Some(function) = enclosing_function(rest).or(scope) else { return false };
        match &target.kind {
            ExprKind::Name(name) => self.named(function, name, from),
            ExprKind::Member { .. } | ExprKind::Index { .. } => {
                match root_name(target).filter(|root| is_made_in(function, root)) {
                    Some(root) => self.named(function, root, from),
                    None => (self.is_sought)(End::Field(target)),
                }
            }
            _ => false,
        }
    }

    /// What becomes of a name after this place of its function.
    fn named(&mut self, function: &'a Function, name: &'a str, from: u32) -> bool {
        if !self.is_new(function, name) {
            return false;
        }
        let mut found = false;
        each_in_body(&function.body, &mut |node, around| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Name(own), extent }) = node
                && own == name
                && extent.start >= from
                && !is_target(expr, around)
            {
                found |= self.follow(expr, around, Some(function));
            }
            !found
        });
        found
    }

    fn is_new(&mut self, function: &'a Function, name: &'a str) -> bool {
        let one = (function.name_extent.start, name);
        let is_new = !self.seen.contains(&one);
        if is_new {
            self.seen.push(one);
        }
        is_new
    }
}

fn is_target(expr: &Expr, around: Around<'_, '_>) -> bool {
    match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
            assign.targets.iter().any(|target| std::ptr::eq(target, expr))
        }
        Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => std::ptr::eq(&**target, expr),
        _ => false,
    }
}

fn is_equality(op: CompareOp) -> bool {
    matches!(op, CompareOp::Equal | CompareOp::NotEqual | CompareOp::StrictEqual | CompareOp::StrictNotEqual)
}

/// The function of the same file that is called.
pub(super) fn own_function<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    call: &Call,
) -> Option<&'a Function> {
    let (source, function) = called_function(context, file, &call.callee)?;
    std::ptr::eq(source, file).then_some(function)
}

/// Methods of a text whose result is that text again, or most of it.
fn keeps_text(name: &str) -> bool {
    matches!(
        name,
        "strip"
            | "lstrip"
            | "rstrip"
            | "trim"
            | "trimStart"
            | "trimEnd"
            | "lower"
            | "upper"
            | "casefold"
            | "title"
            | "capitalize"
            | "toLowerCase"
            | "toUpperCase"
            | "replace"
            | "replaceAll"
            | "slice"
            | "substring"
            | "substr"
            | "normalize"
            | "concat"
            | "encode"
            | "decode"
            | "toString"
    )
}

/// Whether the result of a call holds what it is given: an object that is made, a text that is put together.
fn builds(call: &Call, name: &str) -> bool {
    call.style == CallStyle::New
        || name.starts_with(char::is_uppercase)
        || matches!(
            name,
            "str"
                | "dict"
                | "list"
                | "tuple"
                | "format"
                | "join"
                | "sub"
                | "concat"
                | "assign"
                | "all"
                | "escape"
        )
}

/// Methods that put something into a collection.
fn collects(name: &str) -> bool {
    matches!(name, "append" | "push" | "unshift" | "add" | "set" | "extend" | "insert" | "setdefault")
}

/// Whether a function makes the collection or record of this name.
fn is_made_in(function: &Function, name: &str) -> bool {
    Values::of_function(function).bound(name).iter().any(is_collection)
}

fn is_collection(bound: &Bound<'_>) -> bool {
    let Bound::To(value) = bound else { return false };
    match &value.kind {
        ExprKind::Record { .. } | ExprKind::Sequence { .. } => true,
        ExprKind::Call(call) => matches!(
            called_name(&call.callee),
            Some("dict" | "list" | "set" | "Map" | "Set" | "defaultdict" | "OrderedDict" | "deque")
        ),
        _ => false,
    }
}

/// Whether a call keeps what it is given: in a database, or in a collection that outlives the function.
pub(super) fn stores(file: &SourceFile, call: &Call) -> bool {
    let Some(name) = called_name(&call.callee) else { return false };
    if runs_sql(name) {
        return match statements(call) {
            Some(is_write) => is_write,
            None => matches!(name, "execute" | "run"),
        };
    }
    if collects(name)
        && let Some(root) = root_name(&call.callee)
        && matches!(call.callee.kind, ExprKind::Member { .. })
        && (matches!(root, "self" | "this")
            || Values::of_body(&file.syntax.body).bound(root).iter().any(is_collection))
    {
        return true;
    }
    let is_bare = matches!(name, "set" | "extend" | "setdefault" | "append" | "push" | "unshift");
    let first = words(name).into_iter().next().unwrap_or_default();
    !is_bare
        && matches!(
            first.as_str(),
            "create" | "insert" | "add" | "save" | "store" | "persist" | "update" | "upsert"
        )
}

/// Methods that run a statement.
fn runs_sql(name: &str) -> bool {
    matches!(name, "execute" | "executemany" | "run" | "query" | "all" | "get" | "one" | "none")
}

/// Whether the SQL of a call writes: its own, or that of the statement whose method it is.
fn statements(call: &Call) -> Option<bool> {
    let given = |call: &Call| {
        let text = call.arguments.first().and_then(|given| sql::text_of(&given.value))?;
        let all = sql::statements(&text);
        (!all.is_empty()).then(|| all.iter().any(sql::Statement::is_write))
    };
    let prepared = || match &call.callee.kind {
        ExprKind::Member { object, .. } => given(object.call()?),
        _ => None,
    };
    given(call).or_else(prepared)
}
