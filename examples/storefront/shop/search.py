"""Search in the catalogue."""

import re

from . import catalogue

MAX_RESULTS = 50


def matches(pattern, product):
    """True when the name or the description of a product matches."""
    return pattern.search(product["name"]) or pattern.search(product["description"])


def search(conn, query):
    """Products that match, newest first. The query may use patterns such as `map|flag`."""
    pattern = re.compile(query, re.IGNORECASE)
    rows = conn.execute("SELECT * FROM products ORDER BY id DESC").fetchall()
    found = [row for row in rows if matches(pattern, row)]
    return {"query": query, "items": [catalogue.to_json(row) for row in found[:MAX_RESULTS]]}
