"""JSON of a stranger, read into no more memory than its meaning needs."""

from __future__ import annotations

import json
from typing import Any

from rollbook.artifact.formats.contents import Broken

MOST_VALUES = 1_000_000  # each becomes an object of some hundred bytes
_STARTS = (b",", b"[", b"{")


def read_json(data: bytes, what: str) -> Any:
    """Return the value that `data`, which is `what`, is. Raises Broken for what is no JSON, for a key that
    stands twice in an object, and for more than MOST_VALUES values."""
    if sum(data.count(start) for start in _STARTS) > MOST_VALUES:
        raise Broken(f"{what} has more than {MOST_VALUES:,} values")
    try:
        return json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Broken(f"{what} is not JSON") from error
    except _TwiceError as error:
        raise Broken(f"{what} has {error} twice") from error


def read_json_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the object that `data` is. Raises Broken, as `read_json` does, and for any other value."""
    value = read_json(data, what)
    if not isinstance(value, dict):
        raise Broken(f"{what} is no JSON object")
    return value


class _TwiceError(Exception):
    """A key stands twice in an object, so that two readers may see two values."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(repr(key[:80]))
        found[key] = value
    return found
