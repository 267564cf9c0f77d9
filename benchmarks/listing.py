"""`list`: every model with its stages, beside `gto show` on the very same tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison
from benchmarks.timing import Command, medians, program

if TYPE_CHECKING:
    from benchmarks.sizes import Scene


def measure(scene: Scene) -> list[Comparison]:
    """List the whole registry."""
    built = scene.registry
    ours = f"list ({scene.size} versions)"
    commands = [
        Command(ours, [[program("rollbook"), "list"]], built.path),
        Command(
            f"gto show ({built.tags:,} tags)",
            [[program("gto"), "show"]],
            built.path,
            runs=scene.sizes.slow_runs,
        ),
    ]
    own, gto = medians(commands, scene.sizes.runs)
    return [Comparison("list", ours, own, commands[1].label, gto, most_ratio=0.01 if scene.is_full else None)]
