//! A walk through a function as it would run, with what its names may hold: statements.
//!
//! Both sides of a condition are walked unless it is constant, and joined; a loop's body is walked twice, so that what comes in at
//! its end is there at its beginning. A call of a function of the project is walked where it stands, with what it is given.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Arrival;
use super::answer::Answers;
use super::guard::Implied;
use super::index::Index;
use super::risk::Risk;
use super::state::State;
use super::stored::Written;
use super::typed;
use super::value::{Beside, Shape, Value, merge};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Arm, Assign, Extent, Function, Loop, Stmt, StmtKind, Text, Try};
use crate::framework::{Framework, Project};
use crate::language::Language;

/// Expressions and statements that one walk looks at; a handler with all that it calls has some hundreds.
const WORK: u32 = 60_000;

/// Names that are copied, or parts that are counted, in the time that one expression takes.
const AT_ONCE: usize = 16;

/// One walk, from one function that the outside calls.
pub(super) struct Walk<'w, 'a> {
    pub(super) project: &'w Project<'a>,
    pub(super) index: &'w Index<'a>,
    pub(super) state: State<'a>,
    /// The calls under way, innermost last.
    pub(super) calls: Vec<Frame<'a>>,
    /// The call within which each call's function was written.
    pub(super) within: HashMap<u32, u32>,
    pub(super) next_call: u32,
    work: u32,
    pub(super) arrivals: Vec<Arrival>,
    /// What is written into columns.
    pub(super) written: Written,
    pub(super) looked: BTreeMap<Risk, HashSet<(usize, u32)>>,
    pub(super) globals: HashMap<(usize, Text), Option<Value<'a>>>,
    /// What calls the function that the walk began at.
    pub(super) answers: Option<Framework>,
    /// Whether the path of the request can only be the one that is written in the route.
    pub(super) path_is_fixed: bool,
    /// Whether a call was not entered, for its depth, with something from outside.
    pub(super) is_too_deep: bool,
    /// Calls whose answers are said to be no page where they are kept.
    pub(super) plain_answers: HashSet<(usize, Extent)>,
    /// Whether what is walked through runs before the handler.
    pub(super) is_before: bool,
    /// How things are where it lets the request through.
    pub(super) passes: Vec<State<'a>>,
}

