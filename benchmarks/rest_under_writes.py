"""Many clients ask `rollbook serve` while promotions land: no answer may be wrong or torn.

`python -m benchmarks.rest_under_writes --clients 100 --seconds 60`. A registry is made whose main moves on,
promotion by promotion, and is moved on through these again and again. Each answer must be, to the byte, what
some commit says that main stood at between the question and the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.http_clients import ask_again_and_again
from benchmarks.http_server import PORT, started
from benchmarks.timing import program, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.http_clients import Heard

MODEL = "credit-approval"
PATHS = (f"/api/v1/models/{MODEL}/production", f"/api/v1/models/{MODEL}/@champion", "/api/v1/models")
_VERSIONS = 4
_REF = "refs/heads/main"


@dataclass(frozen=True, slots=True)
class _Stand:
    """A commit that main was moved to: from when on that may have been seen, and from when on it must be."""

    commit: str
    begun: float
    done: float


@dataclass(slots=True)
class Course:
    """What came of it: answers, those that were wrong, how often main moved, memory before and after."""

    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    moves: int = 0
    seconds: list[float] = field(default_factory=list)
    memory: tuple[int, int] = (0, 0)

    def as_data(self) -> dict[str, object]:
        """Return it as JSON data."""
        took = sorted(self.seconds)
        return {
            "answers": self.answers,
            "wrong": len(self.wrong),
            "first wrong": self.wrong[:3],
            "moves of main": self.moves,
            "ms until half of the answers": round(took[len(took) // 2] * 1000, 2),
            "ms until 99 of 100": round(took[len(took) * 99 // 100] * 1000, 2),
            "MiB before and after": [round(size / (1 << 20), 1) for size in self.memory],
        }


def made_registry(folder: Path) -> tuple[Path, list[str]]:
    """Return a registry, and the commits of its main at which something was promoted, the oldest first."""
    registry = folder / "registry"
    rollbook = program("rollbook")
    registry.mkdir(parents=True)
    run(registry, "git", "init", "--quiet", "--initial-branch", "main")
    run(registry, rollbook, "init", "--commit")
    commits = []
    for number in range(_VERSIONS):
        (folder / "model.bin").write_bytes(b"weights %d" % number)
        version = f"1.{number}.0"
        made = ("register", MODEL, str(folder / "model.bin"), "--version", version, "--land")
        run(registry, rollbook, *made)
        reason = ("--reason", "it is the best", "--land")
        run(registry, rollbook, "alias", f"{MODEL}@{version}", "champion", *reason)
        for stage in ("staging", "production"):
            run(registry, rollbook, "promote", f"{MODEL}@{version}", stage, *reason)
            commits.append(run(registry, "git", "rev-parse", _REF).decode().strip())
    return registry, commits[1:]


def under_writes(registry: Path, commits: Sequence[str], clients: int, seconds: float) -> Course:
    """Ask for so many seconds while main moves through the commits; return what came of it."""
    command = [sys.executable, "-m", "rollbook", "-C", str(registry), "serve", "--port", PORT]
    heard: list[Heard] = []
    with started([*command, "--rate-limit", "0"], "/readyz", registry) as server:
        said = {commit: _said_at(server.address, commit) for commit in commits}
        run(registry, "git", "update-ref", _REF, commits[0])
        asyncio.run(ask_again_and_again(server.address, PATHS, clients, 1.0, lambda _: None))
        before = server.memory()
        stands: list[_Stand] = []
        ended = threading.Event()
        writer = threading.Thread(target=_move, args=(registry, commits, stands, ended))
        writer.start()
        try:
            asyncio.run(ask_again_and_again(server.address, PATHS, clients, seconds, heard.append))
        finally:
            ended.set()
            writer.join()
        course = Course(len(heard), moves=len(stands), memory=(before, server.memory()))
    first = _Stand(commits[0], 0.0, 0.0)
    course.wrong = [why for one in heard if (why := _wrong(one, [first, *stands], said))]
    course.seconds = [one.there - one.asked for one in heard]
    return course


def _said_at(address: str, commit: str) -> dict[str, object]:
    """Return what is to be said at a commit, by path: what the service says of it when it is at rest."""
    said: dict[str, object] = {}
    for path in PATHS:
        with urllib.request.urlopen(f"{address}{path}?rev={commit}", timeout=60) as answer:
            said[path] = json.load(answer)
    return said


def _move(registry: Path, commits: Sequence[str], stands: list[_Stand], ended: threading.Event) -> None:
    """Move main on from promotion to promotion, and from the last to the first."""
    for commit in itertools.cycle([*commits[1:], commits[0]]):
        begun = time.perf_counter()
        run(registry, "git", "update-ref", _REF, commit)
        stands.append(_Stand(commit, begun, time.perf_counter()))
        if ended.wait(0.1):
            return


def _wrong(one: Heard, stands: Sequence[_Stand], said: dict[str, dict[str, object]]) -> str:
    """Return what is wrong with an answer; empty where nothing is."""
    if one.status != 200:
        return f"{one.path}: {one.status} {one.body[:200]!r}"
    document = json.loads(one.body)
    for stand, after in itertools.zip_longest(stands, stands[1:]):
        was_gone = after is not None and after.done < one.asked
        if not was_gone and stand.begun <= one.there and said[stand.commit][one.path] == document:
            return ""
    return f"{one.path}: what main did not hold then: {one.body[:200]!r}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print what came of it as JSON. Returns 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rest_under_writes", description=__doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rollbook-load-") as folder:
        registry, commits = made_registry(Path(folder))
        course = under_writes(registry, commits, options.clients, options.seconds)
    print(json.dumps(course.as_data(), indent=2))
    return 1 if course.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
