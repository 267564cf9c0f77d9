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
