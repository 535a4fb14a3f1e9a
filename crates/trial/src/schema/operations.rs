//! All operations of a service, from promises, document and source together, and the order in which they can be tried.

use seaworthy_core::NotChecked;
use seaworthy_core::plan::Promise;
use seaworthy_core::plan::promise::{Request, RequestTable};
use seaworthy_core::surface::Surface;
use serde_json::Value;

use super::document::{Document, from_routes};
use super::operation::{Auth, Body, Operation, Origin, Parameter, Place, Purpose, Scheme};
use super::purpose;
use super::shape::{Additional, Schema, Types};

/// Something nobody told us, and why we think it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inferred {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// All operations of a service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Operations {
    /// In an order in which each is likely to find what it needs: makers before users before removers.
    pub list: Vec<Operation>,
    /// Whether every operation is there.
    pub complete: bool,
    /// What could not be read.
    pub not_read: Vec<NotChecked>,
}

impl Operations {
    /// Puts together what promises, document and source say. Where two tell of one operation, the earlier of these three counts,
    /// and what it leaves open is filled in from the later.
    pub fn assemble(promises: &[Promise], document: Option<&Document>, surface: &Surface) -> Self {
        let mut list: Vec<Operation> = Vec::new();
        for (request, purpose) in promises.iter().flat_map(requests) {
            add(&mut list, Operation { purpose, ..promised(request.table()) });
        }
        let routes = from_routes(surface);
        let mut documented = document.map(|document| document.operations.clone()).unwrap_or_default();
        drop_untrue_base(&mut documented, &routes);
        documented.into_iter().for_each(|operation| add(&mut list, operation));
        routes.into_iter().for_each(|operation| add(&mut list, operation));
        purpose::infer(&mut list);
        list.sort_by_key(order);
        let mut not_read = document.map(|document| document.not_read.clone()).unwrap_or_default();
        not_read.extend(surface.not_read.iter().cloned());
        let whole_document =
            document.is_some_and(|document| document.is_whole() && !document.operations.is_empty());
        // The document is the author's word. It may stand for source that nobody reads, and never for routes that are there in the
        // source and were not understood.
        let complete =
            surface.not_read.is_empty() && (whole_document || (surface.complete && !list.is_empty()));
        Self { complete, list, not_read }
    }

    /// The operations of a purpose.
    pub fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Operation> {
        self.list.iter().filter(move |operation| operation.purpose == purpose)
    }

    /// The operations that seem to give strangers a key, where others ask for one: by their path, or by a field of their answer.
    pub fn key_givers(&self) -> impl Iterator<Item = &Operation> {
        let asks = |one: &Operation| match &one.auth {
            Auth::Required(schemes) => schemes.iter().any(|scheme| matches!(scheme, Scheme::Key(..))),
            _ => false,
        };
        let asked = self.list.iter().any(asks);
        let gives = |one: &&Operation| {
            one.method == "POST" && !matches!(one.auth, Auth::Required(_)) && names_key(one)
        };
        self.list.iter().filter(move |_| asked).filter(gives)
    }

    /// The operation of this method and route, whatever its parameters are called.
    pub fn find(&self, method: &str, route: &str) -> Option<&Operation> {
        self.list.iter().find(|operation| operation.method == method && same_route(&operation.route(), route))
    }

    /// What was inferred about them, to be shown.
    pub fn inferred(&self) -> Vec<Inferred> {
        let told = self
            .list
            .iter()
            .filter(|operation| operation.origin != Origin::Promise && operation.purpose != Purpose::Other);
        let said = told.map(|operation| Inferred {
            what: format!("{operation} is for {}", serde_name(operation.purpose)),
            why: operation.purpose_why.clone(),
        });
        said.collect()
    }
}

/// Whether an operation's path or answer speaks of a key.
fn names_key(operation: &Operation) -> bool {
    const KEYS: &[&str] = &["apikey", "key", "accesskey", "credential", "token", "apitoken"];
    let is_key = |word: &str| KEYS.contains(&super::names::singular(word).as_str());
    let last = purpose::last_words(&operation.path);
    let told = operation.success().is_some_and(|schema| {
        schema.properties.iter().any(|(name, _)| KEYS.contains(&super::names::folded(name).as_str()))
    });
    last.iter().any(|word| is_key(word)) || is_key(&last.concat()) || told
}

