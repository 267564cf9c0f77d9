"""Printing results: JSON for programs, tables for people, tab-separated lines for pipes."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.cli.terminal_table import Paint

_TOGETHER = 1_000  # rows of a table


def print_json(value: Any) -> None:
    """Print what a verb returned as JSON; see `json_text`."""
    click.echo(json_text(value), nl=False)


def json_text(value: Any) -> str:
    """Return what a verb returned as indented JSON, ASCII only, so that no content can act on a terminal.

    JSON has no infinite numbers and no NaN; they become null.
    """
    from rollbook.api.json_document import document
    from rollbook.cli.indented_json import indented

    return f"{indented(document(value))}\n"


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    may_go: Sequence[str] = (),
    paint: Paint | None = None,
    brief: Callable[[str], str] | None = None,
) -> None:
    """Print a table on a terminal; tab-separated lines under one header line when piped.

    The rows are taken as they come: a long table has its columns measured anew, under a header, now and then.
    On a terminal that is too narrow columns are left out, the first of `may_go` first, or each row becomes a
    block; `paint` says which colour a cell has there, `brief` what is shown of it. What is piped is always
    whole, and plain.
    """
    remaining = iter(rows)
    some = list(islice(remaining, _TOGETHER))
    if not sys.stdout.isatty():
        click.echo(_tabbed(columns))
        while some:
            click.echo(_all_tabbed(some))
            some = list(islice(remaining, _TOGETHER))
        return
    if brief is not None:
        some = [[brief(cell) for cell in row] for row in some]
        remaining = ([brief(cell) for cell in row] for row in remaining)
    left_out = _print_drawn(columns, some, may_go, paint)
    while some := list(islice(remaining, _TOGETHER)):
        left_out |= _print_drawn(columns, some, may_go, paint)
    if left_out:
        say(f"left out, for want of room: {', '.join(left_out)}; a wider terminal shows them, and --json")


def _print_drawn(
    columns: Sequence[str], rows: Sequence[Sequence[str]], may_go: Sequence[str], paint: Paint | None
) -> dict[str, None]:
    """Draw rows and return the columns that had no room."""
    from rollbook.cli.terminal_table import drawn

    table = drawn(columns, rows, _width(), may_go=may_go, paint=None if os.environ.get("NO_COLOR") else paint)
    click.echo("\n".join(table.lines), color=False if os.environ.get("TERM") == "dumb" else None)
    return dict.fromkeys(table.left_out)


def _width() -> int:
    return shutil.get_terminal_size().columns


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for people; on a terminal those that are too long are broken between words, and what is
    carried on is indented below."""
    if not sys.stdout.isatty():
        click.echo("\n".join(map(printable, lines)))
        return
    from rollbook.cli.terminal_table import wrapped

    for line in map(printable, lines):
        indent = len(line) - len(line.lstrip(" ")) + 2
        click.echo("\n".join(wrapped(line, _width(), indent=indent)))


def _all_tabbed(rows: Sequence[Sequence[str]]) -> str:
    text = "\n".join(map("\t".join, rows))
    cells_have_none = (
        text.count("\t") == sum(map(len, rows)) - len(rows) and text.count("\n") == len(rows) - 1
    )
    if cells_have_none and _is_harmless(text.replace("\t", "").replace("\n", "")):
        return text  # as nearly all of a long table
    return "\n".join(map(_tabbed, rows))


def _is_harmless(text: str) -> bool:
    return text.isprintable() and "::" not in text and "##" not in text


def _tabbed(row: Sequence[str]) -> str:
    if _is_harmless("".join(row)):
        return "\t".join(row)
    return "\t".join(printable(cell) for cell in row)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line, the values aligned; nothing for an empty value."""
    shown = [(printable(name), printable(value)) for name, value in facts if value]
    if not sys.stdout.isatty():
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            click.echo(f"{name:<{width}}  {value}")
        return
    from rollbook.cli.terminal_table import fact_lines

    for line in fact_lines(shown, _width()):
        click.echo(line)


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print two texts a line: aligned on a terminal, with a tab between when piped."""
    if sys.stdout.isatty():
        print_facts(pairs)
        return
    for pair in pairs:
        click.echo(_tabbed(pair))


def say(message: str) -> None:
    """Tell a person something; never part of the result. On a terminal it is broken between words."""
    text = printable(message)
    width = _width()
    if sys.stderr.isatty() and (len(text) > width or not text.isascii()):
        from rollbook.cli.terminal_table import wrapped

        text = "\n".join(wrapped(text, width))
    click.echo(text, err=True)


def warn(message: str) -> None:
    """Warn a person of something; never part of the result."""
    click.echo(click.style("warning: ", fg="yellow") + printable(message), err=True)


def size(count: int) -> str:
    """Return a number of bytes for a person: `812 bytes`, `1.4 MiB`."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


@contextmanager
def progress_bar(stage: str, subject: str, total: int | None = None) -> Iterator[Progress]:
    """Draw a progress bar over `total` bytes on a terminal; silent elsewhere. What is done to the subject
    changes with the stages that the work itself begins."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rollbook.cli.byte_bar import byte_bar

    with byte_bar(printable(subject)) as bar:
        bar.begin(stage, total)
        yield bar
