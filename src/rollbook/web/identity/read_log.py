"""The log of who read and fetched what: one JSON object a line, in a file that only grows.

A line is written before the first byte of an answer leaves, and no answer leaves without its line: what can't
be put on record isn't given out.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

from rollbook.errors import CannotTell, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST = 300  # characters of one value
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class ReadLog:
    """A log in a file. Where the file is moved away, as a rotation does, the next line begins a new one."""

    def __init__(self, path: Path) -> None:
        """Open the log, for its owner's eyes alone where it is new. Raises Refused where it can't be."""
        self.path = path
        self._lock = threading.Lock()
        try:
            self._file = os.open(path, _OPEN, 0o600)
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}", hint="Name a file that can be written.") from error

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append a line, in one write. Raises CannotTell where it doesn't get there whole."""
        line = json.dumps({name: _bounded(value) for name, value in entry.items()}).encode() + b"\n"
        with self._lock:
            try:
                self._follow()
                written = os.write(self._file, line)
            except OSError as error:
                raise CannotTell("what is read can't be put on record", hint="Ask who runs it.") from error
        if written != len(line):
            raise CannotTell("what is read can't be put on record", hint="Ask who runs it.")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            os.close(self._file)

    def _follow(self) -> None:
        """Open the file anew where another one, or none, stands at its path."""
        try:
            there, here = os.stat(self.path), os.fstat(self._file)  # noqa: PTH116 - as the other one
            is_same = (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
        except FileNotFoundError:
            is_same = False
        if not is_same:
            opened = os.open(self.path, _OPEN, 0o600)
            os.close(self._file)
            self._file = opened


def _bounded(value: Any) -> Any:
    """Return a value that no caller can make long; JSON escapes whatever would act in it."""
    return value[:_LONGEST] if isinstance(value, str) else value
