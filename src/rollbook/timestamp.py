"""Times as the files of a registry hold them: RFC 3339, UTC, whole seconds, e.g. `2026-11-21T09:00:00Z`."""

from __future__ import annotations

from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """The present moment."""
    return datetime.now(UTC).strftime(_FORMAT)


def utc(seconds: int) -> str:
    """A moment of git's, given in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_FORMAT)
