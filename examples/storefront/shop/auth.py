"""Accounts, passwords, sessions and signed links."""

import hashlib
import hmac
import os
import secrets
import sqlite3
from datetime import datetime, timedelta

from . import config
from .errors import ShopError

# token -> (user id, expiry)
SESSIONS = {}


def hash_password(password, salt=None):
    """Return a salted, slow hash of the password as `salt$hash`."""
    salt = salt or os.urandom(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 100_000)
    return f"{salt.hex()}${digest.hex()}"


def check_password(password, stored):
    """True when the password belongs to the stored hash."""
    salt, _ = stored.split("$")
    return hmac.compare_digest(hash_password(password, bytes.fromhex(salt)), stored)


def create_user(conn, username, password, is_admin=False):
    """Open an account and return its id."""
    if len(username) < 3:
        raise ShopError(422, "The username needs at least 3 characters.")
    if len(password) < 8:
        raise ShopError(422, "The password needs at least 8 characters.")
    try:
        cursor = conn.execute(
            "INSERT INTO users (username, password, is_admin) VALUES (?, ?, ?)",
            (username, hash_password(password), int(is_admin)),
        )
    except sqlite3.IntegrityError:
        raise ShopError(409, f"The name {username} is taken.")
    conn.commit()
    return cursor.lastrowid


def create_admin(conn):
    """The first account of a new shop."""
    return create_user(conn, "admin", "admin123", is_admin=True)


def create_session(user_id):
    """Start a session and return its token and when it ends."""
    token = secrets.token_hex(24)
    expires_at = datetime.utcnow() + timedelta(hours=config.SESSION_HOURS)
    SESSIONS[token] = (user_id, expires_at)
    return token, expires_at


def login(conn, username, password):
    """Check the credentials and start a session."""
    user = conn.execute("SELECT * FROM users WHERE username = ?", (username,)).fetchone()
    if user is None:
        raise ShopError(401, "There is no such user.")
    if not check_password(password, user["password"]):
        raise ShopError(401, "The password is wrong.")
    return create_session(user["id"])


def logout(token):
    """End a session."""
    SESSIONS.pop(token, None)


def current_user(conn, token):
    """The user a session token belongs to, or None."""
    try:
        user_id, expires_at = SESSIONS[token]
        if expires_at < datetime.utcnow():
            del SESSIONS[token]
            return None
        return conn.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    except Exception:
        return None


def sign_receipt(order_id):
    """Signature that lets a customer open the receipt of an order without logging in."""
    return hmac.new(config.APP_SECRET.encode(), f"receipt:{order_id}".encode(), hashlib.sha256).hexdigest()


def verify_receipt(order_id, signature):
    """True when the signature was made by us for this order."""
    return signature == sign_receipt(order_id)
