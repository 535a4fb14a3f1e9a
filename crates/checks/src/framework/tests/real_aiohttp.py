"""Prints the routes that aiohttp itself has for the application of a module: `real_aiohttp.py module attribute`."""
import importlib
import inspect
import re
import sys

sys.path.insert(0, ".")
from aiohttp import web

app = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
for route in app.router.routes():
    if isinstance(route.resource, web.StaticResource) or route.method in ("HEAD", "OPTIONS"):
        continue
    is_view = inspect.isclass(route.handler) and issubclass(route.handler, web.View)
    methods = [one for one in ("get", "post", "put", "patch", "delete") if hasattr(route.handler, one)] if is_view else [route.method]
    for method in methods:
        print(method.upper(), route.resource.canonical)
