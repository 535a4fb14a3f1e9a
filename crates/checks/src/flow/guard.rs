//! What is known where a condition holds: a text that is one of a list, that matches a pattern, that lies below a folder.
//!
//! A test gives a value that says what follows from its being true and from its being false, so that a test that is kept in a name, or
//! made by a function of the project, tells the same as one that is written in the condition.

use std::rc::Rc;

use super::call::Given;
use super::pattern;
use super::risk::{Risk, Risks};
use super::value::{Beside, Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{BinaryOp, CompareOp, Expr, ExprKind, LogicalOp, TemplatePart, Text};

/// What follows from a test.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Implied {
    /// When it is true.
    pub(super) yes: Vec<Told>,
    /// When it is false.
    pub(super) no: Vec<Told>,
}

/// What can do no harm of these kinds any more.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// The name of a call that holds it.
    name: Option<(u32, Text)>,
    /// The key of what came in.
    key: Option<String>,
    risks: Risks,
}

impl Implied {
    /// The value of a test from which this follows.
    pub(super) fn value<'a>(self) -> Value<'a> {
        if self == Self::default() { Value::UNKNOWN } else { Value::of(Shape::Implies(Rc::new(self))) }
    }

    fn when_true(told: Vec<Told>) -> Self {
        Self { yes: told, no: Vec::new() }
    }

    fn when_false(told: Vec<Told>) -> Self {
        Self { yes: Vec::new(), no: told }
    }

    /// The opposite test.
    pub(super) fn negated(&self) -> Self {
        Self { yes: self.no.clone(), no: self.yes.clone() }
    }

    fn of<'v>(value: &'v Value<'_>) -> Option<&'v Self> {
        match &value.shape {
            Shape::Implies(implied) => Some(implied),
            _ => None,
        }
    }

    /// Two tests in one.
    pub(super) fn both(op: LogicalOp, left: &Value<'_>, right: &Value<'_>) -> Option<Self> {
        let nothing = Self::default();
        if Self::of(left).is_none() && Self::of(right).is_none() {
            return None;
        }
        let (one, two) = (Self::of(left).unwrap_or(&nothing), Self::of(right).unwrap_or(&nothing));
        let all = |one: &[Told], two: &[Told]| one.iter().chain(two).cloned().collect();
        match op {
            LogicalOp::And => Some(Self { yes: all(&one.yes, &two.yes), no: shared(&one.no, &two.no) }),
            LogicalOp::Or => Some(Self { yes: shared(&one.yes, &two.yes), no: all(&one.no, &two.no) }),
            LogicalOp::Coalesce => None,
        }
    }
}

/// What both tell.
fn shared(one: &[Told], two: &[Told]) -> Vec<Told> {
    let same = |told: &Told| {
        let other = two.iter().find(|other| other.key == told.key && other.name == told.name)?;
        let risks = told.risks.shared(other.risks);
        (!risks.is_empty()).then(|| Told { risks, ..told.clone() })
    };
    one.iter().filter_map(same).collect()
}

