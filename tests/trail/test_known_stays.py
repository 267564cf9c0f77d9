"""What is remembered of a model's stays is what main's history tells anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import stages
from rollbook.trail.derive import derive
from rollbook.trail.known_stays import known_stays
from rollbook.trail.landings import landed_changes
from rollbook.trail.stage_times import trail
from worlds import git

from .histories import START, History, new_history, registration
from .test_trail import STEP, play


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=1, max_size=6), st.data())
def test_the_stays_at_any_commit_are_told_alike_whatever_was_asked_before(
    steps: list[tuple[object, ...]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "registry.git")
        play(history, steps)  # type: ignore[arg-type]
        repository = history.repository
        events = derive(repository, landed_changes(repository, "main"), {})
        versions = sorted({(event.model, event.version) for event in events})
        commits = git(history.directory, "rev-list", "--first-parent", "main").split()
        for commit in data.draw(st.lists(st.sampled_from(commits), max_size=5)):
            anew = trail(repository, commit)
            for model, version in versions:
                assert known_stays(repository, commit, model, version) == anew(model, version)


def _asked(history: History) -> list[tuple[str, bool]]:
    tip = git(history.directory, "rev-parse", "main")
    told = known_stays(history.repository, tip, "credit", "1.0.0")
    assert told == trail(history.repository, tip)("credit", "1.0.0")
    return [(stay.stage, stay.left is None) for stay in told]


def test_a_commit_that_claims_to_be_old_lands_after_those_that_were_read_before(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"), at=START + 9_000)
    assert _asked(history) == [("development", True)]
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])}, at=START)
    assert _asked(history) == [("development", False), ("staging", True)]


def test_what_is_remembered_of_a_main_that_was_rewritten_is_not_believed(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})
    assert _asked(history) == [("development", False), ("staging", True)]
    git(history.directory, "update-ref", "refs/heads/main", "main~1")
    history.commit({"registry/credit/stages.yaml": stages(archived=["1.0.0"])})
    assert _asked(history) == [("development", False), ("archived", True)]


def test_a_file_that_was_altered_is_not_believed(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    _asked(history)
    (remembered,) = (history.directory / "rollbook/stays").iterdir()
    remembered.write_bytes(remembered.read_bytes().replace(b"development", b"production!"))
    assert _asked(history) == [("development", True)]
