"""A program that a policy names: started without a shell, in an empty folder and a bare environment.

It is ended with all that it started when its time is up.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.running.bounded_process import end_group, end_strays, has_ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_OUTPUT = 1 << 16
_BREATH = 0.02
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Ended:
    """A program's exit code, None when its time ran out, and the beginning of what it wrote: `output`, and
    where that was asked for apart, `errors`. `was_cut` says that the output went on."""

    code: int | None
    output: str
    errors: str = ""
    was_cut: bool = False


def run_bounded(
    command: Sequence[str],
    stdin: bytes,
    limit: float,
    *,
    variables: Mapping[str, str] | None = None,
    most_output: int = _MOST_OUTPUT,
    errors_apart: bool = False,
) -> Ended:
    """Run a program without a shell, in an empty folder and a bare environment, for at most `limit` seconds.

    It gets `stdin` as a file, and `variables` besides its bare environment; standard output and error are
    read together, unless `errors_apart`. What it started is killed with it, whether it ends or its time runs
    out; on Linux also in a session of its own, unless it drops the environment. Raises OSError when it can't
    be started.
    """
    deadline = time.monotonic() + limit
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder, tempfile.TemporaryFile() as input_file:
        input_file.write(stdin)
        input_file.seek(0)
        process = subprocess.Popen(
            command,
            stdin=input_file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if errors_apart else subprocess.STDOUT,
            cwd=folder,
            env={**(variables or {}), **_environment(folder)},
            start_new_session=True,
        )
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        written = [_Written(pipe.fileno(), most_output) for pipe in pipes]
        try:
            in_time = _read(process, written, deadline)
        finally:
            end_group(process)
            end_strays(f"HOME={folder}")
            for pipe in pipes:
                pipe.close()
    texts = [each.kept.decode(errors="replace") for each in written]
    code = process.returncode if in_time else None
    return Ended(code, texts[0], texts[1] if errors_apart else "", written[0].was_cut)


def _environment(folder: str) -> dict[str, str]:
    """Where programs are and how to write text; no credentials, nothing that redirects git or Python."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


class _Written:
    """What comes out of a pipe: the first bytes are kept, what is too much is dropped."""

    def __init__(self, pipe: int, most: int) -> None:
        os.set_blocking(pipe, False)
        self.pipe = pipe
        self.kept = bytearray()
        self.was_cut = False
        self._most = most

    def drain(self) -> bool:
        """Read what stands in the pipe, a little at once; False at its end."""
        for _ in range(16):
            try:
                chunk = os.read(self.pipe, _CHUNK)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            room = max(0, self._most - len(self.kept))
            self.was_cut = self.was_cut or len(chunk) > room
            self.kept += chunk[:room]
        return True


def _read(process: subprocess.Popen[bytes], written: Sequence[_Written], deadline: float) -> bool:
    """Read what a program writes; return whether the program itself ended before the deadline.

    What it leaves running may hold the pipes open for ever, so the program's end counts and not theirs.
    """
    with selectors.DefaultSelector() as selector:
        for each in written:
            selector.register(each.pipe, selectors.EVENT_READ, each)
        while time.monotonic() < deadline:
            ended = has_ended(process)
            if ended:
                ready = list(selector.get_map().values())
            elif selector.get_map():
                ready = [key for key, _ in selector.select(_BREATH)]
            else:
                ready = []
                time.sleep(_BREATH)
            for key in ready:
                if not key.data.drain():
                    selector.unregister(key.fd)
            if ended:
                return True
    return False
