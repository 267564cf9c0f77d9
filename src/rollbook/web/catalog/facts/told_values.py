"""Values of any shape, as a page tells them: short, in one line."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ROWS = 200  # of one table on a page: the whole of it is a command away
_LONGEST = 300


def told_value(value: Any) -> str:
    """Return a value of a YAML file in one line: text as it is, anything else as JSON; cut where it is
    long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def told_mapping(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values of a mapping as texts; of a mapping in it, those inside, as
    `outer.inner`."""
    told = []
    for name, value in mapping.items():
        if isinstance(value, dict) and value:
            told += [(f"{name}.{inner}", told_value(one)) for inner, one in [*value.items()][:MOST_ROWS]]
        else:
            told.append((str(name), told_value(value)))
    return told[:MOST_ROWS]


def told_size(count: float) -> str:
    """Return a number of bytes for people: `812 bytes`, `1.4 MiB`."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB")
    step = 0 if count < 1024 else min(len(units) - 1, int(math.log(count, 1024)))
    return f"{count / 1024**step:.{1 if step else 0}f} {units[step]}"
