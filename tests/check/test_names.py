"""The naming pattern of the policy."""

from __future__ import annotations

import pytest

from rollbook.check.rules.name_rules import _matches, twins

from .desk import POLICY, Desk, model_files, model_text, only, policy_text, registry_files

NAMING = 'naming: {pattern: "{team}-{task}-{algorithm}"}\n'
FACTS = "team: Retail Risk\ntask: churn\n"


def change(desk: Desk, name: str, facts: str = FACTS, naming: str = NAMING) -> list[str]:
    before = {POLICY: policy_text(naming)}
    after = (
        before | model_files("1.0.0", model=name) | {f"registry/{name}/model.yaml": model_text(name, facts)}
    )
    return [f"{found.code} {found.severity} {found.message}" for found in desk.check_change(before, after)]


@pytest.mark.parametrize(
    "name", ["retail-risk-churn-xgboost", "emea/retail-risk-churn-xgboost", "Retail-Risk-Churn-GBM"]
)
def test_a_new_model_that_follows_the_pattern_is_fine(desk: Desk, name: str) -> None:
    assert change(desk, name) == []


@pytest.mark.parametrize("name", ["churn", "retail-risk-churn", "sales-churn-xgboost"])
def test_a_new_model_that_does_not_follow_the_pattern_is_an_error(desk: Desk, name: str) -> None:
    (found,) = change(desk, name)
    assert found.startswith("RB209 error")
    assert "retail-risk-churn-..." in found


def test_a_field_that_the_pattern_needs_must_be_given(desk: Desk) -> None:
    (found,) = change(desk, "retail-risk-churn-xgboost", facts="team: retail risk\n")
    assert "model.yaml gives no task" in found


def test_a_new_model_is_named_by_the_bases_pattern(desk: Desk) -> None:
    before = {POLICY: policy_text(NAMING)}
    after = {POLICY: policy_text()} | model_files("1.0.0", model="churn")
    only(desk.check_change(before, after), "RB209")


def test_an_old_model_that_does_not_follow_a_new_pattern_is_a_warning(desk: Desk) -> None:
    found = only(
        desk.check_change(registry_files(), registry_files() | {POLICY: policy_text(NAMING)}), "RB209"
    )
    assert found.severity == "warning"


def test_a_pattern_made_to_be_slow_is_not() -> None:
    assert not _matches("a" * 129, "\0".join(["", *"a" * 80, "b"]))


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("ab", "\0b", True),
        ("b", "\0b", False),
        ("axbxc", "a\0b\0c", True),
        ("abc", "a\0b\0c", False),
        ("abxc", "a\0b\0c", False),
        ("abxbxc", "a\0b\0c", True),
        ("aa", "a\0a", False),
        ("aba", "a\0a", True),
        ("xaya", "\0a\0a", True),
        ("same", "same", True),
    ],
)
def test_a_placeholder_stands_for_one_character_or_more(text: str, pattern: str, expected: bool) -> None:
    assert _matches(text, pattern) is expected


def test_a_path_of_a_hundred_thousand_directories_costs_nothing() -> None:
    deep = "registry/" + "a/" * 100_000 + "x"
    assert list(twins([deep, deep.upper()], None)) == []
