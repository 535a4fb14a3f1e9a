from aiohttp import web

admin = web.Application()


async def users(request):
    reader = await request.multipart()
    return web.json_response([])


admin.router.add_post("/users", users)
admin.add_routes([web.get("/", users)])
