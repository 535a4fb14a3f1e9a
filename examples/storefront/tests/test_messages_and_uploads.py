"""Messages and pictures."""

from shop import messages, uploads
from shop.errors import ShopError

from .support import ShopTest

BOUNDARY = "harbour"


def form(name, media_type, data):
    """A multipart form with one picture."""
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n"
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return f"multipart/form-data; boundary={BOUNDARY}", head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


class MessagesTest(ShopTest):
    def test_message_is_listed_for_its_author(self):
        messages.create(self.user, {"subject": "Hours", "text": "Open on Sunday?"})
        items, total = messages.list_own(self.user, 20, 0)
        self.assertEqual((items[0]["subject"], total), ("Hours", 1))

    def test_message_needs_a_text(self):
        with self.assertRaises(ShopError):
            messages.create(self.user, {"subject": "Hours"})

    def test_messages_survive_a_restart(self):
        messages.create(self.user, {"subject": "Hours", "text": "Open on Sunday?"})
        messages.flush()
        messages.load()
        self.assertEqual(messages.get(1)["subject"], "Hours")


class UploadsTest(ShopTest):
    def test_picture_is_kept(self):
        saved = uploads.save(*form("boat.png", "image/png", b"\x89PNG boat"))
        self.assertEqual(uploads.read(saved["name"]), ("image/png", b"\x89PNG boat"))

    def test_other_types_are_refused(self):
        with self.assertRaises(ShopError) as caught:
            uploads.save(*form("notes.txt", "text/plain", b"hello"))
        self.assertEqual(caught.exception.status, 415)

    def test_unknown_picture(self):
        with self.assertRaises(ShopError) as caught:
            uploads.read("nothing.png")
        self.assertEqual(caught.exception.status, 404)
