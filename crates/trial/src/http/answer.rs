//! What came back: an answer read within bounds, or how the exchange ended without one.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use seaworthy_core::limits::{HTTP_BODY_BYTES, HTTP_HEAD_BYTES, HTTP_HEADER_FIELDS};
use serde_json::Value;

/// Characters of a body that a sentence quotes.
const TOLD: usize = 200;

/// A request and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The bytes that were sent.
    pub request: Vec<u8>,
    /// The status code.
    pub status: u16,
    /// Header fields in the order in which they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// How long it took.
    pub timing: Timing,
    /// Whether this is the second sending, after an idle connection turned out to be closed already.
    pub sent_again: bool,
}

/// How long an exchange took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// From the last byte sent to the first received.
    pub first_byte: Duration,
    /// From the last byte sent to the last received.
    pub total: Duration,
}

/// How an exchange ended without an answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection was made.
    #[error("could not connect: {0}")]
    Connect(#[source] io::Error),
    /// The connection ended. `received` is how many bytes of an answer had come.
    #[error("the connection was closed after {received} bytes of an answer")]
    Closed {
        /// Bytes of the answer.
        received: usize,
        /// Whether it was a reset rather than an orderly end.
        reset: bool,
    },
    /// No whole answer came in time.
    #[error("no whole answer within {} ms ({received} bytes came)", waited.as_millis())]
    Timeout {
        /// How long was waited.
        waited: Duration,
        /// Bytes of the answer.
        received: usize,
    },
    /// What came is not HTTP/1.x (RFC 9112).
    #[error("the answer is not HTTP/1.1: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
    },
    /// The answer is larger than is read.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Anything else the system said.
    #[error("the exchange failed: {0}")]
    Io(#[source] io::Error),
}

impl TransportError {
    /// Whether not one byte of an answer came.
    pub fn is_silent(&self) -> bool {
        match self {
            Self::Connect(_) => true,
            Self::Closed { received, .. } | Self::Timeout { received, .. } => *received == 0,
            Self::Malformed { .. } | Self::TooLarge { .. } | Self::Io(_) => false,
        }
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

impl Exchange {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of the first header field of this name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_all(name).next()
    }

    /// The values of all header fields of this name, where they are text.
    pub fn header_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let wanted = name.to_ascii_lowercase();
        let named = self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(&wanted));
        named.filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The body as JSON, whatever its media type says.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text, where necessary with replacement characters.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Status and the beginning of the body, for a sentence: ``403, saying `not a member` ``.
    pub fn told(&self) -> String {
        let body = self.text().split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = body.chars().take(TOLD).collect();
        let cut = if shown.len() < body.len() { " .." } else { "" };
        match shown.as_str() {
            "" => self.status.to_string(),
            shown => format!("{}, saying `{shown}{cut}`", self.status),
        }
    }
}

/// What was read of an answer, besides what belongs to the exchange as a whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) first_byte: Instant,
    /// Whether the connection can carry another request.
    pub(super) reusable: bool,
}

/// Reads one answer, and keeps what came after it for the next.
pub(super) struct Reader<'a> {
    pub(super) stream: &'a mut TcpStream,
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) deadline: Instant,
    pub(super) started: Instant,
    received: usize,
    first_byte: Option<Instant>,
}

struct Head {
    length: usize,
    status: u16,
    minor: u8,
    headers: Vec<(String, Vec<u8>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a mut TcpStream, buffer: &'a mut Vec<u8>, deadline: Instant) -> Self {
        Self { stream, buffer, deadline, started: Instant::now(), received: 0, first_byte: None }
    }

    /// Reads one final answer to a request made with `method`.
    pub(super) fn read(mut self, method: &str) -> Result<Answer, TransportError> {
        loop {
            let head = self.head()?;
            self.buffer.drain(..head.length);
            // Interim answers (RFC 9110, 15.2) come before the final one.
            if (100..200).contains(&head.status) && head.status != 101 {
                continue;
            }
            return self.body(method, head);
        }
    }

    fn head(&mut self) -> Result<Head, TransportError> {
        loop {
            if let Some(head) = parse_head(self.buffer)? {
                return Ok(head);
            }
            if self.buffer.len() > HTTP_HEAD_BYTES {
                return Err(TransportError::TooLarge { limit: HTTP_HEAD_BYTES });
            }
            if self.more()? == 0 {
                return Err(TransportError::Closed { received: self.received, reset: false });
            }
        }
    }

