"""What the process of a model answers is taken only in its form."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.running.answers import outputs_of, seconds_of, versions_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
NUMBERS = st.integers(0, 3).flatmap(
    lambda n: st.lists(st.lists(st.floats(), min_size=2, max_size=2), min_size=n, max_size=n)
)


def told(values: Any, shape: list[int], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "y", "dtype": "float64", "shape": shape, "values": values, **more}]


@given(NUMBERS)
def test_outputs_are_what_they_say(values: list[list[float]]):
    (output,) = outputs_of(json.loads(json.dumps(told(values, [len(values), 2]))), 100)
    assert output.shape == (len(values), 2)
    assert len([*output.flat()]) == 2 * len(values)


@given(JSON)
def test_anything_else_is_no_answer(value: Any):
    for read in (lambda: outputs_of([value], 100), lambda: versions_of([value]), lambda: seconds_of([value])):
        with pytest.raises((ValueError, TypeError, KeyError)):
            read()


@pytest.mark.parametrize(
    "outputs",
    [
        told([1.0], [2]),
        told([[1.0], [2.0, 3.0]], [2, 2]),
        told([1.0], [-1]),
        told(1.0, [1]),
        told(["a"], [1]),
        told([[1.0]], [1]),
        told([1.0], [1], name=""),
        told([1.0], [1], dtype="\x1b[2J"),
        told([1.0], [True]),
        told([0] * 101, [101]),
        told([], [10**9, 10**9]),
        told([1.0], [1]) * 2,
    ],
)
def test_an_output_that_contradicts_itself_is_none(outputs: Any):
    with pytest.raises(ValueError, match=r"output|dtype|shape|type"):
        outputs_of(outputs, 100)


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True, "1", None, 1e10])
def test_a_duration_is_a_finite_number(value: Any):
    with pytest.raises(ValueError, match="no duration"):
        seconds_of(value)


def test_versions_are_printable_texts():
    assert versions_of({"python": "3.11.7"}) == {"python": "3.11.7"}
    with pytest.raises(ValueError, match="no versions"):
        versions_of({"python": "\x1b[2J"})
