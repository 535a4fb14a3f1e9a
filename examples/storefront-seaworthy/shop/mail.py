"""Receipts by mail: queued with the order in one transaction, sent by a thread, tried again until the server takes them."""

import logging
import smtplib
import sqlite3
import ssl
import threading
from datetime import timedelta
from email.message import EmailMessage
from html import escape

from . import clock, db

log = logging.getLogger("shop.mail")

POLL_S = 5
SMTP_TIMEOUT_S = 20
# While one replica sends a mail, and after it failed to, nobody else takes it for this long.
LEASE = timedelta(minutes=5)


def render_receipt(username, order):
    """The text of a receipt."""
    lines = [f"Ahoy {username},", "", f"thank you for your order number {order['id']}:", ""]
    for line in order["lines"]:
        lines.append(f"  {line['quantity']} x {line['name']} at {line['price']}")
    lines += ["", f"Total with tax: {order['total']} EUR", "", "Fair winds, Storefront"]
    return "\n".join(lines)


def queue_receipt(conn, username, order):
    """Put a receipt into the outbox. The caller holds the transaction."""
    recipient = f"{username}@customers.storefront.example"
    conn.execute(
        "INSERT INTO outbox (recipient, subject, text, not_before) VALUES (?, ?, ?, ?)",
        (recipient, f"Your order {order['id']}", render_receipt(username, order), clock.to_text(clock.now())),
    )


def to_message(row, sender):
    """The mail of an outbox row, as text and as HTML."""
    message = EmailMessage()
    message["Subject"] = row["subject"]
    message["From"] = sender
    message["To"] = row["recipient"]
    message.set_content(row["text"])
    message.add_alternative(f"<pre>{escape(row['text'])}</pre>", subtype="html")
    return message


class Mailer:
    """The thread that empties the outbox."""

    def __init__(self, settings):
        self.settings = settings
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, name="mailer", daemon=True)

    def start(self):
        """Begin sending."""
        self.thread.start()

    def stop(self):
        """End after the mail that is being sent."""
        self.stopping.set()
        self.thread.join(SMTP_TIMEOUT_S)

    def run(self):
        """Send what is due; a fault is logged, and the mail stays for the next round."""
        while not self.stopping.is_set():
            try:
                sent = self.send_next()
            except (OSError, smtplib.SMTPException, sqlite3.Error):
                log.exception("a receipt could not be sent; it stays in the outbox")
                sent = False
            if not sent:
                self.stopping.wait(POLL_S)

    def claim(self, conn):
        """The next mail that is due, held for us; or None."""
        now = clock.now()
        with db.writing(conn):
            due = "SELECT * FROM outbox WHERE not_before <= ? ORDER BY not_before LIMIT 1"
            row = conn.execute(due, (clock.to_text(now),)).fetchone()
            if row is not None:
                hold = "UPDATE outbox SET not_before = ? WHERE id = ?"
                conn.execute(hold, (clock.to_text(now + LEASE), row["id"]))
        return row

    def send_next(self):
        """Send one mail. False when none is due."""
        account = self.settings.mail
        with db.connect(self.settings.database) as conn:
            row = self.claim(conn)
            if row is None:
                return False
            with smtplib.SMTP(account.host, account.port, timeout=SMTP_TIMEOUT_S) as smtp:
                smtp.starttls(context=ssl.create_default_context())
                smtp.login(account.user, account.password)
                smtp.send_message(to_message(row, account.user))
            with db.writing(conn):
                conn.execute("DELETE FROM outbox WHERE id = ?", (row["id"],))
        return True
