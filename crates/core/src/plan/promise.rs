//! What a service promises: each names a probe's subject exactly.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::Rounding;

/// `METHOD /route`, with `{id}` in the route where an id goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline, extend("pattern" = "^[A-Z]+ /"))]
pub struct RequestLine {
    /// The HTTP method.
    pub method: String,
    /// The route.
    pub route: String,
}

impl TryFrom<String> for RequestLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("expected `METHOD /route`, found `{text}`");
        let (method, route) = text.split_once(' ').ok_or_else(wrong)?;
        let well_formed = !method.is_empty()
            && method.bytes().all(|byte| byte.is_ascii_uppercase())
            && route.starts_with('/')
            && !route.contains(|c: char| c.is_whitespace() || c.is_control());
        if well_formed {
            Ok(Self { method: method.to_owned(), route: route.to_owned() })
        } else {
            Err(wrong())
        }
    }
}

impl From<RequestLine> for String {
    fn from(line: RequestLine) -> Self {
        line.to_string()
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.route)
    }
}

/// A request: a line, or a table with what goes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Request {
    /// `METHOD /route`.
    Line(RequestLine),
    /// With what goes with it.
    Table(RequestTable),
}

/// A request and what goes with it. In strings, `{unique}` is fresh for each trial, `{value}` a unique value to write, `{user}` a fresh
/// user, `{n}` a number (`"{n}"` alone is a JSON number); `{{` is a brace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTable {
    /// `METHOD /route`.
    pub request: RequestLine,
    /// The query string's parameters.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body.
    pub body: Option<Value>,
    /// A form body.
    pub form: Option<BTreeMap<String, Value>>,
}

impl Request {
    /// Method and route.
    pub fn line(&self) -> &RequestLine {
        match self {
            Self::Line(line) => line,
            Self::Table(table) => &table.request,
        }
    }

    /// The request as a table, whichever way it is written.
    pub fn table(&self) -> RequestTable {
        match self {
            Self::Line(request) => RequestTable {
                request: request.clone(),
                query: BTreeMap::new(),
                headers: BTreeMap::new(),
                body: None,
                form: None,
            },
            Self::Table(table) => table.clone(),
        }
    }
}

/// Where a value is: in a request, where it goes; in an answer, where it is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline, extend("pattern" = "^(json:(/.*)?|header:.+|cookie:.+|query:.+|form:.+|path:.+|status|client)$"))]
pub enum Place {
    /// `json:/pointer` (RFC 6901) of the body.
    Json(String),
    /// `header:NAME`.
    Header(String),
    /// `cookie:NAME`.
    Cookie(String),
    /// `query:NAME`, of a request.
    Query(String),
    /// `form:NAME`, of a request.
    Form(String),
    /// `path:NAME`, of a request.
    Path(String),
    /// `status`, of an answer.
    Status,
    /// `client`: the address the request comes from.
    Client,
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!(
                "expected `json:/pointer`, `header:NAME`, `cookie:NAME`, `query:NAME`, `form:NAME`, `path:NAME`, `status` or `client`, found `{text}`"
            )
        };
        match text.as_str() {
            "status" => return Ok(Self::Status),
            "client" => return Ok(Self::Client),
            _ => {}
        }
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        if name.is_empty() && kind != "json" {
            return Err(wrong());
        }
        let name = name.to_owned();
        match kind {
            "json" if name.is_empty() || name.starts_with('/') => Ok(Self::Json(name)),
            // The design writes both `json:/user` and `json:POINTER`; a pointer always begins with a slash (RFC 6901, 3).
            "header" => Ok(Self::Header(name)),
            "cookie" => Ok(Self::Cookie(name)),
            "query" => Ok(Self::Query(name)),
            "form" => Ok(Self::Form(name)),
            "path" => Ok(Self::Path(name)),
            _ => Err(wrong()),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(name) => write!(f, "json:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Path(name) => write!(f, "path:{name}"),
            Self::Status => f.write_str("status"),
            Self::Client => f.write_str("client"),
        }
    }
}

/// What carries a session from the answer to a login into later requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline, extend("pattern" = "^(cookie|bearer (json:(/.*)?|header:.+)|header [A-Za-z0-9_-]+ (json:(/.*)?|header:.+))$"))]
pub enum Carrier {
    /// The cookies it sets (RFC 6265).
    Cookie,
    /// A bearer token (RFC 6750) found at this place of the answer.
    Bearer(Place),
    /// The header field of this name, whose value is found at this place of the answer: an API key.
    Field(String, Place),
}

impl TryFrom<String> for Carrier {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(' ') {
            None if text == "cookie" => Ok(Self::Cookie),
            Some(("bearer", place)) => Ok(Self::Bearer(token_place(place)?)),
            Some(("header", field)) => match field.split_once(' ') {
                Some((name, place)) if is_field_name(name) => {
                    Ok(Self::Field(name.to_owned(), token_place(place)?))
                }
                _ => Err(format!("expected `header NAME json:/key`, found `{text}`")),
            },
            _ => Err(format!(
                "expected `cookie`, `bearer json:/token` or `header NAME json:/key`, found `{text}`"
            )),
        }
    }
}

