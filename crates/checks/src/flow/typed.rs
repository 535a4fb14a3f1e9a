//! What the type that a name, a field or a function of Rust is declared with says of what it holds: a number does no harm, a struct has its
//! fields, and what a client of HTTP is asked for is fetched.

use std::rc::Rc;

use super::declared::is_harmless;
use super::risk::{Risk, Risks};
use super::value::{Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{Class, ClassKind, Expr, ExprKind, Stmt, StmtKind, Text};
use crate::facts::values::called_name;

/// What is used as if what it wraps stood there by itself.
const WRAPS: &[&str] = &["Arc", "Rc", "Box", "Data", "State", "Extension", "Option"];
/// Clients whose methods fetch what they are given.
const CLIENTS: &[&str] =
    &["reqwest.Client", "reqwest.blocking.Client", "reqwest_middleware.ClientWithMiddleware"];

/// Whether a dotted name is of a client, or of what one makes: `reqwest.Client.new().get`.
pub(super) fn is_of_client(dotted: &str) -> bool {
    CLIENTS.iter().any(|client| dotted.strip_prefix(client).is_some_and(|rest| rest.starts_with('.')))
}

/// A value that is kept under a declared type, as far as the type lets anything through that does harm.
pub(super) fn as_declared<'a>(walk: &Walk<'_, 'a>, written: Option<&Expr>, value: Value<'a>) -> Value<'a> {
    as_declared_in(walk, walk.at(), written, value)
}

/// The same of what is declared in another file.
pub(super) fn as_declared_in<'a>(
    walk: &Walk<'_, 'a>,
    at: usize,
    written: Option<&Expr>,
    value: Value<'a>,
) -> Value<'a> {
    let is_closed = |written: &Expr| is_closed(walk, at, written);
    if walk.is_rust() && value.is_tainted() && written.is_some_and(is_closed) {
        return Value::UNKNOWN;
    }
    value
}

/// What a literal of a struct holds, as far as the types of its fields let it through.
pub(super) fn as_struct<'a>(walk: &Walk<'_, 'a>, of: Option<&Expr>, mut value: Value<'a>) -> Value<'a> {
    let Some(of) = of.filter(|_| walk.is_rust() && value.is_tainted()) else { return value };
    let Some((file, class)) = walk.project.class(walk.at(), &[], of) else { return value };
    if let Shape::Record(fields) = &mut value.shape {
        for (name, held) in Rc::make_mut(fields).iter_mut().filter(|(_, held)| held.is_tainted()) {
            if field_type(class, name).is_some_and(|written| is_closed(walk, file, written)) {
                *held = Value::UNKNOWN;
            }
        }
    }
    value
}

/// Something that a program keeps under a type: a struct of its own, a client. Nothing is known of anything else.
pub(super) fn kept<'a>(walk: &Walk<'_, 'a>, at: usize, written: &'a Expr) -> Value<'a> {
    let core = core(written);
    let dotted = walk.project.context.files.get(at).and_then(|file| file.resolve(core));
    if let Some(dotted) = dotted.filter(|dotted| CLIENTS.contains(&dotted.as_str())) {
        return Value::of(Shape::Name(Text::from(dotted)));
    }
    match walk.project.class(at, &[], core) {
        Some((file, class)) if class.kind == ClassKind::Struct => {
            Value::of(Shape::Object(file, class, Rc::default()))
        }
        _ => Value::UNKNOWN,
    }
}

/// A field of a struct of which no value is known, by its type; `.0` of what wraps the struct is the struct.
pub(super) fn field<'a>(
    walk: &Walk<'_, 'a>,
    of: &Value<'a>,
    (at, class): (usize, &'a Class),
    name: &str,
) -> Option<Value<'a>> {
    if !walk.is_rust() || class.kind != ClassKind::Struct {
        return None;
    }
    match field_type(class, name) {
        Some(written) => Some(kept(walk, at, written)).filter(|kept| kept.shape != Shape::Unknown),
        None if name == "0" => Some(of.clone()),
        None => None,
    }
}

