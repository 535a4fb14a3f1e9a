"""Pictures that users upload."""

import os
from email import message_from_bytes

from . import config
from .errors import ShopError

ALLOWED_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
TYPES_BY_SUFFIX = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}


def parse_form(content_type, body):
    """Return the file name, media type and bytes of the form field `file`."""
    head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
    for part in message_from_bytes(head + body).get_payload():
        if part.get_param("name", header="content-disposition") == "file":
            return part.get_filename(), part.get_content_type(), part.get_payload(decode=True)
    raise ShopError(422, "The form field `file` is missing.")


def save(content_type, body):
    """Keep an uploaded picture and say where it is."""
    if not content_type.startswith("multipart/form-data"):
        raise ShopError(415, "Send the picture as multipart/form-data.")
    name, media_type, data = parse_form(content_type, body)
    if media_type not in ALLOWED_TYPES:
        raise ShopError(415, "Only PNG, JPEG, GIF and WebP pictures are accepted.")
    os.makedirs(config.UPLOAD_DIR, exist_ok=True)
    with open(os.path.join(config.UPLOAD_DIR, name), "wb") as file:
        file.write(data)
    return {"name": name, "url": f"/uploads/{name}", "media_type": media_type, "size": len(data)}


def read(name):
    """The media type and bytes of an uploaded picture."""
    path = os.path.join(config.UPLOAD_DIR, name)
    if not os.path.isfile(path):
        raise ShopError(404, "There is no such picture.")
    suffix = os.path.splitext(name)[1].lower()
    with open(path, "rb") as file:
        return TYPES_BY_SUFFIX.get(suffix, "application/octet-stream"), file.read()
