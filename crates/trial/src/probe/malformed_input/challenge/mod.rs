//! The malformed requests made from a valid one: each breaks one thing, and says what.

mod body;
mod envelope;

use crate::http::Request;
use crate::schema::{Call, Operation, Payload, Purpose, Visitor};

/// Fields of a body that are broken one by one, at most.
const FIELDS: usize = 14;

/// Characters of a very long text: past the limits of columns and buffers, and quick to send.
const LONG: usize = 100_000;

/// Levels of a deeply nested value: past the recursion limits of the usual parsers (CPython's is 1,000).
const LEVELS: usize = 20_000;

/// One malformed request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Challenge {
    /// What is broken.
    pub(super) class: Class,
    /// What is broken, for people: ``field `qty` as a list``.
    pub(super) what: String,
    /// The field, parameter or header that is broken, where it is one.
    pub(super) field: Option<String>,
    /// How it is sent.
    pub(super) form: Form,
    /// Whether the document refuses it beyond doubt, so that 2xx is worth a warning.
    pub(super) refused: bool,
}

/// How a challenge is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// As a call that an ordinary client could make; parts of it can be left out again.
    Call(Call),
    /// As a request with something in it that a call has no place for. Who calls is added when it is sent.
    Request(Request),
    /// As bytes that may not even be HTTP.
    Bytes(Vec<u8>),
}

/// Kinds of brokenness that programs fail at for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// A field of another JSON type.
    WrongType,
    /// `null` in a field.
    Null,
    /// A field left out.
    Missing,
    /// A number at or past a boundary.
    Boundary,
    /// A text no one types: empty, very long, control characters, odd Unicode.
    Text,
    /// A body of another type than an object.
    WholeBody,
    /// A body that is no JSON, or no body.
    NoJson,
    /// `NaN` and `Infinity`, which many parsers take although RFC 8259 has no such tokens.
    NotANumber,
    /// A lone surrogate: valid by the grammar, and no character.
    Surrogate,
    /// Deeper than parsers recurse.
    Nesting,
    /// Another or no media type.
    MediaType,
    /// An odd parameter of the query string.
    Query,
    /// An odd segment of the path.
    PathValue,
    /// A header nobody expects.
    Header,
    /// A method nobody expects.
    Method,
    /// Broken below HTTP's semantics: framing, encoding, version.
    Wire,
}

impl Class {
    /// As a word.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::WrongType => "wrong-type",
            Self::Null => "null",
            Self::Missing => "missing-field",
            Self::Boundary => "boundary-number",
            Self::Text => "odd-text",
            Self::WholeBody => "wrong-body-type",
            Self::NoJson => "malformed-json",
            Self::NotANumber => "not-a-number",
            Self::Surrogate => "lone-surrogate",
            Self::Nesting => "deep-nesting",
            Self::MediaType => "media-type",
            Self::Query => "query",
            Self::PathValue => "path-value",
            Self::Header => "header",
            Self::Method => "method",
            Self::Wire => "wire",
        }
    }

    /// Whether frameworks themselves fail at it, so that a failure outside the program's own code is theirs.
    pub(super) const fn often_the_frameworks(self) -> bool {
        matches!(
            self,
            Self::NotANumber
                | Self::Surrogate
                | Self::Nesting
                | Self::MediaType
                | Self::Header
                | Self::Method
                | Self::Wire
        )
    }
}

/// Every challenge of an operation, the likeliest to show something first. `wire` adds those below HTTP's semantics, which
/// do not depend on the operation.
pub(super) fn all(
    operation: &Operation,
    control: &Call,
    visitor: &Visitor<'_>,
    wire: bool,
) -> Vec<Challenge> {
    let mut maker = Maker { operation, control, visitor, list: Vec::new() };
    let gentle = matches!(operation.purpose, Purpose::Delete | Purpose::Reset | Purpose::Logout);
    maker.body();
    maker.query();
    maker.path();
    if !gentle {
        maker.headers();
        maker.methods();
        if wire {
            maker.wire();
        }
    }
    in_turns(maker.list)
}

/// One of each class in turns, and within a class one of each field, so that what time leaves out is the tail of every field and not a field.
fn in_turns(list: Vec<Challenge>) -> Vec<Challenge> {
    let by_field = turns(list, |challenge| (challenge.class, challenge.field.clone()));
    turns(by_field, |challenge| challenge.class)
}

/// The first of each kind, then the second of each; in their order otherwise.
fn turns<K: Ord>(list: Vec<Challenge>, kind: impl Fn(&Challenge) -> K) -> Vec<Challenge> {
    let mut nth: std::collections::BTreeMap<K, usize> = std::collections::BTreeMap::new();
    let mut turns: Vec<(usize, Challenge)> = Vec::new();
    for challenge in list {
        let count = nth.entry(kind(&challenge)).or_default();
        turns.push((*count, challenge));
        *count += 1;
    }
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, challenge)| challenge).collect()
}

struct Maker<'a> {
    operation: &'a Operation,
    control: &'a Call,
    visitor: &'a Visitor<'a>,
    list: Vec<Challenge>,
}

impl Maker<'_> {
    fn call(&mut self, class: Class, what: String, field: Option<&str>, change: impl FnOnce(&mut Call)) {
        let mut call = self.control.clone();
        change(&mut call);
        self.list.push(Challenge {
            class,
            what,
            field: field.map(str::to_owned),
            form: Form::Call(call),
            refused: false,
        });
    }

    fn request(&mut self, class: Class, what: &str, change: impl FnOnce(&mut Request)) {
        let mut request = Request::from(self.control);
        change(&mut request);
        self.list.push(Challenge {
            class,
            what: what.to_owned(),
            field: None,
            form: Form::Request(request),
            refused: false,
        });
    }

    fn raw_body(&mut self, class: Class, what: &str, media: &str, bytes: &[u8]) {
        let payload = Payload::Raw { media: media.to_owned(), bytes: bytes.to_vec() };
        self.call(class, what.to_owned(), None, |call| call.payload = payload);
    }
}
