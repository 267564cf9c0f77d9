"""`monitor`: does the data of any model drift, by a million logged rows?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.question import Goal, Question
from benchmarks.timing import Command, program, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.place import Place

_ROWS = 1_000_000
# The floor: each feature read by Arrow, parted by model and sorted.
SORTS = """
import sys
import numpy as np, pyarrow.parquet as pq
with pq.ParquetFile(sys.argv[1]) as file:
    whose = file.read(["model"]).column(0).combine_chunks().indices.to_numpy()
    order = np.argsort(whose, kind="stable")
    ends = np.cumsum(np.bincount(whose))
    for name in file.schema_arrow.names:
        if name.startswith("feature_"):
            column = file.read([name]).column(0)
            if column.type == "double":
                parts = np.split(column.to_numpy()[order], ends[:-1])
                [np.sort(part) for part in parts]
"""


def _drift(place: Place) -> list[Command]:
    watched, log = _watched(place)
    return [
        Command("rollbook monitor", [[program("rollbook"), "monitor", "run", "--json"]], watched),
        Command(
            "Python that reads and sorts the features", [[sys.executable, "-c", SORTS, str(log)]],
            watched, "floor",
        ),
    ]  # fmt: skip


def _watched(place: Place) -> tuple[Path, Path]:
    """Return a clone whose models have reference samples, and whose policy watches them; and the log."""
    from benchmarks.generate.logged import monitoring, production_versions, references, write_log

    watched, log = place.root / "watched", place.root / "predictions.parquet"
    if watched.exists():
        return watched, log
    run(place.root, "git", "clone", "--quiet", "--local", str(place.registry), str(watched))
    run(watched, "git", "remote", "remove", "origin")
    write_log(log, production_versions(watched), 10_000 if place.size.name == "toy" else _ROWS)
    for path, data in references(watched, place.root / "artifacts"):
        (watched / path).parent.mkdir(parents=True, exist_ok=True)
        (watched / path).write_bytes(data)
    with (watched / "registry" / "policy.yaml").open("a") as policy:
        policy.write(monitoring(log))
    run(watched, "git", "add", "--force", "registry")
    run(watched, "git", "commit", "--quiet", "--no-verify", "-m", "Watch production")
    return watched, log


QUESTIONS = (
    Question(
        "monitor-drift",
        "Does the data of any model drift: 50 features, a million logged rows?",
        _drift,
        (Goal("v1k", 10), Goal("v1k", 1 << 30, figure="memory")),
        needs="monitor run",
        sizes=("toy", "v1k"),
    ),
)
