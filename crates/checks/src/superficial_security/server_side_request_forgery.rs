//! # server-side-request-forgery
//!
//! The server fetches whatever address a caller gives. From where the server stands more can be reached than from outside: the cloud's
//! metadata (169.254.169.254), databases, administration on localhost.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request is the host of an address that the server sends a request to (`requests`, `httpx`, `urllib`, `aiohttp`,
//!   `fetch`, `axios`, `needle`, `http.request`, Rust's `reqwest`);
//! - **warning**: the same of an address that one handler writes into a column and another reads from it (webhooks), since who may write there is
//!   not followed.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: parts of the path or query behind a host that is fixed, hosts checked against a list, numbers; in Python, hosts every address of which
//! (`getaddrinfo`, `ip_address`) was asked for `is_global` or `is_private`; in Rust, hosts whose addresses are looked up first (`lookup_host`,
//! `to_socket_addrs`), whatever is asked of them. A client of Rust is known by its type, and where none is written by the name `client` or `http`. Whether the address that was checked is the one that is connected to is not seen.
//!
//! ## What to do
//!
//! A list of hosts. Where any public address is meant (previews, webhooks): only `http` and `https`, resolve the name, refuse loopback, private and
//! link-local addresses, connect to the address that was checked (or the name may resolve differently the second time), and check again on
//! every redirect.
//!
//! Source: [CWE-918](https://cwe.mitre.org/data/definitions/918.html);
//! [OWASP SSRF Prevention](https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html).

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::flow::finding::{Words, say};
use crate::flow::{Flow, Risk};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("server-side-request-forgery"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a caller says where the server sends a request",
        applies_to: "request sent by a handler",
        variants: &[],
        source: include_str!("server_side_request_forgery.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Request,
    into: "the address of",
    harm: "whoever sends it reaches what only this server can: the cloud's metadata, services inside",
    severity: Severity::Error,
    python: "allow hosts by name: `urlparse(url).hostname in ALLOWED`; where any public address is meant, resolve it, refuse private ones, connect to the address that was checked, and follow no redirects",
    script: "allow hosts by name: `ALLOWED.has(new URL(url).hostname)`; where any public address is meant, resolve it, refuse private ones, connect to the address that was checked, and follow no redirects",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}
