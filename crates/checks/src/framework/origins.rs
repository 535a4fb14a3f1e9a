//! Where the value of a name comes from across the files of a project: what it is bound to, what functions give back, what callers pass.

use std::cell::Cell;

use super::callee::passed_for;
use super::project::{CallSite, ExprAt, Place, Project, STEPS, is_import};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Function, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::values::Bound;

/// How much is looked at for one question; what is bound to very much is told apart by nobody.
const LOOKS: usize = 1500;
/// Callers that are asked what they pass. A name that is called more often is many things, and what they pass says nothing.
const CALLERS: usize = 100;

/// What may still be looked at for the question that is being answered.
#[derive(Debug, Default)]
pub(super) struct Looks {
    left: Cell<usize>,
    is_asked: Cell<bool>,
}

impl Looks {
    /// Answers a question, or a part of one; with nothing once too much was looked at.
    pub(super) fn answer<T: Default>(&self, answer: impl FnOnce() -> T) -> T {
        if self.is_asked.get() {
            return match self.left.get().checked_sub(1) {
                Some(left) => {
                    self.left.set(left);
                    answer()
                }
                None => T::default(),
            };
        }
        self.is_asked.set(true);
        self.left.set(LOOKS);
        let answered = answer();
        self.is_asked.set(false);
        answered
    }
}

