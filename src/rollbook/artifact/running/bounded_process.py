"""A process that is started shut in, and ended when it takes too much: time, memory, processes, output."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.artifact.running.sandbox import Enclosed

_BREATH = 0.05  # seconds between two looks at what it takes
_CHUNK = 1 << 16
_KEPT = 1 << 16  # bytes of what it prints: the last ones
_ROUNDS = 50
_MARK = "ROLLBOOK_RUN"  # in the environment of all that belongs to a run
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take: `seconds` by the clock, `memory` in bytes, processes, bytes of an answer, and of
    each file that it writes."""

    seconds: float = 60.0
    memory: int = 4 << 30
    processes: int = 64
    answer: int = 64 << 20
    file: int = 1 << 28

    def for_itself(self, *, counts_processes: bool) -> dict[str, int]:
        """Return the limits of the system that the process takes on, by their names in `resource`.

        Memory is what it has for data (RLIMIT_DATA): libraries reserve far more addresses than they use. How
        many processes there may be is counted only where it has a user of its own.
        """
        every_core = (os.cpu_count() or 1) * max(1, round(self.seconds))
        threads = {"NPROC": self.processes * 16} if counts_processes else {}
        return {"DATA": self.memory, "CPU": every_core, "FSIZE": self.file, "CORE": 0, **threads}


@dataclass(frozen=True, slots=True)
class BoundedEnd:
    """How a process ended: its exit code, or why it was ended (`stopped`); what it answered, and the last of
    what it printed."""

    code: int
    stopped: str
    answer: bytes
    printed: str


def run_bounded_process(
    enclosed: Enclosed, request: Callable[[int], bytes], folder: Path, limits: Limits
) -> BoundedEnd:
    """Run an enclosed program in its folder, with the `request` for the descriptor that it answers into.

    Whatever it started is ended with it. Raises OSError when it can't be started.
    """
    deadline = time.monotonic() + limits.seconds
    reading, writing = os.pipe()
    try:
        with tempfile.TemporaryFile() as stdin:
            stdin.write(request(writing))
            stdin.seek(0)
            process = subprocess.Popen(
                enclosed.command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**enclosed.environment, _MARK: str(folder)},
                pass_fds=[writing],
                start_new_session=True,
            )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    try:
        listener = _Listener(process, reading, limits)
        stopped = listener.listen(deadline)
    finally:
        end_group(process)
        end_strays(f"{_MARK}={folder}")
        os.close(reading)
        assert process.stdout is not None
        process.stdout.close()
    printed = listener.printed.decode(errors="replace")
    return BoundedEnd(process.returncode, stopped, bytes(listener.answer), printed)


class _Listener:
    """Reads what a process answers and prints, and looks at what it takes."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int, limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._reading = reading
        self.answer = bytearray()
        self.printed = bytearray()

    def listen(self, deadline: float) -> str:
        """Read until the process has ended, or must be; return why it must, empty where it ended itself."""
        assert self._process.stdout is not None
        printing = self._process.stdout.fileno()
        looked = 0.0
        with selectors.DefaultSelector() as selector:
            for descriptor in (self._reading, printing):
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ)
            while (now := time.monotonic()) < deadline:
                ended = has_ended(self._process)
                ready = selector.select(0 if ended else _BREATH)
                for key, _ in ready:
                    if not self._read(key.fd):
                        selector.unregister(key.fd)
                if len(self.answer) > self._limits.answer:
                    return f"it answered with more than {self._limits.answer:,} bytes"
                if ended and not (ready and selector.get_map()):
                    return ""
                if not selector.get_map() and not ended:
                    time.sleep(_BREATH)
                if now - looked >= _BREATH:
                    looked = now
                    if why := self._takes_too_much():
                        return why
        return f"it was not done after {self._limits.seconds:g} s"

    def _read(self, descriptor: int) -> bool:
        """Read what stands in a pipe, a little at once; False at its end."""
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return True
        if descriptor == self._reading:
            self.answer += chunk
        else:
            self.printed += chunk
            del self.printed[:-_KEPT]
        return bool(chunk)

    def _takes_too_much(self) -> str:
        memory = 0
        for count, process in enumerate(_tree(self._process.pid), 1):
            memory += _own_memory(process)
            if count > self._limits.processes:
                return f"it started more than {self._limits.processes} processes"
            if memory > self._limits.memory:
                return f"it took more than {self._limits.memory >> 20:,} MiB of memory"
        return ""


def _tree(root: int) -> Iterator[int]:
    """Yield a process and all that it started, as far as Linux tells."""
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            with suppress(OSError):
                waiting += map(int, children.read_text().split())


def _own_memory(process: int) -> int:
    """Return the bytes of memory that a process shares with no file; 0 of one that has ended.

    https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
    """
    try:
        resident, shared = Path(f"/proc/{process}/statm").read_text().split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended; it stays a zombie, so that nobody else gets its number."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a session, and its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except PermissionError:  # on some systems, when only zombies are left
        process.kill()
    process.wait()


def end_strays(mark: str) -> None:
    """Kill what a process started in sessions of their own: whatever has the entry `mark` in its environment,
    which names the process's own folder. Other systems than Linux don't tell."""
    for _ in range(_ROUNDS):  # what is killed may have started another meanwhile
        strays = [place for place in Path("/proc").glob("[0-9]*") if mark.encode() in _environment_of(place)]
        if not strays:
            return
        for place in strays:
            with suppress(ProcessLookupError):
                os.kill(int(place.name), signal.SIGKILL)
        time.sleep(_BREATH)


def _environment_of(process: Path) -> list[bytes]:
    """Return a process's environment; nothing of one that has ended, or is somebody else's."""
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
