//! `http.server`.

use std::path::Path;

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{files, inputs, lines, real, route, surface_of};
use crate::tree::Tree;

/// The operations of an OpenAPI document.
fn promised(example: &Path) -> std::collections::BTreeSet<String> {
    let text = std::fs::read_to_string(example.join("openapi.json")).expect("the document");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").keys();
        methods
            .filter(|key| *key != "parameters")
            .map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

#[test]
fn the_storefronts_table_has_the_operations_that_its_document_promises() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/storefront");
    let surface = surface_of(&Tree::open(&example).expect("the example"));
    assert_eq!(surface.not_read, []);
    assert!(surface.complete);
    assert_eq!(lines(&surface), promised(&example));
    let login = inputs(route(&surface, "POST", "/api/login"));
    assert!(login.contains(&(Json, "username", Unknown, false)), "{login:?}");
    let search = inputs(route(&surface, "GET", "/api/search"));
    assert!(search.contains(&(Query, "q", Unknown, false)), "{search:?}");
    let product = route(&surface, "GET", "/api/products/{product_id}");
    assert_eq!(inputs(product)[0], (Path, "product_id", Integer, true));
    assert_eq!(product.handler.as_ref().expect("a handler").symbol, "Handler.get_product");
}

#[test]
fn a_server_of_its_own_is_said_not_to_be_read() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/storefront-seaworthy");
    let surface = surface_of(&Tree::open(&example).expect("the example"));
    assert!(!surface.complete);
    assert!(surface.not_read.iter().any(|not| not.what == "shop/web/server.py:32"), "{:?}", surface.not_read);
}

/// Everything that is read of comparisons: each line is answered by the real server, and nothing else is.
#[test]
fn comparisons_prefixes_expressions_and_tables_are_what_the_server_answers() {
    let surface = super::program("http_server");
    assert_eq!(surface.not_read, []);
    assert!(surface.complete);
    let read = lines(&surface);
    let kept = [
        "DELETE /notes/{note_id}",
        "GET /",
        "GET /about",
        "GET /files/{name}",
        "GET /help",
        "GET /notes",
        "GET /notes/{note_id}",
        "POST /form",
        "POST /notes",
        "PUT /settings/theme",
    ];
    assert_eq!(read.iter().map(String::as_str).collect::<Vec<_>>(), kept);
    assert_eq!(
        inputs(route(&surface, "POST", "/notes")),
        [
            // It answers 400 without a list of tags.
            (Json, "tags", List, true),
            (Json, "text", Unknown, true),
            (Header, "Content-Length", Integer, true)
        ]
    );
    assert_eq!(inputs(route(&surface, "GET", "/notes")), [(Query, "limit", Integer, false)]);
    let form = inputs(route(&surface, "POST", "/form"));
    assert!(form.contains(&(Form, "email", Unknown, true)), "{form:?}");
    let arguments: Vec<&str> = read.iter().map(String::as_str).collect();
    let said = real("", "real_http_server.py", "http_server", &arguments);
    assert_eq!(said.expect("Python"), read, "the server itself");
}

#[test]
fn a_path_that_is_taken_apart_makes_the_surface_incomplete_and_is_named() {
    let surface = files([(
        "app.py",
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n\nclass H(BaseHTTPRequestHandler):\n    def do_GET(self):\n        parts = self.path.split('/')\n        if parts[1] == 'users':\n            self.send_response(200)\n\nHTTPServer(('', 80), H)\n",
    )]);
    assert!(!surface.complete && surface.routes.is_empty());
    assert_eq!(surface.not_read[0].what, "app.py:5");
    let none = files([("a.py", "print('no server')\n")]);
    assert!(none.complete && none.routes.is_empty() && none.not_read.is_empty());
    let other = files([("urls.py", "from pyramid.config import Configurator\nroutes = []\n")]);
    assert!(!other.complete);
    assert_eq!(other.not_read[0].what, "urls.py:1");
    let bare = files([("s.js", "const net = require('net');\nnet.createServer(() => {}).listen(80);\n")]);
    assert!(!bare.complete);
}
