"""One run of the monitor in a process of its own, as the service starts it: what it needs goes when it ends.

It reads what to do from its standard input and prints one JSON value: what the run saw and did, or the error.
Asked to end, it finishes the deed under way.
"""

from __future__ import annotations

import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollbook.errors import RollbookError
from rollbook.git.repository import discover
from rollbook.integrations.monitor.running import run_once


def main() -> None:
    """Do what stdin asks for. Fails where it is not the installation of Rollbook that asks."""
    if sys.argv[1:] != [__file__]:
        sys.exit("another installation of Rollbook than the one that asks")
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = _answer(json.load(sys.stdin.buffer), asked)
    sys.stdout.write(json.dumps(told))


def _answer(request: dict[str, Any], asked: list[int]) -> dict[str, Any]:
    try:
        run = run_once(
            discover(Path(request["directory"])),
            datetime.now(UTC),
            request["models"],
            dry_run=request["dry_run"],
            jumped=timedelta(seconds=request["jumped"]) if request["jumped"] else None,
            is_ending=lambda: bool(asked),
        )
    except RollbookError as error:
        return {"error": {"kind": type(error).__name__, "message": str(error), "hint": error.hint}}
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return {"error": {"kind": "OSError", "message": f"{error.strerror or error}{where}", "hint": ""}}
    return {"run": {**run.as_document(), "outcomes": []}}


if __name__ == "__main__":
    main()
