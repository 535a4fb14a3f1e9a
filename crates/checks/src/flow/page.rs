//! What a service answers: where a browser would make a page of it.

use super::risk::Risk;
use super::stored;
use super::value::{Beside, Shape, Value};
use super::walk::Walk;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Assign, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::framework::Framework;

impl<'a> Walk<'_, 'a> {
    /// The function that answers gives this back.
    pub(super) fn answered(&mut self, value: &Value<'a>, extent: Extent) {
        let page = match self.answers {
            // https://flask.palletsprojects.com/en/stable/quickstart/#about-responses: a text is a page.
            Some(Framework::Flask) if self.is_marshalled() => None,
            Some(Framework::Flask) => match &value.shape {
                Shape::List(parts) if parts.iter().skip(1).any(says_no_page) => None,
                Shape::List(parts) => parts.first(),
                _ => Some(value),
            },
            // https://fastify.dev/docs/latest/Reference/Routes/#async-await: what is given back is sent.
            Some(Framework::Fastify) if self.is_called_page() => Some(value),
            Some(Framework::FastApi) if self.declares_page() => Some(value),
            // What is given back is sent elsewhere: of what stands between tags the rest is known.
            Some(Framework::PythonHttpServer) => {
                let whole = Value::made_of(&[value]);
                if whole.taints.iter().any(|taint| taint.beside.has(Beside::MARKUP)) {
                    self.arrive(Risk::Markup, extent, extent, "return", &whole);
                }
                None
            }
            _ => None,
        };
        if let Some(page) = page.cloned() {
            // A text that is answered by itself is sent as a page, whatever is in it.
            let is_text = matches!(page.shape, Shape::Unknown | Shape::Begins(_) | Shape::Text(_));
            if is_text && !stored::is_row(&page) {
                self.arrive(Risk::Markup, extent, extent, "return", &page);
            }
        }
    }

    /// Whether `reply.type("text/html")` was said before.
    fn is_called_page(&self) -> bool {
        let Some(call) = self.calls.first() else { return false };
        let reply = call.function.and_then(|function| function.parameters.get(1)?.pattern.dotted());
        let held = reply.and_then(|name| self.state.get(call.id, &name));
        held.is_some_and(|held| matches!(&held.shape, Shape::Name(name) if name == "answer:"))
    }

    /// Whether a decorator makes JSON of what is given back: `@marshal_with(schema)` (flask-apispec, Flask-RESTful, Flask-RESTX),
    /// `@app.output(schema)` (APIFlask), `@blp.response(200, Schema)` (flask-smorest).
    fn is_marshalled(&self) -> bool {
        const MARSHAL: &[&str] =
            &["marshal_with", "marshal_list_with", "output", "response", "as_json", "jsonify"];
        let Some(function) = self.calls.first().and_then(|call| call.function) else { return false };
        function.decorators.iter().any(|decorator| {
            let made_with = decorator.call().map_or(decorator, |call| &call.callee);
            called_name(made_with).is_some_and(|name| MARSHAL.contains(&name))
        })
    }

    /// Whether `response_class=HTMLResponse` stands in the registration.
    fn declares_page(&self) -> bool {
        let Some(function) = self.calls.first().and_then(|call| call.function) else { return false };
        let file = self.file();
        function
            .decorators
            .iter()
            .any(|decorator| file.is_some_and(|file| file.text_of(decorator.extent).contains("HTMLResponse")))
    }

    /// Whether the answer that a call makes is said to be no page.
    pub(super) fn is_said_plain(&self, call: Extent) -> bool {
        self.plain_answers.contains(&(self.at(), call))
    }

    /// Whether the function under way says of its answer that it is no page: `ctx.type = "text/csv"`, `ctx.set("Content-Type", "..")`.
    pub(super) fn is_typed_plain(&self) -> bool {
        let Some(function) = self.calls.last().and_then(|call| call.function) else { return false };
        let is_plain =
            |value: &Expr| value.string().is_some_and(|kind| !kind.contains("html") && !kind.contains("svg"));
        let mut found = false;
        each_in_body(&function.body, &mut |node, _| {
            found |= match node {
                Node::Stmt(stmt) => assigned(stmt).is_some_and(|assign| {
                    let is_type = |target: &Expr| matches!(&target.kind, ExprKind::Member { name, .. } if name == "type");
                    assign.targets.iter().any(is_type) && assign.value.as_ref().is_some_and(is_plain)
                }),
                Node::Expr(Expr { kind: ExprKind::Call(call), .. }) if called_name(&call.callee) == Some("set") => {
                    match call.arguments.as_slice() {
                        [name, value] => {
                            let named = name.value.string().is_some_and(|name| name.eq_ignore_ascii_case("content-type"));
                            named && is_plain(&value.value)
                        }
                        _ => false,
                    }
                }
                _ => false,
            };
            !found
        });
        found
    }

    /// A text becomes a page, or a part of one.
    pub(super) fn arrive_page(&mut self, value: &Value<'a>, extent: Extent, argument: Extent, into: &str) {
        // What is no text is sent as JSON; parts that are not known to stand in a page may be a whole answer of another kind.
        let is_text = matches!(value.shape, Shape::Unknown | Shape::Begins(_) | Shape::Text(_));
        if !is_text
            || stored::is_row(value) && !value.taints.iter().any(|taint| taint.beside.has(Beside::MARKUP))
        {
            return;
        }
        let in_page = value.taints.iter().any(|taint| taint.beside.has(Beside::MARKUP));
        let whole = !value.taints.iter().any(|taint| taint.beside.has(Beside::TEXT));
        // https://koajs.com/#ctx-body: a text that begins with `<` is sent as a page.
        let served = matches!(self.answers, Some(Framework::Flask | Framework::Express | Framework::Koa));
        // https://expressjs.com/en/5x/api.html#res.send: a text is sent as a page.
        let sent = served && into.ends_with("send");
        if in_page || sent || whole && served || !value.is_tainted() {
            self.arrive(Risk::Markup, extent, argument, into, value);
        }
    }
}

