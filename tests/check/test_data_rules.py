"""What a new version says of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .desk import Desk, codes, only, registry_files, version_files

if TYPE_CHECKING:
    from .desk import File

TWICE = 'training: {dataset_version: "2"}\nlineage: {data: [{name: loans, version: "1"}]}\n'


def _added(extra: str) -> dict[str, File]:
    return registry_files() | version_files("1.1.0", extra=extra)


def test_a_new_version_whose_data_is_told_in_two_ways_is_found(desk: Desk) -> None:
    found = only(desk.check_change(registry_files(), _added(TWICE)), "RB228")
    assert (found.path, found.key) == (
        "registry/credit/versions/1.1.0/version.yaml",
        "training.dataset_version",
    )
    assert found.line
    assert "loans@1" in found.message
    assert found.hint


def test_a_data_set_that_lineage_does_not_list_is_found_at_its_name(desk: Desk) -> None:
    extra = "training: {dataset: people}\nlineage: {data: [{name: loans}]}\n"
    assert only(desk.check_change(registry_files(), _added(extra)), "RB228").key == "training.dataset"


@pytest.mark.parametrize(
    "extra",
    [
        'training: {dataset_version: "2"}\n',
        'training: {dataset: loans, dataset_version: "2"}\nlineage: {data: [{name: loans}, {name: b}]}\n',
        'training: {dataset_version: "2"}\nlineage: {data: [{name: loans, version: "2"}]}\n',
    ],
)
def test_a_new_version_whose_data_is_told_once_or_alike_is_fine(desk: Desk, extra: str) -> None:
    assert desk.check_change(registry_files(), _added(extra)) == []


def test_a_version_that_was_registered_before_is_not_asked(desk: Desk) -> None:
    before = _added(TWICE)
    assert desk.check_change(before, before | version_files("1.2.0")) == []
    assert desk.check(before) == []


def test_data_that_the_schema_does_not_allow_is_left_to_the_schema(desk: Desk) -> None:
    extra = "training: {dataset_version: 2}\nlineage: {data: [1]}\n"
    assert set(codes(desk.check_change(registry_files(), _added(extra)))) == {"RB102"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("{name: a, from: [a]}", "a from a"),
        ("{name: a, from: [b]}, {name: b, from: [a]}", "a from b from a"),
        (", ".join(f"{{name: n{n}, from: [n{n + 1}]}}" for n in range(60)), "60 steps"),
    ],
)
def test_data_that_leads_back_to_no_beginning_is_found_wherever_it_stands(
    desk: Desk, data: str, told: str
) -> None:
    files = _added(f"lineage: {{data: [{data}]}}\n")
    for found in (
        only(desk.check_change(registry_files(), files), "RB229"),
        only(desk.check(files), "RB229"),
    ):
        assert (found.key, told in found.message) == ("lineage.data", True)


@pytest.mark.parametrize("source", ['"@1"', '""', '"a\\nb"', "1", "[raw]"])
def test_a_source_that_is_no_name_of_data_is_refused_by_the_schema(desk: Desk, source: str) -> None:
    files = _added(f"lineage: {{data: [{{name: a, from: [{source}]}}]}}\n")
    assert "RB102" in codes(desk.check_change(registry_files(), files))


def test_a_chain_and_several_commits_of_code_are_fine(desk: Desk) -> None:
    commit = "1f7a7a472abf3dd9643fd615f6da379c4acb3e3a"
    extra = (
        f"lineage: {{code: [{{commit: {commit}}}, {{commit: {commit}, role: features}}], data: ["
        f"{{name: a, from: [raw@1], step: clean.py, code: {{commit: {commit}}}}}]}}\n"
    )
    assert desk.check_change(registry_files(), _added(extra)) == []
