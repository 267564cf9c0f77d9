"""JSON that others wrote, read strictly: no name twice, no NaN, nothing nested deeply, no endless number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEEPEST = 64
_LONGEST_NUMBER = 400  # digits


def strict_json(data: bytes, path: str) -> Any:
    """Read one JSON document in UTF-8. Raises InvalidFile, naming `path`, for anything else."""
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
            parse_int=_number,
        )
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidFile("the file is not UTF-8 text", path=path, line=line) from error
    except RecursionError as error:
        raise InvalidFile("the file is nested too deeply", path=path) from error
    except json.JSONDecodeError as error:
        raise InvalidFile(f"the file is not JSON: {error.msg}", path=path, line=error.lineno) from error
    except ValueError as error:
        raise InvalidFile(f"the file is not JSON: {error}", path=path) from error
    if _is_deep(value):
        raise InvalidFile("the file is nested too deeply", path=path)
    return value


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"the name {printable(twice[:80])!r} comes twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _number(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
