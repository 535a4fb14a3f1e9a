"""Messages from customers to the shop.

They are kept in memory and written to a JSON file in the background, so that sending a message never waits for
the disk.
"""

import json
import threading
import time
from datetime import datetime

from . import config
from .errors import ShopError

_lock = threading.Lock()
_messages = []
_changed = False


def load():
    """Read the messages of the last run."""
    global _messages
    try:
        with open(config.MESSAGES_FILE, encoding="utf-8") as file:
            _messages = json.load(file)
    except Exception:
        _messages = []


def flush():
    """Write the messages to disk if there are new ones."""
    global _changed
    with _lock:
        if _changed:
            with open(config.MESSAGES_FILE, "w", encoding="utf-8") as file:
                json.dump(_messages, file)
            _changed = False


def flush_forever():
    """Body of the background thread."""
    while True:
        time.sleep(config.FLUSH_SECONDS)
        flush()


def start():
    """Load what was saved and start the background writer."""
    load()
    threading.Thread(target=flush_forever, daemon=True).start()


def to_json(message):
    """A message as the API returns it."""
    return {key: message[key] for key in ("id", "subject", "text", "created_at")}


def create(user, data):
    """Keep a new message."""
    global _changed
    if not data.get("subject") or not data.get("text"):
        raise ShopError(422, "subject and text are needed.")
    with _lock:
        message = {
            "id": len(_messages) + 1,
            "user_id": user["id"],
            "subject": data["subject"].strip(),
            "text": data["text"].strip(),
            "created_at": datetime.utcnow().isoformat() + "Z",
        }
        _messages.append(message)
        _changed = True
    return to_json(message)


def list_own(user, limit, offset):
    """One page of the user's messages, newest first, and how many there are."""
    own = [message for message in reversed(_messages) if message["user_id"] == user["id"]]
    return [to_json(message) for message in own[offset : offset + limit]], len(own)


def get(message_id):
    """One message, or a 404."""
    for message in _messages:
        if message["id"] == message_id:
            return to_json(message)
    raise ShopError(404, "There is no such message.")
