"""The history that is shown from what was read before is the one that is read anew."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import git, rollbook
from rollbook.trail import known_tags, tag
from rollbook.trail.history import each_event, each_shown
from rollbook.trail.history import history as events
from rollbook.trail.record import record
from rollbook.trail.tag import recorded_trail

from .histories import History, new_history, registration
from .verifying import object_id, put, sign_with, ssh_key, tag_bytes

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "rollbook/tags"


@pytest.fixture(scope="module")
def _long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of two models, some signed, with a tag by hand among them."""
    folder = tmp_path_factory.mktemp("long")
    history = new_history(folder / "registry.git")
    for number in range(4):
        history.commit(registration("credit", f"1.{number}.0") | registration("risk/fraud", f"1.{number}.0"))
        record(history.repository)
        if number == 1:
            sign_with(history, ssh_key(folder))
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0", "1.1.0"])})
    record(history.repository)
    git(history.directory, "tag", "-a", "-m", "by hand", "v2026-01", "main~1")
    git(history.directory, "tag", "nightly", "main~2")
    return history.directory


@pytest.fixture
def recorded(_long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(known_tags, "FEW", 2)  # so that a short trail is remembered too
    shutil.copytree(_long, tmp_path / "registry.git")
    return History(tmp_path / "registry.git")


def test_what_is_remembered_is_what_the_tags_say(recorded: History) -> None:
    anew = recorded_trail(recorded.repository)
    assert known_tags.known_trail(recorded.repository) == anew
    assert (recorded.directory / PLACE).exists()
    assert known_tags.known_trail(recorded.repository) == anew


def test_the_events_are_read_one_by_one_once_they_were_found_in_order(recorded: History) -> None:
    repository = recorded.repository
    told = events(repository, "main")
    assert known_tags.chain_to(repository, "0" * 40) is None
    chained = known_tags.chain_to(repository, told[-1].oid)
    assert chained is not None
    assert list(chained) == told


def test_events_that_are_recorded_later_follow_those_that_were_read(recorded: History) -> None:
    told = events(recorded.repository, "main")
    remembered = (recorded.directory / PLACE).read_bytes()
    recorded.commit(registration("credit", "2.0.0"))
    record(recorded.repository)
    later = each_event(recorded.repository, "main")
    assert not isinstance(later, list)
    assert [tag.name for tag in later] == [*(tag.name for tag in told), "credit@v2.0.0"]
    assert (recorded.directory / PLACE).read_bytes() == remembered
    git(recorded.directory, "update-ref", "-d", "refs/tags/credit@v2.0.0")
    assert list(each_event(recorded.repository, "main")) == told


def test_a_table_shows_the_same_from_the_lines_that_are_remembered(recorded: History) -> None:
    told = events(recorded.repository, "main")
    recorded.commit(registration("credit", "2.0.0"))
    record(recorded.repository)
    told += events(recorded.repository, "main")[len(told) :]
    rows = list(each_shown(recorded.repository, "main"))
    assert rows == [known_tags.shown(tag) for tag in told]
    shutil.rmtree(recorded.directory / "rollbook")
    assert list(each_shown(recorded.repository, "main")) == rows


def test_tags_that_came_and_went_meanwhile_are_shown_as_they_stand(recorded: History) -> None:
    known_tags.known_trail(recorded.repository)
    recorded.commit(registration("credit", "2.0.0"))
    record(recorded.repository)
    git(recorded.directory, "update-ref", "-d", "refs/tags/credit@v1.2.0")
    git(recorded.directory, "update-ref", "refs/tags/other", "refs/tags/credit@v1.1.0")
    anew = recorded_trail(recorded.repository)
    assert known_tags.known_trail(recorded.repository) == anew
    assert "credit@v2.0.0" in anew.tags
    assert anew.tags["other"].event == anew.tags["credit@v1.1.0"].event


def test_a_tag_that_was_replaced_is_read_anew(recorded: History) -> None:
    known_tags.known_trail(recorded.repository)
    name = "credit#staging#5"
    put(recorded, name, tag_bytes(recorded, name).replace(b"for staging", b"because"))
    assert known_tags.known_trail(recorded.repository).tags[name].event.reason == "because"


@pytest.mark.parametrize("spoil", ["cut", "flip", "empty", "zeros", "other"])
def test_a_memory_that_is_not_whole_is_discarded(recorded: History, spoil: str) -> None:
    anew = known_tags.known_trail(recorded.repository)
    path = recorded.directory / PLACE
    old = path.read_bytes()
    path.write_bytes(
        {
            "cut": old[:-20],
            "flip": old.replace(b"for staging", b"for staginG"),
            "empty": b"",
            "zeros": b"\0" * 500,
            "other": old.replace(b"tags 4 ", b"tags 5 "),
        }[spoil]
    )
    assert path.read_bytes() != old
    assert known_tags.known_trail(recorded.repository) == anew
    assert path.read_bytes() == old


def test_a_memory_that_cant_be_written_harms_nothing(recorded: History) -> None:
    shutil.rmtree(recorded.directory / "rollbook")
    (recorded.directory / "rollbook").write_text("in the way")
    assert known_tags.known_trail(recorded.repository) == recorded_trail(recorded.repository)


@pytest.mark.parametrize("model", [None, "credit", "risk/fraud"])
def test_the_order_is_mains_whether_main_is_walked_or_the_chain(recorded: History, model: str | None) -> None:
    by_chain = events(recorded.repository, "main", model)
    shutil.rmtree(recorded.directory / "rollbook")
    by_main = events(recorded.repository, "main", model)
    assert by_chain == by_main
    assert len(by_main) == {None: 10, "credit": 6, "risk/fraud": 4}[model]


def test_the_order_of_a_clone_that_records_nothing_is_remembered_once_it_was_walked(
    recorded: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(recorded.directory), "clone")
    clone = History(tmp_path / "clone").repository
    anew = events(clone, "main")
    monkeypatch.setattr("rollbook.trail.history.first_parents", None)
    assert events(clone, "main") == anew
    assert events(clone, "main", "credit") == [item for item in anew if item.event.model == "credit"]


def test_tags_that_are_no_chain_are_shown_in_the_order_of_main(recorded: History) -> None:
    name = "credit@v1.1.0"
    put(
        recorded,
        name,
        tag_bytes(recorded, name).replace(b"Previous-Event: ", b"Previous-Event: " + b"0" * 40, 1)[:-41]
        + b"\n",
    )
    shutil.rmtree(recorded.directory / "rollbook")
    first, second = events(recorded.repository, "main"), events(recorded.repository, "main")
    assert first == second
    assert [item.name for item in first][:4] == [
        "credit@v1.0.0", "risk/fraud@v1.0.0", name, "risk/fraud@v1.1.0",
    ]  # fmt: skip


def test_a_tag_of_another_branch_is_not_shown(recorded: History) -> None:
    assert len(events(recorded.repository, "main")) == 10
    git(recorded.directory, "update-ref", "refs/heads/other", "main~1")
    assert len(events(recorded.repository, "other")) == 8
    assert len(events(recorded.repository, "other")) == 8


def test_an_older_commit_shows_what_had_landed_by_then(recorded: History) -> None:
    assert [item.name for item in events(recorded.repository, "main~3")] == [
        "credit@v1.0.0", "risk/fraud@v1.0.0", "credit@v1.1.0", "risk/fraud@v1.1.0",
    ]  # fmt: skip


def test_the_table_of_a_checkout_is_that_of_its_commit(recorded: History, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(recorded.directory), "clone")
    plain = rollbook(tmp_path / "clone", "history", "--events")
    assert plain.code == 0
    assert plain.out == rollbook(tmp_path / "clone", "history", "--events", "--rev", "HEAD").out
    assert len(plain.out.splitlines()) == 11
    git(tmp_path / "clone", "checkout", "-q", "HEAD~3")
    assert len(rollbook(tmp_path / "clone", "history", "--events").out.splitlines()) == 5


# --- reading one tag


BENT = [
    (b"Action: assigned\nEvent: 5", b"Event: 5\nAction: assigned"),
    (b"To: staging", b"To: staging\nTo: production"),
    (b"Event: 5", b"Event: 0"),
    (b"Event: 5", b"Event: 05"),
    (b"Model: credit", b"Model: ../x"),
    (b"Version: 1.0.0", b"Version: 1"),
    (b"sha256:", b""),
    (b"sha256:", b"sha256:g"),
    (b"Action: assigned", b"Action: x"),
    (b"\nFrom:", b"\nFrom"),
    (b"Landed-In: ", b"Landed-In: 0"),
    (b"\n\nAction", b"\n\nmore\n\nAction"),
    (b"tagger ", b"tagger x"),
    (b"+0000\n", b"\n"),
    (b"tag credit", b"tag \xffcredit"),
    (b"Reason: ", b"Reason: \0"),
    (b"Reason: ", b"Reason: \xc3\xbc\x1f"),
    (b"Reason: for staging\n", b""),
    (b"Previous-Event: ", b"Previous-Event: x"),
    (b"Landed-In", b"Approved-By: ann\nApproved-By: bob\nLanded-In"),
    (b"Landed-In", b"Pull-Request: x\nLanded-In"),
    (b"Landed-In", b"Origin: x\nLanded-In"),
    (b"Landed-In", b"Landed-In: 1\nLanded-In"),
    (b"type commit", b"type tree"),
    (b"1767", b"99999999999991767"),
    (b"put into", b"\n"),
    (b"object ", b"object 0"),
]


@pytest.mark.parametrize(("old", "new"), BENT)
def test_a_tag_reads_the_same_by_one_look_and_line_by_line(
    recorded: History, monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes
) -> None:
    for name in ("credit#staging#5", "credit@v1.3.0", "credit@v1.0.0"):
        data = tag_bytes(recorded, name).replace(old, new)
        quick = tag.recorded_tag(name, object_id(data), data)
        with monkeypatch.context() as patch:
            patch.setattr(tag, "AS_WRITTEN", tag.re.compile("(?!)"))
            assert tag.recorded_tag(name, object_id(data), data) == quick
