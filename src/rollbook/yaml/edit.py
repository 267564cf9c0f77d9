"""Changing a YAML file in place: comments, key order, quotes and line endings stay as people wrote them.

Only the text of what has changed is put in, taken out or replaced. What comes out is read back: where it does
not say what was meant, nothing is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import CollectionEndEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent

from rollbook.errors import InvalidFile
from rollbook.yaml.scalars import value_of
from rollbook.yaml.strict import LOADER, load
from rollbook.yaml.write import dump, dump_inline, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def edit(data: bytes, change: Callable[[Any], None], path: str = "") -> bytes:
    """Return `data` after `change` has altered the document it is given, in place.

    An empty file is given to `change` as an empty mapping. When `change` alters nothing, the very same bytes
    come back. Raises InvalidFile for what `strict.load` refuses and when the file can't be edited without
    changing what else it says; BadCall when `change` puts in what can't be written.
    """
    document = load(data, path)
    document = {} if document is None else document
    before = repr(document)  # which tells 1 from 1.0
    text = data.decode().replace("\r\n", "\n")
    splicing = _Splicing(text, _root(text), document)
    change(document)
    content = plain(document)
    if repr(content) == before:
        return data
    edited = splicing.edited(document)
    if not _reads_as(edited, content):
        raise InvalidFile(
            "can't be edited without changing what else it says",
            path=path,
            hint="Make the change by hand, or write the file in a simpler form.",
        )
    return edited.replace("\n", "\r\n" if b"\r\n" in data else "\n").encode()


def _reads_as(text: str, wanted: Any) -> bool:
    try:
        return repr(load(text.encode())) == repr(wanted)
    except InvalidFile:
        return False


# --- where things stand -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """A value in the text, from `start` to `end`. The entries of a collection in block style begin in
    `column`."""

    start: int
    end: int
    column: int
    style: str  # of a scalar, as PyYAML names it; "{" and "" for a collection in flow and in block style
    value: str = ""  # a scalar's
    is_mapping: bool = False
    is_scalar: bool = False
    entries: list[_Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    """An entry of a collection: its key (a mapping's only), where key or `-` stands, and its value."""

    key: str | None
    start: int
    node: _Node


def _root(text: str) -> _Node | None:
    """Return the document's value; None where nothing is written."""
    events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
    for event in events:
        if type(event) is DocumentStartEvent:
            root = _node(next(events), events, text)
            return None if root.is_scalar and root.start == root.end else root
    return None


def _node(event: Any, events: Iterator[Any], text: str) -> _Node:
    start, stop = event.start_mark, event.end_mark
    if isinstance(event, ScalarEvent):
        style = event.style or ""
        return _Node(start.index, stop.index, start.column, style, event.value, is_scalar=True)
    node = _Node(start.index, stop.index, start.column, "{" if event.flow_style else "")
    node.is_mapping = isinstance(event, MappingStartEvent)
    while not isinstance(child := next(events), CollectionEndEvent):
        key = child if node.is_mapping else None
        value = _node(next(events) if node.is_mapping else child, events, text)
        begins = key.start_mark.index if key else value.start
        if not key and not node.style:
            begins = _dash(text, node, begins)
        node.entries.append(_Entry(key.value if key else None, begins, value))
        node.end = value.end
    if node.style and child.end_mark:
        node.end = child.end_mark.index
    return node


def _dash(text: str, node: _Node, before: int) -> int:
    """Where the `-` of an item stands whose value begins at `before`."""
    if not node.entries:
        return node.start
    dash = re.compile(rf"^ {{{node.column}}}-", re.MULTILINE)
    match = dash.search(text, _line_after(text, node.entries[-1].node), before + 1)
    return match.end() - 1 if match else before


def _line_after(text: str, node: _Node) -> int:
    """Where the line after a value begins; behind the last line, whose end may be missing, that is added."""
    if node.end and text[node.end - 1] == "\n":
        return node.end
    stop = text.find("\n", node.end)
    return len(text) + 1 if stop < 0 else stop + 1


# --- what is put in its place -----------------------------------------------------------------------------


class _Splicing:
    """The changes that let a text say what a document says, which was read from it and altered since."""

    def __init__(self, text: str, root: _Node | None, document: object) -> None:
        self._text = text
        self._root = root
        self._edits: list[tuple[int, int, str]] = []
        self._nodes: dict[int, tuple[object, _Node]] = {}
        if root is not None:
            self._note(root, document)

    def edited(self, document: Any) -> str:
        """Return the text that says what the document says now."""
        root, text = self._root, self._text
        if root is None or root.is_scalar:
            return _with_newline(text) + dump(document).decode()
        if not self._change(root, document):
            end = _line_after(text, root)
            self._edits = [(_line_start(text, root.start), end, dump(document).decode())]
        text = self._without_open_end(text)
        for _, (start, stop, replacement) in sorted(enumerate(self._edits), key=_by_place, reverse=True):
            text = text[:start] + replacement + text[stop:]
        return text

    def _note(self, node: _Node, value: Any) -> None:
        """Remember which collection of the document stands where."""
        self._nodes[id(value)] = (value, node)
        for index, entry in enumerate(node.entries):
            if not entry.node.is_scalar:
                self._note(entry.node, value[entry.key if node.is_mapping else index])

    def _without_open_end(self, text: str) -> str:
        """Return the text with a line break at its end, which must not become part of a text that ends
        there.
        """
        last = self._root
        while last is not None and last.entries:
            last = last.entries[-1].node
        if not text.endswith("\n") and last is not None and last.style in ("|", ">"):
            self._edits.append((last.start, len(text), f"{dump_inline(last.value)}\n"))
            return text
        return _with_newline(text)

    def _change(self, node: _Node, value: Any) -> bool:
        """Note the edits by which a collection comes to say what `value` does; False when it must be written
        anew."""
        items = list(value.items()) if node.is_mapping else [(None, item) for item in value]
        kept = list(self._kept(node, items))
        standing = {place for place in kept if place is not None}
        if not standing or (node.style and not self._fits_flow(node, kept)):
            return False
        for place, entry in enumerate(node.entries):
            if place not in standing:
                self._take_out(node, place, entry)
        following = len(node.entries)
        for (key, item), own_place in zip(reversed(items), reversed(kept), strict=True):
            if own_place is None:
                self._put_in(node, following, key, item)
            else:
                following = own_place
                self._keep(node, node.entries[own_place], item)
        return True

    def _kept(self, node: _Node, items: list[tuple[str | None, Any]]) -> Iterator[int | None]:
        """For each item the entry that it was read from, in their order; None for what is new."""
        last = -1
        for key, item in items:
            places = range(last + 1, len(node.entries))
            place = next((place for place in places if self._is_from(node.entries[place], key, item)), None)
            last = last if place is None else place
            yield place

    def _is_from(self, entry: _Entry, key: str | None, item: Any) -> bool:
        if key is not None:
            return entry.key == key
        if entry.node.is_scalar:
            return _says(entry.node, item)
        return self._node_of(item) is entry.node

    def _node_of(self, value: object) -> _Node | None:
        pair = self._nodes.get(id(value))
        return pair[1] if pair and pair[0] is value else None

    @staticmethod
    def _fits_flow(node: _Node, kept: list[int | None]) -> bool:
        """Whether all that is new comes after all that stands, in flow style."""
        return kept[: len(node.entries)] == list(range(len(node.entries)))

    def _keep(self, node: _Node, entry: _Entry, item: Any) -> None:
        own = entry.node
        if own.is_scalar and _says(own, item):
            return
        if self._node_of(item) is own and self._change(own, item):
            return
        if node.style:
            self._edits.append((own.start, own.end, dump_inline(item)))
            return
        lines = _lines(entry.key, item)
        if own.is_scalar and own.style not in ("|", ">") and len(lines) == 1 and own.start != own.end:
            self._edits.append((own.start, own.end, _scalar(item)))
            return
        written = _at(lines, node.column)
        below = self._text.find("\n", entry.start) + 1
        if isinstance(item, dict | list) and item and not own.is_scalar and 0 < below <= own.start:
            # The line of the key stays as it is, with a comment on it.
            self._edits.append((below, _line_after(self._text, own), written.partition("\n")[2]))
        else:
            self._edits.append((entry.start, _line_after(self._text, own), written))

    def _take_out(self, node: _Node, place: int, entry: _Entry) -> None:
        start, stop = entry.start, _line_after(self._text, entry.node)
        begins = _line_start(self._text, start)
        if not self._text[begins:start].strip():
            start = begins
        elif place + 1 < len(node.entries):  # behind the `-` of a list
            following = node.entries[place + 1].start
            stop = following if not self._text[stop:following].strip() else stop - 1
        self._edits.append((start, stop, ""))

    def _put_in(self, node: _Node, following: int, key: str | None, item: Any) -> None:
        """Put in what is new, above the entry that follows it."""
        if node.style:
            written = dump_inline(item) if key is None else dump_inline({key: item})[1:-1]
            self._edits.append((node.entries[-1].node.end, node.entries[-1].node.end, f", {written}"))
            return
        written = _at(_lines(key, item), node.column)
        margin = " " * node.column
        if following == len(node.entries):
            at = _line_after(self._text, node.entries[-1].node)
            self._edits.append((at, at, margin + written))
            return
        at = node.entries[following].start
        begins = _line_start(self._text, at)
        if self._text[begins:at].strip():  # behind the `-` of a list
            self._edits.append((at, at, written + margin))
            return
        # A comment above an entry is about that entry.
        least = _line_after(self._text, node.entries[following - 1].node) if following else 0
        while begins > least:
            above = _line_start(self._text, begins - 1)
            if not self._text[above:begins].lstrip().startswith("#"):
                break
            begins = above
        self._edits.append((begins, begins, margin + written))


def _says(node: _Node, value: object) -> bool:
    """Whether a scalar says what `value` is."""
    return repr(node.value if node.style else value_of(node.value)) == repr(value)


def _by_place(numbered: tuple[int, tuple[int, int, str]]) -> tuple[int, int]:
    # What goes to one place was noted from below.
    return numbered[1][0], -numbered[0]


def _with_newline(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _lines(key: str | None, item: Any) -> list[str]:
    """Return an entry in block style, as its lines."""
    whole = {"list": [item]} if key is None else {key: item}
    lines = dump(whole).decode().splitlines()
    if lines[-1] == "...":  # behind a text that ends with empty lines
        del lines[-1]
    return lines if key is not None else [line[2:] for line in lines[1:]]


def _scalar(item: Any) -> str:
    return dump({"key": item}).decode().partition(": ")[2].rstrip("\n")


def _at(lines: list[str], column: int) -> str:
    """Lines in a column, but for the margin of the first."""
    margin = " " * column
    first, *others = lines
    return "".join([f"{first}\n", *(f"{margin}{line}\n" if line else "\n" for line in others)])
