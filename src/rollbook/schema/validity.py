"""Whether data is as a schema asks: a mere yes or no, without the import and the reasons of `jsonschema`.

It knows the keywords of JSON Schema 2020-12 (https://json-schema.org/draft/2020-12) that the registry's
schemas use, and judges them as the contract says. Another keyword in a schema is a KeyError.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Sized

    Test = Callable[[Any], bool]

_ANNOTATIONS = frozenset(["$schema", "$id", "$defs", "title", "description", "examples", "default"])
_TYPES: dict[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: type(value) is int,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


class Validity:
    """The yes or no of one schema, given as parsed JSON. What no document asks for is never prepared."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._definitions: Mapping[str, Any] = schema.get("$defs", {})
        self._prepared: dict[int, Test] = {}

    def __call__(self, value: object) -> bool:
        """Whether a value, parsed YAML or JSON, is as the schema asks."""
        return self.test(self._schema)(value)

    def test(self, part: Any) -> Test:
        """The test of a part of the schema."""
        # Parts live as long as the schema, so their ids stand for them.
        found = self._prepared.get(id(part))
        if found is None:
            found = self._prepared[id(part)] = self._prepare(part)
        return found

    def _prepare(self, part: Any) -> Test:
        if not isinstance(part, dict):
            return lambda _: part is True
        whole = referred(part, self._definitions)
        # A value of another type than asked for needs no other test.
        keywords = sorted(whole.keys() - _ANNOTATIONS, key=lambda keyword: (keyword != "type", keyword))
        return _all([_KEYWORDS[keyword](whole[keyword], whole, self) for keyword in keywords])


# Every value of every file of a registry comes through the loops below: written out, they take half the time
# that `all` and a generator do.


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(value: Any) -> bool:
        for each in tests:  # noqa: SIM110
            if not each(value):
                return False
        return True

    return test


def referred(part: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a schema with what its `$ref` names put in that keyword's place."""
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return part
    target = definitions[reference.removeprefix("#/$defs/")]
    return {**{key: value for key, value in part.items() if key != "$ref"}, **target}


@functools.cache
def matcher(expression: str) -> re.Pattern[str]:
    """A pattern of a schema, compiled."""
    # Python's `$` also matches before a line break at the end; JSON Schema's (ECMA-262) does not.
    return re.compile(expression.replace("$", r"\Z"))


def is_time(value: object) -> bool:
    """Whether a text names a moment that exists in the calendar; True for what is no text. Raises ValueError
    for other text."""
    return not isinstance(value, str) or datetime.fromisoformat(value) is not None


def repeated(items: list[object]) -> Iterator[int]:
    """The indexes of the items that stand in the list before."""
    written = [json.dumps(item, sort_keys=True) for item in items]
    counts: Counter[str] = Counter()
    for index, text in enumerate(written):
        if counts[text]:
            yield index
        counts[text] += 1


# --- the keywords -----------------------------------------------------------------------------------------


def _type(wanted: Any, _: Mapping[str, Any], __: Validity) -> Test:
    kinds = [_TYPES[name] for name in (wanted if isinstance(wanted, list) else [wanted])]
    return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)


def _enum(wanted: Any, _: Mapping[str, Any], __: Validity) -> Test:
    # Numbers of one value are the same, whatever their type; no number is a boolean.
    known = {(isinstance(each, bool), each) for each in wanted}
    return lambda value: not isinstance(value, list | dict) and (isinstance(value, bool), value) in known


def _format(wanted: Any, _: Mapping[str, Any], __: Validity) -> Test:
    def test(value: Any) -> bool:
        try:
            return wanted == "date-time" and is_time(value)
        except ValueError:
            return False

    return test


def _pattern(wanted: Any, _: Mapping[str, Any], __: Validity) -> Test:
    return lambda value: not isinstance(value, str) or matcher(wanted).search(value) is not None


def _length(kind: type[Sized], fits: Callable[[int, int], bool]) -> Callable[..., Test]:
    return lambda wanted, _, __: lambda value: not isinstance(value, kind) or fits(len(value), wanted)


def _bound(fits: Callable[[Any, Any], bool]) -> Callable[..., Test]:
    return lambda wanted, _, __: lambda value: not _TYPES["number"](value) or fits(value, wanted)


def _least(size: Any, wanted: Any) -> bool:
    return bool(size >= wanted)


def _most(size: Any, wanted: Any) -> bool:
    return bool(size <= wanted)


def _required(wanted: Any, _: Mapping[str, Any], __: Validity) -> Test:
    return lambda value: not isinstance(value, dict) or all(key in value for key in wanted)


def _properties(wanted: Any, _: Mapping[str, Any], schema: Validity) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in wanted and not schema.test(wanted[key])(inner):
                    return False
        return True

    return test


def _additional(wanted: Any, beside: Mapping[str, Any], schema: Validity) -> Test:
    known = beside.get("properties", {})

    def test(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        more = value.keys() - known.keys()
        return not more or all(map(schema.test(wanted), (value[key] for key in more)))

    return test


def _names(wanted: Any, _: Mapping[str, Any], schema: Validity) -> Test:
    return lambda value: not isinstance(value, dict) or all(map(schema.test(wanted), value))


def _items(wanted: Any, _: Mapping[str, Any], schema: Validity) -> Test:
    return lambda value: not isinstance(value, list) or all(map(schema.test(wanted), value))


def _unique(wanted: Any, _: Mapping[str, Any], __: Validity) -> Test:
    return lambda value: not wanted or not isinstance(value, list) or not any(True for _ in repeated(value))


def _not(wanted: Any, _: Mapping[str, Any], schema: Validity) -> Test:
    return lambda value: not schema.test(wanted)(value)


def _one_of(wanted: Any, _: Mapping[str, Any], schema: Validity) -> Test:
    return lambda value: sum(schema.test(part)(value) for part in wanted) == 1


_KEYWORDS: dict[str, Callable[[Any, Mapping[str, Any], Validity], Test]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda wanted, beside, schema: _enum([wanted], beside, schema),
    "format": _format,
    "pattern": _pattern,
    "minLength": _length(str, _least),
    "maxLength": _length(str, _most),
    "minItems": _length(list, _least),
    "maxItems": _length(list, _most),
    "minProperties": _length(dict, _least),
    "maxProperties": _length(dict, _most),
    "minimum": _bound(_least),
    "maximum": _bound(_most),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "uniqueItems": _unique,
    "not": _not,
    "oneOf": _one_of,
}