impl<'a> Walk<'_, 'a> {
    /// Goes on where a test came out so.
    pub(super) fn assume(&mut self, test: &Value<'a>, truth: bool) {
        if test.truth().is_some_and(|known| known != truth) {
            return self.stop();
        }
        let Some(implied) = Implied::of(test).cloned() else { return };
        for told in if truth { implied.yes } else { implied.no } {
            if let Some((call, name)) = &told.name
                && let Some(value) = self.state.get(*call, name).cloned()
            {
                self.state.set(*call, name, value.without(told.risks));
            }
            if let Some(key) = &told.key {
                self.clear(key, told.risks);
            }
        }
    }

    /// What came in under this key can do no harm of these kinds any more.
    pub(super) fn clear(&mut self, key: &str, risks: Risks) {
        if risks.is_empty() {
            return;
        }
        self.state.is_harmless(key, risks);
        self.state.each(&mut |value| {
            if value.is_tainted() {
                value.each_taint(&mut |taint| {
                    if taint.origin.key == key {
                        taint.open = taint.open.without(risks);
                    }
                });
            }
        });
    }

    /// What is told of an expression's value: of the name that holds it, and, when it is the whole of what came in, of that.
    fn told(&self, expr: Option<&Expr>, value: &Value<'a>, risks: Risks) -> Vec<Told> {
        if risks.is_empty() {
            return Vec::new();
        }
        let name = match expr.map(|expr| &expr.kind) {
            Some(ExprKind::Name(name)) => Some((self.holder(name), name.clone())),
            _ => None,
        };
        let mut told: Vec<Told> = Vec::new();
        for taint in value.all_taints() {
            let host = taint.beside.has(Beside::HOST);
            let risks = if host { risks.with(Risks::of(&[Risk::Request, Risk::Redirect])) } else { risks };
            let whole = !taint.beside.has(Beside::PART) || host;
            let risks = if host { Risks::of(&[Risk::Request, Risk::Redirect]) } else { risks };
            if whole {
                told.push(Told { name: None, key: Some(taint.origin.key.clone()), risks });
            }
        }
        told.extend(name.map(|name| Told { name: Some(name), key: None, risks }));
        told
    }

    fn holder(&self, name: &str) -> u32 {
        let mut at = Some(self.call_id());
        while let Some(call) = at {
            if self.state.get(call, name).is_some() {
                return call;
            }
            at = self.within.get(&call).copied();
        }
        self.call_id()
    }

    /// What follows from comparing.
    pub(super) fn implied_by_comparing(
        &self,
        op: CompareOp,
        (left, one): (&Expr, &Value<'a>),
        (right, other): (&Expr, &Value<'a>),
    ) -> Implied {
        let equal = |implied: Vec<Told>| match op {
            CompareOp::Equal | CompareOp::StrictEqual | CompareOp::Is | CompareOp::In => {
                Implied::when_true(implied)
            }
            CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::IsNot | CompareOp::NotIn => {
                Implied::when_false(implied)
            }
            _ => Implied::default(),
        };
        match op {
            CompareOp::In | CompareOp::NotIn => {
                if one.is_tainted() && !other.is_tainted() {
                    return equal(self.told(Some(left), one, Risks::ALL));
                }
                // `".." in path`
                let risks = match one.text() {
                    Some(".." | "/" | "../") => Risks::of(&[Risk::Path]),
                    Some("\n" | "\r") => Risks::of(&[Risk::Log]),
                    Some("<") => Risks::of(&[Risk::Markup]),
                    // Between quotes, what holds none of them stays there.
                    Some("'" | "\"") => Risks::of(&[Risk::Selector]),
                    _ => Risks::NONE,
                };
                let absent = self.told(Some(right), other, risks);
                if op == CompareOp::In { Implied::when_false(absent) } else { Implied::when_true(absent) }
            }
            CompareOp::Equal
            | CompareOp::NotEqual
            | CompareOp::StrictEqual
            | CompareOp::StrictNotEqual
            | CompareOp::Is
            | CompareOp::IsNot => {
                // `os.path.commonpath([root, path]) == root`
                for (side, value) in [(left, one), (right, other)] {
                    if side.call().and_then(|call| crate::facts::values::called_name(&call.callee))
                        == Some("commonpath")
                    {
                        return equal(self.told(None, value, Risks::of(&[Risk::Path])));
                    }
                    // `typeof x === "number"`
                    if let ExprKind::Unary { op: crate::facts::syntax::UnaryOp::TypeOf, value: subject } =
                        &side.kind
                    {
                        let kind = if std::ptr::eq(side, left) { other.text() } else { one.text() };
                        let held = self.held(subject);
                        let harmless = matches!(kind, Some("number" | "boolean" | "bigint"));
                        let risks = if harmless { Risks::ALL } else { Risks::NONE };
                        return equal(
                            held.map(|held| self.told(Some(subject), &held, risks)).unwrap_or_default(),
                        );
                    }
                }
                match (one.is_tainted(), other.is_tainted()) {
                    (true, false) if !matches!(other.shape, Shape::Null) => {
                        equal(self.told(Some(left), one, Risks::ALL))
                    }
                    (false, true) if !matches!(one.shape, Shape::Null) => {
                        equal(self.told(Some(right), other, Risks::ALL))
                    }
                    _ => Implied::default(),
                }
            }
            _ => Implied::default(),
        }
    }

    /// What follows from two tests in one, and from what they say together.
    pub(super) fn implied_by_both(
        &self,
        op: LogicalOp,
        (left, one): (&Expr, &Value<'a>),
        (right, other): (&Expr, &Value<'a>),
    ) -> Option<Implied> {
        let both = Implied::both(op, one, other);
        let Some(subject) = quoted(op, left, right) else { return both };
        let Some(held) = self.held(subject) else { return both };
        let told = self.told(Some(subject), &held, Risks::of(&[Risk::Code]));
        let mut both = both.unwrap_or_default();
        if op == LogicalOp::And {
            both.yes.extend(told)
        } else {
            both.no.extend(told)
        }
        Some(both)
    }

    fn held(&self, expr: &Expr) -> Option<Value<'a>> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        self.state.get(self.holder(name), name).cloned()
    }

    /// What follows from a method that tells something of what it is called on, or of what it is given.
    pub(super) fn implied_by_method(
        &self,
        name: &str,
        (object, of): (&Expr, &Value<'a>),
        given: &Given<'a>,
    ) -> Implied {
        let first = given.positional.first();
        let written = given.written.first().map(|argument| &argument.value);
        let of_argument = |risks: Risks| match first {
            Some(value) if !of.is_tainted() => Implied::when_true(self.told(written, value, risks)),
            _ => Implied::default(),
        };
        match name {
            // Of what letters a name is says nothing of whose name it is.
            "isdigit" | "isalnum" | "isnumeric" | "isdecimal" | "isalpha" | "isidentifier" => {
                let risks = Risks::ALL.without(Risks::of(&[Risk::Session]));
                Implied::when_true(self.told(Some(object), of, risks))
            }
            "includes" | "has" | "hasOwnProperty" if !of.is_tainted() => of_argument(Risks::ALL),
            "includes" | "indexOf" => match first.and_then(Value::text) {
                Some(".." | "/" | "../") => {
                    Implied::when_false(self.told(Some(object), of, Risks::of(&[Risk::Path])))
                }
                _ => Implied::default(),
            },
            "startswith" | "startsWith" => self.implied_by_beginning(object, of, written, first),
            "is_relative_to" => {
                let normal = of.all_taints().iter().all(|taint| taint.beside.has(Beside::NORMAL));
                let risks = if normal { Risks::of(&[Risk::Path]) } else { Risks::NONE };
                Implied::when_true(self.told(Some(object), of, risks))
            }
            "test" | "match" | "fullmatch" | "exec" => {
                let of_pattern = |value: &Value<'a>| match &value.shape {
                    Shape::Name(name) => name.strip_prefix("regex:").map(str::to_owned),
                    _ => None,
                };
                if let Some(pattern) = of_pattern(of) {
                    // Python's `match` is anchored at the beginning.
                    let pattern =
                        if name == "match" && self.is_python() { format!("^(?:{pattern})") } else { pattern };
                    let risks = pattern::excluded(&pattern, name == "fullmatch");
                    return first.map_or_else(Implied::default, |value| {
                        Implied::when_true(self.told(written, value, risks))
                    });
                }
                match first.and_then(of_pattern) {
                    Some(pattern) => {
                        Implied::when_true(self.told(Some(object), of, pattern::excluded(&pattern, false)))
                    }
                    None => Implied::default(),
                }
            }
            _ => Implied::default(),
        }
    }

    fn implied_by_beginning(
        &self,
        object: &Expr,
        of: &Value<'a>,
        written: Option<&Expr>,
        prefix: Option<&Value<'a>>,
    ) -> Implied {
        let text = prefix.and_then(Value::text);
        if text == Some("//") {
            return Implied::when_false(self.told(Some(object), of, Risks::of(&[Risk::Redirect])));
        }
        let mut risks = text.map_or(Risks::NONE, super::outside::fixed_by);
        if text == Some("/") {
            risks = Risks::NONE;
        }
        // A folder alone admits its neighbours: `/data` is where `/database` begins (CWE-22).
        let separated =
            text.is_some_and(|text| text.ends_with(['/', '\\'])) || written.is_some_and(ends_with_separator);
        let normal = of.all_taints().iter().all(|taint| taint.beside.has(Beside::NORMAL));
        if separated && normal {
            risks = risks.with(Risks::of(&[Risk::Path]));
        }
        Implied::when_true(self.told(Some(object), of, risks))
    }

    /// What follows from a function of a library that tells something of what it is given.
    pub(super) fn implied_by_function(&self, dotted: &str, given: &Given<'a>) -> Option<Implied> {
        let argument =
            |index: usize| given.positional.get(index).zip(given.written.get(index).map(|one| &one.value));
        match dotted {
            "isinstance" => {
                let (value, written) = argument(0)?;
                let kinds = given.positional.get(1)?;
                let harmless = |kind: &Value<'a>| matches!(&kind.shape, Shape::Name(name) if matches!(name.as_str(), "int" | "float" | "bool"));
                let all = match &kinds.shape {
                    Shape::List(kinds) => kinds.iter().all(harmless),
                    _ => harmless(kinds),
                };
                let risks = if all { Risks::ALL } else { Risks::NONE };
                Some(Implied::when_true(self.told(Some(written), value, risks)))
            }
            "Number.isInteger" | "Number.isFinite" | "Number.isSafeInteger" => {
                let (value, written) = argument(0)?;
                Some(Implied::when_true(self.told(Some(written), value, Risks::ALL)))
            }
            "re.match" | "re.fullmatch" => {
                let pattern = given.positional.first().and_then(Value::text)?;
                let (value, written) = argument(1)?;
                let risks = pattern::excluded(&format!("^(?:{pattern})"), dotted == "re.fullmatch");
                Some(Implied::when_true(self.told(Some(written), value, risks)))
            }
            "re.search" => {
                let pattern = given.positional.first().and_then(Value::text)?;
                let (value, written) = argument(1)?;
                Some(Implied::when_true(self.told(Some(written), value, pattern::excluded(pattern, false))))
            }
            "django.utils.http.url_has_allowed_host_and_scheme" => {
                let (value, written) = argument(0)?;
                Some(Implied::when_true(self.told(Some(written), value, Risks::of(&[Risk::Redirect]))))
            }
            _ => None,
        }
    }
}

/// The text of which a condition says that it is the literal of one: it begins and ends with a quote and holds none in between. With
/// `and` the condition says so, with `or` its opposite does.
fn quoted<'e>(op: LogicalOp, left: &'e Expr, right: &'e Expr) -> Option<&'e Expr> {
    let mut terms = vec![right];
    let mut rest = left;
    while let ExprKind::Logical { op: inner, left, right } = &rest.kind
        && *inner == op
    {
        terms.push(right);
        rest = left;
    }
    terms.push(rest);
    let mut seen: [Option<(&Expr, &str)>; 3] = [None; 3];
    for term in terms {
        if let Some((at, subject, quote)) = about_quotes(term, op == LogicalOp::Or) {
            *seen.get_mut(at)? = Some((subject, quote));
        }
    }
    let [Some((subject, quote)), Some(end), Some(between)] = seen else { return None };
    let same = |(other, with): (&Expr, &str)| other.dotted() == subject.dotted() && with == quote;
    (matches!(quote, "'" | "\"") && same(end) && same(between)).then_some(subject)
}

/// What a term says of quotes: that a text begins with one (0), ends with one (1), holds none in between (2); `opposite` when it is denied.
fn about_quotes(term: &Expr, opposite: bool) -> Option<(usize, &Expr, &str)> {
    match &term.kind {
        ExprKind::Unary { op: crate::facts::syntax::UnaryOp::Not, value } if opposite => {
            about_quotes(value, false)
        }
        ExprKind::Call(call) if !opposite => {
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
            let at = match name.as_str() {
                "startswith" | "startsWith" => 0,
                "endswith" | "endsWith" => 1,
                _ => return None,
            };
            Some((at, object, call.arguments.first()?.value.string()?))
        }
        ExprKind::Compare { left, rest } => {
            let [(op, right)] = rest.as_slice() else { return None };
            let sought = if opposite { CompareOp::In } else { CompareOp::NotIn };
            let ExprKind::Index { object, index } = &right.kind else { return None };
            let inner = matches!(&index.kind, ExprKind::Range(_));
            (*op == sought && inner).then_some((2, &**object, left.string()?))
        }
        _ => None,
    }
}

/// Whether what is written ends with the separator of paths: `root + os.sep`, `` `${root}/` ``.
fn ends_with_separator(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Add, right, .. } => {
            right.string().is_some_and(|text| text.ends_with(['/', '\\']))
                || matches!(crate::facts::values::called_name(right), Some("sep"))
        }
        ExprKind::Template(template) => match template.parts.last() {
            Some(TemplatePart::Text(text)) => text.ends_with(['/', '\\']),
            Some(TemplatePart::Value(value)) => {
                matches!(crate::facts::values::called_name(value), Some("sep"))
            }
            None => false,
        },
        ExprKind::Call(call) => call.arguments.last().is_some_and(|last| last.value.string() == Some("")),
        _ => false,
    }
}