/// Whether a part of an answer, its headers, says that it is no page.
fn says_no_page(value: &Value<'_>) -> bool {
    match &value.shape {
        Shape::Record(fields) => fields.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type")
                && value.text().is_some_and(|text| !text.contains("html"))
        }),
        _ => false,
    }
}

/// The call that makes an answer, when the answer is kept under a name and said to be no page in what follows in the same block:
/// `answer.mimetype = "text/csv"`, `answer.headers["Content-Type"] = "text/csv"`.
pub(super) fn said_plain(stmt: &Stmt, rest: &[Stmt]) -> Option<Extent> {
    let assign = assigned(stmt)?;
    let value = assign.value.as_ref()?;
    let called = crate::facts::values::called_name(&value.call()?.callee)?;
    if !matches!(called, "make_response" | "Response" | "HttpResponse") {
        return None;
    }
    let name = assign.targets.first()?.dotted()?;
    rest.iter().filter_map(assigned).any(|later| says_plain(later, &name)).then_some(value.extent)
}

fn assigned(stmt: &Stmt) -> Option<&Assign> {
    match &stmt.kind {
        StmtKind::Assign(assign) if assign.op.is_none() => Some(assign),
        _ => None,
    }
}

/// Whether the type of an answer is set to one of which a browser makes no page.
fn says_plain(assign: &Assign, name: &str) -> bool {
    let is_type = |target: &Expr| match &target.kind {
        ExprKind::Member { object, name: member, .. } => {
            matches!(member.as_str(), "mimetype" | "content_type") && object.dotted().as_deref() == Some(name)
        }
        ExprKind::Index { object, index } => {
            let of = object.dotted().unwrap_or_default();
            let header = index.string().is_some_and(|key| key.eq_ignore_ascii_case("content-type"));
            header && (of == name || of.strip_suffix(".headers") == Some(name))
        }
        _ => false,
    };
    let kind = assign.value.as_ref().and_then(Expr::string);
    assign.targets.iter().any(is_type)
        && kind.is_some_and(|kind| !kind.contains("html") && !kind.contains("svg"))
}