impl<'a> Project<'a> {
    /// What a place is bound to.
    pub(super) fn bound(&self, place: &Place) -> Vec<Bound<'a>> {
        let known = place
            .scope
            .checked_sub(1)
            .and_then(|start| self.context.defined.functions.get(&(place.file, start)));
        match known {
            Some(known) => known.bound(&place.name).to_vec(),
            None => self
                .context
                .defined
                .tops
                .get(&place.file)
                .map(|top| top.bound(&place.name).to_vec())
                .unwrap_or_default(),
        }
    }

    /// The function whose name a place is.
    fn function_of(&self, place: &Place) -> Option<&'a Function> {
        let start = place.scope.checked_sub(1)?;
        self.context.defined.functions.get(&(place.file, start)).map(|known| known.function)
    }

    fn within_place(&self, place: &Place) -> Vec<&'a Function> {
        self.function_of(place).map(|function| self.within_function(place.file, function)).unwrap_or_default()
    }

    /// The values that a place is bound to as a whole, each with where it stands.
    pub(super) fn values_of(&self, place: &Place) -> Vec<ExprAt<'a>> {
        let within = self.within_place(place);
        let bound = self.bound(place).into_iter().filter_map(|bound| match bound {
            Bound::To(value) => Some((place.file, within.clone(), value)),
            _ => None,
        });
        let members = self.context.defined.members.get(&(place.file, place.name.clone()));
        bound.chain(members.into_iter().flatten().cloned()).collect()
    }

    /// The values that a place may have: what it is bound to, what callers pass, items of a list that is gone through.
    pub(super) fn all_values(&self, place: &Place, steps: usize) -> Vec<ExprAt<'a>> {
        let mut found = self.values_of(place);
        let Some(left) = steps.checked_sub(1) else { return found };
        let within = self.within_place(place);
        for bound in self.bound(place) {
            match bound {
                Bound::PartOf(list) => found.extend(self.items(place.file, &within, list, left)),
                Bound::Parameter(parameter) => {
                    let Some(function) = self.function_of(place) else { continue };
                    let index = function.parameters.iter().position(|other| std::ptr::eq(other, parameter));
                    let Some(index) = index else { continue };
                    found.extend(self.passed(place, function, index, left));
                    // `routes.forEach((route) => ..)`
                    if index == 0
                        && let Some(call) = self.known(place.file, function).and_then(|known| known.wrapper)
                        && let ExprKind::Member { object, name, .. } = &call.callee.kind
                        && matches!(name.as_str(), "forEach" | "map")
                    {
                        found.extend(self.items(place.file, &within, object, left));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The items of a list.
    fn items(&self, at: usize, within: &[&'a Function], list: &'a Expr, steps: usize) -> Vec<ExprAt<'a>> {
        let Some(left) = steps.checked_sub(1) else { return Vec::new() };
        let mut found = Vec::new();
        for (at, within, origin) in self.origins(at, within, list, left) {
            match &origin.kind {
                ExprKind::Sequence { items, .. } => {
                    found.extend(items.iter().map(|item| (at, within.clone(), item)));
                }
                ExprKind::Name(_) => {
                    let Some(place) = self.find_within(at, &within, origin) else { continue };
                    let passed = self.all_values(&place, left).into_iter();
                    found.extend(passed.flat_map(|(at, within, list)| self.items(at, &within, list, left)));
                }
                _ => {}
            }
        }
        found
    }

    /// The places that may give a place its value: names, what functions return, what callers pass, items of a list.
    pub(super) fn sources(&self, place: &Place) -> Vec<Place> {
        if let Some(known) = self.known_sources.borrow().get(place) {
            return known.clone();
        }
        let found = self.looks.answer(|| self.sources_of(place));
        self.known_sources.borrow_mut().insert(place.clone(), found.clone());
        found
    }

    fn sources_of(&self, place: &Place) -> Vec<Place> {
        let mut found = Vec::new();
        for (at, within, value) in self.all_values(place, STEPS) {
            found.extend(self.places(at, &within, value, STEPS));
        }
        // `const { app } = build()`
        let within = self.within_place(place);
        for bound in self.bound(place) {
            let Bound::PartOf(value) = bound else { continue };
            found.extend(self.member_places((place.file, &within, value), &place.name, STEPS));
        }
        if let Some((object, name)) = place.name.rsplit_once('.') {
            let object = Place { name: object.to_owned(), ..place.clone() };
            for (at, within, value) in self.all_values(&object, STEPS) {
                found.extend(self.member_places((at, &within, value), name, STEPS));
            }
        }
        found.retain(|source| source != place);
        found.sort();
        found.dedup();
        found
    }

    /// The places of a member of a value: a field of the object of a class, an entry of a record.
    fn member_places(
        &self,
        (at, within, value): (usize, &[&'a Function], &'a Expr),
        name: &str,
        steps: usize,
    ) -> Vec<Place> {
        let Some(left) = steps.checked_sub(1) else { return Vec::new() };
        let mut found = Vec::new();
        for (at, within, origin) in self.origins(at, within, value, left) {
            match &origin.kind {
                ExprKind::Call(call) if call.style == CallStyle::New => {
                    let class = self.class_within(at, &within, &call.callee);
                    let field = |(file, _)| Place { file, scope: 0, name: format!("this.{name}") };
                    found.extend(class.map(field));
                }
                ExprKind::Record { entries, .. } => {
                    let value = entry(entries, name);
                    found.extend(value.into_iter().flat_map(|value| self.places(at, &within, value, left)));
                }
                _ => {}
            }
        }
        found
    }

    /// The places that an expression may mean. What is made by a call of something else than the project's functions is a place of its
    /// own: see [`anonymous`].
    pub(super) fn places(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
        steps: usize,
    ) -> Vec<Place> {
        self.looks.answer(|| self.places_in(at, within, expr, steps))
    }

    fn places_in(&self, at: usize, within: &[&'a Function], expr: &'a Expr, steps: usize) -> Vec<Place> {
        let Some(left) = steps.checked_sub(1) else { return Vec::new() };
        match &expr.kind {
            ExprKind::Name(_) => self.find_within(at, within, expr).into_iter().collect(),
            ExprKind::Member { object, name, .. } => match self.find_within(at, within, expr) {
                Some(place) => vec![place],
                // `new Users(db).router`, `build().app`
                None => self.member_places((at, within, object), name, left),
            },
            ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Assign { value, .. } => {
                self.places(at, within, value, left)
            }
            ExprKind::Conditional { then: first, otherwise: second, .. }
            | ExprKind::Logical { left: first, right: second, .. } => {
                let mut found = self.places(at, within, first, left);
                found.extend(self.places(at, within, second, left));
                found
            }
            ExprKind::Call(_) if is_import(expr) => self.find_within(at, within, expr).into_iter().collect(),
            ExprKind::Call(call) => {
                let made = self.made(at, within, call, left);
                if made.is_empty() {
                    return vec![anonymous(at, expr)];
                }
                let places = made.into_iter();
                places.flat_map(|(at, within, value)| self.places(at, &within, value, left)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What the function of the project that is called gives back.
    fn made(&self, at: usize, within: &[&'a Function], call: &'a Call, steps: usize) -> Vec<ExprAt<'a>> {
        if call.style != CallStyle::Plain
            || matches!(call.callee.kind, ExprKind::Call(_)) && !is_import(&call.callee)
        {
            return Vec::new();
        }
        let Some((file, function)) = self.function_within(at, within, &call.callee, steps) else {
            return Vec::new();
        };
        let within = self.within_function(file, function);
        returned(function).into_iter().map(|value| (file, within.clone(), value)).collect()
    }

    /// What an expression comes to: names are followed to what they are bound to, calls to what the project's functions give back.
    pub(super) fn origins(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
        steps: usize,
    ) -> Vec<ExprAt<'a>> {
        let found = self.looks.answer(|| self.origins_in(at, within, expr, steps));
        if found.is_empty() { vec![(at, within.to_vec(), expr)] } else { found }
    }

    fn origins_in(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
        steps: usize,
    ) -> Vec<ExprAt<'a>> {
        let itself = || vec![(at, within.to_vec(), expr)];
        let Some(left) = steps.checked_sub(1) else { return itself() };
        let follow = |values: Vec<ExprAt<'a>>| -> Vec<ExprAt<'a>> {
            let all = values.into_iter().filter(|(_, _, value)| !std::ptr::eq(*value, expr));
            all.flat_map(|(at, within, value)| self.origins(at, &within, value, left)).collect()
        };
        match &expr.kind {
            ExprKind::Await(value)
            | ExprKind::Cast { value, .. }
            | ExprKind::Propagate(value)
            | ExprKind::Assign { value, .. }
            | ExprKind::Unary { op: UnaryOp::Reference | UnaryOp::Dereference, value } => {
                self.origins(at, within, value, left)
            }
            ExprKind::Conditional { then: first, otherwise: second, .. }
            | ExprKind::Logical { left: first, right: second, .. } => {
                let mut found = self.origins(at, within, first, left);
                found.extend(self.origins(at, within, second, left));
                found
            }
            ExprKind::Call(call) if !is_import(expr) => {
                let made = follow(self.made(at, within, call, left));
                if made.is_empty() { itself() } else { made }
            }
            // `guards[0]`, `table["users"]`
            ExprKind::Index { object, index } => {
                let mut found = Vec::new();
                for (at, within, origin) in self.origins(at, within, object, left) {
                    let value = match (&origin.kind, &index.kind) {
                        (ExprKind::Sequence { items, .. }, ExprKind::Literal(Literal::Integer(number))) => {
                            number.parse::<usize>().ok().and_then(|number| items.get(number))
                        }
                        (ExprKind::Record { entries, .. }, _) => {
                            index.string().and_then(|key| entry(entries, key))
                        }
                        _ => None,
                    };
                    found.extend(follow(value.map(|value| (at, within, value)).into_iter().collect()));
                }
                if found.is_empty() { itself() } else { found }
            }
            ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Call(_) => {
                let place = self.find_within(at, within, expr);
                let mut found = follow(place.map(|place| self.values_of(&place)).unwrap_or_default());
                if let (ExprKind::Member { object, name, .. }, true) = (&expr.kind, found.is_empty()) {
                    for (at, within, origin) in self.origins(at, within, object, left) {
                        let ExprKind::Record { entries, .. } = &origin.kind else { continue };
                        let value = entry(entries, name).map(|value| (at, within, value));
                        found.extend(follow(value.into_iter().collect()));
                    }
                }
                if found.is_empty() { itself() } else { found }
            }
            _ => itself(),
        }
    }

    /// What callers of a function pass for one of its parameters, and what a list gives to a function that goes through it.
    fn passed(&self, place: &Place, function: &'a Function, index: usize, steps: usize) -> Vec<ExprAt<'a>> {
        let Some(known) = self.known(place.file, function) else { return Vec::new() };
        let mut found = Vec::new();
        let class = known.class.map(|class| class.name.as_str());
        let callers: Vec<_> = self.callers(place.file, &known.name, class).take(CALLERS + 1).collect();
        if callers.len() > CALLERS {
            return found;
        }
        for (at, around, call) in callers {
            let within = around.map(|around| self.within_function(*at, around)).unwrap_or_default();
            let means = match known.class.filter(|_| known.function.name == "constructor") {
                Some(class) => {
                    call.style == CallStyle::New
                        && self
                            .class_within(*at, &within, &call.callee)
                            .is_some_and(|(_, found)| std::ptr::eq(found, class))
                }
                None => self
                    .function_within(*at, &within, &call.callee, steps)
                    .is_some_and(|(_, called)| std::ptr::eq(called, function)),
            };
            if means && let Some(argument) = passed_for(call, function, index) {
                found.push((*at, within, argument));
            }
        }
        found
    }

    /// The calls that may be of a function: by its last name, by `require` at once, and by any name in files that take what the file gives
    /// out as its default.
    fn callers<'s>(
        &'s self,
        file: usize,
        name: &str,
        class: Option<&str>,
    ) -> impl Iterator<Item = &'s CallSite<'a>> + use<'s, 'a> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let own = if last == "constructor" { class.unwrap_or(last) } else { last };
        let names = [own.to_owned(), "require".to_owned()];
        let by_name: Vec<_> = names
            .iter()
            .flat_map(|name| self.context.defined.calls.get(name.as_str()).into_iter().flatten())
            .collect();
        let default = self.context.defined.exports.get(&file).and_then(|exports| exports.get("default"));
        let is_default = matches!(name, "module.exports" | "default")
            || default.is_some_and(|default| default == name || Some(default.as_str()) == class);
        let takes = move |at: usize| {
            is_default && self.context.graph.imports_of(at).iter().any(|edge| edge.to == file)
        };
        let others =
            self.context.defined.calls.iter().filter(move |(name, _)| !names.iter().any(|own| own == *name));
        let others = others.flat_map(|(_, calls)| calls).filter(move |(at, _, _)| takes(*at));
        by_name.into_iter().chain(others)
    }
}

/// The place of something that a call makes and that may have no name: where the innermost call of a chain begins.
pub(super) fn anonymous(at: usize, expr: &Expr) -> Place {
    Place { file: at, scope: u32::MAX, name: format!("@{}", expr.extent.start) }
}

/// The value under a key.
pub(super) fn entry<'a>(entries: &'a [(Option<Expr>, Expr)], name: &str) -> Option<&'a Expr> {
    let found = entries.iter().find(|(key, _)| key.as_ref().and_then(Expr::string) == Some(name));
    found.map(|(_, value)| value)
}

/// What a function gives back as it is written; functions inside it not counted.
pub(super) fn returned(function: &Function) -> Vec<&Expr> {
    let mut found = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Value(value), .. }) = node {
            found.push(value);
        }
        node.function().is_none() && node.class().is_none()
    });
    found
}
