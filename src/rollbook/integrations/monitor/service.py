"""The monitor as a service: a run every so often, whatever becomes of each.

Each run is a process of its own, which reads main and the policy anew; so what it loads goes with it, and
nothing that happens in it ends the service. Rounds begin at multiples of the interval after the first, by a
clock that nobody sets; what would begin while a run lasts is left out. By how much the clock of the day has
jumped in between is told to the run.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor import one_round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

# How long a run may take, at least, and how long it may go on once it is asked to end, in seconds; and how
# often that is looked at.
_LEAST_LIMIT, _GRACE, _SLICE = 3600.0, 120.0, 0.5
# What the two clocks may differ by between two rounds: a clock that is set right in small steps is no jump.
_STEADY = 5.0


@dataclass(frozen=True, slots=True)
class MonitorRound:
    """How a round went: the run's document, or the kind and the words of the error; how long it took."""

    run: Mapping[str, Any] | None
    kind: str
    message: str
    seconds: float


class Service:
    """Runs of the monitor, every so often, until somebody asks it to end."""

    def __init__(
        self,
        directory: Path,
        every: timedelta,
        models: Sequence[str] | None = None,
        *,
        dry_run: bool = False,
        listeners: Sequence[Callable[[MonitorRound], None]] = (),
    ) -> None:
        self._request = {"directory": str(directory), "models": models, "dry_run": dry_run}
        self._every = every.total_seconds()
        self._limit = max(self._every, _LEAST_LIMIT)
        self._listeners = listeners
        # A handler of signals must take no lock that it may have interrupted: a pipe has none.
        self._asked, self._asking = os.pipe()
        self._ending_since: float | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run until `end` is called, or SIGTERM or SIGINT comes. The run under way then finishes its deed."""
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            first, clocks = time.monotonic(), _Clocks()
            while self._ending_since is None:
                this_round = self._round(clocks.jump())
                for listener in self._listeners:
                    listener(this_round)
                select.select([self._asked], [], [], _wait(first, time.monotonic(), self._every))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._asked)
            os.close(self._asking)

    def end(self) -> None:
        """Have the service end once the run under way has finished its deed."""
        if self._ending_since is None:
            self._ending_since = time.monotonic()
            os.write(self._asking, b"\0")
        process = self._process
        if process is not None:
            process.terminate()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.end()

    def _round(self, jumped: float) -> MonitorRound:
        begun = time.monotonic()
        run, kind, message = self._answer(json.dumps({**self._request, "jumped": jumped}).encode())
        return MonitorRound(run, kind, message, time.monotonic() - begun)

    def _answer(self, request: bytes) -> tuple[Mapping[str, Any] | None, str, str]:
        python = [sys.executable, "-P", *(["-E"] if sys.flags.ignore_environment else [])]
        command = [*python, "-m", one_round.__name__, one_round.__file__]
        try:
            # In a session of its own: what a terminal sends reaches it by this process alone.
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            return None, "OSError", f"the run can't be started: {error}"
        self._process = process
        if self._ending_since is not None:
            process.terminate()
        try:
            output = self._output(process, request)
        finally:
            self._process = None
        if output is None:
            return None, "TimedOut", "the run took too long, and was ended"
        return _read(output, process.returncode)

    def _output(self, process: subprocess.Popen[bytes], request: bytes) -> bytes | None:
        """Return what a run prints; None for one that had to be ended."""
        deadline, unsent = time.monotonic() + self._limit, request
        while True:
            try:
                return process.communicate(unsent, timeout=_SLICE)[0]
            except subprocess.TimeoutExpired:
                unsent = b""
            now = time.monotonic()
            if self._ending_since is not None and now - self._ending_since > _GRACE:
                _kill_session(process)
                return None
            if now > deadline:
                _end_session(process)
                return None


class _Clocks:
    """The clock of the day, held against one that nobody sets."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def jump(self) -> float:
        """Return by how many seconds the clock of the day has jumped since it was asked last."""
        offset = time.time() - time.monotonic()
        jumped, self._offset = offset - self._offset, offset
        return jumped if abs(jumped) > _STEADY else 0.0


def _wait(first: float, now: float, every: float) -> float:
    """Return how long it is until the next multiple of the interval."""
    return every - (now - first) % every


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End a run and what it started: asked first, then by force."""
    process.terminate()
    try:
        process.communicate(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        _kill_session(process)


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _read(output: bytes, code: int) -> tuple[Mapping[str, Any] | None, str, str]:
    try:
        told = json.loads(output)
    except ValueError:
        return None, "Crashed", f"the run ended with {code} and told nothing"
    if "error" in told:
        error = told["error"]
        return None, error["kind"], " ".join(filter(None, [error["message"], error["hint"]]))
    return told["run"], "", ""
