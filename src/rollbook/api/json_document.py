"""The JSON document of what a verb returns."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any


def document(result: object) -> Any:
    """Return what a verb returned as JSON data, under the keys that the command's `--json` prints.

    A result whose document is not just its fields has a method `as_document`, which says it.
    """
    own = getattr(result, "as_document", None)
    if own is not None:
        return own()
    if is_dataclass(result):
        return {field.name: document(getattr(result, field.name)) for field in fields(result)}
    if isinstance(result, dict):
        return {key: document(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [document(item) for item in result]
    return str(result) if isinstance(result, Path) else result
