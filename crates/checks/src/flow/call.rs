//! Calls: of functions and classes of the project, which are walked where they are called, and of everything else.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::declared;
use super::index::method;
use super::keyed::ANY;
use super::library;
use super::session;
use super::typed;
use super::value::{Shape, Value, merge};
use super::walk::{Frame, Walk};
use crate::facts::syntax::{
    Argument, Call, CallStyle, Class, Declares, Expr, ExprKind, Extent, Function, ParameterKind, StmtKind,
    Text,
};
use crate::language::Language;

/// Calls in calls that are followed.
pub(super) const DEPTH: usize = 12;

/// What a call is given.
pub(super) struct Given<'a> {
    /// By position, a spread as one.
    pub(super) positional: Vec<Value<'a>>,
    /// By name.
    pub(super) named: Vec<(Text, Value<'a>)>,
    /// As it is written.
    pub(super) written: &'a [Argument],
}

impl<'a> Given<'a> {
    /// What is given at a place or under a name.
    pub(super) fn at_or(&self, index: usize, name: &str) -> Option<&Value<'a>> {
        self.named(name).or_else(|| self.positional.get(index)).or_else(|| self.named(ANY))
    }

    /// What is given under a name.
    pub(super) fn under(&self, name: &str) -> Option<&Value<'a>> {
        self.named(name).or_else(|| self.named(ANY))
    }

    fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Everything given.
    pub(super) fn all(&self) -> Vec<&Value<'a>> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value)).collect()
    }

    /// Where the argument at a place, or of a name, is written.
    pub(super) fn extent(&self, index: usize, name: &str) -> Option<Extent> {
        let named = self.written.iter().find(|argument| argument.name.as_deref() == Some(name));
        let positional = || self.written.iter().filter(|argument| argument.name.is_none()).nth(index);
        named.or_else(positional).map(|argument| argument.value.extent)
    }
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn call(&mut self, expr: &'a Expr, call: &'a Call) -> Value<'a> {
        let given = self.given(call);
        let ExprKind::Member { object, name, .. } = &call.callee.kind else {
            let target = self.eval(&call.callee);
            return match target.shape {
                Shape::Function(..) if call.style == CallStyle::New => {
                    self.made_by_function(&target, &given, expr.extent)
                }
                Shape::Function(..) | Shape::Class(..) => self.invoke(&target, None, &given, expr.extent).0,
                Shape::Name(dotted) => library::called(self, &dotted, None, &given, expr, call),
                _ => Value::made_of(&[&target]),
            };
        };
        let of = self.eval(object);
        let target = self.part(&of, name, &call.callee);
        match &target.shape {
            Shape::Function(..) if call.style == CallStyle::New => {
                self.made_by_function(&target, &given, expr.extent)
            }
            Shape::Function(..) | Shape::Class(..) => {
                let this = matches!(of.shape, Shape::Object(..) | Shape::Record(_)).then(|| of.clone());
                let (value, after) = self.invoke(&target, this, &given, expr.extent);
                if let Some(after) = after.filter(|after| *after != of) {
                    self.set(object, after);
                }
                value
            }
            Shape::Name(dotted) => {
                let dotted = dotted.clone();
                library::called(self, &dotted, Some((&of, object)), &given, expr, call)
            }
            _ => library::method(self, &of, object, name, &given, expr),
        }
    }

    fn given(&mut self, call: &'a Call) -> Given<'a> {
        let (mut positional, mut named) = (Vec::new(), Vec::new());
        for argument in &call.arguments {
            let value = match &argument.value.kind {
                ExprKind::Spread(inner) => {
                    let all = self.eval(inner);
                    match (&all.shape, argument.name.is_some()) {
                        (Shape::List(items), _) => {
                            positional.extend(items.iter().cloned());
                            continue;
                        }
                        (Shape::Record(fields), _) => {
                            named.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
                            continue;
                        }
                        _ => self.item_of(&all),
                    }
                }
                _ => self.eval(&argument.value),
            };
            match &argument.name {
                Some(name) => named.push((name.clone(), value)),
                None => positional.push(value),
            }
        }
        Given { positional, named, written: &call.arguments }
    }

    /// Calls a function or makes an instance: what it gives back, and how the object that it was called on is afterwards.
    pub(super) fn invoke(
        &mut self,
        target: &Value<'a>,
        this: Option<Value<'a>>,
        given: &Given<'a>,
        extent: Extent,
    ) -> (Value<'a>, Option<Value<'a>>) {
        match target.shape {
            Shape::Function(file, function, within) => {
                self.enter((file, function, within), this, given, extent)
            }
            Shape::Class(file, class) => (self.construct(file, class, given, extent), None),
            _ => (Value::UNKNOWN, None),
        }
    }

    /// What `new` makes by a function: an object with what the function puts into `this`.
    fn made_by_function(&mut self, target: &Value<'a>, given: &Given<'a>, extent: Extent) -> Value<'a> {
        let this = Value::of(Shape::Record(Rc::default()));
        self.invoke(target, Some(this), given, extent).1.unwrap_or(Value::UNKNOWN)
    }

    fn construct(&mut self, file: usize, class: &'a Class, given: &Given<'a>, extent: Extent) -> Value<'a> {
        if declared::is_closed_list(self, file, class) {
            return Value::UNKNOWN;
        }
        let object = Value::of(Shape::Object(file, class, Rc::default()));
        let made = ["__init__", "constructor"].iter().find_map(|name| {
            let (mut at, mut of) = (file, class);
            for _ in 0..4 {
                if let Some(function) = method(of, name) {
                    return Some((at, function));
                }
                (at, of) = of.bases.first().and_then(|base| self.class_of(at, &base.value))?;
            }
            None
        });
        if let Some((at, function)) = made {
            let after = self.enter((at, function, 0), Some(object.clone()), given, extent).1;
            return after.unwrap_or(object);
        }
        // A dataclass, a model: its fields are what it is given, by name or in their order.
        let fields = class.body.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Assign(assign) if assign.declares == Declares::Field || assign.annotation.is_some() => {
                assign.targets.first().and_then(Expr::dotted)
            }
            _ => None,
        });
        let mut values: BTreeMap<Text, Value<'a>> = BTreeMap::new();
        for (name, value) in fields.zip(&given.positional) {
            values.insert(Text::from(name), value.clone());
        }
        values.extend(given.named.iter().cloned());
        Value::of(Shape::Object(file, class, Rc::new(values)))
    }

    /// Walks through a function with what it is given.
    fn enter(
        &mut self,
        (file, function, within): (usize, &'a Function, u32),
        this: Option<Value<'a>>,
        given: &Given<'a>,
        extent: Extent,
    ) -> (Value<'a>, Option<Value<'a>>) {
        let again =
            self.calls.iter().filter(|call| call.function.is_some_and(|known| std::ptr::eq(known, function)));
        let again = again.count() > 1;
        let is_too_deep = self.calls.len() >= DEPTH && !again && function.has_body;
        self.is_too_deep |= is_too_deep && given.all().into_iter().chain(&this).any(Value::is_tainted);
        if again || is_too_deep || !self.spend() || !function.has_body {
            return (Value::made_of(&given.all()), this);
        }
        let caller = self.at();
        let id = self.begin(file, function, within);
        let python = self.is_python();
        let bound = self.bind(id, function, this.clone(), given, (caller, extent));
        self.body(&function.body);
        let receiver = match (python, function.parameters.first()) {
            (true, Some(first)) => first.pattern.dotted().unwrap_or_default(),
            _ => "this".to_owned(),
        };
        let Some(ended) = self.ended() else { return (Value::UNKNOWN, this) };
        let after = this.map(|this| self.state.get(id, &receiver).cloned().unwrap_or(this));
        // Where it never ends, neither does what called it.
        let stops = self.state.is_dead && ended.given.is_none();
        self.hand_back(id, &bound, given);
        let mut value = ended.given.unwrap_or(Value::of(Shape::Null));
        value = typed::as_declared_in(self, file, function.returns.as_ref(), value);
        if let Some(test) = ended.answers.test().filter(|_| value.taints.is_empty()) {
            value.shape = test;
        }
        let is_own = |value: &Value<'a>| matches!(value.shape, Shape::Function(_, _, of) if of == id);
        // What the functions of an object read is still there after the function that made them.
        let keeps = is_own(&value)
            || matches!(after.as_ref().map(|after| &after.shape), Some(Shape::Record(fields)) if fields.values().any(is_own));
        if !keeps {
            self.state.leave(id);
        }
        self.state.is_dead = stops;
        if function.is_generator {
            value = Value::tainted(value.all_taints());
        }
        (value, after)
    }

    /// Begins a call of a function: nothing of it is bound yet.
    pub(super) fn begin(&mut self, file: usize, function: &'a Function, within: u32) -> u32 {
        let id = self.next_call;
        self.next_call += 1;
        self.within.insert(id, within);
        self.calls.push(Frame::new(id, file, Some(function)));
        id
    }

    /// Binds the parameters of a function; which argument each simple one was given.
    fn bind(
        &mut self,
        id: u32,
        function: &'a Function,
        this: Option<Value<'a>>,
        given: &Given<'a>,
        (caller, extent): (usize, Extent),
    ) -> Vec<(String, usize)> {
        let python = self.is_python();
        let mut parameters = function.parameters.iter();
        if let Some(this) = this {
            if python && !function.is_static {
                if let Some(first) = parameters.next().and_then(|first| first.pattern.dotted()) {
                    self.keep(id, &first, this);
                }
            } else {
                self.keep(id, if self.is_rust() { "self" } else { "this" }, this);
            }
        } else if python && function.parameters.first().is_some_and(|first| is_receiver(&first.pattern)) {
            // A method of a class of which nothing else is known.
            parameters.next();
        }
        let (mut at, mut bound) = (0, Vec::new());
        for parameter in parameters {
            let name = parameter.pattern.dotted();
            let value = match parameter.kind {
                ParameterKind::Rest => {
                    let rest = given.positional.get(at..).unwrap_or_default().to_vec();
                    at = given.positional.len();
                    Value::of(Shape::List(Rc::new(rest)))
                }
                ParameterKind::KeywordRest => {
                    Value::of(Shape::Record(Rc::new(given.named.iter().cloned().collect())))
                }
                ParameterKind::Receiver => continue,
                _ => {
                    let named = name.as_deref().and_then(|name| given.under(name)).cloned();
                    let value = named.or_else(|| {
                        let value = given.positional.get(at).cloned();
                        if let (Some(_), Some(name)) = (&value, &name) {
                            bound.push((name.clone(), at));
                        }
                        at += 1;
                        value
                    });
                    match (value, &parameter.default) {
                        (Some(value), _) => value,
                        (None, Some(default)) => self.eval(default),
                        (None, None) => Value::UNKNOWN,
                    }
                }
            };
            let value = self.typed(parameter.annotation.as_ref(), value);
            let called = function.name.clone();
            let value = value.stepped(caller, extent, &|| format!("passed to `{called}`"));
            self.declare(&parameter.pattern, value);
        }
        bound
    }

    /// What a parameter of Rust is given, as far as its type says what that is.
    fn typed(&self, written: Option<&'a Expr>, value: Value<'a>) -> Value<'a> {
        match written {
            Some(written) if self.is_rust() && value == Value::UNKNOWN => {
                typed::kept(self, self.at(), written)
            }
            _ => typed::as_declared(self, written, value),
        }
    }

    /// What a call does to what it was given: lists that it filled, and texts that it refused unless they were harmless.
    fn hand_back(&mut self, id: u32, bound: &[(String, usize)], given: &Given<'a>) {
        for (name, at) in bound {
            let (Some(before), Some(after)) = (given.positional.get(*at), self.state.get(id, name).cloned())
            else {
                continue;
            };
            let filled = matches!(after.shape, Shape::List(_) | Shape::Record(_) | Shape::Object(..));
            let argument = given.written.iter().filter(|argument| argument.name.is_none()).nth(*at);
            // What a function makes of its own name is its own; what its tests told holds for the caller's too.
            let told = self.state.told(id, name);
            if let Some(ExprKind::Name(passed)) = argument.map(|argument| &argument.value.kind)
                && !told.is_empty()
            {
                let holder = self.holder(passed);
                self.state.is_told(holder, passed, told);
            }
            if let Some(argument) = argument.filter(|_| filled && after != *before)
                && matches!(argument.value.kind, ExprKind::Name(_) | ExprKind::Member { .. })
            {
                self.set(&argument.value, after);
            }
        }
    }

    /// Calls what a library was given to call.
    pub(super) fn call_back(
        &mut self,
        function: &Value<'a>,
        arguments: Vec<Value<'a>>,
        extent: Extent,
    ) -> Value<'a> {
        if !matches!(function.shape, Shape::Function(..)) {
            return Value::UNKNOWN;
        }
        self.call_later(function, Given { positional: arguments, named: Vec::new(), written: &[] }, extent)
    }

    /// Calls it with arguments by their names, too.
    pub(super) fn call_later(&mut self, function: &Value<'a>, given: Given<'a>, extent: Extent) -> Value<'a> {
        // Whether and when it is called is the library's affair: what follows is reached either way.
        let before = self.fork();
        let value = self.invoke(function, None, &given, extent).0;
        let after = std::mem::replace(&mut self.state, before);
        let state = std::mem::take(&mut self.state);
        self.state = state.or(after);
        value
    }

    /// Gives a new name, or the names of a pattern, a value in the call under way.
    pub(super) fn declare(&mut self, target: &'a Expr, value: Value<'a>) {
        self.put(target, value, true);
    }

    /// Gives a name, a field or the names of a pattern a value.
    pub(super) fn set(&mut self, target: &'a Expr, value: Value<'a>) {
        self.put(target, value, false);
    }

    fn put(&mut self, target: &'a Expr, value: Value<'a>, declares: bool) {
        match &target.kind {
            // `None` and other names of variants hold nothing.
            ExprKind::Name(name)
                if self.is_rust() && name.starts_with(|first: char| first.is_uppercase()) => {}
            ExprKind::Name(name) => {
                let call = if declares { self.call_id() } else { self.holder_of(name) };
                self.keep(call, name, value);
            }
            ExprKind::Member { object, name, .. } => {
                if self.is_session(object) {
                    let key = Value::of(Shape::Text(name.clone()));
                    return session::kept(self, target, Some(&key), &value);
                }
                self.put_part(object, Some(name.clone()), value);
            }
            ExprKind::Index { object, index } => {
                let at = self.eval(index);
                if self.is_session(object) {
                    return session::kept(self, target, Some(&at), &value);
                }
                let key = match &at.shape {
                    Shape::Text(key) => Some(key.clone()),
                    Shape::Number(key) => Some(Text::from(key.to_string())),
                    _ => None,
                };
                if key.is_none() && self.put_under(object, &at, &value) {
                    return;
                }
                self.put_part(object, key, value);
            }
            ExprKind::Sequence { items, .. } => {
                for (at, item) in items.iter().enumerate() {
                    let part = match &value.shape {
                        Shape::List(parts) => parts.get(at).cloned().unwrap_or(Value::UNKNOWN),
                        _ => self.item_of(&value),
                    };
                    self.put(item, part, declares);
                }
            }
            ExprKind::Record { entries, .. } => {
                for (key, inner) in entries {
                    let part = match key.as_ref().and_then(Expr::string) {
                        Some(key) => self.part_by_key(&value, key, inner),
                        None => Value::tainted(value.all_taints()),
                    };
                    self.put(inner, part, declares);
                }
            }
            ExprKind::Assign { target, value: default, .. } => {
                let default = self.eval(default);
                self.put(target, value.or(&default), declares);
            }
            ExprKind::Spread(inner)
            | ExprKind::Cast { value: inner, .. }
            | ExprKind::Unary { value: inner, .. } => {
                self.put(inner, value, declares);
            }
            ExprKind::Call(call) => {
                // Rust's `Some(x)`.
                for argument in &call.arguments {
                    self.put(&argument.value, value.clone(), declares);
                }
            }
            ExprKind::Other(parts) => parts.iter().for_each(|part| self.put(part, value.clone(), declares)),
            _ => {}
        }
    }

    /// The call that a name which is set without being declared belongs to.
    fn holder_of(&self, name: &str) -> u32 {
        if self.is_python() {
            return self.call_id();
        }
        let mut at = Some(self.call_id());
        while let Some(call) = at {
            if self.state.get(call, name).is_some() {
                return call;
            }
            at = self.within.get(&call).copied();
        }
        self.call_id()
    }

    /// Gives a part of something a value; a part that is not known may be any.
    pub(super) fn put_part(&mut self, object: &'a Expr, key: Option<Text>, value: Value<'a>) {
        let mut whole = self.eval(object);
        let tainted = whole.is_tainted();
        match (&mut whole.shape, key) {
            (Shape::Record(fields) | Shape::Object(_, _, fields), Some(key)) => {
                Rc::make_mut(fields).insert(key, value);
            }
            (Shape::List(items), Some(key)) => {
                match key.parse::<usize>().ok().filter(|at| *at < items.len()) {
                    Some(at) => {
                        if let Some(item) = Rc::make_mut(items).get_mut(at) {
                            *item = value;
                        }
                    }
                    None => Rc::make_mut(items).push(value),
                }
            }
            (Shape::Name(dotted), Some(key)) => {
                library::assigned(self, &dotted.clone(), &key, &value, object.extent);
                return;
            }
            (Shape::Unknown, Some(key)) if !value.is_tainted() && !tainted => {
                whole.shape = Shape::Record(Rc::new(BTreeMap::from([(key, value)])));
            }
            _ => merge(&mut whole.taints, &value.all_taints()),
        }
        if matches!(object.kind, ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. }) {
            self.set(object, whole);
        }
    }

    /// Sets what a name, a field or an item holds; anything else holds nothing.
    pub(super) fn set_known(&mut self, target: &'a Expr, value: Value<'a>) {
        if matches!(target.kind, ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. }) {
            self.set(target, value);
        }
    }

    /// Whether the file under way is of Rust.
    pub(super) fn is_rust(&self) -> bool {
        self.is_of_rust(self.at())
    }

    /// Whether a file is of Rust.
    pub(super) fn is_of_rust(&self, file: usize) -> bool {
        self.project.context.files.get(file).is_some_and(|file| file.language == Language::Rust)
    }

    /// Whether the file under way is a script.
    pub(super) fn is_script(&self) -> bool {
        self.file().is_some_and(|file| matches!(file.language, Language::JavaScript | Language::TypeScript))
    }
}

fn is_receiver(pattern: &Expr) -> bool {
    matches!(pattern.dotted().as_deref(), Some("self" | "cls"))
}
