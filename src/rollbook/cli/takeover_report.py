"""What `rollbook import gto` and `rollbook import mlflow` print of a takeover alike."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from rollbook.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rollbook.transfer.takeover_notes import Note


def say_remarks(reference: str, remarks: Sequence[str]) -> None:
    """Print what is to be known of a model or a version, a line each."""
    for remark in remarks:
        say(f"{reference}: {remark}")


def say_notes(skipped: Sequence[Note], problems: Sequence[Note]) -> None:
    """Print what is left out, and what has to be decided, a line each."""
    for word, notes in (("left out", skipped), ("to be decided", problems)):
        for note in notes:
            say(f"{word}: {note.what}: {note.why}{f' ({note.hint})' if note.hint else ''}")


def pairs_typed(options: Iterable[tuple[str, str]], given: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield options that take OLD=NEW, each told with its name in `given`, as they are typed."""
    for option, name in options:
        for old, new in given[name].items():
            yield shlex.join([option, f"{old}={new}"])


def exit_undecided(problems: Sequence[Note]) -> None:
    """Exit with 1, all that was printed before, where something has to be decided first."""
    if problems:
        sys.stdout.flush()
        raise click.exceptions.Exit(1)
