"""`history`, `audit record` and `audit verify`: reading the trail, adding nothing to it, and comparing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison
from benchmarks.timing import Command, medians, program

if TYPE_CHECKING:
    from benchmarks.sizes import Scene


def _messages(scene: Scene) -> Command:
    return Command(
        "git for-each-ref, all messages",
        [["git", "for-each-ref", "--format=%(refname) %(contents)", "refs/tags/"]],
        scene.registry.path,
    )


def measure_history(scene: Scene) -> list[Comparison]:
    """Print the whole trail."""
    ours = f"history ({scene.registry.tags:,} events)"
    commands = [
        Command(ours, [[program("rollbook"), "history"]], scene.registry.path),
        _messages(scene),
    ]
    own, git = medians(commands, scene.sizes.runs)
    return [Comparison("history", ours, own, commands[1].label, git, most_ratio=3 if scene.is_full else None)]


def measure_record(scene: Scene) -> list[Comparison]:
    """Record a trail from nothing, timed once while the registry is built; then with nothing left to do."""
    built = scene.registry
    idle = f"audit record, nothing to do ({built.tags:,} events)"
    commands = [
        Command(idle, [[program("rollbook"), "audit", "record"]], built.path),
        _messages(scene),
    ]
    own, git = medians(commands, scene.sizes.runs)
    return [
        Comparison("record", f"audit record of {built.tags:,} events", built.record_seconds),
        Comparison("record", idle, own, commands[1].label, git),
    ]


def measure_verify(scene: Scene) -> list[Comparison]:
    """Verify the whole trail, which is unsigned."""
    ours = f"audit verify ({scene.registry.tags:,} events, unsigned)"
    commands = [
        Command(ours, [[program("rollbook"), "audit", "verify"]], scene.registry.path),
        _messages(scene),
    ]
    own, git = medians(commands, scene.sizes.runs)
    return [Comparison("verify", ours, own, commands[1].label, git)]
