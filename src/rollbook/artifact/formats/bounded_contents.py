"""What a manifest can hold of what a reader found: the one place where it is cut to that.

The limits are those of `schemas/version.schema.json`, or below them where more would tell a person nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.artifact.formats.contents import Contents, Fact, Scalar
    from rollbook.records.signature import Column

MOST_FACTS = 40
MOST_ENTRIES = 50  # of a list or a mapping in the facts
MOST_COLUMNS = 5_000
MOST_GLOBALS = 1_000
LONGEST_TEXT = 200  # characters
_MOST_REMARKS = 50
_LONGEST_REMARK = 500
_LONGEST_NAME = 255
_MOST_DIMENSIONS = 32
_LARGEST = (1 << 53) - 1  # what every reader of JSON takes for the same number
_DTYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.,:()<>\[\] -]{0,63}")


def bounded(contents: Contents) -> Contents:
    """Return the same, as far as a manifest can hold it; a remark tells of each thing that was left out.

    Texts are on one line and of at most LONGEST_TEXT characters, without those that act instead of being
    seen. A whole number beyond 2**53, and what is no finite number, becomes a text.
    """
    remarks = [*contents.remarks]
    return replace(
        contents,
        facts=_facts(contents.facts, remarks),
        framework=_framework(contents.framework),
        inputs=_columns(contents.inputs, "input", remarks),
        outputs=_columns(contents.outputs, "output", remarks),
        globals=tuple(_texts(contents.globals, remarks)),
        remarks=tuple(one_line(remark, _LONGEST_REMARK) for remark in remarks[:_MOST_REMARKS]),
    )


def _facts(facts: Mapping[str, Fact], remarks: list[str]) -> dict[str, Fact]:
    kept: dict[str, Fact] = {}
    for name, fact in facts.items():
        value = _fact(name, fact, remarks)
        if len(kept) < MOST_FACTS and value not in ("", [], {}) and (shown := _text(name)):
            kept[shown] = value
    if len(facts) > MOST_FACTS:
        remarks.append(f"There are {len(facts):,} facts; the first {MOST_FACTS} are kept.")
    return kept


def _fact(name: str, fact: Fact, remarks: list[str]) -> Fact:
    if not isinstance(fact, list | dict):
        return _scalar(fact)
    if len(fact) > MOST_ENTRIES:
        remarks.append(f"{_text(name)}: there are {len(fact):,}; the first {MOST_ENTRIES} are kept.")
    if isinstance(fact, list):
        return [_scalar(entry) for entry in fact[:MOST_ENTRIES]]
    entries = [*fact.items()][:MOST_ENTRIES]
    return {shown: _entry(entry) for key, entry in entries if (shown := _text(key))}


def _entry(entry: Scalar | list[Scalar]) -> Scalar | list[Scalar]:
    return [_scalar(part) for part in entry[:MOST_ENTRIES]] if isinstance(entry, list) else _scalar(entry)


def _scalar(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if abs(value) <= _LARGEST else f"{value:#x}"[:LONGEST_TEXT]


def _text(text: str) -> str:
    return one_line(text, LONGEST_TEXT)


def _framework(framework: Mapping[str, str]) -> dict[str, str]:
    kept = {key: shown for key, value in framework.items() if (shown := _text(value))}
    return kept if "name" in kept else {}


def _columns(columns: tuple[Column, ...] | None, what: str, remarks: list[str]) -> tuple[Column, ...] | None:
    """Return those that the manifest's `signature` can hold; None when there are too many to be any use."""
    if columns is None:
        return None
    if len(columns) > MOST_COLUMNS:
        remarks.append(f"There are {len(columns):,} {what}s; a manifest holds {MOST_COLUMNS:,} at most.")
        return None
    kept: dict[str, Column] = {}
    for column in columns:
        shown = repr(_text(column.name))
        if not (1 <= len(column.name) <= _LONGEST_NAME and column.name.isprintable()):
            remarks.append(f"The {what} {shown} is left out: no manifest can hold its name.")
        elif not _DTYPE.fullmatch(column.dtype):
            remarks.append(f"The {what} {shown} is left out: its data type is {_text(column.dtype)!r}.")
        elif column.name in kept:
            remarks.append(f"The {what} {shown} is left out: another one has its name.")
        else:
            kept[column.name] = _with_shape(column, what, remarks)
    return tuple(kept.values())


def _with_shape(column: Column, what: str, remarks: list[str]) -> Column:
    sizes = column.shape or ()
    if len(sizes) <= _MOST_DIMENSIONS and all(size == -1 or 0 < size <= _LARGEST for size in sizes):
        return column
    remarks.append(f"The shape of the {what} {_text(column.name)!r} is left out: no manifest can hold it.")
    return replace(column, shape=None)


def _texts(names: Iterable[str], remarks: list[str]) -> list[str]:
    found = [shown for name in names if (shown := _text(name))]
    if len(found) > MOST_GLOBALS:
        remarks.append(f"It imports {len(found):,} names; the first {MOST_GLOBALS:,} are kept.")
    return found[:MOST_GLOBALS]
