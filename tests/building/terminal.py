"""A terminal of some width, in which the program runs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def on_terminal(directory: Path, width: int, *arguments: str, **variables: str) -> str:
    """What `rollbook` writes to a terminal; fail the test when it fails."""
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm-256color", **variables}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rollbook", *arguments]
    with subprocess.Popen(command, cwd=directory, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(ours)
    out = b"".join(chunks).decode().replace("\r\n", "\n")
    assert process.returncode == 0, out
    return out
