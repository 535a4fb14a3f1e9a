from aiohttp import web


async def index(request: web.Request):
    return web.Response(text=request.headers.get("Accept-Language"))


async def file(request):
    return web.Response(text=request.match_info["name"])


async def put_thing(request):
    form = await request.post()
    return web.Response(text=form["title"])


class Hooks:
    def __init__(self, secret):
        self.secret = secret

    async def receive(self, request):
        return web.Response(text=request.headers["X-Signature"])


class Profile(web.View):
    async def get(self):
        return web.Response(text=self.request.cookies.get("session"))

    async def patch(self):
        data = await self.request.json()
        return web.json_response(data["name"])


table = [web.get("/", index), web.route("DELETE", "/notes", index)]
