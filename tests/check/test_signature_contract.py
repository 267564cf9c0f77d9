"""What in a signature breaks those who call an older version, and what doesn't."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.check.signature_contract import breaks, is_told, lower_releases
from rollbook.records.signature import Illegible

AGE = {"name": "age", "dtype": "int32", "shape": [-1]}
INCOME = {"name": "income", "dtype": "float32", "shape": [-1]}
SCORE = {"name": "score", "dtype": "float32", "shape": [-1, 2]}
OLD = {"inputs": [AGE, INCOME], "outputs": [SCORE]}


def _new(inputs: list[dict[str, Any]] | None = None, outputs: list[Any] | None = None) -> dict[str, Any]:
    return {
        "inputs": OLD["inputs"] if inputs is None else inputs,
        "outputs": [SCORE] if outputs is None else outputs,
    }


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (_new([AGE]), ["input `income` is gone"]),
        (_new([AGE, {**INCOME, "name": "salary"}]), [
            "input `income` is gone, perhaps renamed to `salary`", "input `salary` is new and required",
        ]),
        (_new([AGE, INCOME, {"name": "debt", "dtype": "int64"}]), ["input `debt` is new and required"]),
        (_new([{**AGE, "dtype": "int16"}, INCOME]), ["input `age` is narrowed to int16, and was int32"]),
        (_new([{**AGE, "dtype": "string"}, INCOME]), ["input `age` is string, and was int32"]),
        (_new([{**AGE, "dtype": "uint64"}, INCOME]), ["input `age` is uint64, and was int32"]),
        (_new([{**AGE, "dtype": "float32"}, INCOME]), ["input `age` is float32, and was int32"]),
        (_new([{**AGE, "shape": [8]}, INCOME]), ["input `age` has the shape [8], and had [-1]"]),
        (_new([{**AGE, "shape": [-1, 1]}, INCOME]), ["input `age` has the shape [-1, 1], and had [-1]"]),
        (
            _new([AGE, {**INCOME, "dtype": "bfloat16"}]),
            ["input `income` is narrowed to bfloat16, and was float32"],
        ),
        (_new(outputs=[{**SCORE, "dtype": "double"}]), ["output `score` is float64, and was float32"]),
        (_new(outputs=[]), ["output `score` is gone"]),
        (_new(outputs=[{**SCORE, "dtype": "float64"}]), ["output `score` is float64, and was float32"]),
        (
            _new(outputs=[{**SCORE, "shape": [-1, 3]}]),
            ["output `score` has the shape [-1, 3], and had [-1, 2]"],
        ),
        (
            _new(outputs=[{"name": "score", "dtype": "float32"}]),
            ["output `score` has the shape any, and had [-1, 2]"],
        ),
        ({"outputs": [SCORE]}, ["input `age` is gone", "input `income` is gone"]),
    ],
)  # fmt: skip
def test_a_break_names_the_column_and_what_became_of_it(new: dict[str, Any], told: list[str]) -> None:
    assert breaks(OLD, new) == told


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        _new([INCOME, AGE]),
        _new([AGE, INCOME, {"name": "debt", "dtype": "int64", "required": False}]),
        _new([{**AGE, "required": False}, INCOME]),
        _new([{**AGE, "dtype": "int64"}, {**INCOME, "dtype": "float64"}]),
        _new([{**AGE, "dtype": "Float64"}, INCOME]),
        _new([{**AGE, "dtype": "double"}, {**INCOME, "dtype": "tensor(float)"}]),
        _new([{**AGE, "dtype": "long"}, {**INCOME, "dtype": "FP32"}]),
        _new(outputs=[{**SCORE, "dtype": "torch.float"}]),
        _new([{"name": "age", "dtype": "int32"}, INCOME]),
        _new(outputs=[SCORE, {"name": "reason", "dtype": "string"}]),
    ],
)
def test_what_takes_all_that_was_taken_and_returns_all_that_was_returned_is_no_break(
    new: dict[str, Any],
) -> None:
    assert breaks(OLD, new) == []


def test_an_input_that_was_left_to_callers_and_is_demanded_is_a_break() -> None:
    before = _new([{**AGE, "required": False}, INCOME])
    assert breaks(before, OLD) == ["input `age` is required, and was not"]


def test_a_fixed_size_may_become_any_and_not_the_other_way() -> None:
    fixed, free = _new([{**AGE, "shape": [8]}, INCOME]), OLD
    assert breaks(fixed, free) == []
    assert breaks(free, fixed)


def test_a_shape_that_begins_to_be_told_binds_inputs_and_promises_outputs() -> None:
    untold = {
        "inputs": [{"name": "age", "dtype": "int32"}],
        "outputs": [{"name": "score", "dtype": "float32"}],
    }
    assert breaks(untold, {**untold, "outputs": [SCORE]}) == []
    assert breaks(untold, {**untold, "inputs": [AGE]}) == ["input `age` has the shape [-1], and had any"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("uint8", "int16"),
        ("int16", "float32"),
        ("uint8", "float16"),
        ("int32", "float64"),
        ("float16", "float64"),
        ("bfloat16", "float32"),
        ("float8_e4m3fn", "bfloat16"),
        ("float8_e5m2", "float16"),
        ("int4", "int8"),
        ("uint4", "float8_e4m3fn"),
    ],
)
def test_a_type_that_holds_every_value_of_another_is_wider(before: str, after: str) -> None:
    def one(dtype: str) -> dict[str, Any]:
        return {"inputs": [{"name": "a", "dtype": dtype}]}

    assert breaks(one(before), one(after)) == []
    assert breaks(one(after), one(before)) != []


@pytest.mark.parametrize(("one", "other"), [("float16", "bfloat16"), ("int8", "uint8"), ("bool", "int8")])
def test_of_two_types_neither_may_hold_the_others_values(one: str, other: str) -> None:
    for before, after in ((one, other), (other, one)):
        old, new = ({"inputs": [{"name": "a", "dtype": dtype}]} for dtype in (before, after))
        assert breaks(old, new) == [f"input `a` is {after}, and was {before}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("double", "float64"), ("str", "object"), ("datetime64[ns]", "timestamp[us]"), ("Int64", "long")],
)
def test_words_for_the_same_type_are_the_same(old: str, new: str) -> None:
    for side in ("inputs", "outputs"):
        one, other = ({side: [{"name": "a", "dtype": dtype}]} for dtype in (old, new))
        assert breaks(one, other) == []


@pytest.mark.parametrize("dtype", ["int64", "long", "object", "datetime64[ns]", "float"])
def test_a_type_whose_width_is_not_known_is_the_same_or_another(dtype: str) -> None:
    before, after = ({"inputs": [{"name": "a", "dtype": name}]} for name in (dtype, "float32"))
    assert len(breaks(before, after)) == 1
    assert breaks(before, before) == []


@pytest.mark.parametrize(
    "signature",
    [
        {"inputs": "age"}, {"inputs": [1]}, {"inputs": [{"name": "a"}]},
        {"inputs": [{"name": 1, "dtype": "int32"}]}, {"inputs": [{**AGE, "shape": "x"}]},
        {"inputs": [{**AGE, "shape": [True]}]}, {"inputs": [{**AGE, "required": "no"}]},
        {"outputs": [SCORE, {**SCORE, "dtype": "string"}]},
    ],
)  # fmt: skip
def test_a_signature_that_can_not_be_read_is_not_compared(signature: dict[str, Any]) -> None:
    with pytest.raises(Illegible):
        breaks(OLD, signature)
    with pytest.raises(Illegible):
        breaks(signature, OLD)


def test_what_a_file_holds_does_not_act_on_the_terminal() -> None:
    name = "\x1b[31mred\u202e"
    (told,) = breaks({"inputs": [{"name": name, "dtype": "int8"}]}, {"inputs": []})
    assert "\x1b" not in told
    assert "\u202e" not in told


_COLUMNS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc"), "dtype": st.sampled_from(["int8", "int32", "float64", "string"])},
        optional={"required": st.booleans(), "shape": st.sampled_from([[-1], [2], [-1, 2]])},
    ),
    unique_by=lambda column: column["name"],
)
_SIGNATURES = st.fixed_dictionaries({}, optional={"inputs": _COLUMNS, "outputs": _COLUMNS})


@given(_SIGNATURES)
def test_a_signature_does_not_break_itself(signature: dict[str, Any]) -> None:
    assert breaks(signature, signature) == []


@given(_SIGNATURES, _SIGNATURES, _SIGNATURES)
def test_what_breaks_nobody_twice_breaks_nobody_at_all(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    if not breaks(first, second) and not breaks(second, third):
        assert breaks(first, third) == []


@pytest.mark.parametrize("signature", [None, {}, {"inputs": []}, [], "x"])
def test_an_empty_signature_says_nothing(signature: object) -> None:
    assert not is_told(signature)


def test_pre_releases_are_none_of_the_releases_below() -> None:
    others = ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0", "2.1.0"]
    assert lower_releases("2.0.0", others) == ["1.10.0", "1.9.0", "1.0.0"]
