"""What the index knows of main's history, and of pointers, is what main and the files say."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import stages
from building.world import git
from rollbook.errors import InvalidFile, NotFound
from rollbook.git.main_history import first_parents
from rollbook.insight.query.sql import query
from rollbook.layout import Kind
from rollbook.names import precedence
from rollbook.registry.registry import Registry
from rollbook.retention.stale import stale_versions
from rollbook.retention.stored_objects import attached, pointers, stored
from rollbook.retention.subjects import every_stay, indexed_stays, told_by_history
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes
from rollbook.trail.stage_times import landing_times
from trail.histories import History, new_history, registration
from trail.test_trail import STEP, play

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

LAST = "SELECT model, version, what, at, max(position << 24 | place) FROM told GROUP BY model, sort_key"
WORDS = {Kind.EVIDENCE: "evidence", Kind.NOTES: "notes", Kind.CARD: "card"}
POINTER = "outs:\n- md5: {md5}\n  size: {size}\n  hash: md5\n  path: model.onnx\n"


def last_by_main(repository: Repository, commit: str) -> dict[tuple[str, str], tuple[str, int]]:
    """What happened last to each version, and when it landed, read from main."""
    moments = landing_times(first_parents(repository, commit))
    changes = landed_changes(repository, commit)
    events = list(derive(repository, changes, {}))
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for change in changes:
        at = moments[change.commit]
        for file in change.files:
            if file.place.kind in WORDS:
                last[file.place.model or "", file.place.version or ""] = WORDS[file.place.kind], at
        for event in (event for event in events if event.landed_in == change.commit):
            moved = {
                Action.ASSIGNED: f"put into {event.target}",
                Action.UNASSIGNED: f"taken out of {event.start}",
                Action.ALIAS_SET: f"given the alias {event.target[1:]}",
                Action.ALIAS_REMOVED: f"taken the alias {event.start[1:]} off",
            }
            last[event.model, event.version] = moved.get(event.action, event.action.value), at
    return last


def require_same(directory: Path, commit: str) -> None:
    with Registry.open(directory, rev=commit) as registry:
        told = {
            (model, version): (what, at) for model, version, what, at, _ in told_by_history(registry, LAST)
        }
        assert told == last_by_main(registry.repository, commit)
        known, anew = indexed_stays(registry), every_stay(registry.repository, commit)
        for version in told:
            assert known(*version) == anew(*version)


def stale_by_files(registry: Registry, commit: str, before: int) -> list[tuple[object, ...]]:
    """The versions that nothing happened to since and that nothing uses, as files and main tell."""
    last = last_by_main(registry.repository, commit)
    found = []
    for model in registry.models():
        used = {entry.version for entry in model.stages.holders("production")}
        used |= set(model.stages.aliases.values())
        for name in [name for name in model.version_names if name not in used]:
            what, at = last[model.name, name]
            if at <= before:
                found.append((model.name, at, precedence(name), model.version(name).stage, what))
    return sorted(found)


def require_same_stale(directory: Path, commit: str, now: datetime) -> None:
    span = timedelta(seconds=30)
    with Registry.open(directory, rev=commit) as registry:
        try:
            wanted = stale_by_files(registry, commit, int((now - span).timestamp()))
        except InvalidFile:
            with pytest.raises(InvalidFile):
                stale_versions(registry, span, now=now)
            return
        assert [
            (each.model, int(each.at.timestamp()), precedence(each.version), each.stage, each.last)
            for each in stale_versions(registry, span, now=now)
        ] == wanted


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=1, max_size=6), st.data())
def test_what_happened_up_to_any_commit_is_told_alike_whatever_was_asked_before(
    steps: list[tuple[object, ...]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "registry.git"
        history = new_history(directory)
        play(history, steps)  # type: ignore[arg-type]
        history.commit({"registry/credit/versions/1.0.0/notes.yaml": "description: a\n"})
        commits = git(directory, "rev-list", "--first-parent", "main").split()
        for commit in data.draw(st.lists(st.sampled_from(commits), min_size=1, max_size=4)):
            require_same(directory, commit)
            second = data.draw(st.integers(1_700_000_000, 1_700_000_150))
            require_same_stale(directory, commit, datetime.fromtimestamp(second, UTC))


@pytest.fixture
def history(tmp_path: Path) -> History:
    made = new_history(tmp_path / "registry.git")
    made.commit(registration("credit", "1.0.0") | registration("credit", "1.1.0"))
    made.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})
    return made


def tip(history: History) -> str:
    return git(history.directory, "rev-parse", "main")


def test_a_main_that_was_rewritten_is_told_as_it_is_now(history: History) -> None:
    require_same(history.directory, tip(history))
    git(history.directory, "update-ref", "refs/heads/main", "main~1")
    history.commit({"registry/credit/stages.yaml": stages(archived=["1.0.0", "1.1.0"])})
    require_same(history.directory, tip(history))


def test_what_was_begun_in_a_shallow_clone_is_told_whole_once_the_history_is_there(
    history: History, tmp_path: Path
) -> None:
    clone = tmp_path / "clone.git"
    address = history.directory.as_uri()
    subprocess.run(["git", "clone", "-q", "--bare", "--depth=1", address, str(clone)], check=True)
    with Registry.open(clone) as registry:
        query(registry, "SELECT * FROM events")
    git(clone, "fetch", "--quiet", "--unshallow")
    require_same(clone, tip(history))


def test_pointers_are_those_of_the_files_at_each_commit(history: History) -> None:
    beside = "registry/credit/versions/1.0.0"
    one, other = ({"md5": digit * 32, "size": 5} for digit in "ab")
    commits = [
        history.commit({f"{beside}/model.onnx.dvc": POINTER.format(**one)}),
        history.commit({f"{beside}/evidence/fairness-1/plot.png.dvc": POINTER.format(**other)}),
        history.commit({f"{beside}/model.onnx.dvc": None, "registry/credit/model.yaml": "{}"}),
        history.commit({"registry/gone/versions/x/model.onnx.dvc": POINTER.format(**other)}),
    ]
    for commit in [*commits, commits[0], commits[2]]:
        with Registry.open(history.directory, rev=commit) as registry:
            told = stored(registry)
            held = {key: each for key, each in pointers(registry.snapshot).items() if key[0] == "credit"}
            assert told.artifacts == held
            assert told.formats == dict.fromkeys(told.artifacts, "onnx")
            known = [each for each in attached(registry.snapshot) if each[0][0] == "credit"]
            assert told.attachments == known


@pytest.mark.parametrize(
    ("path", "text", "error"),
    [
        ("model.onnx.dvc", "outs: 1\n", InvalidFile),
        ("model.onnx.dvc", POINTER.format(md5="c" * 32, size="9" * 25), None),
        ("version.yaml", "model: [", InvalidFile),
        ("version.yaml", None, NotFound),
    ],
)
def test_what_can_not_be_read_is_an_error_as_it_is_without_an_index(
    history: History, path: str, text: str | None, error: type[Exception] | None
) -> None:
    beside = "registry/credit/versions/1.0.0"
    history.commit({f"{beside}/model.onnx.dvc": POINTER.format(md5="c" * 32, size=5)})
    history.commit({f"{beside}/{path}": text})
    with Registry.open(history.directory) as registry:
        if error is None:
            assert stored(registry).artifacts["credit", "1.0.0"].size == int("9" * 25)
            return
        with pytest.raises(error):
            stored(registry)


@pytest.mark.parametrize("text", ["removed_at: 2026-01-01T00:00:00Z\n", "["])
def test_a_removed_version_is_never_stale_even_if_the_record_of_it_can_not_be_read(
    history: History, text: str
) -> None:
    def found() -> list[str]:
        with Registry.open(history.directory) as registry:
            return sorted(each.version for each in stale_versions(registry, timedelta(days=1)))

    assert found() == ["1.0.0", "1.1.0"]
    history.commit({"registry/credit/versions/1.0.0/removed.yaml": text})
    assert found() == ["1.1.0"]


def test_what_an_alias_stands_for_is_never_stale(history: History) -> None:
    history.commit({"registry/credit/stages.yaml": "aliases: {champion: 1.1.0}\n"})
    with Registry.open(history.directory) as registry:
        assert [each.version for each in stale_versions(registry, timedelta(days=1))] == ["1.0.0"]


def test_stages_that_can_not_be_read_are_an_error_and_no_list(history: History) -> None:
    history.commit({"registry/credit/stages.yaml": "staging: ["})
    with Registry.open(history.directory) as registry, pytest.raises(InvalidFile) as error:
        stale_versions(registry, timedelta(days=1))
    assert error.value.path == "registry/credit/stages.yaml"
