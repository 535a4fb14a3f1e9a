"""Search in the catalogue: plain words, all of which must be there. No patterns, so no pattern can take for ever."""

from . import catalogue

MAX_RESULTS = 50


def search(conn, query):
    """At most 50 products with all the words of the query, newest first."""
    words = sorted(set(catalogue.to_words(query).split()))
    if not words:
        return {"query": query, "items": []}
    condition = " AND ".join(["instr(words, ?) > 0"] * len(words))
    rows = conn.execute(
        f"SELECT * FROM products WHERE {condition} ORDER BY id DESC LIMIT {MAX_RESULTS}", words
    ).fetchall()
    return {"query": query, "items": [catalogue.to_json(row) for row in rows]}
