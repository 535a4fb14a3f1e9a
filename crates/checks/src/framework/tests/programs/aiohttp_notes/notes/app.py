from aiohttp import web

from . import pages
from .admin import admin
from .api import routes
from .middlewares import errors

API = "/api"


async def health(request):
    return web.json_response({"ok": True})


def make_app():
    app = web.Application(middlewares=[errors])
    app.add_routes(routes)
    app.add_routes([web.get("/health", health), web.static("/static", "."), *pages.table])
    setup_routes(app, pages.Hooks("secret"))
    app.add_subapp("/admin/", admin)
    return app


def setup_routes(app, hooks):
    router = app.router
    router.add_get(API + "/files/{name:[^{}/]+}", pages.file)
    router.add_route("*", "/any", health)
    router.add_view("/profile", pages.Profile)
    add_post = router.add_post
    add_post("/hooks", hooks.receive)
    resource = app.router.add_resource("/things/{id}")
    resource.add_route("PUT", pages.put_thing)
