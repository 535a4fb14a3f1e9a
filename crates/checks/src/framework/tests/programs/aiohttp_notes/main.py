from aiohttp import web

from notes.app import make_app

app = make_app()

if __name__ == "__main__":
    web.run_app(app, port=8080)
