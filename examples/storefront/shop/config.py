"""Settings of the shop, in one place."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DATABASE = BASE_DIR / "shop.db"
UPLOAD_DIR = BASE_DIR / "uploads"
MESSAGES_FILE = BASE_DIR / "messages.json"
STATIC_DIR = BASE_DIR / "static"
OPENAPI_FILE = BASE_DIR / "openapi.json"

HOST = "0.0.0.0"
PORT = 8000

# Used to sign the receipt links we send to customers.
APP_SECRET = os.environ.get("APP_SECRET", "storefront-dev-secret")

# Outgoing mail. Receipts are only mailed when a server is configured.
SMTP_HOST = os.environ.get("SMTP_HOST")
SMTP_USER = "receipts@storefront.example"
SMTP_PASSWORD = "mV7kd92Lq4xTz41bRw8"

SESSION_HOURS = 12
TAX_RATE = 0.08
PAGE_SIZE = 20
FLUSH_SECONDS = 5
