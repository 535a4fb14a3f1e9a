"""The time, always with its zone. Stored as UTC text of fixed width, so that its order is the order of time."""

from datetime import datetime, timezone


def now():
    """This moment, in UTC."""
    return datetime.now(timezone.utc)


def to_text(moment):
    """RFC 3339 with microseconds, e.g. `2026-03-01T09:30:00.000000+00:00`."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")
