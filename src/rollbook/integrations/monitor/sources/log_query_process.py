"""Asking a stranger's SQL in a process that is ended when it takes too long or too much."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.table_files import duckdb_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

_CHILD = "rollbook.integrations.monitor.sources.log_query_child"
_KEPT = ("PATH", "PYTHONPATH", "HOME", "TMPDIR", "LANG", "LC_ALL")
_START, _GRACE = 60.0, 1.0  # seconds
_CHUNK, _LONGEST = 1 << 16, 1 << 20  # bytes


class LogQueryProcess:
    """Asks SQL of rows in a process of its own, which is started when it is first needed, and anew after it
    had to be ended. A query may take `seconds`. `folder` is where rows are put for it."""

    def __init__(self, seconds: float, folder: Path) -> None:
        """Start nothing yet. Raises BadCall without DuckDB."""
        duckdb_library()
        self._seconds = seconds
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def columns(self, sql: str) -> tuple[str, ...] | None:
        """Return which columns the SQL names; None for all. Raises SourceFailed for SQL that may not be run,
        and for what can't be read in time."""
        columns = self._told({"sql": sql})["columns"]
        return None if columns is None else tuple(columns)

    def ask(
        self, sql: str, rows: pa.Table, parameters: Mapping[str, object]
    ) -> tuple[float | None, int | None]:
        """Return the one number that the SQL tells of the rows, and the samples where it tells them.

        Raises SourceFailed.
        """
        import pyarrow as pa

        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".arrow") as file:
            with pa.OSFile(file.name, "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
                writer.write_table(rows)
            told = self._told({"sql": sql, "rows": file.name, "parameters": dict(parameters)})
        return told["value"], told["samples"]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _told(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            if self._process is None:
                self._process = self._started()
                self._line(self._process, _START)
            told = self._exchanged(self._process, request)
        except (OSError, ValueError) as error:
            self.close()
            raise SourceFailed(f"the query failed: {error}") from error
        if "failed" in told:
            raise SourceFailed(told["failed"], hint=told["hint"])
        return told

    def _started(self) -> subprocess.Popen[bytes]:
        python = [sys.executable, "-P", *(["-E"] if sys.flags.ignore_environment else [])]
        return subprocess.Popen(
            [*python, "-m", _CHILD, f"{self._seconds}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )

    def _exchanged(self, process: subprocess.Popen[bytes], request: Mapping[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line(process, self._seconds + _GRACE))
        return answer

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        """Return the next line that the process says. Raises TimeoutError, and OSError where it is gone."""
        assert process.stdout is not None
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError("it took too long")
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                line += chunk
                if not chunk or len(line) > _LONGEST:
                    raise OSError("it took too much memory, or was ended")
        return line
