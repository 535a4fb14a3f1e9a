from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/api/notes")
async def list_notes(request):
    limit = int(request.query.get("limit", "10"))
    return web.json_response([limit, request.rel_url.query.get("tag")])


@routes.post("/api/notes")
async def add_note(request):
    data = await request.json()
    if "text" not in data:
        raise web.HTTPBadRequest()
    return web.json_response({"text": data["text"]}, status=201)


@routes.view(r"/api/notes/{note_id:\d{1,9}}")
class Note(web.View):
    async def get(self):
        return web.json_response({"id": self.request.match_info["note_id"]})

    async def delete(self):
        return web.Response(status=204)
