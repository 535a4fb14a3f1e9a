//! Somebody who uses a service as it is meant to be used: registers, logs in, creates what later operations need, and keeps what was said.
//!
//! Whether a login works is told from answers, never from names: it counts as verified when an operation that refuses a stranger
//! (401 or 403) answers the visitor otherwise.

use serde_json::Value;

use seaworthy_core::plan::Identity;
use seaworthy_core::plan::promise::{Carrier, Place as Where};

use super::call::{Call, Payload};
use super::generate::{Fresh, Style};
use super::known::Known;
use super::names::{Meaning, called, meaning};
use super::operation::{Auth, Operation, Place, Purpose, Scheme};
use super::operations::{Inferred, Operations, from_request};
use crate::http::{Client, Exchange, Request, TransportError};

/// Operations that are called to learn ids, at most.
const SETTLING: usize = 40;

/// Operations that are asked for a key, at most.
const KEY_GIVERS: usize = 3;

/// Somebody who uses a service.
#[derive(Debug)]
pub struct Visitor<'a> {
    /// What the service offers.
    pub operations: &'a Operations,
    /// What has been learnt of its data.
    pub known: Known,
    /// Randomness and unique values.
    pub fresh: Fresh,
    /// How the service knows who calls.
    pub session: Session,
    /// What was said to get here, in order; only what was answered with success.
    pub said: Vec<Said>,
    client: Client,
}

/// How a service knows who calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Header fields that go with every request; a cookie is one of them.
    pub headers: Vec<(String, String)>,
    /// Where the answer to the login had the token.
    pub token_at: Option<String>,
    /// Whether an operation that refuses strangers was seen to let the visitor in.
    pub verified: bool,
    /// What of this nobody told us.
    pub inferred: Vec<Inferred>,
}

/// One request of the way here, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The request as it was sent, session included.
    pub request: Request,
    /// Its answer.
    pub answer: Exchange,
    /// Whether it makes or opens the session.
    pub identity: bool,
    /// Whether what follows rests on it even though no value of its answer is used: a cart was filled.
    pub needed: bool,
}

/// A valid call and how it was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// The call.
    pub call: Call,
    /// Its answer.
    pub answer: Exchange,
}

impl Control {
    /// Whether the service did what was asked.
    pub fn succeeded(&self) -> bool {
        self.answer.is_success()
    }
}

impl<'a> Visitor<'a> {
    /// Comes to a running service: becomes somebody by the plan's identity or by registering and logging in, as far as there is such a thing.
    pub fn arrive(operations: &'a Operations, identities: &[Identity], client: Client, fresh: Fresh) -> Self {
        let known = Known::about(&operations.list);
        let mut visitor =
            Self { operations, known, fresh, session: Session::default(), said: Vec::new(), client };
        if !identities.iter().any(|identity| visitor.become_known(identity)) {
            visitor.register();
            visitor.log_in();
            visitor.take_key();
        }
        visitor.verify();
        visitor
    }

    /// Becomes somebody else of the same service, by the same way: registers and logs in with new credentials, over a connection of their own.
    pub fn another(&mut self, identities: &[Identity]) -> Self {
        let fresh = Fresh::new(self.fresh.rng().u64(..));
        Self::arrive(self.operations, identities, self.client.another(), fresh)
    }

    /// The client, for requests beside the usual.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The request a call becomes when the visitor makes it.
    pub fn request(&self, call: &Call) -> Request {
        self.signed(Request::from(call))
    }

    /// The request with what shows who calls; a request that brings its own knows why.
    pub fn signed(&self, mut request: Request) -> Request {
        for (name, value) in &self.session.headers {
            if request.header_value(name).is_none() {
                request.headers.push((name.clone(), value.clone()));
            }
        }
        request
    }

    /// Makes a call.
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn send(&self, call: &Call) -> Result<Exchange, TransportError> {
        self.exchange(&self.request(call))
    }

    /// Over a fresh connection: on a kept one, a service that writes head and body apart waits for our delayed acknowledgement (40 ms).
    fn exchange(&self, request: &Request) -> Result<Exchange, TransportError> {
        self.client.connect()?.send(request)
    }

