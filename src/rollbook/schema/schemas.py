"""The contract: the JSON Schema of each file of a registry, and what in a file violates it.

The schemas are JSON Schema 2020-12 (https://json-schema.org/draft/2020-12). They are judged as that
specification says, but for three things: a whole number is written without a fraction, a number is
finite, and a time exists in the calendar.
"""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, NotFound
from rollbook.schema.explanation import explain, shown
from rollbook.schema.validity import explainer, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator as Judge

    from rollbook.schema.explanation import Path as KeyPath

SCHEMA_NAMES = (
    "policy",
    "model",
    "stages",
    "origin",
    "version",
    "notes",
    "evidence",
    "removed",
    "imported",
    "audit-event",
    "card",
    "pointer",
)

_DEEPEST = 64
_MOST_NODES = 300_000
_LARGEST = 1 << 1023  # still fits into a 64-bit float


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in a file that its schema does not allow.

    `path` leads to it: keys, and indexes from 0. Where a key is missing it leads to the map that lacks it.
    `path` holds keys as they stand in the file; `message` and `hint` are safe to print.
    """

    path: KeyPath
    message: str
    hint: str


def schema_directory() -> Path:
    """Return the folder of the schemas: inside the installed package, or the repository's `schemas/`.

    Raises NotFound when the installation lacks them.
    """
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "schemas", here.parents[3] / "schemas"):
        if (folder / "version.schema.json").is_file():
            return folder
    raise NotFound(
        "the schemas are missing from this installation of rollbook", hint="Install rollbook again."
    )


def schema_text(name: str) -> str:
    """Return the schema `name` as it stands in its file. Raises BadCall when there is none of that name."""
    if name not in SCHEMA_NAMES:
        raise BadCall(
            f"there is no schema {shown(name)}", hint=f"The schemas are: {', '.join(SCHEMA_NAMES)}."
        )
    return (schema_directory() / f"{name}.schema.json").read_text(encoding="utf-8")


def schema(name: str) -> dict[str, Any]:
    """Return the schema `name`, parsed. Raises BadCall when there is none of that name."""
    parsed: dict[str, Any] = json.loads(schema_text(name))
    return parsed


def schema_line(name: str, path: str) -> str:
    """Return the comment that tells an editor's YAML language server which schema the file at `path` follows.

    `path` is relative to the repository's root, where `schemas/` stands.
    """
    return f"# yaml-language-server: $schema={'../' * path.count('/')}schemas/{name}.schema.json"


def violations(name: str, data: Any) -> list[Violation]:
    """All that the schema `name` does not allow in `data`, parsed YAML or JSON, in the order of the paths.

    What can't be written as JSON at all, or is nested too deeply, is reported alone; so is a format newer
    than this tool knows. Raises BadCall when there is no schema of that name.
    """
    if is_valid(name, data):
        return []
    validator = _explainer(name)
    if unreadable := list(_unreadable(data)):
        return _in_order(unreadable)
    if newer := list(_newer_format(validator.schema, data)):
        return newer
    all_violations = [Violation(*explained) for explained in explain(validator.iter_errors(data))]
    told = {violation.path for violation in all_violations}
    all_violations.extend(violation for violation in _not_finite(data) if violation.path not in told)
    return _in_order(all_violations)


def is_valid(name: str, data: Any) -> bool:
    """Whether the schema `name` surely allows `data`; where this is False, `violations` tells what is wrong,
    if anything. Raises BadCall when there is no schema of that name."""
    return _is_plain(data) and _judge(name).is_valid(data)


def _in_order(found: Iterable[Violation]) -> list[Violation]:
    return sorted(
        found,
        key=lambda violation: [
            (0, part, "") if isinstance(part, int) else (1, 0, str(part)) for part in violation.path
        ],
    )


# --- what no schema can say -----------------------------------------------------------------------


def _nodes(data: object) -> Iterator[tuple[KeyPath, object]]:
    """Every value in `data` with its path, down to one level more than is allowed."""
    waiting: list[tuple[KeyPath, object]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if len(path) <= _DEEPEST:
            if isinstance(value, dict):
                waiting.extend(((*path, key), inner) for key, inner in value.items())
            elif isinstance(value, list):
                waiting.extend(((*path, index), inner) for index, inner in enumerate(value))


def _unreadable(data: object) -> Iterator[Violation]:
    """Yield what would keep the validator, or a writer of JSON, from doing its work."""
    for count, (path, value) in enumerate(_nodes(data)):
        if count >= _MOST_NODES:
            yield Violation(
                (), f"has more than {_MOST_NODES} values", "Keep large data outside the registry."
            )
            return
        if len(path) > _DEEPEST:
            yield Violation(
                path[:_DEEPEST], f"is nested more than {_DEEPEST} levels deep", "Make it flatter."
            )
            return
        if message := _unspeakable(value):
            yield Violation(path, *message)


def _unspeakable(value: object) -> tuple[str, str] | None:
    if isinstance(value, str):
        return None if is_unicode(value) else ("is no valid Unicode text", "Remove the lone surrogate.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                return f"the key {shown(key)} is no text", "Quote the key."
            if not is_unicode(key):
                return "a key is no valid Unicode text", "Remove the lone surrogate."
        return None
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "is a number too large for any program to read", "Quote it if it is meant to be text."
    if value is None or isinstance(value, bool | int | float | list):
        return None
    return f"is of a type that JSON does not have ({type(value).__name__})", "Quote it, so that it is text."


def is_unicode(text: str) -> bool:
    """Whether text can be written at all: whether it has no lone surrogate."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _not_finite(data: object) -> Iterator[Violation]:
    for path, value in _nodes(data):
        if isinstance(value, float) and not math.isfinite(value):
            hint = "Leave the value out when it could not be measured."
            yield Violation(path, f"{value} is not a finite number", hint)


def _newer_format(document: Any, data: object) -> Iterator[Violation]:
    newest_format = document["properties"].get("rollbook", {}).get("const")
    file_format = data.get("rollbook") if isinstance(data, dict) else None
    if newest_format is not None and type(file_format) is int and file_format > newest_format:
        message = (
            f"the file has format {shown(file_format)}; this rollbook knows formats up to {newest_format}"
        )
        yield Violation(("rollbook",), message, "Upgrade it: pip install --upgrade rollbook")


def _is_plain(data: object) -> bool:
    """Whether there is nothing in the data that no schema can say; False also where that takes a closer look.

    Level by level and without paths, which takes a quarter of the time that `_nodes` does.
    """
    level = [data]
    count = 0
    for _ in range(_DEEPEST + 1):
        count += len(level)
        if count > _MOST_NODES or not all(map(_is_speakable, level)):
            return False
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return True
        level = below
    return False


def _is_speakable(value: object) -> bool:
    kind = type(value)
    if kind is str:
        return is_unicode(value)  # type: ignore[arg-type]
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]
    return not _unspeakable(value)


# --- the judges -----------------------------------------------------------------------------------


@functools.cache
def _judge(name: str) -> Judge:
    return judge(schema(name))


@functools.cache
def _explainer(name: str) -> Validator:
    return explainer(schema(name))
