//! aiohttp.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{agrees, files, inputs, lines, program, real, route};

const NOTES: &[&str] = &[
    "* /any",
    "DELETE /api/notes/{note_id}",
    "DELETE /notes",
    "GET /",
    "GET /admin/",
    "GET /api/files/{name}",
    "GET /api/notes",
    "GET /api/notes/{note_id}",
    "GET /health",
    "GET /profile",
    "PATCH /profile",
    "POST /admin/users",
    "POST /api/notes",
    "POST /hooks",
    "PUT /things/{id}",
];

#[test]
fn notes_in_tables_and_sub_applications_have_the_routes_that_aiohttp_has() {
    let real = real("aiohttp", "real_aiohttp.py", "aiohttp_notes", &["main", "app"]);
    agrees(&program("aiohttp_notes"), NOTES, real);
}

#[test]
fn what_aiohttp_handlers_read_is_told_through_functions_and_classes() {
    let notes = program("aiohttp_notes");
    let read = |method: &str, path: &str| inputs(route(&notes, method, path)).len();
    let list = inputs(route(&notes, "GET", "/api/notes"));
    assert_eq!(list, [(Query, "limit", Integer, false), (Query, "tag", Unknown, false)]);
    assert_eq!(inputs(route(&notes, "POST", "/api/notes")), [(Json, "text", Unknown, true)]);
    assert_eq!(inputs(route(&notes, "GET", "/api/notes/{note_id}")), [(Path, "note_id", Integer, true)]);
    assert_eq!(inputs(route(&notes, "GET", "/profile")), [(Cookie, "session", Unknown, false)]);
    assert_eq!(inputs(route(&notes, "PATCH", "/profile")), [(Json, "name", Unknown, true)]);
    assert_eq!(inputs(route(&notes, "PUT", "/things/{id}"))[1..], [(Form, "title", Unknown, true)]);
    assert_eq!(inputs(route(&notes, "POST", "/admin/users")), [(File, "file", Unknown, false)]);
    assert_eq!(inputs(route(&notes, "GET", "/")), [(Header, "Accept-Language", Unknown, false)]);
    assert_eq!(inputs(route(&notes, "POST", "/hooks")), [(Header, "X-Signature", Unknown, true)]);
    assert_eq!(read("GET", "/health"), 0);
    let handler = route(&notes, "DELETE", "/api/notes/{note_id}").handler.clone().expect("a handler");
    assert_eq!(handler.symbol, "Note.delete");
}

#[test]
fn what_aiohttp_is_told_at_run_time_makes_the_surface_incomplete_and_is_named() {
    let text = "from aiohttp import web\napp = web.Application()\n\nasync def h(request):\n    pass\n\nfor path in open('paths'):\n    app.router.add_get(path, h)\napp.add_routes(load())\napp.add_subapp('/x', make())\napp.router.add_post('/known', h)\n";
    let dynamic = files([("app.py", text)]);
    assert_eq!(lines(&dynamic).into_iter().collect::<Vec<_>>(), ["POST /known"]);
    let named: Vec<&str> = dynamic.not_read.iter().map(|not_read| not_read.what.as_str()).collect();
    assert_eq!(named, ["app.py:8", "app.py:9", "app.py:10"]);
    let client = files([("c.py", "import aiohttp\n\nasync def f(session):\n    session.get('/x')\n")]);
    assert!(client.complete && client.routes.is_empty());
}
