"""Strict reading: plain data out of YAML that means the same to every reader, or a finding with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from rollbook.errors import InvalidFile
from rollbook.yaml.plain import plain_mapping
from rollbook.yaml.scalars import FORBIDDEN, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1 << 20
MAX_DEPTH = 40

# YAML breaks lines at it, few editors do: what follows it looks like a part of a comment.
_LONE_CR = re.compile(r"\r(?!\n)")

KeyPath = tuple[str | int, ...]

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def load(data: bytes, path: str = "") -> Any:
    """Return the one document in `data` as plain dict, list, str, int, float, bool or None.

    An empty text is None. The dialect is YAML 1.2's core schema without duplicate keys, anchors, aliases,
    tags, merge keys, directives, keys that are no strings, and control or direction-changing characters; at
    most MAX_BYTES long and MAX_DEPTH deep. Raises InvalidFile, with `path`, line and key, for anything else.
    """
    text = _decode(data, path)
    plain = plain_mapping(text)
    if plain is not None:
        return plain
    try:
        return _Reading(text, path).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidFile(
            f"not YAML: {error.problem or error.context}",
            path=path,
            line=mark.line + 1 if mark else None,
            hint="Check the indentation, colons and quotes at this line; indent with spaces, not with tabs.",
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidFile(
            f"not YAML: {error}", path=path, hint="Rewrite the file as UTF-8 text in YAML 1.2."
        ) from None


def locate(data: bytes) -> dict[KeyPath, int]:
    """Map each key path of `data` (mapping keys and list indices; `()` is the root) to its 1-based line.

    Raises InvalidFile for what `load` refuses.
    """
    lines: dict[KeyPath, int] = {(): 1}
    lines.update((path, line) for path, line, _ in walk(data))
    return lines


def source(data: bytes, path: KeyPath) -> str | None:
    """Return the scalar at `path` as it is written, quotes included; None when no scalar stands there.

    Raises InvalidFile for what `load` refuses.
    """
    for key_path, _, event in walk(data):
        if key_path == path and type(event) is ScalarEvent:
            start: Any = event.start_mark
            end: Any = event.end_mark
            return data.decode()[start.index : end.index].rstrip()
    return None


def walk(data: bytes) -> Iterator[tuple[KeyPath, int, Any]]:
    """Each key path of `data` with its 1-based line and the PyYAML event its value starts with.

    Raises InvalidFile for what `load` refuses.
    """
    load(data)
    events: Iterator[Any] = yaml.parse(data.decode(), Loader=LOADER)
    for event in events:
        if type(event) is DocumentStartEvent:
            first = next(events)
            yield from _walk_node(first, first.start_mark.line + 1, events, ())


def _walk_node(
    event: Any, line: int, events: Iterator[Any], path: KeyPath
) -> Iterator[tuple[KeyPath, int, Any]]:
    yield path, line, event
    if isinstance(event, ScalarEvent):
        return
    is_mapping = isinstance(event, MappingStartEvent)
    index = 0
    while not isinstance(child := next(events), CollectionEndEvent):
        value = next(events) if is_mapping else child
        step = child.value if is_mapping else index
        yield from _walk_node(value, child.start_mark.line + 1, events, (*path, step))
        index += 1


def dotted(path: KeyPath) -> str:
    """Return a key path as findings show it: `archived.0.version`."""
    return ".".join(map(str, path))


def _decode(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        raise InvalidFile(
            f"larger than {MAX_BYTES} bytes", path=path, hint="Keep large values in an artifact, not in YAML."
        )
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise InvalidFile(
            "starts with a byte order mark", path=path, line=1, hint="Save it as UTF-8 without BOM."
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFile("not UTF-8", path=path, line=line, hint="Save the file as UTF-8.") from None
    if match := FORBIDDEN.search(text) or _LONE_CR.search(text):
        raise _forbidden(match[0], path, text.count("\n", 0, match.start()) + 1, "")
    return text


def _forbidden(character: str, path: str, line: int, key: str) -> InvalidFile:
    return InvalidFile(
        f"forbidden character U+{ord(character):04X}",
        path=path,
        line=line,
        key=key,
        hint="Remove it: control characters, and those that reorder or hide text, are not allowed.",
    )


class _Reading:
    """One pass over the parser's events; `trail` is the key path of the value being read."""

    __slots__ = ("next", "path", "trail")

    def __init__(self, text: str, path: str) -> None:
        self.next = LOADER(text).get_event
        self.path = path
        self.trail: list[str | int] = []

    def document(self) -> Any:
        self.next()
        start = self.next()
        if isinstance(start, StreamEndEvent):
            return None
        if start.version or start.tags:
            raise self.invalid(start, "a directive (`%`)", "Remove the line that starts with `%`.")
        value = self.node(self.next())
        self.next()
        end = self.next()
        if not isinstance(end, StreamEndEvent):
            raise self.invalid(end, "a second document", "Keep one document in the file: remove this `---`.")
        return value

    def node(self, event: Any) -> Any:
        kind = type(event)
        if kind is ScalarEvent and event.anchor is None and event.tag is None:
            return self.scalar(event)
        if kind is AliasEvent or event.anchor is not None:
            raise self.invalid(
                event, "an anchor or alias", "Write the value out; quote text that starts with `&` or `*`."
            )
        if event.tag is not None:
            raise self.invalid(
                event, "a tag", "Remove the word that starts with `!`, or quote the text if that was meant."
            )
        if len(self.trail) >= MAX_DEPTH:
            raise self.invalid(event, f"nested more than {MAX_DEPTH} levels deep", "Flatten the structure.")
        return self.mapping() if kind is MappingStartEvent else self.sequence()

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.implicit[0]:
            try:
                return value_of(text)
            except ValueError as error:
                raise self.invalid(event, str(error), "Quote it if text is meant.") from None
        if event.style == '"' and (match := FORBIDDEN.search(text)):  # escapes: the text itself is clean
            raise _forbidden(match[0], self.path, event.start_mark.line + 1, dotted(tuple(self.trail)))
        return text

    def mapping(self) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        following, trail = self.next, self.trail
        while type(event := following()) is not MappingEndEvent:
            key = self.key(event)
            trail.append(key)
            if key in mapping:
                raise self.invalid(event, "the key stands here a second time", "Remove one of the two.")
            mapping[key] = self.node(following())
            trail.pop()
        return mapping

    def key(self, event: Any) -> str:
        if type(event) is not ScalarEvent:
            if type(event) is AliasEvent:
                self.node(event)
            raise self.invalid(event, "a key that is no text", "Use a plain word as the key.")
        value = self.node(event)
        if value == "<<" and event.implicit[0]:
            raise self.invalid(event, "a merge key (`<<`)", "Write the merged keys out.")
        if not isinstance(value, str):
            shown = event.value[:40]
            raise self.invalid(event, f"the key `{shown}` is no text", f'Quote it: "{shown}":')
        return value

    def sequence(self) -> list[Any]:
        items: list[Any] = []
        while type(event := self.next()) is not SequenceEndEvent:
            self.trail.append(len(items))
            items.append(self.node(event))
            self.trail.pop()
        return items

    def invalid(self, event: Any, message: str, hint: str) -> InvalidFile:
        return InvalidFile(
            message,
            path=self.path,
            line=event.start_mark.line + 1,
            key=dotted(tuple(self.trail)),
            hint=hint,
        )