/// A purpose as a word.
pub(crate) fn serde_name(purpose: Purpose) -> String {
    serde_json::to_value(purpose).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Where source is read, it decides whether the document's base path is real: many documents name a server nobody mounted.
pub(super) fn drop_untrue_base(documented: &mut [Operation], routes: &[Operation]) {
    let known = |route: &str| routes.iter().any(|one| same_route(&one.path, route));
    let with_base = documented.iter().filter(|operation| known(&operation.route())).count();
    let without = documented.iter().filter(|operation| known(&operation.path)).count();
    if without > with_base {
        documented.iter_mut().for_each(|operation| operation.base.clear());
    }
}

/// Adds an operation; of one that is there already, what was left open is filled in.
pub(super) fn add(list: &mut Vec<Operation>, operation: Operation) {
    let known = list
        .iter_mut()
        .find(|one| one.method == operation.method && same_route(&one.route(), &operation.route()));
    let Some(known) = known else {
        list.push(operation);
        return;
    };
    for parameter in operation.parameters {
        match known
            .parameters
            .iter_mut()
            .find(|own| own.place == parameter.place && own.name == parameter.name)
        {
            Some(own) if own.schema == Schema::default() => own.schema = parameter.schema,
            Some(_) => {}
            // A path parameter under another name is the same one.
            None if parameter.place == Place::Path => {}
            None => known.parameters.push(Parameter {
                required: parameter.required && known.origin != Origin::Document,
                ..parameter
            }),
        }
    }
    if known.origin == Origin::Promise {
        // The promise's body holds the very values to send; the document knows what they may be.
        known.body = match (known.body.take(), operation.body) {
            (Some(mine), Some(theirs)) => {
                Some(Body { schema: with_promised(theirs.schema, &mine.schema), ..theirs })
            }
            (mine, theirs) => mine.or(theirs),
        };
    } else {
        known.body = filled_in(known.body.take(), operation.body);
    }
    if known.answers.is_empty() {
        known.answers = operation.answers;
    }
    if known.auth == Auth::Unknown {
        known.auth = operation.auth;
    }
    if known.name.is_empty() {
        known.name = operation.name;
    }
    if known.summary.is_empty() {
        known.summary = operation.summary;
    }
    known.handler = known.handler.take().or(operation.handler);
}

/// A body of which nothing was told is the later one; of another, the fields are added that the later one cannot do without.
fn filled_in(mine: Option<Body>, theirs: Option<Body>) -> Option<Body> {
    let (mut mine, theirs) = match (mine, theirs) {
        (Some(mine), Some(theirs)) => (mine, theirs),
        (mine, theirs) => return mine.or(theirs),
    };
    let schema = &mut mine.schema;
    let closed = schema.additional != Additional::Anything || !schema.alternatives.is_empty();
    let told = closed || !schema.properties.is_empty() || !schema.examples.is_empty();
    if !told && schema.types.contains(Types::OBJECT) {
        return Some(theirs);
    }
    if closed || !schema.types.contains(Types::OBJECT) || mine.is_json() != theirs.is_json() {
        return Some(mine);
    }
    let schema = &mut mine.schema;
    let lacking =
        theirs.schema.properties.into_iter().filter(|(name, _)| theirs.schema.required.contains(name));
    for (name, property) in lacking {
        if schema.property(&name).is_none() {
            // Not among the required: the document does not refuse its absence.
            schema.properties.push((name, property));
        }
    }
    Some(mine)
}

fn with_promised(mut schema: Schema, promised: &Schema) -> Schema {
    for (name, property) in &promised.properties {
        match schema.properties.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => own.examples.splice(0..0, property.examples.clone()).for_each(drop),
            None => schema.properties.push((name.clone(), property.clone())),
        }
    }
    schema.examples.splice(0..0, promised.examples.clone());
    schema
}

