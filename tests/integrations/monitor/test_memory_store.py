"""What the monitor remembers, from run to run and from clone to clone; what can't be read is set aside."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.world import git
from rollbook.errors import Conflict, InvalidFile
from rollbook.git.repository import discover
from rollbook.integrations.monitor.memory_document import Claim, Remembered, read, written
from rollbook.integrations.monitor.memory_store import FOLDER, LEASE, REF, MemoryStore
from rollbook.integrations.monitor.monitor_memory import Episode, Memory, Standing
from rollbook.integrations.monitor.outcome import State

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STANDING = Standing("fraud", "1.0.0", "errors", State.BREACH, NOON, NOON, "error_rate is 0.3")
EPISODE = Episode("0123456789ab", "fraud", "1.0.0", NOON, ("errors",))
MEMORY = Memory({STANDING.key: STANDING}, (EPISODE,))

TEXTS = st.text(max_size=20)
TIMES = st.integers(0, 25_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
STANDINGS = st.builds(
    Standing, TEXTS, TEXTS, TEXTS, st.sampled_from(State), TIMES, TIMES, TEXTS,
    st.none() | st.sampled_from(State), st.none() | TIMES, st.integers(0, 9), st.none() | TIMES,
)  # fmt: skip
EPISODES = st.builds(
    Episode, TEXTS, TEXTS, TEXTS, TIMES, st.lists(TEXTS, max_size=3).map(tuple), st.none() | TIMES,
    st.dictionaries(TEXTS, TEXTS, max_size=3), TEXTS,
)  # fmt: skip
MEMORIES = st.builds(
    Memory,
    st.lists(STANDINGS, max_size=4).map(lambda some: {one.key: one for one in some}),
    st.lists(EPISODES, max_size=3, unique_by=(lambda one: one.id, lambda one: (one.model, one.version))).map(
        tuple
    ),
)


@given(st.builds(Remembered, MEMORIES, st.none() | st.builds(Claim, TEXTS, TIMES), TEXTS))
def test_what_is_written_is_read_back(remembered: Remembered) -> None:
    assert read(written(remembered), "here") == remembered


@given(st.data())
def test_what_was_altered_is_no_memory_or_another_one_but_no_crash(data: st.DataObject) -> None:
    text = written(Remembered(MEMORY)).decode()
    at = data.draw(st.integers(0, len(text) - 1))
    altered = (
        text[:at] + data.draw(st.sampled_from(["", "x", "[", "{", "null", "1e999", "\0"])) + text[at + 1 :]
    )
    with contextlib.suppress(InvalidFile):
        assert isinstance(read(altered.encode(), "here").memory, Memory)


@pytest.mark.parametrize(
    "change",
    [
        {"rollbook_monitor": 2},
        {"more": 1},
        {"standings": {}},
        {"standings": [{}]},
        {"episodes": [[]]},
        {"claim": {"by": "x", "at": "2026-11-28T12:00:00"}},
        {"claim": {"by": "x", "at": "9999-11-28T12:00:00+00:00"}},
    ],
)
def test_what_is_of_another_shape_is_refused(change: dict[str, object]) -> None:
    told = {**json.loads(written(Remembered(MEMORY))), **change}
    with pytest.raises(InvalidFile, match="not what the monitor remembers"):
        read(json.dumps(told).encode(), "here")


@pytest.mark.parametrize("change", [{}, {"id": "another"}])
def test_two_episodes_of_one_version_do_not_last(change: dict[str, object]) -> None:
    told = json.loads(written(Remembered(MEMORY)))
    first = {**told["episodes"][0], "ended": None}
    told["episodes"] = [first, {**first, **change}]
    with pytest.raises(InvalidFile, match="not what the monitor remembers"):
        read(json.dumps(told).encode(), "here")


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A repository without a remote."""
    git(tmp_path, "init", "--quiet", "alone")
    git(tmp_path / "alone", "commit", "--quiet", "--allow-empty", "-m", "Begin")
    return tmp_path / "alone"


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """Two clones of one bare remote."""
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    for name in ("one", "two"):
        git(tmp_path, "clone", "--quiet", "origin.git", name)
    return tmp_path / "one", tmp_path / "two"


def store(directory: Path, *, read_only: bool = False) -> MemoryStore:
    return MemoryStore(discover(directory), read_only=read_only)


def ref_of(directory: Path) -> str:
    return git(directory, "ls-remote", "origin", REF).partition("\t")[0]


def test_without_a_remote_it_is_remembered_in_the_git_directory(alone: Path) -> None:
    assert store(alone).recall() == Memory()
    store(alone).keep(MEMORY)
    assert store(alone).recall() == MEMORY