/// Where an answer has a token.
fn token_place(text: &str) -> Result<Place, String> {
    match Place::try_from(text.to_owned())? {
        place @ (Place::Json(_) | Place::Header(_)) => Ok(place),
        place => Err(format!("a token is found at `json:/pointer` or `header:NAME`, not at `{place}`")),
    }
}

/// Letters, digits, `-` and `_`: what the names of header fields are made of (RFC 9110, 5.6.2, has more, and nobody uses it).
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl From<Carrier> for String {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Cookie => "cookie".to_owned(),
            Carrier::Bearer(place) => format!("bearer {place}"),
            Carrier::Field(name, place) => format!("header {name} {place}"),
        }
    }
}

/// Declares a promise: its own fields, and the four that may stand beside any request of any kind.
macro_rules! promise {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
            /// Parameters of the query string of the kind's first writing request.
            #[serde(default)]
            pub query: BTreeMap<String, Value>,
            /// Headers of the kind's first writing request.
            #[serde(default)]
            pub headers: BTreeMap<String, String>,
            /// JSON body of the kind's first writing request.
            pub body: Option<Value>,
            /// Form body of the kind's first writing request.
            pub form: Option<BTreeMap<String, Value>>,
        }

        impl $name {
            /// Gives a request written as a line what stands beside it.
            pub(super) fn complete(&self, request: &mut Request) {
                if let Request::Line(line) = request {
                    *request = Request::Table(RequestTable {
                        request: line.clone(),
                        query: self.query.clone(),
                        headers: self.headers.clone(),
                        body: self.body.clone(),
                        form: self.form.clone(),
                    });
                }
            }
        }
    };
}

promise! {
    /// Things that are created, read, changed and deleted.
    Resource {
        /// Creates one.
        create: Option<Request>,
        /// Reads one.
        read: Option<Request>,
        /// Changes one.
        update: Option<Request>,
        /// Deletes one.
        delete: Option<Request>,
        /// Lists them.
        list: Option<Request>,
        /// The rate of reads that may be stale, in 0..=1; 0 when absent.
        max_stale_rate: Option<f64>,
        /// Where the create answer has the id; absent when the caller chooses it.
        id: Option<Place>,
        /// Where the read answer has the value written.
        value: Option<Place>,
        /// The identity that may read what it created.
        owner: Option<String>,
    }
}
promise! {
    /// A counted resource that may not be taken more often than there is of it.
    Stock {
        /// Takes.
        take: Request,
        /// Reads how much is left.
        level: Option<Request>,
        /// Where the level is in that answer.
        value: Option<Place>,
        /// Puts it back to `initial`.
        reset: Option<Request>,
        /// How much there is at first.
        initial: Option<u64>,
        /// How much one take takes; 1 when absent.
        per_take: Option<u64>,
    }
}
promise! {
    /// A login that goes on being valid.
    Session {
        /// Logs in.
        login: Request,
        /// Succeeds only when logged in.
        check: Request,
        /// What carries it; cookies when absent.
        carrier: Option<Carrier>,
    }
}
promise! {
    /// A limit on how often something may be asked.
    RateLimit {
        /// What is limited.
        request: Request,
        /// What it is counted by.
        key: Place,
        /// How many within the window; learnt when absent.
        limit: Option<u64>,
        /// The window in seconds; learnt when absent.
        window_s: Option<f64>,
    }
}
promise! {
    /// An upload that accepts only some media types.
    Upload {
        /// Uploads.
        request: Request,
        /// The form field that carries the file.
        field: String,
        /// Media types (RFC 6838) it accepts.
        accepts: Vec<String>,
    }
}
promise! {
    /// A secret that a request is compared with.
    Secret {
        /// Carries it.
        request: Request,
        /// Where it goes.
        r#where: Place,
        /// One that is right in the trial's environment.
        value: String,
    }
}
promise! {
    /// Repeating the request has at most one effect.
    Idempotent {
        /// What is repeated.
        request: Request,
        /// Where the idempotency key goes; absent: one request, at most one effect, whatever the network does.
        key: Option<Place>,
        /// Reads the effects.
        effects: Option<Request>,
        /// Where the number of effects is in that answer.
        count: Option<Place>,
    }
}
promise! {
    /// An answer that depends on the calendar.
    Calendar {
        /// Asks.
        request: Request,
        /// Where an instant (RFC 3339) goes.
        instant: Option<Place>,
        /// Where a date (RFC 3339 full-date) goes.
        date: Option<Place>,
        /// Where a time zone's name (tz database) goes.
        zone: Option<Place>,
        /// Where the answer has the result.
        answer: Option<Place>,
        /// What it must be; absent: it goes on answering, and the same, across the edge.
        rule: Option<CalendarRule>,
    }
}
promise! {
    /// An exact calculation.
    Calculation {
        /// Asks.
        request: Request,
        /// Where the inputs go.
        inputs: Vec<Place>,
        /// Where the answer has the result.
        answer: Place,
        /// Digits after the point; `[money]`'s when absent.
        scale: Option<u32>,
        /// How it is rounded; `[money]`'s when absent.
        rule: Option<Rounding>,
    }
}
promise! {
    /// Something that is always true.
    Invariant {
        /// What is read.
        reads: Vec<Request>,
        /// An expression over places of the answers, such as `sum(json:/items/*/paid) == json:/total`.
        holds: String,
    }
}
promise! {
    /// A page that a browser opens.
    Page {
        /// Its path.
        url: String,
    }
}
promise! {
    /// How much is expected.
    Volume {
        /// Of what.
        request: Request,
        /// How many a day.
        per_day: u64,
    }
}

