//! Goes through a handler and what it calls, and notes what is done to the database.

mod given;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::connection::{Lent, Over};
use super::holds::{
    self, Holds, Locking, commits, commits_at_end, decorator_holds, holds, is_handle, is_injected,
    is_transaction, locking, made_by, names_connection,
};
use super::read::{self, Scope};
use super::{Commits, Does, Frame, Looped, Operation, Takes, Trace, takes};
use crate::facts::nodes::{Node, parts};
use crate::facts::sql::{self, Verb};
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Stmt, StmtKind, Try};
use crate::facts::values::called_name;
use crate::framework::Project;
use crate::framework::web::Handler;

/// Calls of the project's own functions that are followed, one inside the other.
const DEPTH: usize = 6;
/// Statements and expressions that are looked at for one handler.
const STEPS: u32 = 40_000;
/// Functions of one handler that are kept.
const FUNCTIONS: usize = 96;
/// Operations of one way that are kept.
const OPERATIONS: usize = 120;

/// One way through a handler.
#[derive(Debug, Clone, Default)]
struct Way<'a> {
    operations: Vec<Operation<'a>>,
    /// The transactions that are open at its end.
    transactions: Vec<u32>,
    /// The locks of the process that were taken by a call and not given back.
    acquired: u32,
    /// Whether it could not be told over which connection something is written.
    is_unclear: bool,
}

impl Way<'_> {
    /// How much it does: writes first. What is rolled back writes nothing.
    fn weight(&self) -> usize {
        let rolled_back = |one: &Operation<'_>| one.statement().is_some_and(|one| one.verb == Verb::Rollback);
        let writes = match self.operations.iter().any(rolled_back) {
            true => 0,
            false => self.operations.iter().filter(|one| one.is_write()).count(),
        };
        writes * 1000 + self.operations.len()
    }
}

