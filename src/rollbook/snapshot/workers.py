"""Work on very many files that several processes share.

The others are this program again, told by a file what to do: nothing is forked, nothing unpickled, and it
works from any thread of any program. What a process does not answer is done here.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Work = Callable[[Any, Sequence[Any]], Iterable[Any]]

Item = TypeVar("Item")

_MOST = 8
_READ = 1 << 16  # bytes


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(work: Work, context: object, items: Sequence[Item], processes: int) -> Iterator[tuple[Item, Any]]:
    """Yield each item with its answer, in any order, by up to so many processes.

    `work` is a function of a module, which gives the answers to items in their order. `context`, items and
    answers are such that JSON holds them; `work` may be given tuples as lists.
    """
    count = min(processes, _MOST, len(items))
    if count < 2 or not sys.executable:
        yield from zip(items, work(context, items), strict=True)
        return
    size = -(-len(items) // count)
    shares = [_Share(work, context, items[start : start + size]) for start in range(0, len(items), size)]
    try:
        yield from _answers(shares)
        for share in shares:  # nothing, unless a process could not be started or was killed
            rest = share.items[share.done :]
            yield from zip(rest, work(context, rest) if rest else (), strict=True)
    finally:
        for share in shares:
            share.end()


@contextmanager
def beside(work: Work, context: object) -> Iterator[Callable[[], Any]]:
    """Begin one piece of work in another process, where there is a processor for it; yield what waits for its
    answer, the first that `work` gives. All else is as for `spread`."""
    share = _Share(work, context, [None]) if processors() > 1 and sys.executable else None

    def answer() -> Any:
        for _, told in _answers([share]) if share else ():
            return told
        return next(iter(work(context, [None])))

    try:
        yield answer
    finally:
        if share:
            share.end()


class _Share:
    """The items that one process takes, and how many of them it has answered."""

    def __init__(self, work: Work, context: object, items: Sequence[Any]) -> None:
        self.items = items
        self.done = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._begun = b""
        with tempfile.TemporaryFile() as request_file:
            request_file.write(json.dumps({"context": context, "items": items}).encode())
            request_file.seek(0)
            # -P: a folder named like a module, in the directory where this runs, must not be imported; nor
            # by a PYTHONPATH that this process was told to ignore.
            python = [sys.executable, "-P", *(["-E"] if sys.flags.ignore_environment else [])]
            command = [*python, "-m", __spec__.name, __file__, work.__module__, work.__name__]
            with suppress(OSError):
                self.process = subprocess.Popen(
                    command, stdin=request_file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )

    def answers(self, data: bytes) -> Iterator[tuple[Any, Any]]:
        """Yield what these bytes of the process's output answer; ValueError for what is no answer."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if not isinstance(told, list) or len(told) != 2 or told[0] != self.done < len(self.items):
                raise ValueError("no answer")
            self.done += 1
            yield self.items[self.done - 1], told[1]

    def end(self) -> None:
        """Stop the process, whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


def _answers(shares: Iterable[_Share]) -> Iterator[tuple[Any, Any]]:
    with selectors.DefaultSelector() as outputs:
        for share in shares:
            if share.process is not None and share.process.stdout is not None:
                outputs.register(share.process.stdout, selectors.EVENT_READ, share)
        while outputs.get_map():
            for output, _ in outputs.select():
                data = os.read(output.fd, _READ)
                try:
                    yield from output.data.answers(data)
                except ValueError:  # not from this program: the rest is not read
                    data = b""
                if not data:
                    outputs.unregister(output.fileobj)


def main() -> None:
    """Do what stdin asks for, and print a line of JSON for each item: its number, and the answer."""
    installation, module, name = sys.argv[1:]
    if installation != __file__:
        sys.exit("another installation of Rollbook than the one that asks")
    request = json.load(sys.stdin.buffer)
    work: Work = getattr(import_module(module), name)
    for numbered in enumerate(work(request["context"], request["items"])):
        sys.stdout.write(f"{json.dumps(numbered, separators=(',', ':'))}\n")


if __name__ == "__main__":
    main()
