"""Which model names a pattern means."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.names import is_model_pattern, meets_pattern

NAMES = st.from_regex(r"[ab]{1,4}(?:/[ab]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("risk/*", "risk/fraud", True),
        ("risk/*", "risk", False),
        ("risk/*", "risk-2/fraud", False),
        ("risk/*", "Risk/fraud", False),
        ("*", "churn", True),
        ("*", "risk/fraud", False),
        ("*/*", "risk/fraud", True),
        ("*/*", "churn", False),
        ("credit-*", "credit-", True),
        ("credit-*", "credit-approval", True),
        ("*-v*-x", "a-v1-x", True),
        ("*-v*-x", "a-v-x", True),
        ("*-v*-x", "a-vx", False),
        ("ab*ba", "aba", False),
        ("churn", "churn", True),
        ("churn", "churn-2", False),
    ],
)
def test_a_star_stands_for_characters_within_a_part(pattern: str, name: str, meant: bool) -> None:
    assert meets_pattern(name, pattern) is meant


NONE = ["", "**", "a**b", "a/b/c", "/a", "a/", "a?", "[a]", "a.b", "a\n", "a" * 65]


@pytest.mark.parametrize("pattern", NONE)
def test_what_is_no_pattern(pattern: str) -> None:
    assert not is_model_pattern(pattern)


@given(NAMES)
def test_each_name_means_itself_alone(name: str) -> None:
    assert is_model_pattern(name)
    assert meets_pattern(name, name)
    assert not meets_pattern(f"{name}c", name)


@given(NAMES, NAMES)
def test_the_parts_of_a_name_around_a_star_suffice(name: str, other: str) -> None:
    joined = f"{name}{other.replace('/', '')}"
    assert meets_pattern(joined, f"{name}*")


def test_no_pattern_is_slow() -> None:
    start = time.process_time()
    assert not meets_pattern("a" * 64, "a*" * 31 + "b")
    assert time.process_time() - start < 0.1
