"""How often something was tried lately, counted in the store, so that all replicas and all connections share it."""

from datetime import timedelta

from . import clock, db
from .errors import ShopError

WINDOW = timedelta(minutes=15)


def reserve(conn, limits):
    """Count one try for each subject of `limits` ({subject: most tries in the window}), before its outcome is known.

    Returns a ticket for `forgive`. Raises a 429 when a subject had its tries; then nothing is counted.
    """
    now = clock.now()
    with db.writing(conn):
        conn.execute("DELETE FROM attempts WHERE at < ?", (clock.to_text(now - WINDOW),))
        for subject, limit in limits.items():
            tried = conn.execute("SELECT COUNT(*) FROM attempts WHERE subject = ?", (subject,)).fetchone()[0]
            if tried >= limit:
                retry_after = ("Retry-After", str(int(WINDOW.total_seconds())))
                raise ShopError(429, "Too many tries. Please wait a quarter of an hour.", [retry_after])
        insert = "INSERT INTO attempts (subject, at) VALUES (?, ?)"
        return [conn.execute(insert, (subject, clock.to_text(now))).lastrowid for subject in limits]


def forgive(conn, ticket):
    """Take a counted try back, because it was a good one."""
    conn.executemany("DELETE FROM attempts WHERE id = ?", [(row,) for row in ticket])