/// What a calendar answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CalendarRule {
    /// The next day, at the same time on the wall.
    SameWallTimeNextDay,
    /// The date there and then.
    LocalDate,
    /// The same day of a later year; 29 February goes to the last of February or the first of March, always the same.
    Anniversary,
    /// The offset from UTC there and then.
    UtcOffset,
    /// How many hours the day has there.
    DayLength,
}

/// What a service promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented at its type")]
#[expect(
    clippy::large_enum_variant,
    reason = "a plan has a handful of promises, and a box would show in every match"
)]
pub enum Promise {
    Resource(Resource),
    Stock(Stock),
    Session(Session),
    RateLimit(RateLimit),
    Upload(Upload),
    Secret(Secret),
    Idempotent(Idempotent),
    Calendar(Calendar),
    Calculation(Calculation),
    Invariant(Invariant),
    Page(Page),
    Volume(Volume),
}

impl Promise {
    /// As `kind` writes it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Resource(_) => "resource",
            Self::Stock(_) => "stock",
            Self::Session(_) => "session",
            Self::RateLimit(_) => "rate-limit",
            Self::Upload(_) => "upload",
            Self::Secret(_) => "secret",
            Self::Idempotent(_) => "idempotent",
            Self::Calendar(_) => "calendar",
            Self::Calculation(_) => "calculation",
            Self::Invariant(_) => "invariant",
            Self::Page(_) => "page",
            Self::Volume(_) => "volume",
        }
    }

    /// Which probes judge it.
    pub const fn judged_by(&self) -> &'static [&'static str] {
        match self {
            Self::Resource(_) => &[
                "stale-reads",
                "crash-recovery",
                "concurrent-users",
                "dependency-faults",
                "object-authorization",
            ],
            Self::Stock(_) => &["concurrent-users", "dependency-faults"],
            Self::Session(_) => &["replicas", "crash-recovery"],
            Self::RateLimit(_) => &["rate-limit-identity"],
            Self::Upload(_) => &["upload-content-type"],
            Self::Secret(_) => &["secret-timing"],
            Self::Idempotent(_) => &["dependency-faults", "client-faults"],
            Self::Calendar(_) => &["time-zones"],
            Self::Calculation(_) => &["rounding"],
            Self::Invariant(_) => &["concurrent-users", "dependency-faults", "crash-recovery", "soak"],
            Self::Page(_) => &["client-secrets"],
            Self::Volume(_) => &["soak", "load"],
        }
    }

    /// Moves what stands beside the requests into the kind's first writing request, so that readers need look in one place only.
    pub(super) fn complete(&mut self) {
        match self {
            Self::Resource(promise) => {
                let (mut create, mut update) = (promise.create.take(), promise.update.take());
                create.iter_mut().chain(update.iter_mut()).for_each(|request| promise.complete(request));
                (promise.create, promise.update) = (create, update);
            }
            Self::Stock(promise) => promise.take = completed(&promise.take, |r| promise.complete(r)),
            Self::Session(promise) => promise.login = completed(&promise.login, |r| promise.complete(r)),
            Self::RateLimit(promise) => {
                promise.request = completed(&promise.request, |r| promise.complete(r))
            }
            Self::Upload(promise) => promise.request = completed(&promise.request, |r| promise.complete(r)),
            Self::Secret(promise) => promise.request = completed(&promise.request, |r| promise.complete(r)),
            Self::Idempotent(promise) => {
                promise.request = completed(&promise.request, |r| promise.complete(r))
            }
            Self::Calendar(promise) => promise.request = completed(&promise.request, |r| promise.complete(r)),
            Self::Calculation(promise) => {
                promise.request = completed(&promise.request, |r| promise.complete(r))
            }
            Self::Volume(promise) => promise.request = completed(&promise.request, |r| promise.complete(r)),
            Self::Invariant(promise) => {
                let mut reads = promise.reads.clone();
                reads.iter_mut().take(1).for_each(|request| promise.complete(request));
                promise.reads = reads;
            }
            Self::Page(_) => {}
        }
    }
}

impl Page {
    /// The request that a browser makes first.
    ///
    /// # Errors
    /// When the url is not a path.
    pub fn request(&self) -> Result<Request, String> {
        let mut request = Request::Line(RequestLine::try_from(format!("GET {}", self.url))?);
        self.complete(&mut request);
        Ok(request)
    }
}

fn completed(request: &Request, complete: impl FnOnce(&mut Request)) -> Request {
    let mut request = request.clone();
    complete(&mut request);
    request
}
