//! Methods of texts, lists and dictionaries, as both languages have them.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::facts::syntax::{Expr, ExprKind, Text};
use crate::flow::call::Given;
use crate::flow::guard::Implied;
use crate::flow::keyed;
use crate::flow::matching;
use crate::flow::operator::{below, formatted};
use crate::flow::risk::{Risk, Risks};
use crate::flow::value::{Beside, Shape, Value, merge};
use crate::flow::walk::Walk;

/// Methods that put something into what they are called on.
const PUTS: &[&str] =
    &["append", "appendleft", "add", "push", "unshift", "insert", "extend", "update", "put", "setdefault"];
/// Methods whose answer is a truth or a number.
const TELLS: &[&str] = &[
    "isdigit",
    "isalpha",
    "isalnum",
    "isnumeric",
    "isdecimal",
    "isidentifier",
    "startswith",
    "endswith",
    "startsWith",
    "endsWith",
    "includes",
    "indexOf",
    "lastIndexOf",
    "index",
    "find_all",
    "count",
    "test",
    "has",
    "is_relative_to",
    "exists",
    "is_file",
    "is_dir",
    "charCodeAt",
    "localeCompare",
    "issubset",
    "isspace",
    "islower",
    "isupper",
    "hexdigest",
    "digest",
    "getTime",
    "valueOf",
    "search",
    "stat",
    "findIndex",
];
/// Methods that call a function with each item.
const EACH: &[&str] = &[
    "map", "forEach", "filter", "find", "some", "every", "flatMap", "sort", "reduce", "then", "catch",
    "finally", "apply",
];

/// Whether a method is one of those of texts and lists.
pub(super) fn is_known(name: &str) -> bool {
    PUTS.contains(&name)
        || EACH.contains(&name)
        || matches!(
            name,
            "format"
                | "format_map"
                | "substitute"
                | "safe_substitute"
                | "joinpath"
                | "join"
                | "get"
                | "set"
                | "pop"
                | "concat"
                | "includes"
                | "replace"
                | "replaceAll"
        )
}

/// What a method gives back, and what it does to what it is called on.
pub(super) fn method<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    object: &'a Expr,
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Value<'a> {
    if let Some(value) = matching::of_text(walk, name, (of, Some(object)), given) {
        return value;
    }
    let implied = walk.implied_by_method(name, (object, of), given);
    if TELLS.contains(&name) || implied != Implied::default() {
        return implied.value();
    }
    if PUTS.contains(&name) {
        put(walk, of, object, name, given);
        return of.clone();
    }
    match name {
        "format" | "format_map" | "substitute" | "safe_substitute" => formatted(of, &given.all()),
        "joinpath" => given.all().into_iter().fold(of.clone(), |whole, part| below(&whole, part)),
        "join" if walk.is_script() => Value::made_of(&[&of.keys()]),
        "join" => {
            let all = given.positional.first().cloned().unwrap_or(Value::UNKNOWN);
            Value::made_of(&[of, &all.keys()])
        }
        "concat" => Value::made_of(&[of, &Value::made_of(&given.all())]),
        "set" if given.positional.len() >= 2 => {
            set(walk, of, object, given);
            of.clone()
        }
        "get" | "getOrDefault" | "pop" | "getlist" => get(walk, of, object, name, given, expr),
        "items" | "values" | "model_dump" | "dict" | "_asdict" | "to_dict" => listed(walk, of, name),
        "entries" | "copy" => of.clone(),
        "keys" => match &of.shape {
            Shape::Record(_) | Shape::Object(..) => Value::tainted(of.taints.clone()),
            _ => Value::tainted(of.all_taints()),
        },
        "remove" | "shift" | "popleft" => take_first(walk, of, object),
        // It refuses what is not below the folder.
        "relative_to" => {
            let inside = walk.implied_by_method("is_relative_to", (object, of), given);
            walk.assume(&inside.value(), true);
            Value::tainted(of.all_taints())
        }
        "replace" | "replaceAll" => matching::replace(walk, name, of, given, expr.extent),
        "resolve" => Value::made_of(&[of]).marked(Beside::NORMAL),
        "encode" | "decode" | "strip" | "trim" | "lower" | "toLowerCase" | "upper" | "toUpperCase"
        | "toString" => Value::tainted(of.all_taints()),
        // What stands before a dot may be any path.
        "split" | "rsplit" if given.positional.first().and_then(Value::text) == Some(".") => {
            let part = Value::tainted(of.all_taints()).marked(Beside::PART);
            let ending = part.clone().marked(Beside::STEADY);
            match (name, given.positional.get(1).map(|most| &most.shape)) {
                ("rsplit", Some(Shape::Number(1))) => Value::of(Shape::List(Rc::new(vec![part, ending]))),
                (_, None) => Value::tainted(ending.taints),
                _ => part,
            }
        }
        "slice" if matches!(of.shape, Shape::Many) => of.clone(),
        "split" | "rsplit" | "slice" | "substring" | "substr" | "partition" | "rpartition" => {
            Value::tainted(of.all_taints()).marked(Beside::PART)
        }
        _ if EACH.contains(&name) => each(walk, (of, object), name, given, expr),
        _ => {
            super::call_backs(walk, given, Value::UNKNOWN, expr.extent);
            Value::tainted(of.all_taints())
        }
    }
}

