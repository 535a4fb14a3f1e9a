//! Replay files (`seaworthy.replay/v1`): what a probe did, step by step, and what fit software would have done; run again on a fresh process.
//!
//! One description serves both ways of seeing a finding again: [`replay()`] runs the steps, and [`lines`] writes them as shell lines.

pub mod crash;
mod perform;
mod shell_lines;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seaworthy_core::RuleId;
use seaworthy_core::limits::REPLAY_SEEN_CHARS;
use seaworthy_core::plan::promise::Place;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::{Exchange, Request, TransportError};

pub(crate) use perform::perform_and_keep;
pub use perform::{Actor, Attempt, ReplayError, Replayed, perform, read, replay, text_at};
pub use shell_lines::{AroundLines, lines};

/// The format's name, in the file's `format`.
pub const FORMAT: &str = "seaworthy.replay/v1";

/// A replay file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// [`FORMAT`].
    pub format: String,
    /// The service's name.
    pub service: String,
    /// The probe.
    pub probe: RuleId,
    /// Its variant.
    pub variant: String,
    /// The seed of the run that found it.
    pub seed: u64,
    /// The command that started the service when it was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<String>,
    /// How many copies of the service share its data; steps name one by its index.
    #[serde(default = "one")]
    pub replicas: usize,
    /// What is done, in order. A control expectation that fails makes the attempt worthless; a challenge expectation that fails is the defect.
    pub steps: Vec<Step>,
    /// What is to be seen, as a sentence.
    pub see: String,
    /// What went over the wire when it was seen, for people; running the replay does not read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Seen>,
}

/// A request and its answer, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The request's bytes.
    pub request: String,
    /// The answer's head and body; how the exchange ended where there was none.
    pub answer: String,
}

impl Seen {
    fn of(message: &Message, exchange: &Result<Exchange, TransportError>) -> Self {
        match exchange {
            Ok(exchange) => {
                let mut answer = format!("HTTP {}\n", exchange.status);
                for (name, value) in &exchange.headers {
                    answer.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value)));
                }
                answer.push('\n');
                answer.push_str(&exchange.text());
                Self {
                    request: shortened(&String::from_utf8_lossy(&exchange.request)),
                    answer: shortened(&answer),
                }
            }
            Err(error) => Self {
                request: shortened(&format!("{} {}\n\n{}", message.method, message.target, message.body)),
                answer: error.to_string(),
            },
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(REPLAY_SEEN_CHARS) {
        Some((end, _)) => format!("{}\n.. and more", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Sends a request and looks at its answer.
    Send(Send),
    /// Sends requests on connections of their own and releases their last bytes at one moment.
    Together {
        /// The requests.
        requests: Vec<Message>,
        /// What fit software does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<ExpectTogether>,
    },
    /// Writes until killed with SIGKILL, starts again on the same data, and reads back what was acknowledged.
    Crash(Crash),
    /// Ends the process with SIGKILL and starts it again on the same data.
    Restart {
        /// Which copy.
        #[serde(default)]
        on: usize,
    },
}

/// Sends a request and looks at its answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The request.
    pub request: Message,
    /// To which copy.
    #[serde(default)]
    pub on: usize,
    /// What of the answer later steps use, by name. `cookie:*` keeps all cookies.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub save: BTreeMap<String, Saved>,
    /// What fit software answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// Whether an unmet expectation is the defect. Otherwise it is a control: the attempt is worthless without it.
    #[serde(default)]
    pub challenge: bool,
}

/// A place of an answer, as the plan writes it.
pub type Saved = Place;

/// A round of writing under load, killing, restarting and reading back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Whether the process is killed. Without, what is gone was lost under the load alone.
    // Written only when it is not the usual.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub kill: bool,
    /// Writes one value; `${value}` is a fresh one.
    pub write: Message,
    /// What of the answer the reading uses, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub save: BTreeMap<String, Saved>,
    /// Sent once to the restarted service before reading, such as a new login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before_reading: Vec<Send>,
    /// Reads it back.
    pub read: Message,
    /// What the reading's answer has to be; usually, that it contains `${value}`.
    pub expect: Expect,
    /// Clients writing at one time.
    pub writers: usize,
    /// When the process is killed, or the load ends, after the first write, earliest and latest.
    pub kill_after_ms: [u64; 2],
}

/// A request in a replay. In every text, `${name}` is what an earlier step saved under that name; `${unique}` and `${value}` are fresh.
/// Other text is sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// Header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, when it is text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The body in base64 (RFC 4648), when it is not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body_base64: String,
    /// The whole request in base64, when no ordinary writer would send it so. Nothing in it is replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub raw_base64: String,
}

/// What one answer has to be. All that is said must hold; an answer must come in any case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `200`, `2XX`, or `not 5XX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Text in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Text not in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// How long the answer may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u64>,
    /// A place of the answer, and what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceTest>,
}

/// What a place of an answer holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceTest {
    /// Where.
    pub at: Place,
    /// Exactly this; numbers by value, texts with names replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// A number not below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// A number not above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Default for PlaceTest {
    /// That there is a status, which always holds.
    fn default() -> Self {
        Self { at: Place::Status, equals: None, at_least: None, at_most: None }
    }
}

/// What the answers to requests released together have to be. Always a challenge.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectTogether {
    /// How many may be answered 2xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successes_at_most: Option<usize>,
    /// What each answer has to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Expect>,
}

impl Message {
    /// A request as it would be sent.
    pub fn of(request: &Request) -> Self {
        let (method, target, headers) =
            (request.method.clone(), request.target.clone(), request.headers.clone());
        let (body, body_base64) = match std::str::from_utf8(&request.body) {
            Ok(text) => (text.to_owned(), String::new()),
            Err(_) => (String::new(), STANDARD.encode(&request.body)),
        };
        Self { method, target, headers, body, body_base64, raw_base64: String::new() }
    }

    /// Bytes sent as they are. `method` says how the answer is read.
    pub fn raw(method: &str, bytes: &[u8]) -> Self {
        Self { method: method.to_owned(), raw_base64: STANDARD.encode(bytes), ..Self::default() }
    }

    /// The request, with names replaced; names that are not known stay as they are.
    pub fn request(&self, names: &BTreeMap<String, String>) -> Request {
        let fill = |text: &str| filled(text, names);
        let body = if self.body_base64.is_empty() {
            fill(&self.body).into_bytes()
        } else {
            STANDARD.decode(&self.body_base64).unwrap_or_default()
        };
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        Request { method: self.method.clone(), target: fill(&self.target), headers, body }
    }

    /// Whether it holds a name that stands for a fresh value.
    pub fn mentions_fresh(&self) -> bool {
        let texts = self.headers.iter().map(|(_, value)| value).chain([&self.target, &self.body]);
        texts.into_iter().any(|text| ["${unique}", "${value}", "${n}"].iter().any(|name| text.contains(name)))
    }

    /// The raw bytes, when it is a raw request.
    pub fn raw_bytes(&self) -> Option<Vec<u8>> {
        if self.raw_base64.is_empty() { None } else { STANDARD.decode(&self.raw_base64).ok() }
    }
}

/// Replaces `${name}` for the names that are known.
pub(crate) fn filled(text: &str, names: &BTreeMap<String, String>) -> String {
    if !text.contains("${") {
        return text.to_owned();
    }
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}
