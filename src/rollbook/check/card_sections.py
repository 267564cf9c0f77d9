"""Reading a model card: its YAML front matter, and its sections by their headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook.check.wording import without_comments
from rollbook.errors import InvalidFile
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FRONT_MATTER = re.compile(
    r"\A---[ \t]*\r?\n(?P<yaml>.*?)(?:^)---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_HEADING = re.compile(r" {0,3}(?P<level>#{1,6})[ \t]+")
_FENCE = re.compile(r" {0,3}(?P<mark>```+|~~~+)")


def front_matter(card: str) -> Mapping[str, Any]:
    """Return the YAML block at the head of a card; empty when there is none. Raises InvalidFile for a broken
    one.
    """
    match = FRONT_MATTER.match(card)
    value = load(match["yaml"].encode()) if match else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidFile("the card's front matter is no mapping")
    return value


def sections(card: str) -> dict[str, str]:
    """Return the text below each heading, down to the next heading of its level or above, by the heading
    folded.

    Headings inside fenced code are none, and neither are those in comments.
    """
    lines: dict[str, list[str]] = {}
    open_sections: list[tuple[int, str]] = []
    for whole, is_text in lines_of_text(without_comments(FRONT_MATTER.sub("", card, count=1))):
        (line,) = whole.splitlines()
        heading = _HEADING.match(line) if is_text else None
        if heading:
            level, title = len(heading["level"]), line[heading.end() :].rstrip(" \t#").strip().casefold()
            open_sections = [(outer, name) for outer, name in open_sections if outer < level]
            lines.setdefault(title, [])
            open_sections.append((level, title))
            continue
        for _, name in open_sections:
            lines[name].append(f"{line}\n")
    return {title: "".join(below) for title, below in lines.items()}


def lines_of_text(markdown: str) -> Iterator[tuple[str, bool]]:
    """Yield each line with its end, and whether it is text: neither in fenced code nor the fence itself."""
    fence = ""
    for line in markdown.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark:
            fence = "" if fence and mark["mark"].startswith(fence) else fence or mark["mark"]
        yield line, not fence and not mark
