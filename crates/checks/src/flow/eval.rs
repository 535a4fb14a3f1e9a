//! What an expression may be.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::guard::Implied;
use super::index::{class_field, method};
use super::keyed;
use super::operator::{arithmetic, below, compared, formatted, joined, literal_shape};
use super::outside;
use super::stored;
use super::typed;
use super::value::{Beside, Shape, Value, merge};
use super::walk::Walk;
use crate::facts::syntax::{BinaryOp, Class, CompareOp, Expr, ExprKind, LogicalOp, Stmt, Text, UnaryOp};
use crate::facts::values::Bound;

/// A number of steps through names of other names; a circle of imports has no end.
const STEPS: usize = 8;

impl<'a> Walk<'_, 'a> {
    /// Evaluates an expression, with whatever it does on the way.
    pub(super) fn eval(&mut self, expr: &'a Expr) -> Value<'a> {
        if !self.spend() {
            return Value::UNKNOWN;
        }
        match &expr.kind {
            ExprKind::Name(name) => self.name(expr, name),
            ExprKind::Member { object, name, .. } => {
                let of = self.eval(object);
                self.part(&of, name, expr)
            }
            ExprKind::Index { object, index } => {
                let (of, at) = (self.eval(object), self.eval(index));
                // `if (COLUMNS[name])`: what lies there is one of a few texts, and that it does tells of the key.
                let is_table = matches!(&of.shape, Shape::Record(fields) if !fields.is_empty());
                if at.is_tainted() && is_table && of.is_constant() {
                    return self.implied_by_key((&of, object), (&at, index)).unwrap_or_default().value();
                }
                self.item_at(&of, &at, expr)
            }
            ExprKind::Call(call) => self.call(expr, call),
            ExprKind::Literal(literal) => Value::of(literal_shape(literal)),
            ExprKind::Template(template) => self.template(template, expr),
            ExprKind::Unary { op, value } => self.unary(*op, value),
            ExprKind::Binary { op, left, right } => {
                let (left, right) = (self.eval(left), self.eval(right));
                self.binary(*op, &left, &right)
            }
            ExprKind::Compare { left, rest } => self.compare(left, rest),
            ExprKind::Logical { op, left, right } => self.logical(*op, left, right),
            ExprKind::Conditional { test, then, otherwise } => self.conditional(test, then, otherwise),
            ExprKind::Assign { target, op, value } => {
                let mut value = self.eval(value);
                if let Some(op) = op {
                    let old = self.eval(target);
                    value = self.binary(*op, &old, &value);
                }
                self.set(target, value.clone());
                value
            }
            ExprKind::Function(function) => Value::of(Shape::Function(self.at(), function, self.call_id())),
            ExprKind::Class(class) => Value::of(Shape::Class(self.at(), class)),
            ExprKind::Sequence { items, .. } => {
                let items: Vec<Value<'a>> = items.iter().map(|item| self.eval(item)).collect();
                Value::of(Shape::List(Rc::new(items)))
            }
            ExprKind::Record { of, entries } => {
                let value = self.record(entries);
                typed::as_struct(self, of.as_deref(), value)
            }
            ExprKind::Comprehension(comprehension) => self.comprehension(comprehension),
            ExprKind::Await(value) | ExprKind::Propagate(value) | ExprKind::Cast { value, .. } => {
                self.eval(value)
            }
            ExprKind::Yield(value) => self.yielded(value.as_deref()),
            ExprKind::Spread(value) => {
                let all = self.eval(value);
                self.item_of(&all)
            }
            ExprKind::Matches { pattern, value } => self.matches(pattern, value),
            ExprKind::Markup(markup) => self.markup(markup),
            ExprKind::Statement(stmt) => self.block(stmt),
            ExprKind::Range(parts) => {
                parts.iter().flatten().for_each(|part| drop(self.eval(part)));
                Value::UNKNOWN
            }
            ExprKind::Other(parts) => {
                let values: Vec<Value<'a>> = parts.iter().map(|part| self.eval(part)).collect();
                Value::made_of(&values.iter().collect::<Vec<_>>())
            }
        }
    }

    /// `let Some(x) = y` as a condition, `matches!(x, "a" | "b")`.
    fn matches(&mut self, pattern: &'a Expr, value: &'a Expr) -> Value<'a> {
        let held = self.eval(value);
        if super::walk::is_of_literals(pattern) {
            let case = Value::of(Shape::Text(Text::default()));
            return self.implied_by_comparing(CompareOp::Equal, (value, &held), (pattern, &case)).value();
        }
        self.declare(pattern, held);
        Value::UNKNOWN
    }

    /// The value of a block, an `if` or a `match`.
    fn block(&mut self, stmt: &'a Stmt) -> Value<'a> {
        if let Some(call) = self.calls.last_mut() {
            call.blocks.push(None);
        }
        self.body(std::slice::from_ref(stmt));
        self.calls.last_mut().and_then(|call| call.blocks.pop()).flatten().unwrap_or(Value::UNKNOWN)
    }

    /// What a name holds where the walk is, when a call holds it.
    pub(super) fn held_under(&self, name: &str) -> Option<Value<'a>> {
        let mut at = Some(self.call_id());
        while let Some(call) = at {
            if let Some(value) = self.state.get(call, name) {
                return Some(value.clone());
            }
            at = self.within.get(&call).copied();
        }
        None
    }

    /// A generator gives one more.
    fn yielded(&mut self, value: Option<&'a Expr>) -> Value<'a> {
        let value = value.map_or(Value::UNKNOWN, |value| self.eval(value));
        if let Some(call) = self.calls.last_mut() {
            call.given = Some(call.given.as_ref().map_or_else(|| value.clone(), |known| known.or(&value)));
        }
        Value::UNKNOWN
    }

    fn name(&mut self, expr: &'a Expr, name: &Text) -> Value<'a> {
        self.held_under(name).or_else(|| self.outer(name)).unwrap_or_else(|| self.global(expr, name))
    }

    /// What a function around the one under way, which is not under way itself, binds a name to.
    fn outer(&mut self, name: &Text) -> Option<Value<'a>> {
        let file = self.at();
        let mut function = self.calls.iter().rev().find_map(|call| call.function)?;
        while let Some(around) = self.index.around(function) {
            let values = crate::facts::values::Values::of_function(around);
            match values.bound(name) {
                [] => function = around,
                [Bound::To(value)] => return Some(self.aside(file, |walk| walk.eval(value))),
                _ => return Some(Value::UNKNOWN),
            }
        }
        None
    }

    /// Evaluates something as at the top of a file.
    fn aside(&mut self, file: usize, run: impl FnOnce(&mut Self) -> Value<'a>) -> Value<'a> {
        if self.calls.len() > super::call::DEPTH {
            return Value::UNKNOWN;
        }
        let state = self.fork();
        let id = self.next_call;
        self.next_call += 1;
        self.calls.push(super::walk::Frame::new(id, file, None));
        let value = run(self);
        self.calls.pop();
        self.state = state;
        value
    }

    /// What a name that no call binds means: something of a file of the project, or of the world outside.
    fn global(&mut self, expr: &'a Expr, name: &Text) -> Value<'a> {
        let file = self.at();
        let key = (file, name.clone());
        if let Some(known) = self.globals.get(&key) {
            return known.clone().unwrap_or(Value::UNKNOWN);
        }
        // While it is being read it is not known: a name may be made of itself.
        self.globals.insert(key.clone(), None);
        let value = self.global_anew(file, expr);
        let value = self.bounded(value);
        self.globals.insert(key, Some(value.clone()));
        value
    }

    fn global_anew(&mut self, file: usize, expr: &'a Expr) -> Value<'a> {
        let written = self.project.context.files.get(file).and_then(|source| source.resolve(expr));
        let place = self.project.find(file, &[], expr);
        if let Some(place) = place
            && let Some(value) = self.defined(place.file, &place.name, STEPS)
        {
            return value;
        }
        match written {
            Some(dotted) => Value::of(Shape::Name(Text::from(dotted))),
            None => Value::UNKNOWN,
        }
    }

    /// What a file binds a dotted name to; `None` when nothing does.
    pub(super) fn defined(&mut self, file: usize, dotted: &str, steps: usize) -> Option<Value<'a>> {
        let left = steps.checked_sub(1)?;
        let (head, rest) = dotted.split_once('.').map_or((dotted, None), |(head, rest)| (head, Some(rest)));
        let index = self.index;
        let bound: Vec<Bound<'a>> = index.top(file)?.bound(head).to_vec();
        // In Rust a function that a constant is made with (`LazyLock::new(|| ..)`) is not the constant.
        let is_made = !bound.is_empty() && self.is_of_rust(file);
        let mut value = if let Some(class) = index.class(file, head) {
            Value::of(Shape::Class(file, class))
        } else if let Some((file, function)) = self.project.named_function(file, dotted).filter(|_| !is_made)
        {
            return Some(Value::of(Shape::Function(file, function, 0)));
        } else {
            let mut found: Option<Value<'a>> = None;
            for one in &bound {
                let value = match one {
                    Bound::To(value) => self.aside(file, |walk| walk.eval(value)),
                    Bound::PartOf(value) | Bound::Updated(_, value) => {
                        self.aside(file, |walk| Value::made_of(&[&walk.eval(value)]))
                    }
                    Bound::Parameter(_) => Value::UNKNOWN,
                };
                found = Some(found.map_or_else(|| value.clone(), |found| found.or(&value)));
            }
            found?
        };
        for name in rest.into_iter().flat_map(|rest| rest.split('.')) {
            value = match value.shape {
                Shape::Record(fields) => fields.get(name).cloned()?,
                Shape::Class(file, class) => match method(class, name) {
                    Some(function) => Value::of(Shape::Function(file, function, 0)),
                    None => {
                        let field = class_field(class, name)?;
                        self.aside(file, |walk| walk.eval(field))
                    }
                },
                Shape::Name(of) => Value::of(Shape::Name(Text::from(format!("{of}.{name}")))),
                _ if left > 0 => Value::UNKNOWN,
                _ => return None,
            };
        }
        Some(value)
    }

    /// A part of a value by its name: a field, a method, a member of a module.
    pub(super) fn part(&mut self, of: &Value<'a>, name: &str, expr: &'a Expr) -> Value<'a> {
        if let Some(column) = stored::column(self, of, name, expr) {
            return column;
        }
        match &of.shape {
            Shape::Record(fields) => match fields.get(name) {
                Some(field) => field.clone(),
                None => of.other_field(),
            },
            Shape::Object(file, class, fields) => {
                if let Some(field) = fields.get(name) {
                    return field.clone();
                }
                self.member_of_class(*file, class, name, STEPS)
                    .or_else(|| self.implemented(*file, class, name))
                    .or_else(|| typed::field(self, of, (*file, class), name))
                    .unwrap_or_else(|| of.other_field())
            }
            Shape::Class(file, class) => self
                .member_of_class(*file, class, name, STEPS)
                .or_else(|| self.implemented(*file, class, name))
                .unwrap_or(Value::UNKNOWN),
            Shape::Name(dotted) => {
                if let Some(value) = outside::member(self, dotted, name, expr) {
                    return value;
                }
                // The name of a module of the project, or of something else that is not bound to a value.
                let written = self.file().and_then(|file| file.resolve(expr));
                if let Some(place) = written.as_ref().and_then(|_| self.project.find(self.at(), &[], expr))
                    && let Some(value) = self.defined(place.file, &place.name, STEPS)
                {
                    return value;
                }
                let mut value = Value::of(Shape::Name(Text::from(format!("{dotted}.{name}"))));
                value.taints.clone_from(&of.taints);
                value
            }
            // How long a text is, and how many there are, is a number.
            _ if matches!(name, "length" | "size" | "byteLength") => {
                Implied::of(of).map_or(Value::UNKNOWN, |implied| implied.clone().value())
            }
            // https://docs.python.org/3/library/ipaddress.html
            _ if matches!(name, "is_global" | "is_private") && of.is_tainted() => {
                self.implied_by_address(name, of).value()
            }
            // https://docs.python.org/3/library/urllib.parse.html, https://url.spec.whatwg.org/#api
            _ if matches!(name, "hostname" | "netloc" | "host" | "origin") => {
                Value::tainted(of.all_taints()).marked(Beside::HOST)
            }
            _ => Value::tainted(of.all_taints()).marked(Beside::PART),
        }
    }

    /// A member of a module or of anything else by a name that was worked out.
    pub(super) fn member_by_name(&mut self, of: &Value<'a>, name: &str, expr: &'a Expr) -> Value<'a> {
        if let Shape::Name(dotted) = &of.shape
            && let Some(file) = self.project.module(self.at(), dotted).or_else(|| self.loaded(dotted))
            && let Some(value) = self.defined(file, name, STEPS)
        {
            return value;
        }
        self.part(of, name, expr)
    }

    /// A function of an `impl` of a type, in the type's own file.
    fn implemented(&self, file: usize, class: &'a Class, name: &str) -> Option<Value<'a>> {
        let (file, function) = self.project.named_function(file, &format!("{}.{name}", class.name))?;
        Some(Value::of(Shape::Function(file, function, 0)))
    }

    fn member_of_class(
        &mut self,
        file: usize,
        class: &'a Class,
        name: &str,
        steps: usize,
    ) -> Option<Value<'a>> {
        if let Some(function) = method(class, name) {
            return Some(Value::of(Shape::Function(file, function, 0)));
        }
        if let Some(field) = class_field(class, name) {
            return Some(self.aside(file, |walk| walk.eval(field)));
        }
        let left = steps.checked_sub(1)?;
        class.bases.iter().find_map(|base| {
            let (file, base) = self.class_of(file, &base.value)?;
            (!std::ptr::eq(base, class)).then(|| self.member_of_class(file, base, name, left))?
        })
    }

    /// The class of the project that an expression at the top of a file means.
    pub(super) fn class_of(&mut self, file: usize, expr: &'a Expr) -> Option<(usize, &'a Class)> {
        match self.aside(file, |walk| walk.eval(expr)).shape {
            Shape::Class(file, class) => Some((file, class)),
            _ => None,
        }
    }

    /// A part of a value by its place or key.
    pub(super) fn item_at(&mut self, of: &Value<'a>, at: &Value<'a>, expr: &'a Expr) -> Value<'a> {
        match (&of.shape, &at.shape) {
            (Shape::Record(_) | Shape::Object(..) | Shape::Name(_) | Shape::Unknown, Shape::Text(key))
                if !matches!(of.shape, Shape::Unknown) || stored::is_row(of) =>
            {
                let key = key.clone();
                self.part_by_key(of, &key, expr)
            }
            (Shape::List(items), Shape::Number(at)) => {
                let at = if *at < 0 { items.len() as i64 + at } else { *at };
                match usize::try_from(at).ok().and_then(|at| items.get(at)) {
                    Some(item) => item.clone(),
                    None => self.item_of(of),
                }
            }
            (Shape::Text(text), Shape::Number(at)) => {
                let count = text.chars().count() as i64;
                let at = if *at < 0 { count + at } else { *at };
                match usize::try_from(at).ok().and_then(|at| text.chars().nth(at)) {
                    Some(one) => Value::of(Shape::Text(Text::from(one.to_string()))),
                    None => Value::UNKNOWN,
                }
            }
            _ => self.item_of(of),
        }
    }

    /// A field by a key that is known: like a member, but a method is not meant.
    pub(super) fn part_by_key(&mut self, of: &Value<'a>, key: &str, expr: &'a Expr) -> Value<'a> {
        if let Some(column) = stored::column(self, of, key, expr) {
            return column;
        }
        match &of.shape {
            Shape::Name(dotted) => {
                if let Some(value) = outside::field(self, of, dotted, key, expr) {
                    return value;
                }
                let mut value = Value::of(Shape::Name(Text::from(format!("{dotted}[]"))));
                value.taints.clone_from(&of.taints);
                value
            }
            _ => self.part(of, key, expr),
        }
    }

    /// Any one of what a value holds.
    pub(super) fn item_of(&mut self, of: &Value<'a>) -> Value<'a> {
        match &of.shape {
            Shape::List(items) => {
                let mut found = items.iter().fold(None::<Value<'a>>, |found, item| {
                    Some(found.map_or_else(|| item.clone(), |found| found.or(item)))
                });
                if let Some(found) = &mut found {
                    merge(&mut found.taints, &of.taints);
                }
                found.unwrap_or_else(|| Value::tainted(of.taints.clone()))
            }
            Shape::Text(_) | Shape::Begins(_) => Value::tainted(of.taints.clone()),
            _ => Value::tainted(of.all_taints()).marked(Beside::PART),
        }
    }

    /// Any one of what a loop goes through: of a dictionary its keys.
    pub(super) fn each_of(&mut self, of: &Value<'a>) -> Value<'a> {
        self.item_of(&of.keys())
    }

    fn unary(&mut self, op: UnaryOp, value: &'a Expr) -> Value<'a> {
        let value = self.eval(value);
        match (op, &value.shape) {
            (UnaryOp::Not, Shape::Implies(implied)) => implied.negated().value(),
            (UnaryOp::Not, _) => {
                value.truth().map_or(Value::UNKNOWN, |truth| Value::of(Shape::Truth(!truth)))
            }
            (UnaryOp::Minus, Shape::Number(number)) => Value::of(Shape::Number(number.wrapping_neg())),
            (UnaryOp::Reference | UnaryOp::Dereference, _) => value,
            // `+x`, `-x`, `~x`, `x++`, `typeof x` are numbers and fixed words.
            _ => Value::UNKNOWN,
        }
    }

    /// Two operands under an operator.
    pub(super) fn binary(&mut self, op: BinaryOp, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
        if let BinaryOp::Logical(_) = op {
            return left.or(right);
        }
        match (&left.shape, &right.shape) {
            (Shape::Number(left), Shape::Number(right)) => {
                return arithmetic(op, *left, *right)
                    .map_or(Value::UNKNOWN, |number| Value::of(Shape::Number(number)));
            }
            (Shape::List(one), Shape::List(two)) if op == BinaryOp::Add => {
                let all = one.iter().chain(two.iter()).cloned().collect();
                return Value::of(Shape::List(Rc::new(all)));
            }
            _ => {}
        }
        match op {
            BinaryOp::Add => joined(left, right),
            // Python's `"..%s" % x` and `path / "name"`; of numbers nothing is left that does harm.
            BinaryOp::Modulo if left.beginning().is_some() => formatted(left, &[right]),
            BinaryOp::Divide
                if matches!(left.shape, Shape::Name(_)) || left.is_tainted() || right.is_tainted() =>
            {
                below(left, right)
            }
            BinaryOp::Multiply => match (&left.shape, &right.shape) {
                (Shape::Text(_) | Shape::Begins(_), _) => Value::tainted(left.all_taints()),
                _ => Value::UNKNOWN,
            },
            BinaryOp::Or | BinaryOp::And => left.or(right),
            BinaryOp::Subtract => Implied::when_false(self.within(left, right)).value(),
            _ => Value::UNKNOWN,
        }
    }

    fn compare(&mut self, left: &'a Expr, rest: &'a [(CompareOp, Expr)]) -> Value<'a> {
        let mut one = self.eval(left);
        if let [(op, right)] = rest {
            let other = self.eval(right);
            return match compared(*op, &one, &other) {
                Some(truth) => Value::of(Shape::Truth(truth)),
                None => self.implied_by_comparing(*op, (left, &one), (right, &other)).value(),
            };
        }
        let mut answer = Some(true);
        for (op, right) in rest {
            let other = self.eval(right);
            let holds = compared(*op, &one, &other);
            answer = match (answer, holds) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            one = other;
        }
        answer.map_or(Value::UNKNOWN, |truth| Value::of(Shape::Truth(truth)))
    }

    fn logical(&mut self, op: LogicalOp, left: &'a Expr, right: &'a Expr) -> Value<'a> {
        let one = self.eval(left);
        match (op, one.truth()) {
            (LogicalOp::And, Some(false)) | (LogicalOp::Or, Some(true)) => return one,
            (LogicalOp::And, Some(true)) | (LogicalOp::Or, Some(false)) => return self.eval(right),
            _ => {}
        }
        // What stands behind `and` runs where the left is true, behind `or` where it is not.
        let before = self.fork();
        match op {
            LogicalOp::And => self.assume(&one, true),
            LogicalOp::Or => self.assume(&one, false),
            LogicalOp::Coalesce => {}
        }
        let other = self.eval(right);
        let after = std::mem::replace(&mut self.state, before);
        let state = std::mem::take(&mut self.state);
        self.state = state.or(after);
        let both = self.implied_by_both(op, (left, &one), (right, &other));
        let value = match op {
            // Of a text that is there, `a and b` is b.
            LogicalOp::And => Value { shape: other.shape.clone(), ..other.or(&Value::UNKNOWN) },
            _ => one.or(&other),
        };
        match both {
            Some(both) => Value { shape: both.value().shape, ..value },
            None => value,
        }
    }

    fn conditional(&mut self, test: &'a Expr, then: &'a Expr, otherwise: &'a Expr) -> Value<'a> {
        let test = self.eval(test);
        match test.truth() {
            Some(true) => return self.eval(then),
            Some(false) => return self.eval(otherwise),
            None => {}
        }
        let before = self.fork();
        self.assume(&test, true);
        let one = if self.state.is_dead { None } else { Some(self.eval(then)) };
        let after = std::mem::replace(&mut self.state, before);
        self.assume(&test, false);
        let other = if self.state.is_dead { None } else { Some(self.eval(otherwise)) };
        let state = std::mem::take(&mut self.state);
        self.state = after.or(state);
        match (one, other) {
            (Some(one), Some(other)) => one.or(&other),
            (one, other) => one.or(other).unwrap_or(Value::UNKNOWN),
        }
    }

    fn record(&mut self, entries: &'a [(Option<Expr>, Expr)]) -> Value<'a> {
        let (mut fields, mut taints) = (BTreeMap::new(), Vec::new());
        for (key, value) in entries {
            let value_of = match &value.kind {
                ExprKind::Spread(inner) => self.eval(inner),
                _ => self.eval(value),
            };
            match key {
                None => match value_of.shape {
                    Shape::Record(more) | Shape::Object(_, _, more) => {
                        keyed::extend(&mut fields, &more);
                        merge(&mut taints, &value_of.taints);
                    }
                    _ => merge(&mut taints, &value_of.all_taints()),
                },
                Some(key) => match self.eval(key) {
                    Value { shape: Shape::Text(key), .. } => drop(fields.insert(key, value_of)),
                    Value { shape: Shape::Number(key), .. } => {
                        drop(fields.insert(Text::from(key.to_string()), value_of))
                    }
                    key => {
                        merge(&mut taints, &key.all_taints());
                        keyed::keep(&mut fields, None, value_of);
                    }
                },
            }
        }
        Value { shape: Shape::Record(Rc::new(fields)), taints }
    }

    /// Whether a value is what a pattern says, as far as both are known.
    pub(super) fn fits(&mut self, value: &Value<'a>, pattern: &'a Expr) -> Option<bool> {
        match &pattern.kind {
            ExprKind::Name(name) if name == "_" => Some(true),
            ExprKind::Literal(_) => compared(CompareOp::Equal, value, &self.eval(pattern)),
            ExprKind::Binary { op: BinaryOp::Or, left, right } => {
                match (self.fits(value, left), self.fits(value, right)) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
