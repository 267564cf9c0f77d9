from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from building.work_tree import commit, new_repository
from building.world import git
from rollbook.errors import BadCall, NotFound
from rollbook.git.main_history import commit_at, first_parents
from rollbook.git.repository import Repository, discover
from rollbook.names import parse_moment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 1, 23, 59, 59, 999999, UTC)),
        ("20260301", datetime(2026, 3, 1, 23, 59, 59, 999999, UTC)),
        ("2026-03-01T00:00:00", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:30:00Z", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("2026-03-01 12:30", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("2026-03-01T12:30:00+02:00", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_a_date_or_a_time_names_a_moment(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["2026-03-01", "20260301", "2026-W09-7"])
def test_a_date_that_begins_something_means_its_first_moment_however_it_is_written(text):
    assert parse_moment(text, begins=True) == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_last_day_of_the_calendar_begins_too():
    assert parse_moment("9999-12-31", begins=True) == datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "1 March", "2026", "03/01/2026", "x" * 200]
)
def test_anything_else_is_no_date(text):
    with pytest.raises(BadCall, match="is not a date") as caught:
        parse_moment(text)
    assert "2026-03-01" in caught.value.hint
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_at_the_end_of_time_still_compares(text, history: Repository):
    try:
        commit_at(history, "main", parse_moment(text))
    except NotFound:
        assert text.startswith("0001")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Three commits: on 1 March, one back-dated to 1 January, and on 1 May."""
    root = tmp_path_factory.mktemp("history")
    git(root, "init", "--quiet")
    for day in ("2026-03-01", "2026-01-01", "2026-05-01"):
        commit(root, day, f"{day}T12:00:00Z")
    return discover(root)


def stood_at(repository: Repository, text: str) -> str:
    found = commit_at(repository, "main", parse_moment(text))
    return git(repository.directory, "log", "-1", "--format=%s", found)


def test_a_bare_date_includes_that_whole_day(history: Repository):
    assert stood_at(history, "2026-05-01") == "2026-05-01"
    assert stood_at(history, "2026-05-01T11:59:59Z") == "2026-01-01"


def test_a_commit_stands_from_its_very_second(history: Repository):
    assert stood_at(history, "2026-05-01T12:00:00Z") == "2026-05-01"


def test_a_back_dated_commit_does_not_stand_before_the_one_before_it(history: Repository):
    assert stood_at(history, "2026-03-01") == "2026-01-01"
    with pytest.raises(NotFound, match="no commit as old as 2026-02-01"):
        stood_at(history, "2026-02-01")


def test_first_parents_come_oldest_first(history: Repository):
    landed = first_parents(history, "main")
    assert [one.commit for one in landed] == git(history.directory, "rev-list", "--reverse", "main").split()
    assert landed[0].landed_at == int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())


def test_the_commits_of_a_merged_branch_do_not_count(tmp_path: Path):
    root = new_repository(tmp_path, {"x": "x"})
    git(root, "checkout", "--quiet", "-b", "side")
    side = commit(root, "side")
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
    commits = [one.commit for one in first_parents(discover(root), "main")]
    assert len(commits) == 2
    assert side not in commits


def test_the_users_git_settings_do_not_change_what_is_read(history: Repository, monkeypatch):
    for index, (key, value) in enumerate(
        [("log.showSignature", "true"), ("log.date", "relative"), ("color.ui", "always")]
    ):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{index}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{index}", value)
        monkeypatch.setenv("GIT_CONFIG_COUNT", str(index + 1))
    assert len(first_parents(history, "main")) == 3


def test_a_branch_that_does_not_exist_is_not_found(history: Repository):
    with pytest.raises(NotFound, match="'nothing' names no commit"):
        commit_at(history, "nothing", datetime.now(UTC))


def fast_imported(root: Path, seconds: list[int]) -> Repository:
    """A branch with one commit at each of these times, in this order."""
    commits = [
        f"commit refs/heads/main\nmark :{mark}\ncommitter A <a@example.com> {second} +0000\ndata 0\n"
        + (f"from :{mark - 1}\n" if mark > 1 else "")
        for mark, second in enumerate(seconds, 1)
    ]
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=root,
        input="\n".join(commits),
        text=True,
        check=True,
    )
    return discover(root)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bare")
    git(root, "init", "--quiet", "--bare")
    return root


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 21))
def test_a_commit_stands_at_the_latest_date_up_to_it(bare, seconds, moment):
    repository = fast_imported(bare, seconds)
    commits = [one.commit for one in first_parents(repository, "main")]
    standing = [place for place in range(len(seconds)) if max(seconds[: place + 1]) <= moment]
    try:
        found = commit_at(repository, "main", datetime.fromtimestamp(moment, UTC))
    except NotFound:
        assert not standing
    else:
        assert found == commits[standing[-1]]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=8))
def test_what_stood_never_goes_back_as_time_goes_on(bare, seconds):
    repository = fast_imported(bare, seconds)
    order = {one.commit: place for place, one in enumerate(first_parents(repository, "main"))}
    begin = seconds[0]
    places = [
        order[commit_at(repository, "main", datetime.fromtimestamp(moment, UTC))]
        for moment in range(begin, 22, 4)
    ]
    assert places == sorted(places)
