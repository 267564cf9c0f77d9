"""A table as lines for a terminal of some width, in which no word is broken.

Where it is too wide, cells are wrapped between words; then columns go, in an order that the caller gives;
then each row is a block of `column: value` lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    # What colour a cell has, by the name of its column and its text; None for that of all text.
    Paint = Callable[[str, str], str | None]

_GAP = 2  # blanks between columns
_LEAST = 16  # no column is wrapped to less, or a sentence would be a tower of words
# Between these a line may end, in a script that puts no blanks between words; not before what is no letter.
_HAN = "\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf" *(?:[{_HAN}][^ {_HAN}A-Za-z0-9]*|[^ {_HAN}]+)")


@dataclass(frozen=True, slots=True)
class Drawn:
    """The lines of a table, and which of its columns had no room."""

    lines: Sequence[str]
    left_out: Sequence[str]


def drawn(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    may_go: Sequence[str] = (),
    paint: Paint | None = None,
) -> Drawn:
    """Return the lines that show the rows in `width` cells of a terminal.

    `may_go` names the columns that others are worth more than, the first to go first; of them, one that is
    empty goes before the rest. No line is wider than `width` unless a single word is.
    """
    head = [printable(column) for column in columns]
    cells = [[printable(cell) for cell in row] for row in rows]
    measured = [_measured(texts) for texts in zip(head, *cells, strict=True)]
    shown = list(range(len(head)))
    for gone in (None, *_order_to_go(columns, cells, may_go)):
        if gone is not None:
            shown.remove(gone)
        widths = _fitted([measured[index] for index in shown], width)
        if widths is not None:
            lines = _table_lines(columns, head, cells, shown, widths, paint)
            left_out = [index for index in range(len(head)) if index not in shown]
            return Drawn(list(lines), [head[index] for index in left_out if _is_filled(cells, index)])
    return Drawn(list(_block_lines(columns, head, cells, width, paint)), ())


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Return printable text as lines of at most `width` cells, broken between words; a word that is wider
    stands on a line of its own. The lines after the first are indented, where their words leave room.
    """
    text = text.rstrip(" ")
    if cell_len(text) <= width:
        return [text]
    blanks = len(text) - len(text.lstrip(" "))
    lines: list[str] = []
    line, used, is_empty = " " * blanks, blanks, True
    for piece in _PIECE.findall(text[blanks:]):
        taken = cell_len(piece)
        if not is_empty and used + taken > width:
            lines.append(line)
            piece = piece.lstrip(" ")  # noqa: PLW2901
            taken = cell_len(piece)
            line, used, is_empty = " " * indent, indent, True
        if is_empty and used + taken > width:
            line, used = "", 0
        line, used, is_empty = line + piece, used + taken, False
    return [*lines, line]


def fact_lines(facts: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield printable names and values as lines: each value beside its name, aligned, its own lines below
    each other; or below the name where a word of it has no room beside."""
    beside = max((cell_len(name) for name, _ in facts), default=0) + _GAP
    for name, value in facts:
        text = f"{name}{' ' * (beside - cell_len(name))}"
        least, _ = _measured([value])
        if beside + least <= width:
            first, *others = wrapped(value, width - beside)
            yield f"{text}{first}"
            yield from (" " * beside + line for line in others)
        else:
            yield from wrapped(f"{text}{value}", width, indent=len(name) - len(name.lstrip(" ")) + _GAP)


def _order_to_go(columns: Sequence[str], cells: Sequence[Sequence[str]], may_go: Sequence[str]) -> list[int]:
    order = [list(columns).index(name) for name in may_go if name in columns]
    return sorted(order, key=lambda index: _is_filled(cells, index))


def _is_filled(cells: Sequence[Sequence[str]], index: int) -> bool:
    return any(row[index] for row in cells)


def _measured(texts: Sequence[str]) -> tuple[int, int]:
    """Return the least cells that these texts need in a column, and how many they would take at best."""
    at_best = max(map(cell_len, texts), default=0)
    if at_best <= _LEAST:
        return at_best, at_best
    long = [text for text in texts if cell_len(text) > _LEAST]
    longest = max(cell_len(piece.lstrip(" ")) for text in long for piece in _PIECE.findall(text.rstrip(" ")))
    return max(longest, _LEAST), at_best


def _fitted(measured: Sequence[tuple[int, int]], width: int) -> list[int] | None:
    """Return how wide each column is, the widest of them wrapped as far as needed; None where that is not
    enough."""
    room = width - _GAP * (len(measured) - 1)
    if sum(least for least, _ in measured) > room:
        return None
    low, high = 0, max((at_best for _, at_best in measured), default=0)
    while low < high:
        most = (low + high + 1) // 2
        if sum(_taken(column, most) for column in measured) <= room:
            low = most
        else:
            high = most - 1
    return [_taken(column, low) for column in measured]


def _taken(column: tuple[int, int], most: int) -> int:
    least, at_best = column
    return max(least, min(at_best, most))


def _table_lines(
    columns: Sequence[str],
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    shown: Sequence[int],
    widths: Sequence[int],
    paint: Paint | None,
) -> Iterator[str]:
    yield from _row_lines([head[index] for index in shown], widths, [{"bold": True}] * len(shown))
    yield (" " * _GAP).join("─" * width for width in widths)
    for row in cells:
        styles = [_style(columns[index], row[index], paint) for index in shown]
        yield from _row_lines([row[index] for index in shown], widths, styles)


def _row_lines(
    texts: Sequence[str], widths: Sequence[int], styles: Sequence[dict[str, bool | str]]
) -> Iterator[str]:
    columns = [wrapped(text, width) for text, width in zip(texts, widths, strict=True)]
    for number in range(max(map(len, columns))):
        line, behind = "", 0
        for lines, width, style in zip(columns, widths, styles, strict=True):
            text = lines[number] if number < len(lines) else ""
            if text:
                line += " " * behind + (click.style(text, **style) if style else text)  # type: ignore[arg-type]
                behind = 0
            behind += width - cell_len(text) + _GAP
        yield line


def _block_lines(
    columns: Sequence[str],
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    width: int,
    paint: Paint | None,
) -> Iterator[str]:
    """Yield one row after the other; a column without a name gives each block its title."""
    if not cells:
        yield from wrapped("  ".join(head), width, indent=_GAP)
    for number, row in enumerate(cells):
        if number:
            yield ""
        indent = "" if all(head) else " " * _GAP
        for column, name, cell in zip(columns, head, row, strict=True):
            if not name:
                yield from wrapped(cell, width, indent=_GAP)
            elif cell:
                yield from _block_line(f"{indent}{name}:", cell, width, _style(column, cell, paint))


def _block_line(name: str, cell: str, width: int, style: dict[str, bool | str]) -> Iterator[str]:
    first, *others = wrapped(f"{name} {cell}", width, indent=len(name) - len(name.lstrip(" ")) + _GAP)
    if style and not others:  # what is painted are words such as a stage's name
        yield f"{name} {click.style(cell, **style)}"  # type: ignore[arg-type]
        return
    yield first
    yield from others


def _style(column: str, cell: str, paint: Paint | None) -> dict[str, bool | str]:
    colour = paint(column, cell) if paint else None
    return {"fg": colour} if colour else {}
