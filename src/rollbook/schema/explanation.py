"""What the errors of the JSON Schema library mean, in plain words and with what to do about each."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jsonschema.exceptions import ValidationError

Path = tuple[str | int, ...]
Explained = tuple[Path, str, str]
Words = tuple[str, str]

_LONGEST_ECHO = 78

# Where several keywords object to one value, the first of these says it best.
_CLEAREST = ("type", "enum", "const", "minLength", "maxLength", "pattern", "format")

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map of keys to values",
    "null": "empty",
}


def explain(errors: Iterable[ValidationError]) -> Iterator[Explained]:
    """Yield the path, the message and the hint of each thing that is wrong, without repetition.

    No message holds more than 80 characters of the file's own content, and none holds a control character.
    """
    objections = (part for error in errors for part in _resolved(_objection(error)))
    told = _told_once(objections)
    explained = (words for objection in told for words in _EXPLANATIONS[objection.keyword](objection))
    yield from dict.fromkeys(explained)


def shown(value: object) -> str:
    """`value` between backticks, on one line: without control characters, at most 80 characters in all."""
    if isinstance(value, str):
        text = printable(value[: _LONGEST_ECHO + 1])
    elif isinstance(value, bool | None):
        text = {True: "true", False: "false", None: "null"}[value]
    elif isinstance(value, int) and abs(value) >= 1 << 256:
        text = f"a number of {value.bit_length()} bits"
    elif isinstance(value, int | float):
        text = repr(value)
    else:
        return _kind(value)
    return f"`{text}`" if len(text) <= _LONGEST_ECHO else f"`{text[: _LONGEST_ECHO - 3]}...`"


# --- which errors are worth telling -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Objection:
    """One error of the library: `keyword: wanted` of a schema against a value, or against a key."""

    keyword: str
    wanted: Any
    value: Any
    schema: Mapping[str, Any]
    path: Path
    about_key: bool
    depth: int  # how far below the value that has alternatives
    branch: str | int  # which of the alternatives
    alternatives: tuple[_Objection, ...]


def _objection(error: ValidationError) -> _Objection:
    path: Path = tuple(error.absolute_path)
    about_key = "propertyNames" in error.relative_schema_path
    return _Objection(
        keyword=str(error.validator),
        wanted=error.validator_value,
        value=error.instance,
        schema=error.schema if isinstance(error.schema, dict) else {},
        path=(*path, str(error.instance)) if about_key else path,
        about_key=about_key,
        depth=len(error.relative_path),
        branch=error.relative_schema_path[0],
        alternatives=tuple(_objection(part) for part in error.context or ()),
    )


def _resolved(objection: _Objection) -> Iterator[_Objection]:
    """Yield the objections of the alternative that the author meant, in place of "none of them fits"."""
    branches: dict[str | int, list[_Objection]] = {}
    for part in objection.alternatives:
        branches.setdefault(part.branch, []).append(part)
    meant = [branch for branch in branches.values() if not any(_is_another_kind(part) for part in branch)]
    if not meant:
        yield objection
        return
    for part in min(meant, key=len):
        yield from _resolved(part)


def _is_another_kind(part: _Objection) -> bool:
    """Whether an alternative is not meant at all: it has another type, or is named by another word."""
    return (part.keyword == "type" and part.depth == 0) or (part.keyword == "const" and part.depth == 1)


def _told_once(objections: Iterable[_Objection]) -> Iterator[_Objection]:
    clearest: dict[tuple[Path, bool], _Objection] = {}
    for objection in objections:
        if objection.keyword not in _CLEAREST:
            yield objection
            continue
        at = (objection.path, objection.about_key)
        rival = clearest.get(at)
        if rival is None or _CLEAREST.index(objection.keyword) < _CLEAREST.index(rival.keyword):
            clearest[at] = objection
    yield from clearest.values()


# --- one explanation a keyword ----------------------------------------------------------------------


def _wrong_type(objection: _Objection) -> Words:
    value: Any = objection.value
    types = [objection.wanted] if isinstance(objection.wanted, str) else list(objection.wanted)
    message = f"must be {_or(_TYPES[name] for name in types)}, not {_described(value)}"
    if value is None:
        return message, "Give it a value, or remove the key."
    if "string" in types and isinstance(value, bool | int | float):
        return message, _quote(_last_key(objection), value)
    if isinstance(value, str) and {"integer", "number"} & set(types):
        return message, "Write a number, without quotes."
    return message, _example(objection.schema)


def _quote(key: str, value: bool | float) -> str:
    before = f"{key}: " if key else ""
    if isinstance(value, bool):
        return f'YAML reads this as true or false; quote it: {before}"{str(value).lower()}"'
    text = shown(value).strip("`")
    hint = f'YAML reads this as a number; quote it: {before}"{text}"'
    if isinstance(value, float) and text.replace(".", "").replace("-", "").isdecimal():
        hint += f', or {before}"{text}0" if that is what was written'
    return hint


def _missing(objection: _Objection) -> Iterator[Explained]:
    properties = objection.schema.get("properties", {})
    for key in objection.wanted:
        if key not in objection.value:
            example = _first_example(properties.get(key, {}))
            hint = f"Add it, for example: {key}: {example}" if example else "Add it."
            yield objection.path, f"missing key {shown(key)}", hint


def _unknown(objection: _Objection) -> Iterator[Explained]:
    properties = list(objection.schema.get("properties", {}))
    for key in objection.value:
        if key not in properties:
            hint = _did_you_mean(key, properties)
            yield (
                (*objection.path, key),
                f"unknown key {shown(key)}",
                f"{hint} {_own_place(objection)}".strip(),
            )


def _own_place(objection: _Objection) -> str:
    """Where content of the team's own may stand, if the file has room for it."""
    if "extra" in objection.schema.get("properties", {}):
        return "What is the team's own goes under `extra:`."
    return "What is the team's own goes under the top-level `extra:`, where the file has one."


