//! Codes of few digits: where they are made, and which handlers take them.

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr, each_node, enclosing_function};
use crate::facts::passwords::last_name;
use crate::facts::request::is_of_request;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, Call, Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::has_word;
use crate::framework::conduct::Step;
use crate::framework::web::Handler;

/// Words of what such a code is called.
const CODE: &[&str] = &["code", "otp", "token", "pin", "passcode", "totp", "mfa"];

/// As many values can be tried within days; of a thousand million no more.
const FEW: u64 = 100_000_000;

/// A code that is made somewhere in the project.
pub(super) struct Code<'a> {
    /// What it is called there.
    name: String,
    /// How many there are.
    values: u64,
    file: &'a SourceFile,
    place: Extent,
}

/// The codes of few values that the project makes.
pub(super) fn generated<'a>(context: &Context<'a>) -> Vec<Code<'a>> {
    let mut found = Vec::new();
    for file in context.files.iter().filter(|file| !file.is_test) {
        each_node(&file.syntax, &mut |node, around| {
            if let Some(expr) = node.expr()
                && let Some(values) = values_of(file, expr)
                && (1_000..=FEW).contains(&values)
                && let Some(name) = name_around(around)
            {
                found.push(Code { name, values, file, place: expr.extent });
                return false;
            }
            true
        });
    }
    found
}

/// What a value is bound to that is made here, when that is a code.
fn name_around(around: Around<'_, '_>) -> Option<String> {
    for node in around.iter().rev() {
        let name = match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                assign.targets.first().and_then(last_name).map(str::to_owned)
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
                last_name(target).map(str::to_owned)
            }
            _ if node.function().is_some() => break,
            _ => None,
        };
        if let Some(name) = name {
            return has_word(&name, CODE).then_some(name);
        }
    }
    let function = enclosing_function(around)?;
    has_word(&function.name, CODE).then(|| function.name.to_string())
}

fn number(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Integer(digits)) => digits.parse().ok(),
        ExprKind::Literal(Literal::Float(digits)) => {
            let (mantissa, exponent) = digits.split_once(['e', 'E'])?;
            let power = 10_u64.checked_pow(exponent.parse().ok()?)?;
            mantissa.parse::<u64>().ok()?.checked_mul(power)
        }
        ExprKind::Binary { op: BinaryOp::Power, left, right } => {
            number(left)?.checked_pow(u32::try_from(number(right)?).ok()?)
        }
        ExprKind::Binary { op: BinaryOp::Subtract, left, right } => number(left)?.checked_sub(number(right)?),
        _ => None,
    }
}

/// How many values an expression that draws one at random can have.
fn values_of(file: &SourceFile, expr: &Expr) -> Option<u64> {
    match &expr.kind {
        // `Math.random() * 900000`.
        ExprKind::Binary { op: BinaryOp::Multiply, left, right } => {
            let is_random = |side: &Expr| {
                side.call().is_some_and(|call| call.callee.dotted().as_deref() == Some("Math.random"))
            };
            match (is_random(left), is_random(right)) {
                (true, _) => number(right),
                (_, true) => number(left),
                _ => None,
            }
        }
        ExprKind::Call(call) => drawn(file, call),
        _ => None,
    }
}

fn drawn(file: &SourceFile, call: &Call) -> Option<u64> {
    let name = called_name(&call.callee)?;
    let given = |index: usize| call.arguments.get(index).map(|given| &given.value);
    let path = file.resolve(&call.callee).unwrap_or_default();
    match name {
        "randint" => number(given(1)?)?.checked_sub(number(given(0)?)?)?.checked_add(1),
        "randrange" | "randomInt" | "randbelow" => match given(1).and_then(number) {
            Some(end) => end.checked_sub(number(given(0)?)?),
            None => number(given(0)?),
        },
        "choices" if path.starts_with("random") => {
            let count = u32::try_from(number(keyword(&call.arguments, "k").or_else(|| given(1))?)?).ok()?;
            is_digits(given(0)?).then(|| 10_u64.checked_pow(count)).flatten()
        }
        // `"".join(secrets.choice(string.digits) for _ in range(6))`.
        "join" => {
            let ExprKind::Comprehension(each) = &given(0)?.kind else { return None };
            let drawn = each.element.call()?;
            let is_choice =
                called_name(&drawn.callee) == Some("choice") && is_digits(&drawn.arguments.first()?.value);
            let (_, range, _) = each.clauses.first()?;
            let count = u32::try_from(number(&range.call()?.arguments.first()?.value)?).ok()?;
            is_choice.then(|| 10_u64.checked_pow(count)).flatten()
        }
        _ => None,
    }
}

fn is_digits(expr: &Expr) -> bool {
    expr.dotted().is_some_and(|name| name.ends_with("digits"))
        || expr.string().is_some_and(|text| text.chars().all(|c| c.is_ascii_digit()))
}

