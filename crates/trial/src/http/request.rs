//! A request, and the bytes it becomes.

use crate::schema::Call;

/// A request as it is meant; framing and `Host` are added when it becomes bytes, unless they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// The method, as it is sent.
    pub method: String,
    /// The request target (RFC 9112, 3.2), percent-encoded already.
    pub target: String,
    /// Header fields in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The body, possibly empty.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers or body.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), ..Self::default() }
    }

    /// Adds a header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives a header field this value, whether or not it was there before.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// The value of the first header field of this name.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Gives it a JSON body.
    pub fn json(mut self, value: &serde_json::Value) -> Self {
        self.set_header("Content-Type", "application/json");
        self.body = value.to_string().into_bytes();
        self
    }

    /// The path, without the query string.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// `METHOD /path`, as people write it.
    pub fn label(&self) -> String {
        format!("{} {}", self.method, self.path())
    }

    /// The bytes to send. `Content-Length` is said when there is a body, or when the method means one (RFC 9110, 8.6), unless
    /// the headers frame the body themselves.
    pub fn to_bytes(&self, host: &str) -> Vec<u8> {
        let has = |name: &str| self.header_value(name).is_some();
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut line = |name: &str, value: &str| {
            for part in [name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        };
        if !has("host") {
            line("Host", host);
        }
        if !has("user-agent") {
            line("User-Agent", "seaworthy");
        }
        if !has("accept") {
            line("Accept", "*/*");
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        let framed = has("content-length") || has("transfer-encoding");
        let means_body = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        if !framed && (means_body || !self.body.is_empty()) {
            line("Content-Length", &self.body.len().to_string());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl From<&Call> for Request {
    fn from(call: &Call) -> Self {
        Self {
            method: call.method.clone(),
            target: call.target(),
            headers: call.header_fields(),
            body: call.body().1,
        }
    }
}
