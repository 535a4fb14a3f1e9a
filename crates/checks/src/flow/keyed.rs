//! Keys and values of dictionaries and objects, apart: what callers send is no key of what the program keeps it in, and a dictionary of
//! which every other key is refused has none of theirs.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::call::Given;
use super::guard::{Implied, Told};
use super::known::Known;
use super::risk::Risks;
use super::value::{Beside, Shape, Taint, Value, merge};
use super::walk::Walk;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Comprehension, Expr, ExprKind, Loop, StmtKind, Text};
use crate::facts::values::called_name;

/// The field of a record under which lies what is kept under keys that are not known.
pub(super) const ANY: &str = "\0";

/// What the keys of something are is known.
const LISTED: Known = Known::marked(Beside::LISTED);

/// Any one thing that a comprehension gives, and what follows for what it goes through.
pub(super) struct Elements<'a> {
    pub(super) key: Value<'a>,
    pub(super) element: Value<'a>,
    /// When it gives nothing.
    pub(super) none: Vec<Told>,
    /// When each element is true, and when none is.
    pub(super) each: Implied,
}

impl<'a> Value<'a> {
    /// What a loop goes through: of a dictionary its keys, as far as they are not known to be of a list.
    pub(super) fn keys(&self) -> Self {
        let open = |taints: &[Taint]| -> Vec<Taint> {
            taints.iter().filter(|taint| !taint.beside.has(Beside::LISTED)).cloned().collect()
        };
        match &self.shape {
            Shape::List(_) => Self { shape: self.shape.clone(), taints: open(&self.taints) },
            Shape::Record(_) | Shape::Object(..) => Self::tainted(open(&self.taints)),
            _ => Self::tainted(open(&self.all_taints())),
        }
    }

    /// What lies under a key that is not among those that are known.
    pub(super) fn other_field(&self) -> Self {
        let mut taints = self.taints.clone();
        if let Shape::Record(fields) | Shape::Object(_, _, fields) = &self.shape
            && let Some(any) = fields.get(ANY)
        {
            merge(&mut taints, &any.all_taints());
        }
        Self::tainted(taints)
    }
}

/// Keeps a value among fields, under any key when that is not known.
pub(super) fn keep<'a>(fields: &mut BTreeMap<Text, Value<'a>>, key: Option<Text>, value: Value<'a>) {
    let (key, is_any) = match key {
        Some(key) => {
            let is_any = key == ANY;
            (key, is_any)
        }
        None => (Text::from(ANY), true),
    };
    let value = match fields.get(&key) {
        Some(known) if is_any => known.or(&value),
        // It is some value, and not always the same.
        None if is_any => Value { shape: Shape::Unknown, taints: value.all_taints() },
        _ => value,
    };
    fields.insert(key, value);
}

/// Keeps all fields of another among fields.
pub(super) fn extend<'a>(fields: &mut BTreeMap<Text, Value<'a>>, more: &BTreeMap<Text, Value<'a>>) {
    for (key, value) in more {
        keep(fields, Some(key.clone()), value.clone());
    }
}

/// A dictionary of which any key is this one, and any value that.
pub(super) fn record<'a>(key: &Value<'a>, value: &Value<'a>) -> Value<'a> {
    let mut fields = BTreeMap::new();
    keep(&mut fields, None, value.clone());
    Value { shape: Shape::Record(Rc::new(fields)), taints: key.all_taints() }
}

/// A list of pairs of a key and a value.
pub(super) fn pairs<'a>(key: Value<'a>, value: Value<'a>) -> Value<'a> {
    let list = |items: Vec<Value<'a>>| Value::of(Shape::List(Rc::new(items)));
    list(vec![list(vec![key, value])])
}

/// The dictionary that pairs make: `Object.fromEntries`.
pub(super) fn of_pairs<'a>(all: &Value<'a>) -> Option<Value<'a>> {
    let Shape::List(items) = &all.shape else { return None };
    let mut made = Value { shape: Shape::Record(Rc::default()), taints: all.taints.clone() };
    for item in items.iter() {
        let Shape::List(pair) = &item.shape else { return None };
        let [key, value] = pair.as_slice() else { return None };
        made = made.or(&record(key, value));
    }
    Some(made)
}