/// How many values the code has that a handler takes, and where it is made.
pub(super) fn accepted<'a>(
    context: &Context<'a>,
    handler: &Handler<'a>,
    steps: &[Step<'a>],
    codes: &[Code<'a>],
) -> Option<(u64, Option<(&'a SourceFile, Extent)>)> {
    if handler.method == "GET" && codes.is_empty() {
        return None;
    }
    for step in steps {
        let mut timed = false;
        each_in_body(&step.function.body, &mut |node, _| {
            timed |= node.expr().and_then(Expr::call).is_some_and(|call| is_time_based(step.source, call));
            !timed
        });
        if timed {
            return Some((1_000_000, None));
        }
    }
    let made_here = |code: &&Code<'a>| {
        steps.iter().any(|step| {
            let inside = step.function.body.first().zip(step.function.body.last());
            std::ptr::eq(step.source, code.file)
                && inside.is_some_and(|(first, last)| {
                    (first.extent.start..last.extent.end).contains(&code.place.start)
                })
        })
    };
    let own = steps.first()?;
    // `<uuid:code>`, `code: UUID`: of that many values none is found by trying.
    let (file, extent) = handler.registered;
    let route = context.files.get(file).map_or("", |file| file.text_of(extent));
    let is_uuid = |name: &str| {
        let mut parameters = handler.function.parameters.iter();
        let declared = parameters.find(|parameter| parameter.pattern.dotted().as_deref() == Some(name));
        let kind = declared.and_then(|parameter| parameter.annotation.as_ref());
        route.contains(&format!("<uuid:{name}>")) || kind.is_some_and(names_uuid)
    };
    let code = codes.iter().filter(|code| !made_here(code)).find(|code| {
        let name = read(own, handler, &code.name);
        name.is_some_and(|name| !is_uuid(&name) && steps.iter().any(|step| looks_up(step, &name)))
    })?;
    Some((code.values, Some((code.file, code.place))))
}

/// Whether a type is a UUID: `UUID`, `UUID4`, `Annotated[UUID, Path()]`.
fn names_uuid(annotation: &Expr) -> bool {
    let mut found = false;
    each_in_expr(annotation, &mut |node, _| {
        found |= node
            .expr()
            .and_then(called_name)
            .is_some_and(|name| name.to_ascii_lowercase().starts_with("uuid"));
        !found
    });
    found
}

/// `pyotp.TOTP(secret).verify(code)`, `speakeasy.totp.verify({ .. })`, `authenticator.check(token, secret)`.
fn is_time_based(file: &SourceFile, call: &Call) -> bool {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return false };
    if !matches!(name.as_str(), "verify" | "check" | "verify_totp" | "verifyToken" | "verifyDelta") {
        return false;
    }
    let of = object.call().map_or(&**object, |inner| &inner.callee);
    let path = file.resolve(of).or_else(|| of.dotted()).unwrap_or_default().to_lowercase();
    ["totp", "pyotp", "speakeasy", "authenticator", "otplib"].iter().any(|sign| path.contains(sign))
}

/// What the value is called that a handler takes out of the request and that has a word of this name.
fn read(own: &Step<'_>, handler: &Handler<'_>, name: &str) -> Option<String> {
    let same = |other: &str| CODE.iter().any(|word| has_word(name, &[word]) && has_word(other, &[word]));
    let parameters = handler.function.parameters.iter();
    let mut found =
        parameters.filter_map(|parameter| parameter.pattern.dotted()).find(|parameter| same(parameter));
    each_in_body(&own.function.body, &mut |node, around| {
        let Node::Expr(expr) = node else { return found.is_none() };
        let read = match &expr.kind {
            // `const { token } = req.body`.
            ExprKind::Record { entries, .. } => {
                let is_pattern = matches!(around.last(), Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }))
                    if assign.targets.iter().any(|target| std::ptr::eq(target, expr)));
                let mut keys = entries.iter().filter_map(|(key, _)| key.as_ref().and_then(Expr::string));
                keys.find(|key| is_pattern && same(key))
            }
            ExprKind::Index { .. } | ExprKind::Call(_) | ExprKind::Member { .. } => {
                last_name(expr).filter(|name| same(name) && is_of_request(expr))
            }
            _ => None,
        };
        found = found.take().or_else(|| read.map(str::to_owned));
        found.is_none()
    });
    found
}

/// Whether a function looks a code up or compares it.
fn looks_up(step: &Step<'_>, name: &str) -> bool {
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        if let Node::Expr(expr) = node {
            found |= match &expr.kind {
                ExprKind::Compare { left, rest } => std::iter::once(&**left)
                    .chain(rest.iter().map(|(_, side)| side))
                    .any(|side| last_name(side) == Some(name)),
                ExprKind::Literal(Literal::String(text)) => {
                    let lower = text.to_lowercase();
                    let column = name.to_lowercase();
                    lower.contains("where") && lower.contains(&format!("{column} ="))
                }
                ExprKind::Call(call) => {
                    let named = call.arguments.iter().any(|given| given.name.as_deref() == Some(name));
                    let keyed = call.arguments.iter().any(|given| keyed_by(&given.value, name));
                    (named || keyed)
                        && called_name(&call.callee).is_some_and(|callee| {
                            has_word(callee, &["find", "filter", "get", "where", "first", "findone", "by"])
                        })
                }
                _ => false,
            };
        }
        !found
    });
    found
}

/// `{ code }`, `{ where: { code } }`.
fn keyed_by(expr: &Expr, name: &str) -> bool {
    let ExprKind::Record { entries, .. } = &expr.kind else { return false };
    entries
        .iter()
        .any(|(key, value)| key.as_ref().and_then(Expr::string) == Some(name) || keyed_by(value, name))
}
