//! A client of one service: keeps a connection as a browser would, opens fresh ones on demand, and lets many requests go at one moment.

use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::Duration;

use seaworthy_core::limits::{HTTP_ANSWER_TIMEOUT_MS, HTTP_CONNECT_TIMEOUT_MS};

use super::answer::{Exchange, TransportError};
use super::connection::Connection;
use super::request::Request;

/// A way to a service.
pub trait Connect: Send + Sync {
    /// Opens a connection, from this address where one is given.
    ///
    /// # Errors
    /// What the system says.
    fn connect(&self, source: Option<Ipv4Addr>, timeout: Duration) -> io::Result<TcpStream>;

    /// What `Host` says (RFC 9110, 7.2): `127.0.0.1:8000`.
    fn authority(&self) -> String;
}

/// One user of a service, with a connection of their own. Can be shared between threads; then its requests take turns.
pub struct Client {
    way: Arc<dyn Connect>,
    host: String,
    timeout: Duration,
    source: Option<Ipv4Addr>,
    idle: Mutex<Option<Connection>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.host)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client that goes this way.
    pub fn new(way: Arc<dyn Connect>) -> Self {
        let host = way.authority();
        Self {
            way,
            host,
            timeout: Duration::from_millis(HTTP_ANSWER_TIMEOUT_MS),
            source: None,
            idle: Mutex::new(None),
        }
    }

    /// Another user of the same service, with no connection yet.
    pub fn another(&self) -> Self {
        Self {
            way: Arc::clone(&self.way),
            host: self.host.clone(),
            timeout: self.timeout,
            source: self.source,
            idle: Mutex::new(None),
        }
    }

    /// How long each answer is awaited.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same user at another address. All of 127.0.0.0/8 is ours; whoever counts by address counts afresh.
    pub fn at(mut self, source: Ipv4Addr) -> Self {
        self.source = Some(source);
        self.close();
        self
    }

    /// What `Host` says.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Opens a connection that is this caller's alone.
    ///
    /// # Errors
    /// When none could be opened.
    pub fn connect(&self) -> Result<Connection, TransportError> {
        let timeout = Duration::from_millis(HTTP_CONNECT_TIMEOUT_MS).min(self.timeout);
        let stream = self.way.connect(self.source, timeout).map_err(TransportError::Connect)?;
        Connection::new(stream, &self.host, self.timeout)
    }

    /// Sends a request over the kept connection, or a fresh one. Where a kept connection turns out to be closed and not one byte
    /// came back, it is sent once more over a fresh one, and the exchange says so: services close idle connections at any time (RFC 9112, 9.3.1).
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn send(&self, request: &Request) -> Result<Exchange, TransportError> {
        self.send_raw(request.to_bytes(&self.host), &request.method)
    }

    /// Sends bytes as they are; see [`Client::send`] and [`Connection::send_raw`].
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn send_raw(&self, bytes: Vec<u8>, method: &str) -> Result<Exchange, TransportError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut sent_again = false;
        if let Some(mut connection) = kept {
            match connection.send_raw(bytes.clone(), method) {
                Err(TransportError::Closed { received: 0, .. }) => sent_again = true,
                other => {
                    self.keep(connection);
                    return other;
                }
            }
        }
        let mut connection = self.connect()?;
        let answer = connection.send_raw(bytes, method);
        self.keep(connection);
        answer.map(|exchange| Exchange { sent_again, ..exchange })
    }

    /// Closes the kept connection.
    pub fn close(&self) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn keep(&self, connection: Connection) {
        if connection.is_reusable() {
            *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
    }
}

/// Sends every request on a connection of its own, all but the last byte first, and then the last bytes all at one moment: one thread
/// each, waiting at a barrier. The answers are in the order of the requests.
pub fn released_together(requests: &[(&Client, Request)]) -> Vec<Result<Exchange, TransportError>> {
    let barrier = Barrier::new(requests.len().max(1));
    std::thread::scope(|scope| {
        let waiting: Vec<_> = requests
            .iter()
            .map(|(client, request)| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let held = client.connect().and_then(|connection| connection.hold(request));
                    // Everybody waits, also who could not connect: a missing one would keep the others for ever.
                    barrier.wait();
                    held.and_then(|held| held.finish().0)
                })
            })
            .collect();
        let lost = |_| Err(TransportError::Io(io::Error::other("a sending thread panicked")));
        waiting.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
    })
}
