"""Receipts by mail."""

import smtplib
from email.message import EmailMessage

from . import config


def render_receipt(username, order):
    """The text of a receipt."""
    lines = [f"Ahoy {username},", "", f"thank you for your order number {order['id']}:", ""]
    for line in order["lines"]:
        lines.append(f"  {line['quantity']} x {line['name']} at {line['price']}")
    lines += ["", f"Total with tax: {order['total']} EUR", "", "Fair winds, Storefront"]
    return "\n".join(lines)


def build_html_message(text):
    """The same receipt for mail programs that prefer HTML."""
    from email.mime.html import MIMEHtml

    return MIMEHtml("<pre>" + text + "</pre>")


def send_receipt(username, order):
    """Mail the receipt. True when it was handed over to the mail server."""
    if not config.SMTP_HOST:
        return False
    try:
        text = render_receipt(username, order)
        message = EmailMessage()
        message["Subject"] = f"Your order {order['id']}"
        message["From"] = config.SMTP_USER
        message["To"] = f"{username}@customers.storefront.example"
        message.set_content(text)
        message.make_mixed()
        message.attach(build_html_message(text))
        with smtplib.SMTP(config.SMTP_HOST, timeout=10) as smtp:
            smtp.login(config.SMTP_USER, config.SMTP_PASSWORD)
            smtp.send_message(message)
        return True
    except Exception:
        return False
