"""Names at the root that other file systems take for those that the rules rest on."""

from __future__ import annotations

import pytest

from rollbook.access.roles import is_governed
from rollbook.layout import as_meant, meant
from rollbook.records.policy import parse_policy

from .desk import POLICY, Desk, only, policy_text, registry_files

TWINS = {
    ".DVC": ".dvc",
    ".GitHub": ".github",
    ".github.": ".github",
    ".github ": ".github",
    "GITHUB~1": ".github",
    "GI7eba~1": ".github",
    "dvc~1": ".dvc",
    "DVC~1.YAM": "dvc.yaml",
    "Schemas": "schemas",
    "REGISTRY": "registry",
    "re\u200cgistry": "registry",
    ".dvc::$INDEX_ALLOCATION": ".dvc",
    ".dvc\\config": ".dvc",
    ".GITATTRIBUTES": ".gitattributes",
    "GITMOD~2": ".gitmodules",
}


@pytest.mark.parametrize("name", TWINS)
def test_a_name_is_what_it_means_on_any_file_system(name: str) -> None:
    assert meant(name) == TWINS[name]


@pytest.mark.parametrize("name", ["src", "registry-artifacts", "dvc~backup", "github", "schemas2", "~1"])
def test_other_names_mean_themselves(name: str) -> None:
    assert as_meant(f"{name}/x") == f"{name}/x"


@pytest.mark.parametrize("name", [".DVC", "GITHUB~1", "Schemas", "re\u200cgistry"])
def test_what_stands_in_for_a_governed_path_is_governed(name: str) -> None:
    assert is_governed(f"{name}/config", parse_policy(policy_text().encode(), POLICY))


@pytest.mark.parametrize("name", [".GitHub", "DVC~1", ".GITATTRIBUTES", "registry."])
def test_a_stand_in_is_refused_whoever_brings_it(desk: Desk, name: str) -> None:
    before = registry_files()
    after = before | {f"{name}/config": "x"}
    assert only(desk.check_change(before, after), "RB202").path == name
    assert only(desk.check(after), "RB202").path == name


def test_a_folder_is_no_stand_in_for_one_that_is_not_there(desk: Desk) -> None:
    before = registry_files()
    assert desk.check_change(before, before | {"Schemas/people.xsd": "x"}) == []
