//! What is known where a condition holds: a text that is one of a list, that matches a pattern, that lies below a folder.
//!
//! A test gives a value that says what follows from its being true and from its being false, so that a test that is kept in a name, or
//! made by a function of the project, tells the same as one that is written in the condition.

use std::rc::Rc;

use seaworthy_core::limits::FLOW_TOLD;

use super::call::Given;
use super::known::Known;
use super::matching;
use super::risk::{Risk, Risks};
use super::value::{Beside, Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{BinaryOp, CompareOp, Expr, ExprKind, LogicalOp, TemplatePart, Text, UnaryOp};
use crate::facts::values::{Bound, called_name, referred};

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
    known: Known,
}

impl Told {
    /// This is known of what came in under this key.
    pub(super) fn of_key(key: &str, known: Known) -> Self {
        Self { name: None, key: Some(key.to_owned()), known }
    }
}

impl Implied {
    /// The value of a test from which this follows.
    pub(super) fn value<'a>(self) -> Value<'a> {
        if self == Self::default() { Value::UNKNOWN } else { Value::of(Shape::Implies(Rc::new(self))) }
    }

    pub(super) fn when_true(told: Vec<Told>) -> Self {
        Self { yes: told, no: Vec::new() }
    }

    pub(super) fn when_false(told: Vec<Told>) -> Self {
        Self { yes: Vec::new(), no: told }
    }

    /// What it tells of what came in, whatever names hold it.
    pub(super) fn of_what_came(&self) -> Self {
        let of = |told: &[Told]| told.iter().filter(|told| told.name.is_none()).cloned().collect();
        Self { yes: of(&self.yes), no: of(&self.no) }
    }

    /// What it tells of what a name of a call holds, when it comes out so.
    pub(super) fn about(&self, truth: bool, call: u32, name: &str) -> Known {
        let all = if truth { &self.yes } else { &self.no };
        let of_name = all
            .iter()
            .filter(|told| told.name.as_ref().is_some_and(|(of, known)| *of == call && known == name));
        of_name.fold(Known::default(), |known, told| known.with(told.known))
    }

    /// The opposite test.
    pub(super) fn negated(&self) -> Self {
        Self { yes: self.no.clone(), no: self.yes.clone() }
    }

