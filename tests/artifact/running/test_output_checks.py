"""What is wrong with outputs: by themselves, by the signature, by ranges, by what was expected."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.running.answers import Output
from rollbook.artifact.running.output_checks import Expectations, faults, shape_of
from rollbook.errors import BadCall
from rollbook.records.signature import Column


def output(name: str, values: Any, dtype: str = "float32") -> Output:
    return Output(name, dtype, shape_of(values), values)


LABELS = output("label", [0, 1], "int64")
SCORES = output("score", [[0.9, 0.1], [0.2, 0.8]])


def wrong(*outputs: Output, form: str = "onnx", **wanted: Any) -> list[str]:
    return faults(outputs, form, Expectations(**wanted))


def declared(*columns: Column) -> dict[str, Column]:
    return {column.name: column for column in columns}


def test_finite_numbers_alone_are_right_where_nothing_is_told():
    assert wrong(LABELS, SCORES, output("word", ["a"], "string")) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_finite_number_is_wrong(value: float):
    assert wrong(output("y", [1.0, value])) == ["y: 1 of 2 values are no finite numbers"]


def test_an_output_without_values_is_wrong():
    assert wrong(output("y", [])) == ["y is empty: [0]"]


def test_the_signature_says_name_dtype_and_shape():
    fits = declared(Column("label", "int64", (-1,)), Column("score", "float32", (-1, 2)))
    assert wrong(LABELS, SCORES, outputs=fits) == []
    assert wrong(LABELS, SCORES, outputs=declared(Column("score", "float64", None))) == [
        "score is float32; the signature says float64"
    ]
    assert wrong(LABELS, SCORES, outputs=declared(Column("score", "float32", (-1, 3)))) == [
        "score has the shape [2, 2]; the signature says [-1, 3]"
    ]
    assert wrong(LABELS, outputs=declared(Column("risk", "float32", None))) == [
        "the signature's output risk is missing; there is label (int64 [2])"
    ]
    assert wrong(LABELS, outputs=declared(Column("risk", "float32", None, required=False))) == []


@pytest.mark.parametrize("word", ["long", "INT64", "int64", "I64"])
def test_a_dtype_may_have_the_word_of_another_framework(word: str):
    assert wrong(LABELS, outputs=declared(Column("label", word.lower(), None))) == []


def test_of_a_dtype_that_is_not_known_nothing_is_said():
    assert wrong(LABELS, outputs=declared(Column("label", "category", None))) == []


def test_where_the_format_names_no_outputs_one_has_to_fit():
    outputs = (output("prediction", [0, 1], "int64"), output("probabilities", [[0.9, 0.1], [0.2, 0.8]]))
    fits = declared(Column("approved", "int64", (-1,)), Column("p", "float32", (-1, 2)))
    assert wrong(*outputs, form="joblib", outputs=fits) == []
    found = wrong(*outputs, form="joblib", outputs=declared(Column("p", "float64", (-1,))))
    assert found == [
        "no output is the signature's p (float64 [-1]); there is prediction (int64 [2]), "
        "probabilities (float32 [2, 2])"
    ]


def test_one_output_does_not_stand_for_two_of_the_signature():
    outputs = declared(Column("a", "int64", (-1,)), Column("b", "int64", (-1,)))
    assert len(wrong(output("prediction", [0], "int64"), form="joblib", outputs=outputs)) == 1


def test_probabilities_are_from_0_to_1():
    assert wrong(output("probabilities", [[1.5, -0.5]])) == [
        "probabilities: 2 of 2 values are not in the range 0 to 1, e.g. 1.5"
    ]


def test_a_range_may_be_open_at_an_end():
    assert wrong(SCORES, ranges={"score": (0, 1)}) == []
    assert wrong(SCORES, ranges={"score": (0.5, None)}) == [
        "score: 2 of 4 values are not in the range 0.5 to, e.g. 0.1"
    ]
    assert wrong(SCORES, ranges={"score": (None, 0.85)}) == [
        "score: 1 of 4 values are not in the range to 0.85, e.g. 0.9"
    ]


def test_a_text_is_in_no_range():
    assert len(wrong(output("word", ["a"], "string"), ranges={"word": (0, 1)})) == 1


def test_a_name_that_no_output_has_is_a_bad_call():
    with pytest.raises(BadCall, match="no output 'scores'") as bad:
        wrong(SCORES, ranges={"scores": (0, 1)})
    assert "score" in bad.value.hint


def test_expected_values_are_near_for_fractions_and_the_same_for_the_rest():
    assert wrong(SCORES, expected={"score": [[0.9000001, 0.1], [0.2, 0.8]]}) == []
    assert wrong(LABELS, expected={"label": [0, 1]}) == []
    assert wrong(LABELS, expected={"label": [0, 2]}) == [
        "label: 1 of 2 values are not as expected; at [1] it is 1, and 2 was expected"
    ]
    words = output("word", ["yes", "no"], "string")
    assert wrong(words, expected={"word": ["yes", "no"]}) == []
    assert len(wrong(words, expected={"word": ["yes", "yes"]})) == 1
    assert len(wrong(LABELS, expected={"label": [False, True]})) == 1


def test_the_first_difference_is_told_with_its_place():
    assert wrong(SCORES, expected={"score": [[0.9, 0.1], [0.3, 0.7]]}) == [
        "score: 2 of 4 values are not as expected; at [1][0] it is 0.2, and 0.3 was expected"
    ]


def test_another_shape_is_not_as_expected():
    assert wrong(SCORES, expected={"score": [0.9, 0.1]}) == ["score has the shape [2, 2]; [2] was expected"]
    assert wrong(output("y", [[1.0], [2.0]]), expected={"y": [1.0, 2.0]}) == []


def test_no_number_is_near_one_that_is_none():
    assert len(wrong(output("y", [math.nan]), expected={"y": [1.0]})) == 2
    assert len(wrong(output("y", [1.0]), expected={"y": [None]})) == 1


@given(
    actual=st.floats(allow_nan=False, allow_infinity=False, width=32),
    expected=st.floats(allow_nan=False, allow_infinity=False, width=32),
    relative=st.floats(0, 1),
    absolute=st.floats(0, 10),
)
def test_near_is_what_numpy_calls_close(actual: float, expected: float, relative: float, absolute: float):
    import numpy

    found = wrong(output("y", [actual]), expected={"y": [expected]}, relative=relative, absolute=absolute)
    assert (found == []) == bool(numpy.isclose(actual, expected, rtol=relative, atol=absolute))


def test_many_faults_are_told_as_a_number():
    outputs = [output(f"y{number}", [math.nan]) for number in range(30)]
    assert faults(outputs, "onnx", Expectations())[-1] == "and 10 more"