    /// Logs in again, after the session has ended. Whether there is one now.
    pub fn log_in_again(&mut self) -> bool {
        let before = self.said.len();
        self.log_in();
        self.said.len() > before
    }

    /// A valid call of an operation, found by trying: examples, everything, only what is required. The first that succeeds, else the one
    /// that came nearest. `None` when none was answered, or only with 5xx.
    pub fn control(&mut self, operation: &Operation) -> Option<Control> {
        self.control_once(operation, false)
    }

    fn control_once(&mut self, operation: &Operation, retried: bool) -> Option<Control> {
        if operation.purpose == Purpose::Login {
            self.session.headers.clear();
        }
        let mut best: Option<Control> = None;
        for style in [Style::Examples, Style::Full, Style::Required] {
            let call = Call::valid(operation, &mut self.fresh, &self.known, style);
            if best.as_ref().is_some_and(|best| best.call == call) {
                continue;
            }
            let Ok(answer) = self.send(&call) else { continue };
            let control = Control { call, answer };
            if best.as_ref().is_none_or(|best| nearness(control.answer.status) < nearness(best.answer.status))
            {
                best = Some(control);
            }
            if best.as_ref().is_some_and(Control::succeeded) {
                break;
            }
        }
        let best = best.filter(|best| best.answer.status < 500)?;
        if best.succeeded() {
            let opens = operation.purpose == Purpose::Login;
            self.learn(operation, &best, opens);
            if opens {
                // Many services keep one session a user: this login has ended the last one.
                self.carry(&best.answer);
            }
        } else if best.answer.status == 401
            && !retried
            && self.known.credentials.is_some()
            && self.log_in_again()
        {
            return self.control_once(operation, true);
        }
        Some(best)
    }

    /// Lists and creates what there is, so that ids are known. Stops when the time is up.
    pub fn settle(&mut self, until: std::time::Instant) {
        let all = self.operations;
        let wanted =
            all.list.iter().filter(|operation| matches!(operation.purpose, Purpose::List | Purpose::Create));
        for operation in wanted.take(SETTLING) {
            if std::time::Instant::now() >= until {
                return;
            }
            self.control(operation);
        }
    }

    fn learn(&mut self, operation: &Operation, control: &Control, identity: bool) {
        if let Some(answer) = control.answer.json() {
            self.known.learn(&operation.route(), &answer);
        }
        let request = self.request(&control.call);
        self.said.push(Said { request, answer: control.answer.clone(), identity, needed: false });
    }

