"""No wrong and no torn answer while promotions land."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rest_under_writes import made_registry, under_writes

if TYPE_CHECKING:
    from pathlib import Path

_MIB = 1 << 20


def test_each_answer_is_what_main_held_between_question_and_answer(tmp_path: Path) -> None:
    registry, commits = made_registry(tmp_path)
    course = under_writes(registry, commits, clients=16, seconds=2.0)
    assert course.wrong == []
    assert course.answers > 16
    assert course.moves > 2
    before, after = course.memory
    assert after - before < 16 * _MIB
