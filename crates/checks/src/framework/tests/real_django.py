"""Prints the routes that Django itself has with the settings of a module: `real_django.py module`. The methods of a function are asked for
one by one; its own applications and what a router adds by itself (suffixes) are left away."""
import os
import re
import sys

sys.path.insert(0, ".")
os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
import django
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver

django.setup()
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def spell(pattern):
    text = str(pattern)
    if hasattr(pattern, "_route"):
        return re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", r"{\1}", text)
    text = re.sub(r"\(\?P<(\w+)>(?:[^()\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])*\)", r"{\1}", text)
    return re.sub(r"^\^|\\Z$|\$$", "", text).replace("\\", "")


def methods(callback, values):
    if hasattr(callback, "actions"):
        return [method for method in callback.actions]
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if view:
        return [method for method in view.http_method_names if hasattr(view, method)]
    allowed = []
    for method in METHODS:
        request = RequestFactory().generic(method, "/")
        try:
            status = getattr(callback(request, **values), "status_code", 200)
        except Exception:
            status = 500
        if status != 405:
            allowed.append(method)
    return ["*"] if allowed == METHODS else allowed


def walk(patterns, before):
    for one in patterns:
        path = before + spell(one.pattern)
        if "format" in str(one.pattern) or path.startswith("admin/") or "document_root" in getattr(one, "default_args", {}):
            continue
        if isinstance(one, URLPattern):
            values = {name: "1" for name in re.findall(r"{(\w+)}", path)}
            for method in methods(one.callback, values):
                if method.upper() in (*METHODS, "*"):
                    print(method.upper(), "/" + path)
        else:
            walk(one.url_patterns, path)


walk(get_resolver().url_patterns, "")