/// Whether the type of what a method is called on is written and known: a field of a struct, or a parameter.
pub(super) fn is_declared(walk: &Walk<'_, '_>, object: &Expr) -> bool {
    let parameter = |name: &str| {
        let function = walk.calls.last()?.function?;
        let own = function.parameters.iter().find(|own| own.pattern.dotted().as_deref() == Some(name))?;
        Some((walk.at(), own.annotation.as_ref()?))
    };
    let written = match &object.kind {
        ExprKind::Name(name) => parameter(name),
        ExprKind::Member { object, name, .. } => match &object.kind {
            ExprKind::Name(holder) => match walk.held_under(holder).map(|held| held.shape) {
                Some(Shape::Object(file, class, _)) => field_type(class, name).map(|written| (file, written)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    written.is_some_and(|(at, written)| {
        let resolved = walk.project.context.files.get(at).and_then(|file| file.resolve(core(written)));
        resolved.is_some_and(|dotted| dotted.contains('.'))
            || walk.project.class(at, &[], core(written)).is_some()
    })
}

/// What is made of a text by `parse`: by the type that is written there, or the one that the name is declared with.
pub(super) fn parsed<'a>(walk: &Walk<'_, 'a>, of: &Value<'a>, expr: &'a Expr) -> Value<'a> {
    let made = Value::made_of(&[of]);
    match written_type(walk, expr) {
        Some(written) => into_type(walk, &written, made),
        None => made,
    }
}

/// What a declaration holds whose value is parsed: what `parse` makes is made by the type of the name.
pub(super) fn declared<'a>(
    walk: &Walk<'_, 'a>,
    written: Option<&Expr>,
    value: &Expr,
    made: Value<'a>,
) -> Value<'a> {
    match written.filter(|_| walk.is_rust() && made.is_tainted()) {
        Some(written) if is_parsed(value) => into_type(walk, core(written), made),
        written => as_declared(walk, written, made),
    }
}

/// What is left of a text that a type has been made of: an address of a network is still one. What a type of the project takes is its own affair.
fn into_type<'a>(walk: &Walk<'_, 'a>, written: &Expr, made: Value<'a>) -> Value<'a> {
    let is_own = |(file, class): (usize, &Class)| {
        walk.project.named_function(file, &format!("{}.from_str", class.name)).is_some()
    };
    if is_closed(walk, walk.at(), written) || walk.project.class(walk.at(), &[], written).is_some_and(is_own)
    {
        return Value::UNKNOWN;
    }
    match called_name(written) {
        Some("IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr") => {
            made.without(Risks::ALL.without(Risks::of(&[Risk::Request])))
        }
        _ => made,
    }
}

/// Whether something is parsed, whatever is done with what comes of it: `text.parse().map_err(..)?`.
fn is_parsed(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Propagate(value) | ExprKind::Await(value) => is_parsed(value),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } => name == "parse" || is_parsed(object),
            _ => false,
        },
        _ => false,
    }
}

/// The type that is written between the name of a method and its arguments: `Uuid` of `text.parse::<Uuid>()`.
fn written_type(walk: &Walk<'_, '_>, expr: &Expr) -> Option<Expr> {
    let call = expr.call()?;
    let source = walk.file()?;
    let between = source.text.get(call.callee.extent.end as usize..expr.extent.end as usize)?;
    let inner = between.trim_start().strip_prefix("::")?.trim_start().strip_prefix('<')?;
    let path = inner.split(['<', '>', ',']).next()?.trim();
    let extent = expr.extent;
    let mut parts = path.split("::").map(str::trim);
    let first = Expr { extent, kind: ExprKind::Name(Text::from(parts.next()?)) };
    let member = |object, name| {
        let (object, name) = (Box::new(object), Text::from(name));
        Expr { extent, kind: ExprKind::Member { object, name, optional: false } }
    };
    Some(parts.fold(first, member))
}

/// Whether a type admits nothing that does harm: a number, or one of a list of names.
fn is_closed(walk: &Walk<'_, '_>, at: usize, written: &Expr) -> bool {
    is_harmless(written)
        || walk.project.class(at, &[], core(written)).is_some_and(|(_, class)| is_list_of_names(class))
}

/// Whether a type is an enumeration whose variants hold nothing: of what it is made from, only its own names get through.
pub(super) fn is_list_of_names(class: &Class) -> bool {
    let holds = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Assign(assign) if assign.annotation.is_some());
    class.kind == ClassKind::Enum && !class.body.iter().any(holds)
}

/// The type of a field of a struct.
fn field_type<'a>(class: &'a Class, name: &str) -> Option<&'a Expr> {
    class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) => {
            let own = assign.targets.first()?.dotted();
            assign.annotation.as_ref().filter(|_| own.as_deref() == Some(name))
        }
        _ => None,
    })
}

/// A type without references and what wraps it.
fn core(written: &Expr) -> &Expr {
    match &written.kind {
        ExprKind::Unary { value, .. } => core(value),
        ExprKind::Index { object, index }
            if called_name(object).is_some_and(|name| WRAPS.contains(&name)) =>
        {
            match &index.kind {
                ExprKind::Sequence { items, .. } => items.first().map_or(written, core),
                _ => core(index),
            }
        }
        _ => written,
    }
}
