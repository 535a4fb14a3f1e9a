//! The `Request` of the web, as Next.js gives it to route handlers: its address, which tells where the program itself is found, and the
//! parts that are asked for by name (<https://developer.mozilla.org/docs/Web/API/Request>). Koa's context says the same of its address.

use super::call::Given;
use super::outside;
use super::risk::{Risk, Risks};
use super::value::{Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{Extent, Parameter, Text};
use crate::facts::values::called_name;

/// The address that was asked for, as a text and taken apart.
const ADDRESSES: &[&str] = &["request:web.url", "request:web.nextUrl"];

/// Parts whose own parts are asked for by `get("name")`.
const BY_NAME: &[&str] =
    &["request:web.searchParams", "request:web.headers", "request:web.cookies", "request:web.formData"];

/// What Koa's context says of the address that was asked for.
const OF_KOA: &[&str] = &["path", "url", "originalUrl", "href", "search", "host", "hostname"];

/// What the address of the program itself cannot do: it leads to the program.
pub(super) fn harmless(from: &str) -> Risks {
    if ADDRESSES.contains(&from) {
        return Risks::of(&[Risk::Redirect, Risk::Request]);
    }
    let of_koa = from.strip_prefix("request:koa.").is_some_and(|part| OF_KOA.contains(&part));
    if of_koa { Risks::of(&[Risk::Redirect]) } else { Risks::NONE }
}

/// A part of such a part; `None` where nothing else is known of it than that it came in.
pub(super) fn part<'a>(walk: &Walk<'_, 'a>, from: &str, name: &str, extent: Extent) -> Option<Value<'a>> {
    if BY_NAME.contains(&from) && matches!(name, "get" | "getAll") {
        return Some(Value::of(Shape::Name(Text::from(format!("calls:{from}")))));
    }
    if !ADDRESSES.contains(&from) {
        return None;
    }
    match name {
        "searchParams" => Some(outside::of_request(walk, "request:web.searchParams", extent)),
        "clone" => Some(Value::of(Shape::Name(Text::from("calls:request:web.nextUrl")))),
        "origin" | "host" | "hostname" | "protocol" | "port" => Some(Value::UNKNOWN),
        _ => None,
    }
}

/// The name by which a part is asked for, when it is one of these.
pub(super) fn named<'g>(from: &str, given: &'g Given<'_>) -> Option<&'g str> {
    given.positional.first().and_then(Value::text).filter(|_| BY_NAME.contains(&from))
}

/// `new URL(request.url)` is the address taken apart; of `new URL(path, request.url)` the path alone is the caller's.
pub(super) fn address<'a>(walk: &Walk<'_, 'a>, given: &Given<'a>, extent: Extent) -> Option<Value<'a>> {
    let is_own = |value: &Value<'a>| match &value.shape {
        Shape::Name(name) => name.strip_prefix(outside::FROM).is_some_and(|from| ADDRESSES.contains(&from)),
        _ => false,
    };
    match given.positional.as_slice() {
        [one] if is_own(one) => Some(outside::of_request(walk, "request:web.nextUrl", extent)),
        [path, base] if is_own(base) => Some(Value::made_of(&[path])),
        _ => None,
    }
}

/// What a server action is given: whatever arguments somebody sends, or the fields of a form.
pub(super) fn of_action<'a>(walk: &mut Walk<'_, 'a>, parameter: &'a Parameter) {
    let typed = parameter.annotation.as_ref().and_then(called_name);
    let name = parameter.pattern.dotted().unwrap_or_default().to_lowercase();
    let value =
        if typed == Some("FormData") || typed.is_none() && matches!(name.as_str(), "formdata" | "form") {
            outside::of_request(walk, "request:web.formData", parameter.pattern.extent)
        } else {
            outside::from_parameter(walk, parameter)
        };
    walk.declare(&parameter.pattern, value);
}