/// An operation named by a promise. Its values are examples, placeholders left for whoever sends them.
fn promised(table: RequestTable) -> Operation {
    let mut parameters: Vec<Parameter> = Vec::new();
    for name in super::operation::names_in(&table.request.route) {
        parameters.push(Parameter {
            name: name.to_owned(),
            place: Place::Path,
            required: true,
            schema: Schema::default(),
        });
    }
    let example = |value: &Value| Schema {
        examples: without_placeholders(value).into_iter().collect(),
        ..Schema::default()
    };
    for (name, value) in &table.query {
        parameters.push(Parameter {
            name: name.clone(),
            place: Place::Query,
            required: true,
            schema: example(value),
        });
    }
    for (name, value) in &table.headers {
        let schema = example(&Value::String(value.clone()));
        parameters.push(Parameter { name: name.clone(), place: Place::Header, required: true, schema });
    }
    let fields = |fields: Vec<(&String, &Value)>| {
        Schema::object(fields.into_iter().map(|(name, value)| {
            let types = if without_placeholders(value).is_some() { Types::of(value) } else { Types::STRING };
            (name.clone(), Schema { types, ..example(value) }, true)
        }))
    };
    let body = match (&table.body, &table.form) {
        (Some(Value::Object(object)), _) => Some(("application/json", fields(object.iter().collect()))),
        (Some(other), _) => Some(("application/json", Schema { types: Types::of(other), ..example(other) })),
        (None, Some(form)) => Some(("application/x-www-form-urlencoded", fields(form.iter().collect()))),
        (None, None) => None,
    };
    Operation {
        method: table.request.method,
        path: table.request.route,
        base: String::new(),
        name: String::new(),
        summary: String::new(),
        parameters,
        body: body.map(|(media, schema)| Body {
            media: media.to_owned(),
            schema,
            required: true,
            told_by: Origin::Promise,
        }),
        answers: Vec::new(),
        auth: Auth::Unknown,
        purpose: Purpose::Other,
        purpose_why: String::new(),
        handler: None,
        origin: Origin::Promise,
    }
}

/// The value, unless a placeholder is in it.
fn without_placeholders(value: &Value) -> Option<Value> {
    let text = value.to_string();
    let placeholder = ["{unique}", "{value}", "{user}", "{n}"].iter().any(|one| text.contains(one));
    (!placeholder).then(|| value.clone())
}

/// Whether two templates are one route: equal but for the names in braces and a trailing slash.
pub fn same_route(one: &str, other: &str) -> bool {
    let fold = |path: &str| -> Vec<String> {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        segments
            .map(|segment| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() })
            .collect()
    };
    fold(one) == fold(other)
}

/// Makers first, then readers, changers, takers, removers; what ends everything comes last.
fn order(operation: &Operation) -> (u8, usize) {
    let rank = match operation.purpose {
        Purpose::Register => 0,
        Purpose::Login => 1,
        Purpose::List => 2,
        Purpose::Create => 3,
        Purpose::Upload => 4,
        Purpose::Read => 5,
        Purpose::Search => 6,
        Purpose::Update => 7,
        Purpose::Take => 8,
        Purpose::Other => 9,
        Purpose::Delete => 10,
        Purpose::Reset => 11,
        Purpose::Logout => 12,
    };
    // Parents before children: `/users` before `/users/{id}/orders`.
    (rank, operation.path.matches('/').count())
}

/// The requests a promise names, and what each is for as far as the promise says so.
fn requests(promise: &Promise) -> Vec<(&Request, Purpose)> {
    let named: Vec<(Option<&Request>, Purpose)> = match promise {
        Promise::Resource(one) => vec![
            (one.create.as_ref(), Purpose::Create),
            (one.read.as_ref(), Purpose::Read),
            (one.update.as_ref(), Purpose::Update),
            (one.delete.as_ref(), Purpose::Delete),
            (one.list.as_ref(), Purpose::List),
        ],
        Promise::Stock(one) => {
            vec![
                (Some(&one.take), Purpose::Take),
                (one.level.as_ref(), Purpose::Read),
                (one.reset.as_ref(), Purpose::Reset),
            ]
        }
        Promise::Session(one) => vec![(Some(&one.login), Purpose::Login), (Some(&one.check), Purpose::Other)],
        Promise::Upload(one) => vec![(Some(&one.request), Purpose::Upload)],
        Promise::RateLimit(one) => vec![(Some(&one.request), Purpose::Other)],
        Promise::Secret(one) => vec![(Some(&one.request), Purpose::Other)],
        Promise::Idempotent(one) => {
            vec![(Some(&one.request), Purpose::Other), (one.effects.as_ref(), Purpose::Other)]
        }
        Promise::Calendar(one) => vec![(Some(&one.request), Purpose::Other)],
        Promise::Calculation(one) => vec![(Some(&one.request), Purpose::Other)],
        Promise::Invariant(one) => one.reads.iter().map(|read| (Some(read), Purpose::Other)).collect(),
        Promise::Volume(one) => vec![(Some(&one.request), Purpose::Other)],
        Promise::Page(_) => Vec::new(),
    };
    named.into_iter().filter_map(|(request, purpose)| request.map(|request| (request, purpose))).collect()
}

/// A request of a promise, as an operation.
pub fn from_request(request: &Request) -> Operation {
    promised(request.table())
}
