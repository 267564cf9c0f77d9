"""Times as the files of a registry hold them: RFC 3339, UTC, whole seconds, e.g. `2026-11-21T09:00:00Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """The present moment."""
    return datetime.now(UTC).strftime(_FORMAT)


def utc(seconds: int) -> str:
    """A moment of git's, given in seconds since 1970."""
    # As strftime would, in half the time: a long trail has tens of thousands.
    year, month, day, hour, minute, second = time.gmtime(seconds)[:6]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def seconds(text: str) -> int:
    """The moment that RFC 3339 text names, in seconds since 1970; 0 when it names none."""
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.timestamp()) if moment.tzinfo else 0
    except (ValueError, OverflowError):
        return 0
