"""What was perhaps meant by a name that there is not."""

from __future__ import annotations

import time

import pytest

from rollbook.errors import BadCall, did_you_mean, nearest
from rollbook.names import parse_reference, require_stage_name


def test_a_near_miss_suggests_the_name() -> None:
    assert did_you_mean("credit-aproval", ["churn", "credit-approval"]) == "Did you mean credit-approval?"


def test_case_does_not_count() -> None:
    assert did_you_mean("PRODUCTION", ["staging", "production"]) == "Did you mean production?"


def test_a_stage_in_capitals_is_one_in_small_letters() -> None:
    with pytest.raises(BadCall) as caught:
        parse_reference("churn@Staging")
    assert caught.value.hint.startswith("Did you mean churn@staging? ")
    with pytest.raises(BadCall) as caught:
        require_stage_name("Staging")
    assert caught.value.hint.startswith("Did you mean staging? ")


def test_nothing_is_like_it() -> None:
    assert did_you_mean("zzz", ["churn"]) == ""
    assert nearest("zzz", ["churn"]) == "There is: churn."


def test_a_name_among_very_many_is_found_soon() -> None:
    names = [f"model-{number:06}" for number in range(100_000)] + ["zebra"]
    start = time.process_time()
    assert did_you_mean("zebr", names) == "Did you mean zebra?"
    assert did_you_mean("z" * 1_000_000, names) == ""
    assert time.process_time() - start < 5
