"""No wrong and no torn answer while promotions land."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rest_under_writes import MODEL, under_writes

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

_MIB = 1 << 20


def with_promotions(world: World) -> None:
    """A model of two versions, each named champion and promoted to production in its turn."""
    for version in ("1.0.0", "1.1.0"):
        world.register(MODEL, version)
        world.run("alias", f"{MODEL}@{version}", "champion", "--reason", "it is", "--land")
        for stage in ("staging", "production"):
            world.promote(f"{MODEL}@{version}", stage)
    world.git("remote", "remove", "origin")


def test_each_answer_is_what_main_held_between_question_and_answer(started: Template) -> None:
    world = started(with_promotions)
    commits = world.git("rev-list", "--first-parent", "--max-count=4", "--reverse", "main").split()
    course = under_writes(world.registry, commits, clients=16, seconds=2.0)
    assert course.wrong == []
    assert course.answers > 16
    assert course.moves > 2
    before, after = course.memory
    assert after - before < 16 * _MIB
