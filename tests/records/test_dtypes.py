"""The vocabulary of data types, held against the libraries whose names it maps."""

from __future__ import annotations

import numpy
import onnx
import pandas
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.records.dtypes import (
    DTYPES,
    Naming,
    arrow_word,
    dtype_of,
    kind_of,
    name_in,
    numpy_name,
    word_for,
)

WORDS = [dtype.name for dtype in DTYPES]
NAMINGS: list[Naming] = ["onnx", "safetensors", "mlflow", "open_inference", "tensorflow"]
NUMBERS = [word for word in WORDS if numpy_name(word) == word]


@given(st.sampled_from(WORDS), st.sampled_from(NAMINGS))
def test_what_a_word_is_called_elsewhere_leads_back_to_it(word: str, naming: Naming) -> None:
    name = name_in(naming, word)
    assert name is None or dtype_of(naming, name) == word


@pytest.mark.parametrize("naming", NAMINGS)
def test_no_two_words_are_called_the_same_elsewhere(naming: Naming) -> None:
    names = [name for word in WORDS if (name := name_in(naming, word)) is not None]
    assert len(set(names)) == len(names) > 5


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("name", ["", 0, "nothing", 999])
def test_what_nobody_calls_so_is_no_word(naming: Naming, name: str | int) -> None:
    assert dtype_of(naming, name) is None
    assert name_in(naming, "nothing") is None


@pytest.mark.parametrize("word", NUMBERS)
def test_onnx_and_numpy_mean_the_same_number_type(word: str) -> None:
    code = name_in("onnx", word)
    assert isinstance(code, int)
    assert onnx.helper.tensor_dtype_to_np_dtype(code) == numpy.dtype(word)


@pytest.mark.parametrize("word", [word for word in WORDS if name_in("onnx", word)])
def test_onnx_calls_every_type_so_that_has_a_number(word: str) -> None:
    name = onnx.TensorProto.DataType.Name(int(name_in("onnx", word) or 0))
    assert word_for(f"tensor({name.lower()})") == word


@pytest.mark.parametrize("word", [word for word in WORDS if numpy_name(word)])
def test_numpy_knows_its_name_of_a_word(word: str) -> None:
    dtype = numpy.dtype(numpy_name(word))
    assert word_for(dtype.name) == word
    kinds = {"b": "bool", "i": "integer", "u": "integer", "f": "float", "c": "complex"}
    kinds |= {"U": "string", "S": "binary", "M": "datetime"}
    assert kind_of(word) == kinds[dtype.kind]


@pytest.mark.parametrize("word", NUMBERS)
def test_numpys_short_form_is_read_where_it_names_the_order_of_bytes(word: str) -> None:
    assert word_for(numpy.dtype(word).str) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("float", "float64"), ("double", "float64"), ("int", "int64"), ("long", "int64"), ("str", "string"),
        ("object", "string"), ("f32", "float32"), ("half", "float16"), ("boolean", "bool"),
        ("Int64", "int64"), (" Float32 ", "float32"), ("torch.float", "float32"), ("torch.int", "int32"),
        ("torch.long", "int64"), ("torch.bfloat16", "bfloat16"), ("tf.string", "string"),
        ("np.float64", "float64"), ("tensor(float)", "float32"), ("tensor(double)", "float64"),
        ("FP32", "float32"), ("bf16", "bfloat16"), ("datetime64[ns, UTC]", "datetime"),
        ("timestamp[us]", "datetime"), ("string[pyarrow]", "string"), ("<U12", "string"), ("|S4", "binary"),
        ("str160", "string"), ("bytes32", "binary"),
    ],
)  # fmt: skip
def test_what_people_and_libraries_write_is_put_in_a_word(text: str, word: str) -> None:
    assert word_for(text) == word


@pytest.mark.parametrize(
    "text", ["i8", "f8", "category", "sequence(map(int64,float32))", "array(string)", "<f1"]
)
def test_what_has_no_word_or_may_mean_two_stays_as_it_is(text: str) -> None:
    assert word_for(text) == text
    assert kind_of(text) == ""


@given(st.sampled_from(WORDS))
def test_a_word_stands_for_itself_and_has_a_kind(word: str) -> None:
    assert word_for(word) == word
    assert kind_of(word)


@given(st.text(max_size=70))
def test_no_text_is_put_in_a_word_that_is_put_in_another(text: str) -> None:
    assert word_for(word_for(text)) == word_for(text)


@pytest.mark.parametrize(
    "arrow",
    [
        pyarrow.bool_(), pyarrow.int8(), pyarrow.uint16(), pyarrow.int64(), pyarrow.float16(),
        pyarrow.float32(), pyarrow.float64(),
    ],
)  # fmt: skip
def test_arrows_types_are_those_that_pandas_makes_of_them(arrow: pyarrow.DataType) -> None:
    assert arrow_word(str(arrow)) == str(numpy.dtype(arrow.to_pandas_dtype()))


@pytest.mark.parametrize(
    ("values", "word"),
    [([1], "int64"), ([1.5], "float64"), ([True], "bool"), (["a"], "string"),
     ([pandas.Timestamp("2026-01-01")], "datetime")],
)  # fmt: skip
def test_the_types_of_a_frame_of_pandas_have_words(values: list[object], word: str) -> None:
    frame = pandas.DataFrame({"a": values})
    assert word_for(str(frame["a"].dtype)) == word
    assert word_for(str(frame["a"].convert_dtypes().dtype)) in (word, "int64")
