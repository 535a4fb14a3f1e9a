//! Functions that a library runs later or elsewhere, with what it is given for them: threads, pools, tasks.

use crate::facts::syntax::{Expr, Text};
use crate::flow::call::Given;
use crate::flow::value::{Shape, Value};
use crate::flow::walk::Walk;

/// Runs what a call starts; what it gives back.
pub(super) fn started<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    name: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    // https://docs.python.org/3/library/threading.html#threading.Thread
    let (function, positional, named) = match (dotted, name) {
        ("threading.Thread" | "multiprocessing.Process", _) => {
            let arguments = (given.at_or(3, "args"), given.at_or(4, "kwargs"));
            let (positional, named) = unpacked(walk, arguments);
            (given.at_or(1, "target")?.clone(), positional, named)
        }
        ("threading.Timer", _) => {
            let (positional, named) = unpacked(walk, (given.at_or(2, "args"), given.at_or(3, "kwargs")));
            (given.at_or(1, "function")?.clone(), positional, named)
        }
        (_, "run_in_executor" | "call_later") => behind(given, 1)?,
        (_, "submit" | "add_task" | "to_thread" | "run_in_threadpool" | "call_soon" | "apply_async")
        | ("functools.partial", _) => behind(given, 0)?,
        _ => return None,
    };
    if !matches!(function.shape, Shape::Function(..)) {
        return None;
    }
    let made = walk.call_later(&function, Given { positional, named, written: &[] }, expr.extent);
    matches!(name, "to_thread" | "run_in_threadpool" | "run_in_executor").then_some(made).or_else(|| {
        let mut task = Value::UNKNOWN;
        task.shape = Shape::Name(Text::from(format!("{dotted}()")));
        Some(task)
    })
}

/// What is called, with its arguments by place and by name.
type Started<'a> = (Value<'a>, Vec<Value<'a>>, Vec<(Text, Value<'a>)>);

/// A function at a place, and everything behind it for it.
fn behind<'a>(given: &Given<'a>, at: usize) -> Option<Started<'a>> {
    let function = given.positional.get(at)?.clone();
    Some((function, given.positional.get(at + 1..).unwrap_or_default().to_vec(), given.named.clone()))
}

/// `args=(x, y), kwargs={"z": z}`.
fn unpacked<'a>(
    walk: &mut Walk<'_, 'a>,
    (args, kwargs): (Option<&Value<'a>>, Option<&Value<'a>>),
) -> (Vec<Value<'a>>, Vec<(Text, Value<'a>)>) {
    let positional = match args.map(|args| (&args.shape, args)) {
        Some((Shape::List(items), _)) => items.as_ref().clone(),
        Some((_, args)) => vec![walk.item_of(args)],
        None => Vec::new(),
    };
    let named = match kwargs.map(|kwargs| &kwargs.shape) {
        Some(Shape::Record(fields)) => {
            fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
        }
        _ => Vec::new(),
    };
    (positional, named)
}
