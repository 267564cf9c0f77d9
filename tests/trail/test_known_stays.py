"""The stays that are told quickly, by tags or from memory, are those that all of main's history tells."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import alias_lines, stages
from building.world import git
from rollbook.git.refs import tag_ids
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.known_stays import known_stays
from rollbook.trail.landings import landed_changes
from rollbook.trail.record import record
from rollbook.trail.stage_times import Move, stays, trail

from .histories import START, History, new_history, registration
from .test_trail import STEP, play

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.trail.stage_times import Stay


def _anew(repository: Repository, commit: str) -> dict[tuple[str, str], tuple[Stay, ...]]:
    """The stays of each version, as all of main's history tells them."""
    moves: dict[tuple[str, str], list[Move]] = {}
    for event in derive(repository, landed_changes(repository, commit), {}):
        if event.action in (Action.ALIAS_SET, Action.ALIAS_REMOVED):
            continue
        move = Move(event.model, event.version, event.target, event.recorded_at)
        moves.setdefault((event.model, event.version), []).append(move)
    return {version: stays(told) for version, told in moves.items()}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=1, max_size=6), st.data())
def test_the_stays_at_any_commit_are_told_alike_whatever_is_recorded_and_was_asked_before(
    steps: list[tuple[object, ...]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "registry.git")
        play(history, steps)  # type: ignore[arg-type]
        repository = history.repository
        versions = sorted(_anew(repository, "main"))
        commits = git(history.directory, "rev-list", "--reverse", "--first-parent", "main").split()
        recorded = data.draw(st.sampled_from([None, *commits]))
        if recorded is not None:
            git(history.directory, "update-ref", "refs/heads/main", recorded)
            record(repository)
            git(history.directory, "update-ref", "refs/heads/main", commits[-1])
            for tag in data.draw(st.sets(st.sampled_from([*tag_ids(repository), ""]), max_size=2)) - {""}:
                git(history.directory, "update-ref", "-d", f"refs/tags/{tag}")
        for commit in data.draw(st.lists(st.sampled_from(commits), min_size=1, max_size=4)):
            anew = _anew(repository, commit)
            for model, version in versions:
                assert known_stays(repository, commit, model, version) == anew.get((model, version), ())


def _asked(history: History) -> list[tuple[str, bool]]:
    tip = git(history.directory, "rev-parse", "main")
    told = known_stays(history.repository, tip, "credit", "1.0.0")
    assert told == _anew(history.repository, tip)["credit", "1.0.0"]
    return [(stay.stage, stay.left is None) for stay in told]


def test_a_commit_that_claims_to_be_old_lands_after_those_that_were_read_before(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"), at=START + 9_000)
    assert _asked(history) == [("development", True)]
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])}, at=START)
    assert _asked(history) == [("development", False), ("staging", True)]


@pytest.mark.parametrize("is_recorded", [True, False])
def test_an_alias_called_like_a_stage_is_no_stay_in_it(tmp_path: Path, is_recorded: bool) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    for pointed in ({"production": ("1.0.0", True)}, {"production": ("1.0.0", False)}):
        history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"]) + alias_lines(**pointed)})
    if is_recorded:
        assert [event.action.value for event in record(history.repository)][2:] == [
            "alias-set",
            "alias-removed",
        ]
    assert _asked(history) == [("development", False), ("staging", True)]
    (told,) = {trail(history.repository, "main")("credit", "1.0.0")}
    assert [stay.stage for stay in told] == ["development", "staging"]


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


# --- by the trail's tags ----------------------------------------------------------------------------------


def _recorded(tmp_path: Path) -> History:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})
    record(history.repository)
    return history


def _is_remembered(history: History) -> bool:
    return (history.directory / "rollbook/stays").exists()


def test_where_the_tags_tell_main_is_walked_from_the_last_of_them_on(tmp_path: Path) -> None:
    history = _recorded(tmp_path)
    assert _asked(history) == [("development", False), ("staging", True)]
    history.commit({"registry/credit/stages.yaml": stages(archived=["1.0.0"])})
    assert _asked(history) == [("development", False), ("staging", False), ("archived", True)]
    assert not _is_remembered(history), "all of main was walked"


def test_a_model_without_a_recorded_event_for_very_many_commits_is_remembered(tmp_path: Path) -> None:
    history = _recorded(tmp_path)
    stream = "".join(
        f"commit refs/heads/main\ncommitter x <x@example.com> {START + 9_000} +0000\ndata 1\nx\n"
        + ("from refs/heads/main^0\n" if number == 0 else "")
        for number in range(10_001)
    )
    git(history.directory, "fast-import", "--quiet", "--force", stdin=stream)
    assert _asked(history) == [("development", False), ("staging", True)]
    assert _is_remembered(history)


def _forge(history: History, old: str, new: str) -> None:
    """Replace the tag of the move to staging by one that says something else."""
    told = git(history.directory, "cat-file", "tag", "credit#staging#2")
    assert old in told
    forged = told.replace(old, new) + "\n"
    oid = git(history.directory, "hash-object", "-w", "-t", "tag", "--stdin", stdin=forged)
    git(history.directory, "update-ref", "refs/tags/credit#staging#2", oid)


def test_a_tag_that_says_something_else_than_main_is_not_believed(tmp_path: Path) -> None:
    history = _recorded(tmp_path)
    _forge(history, f"> {START + 180}", f"> {START + 120}")
    assert _asked(history) == [("development", False), ("staging", True)]
    _forge(history, "To: staging", "To: production")
    assert _asked(history) == [("development", False), ("staging", True)]


def test_a_tag_that_names_a_commit_which_is_not_here_is_not_believed(tmp_path: Path) -> None:
    history = _recorded(tmp_path)
    _forge(history, f"Landed-In: {git(history.directory, 'rev-parse', 'main')}", f"Landed-In: {'1' * 40}")
    assert _asked(history) == [("development", False), ("staging", True)]
