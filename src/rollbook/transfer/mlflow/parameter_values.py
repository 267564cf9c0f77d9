"""The values of MLflow's parameters, which are all text there, as what they were before."""

from __future__ import annotations

import json
from typing import Any

from rollbook.transfer.mlflow.stranger_text import kept_text

_WORDS: dict[str, bool | None] = {"True": True, "False": False, "true": True, "false": False, "None": None}
_LONGEST_NUMBER = 30
_LONGEST_LIST = 4000
_MOST_ITEMS = 1000
_LONGEST_TEXT = 6000  # as MLflow keeps them
# Whole numbers beyond are others to readers that have floats of 64 bits alone.
_LARGEST = 2**53


def parameter_value(text: str) -> Any:
    """Return a number, a word of Python's or a list of these where `text` is just how it is written, so that
    nothing is lost; else the text."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER and (number := _number(text)) is not None:
        return number
    if text.startswith("[") and len(text) <= _LONGEST_LIST:
        return _list(text)
    return kept_text(text, _LONGEST_TEXT)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and abs(number) < _LARGEST:
            return number
    return None


def _list(text: str) -> Any:
    """Return a list of numbers and words, written as Python or JSON writes one; else the text."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return kept_text(text, _LONGEST_TEXT)
    is_flat = isinstance(items, list) and all(type(item) in (int, float, bool) for item in items)
    if not is_flat or len(items) > _MOST_ITEMS or text not in (str(items), json.dumps(items)):
        return kept_text(text, _LONGEST_TEXT)
    if any(abs(item) >= _LARGEST for item in items):
        return kept_text(text, _LONGEST_TEXT)
    return items
