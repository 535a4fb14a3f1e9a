//! Node's `http`.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{files, inputs, lines, program, real, route};

#[test]
fn comparisons_and_switches_are_what_the_server_answers() {
    let surface = program("node_http");
    assert_eq!(surface.not_read, []);
    assert!(surface.complete);
    let read = lines(&surface);
    let kept = [
        "* /ping",
        "DELETE /notes/{id}",
        "GET /",
        "GET /notes",
        "PATCH /settings",
        "POST /notes",
        "PUT /settings",
    ];
    assert_eq!(read.iter().map(String::as_str).collect::<Vec<_>>(), kept);
    assert_eq!(
        inputs(route(&surface, "GET", "/notes")),
        [(Query, "limit", Number, false), (Header, "x-user", Unknown, false)]
    );
    let arguments: Vec<&str> = read.iter().map(String::as_str).collect();
    if let Some(said) = real("", "real_node_http.cjs", "node_http", &arguments) {
        assert_eq!(said, read, "the server itself");
    }
}

#[test]
fn a_url_that_is_looked_up_makes_the_surface_incomplete_and_is_named() {
    let surface = files([(
        "app.js",
        "const http = require('http');\nconst pages = load();\nhttp.createServer((req, res) => {\n  const page = pages[req.url];\n  res.end(page);\n}).listen(1);\n",
    )]);
    assert!(!surface.complete && surface.routes.is_empty());
    assert_eq!(surface.not_read[0].what, "app.js:4");
    let any = files([(
        "app.js",
        "import { createServer } from 'node:http';\ncreateServer((req, res) => res.end('hi')).listen(1);\n",
    )]);
    assert!(!any.complete);
    assert_eq!(any.not_read[0].what, "app.js:2");
}
