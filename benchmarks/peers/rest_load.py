"""A server under load: prints the seconds that one answer took, with many clients asking at once.

`FIGURES PATH CLIENTS SECONDS COMMAND...` starts the command, in which `{port}` stands for a port, and has
PATH asked for; FIGURES is the file that takes what else there is to say, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.http_clients import ask_again_and_again
from benchmarks.http_server import started

if TYPE_CHECKING:
    from benchmarks.http_clients import Heard

_WARM = 3.0  # seconds of asking before it counts


def main(figures: str, path: str, clients: str, seconds: str, *command: str) -> None:
    """Start, ask, print. Raises RuntimeError when an answer is none."""
    heard: list[Heard] = []
    with started(command, path, Path.cwd()) as server:
        for long in (min(_WARM, float(seconds)), float(seconds)):
            heard.clear()
            asyncio.run(ask_again_and_again(server.address, [path], int(clients), long, heard.append))
        memory = server.memory()
    if wrong := [one.status for one in heard if one.status != 200]:
        raise RuntimeError(f"{len(wrong)} answers of {len(heard)} were none: {wrong[0]}")
    took = sorted(one.there - one.asked for one in heard)
    counts = {
        "ms to the first answer": server.boot * 1000,
        "MiB of memory": memory / (1 << 20),
        "answers a second": len(heard) / float(seconds),
        "µs until half of the answers": took[len(took) // 2] * 1e6,
        "µs until 99 of 100": took[len(took) * 99 // 100] * 1e6,
    }
    Path(figures).write_text(json.dumps(counts))
    print(float(seconds) / len(heard))


if __name__ == "__main__":
    main(*sys.argv[1:])
