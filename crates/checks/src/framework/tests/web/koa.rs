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
