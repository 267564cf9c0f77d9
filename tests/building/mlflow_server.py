"""Programs of MLflow that listen: started on a free port of this machine, and ended with their processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from building.mlflow_course import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 120  # seconds until a program answers, on a busy machine


@contextlib.contextmanager
def mlflow_server(
    folder: Path, registry: str = "", *options: str, tracking: str = "", workers: int = 2
) -> Iterator[str]:
    """Run `mlflow server` on this registry, by default the tracking store's own, with its log and artifacts,
    and by default also its runs, in a folder; yield its address."""
    folder.mkdir(parents=True, exist_ok=True)
    stores = ["--backend-store-uri", tracking or f"sqlite:///{folder / 'tracking.db'}"]
    stores += ["--registry-store-uri", registry] if registry else []
    kept = ["--artifacts-destination", str(folder / "artifacts"), "--workers", str(workers)]
    with listening(folder, "server", *stores, *kept, *options, answers="/health") as address:
        yield address


@contextlib.contextmanager
def listening(
    folder: Path, *command: str, answers: str, environment: dict[str, str] | None = None
) -> Iterator[str]:
    """Run `mlflow COMMAND` on a free port; yield its address once the path `answers`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = folder / "log"
    # It starts programs of this environment, by name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={**os.environ, **SETTINGS, "PATH": path, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_for(f"{address}{answers}", process, log)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(errors="replace")
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer:\n{log.read_text(errors='replace')}")
