//! `seaworthy trial SERVICE --serve PORT`: a fresh copy of the service, reachable from outside, for the lines a finding prints.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use seaworthy_core::limits::{HTTP_CONNECT_TIMEOUT_MS, SERVE_CONNECTIONS, SERVICE_POLL_MS};

use crate::Request;
use crate::http::Connect;
use crate::service::{NotReady, Running};

/// Why a copy could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The service is not ready.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The service ended while it was served.
    #[error("the service ended; its last lines:\n{log}")]
    Ended {
        /// The last lines of its log.
        log: String,
    },
}

/// Starts a fresh copy of the service and forwards 127.0.0.1:`ports[0]` to it until `stop` is set; each further port leads to a further copy
/// that shares its files and data. `ready` is called once with the ports when all can be reached; port 0 takes any free one.
///
/// # Errors
/// When the service does not start or ends, or a port cannot be had.
pub fn serve(
    request: &Request<'_>,
    ports: &[u16],
    stop: &AtomicBool,
    ready: impl FnOnce(&[u16]),
) -> Result<(), ServeError> {
    // The ports first: starting takes seconds, and nothing of it shows when a port is taken.
    let listeners = ports.iter().map(|port| listen(*port)).collect::<Result<Vec<_>, _>>()?;
    let mut copies = vec![Running::first(request)?];
    while copies.len() < listeners.len() {
        let next = copies.first().map(Running::replica).transpose()?;
        copies.extend(next);
    }
    ready(&listeners.iter().map(|(_, port)| *port).collect::<Vec<_>>());
    let open = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        let mut idle = true;
        for ((listener, _), copy) in listeners.iter().zip(&copies) {
            let room = open.load(Ordering::Relaxed) < SERVE_CONNECTIONS;
            if let Ok((outside, _)) = listener.accept() {
                idle = false;
                if room {
                    forward(outside, &copy.way(), &open);
                }
            }
        }
        if idle {
            if let Some(ended) = copies.iter().find(|copy| !copy.alive()) {
                return Err(ServeError::Ended { log: ended.log_tail() });
            }
            std::thread::sleep(Duration::from_millis(SERVICE_POLL_MS));
        }
    }
    Ok(())
}

/// Whether every port can be had, before anything else is looked at: whoever waits for the copy would reach whatever listens there.
///
/// # Errors
/// Which cannot, and why.
pub fn ports_are_free(ports: &[u16]) -> Result<(), ServeError> {
    ports.iter().try_for_each(|port| listen(*port).map(drop))
}

fn listen(port: u16) -> Result<(TcpListener, u16), ServeError> {
    let failed = |source| ServeError::Listen { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// Pumps both directions on threads of their own; each ends with its connection.
fn forward(outside: TcpStream, way: &Arc<dyn Connect>, open: &Arc<AtomicUsize>) {
    let inside = way.connect(None, Duration::from_millis(HTTP_CONNECT_TIMEOUT_MS));
    let Ok(inside) = inside.and_then(|inside| outside.set_nonblocking(false).map(|()| inside)) else {
        return;
    };
    let (Ok(outside_too), Ok(inside_too)) = (outside.try_clone(), inside.try_clone()) else { return };
    open.fetch_add(1, Ordering::Relaxed);
    std::thread::spawn(move || pump(outside_too, inside_too));
    let open = Arc::clone(open);
    std::thread::spawn(move || {
        pump(inside, outside);
        open.fetch_sub(1, Ordering::Relaxed);
    });
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let copied = io::copy(&mut from, &mut to);
    // An orderly end is passed on as one; after a failure neither side has anything to wait for.
    let how = if copied.is_ok() { Shutdown::Write } else { Shutdown::Both };
    let _ = to.shutdown(how);
    if copied.is_err() {
        let _ = from.shutdown(Shutdown::Both);
    }
}