/// Goes through handlers.
pub(super) struct Walker<'a, 'b> {
    project: &'b Project<'a>,
    frames: Vec<Frame<'a>>,
    /// The functions around what is looked at, innermost last.
    within: Vec<&'a Function>,
    current: Way<'a>,
    /// The ways of the innermost function that left it early.
    left: Vec<Way<'a>>,
    looped: Option<Looped<'a>>,
    next_transaction: u32,
    /// The transactions of this handler that were begun on a connection which a pool lent.
    lent: HashMap<u32, Lent>,
    waits: u32,
    locks: u32,
    steps: u32,
    /// What was noted for this handler, on any way.
    noted: usize,
    /// Calls that were not gone into, though they may do something.
    cut: usize,
    holds: holds::Known,
    /// The function of the project that a call runs.
    targets: HashMap<*const Call, Option<(usize, &'a Function)>>,
    /// What a call does.
    does: HashMap<*const Call, Vec<Does>>,
    /// Functions that do nothing to a database, nor does what they call.
    quiet: HashSet<*const Function>,
    /// The functions that run for this handler.
    visited: Vec<(usize, &'a Function)>,
    /// Functions that were gone through where they are handed to something.
    inline: HashSet<*const Function>,
}

impl<'a, 'b> Walker<'a, 'b> {
    pub(super) fn new(project: &'b Project<'a>) -> Self {
        Self {
            project,
            frames: Vec::new(),
            within: Vec::new(),
            current: Way::default(),
            left: Vec::new(),
            looped: None,
            next_transaction: 1,
            lent: HashMap::new(),
            waits: 0,
            locks: 0,
            steps: 0,
            noted: 0,
            cut: 0,
            holds: HashMap::new(),
            targets: HashMap::new(),
            does: HashMap::new(),
            quiet: HashSet::new(),
            visited: Vec::new(),
            inline: HashSet::new(),
        }
    }

    pub(super) fn trace(&mut self, handler: &'a Handler<'a>) -> Trace<'a> {
        self.current = Way::default();
        self.left.clear();
        self.inline.clear();
        self.lent.clear();
        self.visited = vec![(handler.file, handler.function)];
        // A handler that is given a transaction writes in it, whatever else it does.
        let injected = is_injected(handler);
        self.looped = None;
        (self.steps, self.next_transaction, self.noted) = (0, 1, 0);
        (self.waits, self.locks) = (0, 0);
        if injected {
            self.begin();
        }
        if !self.quiet.contains(&std::ptr::from_ref(handler.function)) {
            self.function(handler.file, handler.function);
        }
        Trace {
            handler,
            operations: std::mem::take(&mut self.current.operations),
            functions: std::mem::take(&mut self.visited),
            commits: Commits::Each,
            is_unclear: self.current.is_unclear,
        }
    }

    /// Goes through a function; what it does is added to the current way.
    fn function(&mut self, file: usize, function: &'a Function) {
        self.frames.push(Frame { file, function, extent: Extent::default() });
        let within = std::mem::replace(&mut self.within, self.project.functions_around(file, function));
        let outer = std::mem::take(&mut self.left);
        let before = (self.noted, self.cut);
        let (held, depth) = (self.decorated(file, function), self.current.transactions.len());
        if held.transaction {
            self.begin();
        }
        self.locks += u32::from(held.lock);
        self.best_way(&function.body);
        self.locks -= u32::from(held.lock);
        if held.transaction {
            self.current.transactions.truncate(depth);
        }
        if (self.noted, self.cut) == before && self.steps <= STEPS {
            self.quiet.insert(std::ptr::from_ref(function));
        }
        self.left = outer;
        self.within = within;
        self.frames.pop();
    }

    /// What the decorators of a function hold around it.
    fn decorated(&mut self, file: usize, function: &'a Function) -> Holds {
        let outer = self.within.split_last().map(|(_, outer)| outer).unwrap_or_default();
        let scope = Scope { project: self.project, file, within: outer };
        let mut all = Holds::default();
        for decorator in &function.decorators {
            let one = decorator_holds(&mut self.holds, &scope, decorator);
            all = Holds { transaction: all.transaction || one.transaction, lock: all.lock || one.lock };
        }
        all
    }

    /// Goes through the body of a function, and keeps the way that does most, whether it ends or returns.
    fn best_way(&mut self, body: &'a [Stmt]) {
        let begin = self.current.clone();
        let falls = self.body(body);
        let mut best = falls.then(|| std::mem::take(&mut self.current));
        for mut way in std::mem::take(&mut self.left) {
            // `finally` gives back what was taken.
            way.acquired = begin.acquired;
            if best.as_ref().is_none_or(|best| way.weight() > best.weight()) {
                best = Some(way);
            }
        }
        self.current = best.unwrap_or(begin);
    }

    /// Whether the way goes on after it.
    fn body(&mut self, body: &'a [Stmt]) -> bool {
        body.iter().all(|stmt| self.stmt(stmt))
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> bool {
        self.steps += 1;
        if self.steps > STEPS {
            return true;
        }
        match &stmt.kind {
            StmtKind::If { test, then, otherwise } => {
                self.expr(test);
                self.branch(&[then, otherwise])
            }
            StmtKind::Match { value, arms } => {
                self.expr(value);
                let bodies: Vec<&'a [Stmt]> = arms.iter().map(|arm| arm.body.as_slice()).collect();
                self.branch(&bodies)
            }
            StmtKind::Loop(each) => {
                self.body(&each.header);
                each.iterable.iter().for_each(|iterable| self.expr(iterable));
                let items = each.iterable.is_some() || !each.header.is_empty();
                self.in_loop(items, stmt.extent, each.iterable.as_ref(), |walker| {
                    each.test.iter().for_each(|test| walker.expr(test));
                    walker.body(&each.body);
                });
                true
            }
            StmtKind::Try(tried) => self.tried(tried),
            StmtKind::With { items, body, .. } => self.with(items, body),
            StmtKind::Return(value) | StmtKind::Raise { value, .. } => {
                value.iter().for_each(|value| self.expr(value));
                value.iter().for_each(|value| self.tagged(value));
                // What is thrown away by an error is no way that writes.
                if matches!(stmt.kind, StmtKind::Return(_)) {
                    self.left.push(self.current.clone());
                }
                false
            }
            StmtKind::Break | StmtKind::Continue => false,
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) => true,
            StmtKind::Block(body) => self.body(body),
            StmtKind::Assign(assign) => {
                let made = assign.value.as_ref().and_then(Expr::call);
                if let Some(value) = assign.value.as_ref().filter(|value| is_handle(value)) {
                    // `const trx = await knex.transaction()`
                    read::statements("BEGIN").into_iter().for_each(|begin| self.note(begin, value.extent));
                } else if made.is_none_or(|call| called_name(&call.callee) != Some("transaction")) {
                    // `const place = db.transaction(() => ..)` runs when it is called.
                    assign.value.iter().for_each(|value| self.expr(value));
                }
                true
            }
            _ => {
                parts(Node::Stmt(stmt), &mut |part| {
                    if let Node::Expr(expr) = part {
                        self.expr(expr);
                    }
                });
                true
            }
        }
    }

    fn tried(&mut self, tried: &'a Try) -> bool {
        let begin = self.current.clone();
        let falls = self.body(&tried.body) && self.body(&tried.otherwise);
        let way = std::mem::replace(&mut self.current, begin);
        let mut caught = None;
        for handler in &tried.handlers {
            let before = self.current.clone();
            if self.body(&handler.body) {
                caught = caught.or(Some(std::mem::take(&mut self.current)));
            }
            self.current = before;
        }
        // After a `try` that always returns, the way goes on from its handler.
        let goes_on = falls || caught.is_some();
        self.current = if falls { way } else { caught.unwrap_or(way) };
        self.body(&tried.finally) && goes_on
    }

    /// Goes each way, and keeps the one that writes most.
    fn branch(&mut self, bodies: &[&'a [Stmt]]) -> bool {
        let begin = self.current.clone();
        let mut best: Option<Way<'a>> = None;
        for body in bodies {
            self.current = begin.clone();
            if self.body(body) && best.as_ref().is_none_or(|best| self.current.weight() > best.weight()) {
                best = Some(std::mem::take(&mut self.current));
            }
        }
        let falls = best.is_some();
        self.current = best.unwrap_or(begin);
        falls
    }

    fn in_loop(
        &mut self,
        items: bool,
        extent: Extent,
        over: Option<&'a Expr>,
        inside: impl FnOnce(&mut Self),
    ) {
        let before = self.looped;
        if items && before.is_none() {
            self.looped = self.frames.last().map(|frame| Looped { file: frame.file, extent, over });
        }
        inside(self);
        self.looped = before;
    }

    fn with(&mut self, items: &'a [(Expr, Option<Expr>)], body: &'a [Stmt]) -> bool {
        let (mut begun, mut locked) = (0, 0);
        let mut commits = None;
        for (context, _) in items {
            self.expr(context);
            let holds = self.holds(context);
            locked += u32::from(holds.lock);
            if holds.transaction {
                self.begin();
                begun += 1;
            } else if names_connection(context)
                || self.scope().is_some_and(|scope| commits_at_end(&scope, context))
            {
                // `with conn:` of sqlite3 commits at its end.
                commits = Some(context.extent);
            }
        }
        self.locks += locked;
        let falls = self.body(body);
        self.locks -= locked;
        for _ in 0..begun {
            self.current.transactions.pop();
        }
        if let Some(extent) = commits {
            self.note(Does::Commit, extent);
        }
        falls
    }

    fn begin(&mut self) {
        self.current.transactions.push(self.next_transaction);
        self.next_transaction += 1;
    }

    /// Whether what a `with` is given, or what a call is given a function for, holds a transaction open.
    fn holds(&mut self, context: &'a Expr) -> Holds {
        let Some(frame) = self.frames.last() else { return Holds::default() };
        let scope = Scope { project: self.project, file: frame.file, within: &self.within };
        holds(&mut self.holds, &scope, context)
    }

    /// Where names of the function that is gone through are looked up.
    fn scope(&self) -> Option<Scope<'a, '_>> {
        let frame = self.frames.last()?;
        Some(Scope { project: self.project, file: frame.file, within: &self.within })
    }

    fn expr(&mut self, expr: &'a Expr) {
        self.steps += 1;
        if self.steps > STEPS {
            return;
        }
        match &expr.kind {
            ExprKind::Function(_) => {}
            ExprKind::Await(value) => {
                self.expr(value);
                self.tagged(value);
                self.waits += 1;
            }
            ExprKind::Call(call) => self.call(expr, call),
            ExprKind::Comprehension(comprehension) => {
                for (_, iterable, _) in &comprehension.clauses {
                    self.expr(iterable);
                }
                let over = comprehension.clauses.first().map(|(_, iterable, _)| iterable);
                self.in_loop(true, expr.extent, over, |walker| {
                    let conditions = comprehension.clauses.iter().flat_map(|(_, _, conditions)| conditions);
                    conditions.chain(&comprehension.key).for_each(|one| walker.expr(one));
                    walker.expr(&comprehension.element);
                });
            }
            _ => parts(Node::Expr(expr), &mut |part| match part {
                Node::Expr(part) => self.expr(part),
                Node::Stmt(stmt) => {
                    self.stmt(stmt);
                }
                Node::Handler(_) => {}
            }),
        }
    }

    /// ``await sql`INSERT ..` ``: a text with a tag that is waited for, or given back, is sent; one that is an argument is what it is
    /// given to that runs.
    fn tagged(&mut self, value: &'a Expr) {
        if let ExprKind::Template(template) = &value.kind
            && template.tag.is_some()
        {
            let text = sql::text_of(value).unwrap_or_default();
            read::statements(&text).into_iter().for_each(|does| self.note(does, value.extent));
        }
    }

    fn call(&mut self, expr: &'a Expr, call: &'a Call) {
        match &call.callee.kind {
            ExprKind::Member { object, .. } => self.expr(object),
            _ => self.expr(&call.callee),
        }
        self.arguments(call);
        let Some(frame) = self.frames.last().copied() else { return };
        let key = std::ptr::from_ref(call);
        let scope = Scope { project: self.project, file: frame.file, within: &self.within };
        let target = *self
            .targets
            .entry(key)
            .or_insert_with(|| scope.project.called(scope.file, scope.within, &call.callee));
        let does = self.does.entry(key).or_insert_with(|| read::does(&scope, call, target.is_some())).clone();
        match locking(&scope, call) {
            Some(Locking::Takes) => self.current.acquired += 1,
            Some(Locking::GivesBack) => {
                self.current.acquired = self.current.acquired.saturating_sub(1);
            }
            None => {}
        }
        let (noted, writes) = (!does.is_empty(), does.iter().any(is_write));
        let taken = takes::of_call(call, target.map(|(_, function)| function));
        let over = if writes { self.over(call, target) } else { Over::Same };
        self.current.is_unclear |= over == Over::Unknown;
        for one in does {
            let begins = matches!(&one, Does::Statement(statement) if statement.verb == Verb::Begin);
            self.note_taken(one, expr.extent, taken);
            if begins {
                self.begun_by(call);
            } else if over == Over::Other
                && let Some(last) = self.current.operations.last_mut()
            {
                last.transaction = None;
            }
        }
        if !noted {
            self.asked_of(call);
        }
        if let Some((file, function)) = target {
            if !noted {
                self.follow(expr, call, file, function);
            } else if writes && commits(function) {
                // `execute("INSERT ..")` of the project itself, which commits.
                self.note(Does::Commit, expr.extent);
            }
        }
        self.callbacks(expr, call, target);
    }

    /// Over which connection a call writes, where the innermost transaction was begun on one that a pool lent.
    fn over(&self, call: &'a Call, target: Option<(usize, &'a Function)>) -> Over {
        let lent = self.current.transactions.last().and_then(|open| self.lent.get(open));
        lent.zip(self.scope()).map_or(Over::Same, |(lent, scope)| lent.over(&scope, call, target))
    }

    /// Notes what the transaction that was just begun was begun on.
    fn begun_by(&mut self, call: &'a Call) {
        let lent = self.scope().and_then(|scope| Lent::of(&scope, call));
        if let (Some(open), Some(lent)) = (self.current.transactions.last(), lent) {
            self.lent.insert(*open, lent);
        }
    }

    /// Goes into a function of the project.
    fn follow(&mut self, expr: &'a Expr, call: &'a Call, file: usize, function: &'a Function) {
        let key = std::ptr::from_ref(function);
        let seen = self.visited.iter().any(|(_, known)| std::ptr::eq(*known, function));
        if !seen && self.visited.len() < FUNCTIONS {
            self.visited.push((file, function));
        }
        if function.is_generator || self.quiet.contains(&key) || self.inline.contains(&key) {
            return;
        }
        if self.frames.len() > DEPTH || self.frames.iter().any(|frame| std::ptr::eq(frame.function, function))
        {
            self.cut += 1;
            return;
        }
        let scope = Scope { project: self.project, file, within: &self.within };
        let handed = self.project.handed_to((file, function)).filter(|call| is_transaction(&call.callee));
        let transaction = handed.or_else(|| made_by(&scope, &call.callee)).is_some();
        if transaction {
            self.begin();
        }
        let before = self.frames.last_mut().map(|last| std::mem::replace(&mut last.extent, expr.extent));
        self.function(file, function);
        if let (Some(last), Some(before)) = (self.frames.last_mut(), before) {
            last.extent = before;
        }
        if transaction {
            self.current.transactions.pop();
        }
    }

    /// `cursor.fetchall()`, `conn.execute(..).fetchone()`: what is asked of the last answer.
    fn asked_of(&mut self, call: &Call) {
        let (Some(name), ExprKind::Member { object, .. }) = (called_name(&call.callee), &call.callee.kind)
        else {
            return;
        };
        let Some(last) = self.current.operations.last_mut().filter(|last| last.takes == Takes::Unknown)
        else {
            return;
        };
        // `data.get("name")` is asked of something else.
        let own = last.frames.last().is_some_and(|frame| {
            object.extent.start <= frame.extent.start && frame.extent.end <= object.extent.end
        });
        if let Some(takes) = takes::by_name(name).filter(|_| own || name.starts_with("fetch")) {
            last.takes = takes;
        }
    }

    fn note(&mut self, does: Does, extent: Extent) {
        self.note_taken(does, extent, Takes::Unknown);
    }

    fn note_taken(&mut self, does: Does, extent: Extent, takes: Takes) {
        let mut frames = self.frames.clone();
        if let Some(last) = frames.last_mut() {
            last.extent = extent;
        }
        self.noted += 1;
        let verb = match &does {
            Does::Statement(statement) => statement.verb,
            Does::Commit => Verb::Commit,
        };
        match verb {
            Verb::Begin => self.begin(),
            Verb::Commit | Verb::Rollback => {
                self.current.transactions.pop();
            }
            _ => {}
        }
        if self.current.operations.len() < OPERATIONS {
            self.current.operations.push(Operation {
                does,
                frames: Arc::from(frames),
                looped: self.looped,
                takes,
                transaction: self.current.transactions.last().copied(),
                waits: self.waits,
                locked: self.locks + self.current.acquired > 0,
            });
        }
    }
}

fn is_write(does: &Does) -> bool {
    matches!(does, Does::Statement(statement) if statement.is_write())
}
