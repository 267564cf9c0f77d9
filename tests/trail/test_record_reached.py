"""Recording from where the trail was last found whole: less work, and never another result."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.examples import examples
from building.texts import stages
from building.world import git
from rollbook.cache.memory import RECORDED
from rollbook.errors import RollbookError
from rollbook.trail.record import record

from .histories import History, new_history, registration

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = "rollbook/recorded"


@pytest.fixture
def recorded(history: History) -> History:
    history.commit(registration("credit", "1.0.0") | registration("fraud", "1.0.0"))
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})
    record(history.repository)
    return history


def asked(history: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The tags that git is asked for while recording."""
    trace = tmp_path / "trace"
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TRACE", str(trace))
        record(history.repository)
    lines = [line for line in trace.read_text().splitlines() if "built-in: git for-each-ref" in line]
    return [word.strip("'") for line in lines for word in line.split() if "refs/tags/" in word]


def test_only_the_tags_of_the_model_that_changed_are_read(
    recorded: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recorded.commit(registration("fraud", "1.1.0"))
    assert asked(recorded, monkeypatch, tmp_path) == ["refs/tags/fraud@*", "refs/tags/fraud#*"]
    assert recorded.trailer("fraud@v1.1.0", "Previous-Event") == recorded.tags()["credit#staging#2"]


def test_no_tag_is_read_when_main_has_not_moved(
    recorded: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asked(recorded, monkeypatch, tmp_path) == []


def test_packed_tags_are_read_once_more_and_then_remembered(
    recorded: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git(recorded.directory, "pack-refs", "--all")
    assert asked(recorded, monkeypatch, tmp_path) == ["refs/tags/"]
    (tmp_path / "trace").unlink()
    assert asked(recorded, monkeypatch, tmp_path) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"format": 1}', '{"format": 2}', "\0" * 50, "[" * 4000, "x" * 9999]
)
def test_a_corrupt_memory_is_discarded(recorded: History, content: str) -> None:
    (recorded.directory / MEMORY).write_text(content)
    recorded.commit(registration("credit", "1.1.0"))
    assert [event.tag for event in record(recorded.repository)] == ["credit@v1.1.0"]
    assert (RECORDED.read(recorded.repository) or b"").decode().endswith(recorded.tags()["credit@v1.1.0"])


def test_a_memory_that_cant_be_written_harms_nothing(recorded: History) -> None:
    shutil.rmtree(recorded.directory / "rollbook")
    (recorded.directory / "rollbook").write_text("in the way")
    recorded.commit(registration("credit", "1.1.0"))
    assert len(record(recorded.repository)) == 1


def test_a_tag_that_points_at_a_branch_is_not_remembered(recorded: History) -> None:
    git(recorded.directory, "symbolic-ref", "refs/tags/newest", "refs/heads/main")
    before = (recorded.directory / MEMORY).read_text()
    recorded.commit(registration("credit", "1.1.0"))
    assert len(record(recorded.repository)) == 1
    assert (recorded.directory / MEMORY).read_text() == before


# --- the same result with the memory as without it

MODELS = ["credit", "fraud"]


def _register(history: History, number: int) -> None:
    history.commit(registration(MODELS[number % 2], f"1.{number}.0"))


def _stage(history: History, number: int) -> None:
    stage = ["staging", "production", "archived"][number % 3]
    history.commit({f"registry/{MODELS[number % 2]}/stages.yaml": stages(**{stage: ["1.0.0"]})})


def _touch(history: History, number: int) -> None:
    history.commit({"README.md": str(number)})


def _record(history: History, _: int) -> None:
    outcome(history)


def _delete_tag(history: History, number: int) -> None:
    if names := sorted(history.tags()):
        git(history.directory, "update-ref", "-d", f"refs/tags/{names[number % len(names)]}")


def _move_tag(history: History, number: int) -> None:
    if names := sorted(history.tags()):
        name, other = names[number % len(names)], names[number // 2 % len(names)]
        git(history.directory, "update-ref", f"refs/tags/{name}", history.tags()[other])


def _tag_by_hand(history: History, number: int) -> None:
    name = f"{MODELS[number % 2]}@v1.{number}.0"
    git(history.directory, "tag", "-f", *(["-a", "-m", "x"] if number % 3 else []), name, "main")


def _rewrite_main(history: History, number: int) -> None:
    commits = git(history.directory, "rev-list", "--first-parent", "main").split()
    git(history.directory, "update-ref", "refs/heads/main", commits[min(number % 4, len(commits) - 1)])


def _pack(history: History, number: int) -> None:
    git(history.directory, "pack-refs", *(["--all"] if number % 2 else []))


def _merge_over(history: History, _: int) -> None:
    """Main goes on from another commit, and what it was before becomes a second parent."""
    old = git(history.directory, "rev-parse", "main")
    base = git(history.directory, "rev-list", "--max-parents=0", "main").split()[0]
    new = git(history.directory, "commit-tree", "-m", "x", "-p", base, "-p", old, f"{old}^{{tree}}")
    git(history.directory, "update-ref", "refs/heads/main", new)


def _old_memory(history: History, number: int) -> None:
    """An older state of the memory comes back, as from a backup."""
    path, kept = history.directory / MEMORY, history.directory / f"kept-{number % 2}"
    if kept.exists():
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(kept, path)
    elif path.exists():
        shutil.copyfile(path, kept)


DEEDS: list[Callable[[History, int], None]] = [
    _register, _register, _stage, _touch, _record, _record, _delete_tag, _move_tag, _tag_by_hand,
    _rewrite_main, _pack, _merge_over, _old_memory,
]  # fmt: skip


def outcome(history: History) -> tuple[list[str], str]:
    """The events recorded, or what was said instead."""
    try:
        return [event.tag for event in record(history.repository)], ""
    except RollbookError as error:
        return [], str(error)


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 11)), min_size=3, max_size=10))
def test_recording_with_the_memory_gives_what_it_gives_without(
    deeds: list[tuple[Callable[[History, int], None], int]],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "with.git")
        _register(history, 0)
        for deed, number in deeds:
            deed(history, number)
            _check(history, Path(directory) / "without.git")


def _check(history: History, folder: Path) -> None:
    """Record in two copies, of which one remembers nothing."""
    copies = [History(folder.with_suffix(suffix)) for suffix in (".first", ".second")]
    for copy in copies:
        shutil.copytree(history.directory, copy.directory)
    shutil.rmtree(copies[1].directory / "rollbook", ignore_errors=True)
    try:
        assert outcome(copies[0]) == outcome(copies[1])
        assert copies[0].tags() == copies[1].tags()
    finally:
        for copy in copies:
            shutil.rmtree(copy.directory)