    pub(super) fn of<'v>(value: &'v Value<'_>) -> Option<&'v Self> {
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
        let all = |one: &[Told], two: &[Told]| one.iter().chain(two).take(FLOW_TOLD).cloned().collect();
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
        let known = told.known.shared(other.known);
        (!known.is_empty()).then(|| Told { known, ..told.clone() })
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
            if let Some((call, name)) = &told.name {
                self.state.is_told(*call, name, told.known);
            }
            if let Some(key) = &told.key {
                self.clear(key, told.known);
            }
        }
    }

    /// What came in under this key can do no harm of these kinds any more.
    pub(super) fn clear(&mut self, key: &str, known: Known) {
        if known.is_empty() {
            return;
        }
        self.charge(self.state.size());
        self.state.is_harmless(key, known);
        self.state.each(&mut |value| {
            if value.is_tainted() {
                value.each_taint(&mut |taint| {
                    if taint.origin.key == key {
                        // A part of it has keys of its own.
                        let part = taint.beside.has(Beside::PART);
                        if part { known.unmarked(Beside::LISTED) } else { known }.of(taint);
                    }
                });
            }
        });
    }

    /// What is told of an expression's value: of the name that holds it, and, when it is the whole of what came in, of that.
    fn told(&self, expr: Option<&Expr>, value: &Value<'a>, risks: Risks) -> Vec<Told> {
        self.told_known(expr, value, Known::without(risks))
    }

    /// The same of everything that is known.
    pub(super) fn told_known(&self, expr: Option<&Expr>, value: &Value<'a>, known: Known) -> Vec<Told> {
        if known.is_empty() {
            return Vec::new();
        }
        let name = match expr.map(|expr| &referred(expr).kind) {
            Some(ExprKind::Name(name)) => Some((self.holder(name), name.clone())),
            _ => None,
        };
        let mut told: Vec<Told> = Vec::new();
        for taint in value.all_taints() {
            let host = taint.beside.has(Beside::HOST);
            let whole = !taint.beside.has(Beside::PART) || host;
            let of_host = Known::without(Risks::of(&[Risk::Request, Risk::Redirect]));
            let known = if host { of_host } else { known };
            if whole {
                told.push(Told { name: None, key: Some(taint.origin.key.clone()), known });
            }
        }
        told.extend(name.map(|name| Told { name: Some(name), key: None, known }));
        if let Some((of, taken_out)) = expr.and_then(|expr| matching::shortened(self, expr)) {
            let known = Known::without(known.risks.shared(taken_out));
            told.push(Told { name: Some((self.holder(&of), of)), key: None, known });
        }
        told
    }

    /// What the function under way binds a name to.
    pub(super) fn bound_here(&self, name: &str) -> &[Bound<'a>] {
        let call = self.calls.last();
        let function = call.and_then(|call| Some((call.file, call.function?)));
        function.map_or(&[], |(file, function)| self.project.local(file, function, name))
    }

    pub(super) fn holder(&self, name: &str) -> u32 {
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
        if let Some(implied) = self.implied_by_place(op, left, &other.shape) {
            return implied;
        }
        // `re.fullmatch(..) is None`, `unknown.length > 0`
        if let (Some(implied), Shape::Null | Shape::Number(0)) = (Implied::of(one), &other.shape) {
            return match op {
                CompareOp::Equal | CompareOp::StrictEqual | CompareOp::Is => implied.negated(),
                CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::IsNot | CompareOp::Greater => {
                    implied.clone()
                }
                _ => Implied::default(),
            };
        }
        match op {
            CompareOp::In | CompareOp::NotIn => {
                if one.is_tainted() && !other.is_tainted() {
                    return equal(self.told(Some(left), one, Risks::ALL));
                }
                // `root in path.parents`
                if let ExprKind::Member { object, name, .. } = &right.kind
                    && name == "parents"
                    && !one.is_tainted()
                    && let Some(held) = self.held(object)
                    && held.all_taints().iter().all(|taint| taint.beside.has(Beside::NORMAL))
                {
                    return equal(self.told(Some(object), &held, Risks::of(&[Risk::Path])));
                }
                // `".." in path`
                let absent = self.told_known(Some(right), other, absent(one.text().unwrap_or_default()));
                if op == CompareOp::In { Implied::when_false(absent) } else { Implied::when_true(absent) }
            }
            CompareOp::Equal
            | CompareOp::NotEqual
            | CompareOp::StrictEqual
            | CompareOp::StrictNotEqual
            | CompareOp::Is
            | CompareOp::IsNot => self.implied_by_equality(&equal, (left, one), (right, other)),
            CompareOp::LessOrEqual => Implied::when_true(self.within(one, other)),
            _ => Implied::default(),
        }
    }

    /// What follows from two things being the same, as `equal` makes it of what is told.
    fn implied_by_equality(
        &self,
        equal: &dyn Fn(Vec<Told>) -> Implied,
        (left, one): (&Expr, &Value<'a>),
        (right, other): (&Expr, &Value<'a>),
    ) -> Implied {
        // `os.path.commonpath([root, path]) == root`
        for (side, value) in [(left, one), (right, other)] {
            if side.call().and_then(|call| called_name(&call.callee)) == Some("commonpath") {
                let normal = value.all_taints().iter().all(|taint| taint.beside.has(Beside::NORMAL));
                let risks = if normal { Risks::of(&[Risk::Path]) } else { Risks::NONE };
                return equal(self.told(None, value, risks));
            }
            // `name == os.path.basename(name)`
            let other = if std::ptr::eq(side, left) { (right, other) } else { (left, one) };
            if is_basename_of(side, other.0) {
                return equal(self.told(Some(other.0), other.1, Risks::of(&[Risk::Path])));
            }
            // `typeof x === "number"`
            if let ExprKind::Unary { op: UnaryOp::TypeOf, value: subject } = &side.kind {
                let kind = other.1.text();
                let held = self.held(subject);
                let harmless = matches!(kind, Some("number" | "boolean" | "bigint"));
                let risks = if harmless { Risks::ALL } else { Risks::NONE };
                return equal(held.map(|held| self.told(Some(subject), &held, risks)).unwrap_or_default());
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

    /// What follows from comparing the place at which something was found: `x.indexOf("..") === -1`, `x.find("..") < 0`.
    fn implied_by_place(&self, op: CompareOp, left: &Expr, place: &Shape<'a>) -> Option<Implied> {
        let (Shape::Number(place), call) = (place, left.call()?) else { return None };
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
        if !matches!(name.as_str(), "indexOf" | "find" | "lastIndexOf" | "rfind") {
            return None;
        }
        let found = says_found(op, *place)?;
        let sought = &call.arguments.first()?.value;
        let held = self.held(object);
        let implied = match (sought.string(), &held) {
            (Some(text), Some(held)) => {
                Implied::when_false(self.told_known(Some(object), held, absent(text)))
            }
            // `ALLOWED.indexOf(x) === -1`
            (None, held) if held.as_ref().is_none_or(|held| !held.is_tainted()) => {
                object.dotted()?;
                let value = self.held(sought)?;
                Implied::when_true(self.told(Some(sought), &value, Risks::ALL))
            }
            _ => return None,
        };
        Some(if found { implied } else { implied.negated() })
    }

    /// What follows from a table having a key.
    pub(super) fn implied_by_key(
        &self,
        (table, _): (&Value<'a>, &Expr),
        (key, written): (&Value<'a>, &Expr),
    ) -> Option<Implied> {
        (!table.is_tainted()).then(|| Implied::when_true(self.told(Some(written), key, Risks::ALL)))
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

    /// What a name holds.
    pub(super) fn held(&self, expr: &Expr) -> Option<Value<'a>> {
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
                let risks = Risks::ALL.without(Risks::of(&[Risk::Session, Risk::Request]));
                // A number is an address, too: http://2130706433/.
                let marks = Beside(Beside::STEADY.0 | Beside::RELATIVE.0 | Beside::WORD.0);
                Implied::when_true(self.told_known(Some(object), of, Known { risks, marks }))
            }
            "includes" | "has" | "hasOwnProperty" if !of.is_tainted() => of_argument(Risks::ALL),
            "includes" => {
                let absent = absent(first.and_then(Value::text).unwrap_or_default());
                Implied::when_false(self.told_known(Some(object), of, absent))
            }
            "issubset" => Implied::when_true(self.within_given(of, given)),
            "difference" => Implied::when_false(self.within_given(of, given)),
            "is_absolute" => {
                Implied::when_false(self.told_known(Some(object), of, Known::marked(Beside::RELATIVE)))
            }
            // Whatever stands before the dot, the host is of this domain.
            "endswith" | "endsWith" => {
                let domain = first.and_then(Value::text).is_some_and(|text| text.starts_with('.'));
                let is_host = of.is_tainted() && of.taints.iter().all(|taint| taint.beside.has(Beside::HOST));
                let risks =
                    if domain && is_host { Risks::of(&[Risk::Request, Risk::Redirect]) } else { Risks::NONE };
                Implied::when_true(self.told(Some(object), of, risks))
            }
            "startswith" | "startsWith" => self.implied_by_beginning(object, of, written, first),
            "is_relative_to" => {
                let normal = of.all_taints().iter().all(|taint| taint.beside.has(Beside::NORMAL));
                let constant = first.is_some_and(|folder| !folder.is_tainted());
                let risks = if normal && constant { Risks::of(&[Risk::Path]) } else { Risks::NONE };
                Implied::when_true(self.told(Some(object), of, risks))
            }
            _ => Implied::default(),
        }
    }

    /// What follows from an address being one that anybody reaches, or one of a network of its own. Where its name is resolved again to
    /// connect, it may stand for another address by then.
    pub(super) fn implied_by_address(&self, name: &str, of: &Value<'a>) -> Implied {
        let told = self.told(None, of, Risks::of(&[Risk::Request]));
        if name == "is_global" { Implied::when_true(told) } else { Implied::when_false(told) }
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
        if text == Some("/") {
            return Implied::when_false(self.told_known(Some(object), of, Known::marked(Beside::RELATIVE)));
        }
        // `path.relative(root, full).startsWith("..")`
        let related =
            of.is_tainted() && of.all_taints().iter().all(|taint| taint.beside.has(Beside::RELATED));
        if matches!(text, Some(".." | "../")) && related {
            return Implied::when_false(self.told(Some(object), of, Risks::of(&[Risk::Path])));
        }
        let mut risks = text.map_or(Risks::NONE, super::outside::fixed_by);
        // A folder alone admits its neighbours: `/data` is where `/database` begins (CWE-22).
        let constant =
            prefix.is_some_and(|prefix| !prefix.is_tainted()) && text.is_none_or(|text| text.len() > 1);
        let separated =
            text.is_some_and(|text| text.ends_with(['/', '\\'])) || written.is_some_and(ends_with_separator);
        let all_are = |mark| of.all_taints().iter().all(|taint| taint.beside.has(mark));
        let (normal, separated) =
            (all_are(Beside::NORMAL), separated || of.is_tainted() && all_are(Beside::PARTED));
        if constant && separated && normal {
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
            "Object.hasOwn" => self.implied_by_key(argument(0)?, argument(1)?),
            _ if dotted.ends_with("hasOwnProperty.call") => self.implied_by_key(argument(0)?, argument(1)?),
            "bool" | "Boolean" => given.positional.first().and_then(Implied::of).cloned(),
            "os.path.isabs" | "path.isAbsolute" => {
                let (value, written) = argument(0)?;
                let known = Known::marked(Beside::RELATIVE);
                Some(Implied::when_false(self.told_known(Some(written), value, known)))
            }
            "django.utils.http.url_has_allowed_host_and_scheme" => {
                let (value, written) = argument(0)?;
                Some(Implied::when_true(self.told(Some(written), value, Risks::of(&[Risk::Redirect]))))
            }
            _ => None,
        }
    }
}

/// Whether an expression is the last part of the path that another one is.
fn is_basename_of(side: &Expr, path: &Expr) -> bool {
    let Some(call) = side.call() else { return false };
    let of = call.arguments.first().and_then(|argument| argument.value.dotted());
    called_name(&call.callee) == Some("basename") && of.is_some() && of == path.dotted()
}

/// What is known of a text that does not hold another.
fn absent(sought: &str) -> Known {
    match sought {
        // It may still be a path from the root.
        ".." | "../" => Known::marked(Beside::STEADY),
        "/" => Known { risks: Risks::of(&[Risk::Path]), marks: Beside::RELATIVE },
        "\n" | "\r" => Known::without(Risks::of(&[Risk::Log])),
        "<" => Known::without(Risks::of(&[Risk::Markup])),
        // Between quotes, what holds none of them stays there.
        "'" | "\"" => Known::without(Risks::of(&[Risk::Selector])),
        _ => Known::default(),
    }
}

/// Whether a comparison with the place at which something was found says that it was found; `None` when it says neither.
fn says_found(op: CompareOp, place: i64) -> Option<bool> {
    match (op, place) {
        (CompareOp::Equal | CompareOp::StrictEqual, -1) | (CompareOp::Less, 0) => Some(false),
        (CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::Greater, -1)
        | (CompareOp::GreaterOrEqual, 0) => Some(true),
        _ => None,
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
        ExprKind::Unary { op: UnaryOp::Not, value } if opposite => about_quotes(value, false),
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
                || matches!(called_name(right), Some("sep"))
        }
        ExprKind::Template(template) => match template.parts.last() {
            Some(TemplatePart::Text(text)) => text.ends_with(['/', '\\']),
            Some(TemplatePart::Value(value)) => {
                matches!(called_name(value), Some("sep"))
            }
            None => false,
        },
        ExprKind::Call(call) => call.arguments.last().is_some_and(|last| last.value.string() == Some("")),
        _ => false,
    }
}
