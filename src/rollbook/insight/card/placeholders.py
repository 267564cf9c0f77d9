"""Filling a card's `{{placeholders}}`: each with what is on record under its name, shown as text.

A name is a fact's path, such as `{{metrics.auc}}`, `{{owner}}` or `{{evidence.fairness.summary}}`; upper
and lower case are the same in it, and so are `.`, `_` and `-`. Of metrics, hyperparameters, tags,
artifact, training and environment the last part is enough where no other fact bears it. One that stands
alone on a line and is called like a generated part becomes that part, which is renewed. What nothing is known
of stays as it is, for the gate `model-card` to find.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from rollbook.check.card_sections import lines_of_text
from rollbook.check.wording import placeholder
from rollbook.insight.card.inert import address, code, number, prose
from rollbook.text import inert_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.insight.card.card_facts import CardFacts

_NAME = r"[A-Za-z][A-Za-z0-9_. -]{0,99}"
_PLACEHOLDER = re.compile(rf"\{{\{{[ \t]*(?P<name>{_NAME})\}}\}}")
_ALONE = re.compile(rf"[ ]{{0,3}}\{{\{{[ \t]*(?P<name>{_NAME})\}}\}}[ \t]*")
# Where text would act: a link's target, the inside of a tag; and an address's host, after an escape.
_TARGET = re.compile(r"\](?:\(|:[ \t]*)<?[ \t]*\Z|<[^<>]*\Z")
_ACTING = re.compile(r"(?:://|www\.)[^/\s]*\Z|mailto:\S*\Z|\\\Z", re.IGNORECASE)
_SHORT = ("metrics", "hyperparameters", "tags", "artifact", "training", "environment")
_SINGULAR = {"metrics": "metric", "hyperparameters": "hyperparameter", "tags": "tag"}
_ALSO_CALLED = {"model": ("model_name", "name"), "version": ("model_version",), "created_at": ("date",)}
_OF_THE_RECORD = ("owner", "team", "task", "use_case", "compliance")
_LONGEST = 2000
_ALSO_PARTS = {"hyperparameters": "training", "training_procedure": "training"}
# So that a card stays a file that a registry can hold, and is made in no time.
_MOST = 1000
_LONGEST_LINE = 4000


def filled(body: str, facts: CardFacts, parts: Mapping[str, str]) -> str:
    """Return a card's body with its placeholders filled, but for those in fenced code, in a line of more than
    4,000 characters, after the first thousand, and those that nothing is known of."""
    if not unfilled(body):
        return body
    known = _by_name(facts)
    left = _MOST
    written = []
    for line, is_text in lines_of_text(body):
        if is_text and "{{" in line and len(line) <= _LONGEST_LINE and left > 0:
            left -= len(_PLACEHOLDER.findall(line))
            written.append(_filled_line(line, known, parts))
        else:
            written.append(line)
    return "".join(written)


def unfilled(body: str) -> tuple[str, ...]:
    """Return the names of the placeholders that are left in a card, each once."""
    lines = (line for line, is_text in lines_of_text(body) if is_text)
    names = (match["name"].strip() for line in lines for match in _PLACEHOLDER.finditer(line))
    return tuple(dict.fromkeys(names))


def _filled_line(line: str, known: Mapping[str, str], parts: Mapping[str, str]) -> str:
    content = line.rstrip("\r\n")
    if alone := _ALONE.fullmatch(content):
        name, newline = _folded(alone["name"]), line[len(content) :]
        part = _ALSO_PARTS.get(name, name).replace("_", "-")
        value = prose(known[name]) if name in known else None
        if parts.get(part):
            value = f"<!-- rollbook:begin {part} -->\n<!-- rollbook:end {part} -->"
        return line if value is None else value.replace("\n", newline or "\n") + newline
    return _PLACEHOLDER.sub(lambda match: _shown(match, known), line)


def _shown(match: re.Match[str], known: Mapping[str, str]) -> str:
    value = known.get(_folded(match["name"]))
    if value is None:
        return match[0]
    before = match.string[: match.start()]
    if _ACTING.search(before):
        return match[0]
    if _TARGET.search(before):
        return address(value) or match[0]
    if before.count("`") % 2:
        plain = code(value)
        return plain.strip("`") if plain.startswith("`") else match[0]
    return inert_line(value, _LONGEST)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _by_name(facts: CardFacts) -> dict[str, str]:
    """Return what is on record by its folded names. A name that two facts would bear is nobody's."""
    named_facts = [*_recorded(facts)]
    whole = _each_once((_folded(path), value) for path, value in named_facts)
    short = _each_once(
        (_folded(path.partition(".")[2]), value)
        for path, value in named_facts
        if path.partition(".")[0] in _SHORT
    )
    return {**short, **whole}


def _each_once(pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    ambiguous: set[str] = set()
    for name, value in pairs:
        if name in values:
            ambiguous.add(name)
        values[name] = value
    return {name: value for name, value in values.items() if name not in ambiguous}


def _recorded(facts: CardFacts) -> Iterator[tuple[str, str]]:
    """Yield what is on record, each with its path; not what only holds a place."""
    manifest, record = facts.manifest, facts.record
    merged = {
        **{field.name: getattr(manifest, field.name) for field in fields(manifest)},
        "artifact": {
            field.name: getattr(manifest.artifact, field.name) for field in fields(manifest.artifact)
        },
        "description": facts.description,
        "tags": facts.tags,
        **{name: getattr(record, name) for name in _OF_THE_RECORD},
        "model_description": record.description,
        "evidence": {
            kind: _evidence(facts, kind) for kind in dict.fromkeys(item.kind for item in facts.evidence)
        },
    }
    for path, value in _flat(merged, ""):
        if value.strip() and not placeholder(value):
            yield path, value
            kind, _, key = path.partition(".")
            if kind in _SINGULAR:
                yield f"{_SINGULAR[kind]}.{key}", value
            for name in _ALSO_CALLED.get(path, ()):
                yield name, value


def _evidence(facts: CardFacts, kind: str) -> dict[str, Any]:
    newest = next(item for item in facts.evidence if item.kind == kind)
    told = ("summary", "created_at", "created_by", "metrics", "data", "tool", "uri", "target")
    result = "passed" if newest.passed else "failed"
    return {"result": result, **{name: getattr(newest, name) for name in told}}


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if whole := _name_and_version(value):
            yield path, whole
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        items = [_name_and_version(item) if isinstance(item, dict) else str(item) for item in value]
        yield path, ", ".join(item for item in items if item)
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    elif value is not None:
        yield path, number(value) if isinstance(value, float) else str(value)


def _name_and_version(thing: Mapping[str, Any]) -> str:
    told = [thing.get("name"), thing.get("version")]
    return " ".join(text for text in told if isinstance(text, str) and text) if told[0] else ""
