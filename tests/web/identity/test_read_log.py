"""What was given to whom is a line of JSON in a file, before it is given."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import CannotTell, Refused
from rollbook.web.identity.read_log import ReadLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reads.jsonl"


@pytest.fixture
def log(path: Path) -> Iterator[ReadLog]:
    log = ReadLog(path)
    yield log
    log.close()


def test_lines_are_added_and_none_is_lost_that_was_there(path: Path) -> None:
    for name in ("first", "second"):
        log = ReadLog(path)
        log.write({"action": name})
        log.close()
    assert [json.loads(line)["action"] for line in path.read_text().splitlines()] == ["first", "second"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_moved_away_is_followed_by_a_new_one(log: ReadLog, path: Path) -> None:
    log.write({"action": "before"})
    path.rename(path.with_suffix(".1"))
    log.write({"action": "after"})
    assert "before" in path.with_suffix(".1").read_text()
    assert "after" in path.read_text()


@given(st.text())
def test_no_text_breaks_a_line_or_acts_on_a_terminal(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.jsonl"
    path.unlink(missing_ok=True)
    log = ReadLog(path)
    log.write({"model": text})
    log.close()
    (line,) = path.read_bytes().split(b"\n")[:-1]
    assert all(0x20 <= byte < 0x7F for byte in line)
    assert json.loads(line)["model"] == text[:300]


def test_a_line_that_doesnt_get_there_whole_is_an_error(
    log: ReadLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", lambda _, data: len(data) - 1)
    with pytest.raises(CannotTell):
        log.write({"action": "fetch"})


def test_a_log_that_cant_be_opened_is_told_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        ReadLog(tmp_path / "nowhere" / "reads.jsonl")
