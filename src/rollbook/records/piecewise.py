"""Reading many stages.yaml that are nearly the same: each entry's text is parsed once.

A long history holds thousands of these files, each a line longer than the one before. A file is cut up only
where the cut can't change its meaning: before a key at a line's beginning, and before `- ` where every other
line of the list is indented more. Whatever the file holds beyond that shape is read the plain way; so is what
can't be read, for its error.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rollbook.errors import InvalidFile
from rollbook.records.stages import ALIASES, NO_STAGES, StageEntry, StageTable, parse_stages, stages_from
from rollbook.yaml.strict import MAX_BYTES, load

# Comments, which are left out and so of plain characters; then keys at the beginning of a line, each with
# lines that are indented, or blank, below it.
_FILE = re.compile(r"(?:#[ -~]*\n|\n)*(?P<sections>(?:[a-z][a-z0-9_-]*:[^\n]*\n(?: [^\n]*\n|\n)*)+)")
_SECTION = re.compile(r"(?P<name>[a-z][a-z0-9_-]*):(?P<rest>[^\n]*\n)(?P<body>(?: [^\n]*\n|\n)*)")
_ITEM = re.compile(r"  - [^\n]*\n(?:   [^\n]*\n|\n)*")


class PiecewiseStages:
    """Parses stages as `parse_stages` does; entries of equal text are one object."""

    def __init__(self) -> None:
        self._pieces: dict[str, StageTable | None] = {}

    def parse(self, data: bytes, path: str) -> StageTable:
        """Read a model's stages. Raises InvalidFile naming the file and the key."""
        try:
            text = data.decode() if len(data) <= MAX_BYTES else ""
        except UnicodeDecodeError:
            text = ""
        return self._table(text) or parse_stages(data, path)

    def _table(self, text: str) -> StageTable | None:
        """Return the table that the text's pieces make up; None where it has to be read as a whole."""
        whole = _FILE.fullmatch(text)
        if whole is None:
            return None
        entries: list[StageEntry] = []
        with_aliases = StageTable()
        names = set[str]()
        for section in _SECTION.finditer(whole["sections"]):
            name = section["name"]
            if name in names:
                return None
            names.add(name)
            for piece in _pieces(section):
                table = self._piece(name, piece)
                if table is None:
                    return None
                entries += table.entries
                if name == ALIASES:
                    with_aliases = table
        return replace(with_aliases, entries=tuple(entries))

    def _piece(self, name: str, text: str) -> StageTable | None:
        if text not in self._pieces:
            self._pieces[text] = _parsed(name, text)
        return self._pieces[text]


def _pieces(section: re.Match[str]) -> list[str]:
    """Return a section's items, each under its key; or the section whole, where it isn't a plain list of
    items.
    """
    body = section["body"]
    if section["name"] not in NO_STAGES and section["rest"] == "\n" and body.startswith("  - "):
        items: list[str] = _ITEM.findall(body)
        if sum(map(len, items)) == len(body):
            return [f"{section['name']}:\n{item}" for item in items]
    return [section[0]]


def _parsed(name: str, text: str) -> StageTable | None:
    """Return a piece's table; None where it isn't one mapping of this one key, or can't be read."""
    try:
        document = load(text.encode())
        if not isinstance(document, dict) or list(document) != [name]:
            return None
        table = stages_from(document, "")
    except InvalidFile:
        return None
    return table
