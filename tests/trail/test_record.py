"""Recording: what is missing is written, what contradicts main is refused, and the chain never forks."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import git
from killed import killed_at_each_git_call
from rollbook.errors import Conflict, GitFailed, Refused
from rollbook.git.repository import discover
from rollbook.trail.record import record

from .histories import History, registration

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STAGES = "registry/credit/stages.yaml"


@pytest.fixture
def landed(history: History) -> History:
    """Three commits with five events, not yet recorded."""
    history.commit(registration("credit", "1.0.0") | registration("fraud", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    history.commit({STAGES: stages(production=["1.0.0"])})
    return history


CHAIN = ["credit@v1.0.0", "fraud@v1.0.0", "credit#staging#2", "credit#staging!#3", "credit#production#4"]


def delete(history: History, names: Iterable[str]) -> None:
    for name in names:
        git(history.directory, "update-ref", "-d", f"refs/tags/{name}")


def clone(history: History, name: str) -> Path:
    """A clone whose remote is the history's repository."""
    git(history.directory.parent, "clone", "-q", "--no-tags", str(history.directory), name)
    return history.directory.parent / name


def assert_refused(history: History, match: str) -> None:
    """Assert that recording is refused and writes nothing."""
    before = history.tags()
    with pytest.raises(Refused, match=match):
        record(history.repository)
    assert history.tags() == before


def test_everything_that_landed_is_recorded_in_order(landed: History) -> None:
    assert [event.tag for event in record(landed.repository)] == CHAIN


def test_recording_again_writes_nothing(landed: History) -> None:
    record(landed.repository)
    before = landed.tags()
    assert record(landed.repository) == []
    assert landed.tags() == before


def test_recording_step_by_step_gives_the_same_tags_as_all_at_once(landed: History, tmp_path: Path) -> None:
    shutil.copytree(landed.directory, tmp_path / "copy.git")
    copy = History(tmp_path / "copy.git")
    commits = git(copy.directory, "rev-list", "--reverse", "main").split()
    for commit in commits:
        git(copy.directory, "update-ref", "refs/heads/main", commit)
        record(copy.repository)
    record(landed.repository)
    assert copy.tags() == landed.tags()


def test_a_registry_without_models_has_nothing_to_record(history: History) -> None:
    assert record(history.repository) == []
    assert history.tags() == {}


@pytest.mark.parametrize(
    "missing", [subset for size in range(1, 6) for subset in itertools.combinations(range(5), size)]
)
def test_any_tags_that_are_missing_are_completed_to_the_very_same_chain(
    landed: History, missing: tuple[int, ...]
) -> None:
    record(landed.repository)
    before = landed.tags()
    delete(landed, [CHAIN[place] for place in missing])
    assert [event.tag for event in record(landed.repository)] == [CHAIN[place] for place in missing]
    assert landed.tags() == before


def test_missing_tags_of_an_older_record_are_completed_together_with_new_ones(landed: History) -> None:
    record(landed.repository)
    before = landed.tags()
    delete(landed, CHAIN[1:3])
    landed.commit(registration("credit", "1.1.0"))
    assert [event.tag for event in record(landed.repository)] == [*CHAIN[1:3], "credit@v1.1.0"]
    assert {name: landed.tags()[name] for name in before} == before
    assert landed.trailer("credit@v1.1.0", "Previous-Event") == before[CHAIN[-1]]


def test_a_missing_tag_whose_object_is_gone_is_not_made_anew(landed: History) -> None:
    record(landed.repository)
    oid = landed.tags()[CHAIN[2]]
    delete(landed, [CHAIN[2]])
    (landed.directory / "objects" / oid[:2] / oid[2:]).unlink()
    assert_refused(landed, "is missing, and later ones build on it")


def test_a_recorder_killed_between_any_two_git_calls_is_completed_by_the_next(
    landed: History, tmp_path: Path
) -> None:
    record(landed.repository)
    expected = landed.tags()
    delete(landed, CHAIN)
    directories = []
    for number in range(7):
        shutil.copytree(landed.directory, tmp_path / f"{number}.git")
        git(tmp_path, "clone", "-q", f"{number}.git", f"{number}")
        directories.append(tmp_path / f"{number}")
    killed = killed_at_each_git_call(directories, "audit", "record")
    assert len(killed) >= 4
    for directory in killed:
        record(discover(directory))
        assert History(directory).tags() == expected
        assert History(directory.with_name(f"{directory.name}.git")).tags() == expected


# --- several recorders