/// One call under way.
pub(super) struct Frame<'a> {
    pub(super) id: u32,
    pub(super) file: usize,
    pub(super) function: Option<&'a Function>,
    /// What it gives back.
    pub(super) given: Option<Value<'a>>,
    /// What the blocks under way whose value is used give: Rust's `let x = match y { .. }`.
    pub(super) blocks: Vec<Option<Value<'a>>>,
    /// What its answers tell.
    pub(super) answers: Answers,
    /// How things are where it ends early.
    ends: Vec<State<'a>>,
    /// How things are where each loop under way is left or begun again.
    loops: Vec<Vec<State<'a>>>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(id: u32, file: usize, function: Option<&'a Function>) -> Self {
        Self {
            id,
            file,
            function,
            given: None,
            blocks: Vec::new(),
            answers: Answers::default(),
            ends: Vec::new(),
            loops: Vec::new(),
        }
    }
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(project: &'w Project<'a>, index: &'w Index<'a>) -> Self {
        Self {
            project,
            index,
            state: State::default(),
            calls: Vec::new(),
            within: HashMap::new(),
            next_call: 1,
            work: WORK,
            arrivals: Vec::new(),
            written: Written::new(),
            looked: BTreeMap::new(),
            globals: HashMap::new(),
            answers: None,
            path_is_fixed: false,
            is_too_deep: false,
            plain_answers: HashSet::new(),
            is_before: false,
            passes: Vec::new(),
        }
    }

    /// Whether its work was used up or something from outside went deeper than is followed, so that not everything was looked at.
    pub(super) fn is_cut_short(&self) -> bool {
        self.work == 0 || self.is_too_deep
    }

    /// Counts one thing looked at; false when there have been enough.
    pub(super) fn spend(&mut self) -> bool {
        self.work = self.work.saturating_sub(1);
        self.work > 0
    }

    /// Counts so many things looked at.
    pub(super) fn charge(&mut self, things: usize) {
        self.work = self.work.saturating_sub(u32::try_from(things / AT_ONCE).unwrap_or(u32::MAX));
    }

    /// A second moment that begins as this one.
    pub(super) fn fork(&mut self) -> State<'a> {
        self.charge(self.state.size());
        self.state.clone()
    }

    /// A value that is not too large to be kept.
    pub(super) fn bounded(&mut self, value: Value<'a>) -> Value<'a> {
        let (value, counted) = value.bounded();
        self.charge(counted);
        value
    }

    /// Gives a name of a call a value, as far as it is not too large.
    pub(super) fn keep(&mut self, call: u32, name: &str, value: Value<'a>) {
        let value = self.bounded(value);
        self.state.set(call, name, value);
    }

    /// The place of the file under way.
    pub(super) fn at(&self) -> usize {
        self.calls.last().map_or(0, |call| call.file)
    }

    /// The file under way.
    pub(super) fn file(&self) -> Option<&'a SourceFile> {
        self.project.context.files.get(self.at())
    }

    /// The language under way.
    pub(super) fn is_python(&self) -> bool {
        self.file().is_some_and(|file| file.language == Language::Python)
    }

    /// The call under way.
    pub(super) fn call_id(&self) -> u32 {
        self.calls.last().map_or(0, |call| call.id)
    }

    pub(super) fn body(&mut self, body: &'a [Stmt]) {
        for (at, stmt) in body.iter().enumerate() {
            if self.state.is_dead || !self.spend() {
                return;
            }
            if let Some(answer) = super::page::said_plain(stmt, body.get(at + 1..).unwrap_or_default()) {
                self.plain_answers.insert((self.at(), answer));
            }
            self.stmt(stmt);
        }
    }

    /// Nothing goes on from here.
    pub(super) fn stop(&mut self) {
        self.state.is_dead = true;
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) => drop(self.eval(expr)),
            StmtKind::Value(expr) => {
                let value = self.eval(expr);
                match self.calls.last_mut().and_then(|call| call.blocks.last_mut()) {
                    Some(block) => {
                        let known = block.take().map(|known| known.or(&value));
                        *block = Some(known.unwrap_or(value).bounded().0);
                    }
                    None => self.give(value, expr.extent),
                }
            }
            StmtKind::Assign(assign) => self.assign(assign, stmt.extent),
            StmtKind::Return(value) => {
                let given = value.as_ref().map_or(Value::of(Shape::Null), |value| self.eval(value));
                let extent = value.as_ref().map_or(stmt.extent, |value| value.extent);
                let ends_request = self.ends_request(&given);
                self.give(given, extent);
                let state = self.fork();
                if let Some(call) = self.calls.last_mut().filter(|_| !ends_request) {
                    call.ends.push(state);
                }
                self.stop();
            }
            StmtKind::Raise { value, .. } => {
                value.iter().for_each(|value| drop(self.eval(value)));
                self.stop();
            }
            StmtKind::Assert { test, .. } => {
                let test = self.eval(test);
                self.assume(&test, true);
            }
            StmtKind::If { test, then, otherwise } => self.choose(test, then, otherwise),
            StmtKind::Loop(each) => self.each(each),
            StmtKind::Try(tried) => self.tried(tried),
            StmtKind::With { items, body, .. } => {
                for (context, name) in items {
                    let value = self.eval(context);
                    name.iter().for_each(|name| self.set(name, value.clone()));
                }
                self.body(body);
            }
            StmtKind::Match { value, arms } => self.matched(value, arms),
            StmtKind::Function(function) => {
                let made = Shape::Function(self.at(), function, self.call_id());
                let id = self.call_id();
                self.state.set(id, &function.name, Value::of(made));
            }
            StmtKind::Class(class) => {
                let made = Shape::Class(self.at(), class);
                let id = self.call_id();
                self.state.set(id, &class.name, Value::of(made));
            }
            StmtKind::Namespace { body, .. } | StmtKind::Block(body) => self.body(body),
            StmtKind::Delete(list) | StmtKind::Other(list) => {
                list.iter().for_each(|expr| drop(self.eval(expr)))
            }
            StmtKind::Break | StmtKind::Continue => {
                let state = self.fork();
                if let Some(left) = self.calls.last_mut().and_then(|call| call.loops.last_mut()) {
                    left.push(state);
                }
                self.stop();
            }
            StmtKind::Import(_) | StmtKind::Export(_) | StmtKind::Global(_) | StmtKind::Empty => {}
        }
    }

    /// The function under way gives this back.
    fn give(&mut self, value: Value<'a>, extent: Extent) {
        let at = self.at();
        let is_root = self.calls.len() == 1;
        if is_root {
            self.answered(&value, extent);
        }
        let value = value.stepped(at, extent, &|| "given back here".to_owned());
        if let Some(call) = self.calls.last_mut() {
            call.answers.note(&value, &self.state);
            let given = call.given.as_ref().map_or_else(|| value.clone(), |known| known.or(&value));
            call.given = Some(given.bounded().0);
        }
    }

    /// The end of the call under way: all its ends together.
    pub(super) fn ended(&mut self) -> Option<Frame<'a>> {
        let mut call = self.calls.pop()?;
        if !self.state.is_dead && call.given.is_some() {
            call.answers.note(&Value::of(Shape::Null), &self.state);
        }
        let state = std::mem::take(&mut self.state);
        self.state = std::mem::take(&mut call.ends).into_iter().fold(state, State::or);
        Some(call)
    }

    fn assign(&mut self, assign: &'a Assign, extent: Extent) {
        let Some(written) = &assign.value else { return };
        let value = self.eval(written);
        let mut value = typed::declared(self, assign.annotation.as_ref(), written, value);
        if let (Some(op), Some(target)) = (assign.op, assign.targets.first()) {
            let old = self.eval(target);
            value = self.binary(op, &old, &value);
        }
        let at = self.at();
        for target in &assign.targets {
            let named =
                value.clone().stepped(at, extent, &|| format!("kept as `{}`", self.shown(target.extent)));
            let declares = assign.declares != crate::facts::syntax::Declares::No;
            if declares { self.declare(target, named) } else { self.set(target, named) }
        }
        if !assign.otherwise.is_empty() {
            let before = self.fork();
            self.body(&assign.otherwise);
            let after = std::mem::replace(&mut self.state, before);
            self.state = std::mem::take(&mut self.state).or(after);
        }
    }

    /// A stretch of the file under way, as far as it fits a line.
    pub(super) fn shown(&self, extent: Extent) -> String {
        shown(self.file(), extent)
    }

    fn choose(&mut self, test: &'a crate::facts::syntax::Expr, then: &'a [Stmt], otherwise: &'a [Stmt]) {
        let test = self.eval(test);
        match test.truth() {
            Some(true) => return self.body(then),
            Some(false) => return self.body(otherwise),
            None => {}
        }
        let before = self.fork();
        self.assume(&test, true);
        self.body(then);
        let one = std::mem::replace(&mut self.state, before);
        self.assume(&test, false);
        self.body(otherwise);
        let other = std::mem::take(&mut self.state);
        self.state = one.or(other);
    }

    fn each(&mut self, each: &'a Loop) {
        self.body(&each.header);
        let before = self.fork();
        if let Some(call) = self.calls.last_mut() {
            call.loops.push(Vec::new());
        }
        let mut told = Vec::new();
        for _ in 0..2 {
            let mut all = Value::UNKNOWN;
            if let (Some(target), Some(iterable)) = (&each.target, &each.iterable) {
                all = self.eval(iterable);
                let item = self.each_of(&all);
                self.declare(target, item);
            }
            if let Some(test) = &each.test {
                let test = self.eval(test);
                self.assume(&test, true);
            }
            self.body(&each.body);
            let left = self.calls.last_mut().and_then(|call| call.loops.last_mut()).map(std::mem::take);
            let state = std::mem::take(&mut self.state);
            self.state = left.unwrap_or_default().into_iter().fold(state, State::or);
            told = self.listed_by_loop(each, &all);
            // A name of a host stands for one address at least, so that the body has run.
            let runs = all.all_taints().iter().any(|taint| taint.beside.has(Beside::RESOLVED));
            if !runs {
                self.state = std::mem::take(&mut self.state).or(before.clone());
            }
        }
        self.assume(&Implied::when_true(told).value(), true);
        if let Some(call) = self.calls.last_mut() {
            call.loops.pop();
        }
        self.body(&each.otherwise);
    }

    fn tried(&mut self, tried: &'a Try) {
        let before = self.fork();
        self.body(&tried.body);
        let after = self.fork();
        self.body(&tried.otherwise);
        let mut end = std::mem::take(&mut self.state);
        for handler in &tried.handlers {
            // Where it was thrown is not known: after nothing of it, or after nearly all.
            self.state = before.clone().or(after.clone());
            if let Some(binding) = &handler.binding {
                let caught = Value::of(Shape::Name(Text::from("error:")));
                self.declare(binding, caught);
            }
            self.body(&handler.body);
            end = end.or(std::mem::take(&mut self.state));
        }
        self.state = end;
        let is_dead = self.state.is_dead;
        self.state.is_dead = false;
        self.body(&tried.finally);
        self.state.is_dead |= is_dead;
    }

    fn matched(&mut self, value: &'a crate::facts::syntax::Expr, arms: &'a [Arm]) {
        let looked_at = self.eval(value);
        // Only a script goes on into the next case.
        let ends = !self.is_script();
        let before = self.fork();
        let mut end: Option<State<'a>> = None;
        let mut fallen: Option<State<'a>> = None;
        if let Some(call) = self.calls.last_mut()
            && !ends
        {
            call.loops.push(Vec::new());
        }
        let mut decided = false;
        for arm in arms {
            let fits = arm.pattern.as_ref().map_or(Some(true), |pattern| self.fits(&looked_at, pattern));
            if decided || fits == Some(false) {
                continue;
            }
            self.state = before.clone();
            if let Some(pattern) = &arm.pattern
                && is_of_literals(pattern)
            {
                let case = Value::of(Shape::Text(Text::default()));
                let equal = crate::facts::syntax::CompareOp::Equal;
                let told = self.implied_by_comparing(equal, (value, &looked_at), (pattern, &case)).value();
                self.assume(&told, true);
            }
            if let Some(fallen) = fallen.take() {
                self.state = std::mem::take(&mut self.state).or(fallen);
            }
            if let Some(pattern) = arm.pattern.as_ref().filter(|_| self.is_rust()) {
                self.declare(pattern, looked_at.clone());
            }
            if let Some(guard) = &arm.guard {
                let test = self.eval(guard);
                self.assume(&test, true);
            }
            self.body(&arm.body);
            decided = fits == Some(true) && arm.guard.is_none() && (ends || self.state.is_dead);
            let state = std::mem::take(&mut self.state);
            if ends || arm.pattern.is_none() {
                end = Some(match end {
                    Some(end) => end.or(state),
                    None => state,
                });
            } else {
                fallen = Some(state);
            }
        }
        if !ends {
            let left = self.calls.last_mut().and_then(|call| call.loops.pop()).unwrap_or_default();
            for state in left.into_iter().chain(fallen) {
                end = Some(match end {
                    Some(end) => end.or(state),
                    None => state,
                });
            }
        }
        let has_rest = arms.iter().any(|arm| arm.pattern.is_none()) || decided;
        self.state = match end {
            Some(end) if has_rest => end,
            Some(end) => end.or(before),
            None => before,
        };
    }

    /// Notes that something from outside has got where it does harm.
    pub(super) fn arrive(
        &mut self,
        risk: Risk,
        extent: Extent,
        argument: Extent,
        into: &str,
        value: &Value<'a>,
    ) {
        let at = self.at();
        self.looked.entry(risk).or_default().insert((at, extent.start));
        let mut taints = Vec::new();
        merge(&mut taints, &value.all_taints());
        for taint in taints.into_iter().filter(|taint| taint.open.has(risk)) {
            self.arrivals.push(Arrival::of(risk, at, extent, argument, into, &taint));
        }
    }
}

/// Whether a pattern is a literal, or one of several: `case "a" | "b":`.
pub(super) fn is_of_literals(pattern: &crate::facts::syntax::Expr) -> bool {
    match &pattern.kind {
        crate::facts::syntax::ExprKind::Literal(_) => true,
        // Rust's `Some("a")`.
        crate::facts::syntax::ExprKind::Call(call) => match call.arguments.as_slice() {
            [only] => is_of_literals(&only.value),
            _ => false,
        },
        crate::facts::syntax::ExprKind::Binary { op: crate::facts::syntax::BinaryOp::Or, left, right } => {
            is_of_literals(left) && is_of_literals(right)
        }
        _ => false,
    }
}

/// A stretch of a file, as far as it fits a line.
pub(super) fn shown(file: Option<&SourceFile>, extent: Extent) -> String {
    const WIDTH: usize = 60;
    let text = file.map_or("", |file| file.text_of(extent));
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = one_line.chars().take(WIDTH).collect();
    if cut.len() < one_line.len() { format!("{cut}..") } else { cut }
}
