"""Messages from customers to the shop. Their author and the administrators may read them."""

from . import clock, db
from .errors import ShopError


def to_json(row):
    """A message as the contract has it."""
    return {key: row[key] for key in ("id", "subject", "text", "created_at")}


def create(conn, user, data):
    """Keep a message; it is on the disk when this returns."""
    with db.writing(conn):
        message_id = conn.execute(
            "INSERT INTO messages (user_id, subject, text, created_at) VALUES (?, ?, ?, ?)",
            (user["id"], data["subject"], data["text"], clock.to_text(clock.now())),
        ).lastrowid
    return get(conn, user, message_id)


def list_own(conn, user, limit, offset):
    """One page of the user's messages, newest first, and how many there are."""
    rows = conn.execute(
        "SELECT * FROM messages WHERE user_id = ? ORDER BY id DESC LIMIT ? OFFSET ?", (user["id"], limit, offset)
    ).fetchall()
    total = conn.execute("SELECT COUNT(*) FROM messages WHERE user_id = ?", (user["id"],)).fetchone()[0]
    return {"items": [to_json(row) for row in rows], "total": total}


def get(conn, user, message_id):
    """A message this user may read, else a 404."""
    row = conn.execute("SELECT * FROM messages WHERE id = ?", (message_id,)).fetchone()
    if row is None or not (user["is_admin"] or row["user_id"] == user["id"]):
        raise ShopError(404, "There is no such message.")
    return to_json(row)
