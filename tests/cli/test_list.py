from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, manifest, model, versions
from building.work_tree import new_repository
from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

NAME = "credit-approval"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("list") / "work")


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_the_models_are_listed_tab_separated_when_piped(small: Path):
    assert rows(rollbook(small, "list").out) == [
        ["model", "latest", "staging", "production", "archived"],
        [NAME, "1.11.0", "1.2.0, 1.10.0", "1.1.0", "1.0.0"],
        ["risk/fraud", "0.1.0", "", "", ""],
    ]


def test_the_models_are_listed_as_json(small: Path):
    assert json.loads(rollbook(small, "list", "--json").out) == [
        {
            "model": NAME,
            "latest": "1.11.0",
            "versions": ["1.0.0", "1.1.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0-rc.1"],
            "stages": {"staging": ["1.2.0", "1.10.0"], "production": ["1.1.0"], "archived": ["1.0.0"]},
            "aliases": {"champion": "1.1.0", "best": "1.1.0", "staging": "1.0.0"},
        },
        {
            "model": "risk/fraud",
            "latest": "0.1.0",
            "versions": ["0.1.0"],
            "stages": {"staging": [], "production": [], "archived": []},
            "aliases": {},
        },
    ]


def test_the_versions_of_a_model_are_listed_newest_first(small: Path):
    listed = rows(rollbook(small, "list", NAME).out)
    assert listed[0] == ["version", "stage", "aliases", "created at", "created by", "metrics"]
    assert [row[:3] for row in listed[1:]] == [
        ["2.0.0-rc.1", "development", ""],
        ["1.11.0", "development", ""],
        ["1.10.0", "staging", ""],
        ["1.2.0", "staging", ""],
        ["1.1.0", "production", "best, champion"],
        ["1.0.0", "archived", "staging"],
    ]


def test_the_versions_of_a_model_are_listed_as_json(small: Path):
    (found,) = json.loads(rollbook(small, "list", "risk/fraud", "--json").out)
    assert found == {
        "version": "0.1.0",
        "stage": "development",
        "aliases": [],
        "created_at": "2026-01-01T09:00:00Z",
        "created_by": "jane@example.com",
        "metrics": {},
        "removed": False,
    }


def test_a_registry_without_models_says_what_to_do_next(tmp_path: Path):
    root = new_repository(tmp_path, {"registry/policy.yaml": POLICY})
    ran = rollbook(root, "list")
    assert (ran.code, ran.out) == (0, "")
    assert "rollbook register" in ran.err
    assert rollbook(root, "list", "--json").out == "[]\n"


def test_a_model_without_versions_has_no_latest(tmp_path: Path):
    root = new_repository(tmp_path, {"registry/policy.yaml": POLICY, "registry/m/model.yaml": model("m")})
    assert rows(rollbook(root, "list").out) == [["model", "latest"], ["m", ""]]
    assert json.loads(rollbook(root, "list", "--json").out)[0]["latest"] is None
    assert json.loads(rollbook(root, "list", "m", "--json").out) == []


def test_an_unknown_model_is_not_found(small: Path):
    ran = rollbook(small, "list", "credit")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no model 'credit'" in ran.err


def test_a_past_revision_is_listed(tmp_path: Path):
    root = new_repository(tmp_path, {"registry/policy.yaml": POLICY, **versions("m", "1.0.0")})
    git(root, "rm", "--quiet", "-r", "registry/m")
    git(root, "commit", "--quiet", "-m", "x")
    assert rows(rollbook(root, "list", "--rev", "HEAD~1").out)[1:] == [["m", "1.0.0"]]
    assert rollbook(root, "list").out == ""


def test_metrics_that_are_no_numbers_are_null_in_json(tmp_path: Path):
    text = manifest("m", "1.0.0", "metrics: {auc: .nan, loss: -.inf, f1: 0.5}\n")
    files = {"registry/policy.yaml": POLICY, "registry/m/versions/1.0.0/version.yaml": text}
    ran = rollbook(new_repository(tmp_path, files), "list", "m", "--json")
    assert json.loads(ran.out)[0]["metrics"] == {"auc": None, "loss": None, "f1": 0.5}


def test_a_stages_name_is_shown_harmless(tmp_path: Path):
    policy = 'rollbook: 1\nstages: [{name: new}, {name: "a\\n::error::\\u200b[/]"}]\n'
    stages = '"a\\n::error::\\u200b[/]": {version: 1.0.0}\n'
    files = {"registry/policy.yaml": policy, **versions("m", "1.0.0"), "registry/m/stages.yaml": stages}
    ran = rollbook(new_repository(tmp_path, files), "list")
    assert rows(ran.out) == [["model", "latest", "a\\n::error::\\u200b[/]"], ["m", "1.0.0", "1.0.0"]]
