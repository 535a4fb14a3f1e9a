//! aiohttp.

use super::guards;

#[test]
fn aiohttp_has_middlewares_of_applications_and_decorators() {
    let found = guards([(
        "app.py",
        r#"
from aiohttp import web
import aiohttp_session

routes = web.RouteTableDef()

@web.middleware
async def errors(request, handler):
    return await handler(request)

def require(role):
    @web.middleware
    async def check(request, handler):
        return await handler(request)
    return check

@routes.get("/")
async def index(request):
    pass

@routes.post("/login")
@limited(5)
async def login(request):
    pass

@routes.view("/me")
class Me(web.View):
    @login_required
    async def get(self):
        pass

async def users(request):
    pass

app = web.Application(middlewares=[errors])
aiohttp_session.setup(app, storage)
app.middlewares.append(require("user"))
app.add_routes(routes)
admin = web.Application(middlewares=[require("admin")])
admin.router.add_get("/users", users)
app.add_subapp("/admin", admin)
"#,
    )]);
    let whole = [
        "Application middlewares: errors = errors",
        "Application aiohttp_session.setup(app, storage)",
        "Application middlewares: require(\"user\") = require",
    ];
    assert_eq!(found["GET /"], whole);
    assert_eq!(found["POST /login"], [&whole[..], &["Route limited(5)"]].concat());
    assert_eq!(found["GET /me"], [&whole[..], &["Route login_required"]].concat());
    let admin = "Router middlewares: require(\"admin\") = require";
    assert_eq!(found["GET /admin/users"], [&whole[..], &[admin]].concat());
}
