//! Objects of Python's libraries that their own methods change: parsers, buffers of text, files of settings.

use crate::facts::syntax::{Expr, ExprKind, Text};
use crate::flow::call::Given;
use crate::flow::operator::joined;
use crate::flow::settings;
use crate::flow::value::{Shape, Value};
use crate::flow::walk::Walk;

/// Calls that make or change one.
pub(super) fn special<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    match dotted {
        "lxml.etree.XMLParser" => {
            // https://lxml.de/5.0/changes-5.0.0.html: since 5.0 external entities are not followed unless asked for.
            let follows = given.under("resolve_entities").is_some_and(|on| on.truth() == Some(true));
            let name = if follows { "entities:lxml" } else { "lxml.etree.XMLParser()" };
            Some(Value::of(Shape::Name(Text::from(name))))
        }
        "xml.sax.make_parser" => Some(Value::of(Shape::Name(Text::from("xml.sax.make_parser()")))),
        "xml.sax.make_parser().setFeature" => {
            let feature = given.extent(0, "name").map(|extent| walk.shown(extent)).unwrap_or_default();
            let on = given.positional.get(1).is_some_and(|on| on.truth() == Some(true));
            let callee = expr.call().map(|call| &call.callee)?;
            if on
                && (feature.contains("external_ges") || feature.contains("external-general-entities"))
                && let ExprKind::Member { object, .. } = &callee.kind
            {
                walk.set(object, Value::of(Shape::Name(Text::from("entities:sax"))));
            }
            Some(Value::UNKNOWN)
        }
        "io.StringIO" => {
            let mut made = Value::made_of(&given.all());
            made.shape = Shape::Name(Text::from("io.StringIO()"));
            Some(made)
        }
        // What is written to it is read from it.
        "io.StringIO().write" | "io.StringIO().writelines" => {
            let callee = expr.call().map(|call| &call.callee)?;
            let ExprKind::Member { object, .. } = &callee.kind else { return None };
            let mut before = walk.eval(object);
            before.shape = Shape::Unknown;
            let mut all = joined(&before, given.positional.first()?);
            all.shape = Shape::Name(Text::from("io.StringIO()"));
            walk.set(object, all);
            Some(Value::UNKNOWN)
        }
        "configparser.ConfigParser().read" => {
            let path = given.positional.first().and_then(Value::text)?;
            let read = settings::read(walk, path)?;
            let callee = expr.call().map(|call| &call.callee)?;
            if let ExprKind::Member { object, .. } = &callee.kind {
                walk.set(object, read);
            }
            Some(Value::UNKNOWN)
        }
        // A member by its name, where the name is known.
        "getattr" => {
            let (of, name) = (given.positional.first()?, given.positional.get(1)?.text()?);
            let (of, name) = (of.clone(), name.to_owned());
            Some(walk.member_by_name(&of, &name, expr))
        }
        _ => None,
    }
}
