"""The conditions of a search's filter: parsed by MLflow, and meaning what they mean in its SQL store.

A tag that isn't there meets no condition, `LIKE` counts case, `ILIKE` doesn't count that of A to Z
(mlflow.store.model_registry.sqlalchemy_store).
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.utils.search_utils import SearchModelVersionUtils

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.integrations.mlflow.reading.model_entry import ModelEntry, NumberedVersion

_TAG = "tag"
TRUE, _FALSE = "true", "false"
_LONGEST_FILTER = 20_000
_NUMERIC = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}
_OF_TAGS = frozenset(["=", "!=", "LIKE", "ILIKE"])
_OF_TEXTS = _OF_TAGS | {"IN", "NOT IN"}
_LISTED_KEYS = frozenset(["name", "run_id"])
_TO_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})
# What MLflow's parser, and sqlparse below it, raise for texts that they aren't made for.
UNREADABLE = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


class Condition(NamedTuple):
    """One condition of a filter, as MLflow's parser gives it; they all have to be met."""

    type: str
    key: str
    comparator: str
    value: Any

    @property
    def is_of_prompts(self) -> bool:
        """Whether it is about what tells prompts from models."""
        return self.type == _TAG and self.key == IS_PROMPT_TAG_KEY


def conditions_of(parser: Any, filter_string: str | None) -> list[Condition]:
    """Return what a filter asks for, read by one of MLflow's parsers. Raises BadCall, MlflowException."""
    if filter_string and len(filter_string) > _LONGEST_FILTER:
        raise BadCall(f"the filter has more than {_LONGEST_FILTER:,} characters", hint="Ask in parts.")
    try:
        parsed = parser.parse_search_filter(filter_string)
    except UNREADABLE as error:
        raise BadCall(f"the filter can't be read: {str(error)[:200]}") from error
    return [Condition(one["type"], one["key"], one["comparator"], one["value"]) for one in parsed]


def wants_prompts(conditions: Sequence[Condition]) -> bool:
    """Whether prompts are asked for: by the first condition about them."""
    first = next((one for one in conditions if one.is_of_prompts), None)
    return first is not None and (first.comparator, first.value.lower()) in (("=", TRUE), ("!=", _FALSE))


def model_test(condition: Condition) -> Callable[[ModelEntry], bool]:
    """Return what tells whether a model meets a condition. Raises BadCall for one that no model can."""
    if condition.type == _TAG:
        return _of_tags(condition, lambda entry: entry.facts.tags)
    if condition.key != "name" or condition.comparator not in _OF_TEXTS:
        raise _invalid(condition)
    holds = _text_test(condition)
    return lambda entry: holds(entry.name)


def version_test(condition: Condition) -> Callable[[NumberedVersion], bool]:
    """Return what tells whether a version meets a condition. Raises BadCall for one that none can."""
    if condition.type == _TAG:
        return _of_tags(condition, lambda version: version.facts.tags)
    if condition.key in SearchModelVersionUtils.NUMERIC_ATTRIBUTES:
        return _of_number(condition)
    told = _TEXTS.get(condition.key)
    is_list = condition.comparator in ("IN", "NOT IN")
    if (
        told is None
        or condition.comparator not in _OF_TEXTS
        or (is_list and condition.key not in _LISTED_KEYS)
    ):
        raise _invalid(condition)
    holds = _text_test(condition)

    def meets(version: NumberedVersion) -> bool:
        text = told(version)
        return text is not None and holds(text)

    return meets


_TEXTS: Mapping[str, Callable[[NumberedVersion], str | None]] = {
    "name": lambda version: version.name,
    "run_id": lambda version: version.facts.run_id,
    "source_path": lambda version: version.facts.source,
}
NUMBERS: Mapping[str, Callable[[NumberedVersion], int]] = {
    "version_number": lambda version: version.number,
    "creation_timestamp": lambda version: version.created,
    "last_updated_timestamp": lambda version: version.updated,
}


def _of_number(condition: Condition) -> Callable[[NumberedVersion], bool]:
    compare, told = _NUMERIC.get(condition.comparator), NUMBERS[condition.key]
    if compare is None or isinstance(condition.value, float):
        raise _invalid(condition)
    try:
        value = int(condition.value)
    except (TypeError, ValueError):
        raise _invalid(condition) from None
    return lambda version: compare(told(version), value)


def _of_tags(condition: Condition, tags_of: Callable[[Any], Mapping[str, str]]) -> Callable[[Any], bool]:
    if condition.comparator not in _OF_TAGS:
        raise _invalid(condition)
    holds = _text_test(condition)

    def meets(item: Any) -> bool:
        value = tags_of(item).get(condition.key)
        return value is not None and holds(value)

    return meets


def _text_test(condition: Condition) -> Callable[[str], bool]:
    value = condition.value
    match condition.comparator:
        case "=":
            return lambda text: text == value
        case "!=":
            return lambda text: text != value
        case "IN":
            return lambda text: text in value
        case "NOT IN":
            return lambda text: text not in value
        case "LIKE":
            return functools.partial(is_like, value)
    folded = value.translate(_TO_LOWER)
    return lambda text: is_like(folded, text.translate(_TO_LOWER))


def is_like(pattern: str, text: str) -> bool:
    """Whether a text is like a pattern of SQL's LIKE: `%` stands for any characters, `_` for any one.

    It takes time in proportion to the length of the text and to that of the pattern, whatever they are.
    """
    first, *others = _pieces(pattern)
    found = first.match(text)
    if found is None or not others:
        return found is not None and found.end() == len(text)
    place = found.end()
    for piece in others[:-1]:
        found = piece.search(text, place)
        if found is None:
            return False
        place = found.end()
    last_length = len(pattern) - pattern.rindex("%") - 1
    return len(text) - last_length >= place and bool(others[-1].match(text, len(text) - last_length))


@functools.lru_cache(maxsize=256)
def _pieces(pattern: str) -> list[re.Pattern[str]]:
    return [
        re.compile(
            "".join("." if character == "_" else re.escape(character) for character in piece), re.DOTALL
        )
        for piece in pattern.split("%")
    ]


def _invalid(condition: Condition) -> BadCall:
    what = (
        f"{condition.type} {condition.key[:80]!r} {condition.comparator[:20]} {str(condition.value)[:80]!r}"
    )
    return BadCall(f"the filter asks for what can't be: {what}")
