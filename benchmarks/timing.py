"""Timing cold processes: each run is a new process, and what is compared takes turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The user's own settings (signing, hooks, aliases) must not count.
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Jane Doe",
    "GIT_AUTHOR_EMAIL": "jane@example.com",
    "GIT_COMMITTER_NAME": "Jane Doe",
    "GIT_COMMITTER_EMAIL": "jane@example.com",
    "DVC_NO_ANALYTICS": "1",
}


def _nothing() -> None:
    """What a command needs before each run, by default."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something to time: one or more programs, run one after another in `directory`.

    `prepare` runs before each, untimed. `runs` limits how often, for what takes minutes.
    """

    label: str
    programs: Sequence[Sequence[str]]
    directory: Path
    prepare: Callable[[], None] = _nothing
    runs: int | None = None


def program(name: str) -> str:
    """The program of that name beside this Python, where `pip` has put it; else the one on the PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name


def run(directory: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """Run a program and return what it prints. Raises RuntimeError, with its own words, when it fails."""
    done = subprocess.run(
        arguments,
        cwd=directory,
        input=stdin,
        capture_output=True,
        env={**os.environ, **_ENVIRONMENT},
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"{' '.join(arguments[:4])} failed in {directory}: {said}")
    return done.stdout


def seconds(command: Command) -> float:
    """The wall time of one run."""
    command.prepare()
    start = time.perf_counter()
    for arguments in command.programs:
        run(command.directory, *arguments)
    return time.perf_counter() - start


def medians(commands: Sequence[Command], runs: int) -> list[float]:
    """The median wall time of each command, in seconds.

    They take turns, so that what else the machine does falls on all of them. A first turn warms the file
    cache and is thrown away, except for a command that may run once only.
    """
    taken: list[list[float]] = [[] for _ in commands]
    for turn in range(runs + 1):
        for command, times in zip(commands, taken, strict=True):
            allowed = runs if command.runs is None else command.runs
            if turn == 0 and allowed > 1:
                seconds(command)
            elif turn > 0 and len(times) < allowed:
                times.append(seconds(command))
    return [median(times) for times in taken]
