"""A table in JSON, in any orientation that pandas writes one in, as names of columns and rows.

A list of objects or of lists says itself what it is. Of an object, `split`, `tight` and `table` are told by
their keys, and lists of equal length are columns. What is an object of objects may be by columns or by rows;
which of the two, the labels of rows tell, where they alone are numbers.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Table = tuple[list[str] | None, list[list[Any]]]
_EXAMPLE = 'E.g. [{"age": 41, "income": 3.2}, ...], or [[41, 3.2], ...].'


def parse_json(data: bytes, path: Path) -> Any:
    """Read JSON without NaN, infinity, or a name that comes twice in an object. Raises BadCall."""
    try:
        return json.loads(data, parse_constant=_no_constant, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise BadCall(f"{path}: not JSON: {error}") from error


def table_of(content: Any, path: Path) -> Table:
    """Return the names of a table's columns (None: they have none) and its rows.

    Raises BadCall for what is no table.
    """
    if isinstance(content, dict):
        content = _rows_of_object(content, path)
    if _all(content, dict):
        names = [*dict.fromkeys(name for row in content for name in row)]
        return names, [[row.get(name) for name in names] for row in content]
    if _all(content, list) and len({len(row) for row in content}) == 1:
        return None, content
    raise _no_table(path)


def _rows_of_object(content: dict[str, Any], path: Path) -> Any:
    """Return the same table as a list of objects."""
    columns, data = content.get("columns"), content.get("data")
    if isinstance(columns, list) and isinstance(data, list):  # split, tight
        return _named(columns, data, path)
    if isinstance(content.get("schema"), dict) and isinstance(data, list):  # table
        return _without_index(content["schema"], data, path)
    if _all([*content.values()], list) and len({len(values) for values in content.values()}) == 1:
        return [dict(zip(content, values, strict=True)) for values in zip(*content.values(), strict=True)]
    if _all([*content.values()], dict) and len({tuple(inner) for inner in content.values()}) == 1:
        return _turned(content, path)
    raise _no_table(path)


def _named(columns: list[Any], data: list[Any], path: Path) -> list[dict[str, Any]]:
    if not all(isinstance(name, str | int) and not isinstance(name, bool) for name in columns):
        raise BadCall(f"{path}: the names of columns are texts", hint="Give each column one name.")
    names = [str(name) for name in columns]
    if twice := _twice(names):
        raise BadCall(f"{path}: the column {twice[:80]!r} comes twice")
    if not names or not _all(data, list) or any(len(row) != len(names) for row in data):
        raise BadCall(f"{path}: each row of `data` needs a value for each of the {len(names)} columns")
    return [dict(zip(names, row, strict=True)) for row in data]


def _without_index(schema: dict[str, Any], data: list[Any], path: Path) -> Any:
    key = schema.get("primaryKey") or []
    index = {name for name in (key if isinstance(key, list) else [key]) if isinstance(name, str)}
    if not _all(data, dict):
        raise _no_table(path)
    return [{name: value for name, value in row.items() if name not in index} for row in data]


def _turned(content: dict[str, dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Return the rows of an object of objects: by columns, or by rows."""
    inner = [*next(iter(content.values()))]
    outer_counts, inner_counts = _are_numbers(content), _are_numbers(inner)
    if inner_counts and not outer_counts:
        return [{name: values[label] for name, values in content.items()} for label in inner]
    if outer_counts and not inner_counts:
        return [*content.values()]
    raise BadCall(
        f"{path}: it can't be told whether the outer names are columns or rows",
        hint='Write it so that it says so, e.g. by pandas: frame.to_json(orient="split").',
    )


def _are_numbers(labels: Any) -> bool:
    return all(label.isascii() and label.removeprefix("-").isdigit() for label in labels)


def _all(content: Any, kind: type) -> bool:
    return (
        isinstance(content, list) and bool(content) and all(isinstance(one, kind) and one for one in content)
    )


def _no_table(path: Path) -> BadCall:
    return BadCall(f"{path}: a list of rows of the same columns is needed", hint=_EXAMPLE)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = _twice([name for name, _ in pairs])
        raise ValueError(f"the name {twice[:80]!r} comes twice in an object")
    return found


def _twice(names: Iterable[str]) -> str:
    """Return the first name that comes twice; empty when none does."""
    return next((name for name, count in Counter(names).items() if count > 1), "")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number; null stands for a value that is missing")