impl<'a> Walk<'_, 'a> {
    /// Any one key and value that a comprehension gives.
    pub(super) fn elements(&mut self, comprehension: &'a Comprehension) -> Elements<'a> {
        let before = self.fork();
        let (mut listed, mut tested, mut is_there) = (Vec::new(), Vec::new(), false);
        for (target, iterable, conditions) in &comprehension.clauses {
            let all = self.eval(iterable);
            let item = self.each_of(&all);
            self.declare(target, item);
            listed = self.listed(target, iterable, &all);
            is_there = all.all_taints().iter().any(|taint| taint.beside.has(Beside::RESOLVED));
            for condition in conditions {
                let condition = self.eval(condition);
                self.assume(&condition, true);
                tested.push(condition);
            }
        }
        let key = comprehension.key.as_ref().map_or(Value::UNKNOWN, |key| self.eval(key));
        let element = self.eval(&comprehension.element);
        self.state = before;
        let (mut none, mut each) = (Vec::new(), Implied::default());
        if let [(target, _, _)] = comprehension.clauses.as_slice() {
            let allows =
                |test: &Value<'a>, truth| self.told_of(target, test, self.call_id(), truth) == Risks::ALL;
            match tested.as_slice() {
                [] if is_there => each = Implied::of(&element).map(Implied::of_what_came).unwrap_or_default(),
                [] if allows(&element, true) => each.yes = listed,
                [] if allows(&element, false) => each.no = listed,
                [test] if allows(test, false) => none = listed,
                _ => {}
            }
        }
        Elements { key, element, none, each }
    }

    /// What a comprehension makes.
    pub(super) fn comprehension(&mut self, comprehension: &'a Comprehension) -> Value<'a> {
        let made = self.elements(comprehension);
        if comprehension.key.is_some() {
            return record(&made.key, &made.element);
        }
        let mut all = Value::made_of(&[&made.element]).into_many();
        if comprehension.clauses.iter().any(|(_, _, conditions)| !conditions.is_empty()) {
            // Of what is picked there may be nothing.
            all.each_taint(&mut |taint| taint.beside = taint.beside.without(Beside::RESOLVED));
        }
        all.unless(made.none)
    }

    /// What a test in a call tells, when it comes out so, of the key that a target is given.
    fn told_of(&self, target: &Expr, test: &Value<'a>, call: u32, truth: bool) -> Risks {
        let told = || Some(Implied::of(test)?.about(truth, call, key_name(target)?));
        told().unwrap_or_default().risks
    }

    /// What is told of what is gone through, when of every key that a target is given it is told that it is one of a list.
    fn listed(&self, target: &Expr, iterable: &Expr, all: &Value<'a>) -> Vec<Told> {
        if matches!(target.kind, ExprKind::Name(_)) {
            return self.told_known(Some(iterable), all, LISTED);
        }
        // `for key, value in data.items()`
        let of = iterable.call().filter(|call| called_name(&call.callee) == Some("items"));
        let Some(ExprKind::Member { object, .. }) = of.map(|call| &call.callee.kind) else {
            return Vec::new();
        };
        self.held(object).map(|held| self.told_known(Some(object), &held, LISTED)).unwrap_or_default()
    }

    /// What is told of what a loop goes through, when its body has been walked and only comes to its end for keys of a list.
    pub(super) fn listed_by_loop(&self, each: &Loop, all: &Value<'a>) -> Vec<Told> {
        let (Some(target), Some(iterable)) = (&each.target, &each.iterable) else { return Vec::new() };
        let Some(name) = key_name(target).filter(|_| !self.state.is_dead) else { return Vec::new() };
        if self.state.told(self.call_id(), name).risks != Risks::ALL {
            return Vec::new();
        }
        // What is left behind a `break` was not looked at, and a name that is given something else tells of that.
        let mut sees_each = true;
        each_in_body(&each.body, &mut |node, _| {
            let target = match node {
                Node::Stmt(stmt) => match &stmt.kind {
                    StmtKind::Break => {
                        sees_each = false;
                        None
                    }
                    StmtKind::Assign(assign) => assign.targets.first(),
                    _ => None,
                },
                Node::Expr(expr) => match &expr.kind {
                    ExprKind::Assign { target, .. } => Some(&**target),
                    _ => None,
                },
                _ => None,
            };
            sees_each &= target.and_then(Expr::dotted).as_deref() != Some(name.as_str());
            sees_each
        });
        if sees_each { self.listed(target, iterable, all) } else { Vec::new() }
    }

    /// What a list is, or tells, of which each item is given to a test of the project: `filter`, `find`, `some`, `every`.
    pub(super) fn sifted(
        &mut self,
        (of, object): (&Value<'a>, &'a Expr),
        name: &str,
        (function, call): (&Value<'a>, u32),
        made: &Value<'a>,
    ) -> Value<'a> {
        let Shape::Function(_, function, _) = function.shape else { return of.clone() };
        let target = function.parameters.first().map(|first| &first.pattern);
        let allows =
            |truth| target.is_some_and(|target| self.told_of(target, made, call, truth) == Risks::ALL);
        let is_name = target.is_some_and(|target| matches!(target.kind, ExprKind::Name(_)));
        let listed = |truth| {
            if is_name && allows(truth) { self.told_known(Some(object), of, LISTED) } else { Vec::new() }
        };
        let (each, none) = (listed(true), listed(false));
        match name {
            "every" => Implied::when_true(each).value(),
            // `ALLOWED.some((a) => a === x)`
            "some" => {
                let found = Implied::of(made).filter(|_| !of.is_tainted()).map(|found| found.yes.clone());
                Implied { yes: found.unwrap_or_default(), no: none }.value()
            }
            "filter" => {
                let narrowed = match target.zip(Implied::of(made)) {
                    Some((target, implied)) => narrowed(of, target, &|name| implied.about(true, call, name)),
                    None => of.clone(),
                };
                let many = matches!(of.shape, Shape::Unknown);
                if many { narrowed.into_many() } else { narrowed }.unless(none)
            }
            _ => of.clone().unless(none),
        }
    }

    /// Gives a part of something, by a key that is not known, a value; whether it has keys.
    pub(super) fn put_under(&mut self, object: &'a Expr, key: &Value<'a>, value: &Value<'a>) -> bool {
        let mut whole = self.eval(object);
        let (Shape::Record(fields) | Shape::Object(_, _, fields)) = &mut whole.shape else { return false };
        keep(Rc::make_mut(fields), None, value.clone());
        merge(&mut whole.taints, &key.all_taints());
        self.set_known(object, whole);
        true
    }

    /// What follows from one list's having nothing that another does not have: `set(data) - ALLOWED`, `set(data) <= ALLOWED`.
    pub(super) fn within(&self, one: &Value<'a>, other: &Value<'a>) -> Vec<Told> {
        let is_list = matches!(other.shape, Shape::List(_) | Shape::Record(_) | Shape::Many);
        if is_list && one.is_tainted() && !other.is_tainted() {
            self.told_known(None, one, LISTED)
        } else {
            Vec::new()
        }
    }

    /// What follows from what is given to `issubset` and `difference`.
    pub(super) fn within_given(&self, of: &Value<'a>, given: &Given<'a>) -> Vec<Told> {
        given.positional.first().map(|other| self.within(of, other)).unwrap_or_default()
    }
}

impl<'a> Value<'a> {
    /// The same, of which this follows when it is nothing.
    pub(super) fn unless(mut self, told: Vec<Told>) -> Self {
        if !told.is_empty() {
            self.shape = Implied::when_false(told).value().shape;
        }
        self
    }
}

/// The items of a list that a test lets through, by what it tells of the names of its pattern.
fn narrowed<'a>(of: &Value<'a>, target: &Expr, known: &dyn Fn(&str) -> Known) -> Value<'a> {
    match &target.kind {
        ExprKind::Name(name) => known(name).of_value(of.clone()),
        ExprKind::Sequence { items: names, .. } => {
            let Shape::List(pairs) = &of.shape else { return of.clone() };
            let narrow = |pair: &Value<'a>| {
                let Shape::List(parts) = &pair.shape else { return pair.clone() };
                let parts =
                    parts.iter().enumerate().map(|(at, part)| match names.get(at).map(|name| &name.kind) {
                        Some(ExprKind::Name(name)) => known(name).of_value(part.clone()),
                        _ => part.clone(),
                    });
                Value { shape: Shape::List(Rc::new(parts.collect())), taints: pair.taints.clone() }
            };
            Value {
                shape: Shape::List(Rc::new(pairs.iter().map(narrow).collect())),
                taints: of.taints.clone(),
            }
        }
        _ => of.clone(),
    }
}

/// The name that is given the key, or the item: of a pair the first.
fn key_name(target: &Expr) -> Option<&Text> {
    match &target.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Sequence { items, .. } => match &items.first()?.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}