    /// The body by RFC 9112, 6.3: none, chunked, by length, or up to the end of the connection.
    fn body(mut self, method: &str, head: Head) -> Result<Answer, TransportError> {
        let value = |name: &str| {
            let found = head.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| String::from_utf8_lossy(value).trim().to_ascii_lowercase())
        };
        let connection = value("connection").unwrap_or_default();
        let mut reusable =
            if head.minor == 0 { connection.contains("keep-alive") } else { !connection.contains("close") };
        let body = if method == "HEAD" || matches!(head.status, 101 | 204 | 304) {
            Vec::new()
        } else if value("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
            self.chunked()?
        } else if let Some(length) = value("content-length") {
            let length = length
                .parse::<usize>()
                .map_err(|_| TransportError::Malformed { what: format!("Content-Length: {length}") })?;
            self.exactly(length)?
        } else {
            reusable = false;
            self.until_closed()?
        };
        let first_byte = self.first_byte.unwrap_or(self.started);
        Ok(Answer { status: head.status, headers: head.headers, body, first_byte, reusable })
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, TransportError> {
        if length > HTTP_BODY_BYTES {
            return Err(TransportError::TooLarge { limit: HTTP_BODY_BYTES });
        }
        self.fill(length)?;
        Ok(self.buffer.drain(..length).collect())
    }

    /// Reads until the buffer holds `length` bytes.
    fn fill(&mut self, length: usize) -> Result<(), TransportError> {
        while self.buffer.len() < length {
            if self.more()? == 0 {
                return Err(TransportError::Closed { received: self.received, reset: false });
            }
        }
        Ok(())
    }

    fn until_closed(&mut self) -> Result<Vec<u8>, TransportError> {
        while self.more()? > 0 {
            if self.buffer.len() > HTTP_BODY_BYTES {
                return Err(TransportError::TooLarge { limit: HTTP_BODY_BYTES });
            }
        }
        Ok(std::mem::take(self.buffer))
    }

    /// RFC 9112, 7.1. Chunk extensions and trailers are read over.
    fn chunked(&mut self) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(|_| TransportError::Malformed {
                what: format!("a chunk of size {:?}", digits.chars().take(20).collect::<String>()),
            })?;
            if size > HTTP_BODY_BYTES - body.len() {
                return Err(TransportError::TooLarge { limit: HTTP_BODY_BYTES });
            }
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            self.fill(size + 2)?;
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
        }
    }

    fn line(&mut self) -> Result<String, TransportError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.buffer.len() > HTTP_HEAD_BYTES {
                return Err(TransportError::TooLarge { limit: HTTP_HEAD_BYTES });
            }
            if self.more()? == 0 {
                return Err(TransportError::Closed { received: self.received, reset: false });
            }
        }
    }

    /// Reads what there is into the buffer; 0 at the end of the connection.
    fn more(&mut self) -> Result<usize, TransportError> {
        let mut chunk = [0; 16 * 1024];
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let waited = self.deadline.saturating_duration_since(self.started);
            if left.is_zero() {
                return Err(TransportError::Timeout { waited, received: self.received });
            }
            self.stream.set_read_timeout(Some(left)).map_err(TransportError::Io)?;
            match self.stream.read(&mut chunk) {
                Ok(read) => {
                    if read > 0 {
                        self.first_byte.get_or_insert_with(Instant::now);
                    }
                    self.received += read;
                    self.buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error, waited)),
            }
        }
    }

    fn failed(&self, error: io::Error, waited: Duration) -> TransportError {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                TransportError::Timeout { waited, received: self.received }
            }
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                TransportError::Closed { received: self.received, reset: true }
            }
            _ => TransportError::Io(error),
        }
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<Head>, TransportError> {
    let mut fields = [httparse::EMPTY_HEADER; HTTP_HEADER_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(buffer) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(length)) => {
            let headers =
                response.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
            Ok(Some(Head {
                length,
                status: response.code.unwrap_or_default(),
                minor: response.version.unwrap_or(1),
                headers,
            }))
        }
        Err(error) => {
            let start: String = String::from_utf8_lossy(buffer).chars().take(60).collect();
            Err(TransportError::Malformed { what: format!("{error} in {start:?}") })
        }
    }
}