    /// By the plan: header fields that were given, or a request that logs in.
    fn become_known(&mut self, identity: &Identity) -> bool {
        self.session.headers = identity.headers.clone().into_iter().collect();
        let Some(login) = &identity.login else { return !identity.headers.is_empty() };
        let call = Call::valid(&from_request(login), &mut self.fresh, &self.known, Style::Examples);
        let request = self.request(&call);
        let Ok(answer) = self.exchange(&request) else { return false };
        if !answer.is_success() {
            return false;
        }
        match &identity.carrier {
            Some(Carrier::Bearer(Where::Json(pointer))) => {
                let token = answer
                    .json()
                    .and_then(|json| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned));
                let Some(token) = token else { return false };
                self.carry_token(&token, pointer.clone());
            }
            Some(Carrier::Bearer(Where::Header(name))) => {
                let Some(token) = answer.header(name).map(str::to_owned) else { return false };
                self.carry_token(&token, String::new());
            }
            Some(Carrier::Bearer(_)) => return false,
            Some(Carrier::Field(name, place)) => {
                let Some(token) = crate::replay::text_at(&answer, place) else { return false };
                self.session.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                self.session.headers.push((name.clone(), token));
                self.session.token_at = Some(place.to_string());
            }
            None | Some(Carrier::Cookie) => self.carry_cookies(&answer),
        }
        self.said.push(Said { request, answer, identity: true, needed: false });
        true
    }

    fn register(&mut self) {
        self.known.registering = true;
        self.register_by_any();
        self.known.registering = false;
    }

    fn register_by_any(&mut self) {
        let all = self.operations;
        for operation in all.of(Purpose::Register) {
            self.known.credentials = Some(self.fresh.credentials());
            for style in [Style::Full, Style::Required, Style::Examples] {
                let call = Call::valid(operation, &mut self.fresh, &self.known, style);
                let Ok(answer) = self.send(&call) else { continue };
                if answer.is_success() || (300..400).contains(&answer.status) {
                    self.session.inferred.push(Inferred {
                        what: format!("{operation} makes a user"),
                        why: format!("{}, and it answered {}", operation.purpose_why, answer.status),
                    });
                    self.take_up_credentials(&call);
                    self.learn(operation, &Control { call, answer: answer.clone() }, true);
                    self.carry(&answer);
                    return;
                }
            }
        }
        self.known.credentials = None;
    }

    fn log_in(&mut self) {
        // A login is a stranger's request: the last session may have ended, and a replay must not depend on it.
        let before = std::mem::take(&mut self.session.headers);
        if !self.log_in_by_any() {
            self.session.headers = before;
        }
    }

    fn log_in_by_any(&mut self) -> bool {
        let all = self.operations;
        for operation in all.of(Purpose::Login) {
            for style in [Style::Full, Style::Required, Style::Examples] {
                let call = Call::valid(operation, &mut self.fresh, &self.known, style);
                let Ok(answer) = self.send(&call) else { continue };
                let request = self.request(&call);
                let carried =
                    (answer.is_success() || (300..400).contains(&answer.status)) && self.carry(&answer);
                if carried {
                    self.session.inferred.push(Inferred {
                        what: format!("{operation} logs in"),
                        why: format!(
                            "{}, and it answered {} with {}",
                            operation.purpose_why,
                            answer.status,
                            self.carrier()
                        ),
                    });
                    if let Some(json) = answer.json() {
                        self.known.learn(&operation.route(), &json);
                    }
                    self.said.push(Said { request, answer, identity: true, needed: false });
                    return true;
                }
            }
        }
        false
    }

    /// Where nobody logs in and a key is asked for: takes one from an operation that gives it to strangers.
    fn take_key(&mut self) {
        if !self.session.headers.is_empty() {
            return;
        }
        let all = self.operations;
        for operation in all.key_givers().take(KEY_GIVERS) {
            for style in [Style::Full, Style::Required, Style::Examples] {
                let call = Call::valid(operation, &mut self.fresh, &self.known, style);
                let Ok(answer) = self.send(&call) else { continue };
                let json = answer.json().filter(|_| answer.is_success());
                let Some((pointer, key)) = json.as_ref().and_then(|json| token(json).or_else(|| key(json)))
                else {
                    continue;
                };
                let request = self.request(&call);
                self.carry_token(&key, pointer);
                self.session.inferred.push(Inferred {
                    what: format!("{operation} gives a key"),
                    why: format!("it answered {} with {}", answer.status, self.carrier()),
                });
                self.said.push(Said { request, answer, identity: true, needed: false });
                return;
            }
        }
    }

    /// The name and the secret that were really sent: a schema may have asked for others than were meant.
    fn take_up_credentials(&mut self, call: &Call) {
        let Some(known) = self.known.credentials.as_mut() else { return };
        let sent: Vec<(String, String)> = match &call.payload {
            Payload::Json(Value::Object(fields)) => fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            Payload::Form(pairs) => pairs.clone(),
            _ => return,
        };
        let names: Vec<String> = sent.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in sent {
            match meaning(called(&name, names.iter().map(String::as_str))) {
                Meaning::Email => known.email = value,
                Meaning::Username => known.username = value,
                Meaning::Password => known.password = value,
                _ => {}
            }
        }
    }

    fn carrier(&self) -> String {
        match (&self.session.token_at, self.session.headers.first()) {
            (Some(pointer), _) => format!("a token at {pointer}"),
            (None, Some((name, _))) => format!("a {name}"),
            (None, None) => "nothing to carry".to_owned(),
        }
    }

    /// Takes up whatever an answer gives for showing later who calls. Whether there was any.
    fn carry(&mut self, answer: &Exchange) -> bool {
        let token = answer.json().and_then(|json| token(&json));
        let had_cookie = answer.header_all("set-cookie").next().is_some();
        if had_cookie {
            self.carry_cookies(answer);
        }
        if let Some((pointer, token)) = &token {
            self.carry_token(token, pointer.clone());
        }
        token.is_some() || had_cookie
    }

    /// Where the document names a header for its key, there; else as a bearer token.
    fn carry_token(&mut self, token: &str, pointer: String) {
        let schemes = self.operations.list.iter().filter_map(|operation| match &operation.auth {
            Auth::Required(schemes) => schemes.first(),
            _ => None,
        });
        let field = schemes.into_iter().find_map(|scheme| match scheme {
            Scheme::Key(Place::Header, name) => Some((name.clone(), token.to_owned())),
            Scheme::Key(Place::Cookie, name) => Some(("Cookie".to_owned(), format!("{name}={token}"))),
            _ => None,
        });
        let (name, value) = field.unwrap_or_else(|| ("Authorization".to_owned(), format!("Bearer {token}")));
        self.session.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.session.headers.push((name, value));
        self.session.token_at = Some(pointer);
    }

    fn carry_cookies(&mut self, answer: &Exchange) {
        let pairs: Vec<&str> = answer
            .header_all("set-cookie")
            .filter_map(|cookie| cookie.split(';').next())
            .map(str::trim)
            .collect();
        if !pairs.is_empty() {
            self.session.headers.retain(|(known, _)| !known.eq_ignore_ascii_case("cookie"));
            self.session.headers.push(("Cookie".to_owned(), pairs.join("; ")));
        }
    }

    /// Looks for a reading operation that refuses a stranger and lets the visitor in.
    fn verify(&mut self) {
        if self.session.headers.is_empty() {
            return;
        }
        let all = self.operations;
        for operation in all.list.iter().filter(|operation| operation.is_safe()).take(SETTLING) {
            let call = Call::valid(operation, &mut self.fresh, &self.known, Style::Required);
            let stranger = self.exchange(&Request::from(&call)).map(|answer| answer.status);
            if !matches!(stranger, Ok(401 | 403)) {
                continue;
            }
            let let_in = self.send(&call).ok().map(|answer| answer.status);
            let let_in = let_in.filter(|status| !matches!(status, 401 | 403) && *status < 500);
            if let (Ok(stranger), Some(let_in)) = (stranger, let_in) {
                self.session.verified = true;
                self.session.inferred.push(Inferred {
                    what: format!("{} shows who calls", self.carrier()),
                    why: format!("{operation} answers {stranger} without it, and {let_in} with it"),
                });
                return;
            }
        }
    }
}

