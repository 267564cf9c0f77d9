"""Changing a YAML file in place: comments, key order, quotes and line endings stay as people wrote them."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.yaml.strict import KeyPath, load, walk
from rollbook.yaml.write import plain

if TYPE_CHECKING:
    from collections.abc import Callable

# Comment lines and blank lines before the content, and a document marker on a line of its own.
_HEAD = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?:---[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*)?")
_LIST_UNDER_KEY = re.compile(r"^( *)[^ #\n-][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE)
_MAPPING_UNDER_KEY = re.compile(r"^[^ #\n-][^\n]*:[ \t]*\n( +)[^ #\n-]", re.MULTILINE)


def edit(data: bytes, change: Callable[[Any], None], path: str = "") -> bytes:
    """Return `data` after `change` has altered the document it is given, in place.

    An empty file is given to `change` as an empty mapping. When `change` alters nothing, the very same bytes
    come back. Raises InvalidFile for what `strict.load` refuses and when the result would not read as what
    `change` made; BadCall when `change` puts in what can't be written.
    """
    before = load(data, path)
    before = {} if before is None else before
    text = data.decode().replace("\r\n", "\n")
    head, content = _split_head(text)
    document = _compose(content, before)
    is_faithful = document is not None
    if document is None:
        document = copy.deepcopy(before)
    change(document)
    wanted = plain(document)
    if repr(wanted) == repr(before):  # repr: tells 1 from 1.0, and NaN equals NaN
        return data
    if not is_faithful:
        raise _too_unusual(path)

    from rollbook.yaml.roundtrip import emit

    body = emit(document, list_offset=_list_offset(text), mapping_indent=_mapping_indent(text))
    if not _reads_as(head + body, wanted):
        raise _too_unusual(path)
    settled = _bring_home_comments(text, head + body) if before else head + body
    edited = _restore_comments(text, settled)
    if not _reads_as(edited, wanted):
        raise _too_unusual(path)
    return edited.replace("\n", "\r\n" if b"\r\n" in data else "\n").encode()


def _split_head(text: str) -> tuple[str, str]:
    head = _HEAD.match(f"{text}\n")
    start = min(head.end() if head else 0, len(text))
    is_cut = start > 0 and text[start - 1] != "\n"
    return text[:start] + "\n" * is_cut, text[start:]


def _compose(content: str, expected: Any) -> Any:
    """The document with its comments, or None when ruamel.yaml reads anything else than `expected`."""
    from rollbook.yaml.roundtrip import compose

    try:
        document = compose(content)
    except ValueError:
        return None
    return document if repr(plain(document)) == repr(expected) else None


def _reads_as(text: str, wanted: Any) -> bool:
    try:
        return repr(load(text.encode())) == repr(wanted)
    except InvalidFile:
        return False


def _too_unusual(path: str) -> InvalidFile:
    return InvalidFile(
        "can't be edited without changing what else it says",
        path=path,
        hint="Make the change by hand, or write the file in a simpler form.",
    )


def _list_offset(text: str) -> int:
    """How far `-` stands to the right of the key its list belongs to."""
    found = _LIST_UNDER_KEY.search(text)
    return max(0, len(found[2]) - len(found[1])) if found else 2


def _mapping_indent(text: str) -> int:
    found = _MAPPING_UNDER_KEY.search(text)
    return len(found[1]) if found else 2


def _bring_home_comments(before: str, after: str) -> str:
    """Put comments that came to stand above something new back above the key that they stood above.

    ruamel.yaml ties a comment to what stands before it, so what is added at the end of a mapping or a list
    comes to stand below the comment of the key that follows.
    """
    wanted = _comments_above(before)
    present = _comments_above(after)
    lines = after.splitlines(keepends=True)
    moves = []
    for path, (_, block) in wanted.items():
        if not block or path not in present or _ends_with(present[path][1], block):
            continue
        strays = {
            line
            for other, (line, found) in present.items()
            if other not in wanted and _ends_with(found, block)
        }
        if len(strays) == 1:
            moves.append((present[path][0], strays.pop(), len(block)))
    for target, stray, length in sorted(set(moves), reverse=True):
        first = stray - length
        if first and not lines[first - 1].strip():
            first -= 1
        lines[target:target] = lines[first:stray]
        del lines[first:stray]
    return "".join(lines)


def _restore_comments(before: str, after: str) -> str:
    """Put back comments above a key, or at the end, that went with a deleted key before them."""
    wanted = _comments_above(before)
    present = _comments_above(after)
    lines = after.splitlines(keepends=True)
    lost = _line_counts(before) - _line_counts(after)
    missing = [
        (line, block)
        for path, (_, block) in wanted.items()
        if path in present
        for line, found in [present[path]]
        if any(text.strip() in lost for text in block) and not _ends_with(found, block)
    ]
    for line, block in sorted(missing, key=lambda entry: entry[0], reverse=True):
        lines[line:line] = block
    return "".join(lines)


def _line_counts(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.split("\n"))


def _ends_with(lines: list[str], block: list[str]) -> bool:
    return [line.strip() for line in lines[-len(block) :]] == [line.strip() for line in block]


_END: KeyPath = ("\0end",)  # no key: `load` refuses the character


def _comments_above(text: str) -> dict[KeyPath, tuple[int, list[str]]]:
    """For each key path, and the end: its 0-based line, and the comment lines directly above that line."""
    lines = text.splitlines(keepends=True)
    content: set[int] = set()
    places: dict[KeyPath, int] = {}
    for path, line, event in walk(text.encode()):
        places[path] = line - 1
        start, end = event.start_mark, event.end_mark
        content.update(range(start.line, end.line + (1 if end.column else 0)))
    places[_END] = len(lines)
    above: dict[KeyPath, tuple[int, list[str]]] = {}
    for path, line in places.items():
        first = line
        while first and first - 1 not in content and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        above[path] = line, lines[first:line]
    return above