def _not_among(objection: _Objection) -> Words:
    words = [str(word) for word in objection.wanted]
    hint = _did_you_mean(str(objection.value), words)
    return f"{shown(objection.value)} is none of: {', '.join(words)}", hint


def _not_constant(objection: _Objection) -> Words:
    only = json.dumps(objection.wanted)
    return f"must be {only}, not {_described(objection.value)}", f"Write {only}."


def _mismatch(objection: _Objection) -> Words:
    title = str(objection.schema.get("title", "allowed value"))
    noun = title if title[1:2].isupper() else title[:1].lower() + title[1:]
    example = _first_example(objection.schema)
    hint = f"{objection.schema.get('description', '')} For example: {example}" if example else ""
    return f"{_subject(objection)}{shown(objection.value)} is no {noun}", hint


def _no_such_time(objection: _Objection) -> Words:
    return f"{shown(objection.value)} is no time that exists", "Check the day of the month."


def _too_short(objection: _Objection) -> Words:
    return f"{_subject(objection)}must not be empty", "Give it a value, or remove the key."


def _too_long(objection: _Objection) -> Words:
    message = f"{_subject(objection)}has {len(objection.value)} characters; {objection.wanted} are allowed"
    return message, "Shorten it."


def _too_low(objection: _Objection) -> Words:
    return f"{shown(objection.value)} is less than {objection.wanted}", _meaning(objection)


def _too_high(objection: _Objection) -> Words:
    return f"{shown(objection.value)} is more than {objection.wanted}", _meaning(objection)


def _too_few(objection: _Objection) -> Words:
    return f"has {len(objection.value)} entries; {objection.wanted} or more are needed", _meaning(objection)


def _too_many(objection: _Objection) -> Words:
    return f"has {len(objection.value)} entries; {objection.wanted} are allowed", _meaning(objection)


def _repeated(objection: _Objection) -> Words:
    return f"{_described(objection.value)} stands in the list twice", "Remove one."


def _forbidden(objection: _Objection) -> Words:
    return f"{shown(objection.value)} is not allowed here", _meaning(objection)


def _no_alternative(objection: _Objection) -> Iterator[Explained]:
    parts = objection.alternatives
    named = [part for part in parts if part.keyword == "const" and part.depth == 1]
    if not named:
        types = [str(part.wanted) for part in parts if part.keyword == "type"]
        message = f"must be {_or(_TYPES[name] for name in types)}, not {_described(objection.value)}"
        yield objection.path, message, _example(objection.schema)
        return
    word, choices = named[0].value, [str(part.wanted) for part in named]
    hint = f"{_did_you_mean(str(word), choices)} Known: {', '.join(choices)}.".strip()
    yield named[0].path, f"{shown(word)} is no known {named[0].path[-1]}", hint


def _at_its_place(
    words: Callable[[_Objection], Words],
) -> Callable[[_Objection], Iterator[Explained]]:
    return lambda objection: iter([(objection.path, *words(objection))])


_EXPLANATIONS: Mapping[str, Callable[[_Objection], Iterator[Explained]]] = {
    "type": _at_its_place(_wrong_type),
    "required": _missing,
    "additionalProperties": _unknown,
    "enum": _at_its_place(_not_among),
    "const": _at_its_place(_not_constant),
    "pattern": _at_its_place(_mismatch),
    "format": _at_its_place(_no_such_time),
    "minLength": _at_its_place(_too_short),
    "maxLength": _at_its_place(_too_long),
    "minimum": _at_its_place(_too_low),
    "maximum": _at_its_place(_too_high),
    "minItems": _at_its_place(_too_few),
    "maxItems": _at_its_place(_too_many),
    "maxProperties": _at_its_place(_too_many),
    "uniqueItems": _at_its_place(_repeated),
    "not": _at_its_place(_forbidden),
    "oneOf": _no_alternative,
}
KEYWORDS = frozenset(_EXPLANATIONS)


# --- words ------------------------------------------------------------------------------------------


def _subject(objection: _Objection) -> str:
    return "the key " if objection.about_key else ""


def _last_key(objection: _Objection) -> str:
    key = objection.path[-1] if objection.path else ""
    return shown(key).strip("`") if isinstance(key, str) and key else ""


def _described(value: object) -> str:
    if isinstance(value, str | bool | int | float):
        return f"{_kind(value)} {shown(value)}" if isinstance(value, str | int | float) else shown(value)
    return _kind(value)


def _kind(value: object) -> str:
    kinds: tuple[tuple[Any, str], ...] = (
        (bool, "the value"),
        (str, "the text"),
        (int | float, "the number"),
        (list, "a list"),
        (dict, "a map"),
    )
    if value is None:
        return "empty"
    return next(
        (name for kind, name in kinds if isinstance(value, kind)), f"a value of type {type(value).__name__}"
    )


def _or(names: Iterable[str]) -> str:
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} or {last}" if most else last


def _meaning(objection: _Objection) -> str:
    return str(objection.schema.get("description", ""))


def _first_example(described: Mapping[str, Any]) -> str:
    examples = described.get("examples", ())
    text = json.dumps(examples[0], ensure_ascii=False) if examples else ""
    return text if len(text) <= _LONGEST_ECHO else ""


def _example(described: Mapping[str, Any]) -> str:
    example = _first_example(described)
    return f"For example: {example}" if example else str(described.get("description", ""))


def _did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word[:_LONGEST_ECHO], known, n=1)
    return f"Did you mean `{near[0]}`?" if near else ""
