"""Whether data is as a schema asks: a quick yes or no, and all that is wrong.

Two libraries judge: jsonschema-rs quickly says yes or no; jsonschema, asked only about what was refused, says
why, and where the two differ it decides. Both are told what the contract adds to JSON Schema.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator as Judge

_WITHOUT_FRACTION = "x-without-fraction"


def judge(document: dict[str, Any]) -> Judge:
    """Return what says whether data is as a schema asks, with its method `is_valid`.

    The data must be such that JSON can hold it.
    """
    from jsonschema_rs import Draft202012Validator as Judge

    return Judge(
        json.loads(json.dumps(document), object_hook=_whole_numbers_marked),
        formats={"date-time": _is_time},
        validate_formats=True,
        keywords={_WITHOUT_FRACTION: _WithoutFraction},
    )


def explainer(document: dict[str, Any]) -> Validator:
    """Return what says in which places data is not as a schema asks, with its method `iter_errors`."""
    from jsonschema import Draft202012Validator, FormatChecker, validators

    formats = FormatChecker(formats=())
    formats.checks("date-time")(_is_time)
    extend: Any = validators.extend  # which has no types
    kind = extend(
        Draft202012Validator,
        validators={"pattern": _pattern, "uniqueItems": _unique_items},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
            "integer", lambda _, value: type(value) is int
        ),
    )
    validator: Validator = kind(_in_place(document, document.get("$defs", {})), format_checker=formats)
    return validator


class _WithoutFraction:
    """A keyword for jsonschema-rs, which takes 1.0 for a whole number."""

    def __init__(self, *_: object) -> None:
        pass

    def validate(self, value: object) -> None:
        if isinstance(value, float):
            raise TypeError("a whole number is written without a fraction")


def _whole_numbers_marked(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, _WITHOUT_FRACTION: True} if "integer" in part.get("type", ()) else part


def _is_time(value: object) -> bool:
    """Whether a text names a moment that exists in the calendar; True for what is no text."""
    try:
        return not isinstance(value, str) or bool(datetime.fromisoformat(value))
    except ValueError:
        return False


@functools.cache
def _matcher(expression: str) -> re.Pattern[str]:
    # Python's `$` also matches before a line break at the end; JSON Schema's (ECMA-262) does not.
    return re.compile(expression.replace("$", r"\Z"))


def _pattern(_: Validator, expression: str, value: object, __: object) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if isinstance(value, str) and not _matcher(expression).search(value):
        yield ValidationError("no match")


def _unique_items(_: Validator, wanted: bool, value: object, __: object) -> Iterator[ValidationError]:
    # The library compares each pair of items that can't be sorted: too slow for hostile lists.
    from jsonschema.exceptions import ValidationError

    before: Counter[str] = Counter()
    for index, item in enumerate(value if wanted and isinstance(value, list) else ()):
        text = json.dumps(item, sort_keys=True)
        if before[text]:
            yield ValidationError("repeated", path=[index], instance=item)
        before[text] += 1


def _in_place(part: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema with what its references name put in their place, so that an error tells of the
    whole.
    """
    if isinstance(part, list):
        return [_in_place(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if isinstance(reference := part.get("$ref"), str):
        part = part | definitions[reference.removeprefix("#/$defs/")]
    return {key: _in_place(inner, definitions) for key, inner in part.items() if key not in {"$ref", "$defs"}}
