"""`rollbook init`: what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "models")
    return tmp_path / "models"


def test_each_file_written_is_a_line_on_stdout(root: Path) -> None:
    ran = rollbook(root, "init")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[-1].startswith("artifacts go to ../../models-artifacts")
    written = [line.removeprefix("wrote ") for line in lines[:-1]]
    assert "registry/policy.yaml" in written
    assert all((root / path).exists() for path in written)


def test_what_to_do_next_is_said_on_stderr(root: Path) -> None:
    assert "rollbook register MODEL ARTIFACT" in rollbook(root, "init").err


def test_the_second_time_it_says_that_nothing_was_changed(root: Path) -> None:
    rollbook(root, "init")
    ran = rollbook(root, "init")
    assert (ran.code, ran.out) == (0, "")
    assert "nothing was changed" in ran.err


def test_json_lists_what_was_written_and_kept(root: Path) -> None:
    first = json.loads(rollbook(root, "init", "--json", "--remote", "s3://bucket/models").out)
    assert (first["kept"], first["remote"]) == ([], "s3://bucket/models")
    second = json.loads(rollbook(root, "init", "--json").out)
    assert (second["written"], second["kept"], second["remote"]) == ([], first["written"], None)


def test_a_place_that_is_no_repository_is_a_wrong_call(tmp_path: Path) -> None:
    ran = rollbook(tmp_path, "init")
    assert ran.code == 2
    assert "git init" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_must_be_is_named(root: Path) -> None:
    (root / "registry").write_text("a file")
    ran = rollbook(root, "init")
    assert ran.code in (1, 2)
    assert "registry" in ran.err
    assert "Traceback" not in ran.err
