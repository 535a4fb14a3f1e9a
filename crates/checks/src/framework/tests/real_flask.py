"""Prints the routes that Flask itself has for the application of a module: `real_flask.py module attribute`."""
import importlib
import re
import sys

sys.path.insert(0, ".")
app = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
for rule in app.url_map.iter_rules():
    if rule.endpoint != "static":
        path = re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", r"{\1}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            print(method, path)
