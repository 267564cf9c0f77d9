"""`rollbook serve` in a process of its own, on a free port of this machine."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class RunningService:
    """The process, the address that it says it answers at, and where its log goes."""

    process: subprocess.Popen[str]
    log: Path
    address: str = ""
    command: tuple[str, ...] = field(default=())

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextlib.contextmanager
def serving_registry(folder: Path, *arguments: str) -> Iterator[RunningService]:
    """Run `rollbook serve` with these arguments; yield it once it answers. Its log is in the folder."""
    log = folder / "service.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "rollbook", "serve", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Rollbook answers at "), log.read_text()
        yield RunningService(process, log, said.split()[-1])
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