/// What is in a dictionary, a model of pydantic, a dataclass or a named tuple: pairs, values, or all of it as a dictionary.
fn listed<'a>(walk: &mut Walk<'_, 'a>, of: &Value<'a>, name: &str) -> Value<'a> {
    let list = |items: Vec<Value<'a>>| Value::of(Shape::List(Rc::new(items)));
    match (&of.shape, name) {
        (Shape::Record(_) | Shape::Object(..), "items") => keyed::pairs(walk.each_of(of), walk.item_of(of)),
        (_, "items") if of.is_tainted() => keyed::pairs(walk.each_of(of), walk.item_of(of)),
        (Shape::Record(_) | Shape::Object(..), "values") => list(vec![walk.item_of(of)]),
        (Shape::Object(_, _, fields), _) => {
            Value { shape: Shape::Record(fields.clone()), taints: of.taints.clone() }
        }
        _ => of.clone(),
    }
}

/// Takes the first of a list.
fn take_first<'a>(walk: &mut Walk<'_, 'a>, of: &Value<'a>, object: &'a Expr) -> Value<'a> {
    match &of.shape {
        Shape::List(items) if !items.is_empty() => {
            let mut items = items.as_ref().clone();
            let first = items.remove(0);
            walk.set_known(object, Value { shape: Shape::List(Rc::new(items)), taints: of.taints.clone() });
            first
        }
        _ => walk.item_of(of),
    }
}

fn put<'a>(walk: &mut Walk<'_, 'a>, of: &Value<'a>, object: &'a Expr, name: &str, given: &Given<'a>) {
    let mut whole = of.clone();
    let last = given.positional.last().cloned().unwrap_or(Value::UNKNOWN);
    match (&mut whole.shape, name) {
        (Shape::List(items), "append" | "push" | "add") => {
            Rc::make_mut(items).extend(given.positional.iter().cloned())
        }
        (Shape::List(items), "insert") => Rc::make_mut(items).push(last),
        (Shape::List(items), "extend") => match &last.shape {
            Shape::List(more) => Rc::make_mut(items).extend(more.iter().cloned()),
            _ => merge(&mut whole.taints, &last.all_taints()),
        },
        (Shape::Record(fields), "update") => match &last.shape {
            Shape::Record(more) => {
                keyed::extend(Rc::make_mut(fields), more);
                merge(&mut whole.taints, &last.taints);
            }
            _ => merge(&mut whole.taints, &Value::made_of(&given.all()).taints),
        },
        (Shape::Record(fields), "setdefault") => {
            let key = given.positional.first().cloned().unwrap_or(Value::UNKNOWN);
            match key.text().map(Text::from) {
                Some(key) if fields.contains_key(&key) => {}
                Some(key) => keyed::keep(Rc::make_mut(fields), Some(key), last),
                None => {
                    keyed::keep(Rc::make_mut(fields), None, last);
                    merge(&mut whole.taints, &key.all_taints());
                }
            }
        }
        _ => merge(&mut whole.taints, &Value::made_of(&given.all()).taints),
    }
    if whole != *of {
        // What something can be put into is no text.
        if matches!(of.shape, Shape::Unknown) && of.taints.is_empty() {
            whole.shape = Shape::Record(Rc::default());
        }
        walk.set_known(object, whole);
    }
}

