"""The vocabulary of types, and signatures, held against MLflow, TensorFlow, PyTorch and safetensors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollbook.records.dtypes import DTYPES, dtype_of, name_in, numpy_name, word_for
from rollbook.records.mlflow_schema import as_mlflow, of_mlflow
from rollbook.records.signature import Column

WORDS = [dtype.name for dtype in DTYPES]


def test_tensorflow_numbers_types_as_the_table_does() -> None:
    tf: Any = pytest.importorskip("tensorflow")
    for word in WORDS:
        code = name_in("tensorflow", word)
        if code is not None:
            assert word_for(tf.dtypes.DType(code).name) == word


def test_pytorch_writes_the_words_of_the_vocabulary() -> None:
    torch: Any = pytest.importorskip("torch")
    for name in ("float", "double", "half", "int", "long", "short", "bfloat16", "bool", "uint8", "cfloat"):
        word = word_for(f"torch.{name}")
        assert word_for(str(getattr(torch, name))) == word
        assert word in WORDS


def test_safetensors_calls_types_as_the_table_does() -> None:
    types = pytest.importorskip("safetensors.torch")._TYPES
    for word in WORDS:
        name = name_in("safetensors", word)
        if name in types:
            assert word_for(str(types[name])) == word
    assert {name for name in types if dtype_of("safetensors", name) is None} <= {"F8_E4M3FNUZ", "F8_E5M2FNUZ"}


def test_mlflow_has_the_types_of_columns_that_the_table_has() -> None:
    types: Any = pytest.importorskip("mlflow.types")
    assert {kind.name for kind in types.DataType} == {dtype.mlflow for dtype in DTYPES if dtype.mlflow}
    for kind in types.DataType:
        word = dtype_of("mlflow", kind.name)
        assert word is not None
        if kind.name not in ("string", "binary", "datetime"):
            assert kind.to_numpy().name == word


def test_mlflow_reads_what_is_written_for_it_and_writes_the_same() -> None:
    models: Any = pytest.importorskip("mlflow.models")
    table = tuple(Column(word, word, (-1,)) for word in WORDS if name_in("mlflow", word))
    tensors = tuple(Column(word, word, (-1, 3)) for word in WORDS if numpy_name(word))
    signature = models.ModelSignature.from_dict(as_mlflow(table, tensors))
    assert signature.inputs.input_names() == [column.name for column in table]
    written = signature.to_dict()
    assert of_mlflow(written) == {"inputs": table, "outputs": tensors}
    assert json.loads(written["inputs"])[0] == {"type": "boolean", "name": "bool", "required": True}


def test_what_mlflow_infers_from_a_frame_is_what_a_sample_tells() -> None:
    models: Any = pytest.importorskip("mlflow.models")
    pandas: Any = pytest.importorskip("pandas")
    days = pandas.to_datetime(["2026-11-20", "2026-11-21"])
    frame = pandas.DataFrame({"a": [1, 2], "b": [1.5, 2.5], "c": ["x", "y"], "d": [True, False], "e": days})
    inferred = of_mlflow(models.infer_signature(frame, frame[["b"]].to_numpy()).to_dict())
    assert [(column.name, column.dtype) for column in inferred["inputs"]] == [
        ("a", "int64"), ("b", "float64"), ("c", "string"), ("d", "bool"), ("e", "datetime")
    ]  # fmt: skip
    assert inferred["outputs"] == (Column("output", "float64", (-1, 1)),)
