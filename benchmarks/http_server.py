"""A server that is measured: a process of its own, how long it takes to answer, and what it holds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PATIENCE = 120.0
PORT = "{port}"  # in a command: the port that was found free


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, the id of its process, and how many seconds it took from its start to an answer."""

    address: str
    pid: int
    boot: float

    def memory(self) -> int:
        """Return the bytes that it and the processes that it started hold: what is shared is counted once."""
        return sum(_proportional(pid) for pid in _with_children(self.pid))


@contextmanager
def started(command: Sequence[str], path: str, directory: Path) -> Iterator[Server]:
    """Run a command that serves; yield it once `path` is answered. Raises RuntimeError when it never is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    start = time.perf_counter()
    process = subprocess.Popen(
        [word.replace(PORT, port) for word in command], cwd=directory, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
    )  # fmt: skip
    try:
        _wait_for(address + path, process)
        yield Server(address, process.pid, time.perf_counter() - start)
    finally:
        for pid in _with_children(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end and process.poll() is None:
        with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.01)
    raise RuntimeError(f"{url} does not answer")


def _with_children(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _proportional(pid: int) -> int:
    """Return a process's proportional set size, in bytes (proc_pid_smaps_rollup(5))."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
