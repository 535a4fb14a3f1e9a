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

/// Starts a fresh copy of the service and forwards 127.0.0.1:`port` to it until `stop` is set. `ready` is called once with the port
/// when it can be reached; port 0 takes any free one.
///
/// # Errors
/// When the service does not start or ends, or the port cannot be had.
pub fn serve(
    request: &Request<'_>,
    port: u16,
    stop: &AtomicBool,
    ready: impl FnOnce(u16),
) -> Result<(), ServeError> {
    // The port first: starting takes seconds, and nothing of it shows when the port is taken.
    let failed = |source| ServeError::Listen { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let running = Running::first(request)?;
    let way = running.way();
    ready(listener.local_addr().map_err(failed)?.port());
    let open = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((outside, _)) if open.load(Ordering::Relaxed) < SERVE_CONNECTIONS => {
                forward(outside, &way, &open)
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !running.alive() {
                    return Err(ServeError::Ended { log: running.log_tail() });
                }
                std::thread::sleep(Duration::from_millis(SERVICE_POLL_MS));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(SERVICE_POLL_MS)),
        }
    }
    Ok(())
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