/// How far an answer is from doing what was asked.
fn nearness(status: u16) -> u16 {
    match status {
        200..300 => 0,
        300..400 => 1,
        409 => 2,
        400 | 404 | 422 => 3,
        401 | 403 => 5,
        400..500 => 4,
        _ => 6,
    }
}

/// A key in an answer whose operation gives keys.
fn key(answer: &Value) -> Option<(String, String)> {
    let text = answer.get("key").and_then(Value::as_str).filter(|text| text.len() >= 8)?;
    Some(("/key".to_owned(), text.to_owned()))
}

/// The token in the answer to a login, and where it is.
fn token(answer: &Value) -> Option<(String, String)> {
    const NAMES: &[&str] = &[
        "token",
        "accesstoken",
        "jwt",
        "idtoken",
        "authtoken",
        "sessiontoken",
        "bearertoken",
        "sessionid",
        "apikey",
        "session",
        "access",
    ];
    fn search(value: &Value, at: &str, depth: usize) -> Option<(String, String)> {
        let object = value.as_object().filter(|_| depth < 4)?;
        let own = object.iter().find_map(|(name, value)| {
            let text =
                value.as_str().filter(|text| text.len() >= 8 && !text.contains(char::is_whitespace))?;
            let wanted = NAMES.contains(&super::names::folded(name).as_str());
            wanted.then(|| (format!("{at}/{name}"), text.to_owned()))
        });
        own.or_else(|| {
            object.iter().find_map(|(name, value)| search(value, &format!("{at}/{name}"), depth + 1))
        })
    }
    search(answer, "", 0)
}
