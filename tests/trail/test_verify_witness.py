"""The head of the trail, and what a witness of an earlier one proves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook
from rollbook.errors import BadCall, CannotTell, InvalidFile, Refused
from rollbook.trail.head import Head, head, parse_head
from rollbook.trail.record import record

from .histories import registration
from .verifying import CHAIN, codes, put, recorded_history, replaced, tag_bytes, verified

if TYPE_CHECKING:
    from pathlib import Path

    from .histories import History


@pytest.fixture
def recorded(tmp_path: Path) -> History:
    return recorded_history(tmp_path / "registry.git")


def test_the_head_is_the_last_tag_of_the_chain(recorded: History) -> None:
    main = git(recorded.directory, "rev-parse", "main")
    assert head(recorded.repository) == Head(CHAIN[-1], recorded.tags()[CHAIN[-1]], 5, main)


def test_an_empty_trail_has_an_empty_head(history: History) -> None:
    found = head(history.repository)
    assert (found.tag, found.object, found.events) == ("", "", 0)
    assert parse_head(found.as_text(), "x") == found


@pytest.mark.parametrize("as_json", [True, False])
def test_a_printed_head_is_read_back(recorded: History, as_json: bool) -> None:
    ran = rollbook(recorded.directory, "audit", "head", *(["--json"] if as_json else []))
    assert parse_head(ran.out, "x") == head(recorded.repository)


def test_a_head_is_found_among_release_notes(recorded: History) -> None:
    found = head(recorded.repository)
    assert parse_head(f"## What is new\r\n\r\nMuch.\r\n{found.as_text()}\r\nEnd", "x") == found


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '{"tag": 1}', "Trail-Head: x\n", "Trail-Main: HEAD\n", '{"events": NaN}', "[" * 9999],
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InvalidFile):
        parse_head(text, "witness")


def test_a_trail_with_a_gap_has_no_head(recorded: History) -> None:
    git(recorded.directory, "update-ref", "-d", f"refs/tags/{CHAIN[2]}")
    with pytest.raises(Refused, match="not there"):
        head(recorded.repository)


def test_a_trail_that_forks_has_no_head(recorded: History) -> None:
    data = tag_bytes(recorded, CHAIN[4]).decode().replace("fraud@v1.0.0", "fraud@v1.0.1")
    put(recorded, "fraud@v1.0.1", data.encode())
    with pytest.raises(Refused, match="no single head"):
        head(recorded.repository)


def test_a_trail_that_grew_extends_its_witness(recorded: History) -> None:
    witness = head(recorded.repository)
    recorded.commit(registration("credit", "1.1.0"))
    record(recorded.repository)
    assert verified(recorded, witness=witness).result == "verified"


def test_a_trail_rewritten_with_all_its_tags_contradicts_its_witness(recorded: History) -> None:
    witness = head(recorded.repository)
    for name in CHAIN:
        git(recorded.directory, "update-ref", "-d", f"refs/tags/{name}")
    git(recorded.directory, "update-ref", "refs/heads/main", "main~1")
    recorded.commit({**registration("fraud", "1.0.0"), "README.md": "not quite the same"})
    record(recorded.repository)
    assert verified(recorded).result == "verified"
    found = verified(recorded, witness=witness)
    assert codes(found) == [("RB614", CHAIN[4]), ("RB613", CHAIN[4])]


def test_a_head_replaced_by_one_that_says_the_same_contradicts_its_witness(recorded: History) -> None:
    witness = head(recorded.repository)
    replaced(recorded, CHAIN[4], "tagger Jane Doe", "tagger Eve")
    assert verified(recorded).result == "verified"
    assert codes(verified(recorded, witness=witness)) == [("RB614", CHAIN[4])]


def test_a_tag_that_the_witness_saw_and_that_is_gone_is_named(recorded: History) -> None:
    witness = head(recorded.repository)
    git(recorded.directory, "update-ref", "-d", f"refs/tags/{CHAIN[4]}")
    assert ("RB614", CHAIN[4]) in codes(verified(recorded, witness=witness))


def test_a_witness_that_counted_otherwise_is_named(recorded: History) -> None:
    found = head(recorded.repository)
    witness = Head(found.tag, found.object, 4, found.main)
    assert codes(verified(recorded, witness=witness)) == [("RB614", CHAIN[4])]


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_witness_is_read_from_a_path_or_a_file_url(recorded: History, tmp_path: Path, scheme: str) -> None:
    path = tmp_path / "head of 2026.json"
    path.write_text(rollbook(recorded.directory, "audit", "head", "--json").out)
    address = f"{scheme}{str(path).replace(' ', '%20') if scheme else path}"
    ran = rollbook(recorded.directory, "audit", "verify", "--witness", address)
    assert ran.code == 0, ran.err + ran.out
    assert rollbook(recorded.directory, "audit", "head", "--witness", address).code == 0


def test_head_with_a_witness_that_is_contradicted_prints_no_head(recorded: History, tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text(rollbook(recorded.directory, "audit", "head", "--json").out)
    replaced(recorded, CHAIN[4], "tagger Jane Doe", "tagger Eve")
    ran = rollbook(recorded.directory, "audit", "head", "--witness", str(path))
    assert ran.code == 1
    assert "Trail-Head" not in ran.out


def test_a_witness_that_is_not_there_cannot_tell(recorded: History) -> None:
    assert rollbook(recorded.directory, "audit", "verify", "--witness", "/nowhere").code == 3


@pytest.mark.parametrize("address", ["http://example.com/head", "ftp://example.com/head", "data://x"])
def test_a_witness_is_not_read_over_what_anyone_can_change(recorded: History, address: str) -> None:
    ran = rollbook(recorded.directory, "audit", "verify", "--witness", address)
    assert (ran.code, ran.out) == (BadCall.exit_code, "")


def test_a_witness_that_holds_no_head_cannot_tell(recorded: History, tmp_path: Path) -> None:
    path = tmp_path / "witness"
    path.write_text(json.dumps({"tag": "x"}))
    ran = rollbook(recorded.directory, "audit", "verify", "--witness", str(path))
    assert ran.code == CannotTell.exit_code
