"""A signature in MLflow's form and in that of the Open Inference Protocol: there and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.records.dtypes import DTYPES, name_in, numpy_name
from rollbook.records.mlflow_schema import as_mlflow, of_mlflow
from rollbook.records.open_inference import as_open_inference, of_open_inference
from rollbook.records.signature import Column, Illegible, columns_of

WORDS = [dtype.name for dtype in DTYPES]
NAMES = st.text(min_size=1, max_size=10).filter(str.strip)
SIZES = st.lists(st.just(-1) | st.integers(1, 1 << 40), min_size=1, max_size=4).map(tuple)


TRUE = st.just(value=True)


def halves(words: list[str], shapes: st.SearchStrategy[Any], flags: st.SearchStrategy[bool] = TRUE) -> Any:
    column = st.builds(Column, NAMES, st.sampled_from(words), shapes, flags)
    return st.lists(column, min_size=1, max_size=5, unique_by=lambda each: each.name).map(tuple)


SERVED = [word for word in WORDS if name_in("open_inference", word)]
TABULAR = [word for word in WORDS if name_in("mlflow", word)]
NUMPY = [word for word in WORDS if numpy_name(word)]


@given(halves(SERVED, SIZES), halves(SERVED, SIZES))
def test_the_open_inference_protocol_gives_back_what_it_was_told(inputs: Any, outputs: Any) -> None:
    told = json.loads(json.dumps(as_open_inference(inputs, outputs)))
    assert of_open_inference(told) == {"inputs": inputs, "outputs": outputs}


@given(halves(TABULAR, st.just((-1,)), st.booleans()), halves(TABULAR, st.just((-1,))))
def test_mlflow_gives_back_the_columns_of_a_table(inputs: Any, outputs: Any) -> None:
    assert of_mlflow(as_mlflow(inputs, outputs)) == {"inputs": inputs, "outputs": outputs}


@given(halves(NUMPY, SIZES))
def test_mlflow_gives_back_tensors(inputs: Any) -> None:
    assert of_mlflow(as_mlflow(inputs, ()))["inputs"] == inputs


def test_mlflow_has_columns_where_all_are_and_else_tensors() -> None:
    age, picture = Column("age", "int64", (-1,)), Column("x", "float32", (-1, 3))
    assert json.loads(as_mlflow((age,), ())["inputs"]) == [{"type": "long", "name": "age", "required": True}]
    assert json.loads(as_mlflow((age, picture), ())["inputs"]) == [
        {"type": "tensor", "name": "age", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
        {"type": "tensor", "name": "x", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}},
    ]
    assert as_mlflow((), ()) == {"inputs": None, "outputs": None, "params": None}


def test_mlflows_arrays_and_maps_of_types_are_words_of_words() -> None:
    text = '[{"type":"array","items":{"type":"map","values":{"type":"long"}},"name":"q"}]'
    (column,) = of_mlflow({"inputs": text})["inputs"]
    assert column == Column("q", "array(map(string,int64))", (-1,))
    (written,) = json.loads(as_mlflow((column,), ())["inputs"])
    assert written["items"] == {"type": "map", "values": {"type": "long"}}


def test_what_has_no_name_in_mlflow_is_called_by_its_side_and_place() -> None:
    text = '[{"type": "double"}, {"type": "string"}]'
    assert [column.name for column in of_mlflow({"inputs": text})["inputs"]] == ["input_0", "input_1"]
    tensor = '[{"type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1]}}]'
    assert of_mlflow({"outputs": tensor})["outputs"] == (Column("output", "string", (-1,)),)


@pytest.mark.parametrize("dtype", ["bfloat16", "int4", "sequence(map(int64,float32))", "array(bfloat16)"])
def test_a_type_that_a_form_lacks_is_named_with_its_column(dtype: str) -> None:
    with pytest.raises(Illegible, match=f"MLflow has no type for `p`, which is `{dtype.partition('(')[0]}"):
        as_mlflow((Column("p", dtype, None),), ())
    if dtype != "bfloat16":
        with pytest.raises(Illegible, match="the Open Inference Protocol has no type for `p`"):
            as_open_inference((), (Column("p", dtype, None),))


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": "{"}, {"inputs": "[1]"}, {"inputs": "{}"}, {"inputs": '[{"name": "a"}]'},
        {"inputs": '[{"name": "a", "type": "nothing"}]'}, {"inputs": '[{"name": "a", "type": "tensor"}]'},
        {"inputs": '[{"type": "tensor", "tensor-spec": {"dtype": "str", "shape": ["x"]}}]'},
        {"inputs": "[" * 100_000}, {"inputs": '[{"type": "array", "items": 1}]'},
    ],
)  # fmt: skip
def test_what_mlflow_did_not_write_is_not_read(document: dict[str, Any]) -> None:
    with pytest.raises(Illegible):
        of_mlflow(document)


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": 1}, {"inputs": ["a"]}, {"inputs": [{"name": "a"}]},
        {"inputs": [{"name": "a", "datatype": "FP8", "shape": [1]}]},
        {"inputs": [{"name": "a", "datatype": "FP32", "shape": [1.5]}]},
        {"inputs": [{"name": "a", "datatype": "FP32"}]},
    ],
)  # fmt: skip
def test_what_no_server_says_is_not_read(document: dict[str, Any]) -> None:
    with pytest.raises(Illegible):
        of_open_inference(document)


@given(halves(WORDS, st.none() | SIZES, st.booleans()))
def test_a_manifest_gives_back_its_columns(inputs: tuple[Column, ...]) -> None:
    assert columns_of({"inputs": [column.as_mapping() for column in inputs]}, "inputs") == inputs
