//! One connection, and requests whose last byte is held back until it is released.

use std::io::{self, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::answer::{Exchange, Reader, Timing, TransportError};
use super::request::Request;

/// One connection to a service.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Bytes that came after the last answer.
    buffer: Vec<u8>,
    host: String,
    /// How long one answer is awaited.
    timeout: Duration,
    /// Whether an answer has come over it, and it may carry another request.
    reusable: bool,
    exchanges: u64,
}

/// A request of which all but the last byte has been sent. Dropped unreleased, the connection closes and the request never arrives whole.
#[derive(Debug)]
pub struct Held {
    connection: Connection,
    request: Vec<u8>,
    method: String,
    released: Option<Instant>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, host: &str, timeout: Duration) -> Result<Self, TransportError> {
        // Nagle's algorithm would hold the last byte back until the first are acknowledged.
        stream.set_nodelay(true).map_err(TransportError::Io)?;
        stream.set_write_timeout(Some(timeout)).map_err(TransportError::Io)?;
        Ok(Self { stream, buffer: Vec::new(), host: host.to_owned(), timeout, reusable: true, exchanges: 0 })
    }

    /// How long one answer is awaited.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Whether it can carry another request.
    pub fn is_reusable(&self) -> bool {
        self.reusable
    }

    /// How many answers have come over it.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn send(&mut self, request: &Request) -> Result<Exchange, TransportError> {
        let bytes = request.to_bytes(&self.host);
        self.send_raw(bytes, &request.method)
    }

    /// Sends bytes as they are and reads one answer, as to a request made with `method` (an answer to HEAD has no body).
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn send_raw(&mut self, bytes: Vec<u8>, method: &str) -> Result<Exchange, TransportError> {
        // A service may answer and close before it has read everything (413): the answer counts, not the failed write.
        let written = self.write(&bytes);
        match (self.read(bytes, method, Instant::now()), written) {
            (Err(TransportError::Closed { received: 0, .. }), Err(error)) => Err(error),
            (answer, _) => answer,
        }
    }

    /// Writes bytes and reads nothing.
    ///
    /// # Errors
    /// When they could not be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.stream.write_all(bytes).map_err(|error| {
            self.reusable = false;
            match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    TransportError::Timeout { waited: self.timeout, received: 0 }
                }
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted => TransportError::Closed { received: 0, reset: true },
                _ => TransportError::Io(error),
            }
        })
    }

    /// Sends all of a request but its last byte.
    ///
    /// # Errors
    /// When the bytes could not be written.
    pub fn hold(mut self, request: &Request) -> Result<Held, TransportError> {
        let bytes = request.to_bytes(&self.host);
        let (most, _) = bytes.split_at(bytes.len().saturating_sub(1));
        self.write(most)?;
        Ok(Held { connection: self, request: bytes, method: request.method.clone(), released: None })
    }

    fn read(&mut self, request: Vec<u8>, method: &str, sent: Instant) -> Result<Exchange, TransportError> {
        let read = Reader::new(&mut self.stream, &mut self.buffer, sent + self.timeout).read(method);
        let answer = read.inspect_err(|_| self.reusable = false)?;
        self.exchanges += 1;
        self.reusable = self.reusable && answer.reusable;
        let timing =
            Timing { first_byte: answer.first_byte.saturating_duration_since(sent), total: sent.elapsed() };
        let (status, headers, body) = (answer.status, answer.headers, answer.body);
        Ok(Exchange { request, status, headers, body, timing, sent_again: false })
    }
}

impl Held {
    /// Sends the last byte.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn release(&mut self) -> Result<(), TransportError> {
        let last = self.request.last().copied().into_iter().collect::<Vec<u8>>();
        self.released = Some(Instant::now());
        self.connection.write(&last)
    }

    /// Reads the answer. Releases first, if that has not happened.
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn finish(mut self) -> (Result<Exchange, TransportError>, Connection) {
        if self.released.is_none()
            && let Err(error) = self.release()
        {
            return (Err(error), self.connection);
        }
        let sent = self.released.unwrap_or_else(Instant::now);
        let answer = self.connection.read(self.request, &self.method, sent);
        (answer, self.connection)
    }
}
