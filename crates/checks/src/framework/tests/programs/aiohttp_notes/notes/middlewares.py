from aiohttp import web


@web.middleware
async def errors(request, handler):
    return await handler(request)
