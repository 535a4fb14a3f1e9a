//! Koa.

use super::guards;

#[test]
fn koa_has_what_was_used_before_in_lists_and_below_paths() {
    let found = guards([
        (
            "app.ts",
            r#"
import Koa from 'koa';
import Router from '@koa/router';
import bodyParser from 'koa-bodyparser';
import jwt from 'koa-jwt';
import { requireAdmin } from './auth';
import { orders } from './orders';
const app = new Koa();
app.use(bodyParser());
const open = new Router();
open.post('/login', limit({ max: 5 }), async (ctx) => { ctx.body = {}; });
app.use(open.routes());
app.use(jwt({ secret }));
const router = new Router({ prefix: '/v1' });
router.get('/early', async (ctx) => { ctx.body = {}; });
router.use(requireAdmin);
router.use('/orders', orders.routes());
router.get('/users', async (ctx) => { ctx.body = {}; });
app.use(router.routes());
"#,
        ),
        (
            "orders.ts",
            r#"
import Router from '@koa/router';
export const orders = new Router();
orders.use(count());
orders.get('/', async (ctx) => { ctx.body = []; });
"#,
        ),
        ("auth.ts", "export async function requireAdmin(ctx, next) { await next(); }\n"),
    ]);
    let whole = ["Application bodyParser()", "Application jwt({ secret })"];
    assert_eq!(found["POST /login"], [whole[0], "Route limit({ max: 5 })"]);
    assert_eq!(found["GET /v1/early"], whole);
    let below = [&whole[..], &["Router requireAdmin = requireAdmin"]].concat();
    assert_eq!(found["GET /v1/users"], below);
    assert_eq!(found["GET /v1/orders"], [&below[..], &["Router count()"]].concat());
}

#[test]
fn koa_has_no_guard_before_what_the_guard_lets_through() {
    let found = guards([(
        "app.js",
        r#"
const Koa = require('koa');
const Router = require('@koa/router');
const jwt = require('koa-jwt');
const app = new Koa();
const router = new Router();
const open = ['/login', /^\/public\//, { url: '/notes', methods: ['GET'] }];
const guard = jwt({ secret }).unless({ path: open, method: 'OPTIONS' });
app.use(guard);
router.post('/login', async (ctx) => { ctx.body = {}; });
router.get('/public/:name', async (ctx) => { ctx.body = {}; });
router.get('/notes', async (ctx) => { ctx.body = {}; });
router.post('/notes', async (ctx) => { ctx.body = {}; });
app.use(router.routes());
"#,
    )]);
    for open in ["POST /login", "GET /public/{name}", "GET /notes"] {
        assert_eq!(found[open], [""; 0], "{open}");
    }
    assert_eq!(found["POST /notes"], ["Application guard"]);
}