def test_all_work_trees_remember_the_same(alone: Path) -> None:
    git(alone, "worktree", "add", "--quiet", "../other")
    store(alone).keep(MEMORY)
    assert store(alone.parent / "other").recall() == MEMORY


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, written(Remembered(MEMORY))[:-20]]
)
def test_a_damaged_file_is_set_aside_and_said(alone: Path, content: bytes) -> None:
    store(alone).keep(MEMORY)
    folder = alone / ".git" / FOLDER
    (folder / "memory.json").write_bytes(content)
    begun = store(alone)
    assert begun.recall() == Memory()
    assert "memory.json: not what the monitor remembers" in begun.problems[0]
    assert (folder / "memory-set-aside.json").read_bytes() == content
    begun.keep(MEMORY)
    assert store(alone).recall() == MEMORY


def test_another_clone_remembers_what_this_one_told_the_remote(clones: tuple[Path, Path]) -> None:
    one, two = clones
    first = store(one)
    first.recall()
    first.keep(MEMORY)
    assert store(two).recall() == MEMORY


def test_only_what_is_news_is_told_to_the_remote(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    first = store(one)
    first.recall()
    first.keep(MEMORY)
    before = ref_of(one)
    later = replace(STANDING, seen=NOON + MINUTE, message="error_rate is 0.31")
    first.keep(replace(MEMORY, standings={later.key: later}))
    assert ref_of(one) == before
    again = store(one)
    assert again.recall().standings[later.key] == later
    again.keep(replace(MEMORY, episodes=(replace(EPISODE, deeds={"evidence": "monitoring-1"}),)))
    assert ref_of(one) != before


def test_twice_a_day_the_remote_learns_that_somebody_looks(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    first = store(one)
    first.recall()
    first.keep(MEMORY)
    before = ref_of(one)
    later = replace(STANDING, seen=NOON + timedelta(hours=12))
    first.keep(replace(MEMORY, standings={later.key: later}))
    assert ref_of(one) != before


def test_where_nothing_is_remembered_no_ref_is_made(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    first = store(one)
    first.recall()
    first.keep(Memory())
    assert ref_of(one) == ""


def test_of_two_clones_the_one_that_is_later_is_refused_and_reads_anew(clones: tuple[Path, Path]) -> None:
    one, two = map(store, clones)
    one.recall()
    two.recall()
    one.keep(MEMORY)
    with pytest.raises(Conflict):
        two.keep(replace(MEMORY, episodes=()))
    assert two.recall() == MEMORY


def test_of_two_monitors_in_a_clone_one_waits_for_another_time(alone: Path) -> None:
    with store(alone).locked(), pytest.raises(Conflict, match="another monitor"), store(alone).locked():
        pass
    with store(alone).locked():
        pass


def test_what_another_clone_acts_on_is_left_alone_for_a_while(clones: tuple[Path, Path]) -> None:
    one, two = map(store, clones)
    one.recall()
    one.keep(MEMORY, claimed=NOON)
    two.recall()
    assert two.is_claimed(NOON + MINUTE)
    assert not two.is_claimed(NOON + LEASE)
    assert not one.is_claimed(NOON + MINUTE)
    one.keep(MEMORY)
    two.recall()
    assert not two.is_claimed(NOON + MINUTE)


def test_a_remote_that_takes_nothing_is_said_and_the_clone_remembers(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    hook = one.parent / "origin.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'this token may only read' >&2\nexit 1\n")
    hook.chmod(0o755)
    first = store(one)
    first.recall()
    first.keep(MEMORY)
    assert "the remote does not take it" in first.problems[0]
    assert ref_of(one) == ""
    assert store(one).recall() == MEMORY


def test_a_remote_that_is_away_is_said_and_the_clone_remembers(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    first = store(one)
    first.recall()
    first.keep(MEMORY)
    (one.parent / "origin.git").rename(one.parent / "away.git")
    again = store(one)
    assert again.recall() == MEMORY
    assert "can't be read" in again.problems[0]


def test_what_a_clone_did_while_the_remote_was_away_is_not_forgotten(clones: tuple[Path, Path]) -> None:
    one, two = map(store, clones)
    one.recall()
    one.keep(MEMORY)
    away = clones[0].parent / "away.git"
    (clones[0].parent / "origin.git").rename(away)
    done = replace(EPISODE, deeds={"notify": "told"})
    one.keep(replace(MEMORY, episodes=(done,)))
    away.rename(clones[0].parent / "origin.git")
    two.recall()
    two.keep(replace(MEMORY, episodes=(replace(EPISODE, deeds={"issue": "#7"}),)))
    assert store(clones[0]).recall().episodes[0].deeds == {"issue": "#7", "notify": "told"}


def test_a_damaged_ref_is_set_aside_and_said(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    oid = git(one, "hash-object", "-w", "--stdin", stdin="[]")
    git(one, "push", "--quiet", "origin", f"{oid}:{REF}")
    first = store(one)
    assert first.recall() == Memory()
    assert f"{REF} of origin: not what the monitor remembers" in first.problems[0]
    first.keep(MEMORY)
    assert store(one).recall() == MEMORY


def test_who_only_reads_leaves_everything_as_it_was(clones: tuple[Path, Path]) -> None:
    one, _ = clones
    first = store(one, read_only=True)
    with first.locked():
        first.recall()
        first.keep(MEMORY)
    assert ref_of(one) == ""
    assert not (one / ".git" / FOLDER).exists()