def test_two_recorders_at_once_write_one_chain(landed: History) -> None:
    clones = [clone(landed, name) for name in ("first", "second", "third")]
    command = [sys.executable, "-m", "rollbook", "audit", "record"]
    running = [
        subprocess.Popen(command, cwd=path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for path in clones
    ]
    for process in running:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert landed.tags().keys() == set(CHAIN)
    for path in clones:
        record(discover(path))
        assert History(path).tags() == landed.tags()


def test_a_recorder_that_is_overtaken_goes_on_from_what_the_other_wrote(landed: History) -> None:
    first, second = clone(landed, "first"), clone(landed, "second")
    git(second, "config", "user.name", "Somebody Else")
    hook = first / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\nunset GIT_DIR\ncd '{second}' && {sys.executable} -m rollbook audit record\n")
    hook.chmod(0o755)
    assert record(discover(first)) == []
    assert History(first).tags() == landed.tags()
    assert "Somebody Else" in git(landed.directory, "for-each-ref", "--format=%(taggername)")


def test_a_clone_that_is_behind_fetches_main_before_it_records(landed: History) -> None:
    path = clone(landed, "clone")
    landed.commit(registration("credit", "1.1.0"))
    assert [event.tag for event in record(discover(path))] == [*CHAIN, "credit@v1.1.0"]


def test_commits_that_were_not_pushed_are_not_recorded(landed: History) -> None:
    path = clone(landed, "clone")
    git(path, "commit", "-q", "--allow-empty", "-m", "unpushed")
    with pytest.raises(Refused, match="has commits that origin/main has not"):
        record(discover(path))
    assert landed.tags() == {}


def test_without_push_the_tags_stay_here(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path), push_tags=False)
    assert History(path).tags().keys() == set(CHAIN)
    assert landed.tags() == {}


def test_a_remote_that_refuses_takes_no_tag_and_none_appears_here(landed: History) -> None:
    path = clone(landed, "clone")
    hook = landed.directory / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in *production*) exit 1;; esac\n')
    hook.chmod(0o755)
    with pytest.raises(GitFailed):
        record(discover(path))
    assert (History(path).tags(), landed.tags()) == ({}, {})


def test_tags_that_were_recorded_without_push_are_sent_later(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path), push_tags=False)
    assert record(discover(path)) == []
    assert landed.tags() == History(path).tags()


def test_a_remote_that_was_deleted_and_made_anew_gets_every_tag_again(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path))
    before = landed.tags()
    delete(landed, CHAIN)
    record(discover(path))
    assert landed.tags() == before


def made_anew(history: History, *, at: str = "main") -> None:
    """Delete the remote and make it anew, as it was without its tags, with main at a commit of it."""
    old = history.directory.rename(history.directory.with_suffix(".deleted"))
    git(old.parent, "init", "-q", "--bare", history.directory.name)
    git(old, "push", "-q", str(history.directory), f"{at}:refs/heads/main")


def test_a_remote_that_was_deleted_and_made_anew_gets_the_whole_trail(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path))
    before = landed.tags()
    made_anew(landed)
    assert landed.tags() == {}
    assert record(discover(path)) == []
    assert landed.tags() == before


def test_a_remote_made_anew_from_an_older_main_is_told_apart(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path))
    made_anew(landed, at="main~1")
    with pytest.raises(Refused, match="has commits that origin/main has not"):
        record(discover(path))
    assert landed.tags() == {}


def test_another_clone_of_a_remote_made_anew_gets_the_very_same_tags(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path))
    before = landed.tags()
    made_anew(landed)
    record(discover(path))
    record(discover(clone(landed, "other")))
    assert landed.tags() == before


def test_a_clock_that_jumps_between_two_runs_keeps_the_tags_in_order(landed: History) -> None:
    record(landed.repository)
    for second in (4_000_000_000, 1_000_000_000, 2_000_000_000):
        stage = {"4": "archived", "1": "production", "2": "archived"}[str(second)[0]]
        landed.commit({STAGES: stages(**{stage: ["1.0.0"]})}, at=second)
        record(landed.repository)
    form = "--format=%(taggerdate:unix) %(contents:trailers:key=Event,valueonly)"
    listed = git(landed.directory, "for-each-ref", form, "refs/tags/credit*")
    pairs = sorted(tuple(map(int, line.split()))[::-1] for line in listed.splitlines() if line)
    moments = [moment for _, moment in pairs]
    assert moments == sorted(set(moments))
    copy = landed.tags()
    delete(landed, copy)
    record(landed.repository)
    assert landed.tags() == copy


def test_a_shallow_clone_is_told_to_fetch_the_whole_history(landed: History) -> None:
    address = landed.directory.as_uri()
    git(landed.directory.parent, "clone", "-q", "--depth=1", address, "shallow")
    with pytest.raises(Refused, match="this clone is shallow"):
        record(discover(landed.directory.parent / "shallow"))
    assert landed.tags() == {}


def test_a_setting_that_prunes_does_not_delete_tags_that_only_stand_here(landed: History) -> None:
    path = clone(landed, "clone")
    git(path, "config", "fetch.prune", "true")
    git(path, "config", "fetch.pruneTags", "true")
    git(path, "tag", "mine", "main")
    record(discover(path), push_tags=False)
    before = History(path).tags()
    record(discover(path))
    assert History(path).tags() == before


def test_a_setting_that_follows_tags_does_not_publish_the_users_own(landed: History) -> None:
    path = clone(landed, "clone")
    git(path, "config", "push.followTags", "true")
    git(path, "tag", "-a", "-m", "x", "mine", "main")
    record(discover(path))
    assert landed.tags().keys() == set(CHAIN)


