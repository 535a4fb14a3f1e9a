//! The HTTP client against servers that are not ours (Python's, Node's where it is installed) and against canned answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions that clippy knows")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use seaworthy_trial::http::{Client, Connect, Request, TransportError, released_together};

struct Local(u16);

impl Connect for Local {
    fn connect(&self, _: Option<Ipv4Addr>, timeout: Duration) -> std::io::Result<TcpStream> {
        TcpStream::connect_timeout(&([127, 0, 0, 1], self.0).into(), timeout)
    }

    fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.0)
    }
}

/// Answers each connection with the next of these texts as soon as the head of a request has come, and closes it.
fn canned(answers: Vec<Vec<u8>>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut seen = Vec::new();
            let mut byte = [0];
            while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                seen.extend_from_slice(&byte);
            }
            let _ = stream.write_all(&answer);
        }
    });
    Client::new(Arc::new(Local(port))).with_timeout(Duration::from_secs(5))
}

fn answered(answer: &str) -> Result<seaworthy_trial::http::Exchange, TransportError> {
    canned(vec![answer.as_bytes().to_vec()]).send(&Request::new("GET", "/"))
}

#[test]
fn bodies_end_where_rfc_9112_says() {
    // RFC 9112, 6.3 and 7.1: by chunks, by length, by the end of the connection; interim answers come before.
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=\"y\"\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: 1\r\n\r\n";
    assert_eq!(answered(chunked).unwrap().body, b"Wikipedia");
    assert_eq!(answered("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef").unwrap().body, b"abc");
    assert_eq!(answered("HTTP/1.0 200 OK\r\n\r\nto the end").unwrap().body, b"to the end");
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(answered(early).unwrap().status, 204);
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert!(matches!(answered(""), Err(TransportError::Closed { received: 0, .. })));
    assert!(
        matches!(answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), Err(TransportError::Closed { received, .. }) if received > 0)
    );
    assert!(matches!(answered("SSH-2.0-OpenSSH_9.2\r\n"), Err(TransportError::Malformed { .. })));
    assert!(matches!(
        answered("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        Err(TransportError::TooLarge { .. })
    ));
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
    assert!(matches!(answered(chunk), Err(TransportError::TooLarge { .. })));
    let refused = Client::new(Arc::new(Local(1))).send(&Request::new("GET", "/"));
    assert!(matches!(refused, Err(TransportError::Connect(_))));
}

#[test]
fn silence_ends_at_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::new(Arc::new(Local(port))).with_timeout(Duration::from_millis(200));
    let answer = client.send(&Request::new("GET", "/"));
    assert!(matches!(answer, Err(TransportError::Timeout { received: 0, .. })), "{answer:?}");
}

#[test]
fn a_connection_closed_while_idle_is_replaced_once_and_said() {
    // Each connection answers one request, says it stays open, and closes.
    let one = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na".to_vec();
    let client = canned(vec![one.clone(), one]);
    let first = client.send(&Request::new("GET", "/")).unwrap();
    let second = client.send(&Request::new("GET", "/")).unwrap();
    assert_eq!((first.sent_again, second.sent_again), (false, true));
    // The third finds nobody.
    assert!(client.send(&Request::new("GET", "/")).is_err());
}

#[test]
fn requests_released_together_arrive_whole_only_then() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut streams: Vec<TcpStream> = (0..8).map(|_| listener.accept().unwrap().0).collect();
        for stream in &mut streams {
            let (mut seen, mut byte) = (Vec::new(), [0]);
            while !seen.ends_with(b"\r\n\r\nhello") && stream.read(&mut byte).unwrap_or(0) == 1 {
                seen.extend_from_slice(&byte);
            }
            stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    let client = Client::new(Arc::new(Local(port)));
    let clients: Vec<Client> = (0..8).map(|_| client.another()).collect();
    let request = Request { body: b"hello".to_vec(), ..Request::new("POST", "/") };
    let requests: Vec<(&Client, Request)> = clients.iter().map(|client| (client, request.clone())).collect();
    let answers = released_together(&requests);
    assert!(
        answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 201)),
        "{answers:?}"
    );
    server.join().unwrap();
}
