//! Flask.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{agrees, files, inputs, lines, program, real, route};

const SHOP: &[&str] = &[
    "DELETE /accounts/{account_id}",
    "DELETE /admin/cache",
    "GET /",
    "GET /accounts/{account_id}",
    "GET /admin/report/{day}",
    "GET /health",
    "GET /search",
    "GET /v1/orders/",
    "GET /v1/orders/{order_id}",
    "GET /v1/orders/{order_id}/items/{name}",
    "POST /accounts/login",
    "POST /health",
    "POST /v1/orders/",
    "PUT /accounts/{account_id}/avatar",
];

const NOTES: &[&str] =
    &["GET /about/", "GET /api/notes", "GET /api/notes/{note_id}/{weight}", "POST /api/notes"];

#[test]
fn a_shop_of_blueprints_views_and_rules_has_the_routes_that_flask_has() {
    agrees(&program("flask_shop"), SHOP, real("flask", "real_flask.py", "flask_shop", &["app", "app"]));
}

#[test]
fn a_blueprint_registered_in_a_loop_has_the_routes_that_flask_has() {
    agrees(&program("flask_notes"), NOTES, real("flask", "real_flask.py", "flask_notes", &["main", "app"]));
}

#[test]
fn what_flask_handlers_read_is_told_through_locals_and_functions() {
    let shop = program("flask_shop");
    let login = inputs(route(&shop, "POST", "/accounts/login")).clone();
    assert_eq!(login, [(Json, "password", Unknown, true), (Json, "username", Unknown, true)]);
    let search = inputs(route(&shop, "GET", "/search"));
    assert_eq!(search, [(Query, "page", Integer, false), (Query, "q", Unknown, true)]);
    let account = inputs(route(&shop, "GET", "/accounts/{account_id}"));
    assert_eq!(
        account,
        [
            (Path, "account_id", Integer, true),
            (Header, "User-Agent", Unknown, false),
            (Cookie, "seen", Unknown, false)
        ]
    );
    let avatar = inputs(route(&shop, "PUT", "/accounts/{account_id}/avatar"));
    assert_eq!(avatar[1..], [(Form, "title", Unknown, false), (File, "picture", Unknown, true)]);
    assert_eq!(inputs(route(&shop, "POST", "/v1/orders/")), [(Json, "quantity", Integer, true)]);
    let handler = route(&shop, "POST", "/v1/orders/").handler.clone().expect("a handler");
    assert_eq!(handler.symbol, "Orders.post");
    let notes = program("flask_notes");
    assert_eq!(
        inputs(route(&notes, "POST", "/api/notes")),
        [(Json, "tags", List, false), (Json, "text", Unknown, true)]
    );
}

#[test]
fn what_flask_is_told_at_run_time_makes_the_surface_incomplete_and_is_named() {
    let dynamic = files([(
        "app.py",
        "from flask import Flask\napp = Flask(__name__)\n\ndef f():\n    return ''\n\nfor name in open('names'):\n    app.add_url_rule(name, view_func=f)\n\n@app.get('/known')\ndef known():\n    return ''\n",
    )]);
    assert!(!dynamic.complete);
    assert_eq!(lines(&dynamic).into_iter().collect::<Vec<_>>(), ["GET /known"]);
    assert_eq!(dynamic.not_read[0].what, "app.py:8");
    let unknown = files([("app.py", "from other import app\n\n@app.route('/x')\ndef x():\n    return ''\n")]);
    assert!(!unknown.complete && unknown.routes.is_empty());
    let unmounted = files([(
        "bp.py",
        "from flask import Blueprint\nbp = Blueprint('b', __name__)\n\n@bp.route('/x')\ndef x():\n    return ''\n",
    )]);
    assert!(!unmounted.complete && unmounted.routes.is_empty());
    assert_eq!(unmounted.not_read[0].what, "bp.py:2");
}

#[test]
fn a_value_that_goes_round_through_the_projects_functions_ends() {
    let round = files([(
        "app.py",
        "from flask import Flask, request\napp = Flask(__name__)\n\ndef bold(html):\n    return '<b>' + html\n\ndef clean(html):\n    return html\n\n\
         @app.get('/x')\ndef x():\n    html = request.args.get('html')\n    html = bold(html)\n    html = clean(html)\n    html = clean(bold(html))\n    \
         return html\n",
    )]);
    assert_eq!(lines(&round).into_iter().collect::<Vec<_>>(), ["GET /x"]);
}
