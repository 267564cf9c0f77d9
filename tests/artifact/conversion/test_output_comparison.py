"""When what a model gives is what it gave before."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.conversion.output_comparison import compare_outputs
from rollbook.artifact.running.answers import Output
from rollbook.errors import Refused

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


def output(name: str, values: list[Any], dtype: str = "float64") -> Output:
    shape = (len(values), len(values[0])) if values and isinstance(values[0], list) else (len(values),)
    return Output(name, dtype, shape, values)


@given(NUMBERS)
def test_what_is_the_same_agrees_at_any_tolerance(values: list[float]):
    comparison = compare_outputs([output("a", values)], [output("a", values)], 0)
    assert comparison.passed
    assert comparison.metrics()["max_absolute_difference"] == 0


@given(NUMBERS, st.floats(0, 1), st.floats(1e-9, 1))
def test_numbers_agree_as_numpy_has_it(values: list[float], distance: float, tolerance: float):
    import numpy

    moved = [value + distance for value in values]
    comparison = compare_outputs([output("a", values)], [output("a", moved)], tolerance)
    close = numpy.isclose(moved, values, rtol=tolerance, atol=tolerance)
    assert comparison.outputs[0].agreeing == close.sum()
    assert comparison.passed == close.all()


def test_no_number_agrees_with_no_number_only():
    before = [output("a", [math.nan, math.inf, 1.0])]
    assert compare_outputs(before, before).passed
    comparison = compare_outputs(before, [output("a", [1.0, -math.inf, math.nan])])
    assert comparison.outputs[0].agreeing == 0
    assert "max_absolute_difference" not in comparison.metrics()


def test_labels_are_equal_or_not():
    comparison = compare_outputs(
        [output("prediction", ["no", "yes"], "string")], [output("label", ["no", "no"], "string")], 1e9
    )
    assert not comparison.passed
    assert str(comparison.outputs[0]) == "prediction and label: 1 of 2 labels are equal"
    assert comparison.metrics()["equal_labels"] == 0.5


def test_a_label_of_another_type_is_the_same():
    assert compare_outputs([output("p", [0.0, 1.0])], [output("l", [0, 1], "int64")]).passed


def test_names_come_before_places():
    one, other = output("one", [1.0]), output("other", [2.0])
    assert compare_outputs([one, other], [other, one]).passed


def test_places_are_taken_up_to_dimensions_of_one():
    assert compare_outputs([output("prediction", [1.0, 2.0])], [output("variable", [[1.0], [2.0]])]).passed


def test_the_probability_of_one_class_is_held_against_the_second_of_two():
    after = [output("label", [0, 1], "int64"), output("probabilities", [[0.9, 0.1], [0.3, 0.7]])]
    comparison = compare_outputs([output("prediction", [0.1, 0.7])], after)
    assert comparison.passed
    assert comparison.outputs[0].after == "probabilities"
    assert comparison.new == ("label",)


def test_an_output_without_a_counterpart_is_refused():
    with pytest.raises(Refused, match=r"no output is the counterpart of a \[2\]; there is b \[3\]"):
        compare_outputs([output("a", [1.0, 2.0])], [output("b", [1.0, 2.0, 3.0])])


def test_a_converter_tells_that_numbers_are_labels():
    after = [output("label", [1, 2], "int64"), output("probabilities", [[0.1, 0.9], [0.2, 0.8]])]
    comparison = compare_outputs([output("prediction", [1.0, 0.0])], after, 1, {"prediction": "label"})
    assert str(comparison.outputs[0]) == "prediction and label: 1 of 2 labels are equal"
    assert comparison.new == ("probabilities",)


def test_what_a_converter_tells_comes_before_names():
    before, after = [output("a", [1.0])], [output("a", [2.0]), output("b", [1.0])]
    assert not compare_outputs(before, after).passed
    assert compare_outputs(before, after, 0, {"a": "b", "another": "a"}).passed


@pytest.mark.parametrize("told", ["missing", "wide"])
def test_a_counterpart_that_is_told_must_be_there_and_fit(told: str):
    after = [output("b", [1.0]), output("wide", [[1.0, 1.0, 1.0]])]
    with pytest.raises(Refused, match=r"no output is the counterpart of a \[1\]"):
        compare_outputs([output("a", [1.0])], after, 0, {"a": told})
