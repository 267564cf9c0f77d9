"""Timing cold processes: each run is a new process, and what is compared takes turns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from resource import struct_rusage

Kind = Literal["rollbook", "floor", "peer"]

# The user's own settings (signing, hooks, aliases) must not count.
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Jane Doe",
    "GIT_AUTHOR_EMAIL": "jane@example.com",
    "GIT_COMMITTER_NAME": "Jane Doe",
    "GIT_COMMITTER_EMAIL": "jane@example.com",
    "GIT_TERMINAL_PROMPT": "0",
    "DVC_NO_ANALYTICS": "1",
}
# What takes longer than this (seconds) the first time is not timed again.
_SLOW = 10.0


def _nothing() -> None:
    """What a command needs before each run, by default."""


def _no_counts() -> Mapping[str, float]:
    """What a run is counted by, by default."""
    return {}


@dataclass(frozen=True, slots=True)
class Command:
    """Something to time: one or more programs, run one after another in `directory`.

    `prepare` runs before each run, untimed. Where `tells` is set, the program times itself, and prints the
    seconds. `counts` is asked after each run for what else there is to say of it, by name.
    """

    label: str
    programs: Sequence[Sequence[str]]
    directory: Path
    kind: Kind = "rollbook"
    prepare: Callable[[], None] = _nothing
    tells: bool = False
    counts: Callable[[], Mapping[str, float]] = _no_counts


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall time and processor time (user and system) in seconds, and the largest memory that one of
    its processes held, in bytes."""

    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Timing:
    """What came of timing a command: medians of `runs` runs, the most memory, and its counts.

    `seconds` is None where there was no answer; `note` then says why.
    """

    label: str
    kind: Kind
    seconds: float | None
    cpu: float = 0.0
    memory: int = 0
    runs: int = 0
    note: str = ""
    counts: Mapping[str, float] = field(default_factory=dict)


class NoAnswerError(Exception):
    """A command took longer than it was given, or failed."""


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


def sample(command: Command, limit: float) -> Sample:
    """Run a command once. Raises NoAnswerError when it fails, or takes longer than `limit` seconds."""
    command.prepare()
    start = time.perf_counter()
    cpu, memory, said = 0.0, 0, ""
    for arguments in command.programs:
        used, said = _measured(command.directory, arguments, limit)
        cpu += used.ru_utime + used.ru_stime
        memory = max(memory, used.ru_maxrss * 1024)
    seconds = time.perf_counter() - start
    if command.tells:
        seconds = cpu = float(said)
    return Sample(seconds, cpu, memory)


def _measured(directory: Path, arguments: Sequence[str], limit: float) -> tuple[struct_rusage, str]:
    """What a process and those that it started used (`resource.struct_rusage`), and what it printed."""
    # Its words go to a file, as they would to a terminal or a pipe that is read at once.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            arguments, cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
            env={**os.environ, **_ENVIRONMENT}, start_new_session=True,
        )  # fmt: skip
        ended = threading.Event()
        timer = threading.Timer(limit, _end, (process.pid, ended))
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if ended.is_set():
            raise NoAnswerError(f"no answer after {limit:.0f} s")
        if process.returncode:
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise NoAnswerError(f"failed: {words[-1][:120]}")
        out.seek(0)
        return used, out.read(1 << 16).decode(errors="replace")


def _end(group: int, ended: threading.Event) -> None:
    ended.set()
    os.killpg(group, signal.SIGKILL)


def time_in_turns(commands: Sequence[Command], runs: int, limit: float) -> list[Timing]:
    """Time each command `runs` times; one that takes longer than `limit` seconds gives no answer.

    They take turns, so that what else the machine does falls on all of them. A first turn warms the file
    cache and is thrown away, except for what is slow: that is run once.
    """
    taken: list[list[Sample]] = [[] for _ in commands]
    notes = ["" for _ in commands]
    counts: list[Mapping[str, float]] = [{} for _ in commands]
    done: set[int] = set()
    for turn in range(runs + 1):
        for place, command in enumerate(commands):
            if place in done:
                continue
            try:
                found = sample(command, limit)
            except NoAnswerError as error:
                notes[place] = str(error)
                done.add(place)
                continue
            counts[place] = command.counts()
            slow = turn == 0 and found.seconds > _SLOW
            if turn > 0 or slow or runs == 0:
                taken[place].append(found)
            if slow:
                done.add(place)
    return [
        _timing(command, samples, note, counted)
        for command, samples, note, counted in zip(commands, taken, notes, counts, strict=True)
    ]


def _timing(command: Command, samples: Sequence[Sample], note: str, counts: Mapping[str, float]) -> Timing:
    if note or not samples:
        return Timing(command.label, command.kind, None, note=note)
    return Timing(
        command.label,
        command.kind,
        median(each.seconds for each in samples),
        median(each.cpu for each in samples),
        max(each.memory for each in samples),
        len(samples),
        counts=counts,
    )
