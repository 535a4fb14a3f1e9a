"""Accounts, sessions and signed links."""

import hashlib
import hmac
import secrets
import sqlite3
from datetime import timedelta

from . import attempts, clock, db, passwords
from .errors import ShopError

SESSION_LENGTH = timedelta(hours=12)
FAILED_LOGINS_PER_ACCOUNT = 20
FAILED_LOGINS_PER_ADDRESS = 300
NEW_ACCOUNTS_PER_ADDRESS = 1000


def create_admin(conn, password):
    """Open the administrator's account in a new shop."""
    if conn.execute("SELECT 1 FROM users WHERE is_admin = 1").fetchone():
        return
    stored = passwords.to_hash(password)
    # Replicas may start together; the name can be taken once.
    with db.writing(conn):
        conn.execute("INSERT OR IGNORE INTO users (username, password, is_admin) VALUES ('admin', ?, 1)", (stored,))


def create_user(conn, username, password, address):
    """Open an account and return it."""
    attempts.reserve(conn, {f"sign-up from {address}": NEW_ACCOUNTS_PER_ADDRESS})
    stored = passwords.to_hash(password)
    try:
        with db.writing(conn):
            insert = "INSERT INTO users (username, password) VALUES (?, ?)"
            user_id = conn.execute(insert, (username, stored)).lastrowid
    except sqlite3.IntegrityError as error:
        raise ShopError(409, "This name is taken.") from error
    return find_user(conn, user_id)


def find_user(conn, user_id):
    """The user with this id."""
    return conn.execute("SELECT id, username, is_admin FROM users WHERE id = ?", (user_id,)).fetchone()


def hash_token(token):
    """What the store keeps of a token: it is random, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def create_session(conn, user_id):
    """Start a session; returns its token and when it ends."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    expires_at = clock.to_text(now + SESSION_LENGTH)
    with db.writing(conn):
        conn.execute("DELETE FROM sessions WHERE expires_at <= ?", (clock.to_text(now),))
        insert = "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES (?, ?, ?)"
        conn.execute(insert, (hash_token(token), user_id, expires_at))
    return token, expires_at


def login(conn, username, password, address):
    """Start a session. An unknown name and a wrong password get the same answer in the same time."""
    limits = {
        f"login as {username}": FAILED_LOGINS_PER_ACCOUNT,
        f"login from {address}": FAILED_LOGINS_PER_ADDRESS,
    }
    ticket = attempts.reserve(conn, limits)
    user = conn.execute("SELECT id, password FROM users WHERE username = ?", (username,)).fetchone()
    if not passwords.matches(password, user["password"] if user else None):
        raise ShopError(401, "The name or the password is wrong.", [("WWW-Authenticate", "Bearer")])
    with db.writing(conn):
        attempts.forgive(conn, ticket)
    return create_session(conn, user["id"])


def current_user(conn, token):
    """The user of a session that is not over, else a 401."""
    user = conn.execute(
        """SELECT users.id, users.username, users.is_admin FROM sessions JOIN users ON users.id = sessions.user_id
           WHERE sessions.token_hash = ? AND sessions.expires_at > ?""",
        (hash_token(token), clock.to_text(clock.now())),
    ).fetchone()
    if user is None:
        raise ShopError(401, "Please log in.", [("WWW-Authenticate", "Bearer")])
    return user


def logout(conn, token):
    """End a session."""
    with db.writing(conn):
        conn.execute("DELETE FROM sessions WHERE token_hash = ?", (hash_token(token),))


def require_admin(user):
    """A 403 for everybody but administrators."""
    if not user["is_admin"]:
        raise ShopError(403, "Only an administrator may see this.")


def sign_receipt(secret, order_id):
    """The signature with which a customer opens a receipt without logging in."""
    return hmac.new(secret.encode(), f"receipt:{order_id}".encode(), hashlib.sha256).hexdigest()


def verify_receipt(secret, order_id, signature):
    """Whether we made the signature for this order."""
    return hmac.compare_digest(signature.encode(), sign_receipt(secret, order_id).encode())
