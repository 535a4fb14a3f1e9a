//! What stands before each handler.

mod aiohttp;
mod django;
mod express;
mod fastify;
mod koa;
mod next;
mod rust;

use std::collections::BTreeMap;

use seaworthy_core::Plan;

use crate::Quiet;
use crate::context::Context;
use crate::facts::definitions::Definitions;
use crate::facts::graph::Graph;
use crate::facts::reader;
use crate::framework::defined::Defined;
use crate::framework::web::Web;
use crate::framework::{Project, read};
use crate::packages::Packages;
use crate::tree::Tree;

/// The guards of every route, as they are written, by `METHOD path`.
fn guards<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, Vec<String>> {
    let (tree, plan) = (Tree::of_files(files), Plan::default());
    let sources = reader::read(&tree, &plan, &Quiet);
    let graph = Graph::of(&tree, &sources.files);
    let packages = Packages::find(&tree, None, &[]);
    let files = &sources.files;
    let (packages, graph) = (&packages, &graph);
    let context = Context {
        tree: &tree,
        plan: &plan,
        files,
        texts: &[],
        graph,
        definitions: &Definitions::of(files),
        defined: &Defined::of(files),
        packages,
        web: Web::NONE,
        database: crate::database::Database::NONE,
        process: crate::process::Process::NONE,
    };
    let project = Project::of(&context);
    let (_, web) = read(&project);
    let written = |guard: &crate::framework::web::Guard<'_>| {
        let function = guard.function.map_or(String::new(), |(_, function)| format!(" = {}", function.name));
        let option = guard.option.map_or(String::new(), |option| format!("{option}: "));
        format!("{:?} {option}{}{function}", guard.reach, files[guard.file].text_of(guard.expr.extent))
    };
    web.handlers
        .iter()
        .map(|handler| {
            (format!("{} {}", handler.method, handler.path), handler.guards.iter().map(written).collect())
        })
        .collect()
}

#[test]
fn flask_has_hooks_extensions_and_decorators() {
    let found = guards([(
        "app.py",
        r#"
from flask import Flask, Blueprint
from flask_wtf import CSRFProtect
from flask_limiter import Limiter

app = Flask(__name__)
CSRFProtect(app)
limiter = Limiter(key, app=app)
admin = Blueprint("admin", __name__, url_prefix="/admin")

@admin.before_request
def only_admins():
    pass

@app.route("/")
def index():
    return "hi"

@app.post("/login")
@limiter.limit("5/minute")
def login():
    return "in"

@admin.get("/users")
@login_required
def users():
    return "all"

app.register_blueprint(admin)
"#,
    )]);
    let whole = ["Application CSRFProtect(app)", "Application Limiter(key, app=app)"];
    assert_eq!(found["GET /"], whole);
    assert_eq!(found["POST /login"], [&whole[..], &["Route limiter.limit(\"5/minute\")"]].concat());
    let below = ["Router admin.before_request = only_admins", "Route login_required"];
    assert_eq!(found["GET /admin/users"], [&whole[..], &below].concat());
}

#[test]
fn fastapi_has_dependencies_of_application_router_inclusion_and_route() {
    let found = guards([
        (
            "main.py",
            r#"
from fastapi import FastAPI, Depends
from starlette.middleware.sessions import SessionMiddleware
from users import router
from auth import current_user, admin

app = FastAPI(dependencies=[Depends(trace)])
app.add_middleware(SessionMiddleware, secret_key=KEY)

@app.middleware("http")
async def timing(request, call_next):
    return await call_next(request)

@app.get("/open")
def open_to_all():
    return {}

app.include_router(router, prefix="/v1", dependencies=[Depends(admin)])
"#,
        ),
        (
            "users.py",
            r#"
from typing import Annotated
from fastapi import APIRouter, Depends
from auth import current_user

router = APIRouter(prefix="/users", dependencies=[Depends(count)])

@router.get("/me")
def me(user: Annotated[User, Depends(current_user)], db=Depends(get_db)):
    return user
"#,
        ),
        ("auth.py", "def current_user(token):\n    return 1\n\ndef admin():\n    return 2\n"),
    ]);
    let whole = [
        "Application Depends(trace)",
        "Application app.add_middleware(SessionMiddleware, secret_key=KEY)",
        "Application app.middleware(\"http\") = timing",
    ];
    let open: std::collections::BTreeSet<&str> = found["GET /open"].iter().map(String::as_str).collect();
    assert_eq!(open, whole.into_iter().collect());
    let below: Vec<&str> = found["GET /v1/users/me"][3..].iter().map(String::as_str).collect();
    assert_eq!(
        below,
        [
            "Route Depends(admin) = admin",
            "Router Depends(count)",
            "Route Depends(current_user) = current_user",
            "Route Depends(get_db)"
        ]
    );
}

#[test]
fn express_asks_in_the_order_in_which_things_were_added() {
    let found = guards([
        (
            "app.js",
            r#"
const express = require("express");
const helmet = require("helmet");
const { requireAuth } = require("./auth");
const orders = require("./orders");
const app = express();
app.use(helmet());
app.get("/early", (req, res) => res.send("x"));
app.use(express.json());
app.use("/admin", requireAuth);
app.get("/admin/users", (req, res) => res.json([]));
app.get("/administer", (req, res) => res.json([]));
app.post("/login", limit({ max: 5 }), (req, res) => res.json({}));
app.use("/orders", requireAuth, orders);
app.use(late());
"#,
        ),
        (
            "orders.js",
            r#"
const { Router } = require("express");
const router = Router();
router.get("/", (req, res) => res.json([]));
router.use(audit);
router.delete("/:id", [owner, check], (req, res) => res.end());
module.exports = router;
"#,
        ),
        ("auth.js", "function requireAuth(req, res, next) { next(); }\nmodule.exports = { requireAuth };\n"),
    ]);
    let json = ["Application helmet()", "Application express.json()"];
    let auth = "Router requireAuth = requireAuth";
    assert_eq!(found["GET /early"], ["Application helmet()"]);
    assert_eq!(found["GET /admin/users"], [&json[..], &[auth]].concat());
    assert_eq!(found["GET /administer"], json);
    assert_eq!(found["POST /login"], [&json[..], &["Route limit({ max: 5 })"]].concat());
    assert_eq!(found["GET /orders"], [&json[..], &[auth]].concat());
    assert_eq!(
        found["DELETE /orders/{id}"],
        [&json[..], &[auth, "Router audit", "Route owner", "Route check"]].concat()
    );
}
