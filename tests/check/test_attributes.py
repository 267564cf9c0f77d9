"""Attributes of git's that anybody may set at the root leave the registry's files alone."""

from __future__ import annotations

import pytest

from .desk import Desk, codes, only, registry_files

OWN = {"registry/.gitattributes": "* -text\n"}
HARMFUL = [
    "registry/** working-tree-encoding=UTF-16",
    "registry/** -working-tree-encoding",
    "registry/** ident",
    "* filter=lfs",
    "registry/credit/** export-subst",
    "registry/** export-ignore",
    "*.yaml merge=union",
    "[attr]innocent filter=x\nregistry/** innocent",
]


@pytest.mark.parametrize("text", HARMFUL)
def test_a_change_gives_the_registry_no_attribute_that_changes_what_clones_get(desk: Desk, text: str) -> None:
    before = registry_files("1.0.0") | OWN
    found = only(desk.check_change(before, before | {".gitattributes": f"{text}\n"}), "RB109")
    assert found.path == ".gitattributes"
    assert only(desk.check(before | {".gitattributes": f"{text}\n"}), "RB109")


def test_line_endings_are_kept_by_the_registrys_own_attributes(desk: Desk) -> None:
    before = registry_files("1.0.0") | OWN
    assert desk.check_change(before, before | {".gitattributes": "* text eol=crlf\n"}) == []


def test_line_endings_that_nothing_keeps_are_found(desk: Desk) -> None:
    before = registry_files("1.0.0")
    only(desk.check_change(before, before | {".gitattributes": "* text eol=crlf\n"}), "RB109")


def test_an_attribute_that_the_registry_takes_back_is_fine(desk: Desk) -> None:
    before = registry_files("1.0.0") | {"registry/.gitattributes": "* -text !filter\n"}
    assert desk.check_change(before, before | {".gitattributes": "* filter=lfs\n"}) == []


def test_attributes_of_other_paths_are_nobodys_business(desk: Desk) -> None:
    before = registry_files("1.0.0") | OWN
    after = before | {".gitattributes": "*.bin filter=lfs merge=lfs\n*.ipynb ident\n"}
    assert desk.check_change(before, after) == []


def test_a_pattern_that_waits_for_a_version_is_found_when_it_comes(desk: Desk) -> None:
    before = registry_files("1.0.0") | OWN | {".gitattributes": "registry/*/versions/1.1.0/* filter=x\n"}
    after = registry_files("1.0.0", "1.1.0") | OWN | {".gitattributes": before[".gitattributes"]}
    assert "RB109" in codes(desk.check_change(before, after))