def test_a_remote_that_checks_objects_takes_the_tags(landed: History) -> None:
    path = clone(landed, "clone")
    git(landed.directory, "config", "receive.fsckObjects", "true")
    record(discover(path))
    assert landed.tags().keys() == set(CHAIN)


# --- what contradicts main


def _replaced(history: History, name: str, old: str, new: str) -> None:
    text = git(history.directory, "cat-file", "tag", name) + "\n"
    assert old in text
    oid = git(history.directory, "mktag", stdin=text.replace(old, new))
    git(history.directory, "update-ref", f"refs/tags/{name}", oid)


EDITS = [
    ("credit@v1.0.0", "Reason: what 1.0.0 brings", "Reason: x"),
    ("credit#staging#2", "Requested-By: ann", "Requested-By: eve"),
    ("credit#production#4", "Reason: for production", "Reason: x"),
    ("credit#production#4", "Event: 4", "Event: 5"),
    ("credit#production#4", "To: production", "To: staging"),
    ("credit#staging!#3", "+0000", "+0000".replace("+0", "-0")),
    ("fraud@v1.0.0", "tagger Jane Doe", "tagger Eve"),
    ("credit#staging#2", "put into staging", "put into production"),
    ("credit@v1.0.0", "Artifact-Digest: sha256:aa", "Artifact-Digest: sha256:ba"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new"), EDITS)
def test_a_tag_edited_by_hand_is_refused(landed: History, name: str, old: str, new: str) -> None:
    record(landed.repository)
    landed.commit(registration("credit", "1.1.0"))
    _replaced(landed, name, old, new)
    assert_refused(landed, "does not record what main says|does not follow the one before it|does not hold")


def test_a_tag_moved_to_another_commit_is_refused(landed: History) -> None:
    record(landed.repository)
    main, other = (git(landed.directory, "rev-parse", name) for name in ("main~2", "main"))
    _replaced(landed, "credit#production#4", f"object {main}", f"object {other}")
    assert_refused(landed, "does not record what main says")


def test_a_back_dated_tag_is_refused(landed: History) -> None:
    record(landed.repository)
    seconds = git(
        landed.directory, "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/credit#production#4"
    )
    _replaced(landed, "credit#production#4", f"{seconds} +0000", f"{int(seconds) - 86_400} +0000")
    assert_refused(landed, "does not record what main says")


def test_a_forged_tag_that_main_knows_nothing_of_stops_nobody_and_is_named(landed: History) -> None:
    record(landed.repository)
    text = git(landed.directory, "cat-file", "tag", "credit#production#4") + "\n"
    forged = text.replace("credit#production#4", "credit#staging#5").replace("Event: 4", "Event: 5")
    oid = git(landed.directory, "mktag", stdin=forged)
    git(landed.directory, "update-ref", "refs/tags/credit#staging#5", oid)
    landed.commit(registration("credit", "1.1.0"))
    strays: list[str] = []
    recorded = record(landed.repository, name_stray=strays.append)
    assert ([event.tag for event in recorded], strays) == (["credit@v1.1.0"], ["credit#staging#5"])
    assert landed.trailer("credit@v1.1.0", "Previous-Event") == landed.tags()["credit#production#4"]


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize("name", ["credit@v1.0.0", "credit#staging#2"])
def test_a_tag_of_the_same_name_made_by_hand_is_refused(landed: History, name: str, annotated: bool) -> None:
    options = ["-a", "-m", "mine"] if annotated else []
    git(landed.directory, "tag", *options, name, "main")
    assert_refused(landed, "stands in the way")


def test_a_foreign_tag_of_another_name_is_left_alone(landed: History) -> None:
    git(landed.directory, "tag", "v2026-01", "main")
    assert len(record(landed.repository)) == 5
    assert "v2026-01" in landed.tags()


def test_a_foreign_tag_that_only_the_remote_has_is_refused(landed: History) -> None:
    path = clone(landed, "clone")
    git(landed.directory, "tag", "credit@v1.0.0", "main")
    with pytest.raises(Refused, match="stands in the way"):
        record(discover(path))


def test_a_main_that_was_rewritten_is_refused(landed: History) -> None:
    record(landed.repository)
    git(landed.directory, "update-ref", "refs/heads/main", "main~1")
    landed.commit({STAGES: stages(archived=["1.0.0"])})
    assert_refused(landed, "not on main")


def test_a_main_that_was_rewritten_and_whose_last_tags_are_gone_is_refused(landed: History) -> None:
    record(landed.repository)
    delete(landed, CHAIN[1:2])
    git(landed.directory, "update-ref", "refs/heads/main", "main~1")
    assert_refused(landed, "does not hold|not on main")


def test_a_tag_that_differs_here_and_on_the_remote_is_named(landed: History) -> None:
    path = clone(landed, "clone")
    record(discover(path))
    _replaced(landed, "credit#production#4", "Reason: for production", "Reason: x")
    with pytest.raises(Conflict, match="credit#production#4"):
        record(discover(path))
