"""Password hashes: PBKDF2-HMAC-SHA256 with the work factor OWASP's Password Storage Cheat Sheet asks for."""

import hashlib
import hmac
import os

ITERATIONS = 600_000


def derive(password, salt, iterations):
    """The raw hash; hashlib lets other threads run meanwhile."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)


def to_hash(password):
    """A salted hash as `pbkdf2-sha256$iterations$salt$hash`, which keeps what is needed to check it later."""
    salt = os.urandom(16)
    return f"pbkdf2-sha256${ITERATIONS}${salt.hex()}${derive(password, salt, ITERATIONS).hex()}"


def matches(password, stored):
    """Whether the password belongs to the hash. With None (no such user) it takes as long, and is False."""
    if stored is None:
        derive(password, bytes(16), ITERATIONS)
        return False
    _, iterations, salt, wanted = stored.split("$")
    found = derive(password, bytes.fromhex(salt), int(iterations))
    return hmac.compare_digest(found, bytes.fromhex(wanted))
