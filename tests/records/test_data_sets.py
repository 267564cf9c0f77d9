"""What `training` and `lineage.data` say of one data set is one fact."""

from __future__ import annotations

import pytest

from rollbook.records.data_sets import DataSet, one_fact


def _sets(*names: str) -> list[DataSet]:
    return [DataSet(*name.split("@", 1)) for name in names]


@pytest.mark.parametrize(
    ("listed", "training", "expected"),
    [
        ([], ("", ""), []),
        (["loans@1", "people"], ("", ""), ["loans@1", "people"]),
        ([], ("loans", "1"), ["loans@1"]),
        ([], ("loans", ""), ["loans"]),
        ([], ("", "1"), ["@1"]),
        (["loans"], ("", "1"), ["loans@1"]),
        (["loans"], ("loans", "1"), ["loans@1"]),
        (["loans@1"], ("", "1"), ["loans@1"]),
        (["loans@1"], ("loans", ""), ["loans@1"]),
        (["people@2", "loans"], ("loans", "1"), ["people@2", "loans@1"]),
        (["people@2", "loans"], ("", "1"), ["people@2", "loans@1"]),
        (["people@2", "loans@1"], ("", "1"), ["people@2", "loans@1"]),
    ],
)
def test_what_training_says_is_said_of_the_data_set_that_it_means(
    listed: list[str], training: tuple[str, str], expected: list[str]
) -> None:
    found, contradiction = one_fact(_sets(*listed), *training)
    assert (list(map(str, found)), contradiction) == (expected, "")


@pytest.mark.parametrize(
    ("listed", "training", "told"),
    [
        (["loans@1"], ("", "2"), "loans@1"),
        (["loans@1"], ("loans", "2"), "loans@1"),
        (["loans@1"], ("people", ""), "'people'"),
        (["loans@1", "people@1"], ("", "2"), "loans@1, people@1"),
        (["loans", "people"], ("", "2"), "can't be told which"),
        ([f"{'x' * 200}@{n}" for n in range(90)], ("", "2000"), "..."),
    ],
)
def test_a_contradiction_is_told_and_nothing_of_either_is_lost(
    listed: list[str], training: tuple[str, str], told: str
) -> None:
    found, contradiction = one_fact(_sets(*listed), *training)
    assert told in contradiction
    assert len(contradiction) < 400
    assert found == (*_sets(*listed), DataSet(*training))