/// Known keys as one.
fn key_of(values: &[Value<'_>]) -> Option<Text> {
    let keys: Option<Vec<&str>> = values.iter().map(Value::text).collect();
    keys.filter(|keys| !keys.is_empty()).map(|keys| Text::from(keys.join("\u{1f}")))
}

/// `map.set(key, value)`, `config.set(section, key, value)`.
fn set<'a>(walk: &mut Walk<'_, 'a>, of: &Value<'a>, object: &'a Expr, given: &Given<'a>) {
    let Some((value, keys)) = given.positional.split_last() else { return };
    // What is asked of an address leaves it where it leads.
    let is_asked = matches!(&object.kind, ExprKind::Member { name, .. } if name == "searchParams");
    let harmless = if is_asked { Risks::of(&[Risk::Redirect, Risk::Request]) } else { Risks::NONE };
    let value = &value.clone().without(harmless);
    let mut whole = of.clone();
    match (&mut whole.shape, key_of(keys)) {
        (Shape::Record(fields), Some(key)) => drop(Rc::make_mut(fields).insert(key, value.clone())),
        (Shape::Unknown | Shape::Name(_), Some(key)) if whole.taints.is_empty() => {
            whole.shape = Shape::Record(Rc::new(BTreeMap::from([(key, value.clone())])));
        }
        (Shape::Record(fields), None) => {
            keyed::keep(Rc::make_mut(fields), None, value.clone());
            keys.iter().for_each(|key| merge(&mut whole.taints, &key.all_taints()));
        }
        _ => merge(&mut whole.taints, &value.all_taints()),
    }
    walk.set_known(object, whole);
}

fn get<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    object: &'a Expr,
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Value<'a> {
    if let Shape::List(items) = &of.shape
        && name == "pop"
    {
        let mut items = items.as_ref().clone();
        let at = match given.positional.first().map(|value| &value.shape) {
            Some(Shape::Number(at)) => usize::try_from(*at).ok(),
            _ => items.len().checked_sub(1),
        };
        let Some(at) = at.filter(|at| *at < items.len()) else { return walk.item_of(of) };
        let item = items.remove(at);
        walk.set_known(object, Value { shape: Shape::List(Rc::new(items)), taints: of.taints.clone() });
        return item;
    }
    if let Shape::Record(fields) = &of.shape
        && let Some(key) = key_of(&given.positional)
        && let Some(field) = fields.get(&key)
    {
        return field.clone();
    }
    // `request.args.get("page", type=int)`
    if given.under("type").is_some_and(
        |kind| matches!(&kind.shape, Shape::Name(name) if matches!(name.as_str(), "int" | "float" | "bool")),
    ) {
        return Value::UNKNOWN;
    }
    match given.positional.first() {
        Some(key) => {
            let found = match &of.shape {
                // The container's own name says where it is from; see `outside::member`.
                Shape::Unknown => keyed(walk, of, key, expr),
                _ => walk.item_at(of, key, expr),
            };
            match given.positional.get(1) {
                Some(default) => found.or(default),
                None => found,
            }
        }
        None => walk.item_of(of),
    }
}

/// A field of something of which only the origin is known: told apart by its key, where that is known.
fn keyed<'a>(walk: &Walk<'_, 'a>, of: &Value<'a>, key: &Value<'a>, expr: &'a Expr) -> Value<'a> {
    let (Some(key), [one]) = (key.text(), of.taints.as_slice()) else {
        return Value::tainted(of.all_taints());
    };
    let origin = crate::flow::value::Origin {
        file: walk.at(),
        extent: expr.extent,
        what: format!("`{}`", walk.shown(expr.extent)),
        key: format!("{}.{key}", one.origin.key),
    };
    let mut value = Value::from_outside(origin);
    value.each_taint(&mut |taint| taint.open = one.open);
    value
}

fn each<'a>(
    walk: &mut Walk<'_, 'a>,
    (of, object): (&Value<'a>, &'a Expr),
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Value<'a> {
    let item = match &of.shape {
        _ if matches!(name, "then" | "finally") => of.clone(),
        // A map is gone through by its values.
        Shape::Record(_) | Shape::Object(..) => walk.item_of(of),
        _ => walk.each_of(of),
    };
    let Some(function) = given.positional.first().cloned() else { return Value::tainted(of.all_taints()) };
    let arguments = match name {
        "reduce" => vec![given.positional.get(1).cloned().unwrap_or_else(|| item.clone()), item.clone()],
        "catch" => vec![Value::of(Shape::Name(Text::from("error:")))],
        _ => vec![item.clone(), Value::UNKNOWN],
    };
    let call = walk.next_call;
    let made = match &function.shape {
        Shape::Name(of) if matches!(of.as_str(), "Number" | "parseInt" | "parseFloat" | "Boolean") => {
            Value::UNKNOWN
        }
        Shape::Name(_) => Value::tainted(item.all_taints()),
        _ => walk.call_back(&function, arguments, expr.extent),
    };
    match name {
        "map" | "flatMap" => Value::tainted(made.all_taints()).into_many(),
        "reduce" => Value::tainted(made.all_taints()),
        "then" => made,
        "forEach" => Value::UNKNOWN,
        "filter" | "find" | "some" | "every" => walk.sifted((of, object), name, (&function, call), &made),
        "sort" if matches!(of.shape, Shape::Unknown) => of.clone().into_many(),
        _ => of.clone(),
    }
}
